//! `policy lint` and `policy diff`: what authors of policies ask.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::spec::policy::Instant;

#[derive(Args)]
pub(in crate::cli) struct LintArguments {
    /// Policy files, or folders of `*.policy.yaml`
    #[arg(value_name = "PATH", default_value = ".")]
    pub(in crate::cli) paths: Vec<PathBuf>,
    /// Provider files to know, and to look at as well
    #[arg(long, value_name = "DIR")]
    pub(in crate::cli) providers: Option<PathBuf>,
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
