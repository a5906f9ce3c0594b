//! `credential …`.

use clap::{Args, Subcommand};

use super::{Format, ScopeArguments};
use crate::spec::{CredentialName, Host, ProviderId, WayName};

#[derive(Subcommand)]
pub(in crate::cli) enum CredentialVerb {
    /// Make a credential of secrets that are stored: a further account with a provider
    Create(CredentialCreateArguments),
    /// List credentials
    List(Format),
    /// Delete a credential; its secrets are kept
    Delete {
        /// Its name
        #[arg(value_parser = CredentialName::parse)]
        name: CredentialName,
        /// Whose, where several providers have one of that name
        #[arg(long, value_name = "ID", value_parser = ProviderId::parse)]
        provider: Option<ProviderId>,
        #[command(flatten)]
        scope: ScopeArguments,
    },
}

#[derive(Args)]
pub(in crate::cli) struct CredentialCreateArguments {
    /// Its name, such as openai-work, for --credential and bindings
    #[arg(value_parser = CredentialName::parse)]
    pub(in crate::cli) name: CredentialName,
    /// The provider
    #[arg(long, value_name = "ID", value_parser = ProviderId::parse)]
    pub(in crate::cli) provider: ProviderId,
    /// Which of the provider's ways to authenticate it is of; left out, the first that takes the secrets
    #[arg(long, value_name = "WAY", value_parser = WayName::parse)]
    pub(in crate::cli) auth: Option<WayName>,
    /// A stored secret of that provider; where it needs several, each with what it fills: key=NAME
    #[arg(long = "secret", value_name = "NAME", required = true)]
    pub(in crate::cli) secrets: Vec<String>,
    /// Of the hosts that the secrets were stored for, the one that it uses; may be repeated
    #[arg(long = "host", value_name = "HOST", value_parser = Host::parse)]
    pub(in crate::cli) hosts: Vec<Host>,
    #[command(flatten)]
    pub(in crate::cli) scope: ScopeArguments,
}
