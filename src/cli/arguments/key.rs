//! `key` and `rotate-master`: where the vault's key comes from, and another one in its place.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::{Format, KeyProvider, PassphraseArguments};

#[derive(Subcommand)]
pub(in crate::cli) enum KeyVerb {
    /// Show where the vault's key comes from, and what that protects
    Status(Format),
    /// Have the vault's key come from elsewhere: a new key, in one step
    Migrate(Box<MigrateArguments>),
}

#[derive(Args)]
pub(in crate::cli) struct MigrateArguments {
    /// Where the new key comes from
    #[arg(long, value_name = "PROVIDER")]
    pub(in crate::cli) to: KeyProvider,
    #[command(flatten)]
    pub(in crate::cli) current: PassphraseArguments,
    #[command(flatten)]
    pub(in crate::cli) new: NewKeyArguments,
    #[command(flatten)]
    pub(in crate::cli) place: KeyPlaceArguments,
}

#[derive(Args)]
pub(in crate::cli) struct RotateMasterArguments {
    #[command(flatten)]
    pub(in crate::cli) current: PassphraseArguments,
    #[command(flatten)]
    pub(in crate::cli) new: NewKeyArguments,
}

/// A key or passphrase that an operator gives for the vault to be locked with.
#[derive(Args, Default)]
pub(in crate::cli) struct NewKeyArguments {
    /// The new key of a vault whose key is in AIVAULT_KEY: 32 bytes in base64 or hexadecimal
    #[arg(long, value_name = "KEY")]
    pub(in crate::cli) new_key: Option<String>,
    /// The new passphrase; without it, a hidden prompt asks
    #[arg(
        long,
        value_name = "PASSPHRASE",
        allow_hyphen_values = true,
        conflicts_with = "new_passphrase_file"
    )]
    pub(in crate::cli) new_passphrase: Option<String>,
    /// A file with the new passphrase, less one line break at its end
    #[arg(long, value_name = "PATH")]
    pub(in crate::cli) new_passphrase_file: Option<PathBuf>,
}

/// What names the place that a key comes from.
#[derive(Args, Default)]
pub(in crate::cli) struct KeyPlaceArguments {
    /// The credential of a systemd service, for `systemd`
    #[arg(long, value_name = "NAME")]
    pub(in crate::cli) credential: Option<String>,
    /// A variable of your session that the command needs, for `command`; may be said several times
    #[arg(long, value_name = "VARIABLE")]
    pub(in crate::cli) command_env: Vec<String>,
    /// For `command`: what prints the key, the program by its whole path
    #[arg(last = true, value_name = "COMMAND")]
    pub(in crate::cli) command: Vec<String>,
}
