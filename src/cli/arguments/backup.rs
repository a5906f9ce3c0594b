//! `backup` and `restore`.

use std::path::PathBuf;

use clap::Args;

use super::PassphraseArguments;

#[derive(Args)]
pub(in crate::cli) struct BackupArguments {
    /// The file to be made; never one that exists
    #[arg(value_name = "FILE")]
    pub(in crate::cli) file: PathBuf,
    /// Encrypt it for whoever has this age recipient's identity; can be given several times
    #[arg(long, value_name = "AGE1...", conflicts_with_all = ["passphrase", "passphrase_file"])]
    pub(in crate::cli) recipient: Vec<String>,
    /// With a passphrase of its own
    #[command(flatten)]
    pub(in crate::cli) passphrase: PassphraseArguments,
}

#[derive(Args)]
pub(in crate::cli) struct RestoreArguments {
    /// A file that `aivault backup` made
    #[arg(value_name = "FILE")]
    pub(in crate::cli) file: PathBuf,
    /// The file with the age identity that the backup is encrypted for
    #[arg(long, value_name = "PATH", conflicts_with_all = ["passphrase", "passphrase_file"])]
    pub(in crate::cli) identity_file: Option<PathBuf>,
    #[command(flatten)]
    pub(in crate::cli) passphrase: PassphraseArguments,
    /// The vault's own passphrase, where it has one; `-` reads it from standard input
    #[arg(long, value_name = "PASSPHRASE", allow_hyphen_values = true)]
    pub(in crate::cli) vault_passphrase: Option<String>,
}
