//! `init` and `unlock`.

use clap::{Args, ValueEnum};

#[derive(Args)]
pub(in crate::cli) struct InitArguments {
    /// Where the vault's key comes from [default: macos-keychain on macOS, file elsewhere]
    #[arg(long, value_name = "PROVIDER")]
    pub(in crate::cli) provider: Option<KeyProvider>,
    /// The passphrase; asked for on a terminal when left out
    #[arg(long, allow_hyphen_values = true)]
    pub(in crate::cli) passphrase: Option<String>,
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
}

#[derive(Args)]
pub(in crate::cli) struct UnlockArguments {
    /// The passphrase; asked for on a terminal when left out
    #[arg(long, allow_hyphen_values = true)]
    pub(in crate::cli) passphrase: Option<String>,
}
