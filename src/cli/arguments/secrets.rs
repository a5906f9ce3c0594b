//! `secrets …`. Values are taken as bytes and never parsed by the parser, whose errors
//! repeat what they could not read.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::{Format, PlaceArguments, ScopeArguments};
use crate::spec::{Host, ProviderId, SecretName};

#[derive(Subcommand)]
pub(in crate::cli) enum SecretsVerb {
    /// Store a secret
    Create(CreateArguments),
    /// List secrets; values are never shown
    List(SecretsListArguments),
    /// Rename a secret, or change its aliases
    Update(UpdateArguments),
    /// Give a secret a new value
    Rotate(RotateArguments),
    /// Delete a secret
    Delete(SelectArguments),
    /// Store several secrets at once
    Import(ImportArguments),
    /// Let a group of a workspace use a secret
    AttachGroup(GroupArguments),
    /// Take that back
    DetachGroup(GroupArguments),
}

#[derive(Args)]
pub(in crate::cli) struct CreateArguments {
    /// Its name, such as OPENAI_API_KEY; a provider's own name pins it to that provider
    #[arg(long, value_parser = SecretName::parse)]
    pub(in crate::cli) name: SecretName,
    #[command(flatten)]
    pub(in crate::cli) value: ValueArguments,
    #[command(flatten)]
    pub(in crate::cli) scope: ScopeArguments,
    /// Another name for it; may be repeated
    #[arg(long = "alias", value_name = "ALIAS")]
    pub(in crate::cli) aliases: Vec<String>,
    /// The provider that it is for, where its name says none: it is pinned to that all the same
    #[arg(long, value_name = "ID", value_parser = ProviderId::parse)]
    pub(in crate::cli) provider: Option<ProviderId>,
    #[command(flatten)]
    pub(in crate::cli) hosts: HostArguments,
}

/// Where an account of its own host, or of another region, stands.
#[derive(Args)]
pub(in crate::cli) struct HostArguments {
    /// The account's own host, such as acme.myshopify.com; may be repeated
    #[arg(long = "host", value_name = "HOST", value_parser = Host::parse)]
    pub(in crate::cli) hosts: Vec<Host>,
}

/// Where a value comes from: without a flag, from a pipe or a hidden prompt.
#[derive(Args)]
pub(in crate::cli) struct ValueArguments {
    /// The value; `-` reads it from standard input, less one line break at its end
    #[arg(long, allow_hyphen_values = true, conflicts_with = "value_file")]
    pub(in crate::cli) value: Option<OsString>,
    /// A file with the value: of text, less one line break at its end; any other, such as PKCS#12, byte for byte
    #[arg(long, value_name = "PATH")]
    pub(in crate::cli) value_file: Option<PathBuf>,
}

#[derive(Args)]
pub(in crate::cli) struct SecretsListArguments {
    #[command(flatten)]
    pub(in crate::cli) scope: ScopeArguments,
    #[command(flatten)]
    pub(in crate::cli) format: Format,
}

/// An existing secret.
#[derive(Args)]
pub(in crate::cli) struct SelectArguments {
    /// Its id, as `secrets list` shows it
    #[arg(long, conflicts_with_all = ["name", "scope"])]
    pub(in crate::cli) id: Option<String>,
    /// Its name or alias
    #[arg(long)]
    pub(in crate::cli) name: Option<String>,
    #[command(flatten)]
    pub(in crate::cli) scope: ScopeArguments,
}

#[derive(Args)]
pub(in crate::cli) struct UpdateArguments {
    /// Its id, as `secrets list` shows it
    #[arg(long, conflicts_with = "scope")]
    pub(in crate::cli) id: Option<String>,
    /// Its name or alias; beside --id, its new name
    #[arg(long)]
    pub(in crate::cli) name: Option<String>,
    /// Its new name
    #[arg(long, value_name = "NAME", value_parser = SecretName::parse)]
    pub(in crate::cli) new_name: Option<SecretName>,
    /// Another name for it, replacing those it had; may be repeated
    #[arg(long = "alias", value_name = "ALIAS")]
    pub(in crate::cli) aliases: Vec<String>,
    /// Take all its other names away
    #[arg(long, conflicts_with = "aliases")]
    pub(in crate::cli) clear_aliases: bool,
    #[command(flatten)]
    pub(in crate::cli) scope: ScopeArguments,
}

#[derive(Args)]
pub(in crate::cli) struct RotateArguments {
    #[command(flatten)]
    pub(in crate::cli) secret: SelectArguments,
    #[command(flatten)]
    pub(in crate::cli) value: ValueArguments,
    #[command(flatten)]
    pub(in crate::cli) hosts: HostArguments,
}

#[derive(Args)]
pub(in crate::cli) struct ImportArguments {
    /// A name and its value; may be repeated
    #[arg(long = "entry", value_name = "NAME=VALUE", required = true)]
    pub(in crate::cli) entries: Vec<OsString>,
    #[command(flatten)]
    pub(in crate::cli) hosts: HostArguments,
    #[command(flatten)]
    pub(in crate::cli) scope: ScopeArguments,
}

#[derive(Args)]
pub(in crate::cli) struct GroupArguments {
    /// The secret's id, as `secrets list` shows it
    #[arg(long, conflicts_with_all = ["name", "scope"])]
    pub(in crate::cli) id: Option<String>,
    /// The secret's name or alias
    #[arg(long)]
    pub(in crate::cli) name: Option<String>,
    /// Where the secret holds, when its name is not enough: global, or workspace for the one named
    #[arg(long)]
    pub(in crate::cli) scope: Option<super::ScopeKind>,
    #[command(flatten)]
    pub(in crate::cli) group: PlaceArguments,
}
