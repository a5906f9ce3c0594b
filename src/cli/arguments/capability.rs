//! `capability …`.

use clap::{Args, Subcommand};

use super::{Format, InvokeArguments, MarkdownArguments, PlaceArguments, ScopeArguments};
use crate::spec::{CapabilityId, CredentialName, Method, ProviderId, Risk};

#[derive(Subcommand)]
pub(in crate::cli) enum CapabilityVerb {
    /// List all capabilities and whether they are ready
    List(ListArguments),
    /// Show what a capability allows, what it needs, and an example
    Describe(DescribeArguments),
    /// Turn on what is off by itself, or was turned off
    Enable(SwitchArguments),
    /// Turn a capability off for everybody
    Disable(SwitchArguments),
    /// Add a capability to a provider of your own
    Create(NewCapabilityArguments),
    /// Take a capability from a provider of your own
    Delete {
        /// Its full name, such as acme/orders
        #[arg(value_name = "CAPABILITY", value_parser = CapabilityId::parse)]
        id: CapabilityId,
    },
    /// Say which credential serves calls that name none
    Bind(BindArguments),
    /// Take that back
    Unbind(UnbindArguments),
    /// List which credential serves what
    Bindings(Format),
    /// Bound one capability without writing a policy
    #[command(subcommand, arg_required_else_help = true)]
    Policy(PolicyOfVerb),
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
    /// Only those of a category, such as ai or payments
    #[arg(long)]
    pub(in crate::cli) category: Option<String>,
    /// Only those of a risk; may be repeated
    #[arg(long, value_name = "read|write|spend|admin", value_parser = risk)]
    pub(in crate::cli) risk: Vec<Risk>,
    /// Only those in whose name, category or summary all these words are found
    #[arg(long, value_name = "WORDS")]
    pub(in crate::cli) search: Option<String>,
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

#[derive(Args)]
pub(in crate::cli) struct SwitchArguments {
    /// Its full name, such as slack/admin
    #[arg(value_name = "CAPABILITY")]
    pub(in crate::cli) id: String,
}

#[derive(Args)]
pub(in crate::cli) struct NewCapabilityArguments {
    /// Its full name, such as acme/orders; acme is a provider of your own
    #[arg(value_name = "CAPABILITY", value_parser = CapabilityId::parse)]
    pub(in crate::cli) id: CapabilityId,
    /// A method that it allows; may be repeated
    #[arg(long = "method", required = true, value_parser = method)]
    pub(in crate::cli) methods: Vec<Method>,
    /// A path that it allows, with `*` for a segment and `**` for the rest; may be repeated
    #[arg(long = "path", value_name = "PATTERN", required = true)]
    pub(in crate::cli) paths: Vec<String>,
    /// Which of the provider's hosts, where it has several
    #[arg(long)]
    pub(in crate::cli) host: Option<String>,
    /// What it is for, in a line
    #[arg(long)]
    pub(in crate::cli) summary: Option<String>,
    /// What it can do to its owner; told from the methods when left out
    #[arg(long, value_name = "read|write|spend|admin", value_parser = risk)]
    pub(in crate::cli) risk: Option<Risk>,
}

#[derive(Args)]
pub(in crate::cli) struct BindArguments {
    /// A capability, such as openai/embeddings, or all of a provider, such as 'openai/*'
    #[arg(long)]
    pub(in crate::cli) capability: String,
    /// The credential that serves it
    #[arg(long, value_parser = CredentialName::parse)]
    pub(in crate::cli) credential: CredentialName,
    /// For this caller only, by name or pattern, such as uid:1000 or 'agent:research-*'
    #[arg(long, value_name = "CALLER")]
    pub(in crate::cli) consumer: Option<String>,
    #[command(flatten)]
    pub(in crate::cli) scope: ScopeArguments,
}

#[derive(Args)]
pub(in crate::cli) struct UnbindArguments {
    /// As it was bound
    #[arg(long)]
    pub(in crate::cli) capability: String,
    /// As it was bound
    #[arg(long, value_name = "CALLER")]
    pub(in crate::cli) consumer: Option<String>,
    #[command(flatten)]
    pub(in crate::cli) scope: ScopeArguments,
}

#[derive(Subcommand)]
pub(in crate::cli) enum PolicyOfVerb {
    /// Write the policy of one capability, in place of what was set before
    Set(BoundArguments),
    /// Take it back
    Clear {
        /// The capability's full name
        #[arg(long)]
        capability: String,
    },
}

#[derive(Args)]
#[command(group(clap::ArgGroup::new("bounds").required(true).multiple(true)))]
pub(in crate::cli) struct BoundArguments {
    /// The capability's full name
    #[arg(long)]
    pub(in crate::cli) capability: String,
    /// At most so many requests a minute, of all callers together
    #[arg(long, value_name = "N", group = "bounds")]
    pub(in crate::cli) rate_limit_per_minute: Option<u64>,
    /// Refuse a longer body
    #[arg(long, value_name = "N", group = "bounds")]
    pub(in crate::cli) max_request_body_bytes: Option<u64>,
    /// Withhold a longer answer
    #[arg(long, value_name = "N", group = "bounds")]
    pub(in crate::cli) max_response_body_bytes: Option<u64>,
    /// Take a field out of JSON answers, by its name, or by a JSON Pointer that starts with `/`; may be
    /// repeated
    #[arg(long, value_name = "FIELD", group = "bounds")]
    pub(in crate::cli) response_block: Vec<String>,
}

/// A word that is none of those that can stand there.
#[derive(Debug, thiserror::Error)]
pub(in crate::cli) enum WordError {
    #[error("a risk is read, write, spend or admin")]
    Risk,
    #[error("a method is one of {}", methods())]
    Method,
}

fn methods() -> String {
    Method::ALL.iter().map(|method| method.as_str()).collect::<Vec<_>>().join(", ")
}

fn risk(text: &str) -> Result<Risk, WordError> {
    let all = [Risk::Read, Risk::Write, Risk::Spend, Risk::Admin];
    all.into_iter().find(|risk| risk.as_str() == text).ok_or(WordError::Risk)
}

fn method(text: &str) -> Result<Method, WordError> {
    Method::parse(&text.to_ascii_uppercase()).ok_or(WordError::Method)
}
