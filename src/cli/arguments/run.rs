//! `run …`.

use std::ffi::OsString;

use clap::Args;

use super::ScopeArguments;
use crate::spec::{CredentialName, TokenName, Ttl};

#[derive(Args)]
pub(in crate::cli) struct RunArguments {
    /// A capability that the command may use, such as openai/embeddings, or all of a provider, such as
    /// 'openai/*'; may be repeated
    #[arg(long = "capability", value_name = "CAPABILITY", conflicts_with = "all")]
    pub(in crate::cli) capabilities: Vec<String>,
    /// Whatever is ready
    #[arg(long)]
    pub(in crate::cli) all: bool,
    /// The only credential that the command may use
    #[arg(long, value_parser = CredentialName::parse)]
    pub(in crate::cli) credential: Option<CredentialName>,
    /// How long at most: 90s, 15m, 1h, 7d; it is over when the command ends
    #[arg(long, value_name = "TIME", value_parser = Ttl::parse, default_value_t = Ttl::WITH_PROCESS)]
    pub(in crate::cli) ttl: Ttl,
    /// What policies and the audit log call the command's calls: token:NAME
    #[arg(long, value_parser = TokenName::parse)]
    pub(in crate::cli) name: Option<TokenName>,
    /// A variable that the command does not get; may be repeated
    #[arg(long, value_name = "NAME")]
    pub(in crate::cli) unset: Vec<String>,
    /// A variable that looks like a key and that the command is meant to get; may be repeated
    #[arg(long, value_name = "NAME")]
    pub(in crate::cli) keep: Vec<String>,
    #[command(flatten)]
    pub(in crate::cli) scope: ScopeArguments,
    /// The program to run, and its arguments
    #[arg(last = true, required = true, value_name = "COMMAND")]
    pub(in crate::cli) command: Vec<OsString>,
}
