//! `init` and `unlock`, and the passphrase that it and others take.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use thiserror::Error;

use crate::spec::{Ttl, TtlError};

/// The longest time that an operator's session may be asked for.
const LONGEST_SESSION_MS: u64 = 24 * 60 * 60 * 1000;

use super::KeyPlaceArguments;

#[derive(Args)]
pub(in crate::cli) struct InitArguments {
    /// Where the vault's key comes from [default: macos-keychain on macOS, file elsewhere]
    #[arg(long, value_name = "PROVIDER")]
    pub(in crate::cli) provider: Option<KeyProvider>,
    #[command(flatten)]
    pub(in crate::cli) passphrase: PassphraseArguments,
    #[command(flatten)]
    pub(in crate::cli) place: KeyPlaceArguments,
    /// Make a test vault, for ever marked as such: its hosts can be sent to local servers
    #[arg(long)]
    pub(in crate::cli) test: bool,
}

#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::cli) enum KeyProvider {
    /// A key file of this user
    File,
    /// The variable AIVAULT_KEY: 32 bytes in base64 or hexadecimal
    Env,
    /// A passphrase, typed after each restart
    Passphrase,
    /// The keychain of this desktop
    #[value(alias = "macos-keychain")]
    Keychain,
    /// What a command prints, run at each `unlock`
    Command,
    /// A credential of a systemd service
    Systemd,
}

#[derive(Args)]
pub(in crate::cli) struct UnlockArguments {
    /// Open an operator's session too, for this terminal and this long: 15m, 1h; at most 24h
    #[arg(long = "for", value_name = "TIME", value_parser = session_time)]
    pub(in crate::cli) session: Option<Ttl>,
    #[command(flatten)]
    pub(in crate::cli) passphrase: PassphraseArguments,
    /// Run the command that the vault names for its key, which you have read, and remember it on this machine
    #[arg(long, conflicts_with_all = ["passphrase", "passphrase_file"])]
    pub(in crate::cli) trust_command: bool,
}

/// Where a passphrase comes from: without a flag, from a hidden prompt or a pipe.
#[derive(Args, Default)]
pub(in crate::cli) struct PassphraseArguments {
    /// The passphrase; `-` reads it from standard input, less one line break at its end
    #[arg(long, allow_hyphen_values = true, conflicts_with = "passphrase_file")]
    pub(in crate::cli) passphrase: Option<String>,
    /// A file with the passphrase, less one line break at its end
    #[arg(long, value_name = "PATH")]
    pub(in crate::cli) passphrase_file: Option<PathBuf>,
}

impl PassphraseArguments {
    pub(in crate::cli) fn are_given(&self) -> bool {
        self.passphrase.is_some() || self.passphrase_file.is_some()
    }
}

/// Why a text is no time for a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
enum NoSessionTime {
    #[error(transparent)]
    NoTime(#[from] TtlError),
    #[error("it is at most a day: 24h")]
    TooLong,
}

fn session_time(text: &str) -> Result<Ttl, NoSessionTime> {
    let ttl = Ttl::parse(text)?;
    if ttl.as_ms() <= LONGEST_SESSION_MS { Ok(ttl) } else { Err(NoSessionTime::TooLong) }
}
