//! `token …`.

use clap::{Args, Subcommand};

use super::{Format, ScopeArguments};
use crate::spec::{CredentialName, TokenName, Ttl};

#[derive(Subcommand)]
pub(in crate::cli) enum TokenVerb {
    /// Make a token and print it, this once
    Mint(MintArguments),
    /// List the tokens, without their texts
    List(Format),
    /// Make tokens worthless at once
    Revoke(RevokeArguments),
}

#[derive(Args)]
pub(in crate::cli) struct MintArguments {
    /// A capability that it covers, such as openai/embeddings, or all of a provider, such as
    /// 'openai/*'; may be repeated
    #[arg(long = "capability", value_name = "CAPABILITY", required = true)]
    pub(in crate::cli) capabilities: Vec<String>,
    /// The only credential that it covers
    #[arg(long, value_parser = CredentialName::parse)]
    pub(in crate::cli) credential: Option<CredentialName>,
    /// How long it holds: 90s, 15m, 1h, 7d; at most 30d
    #[arg(long, value_name = "TIME", value_parser = Ttl::parse, default_value_t = Ttl::DEFAULT)]
    pub(in crate::cli) ttl: Ttl,
    /// What to call it: policies and the audit log call its caller token:NAME
    #[arg(long, value_parser = TokenName::parse)]
    pub(in crate::cli) name: Option<TokenName>,
    #[command(flatten)]
    pub(in crate::cli) scope: ScopeArguments,
    #[command(flatten)]
    pub(in crate::cli) format: Format,
}

#[derive(Args)]
#[command(group(clap::ArgGroup::new("which").required(true)))]
pub(in crate::cli) struct RevokeArguments {
    /// Its name or id, as `token list` shows them
    #[arg(value_name = "NAME|ID", group = "which")]
    pub(in crate::cli) token: Option<String>,
    /// All tokens
    #[arg(long, group = "which")]
    pub(in crate::cli) all: bool,
}
