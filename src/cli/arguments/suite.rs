//! `policy test`, `policy explain`, `policy new`: policies and tests of them, without a vault.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

/// Where policies and providers are read from.
#[derive(Args, Default)]
pub(in crate::cli) struct SourceArguments {
    /// A folder of policies [default: `policies`, and each *.policy.yaml in `policy-tests` and
    /// under or beside the tests that are named]
    #[arg(long, value_name = "DIR")]
    pub(in crate::cli) policies: Option<PathBuf>,
    /// A folder of provider files to decide by, in place of the built-in providers
    #[arg(long, value_name = "DIR")]
    pub(in crate::cli) providers: Option<PathBuf>,
}

#[derive(Args)]
pub(in crate::cli) struct TestArguments {
    /// Test files (*.test.yaml), and folders of them [default: policy-tests]
    pub(in crate::cli) paths: Vec<PathBuf>,
    #[command(flatten)]
    pub(in crate::cli) sources: SourceArguments,
    /// Run only cases whose `suite: name` matches this regular expression
    #[arg(long, value_name = "RE", conflicts_with_all = ["bless", "require_tests", "coverage"])]
    pub(in crate::cli) filter: Option<String>,
    /// Show every case, and why it was decided so
    #[arg(short, long)]
    pub(in crate::cli) verbose: bool,
    /// Rewrite the golden files, unless a result contradicts what its case expects
    #[arg(long)]
    pub(in crate::cli) bless: bool,
    /// Fail where a capability of a provider has no allowed or no denied case, or a rule no say
    #[arg(long)]
    pub(in crate::cli) require_tests: bool,
    /// Show too which conditions of the policies no case has seen hold, fail or decide
    #[arg(long)]
    pub(in crate::cli) coverage: bool,
    /// Fail where less than so many percent were seen
    #[arg(long, value_name = "PERCENT", default_value_t = 0, requires = "coverage")]
    pub(in crate::cli) min: usize,
    /// How results are printed
    #[arg(long, value_enum, default_value_t = TestFormat::Pretty)]
    pub(in crate::cli) format: TestFormat,
}

#[derive(Args)]
pub(in crate::cli) struct ExplainArguments {
    /// The capability's full name, such as openai/chat-completions
    #[arg(long, value_name = "ID", required_unless_present = "provider")]
    pub(in crate::cli) capability: Option<String>,
    /// In place of a capability: the provider, whose most specific capability answers
    #[arg(long, value_name = "ID", conflicts_with = "capability", requires_all = ["method", "path"])]
    pub(in crate::cli) provider: Option<String>,
    /// The HTTP method; the capability's usual one when left out
    #[arg(long)]
    pub(in crate::cli) method: Option<String>,
    /// Path and query; the capability's own when it has just one
    #[arg(long)]
    pub(in crate::cli) path: Option<String>,
    /// Who asks, such as agent:research-7
    #[arg(long, default_value = "uid:1000")]
    pub(in crate::cli) caller: Option<String>,
    /// `global`, `workspace:w` or `group:w/g`
    #[arg(long, default_value = "global")]
    pub(in crate::cli) scope: Option<String>,
    /// The credential that serves the call; the provider's own when left out
    #[arg(long, value_name = "NAME")]
    pub(in crate::cli) credential: Option<String>,
    /// A header, `Name: value` or `name=value`; may be repeated
    #[arg(long = "header", value_name = "HEADER")]
    pub(in crate::cli) headers: Vec<String>,
    /// The body's text; JSON is announced as such
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    pub(in crate::cli) body: Option<String>,
    /// A file with the body
    #[arg(long, value_name = "PATH", conflicts_with = "body")]
    pub(in crate::cli) body_file_path: Option<PathBuf>,
    /// The time, as RFC 3339
    #[arg(long, value_name = "TIME", default_value = "2026-01-05T12:00:00Z")]
    pub(in crate::cli) now: Option<String>,
    #[command(flatten)]
    pub(in crate::cli) sources: SourceArguments,
    /// Print JSON
    #[arg(long)]
    pub(in crate::cli) json: bool,
}

#[derive(Args)]
pub(in crate::cli) struct NewArguments {
    /// The capability's full name, such as openai/chat-completions
    #[arg(required_unless_present = "all")]
    pub(in crate::cli) capability: Option<String>,
    /// Write one file for each built-in provider, with all of its capabilities
    #[arg(long, conflicts_with_all = ["capability", "providers"])]
    pub(in crate::cli) all: bool,
    /// The folder of tests
    #[arg(long, value_name = "DIR", default_value = "policy-tests")]
    pub(in crate::cli) dir: PathBuf,
    /// A folder of provider files to decide by, in place of the built-in providers
    #[arg(long, value_name = "DIR")]
    pub(in crate::cli) providers: Option<PathBuf>,
}

/// For people, programs, and build services.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum TestFormat {
    Pretty,
    Json,
    Junit,
    Github,
    Tap,
}
