//! `gateway …`.

use clap::{Args, Subcommand};

use super::Format;
use crate::spec::CredentialName;

/// With nothing said, `open`.
#[derive(Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(in crate::cli) struct GatewayArguments {
    #[command(subcommand)]
    pub(in crate::cli) verb: Option<GatewayVerb>,
    #[command(flatten)]
    pub(in crate::cli) open: OpenArguments,
}

#[derive(Subcommand)]
pub(in crate::cli) enum GatewayVerb {
    /// Have the daemon listen on loopback, unless it does, and show where
    Open(OpenArguments),
    /// Show where the daemon listens
    Status(Format),
}

#[derive(Args)]
pub(in crate::cli) struct OpenArguments {
    /// A listener for this credential alone, whose clients need no prefix in their paths
    #[arg(long, value_name = "NAME", value_parser = CredentialName::parse)]
    pub(in crate::cli) credential: Option<CredentialName>,
    #[command(flatten)]
    pub(in crate::cli) format: Format,
}

impl GatewayArguments {
    pub(in crate::cli) fn wants_json(&self) -> bool {
        match &self.verb {
            Some(GatewayVerb::Status(format)) => format.json,
            Some(GatewayVerb::Open(open)) => open.format.json,
            None => self.open.format.json,
        }
    }
}
