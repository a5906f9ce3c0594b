//! `mcp`.

use clap::Args;

use super::PlaceArguments;
use crate::spec::policy::Glob;

#[derive(Args)]
pub(in crate::cli) struct McpArguments {
    /// Capabilities that become tools of their own, such as 'openai/*'; may be repeated
    #[arg(long, value_name = "GLOB", value_parser = Glob::parse)]
    pub(in crate::cli) expose: Vec<Glob>,
    #[command(flatten)]
    pub(in crate::cli) place: PlaceArguments,
}
