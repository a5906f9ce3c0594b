//! `policy lint` and `policy diff`: what authors of policies ask.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::suite::SourceArguments;
use crate::spec::policy::Instant;

#[derive(Args)]
pub(in crate::cli) struct LintArguments {
    /// Policy files, or folders of `*.policy.yaml`
    #[arg(value_name = "PATH", default_value = ".")]
    pub(in crate::cli) paths: Vec<PathBuf>,
    /// Provider files to know, and to look at as well
    #[arg(long, value_name = "DIR")]
    pub(in crate::cli) providers: Option<PathBuf>,
    /// Test files, or folders of `*.test.yaml`: rules that none of them sees at work are named
    #[arg(long, value_name = "PATH")]
    pub(in crate::cli) tests: Vec<PathBuf>,
    /// How findings are printed
    #[arg(long, value_enum, default_value_t = ReportFormat::Pretty)]
    pub(in crate::cli) format: ReportFormat,
    /// The time to judge by, as in RFC 3339; left out: now
    #[arg(long, value_name = "TIME", value_parser = Instant::parse)]
    pub(in crate::cli) now: Option<Instant>,
    /// Exit with 1 where there are warnings, too
    #[arg(long)]
    pub(in crate::cli) deny_warnings: bool,
}

/// Who reads the findings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum ReportFormat {
    /// A person
    Pretty,
    /// A script
    Json,
    /// A scanner's dashboard, in SARIF 2.1.0
    Sarif,
    /// GitHub Actions, as annotations
    Github,
}

#[derive(Args)]
pub(in crate::cli) struct DiffArguments {
    /// The policies that are in force: files, or folders of `*.policy.yaml`
    #[arg(value_name = "OLD")]
    pub(in crate::cli) old: PathBuf,
    /// The policies that would be
    #[arg(value_name = "NEW")]
    pub(in crate::cli) new: PathBuf,
    /// Provider files to know beside the old policies
    #[arg(long, value_name = "DIR")]
    pub(in crate::cli) providers_old: Option<PathBuf>,
    /// Provider files to know beside the new policies
    #[arg(long, value_name = "DIR")]
    pub(in crate::cli) providers_new: Option<PathBuf>,
    /// Exit with 1 where there is such a change
    #[arg(long, value_enum, value_name = "CHANGE")]
    pub(in crate::cli) fail_on: Option<FailOn>,
    /// How changes are printed
    #[arg(long, value_enum, default_value_t = DiffFormat::Pretty)]
    pub(in crate::cli) format: DiffFormat,
    /// The time to judge by, as in RFC 3339; left out: now
    #[arg(long, value_name = "TIME", value_parser = Instant::parse)]
    pub(in crate::cli) now: Option<Instant>,
}

/// Which changes are not to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum FailOn {
    /// One that allows more
    Widen,
    /// Any
    Any,
}

/// Who reads the changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum DiffFormat {
    /// A person
    Pretty,
    /// A script
    Json,
}

#[derive(Args)]
pub(in crate::cli) struct CoverageArguments {
    /// Test files (*.test.yaml), and folders of them [default: policy-tests]
    pub(in crate::cli) paths: Vec<PathBuf>,
    #[command(flatten)]
    pub(in crate::cli) sources: SourceArguments,
    /// Exit with 1 where less than so many percent were seen
    #[arg(long, value_name = "PERCENT", default_value_t = 0)]
    pub(in crate::cli) min: usize,
    /// How it is printed
    #[arg(long, value_enum, default_value_t = CoverageFormat::Text)]
    pub(in crate::cli) format: CoverageFormat,
}

#[derive(Args)]
pub(in crate::cli) struct MutateArguments {
    /// Test files (*.test.yaml), and folders of them [default: policy-tests]
    pub(in crate::cli) paths: Vec<PathBuf>,
    #[command(flatten)]
    pub(in crate::cli) sources: SourceArguments,
    /// Exit with 1 where less than so many percent were noticed
    #[arg(long, value_name = "PERCENT", default_value_t = 0)]
    pub(in crate::cli) min: usize,
    /// Print JSON
    #[arg(long)]
    pub(in crate::cli) json: bool,
}

/// Who reads the coverage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum CoverageFormat {
    /// A person
    Text,
    /// A script
    Json,
    /// A coverage viewer
    Lcov,
}
