//! `audit`, `policy` and `upstream`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::Format;
use super::suite::{ExplainArguments, NewArguments, TestArguments};

#[derive(Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(in crate::cli) struct AuditArguments {
    #[command(subcommand)]
    pub(in crate::cli) verb: Option<AuditVerb>,
    /// How many events to show, the newest first
    #[arg(long, value_name = "N", default_value_t = 50)]
    pub(in crate::cli) limit: usize,
    /// Only events before this time, in milliseconds since 1970
    #[arg(long, value_name = "MS")]
    pub(in crate::cli) before_ts_ms: Option<u64>,
    #[command(flatten)]
    pub(in crate::cli) format: Format,
}

#[derive(Subcommand)]
pub(in crate::cli) enum AuditVerb {
    /// Check that no event was changed, removed or added
    Verify(Format),
}

impl AuditArguments {
    pub(in crate::cli) fn wants_json(&self) -> bool {
        match &self.verb {
            Some(AuditVerb::Verify(format)) => format.json,
            None => self.format.json,
        }
    }
}

#[derive(Subcommand)]
pub(in crate::cli) enum PolicyVerb {
    /// Answer each line of standard input, {"capability" or "provider", "method", "path"}, with one line;
    /// a line may also say "caller", "scope", "credential", "headers" and "body"
    Check {
        /// Print JSON, as it always does
        #[arg(long)]
        json: bool,
        /// A folder of policies to decide by
        #[arg(long, value_name = "DIR")]
        policies: Option<PathBuf>,
        /// A folder of provider files to decide by, in place of the built-in providers
        #[arg(long, value_name = "DIR")]
        providers: Option<PathBuf>,
    },
    /// Show how a request is decided: each rule, what it observes and wants, and what would pass
    Explain(Box<ExplainArguments>),
    /// Run tests of policies: requests, and how each must be decided
    Test(TestArguments),
    /// Write the first tests of a capability, which pass at once
    New(NewArguments),
}

#[derive(Subcommand)]
pub(in crate::cli) enum UpstreamVerb {
    /// Send a host to a local address; test vaults only
    Set(UpstreamSetArguments),
    /// List the hosts that are sent elsewhere
    List(Format),
    /// Send a host where it belongs again
    Remove {
        /// The host, such as api.openai.com
        host: String,
    },
}

#[derive(Args)]
pub(in crate::cli) struct UpstreamSetArguments {
    /// The host, such as api.openai.com
    pub(in crate::cli) host: String,
    /// The local address, such as 127.0.0.1:8443
    #[arg(long, value_name = "ADDRESS")]
    pub(in crate::cli) to: String,
    /// The certificate that signed the local server's, as a PEM file
    #[arg(long, value_name = "PATH")]
    pub(in crate::cli) ca: PathBuf,
}
