//! `capability …`.

use clap::{Args, Subcommand};

use super::{Format, InvokeArguments, MarkdownArguments, PlaceArguments};
use crate::spec::ProviderId;

#[derive(Subcommand)]
pub(in crate::cli) enum CapabilityVerb {
    /// List all capabilities and whether they are ready
    List(ListArguments),
    /// Show what a capability allows, what it needs, and an example
    Describe(DescribeArguments),
    /// The long form of `aivault invoke`
    Invoke(InvokeArguments),
    /// The long form of `aivault json`
    Json(InvokeArguments),
    /// The long form of `aivault markdown`
    #[command(visible_alias = "md")]
    Markdown(MarkdownArguments),
}

#[derive(Args)]
pub(in crate::cli) struct ListArguments {
    /// Only those of one provider
    #[arg(long, value_name = "ID", value_parser = ProviderId::parse)]
    pub(in crate::cli) provider: Option<ProviderId>,
    /// Only those that can be used now
    #[arg(long)]
    pub(in crate::cli) ready: bool,
    #[command(flatten)]
    pub(in crate::cli) place: PlaceArguments,
    #[command(flatten)]
    pub(in crate::cli) format: Format,
}

#[derive(Args)]
pub(in crate::cli) struct DescribeArguments {
    /// Its full name, such as openai/chat-completions
    #[arg(value_name = "CAPABILITY")]
    pub(in crate::cli) id: String,
    #[command(flatten)]
    pub(in crate::cli) place: PlaceArguments,
    #[command(flatten)]
    pub(in crate::cli) format: Format,
}
