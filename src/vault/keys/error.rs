//! Why a key could not be had.

use thiserror::Error;

use crate::platform::child::ChildError;
use crate::platform::entropy::EntropyError;
use crate::platform::files::FileError;

/// No key, and therefore no vault; never says anything about the key's bytes.
#[derive(Debug, Error)]
pub enum KeyError {
    #[error("this vault is locked with its {vault} key provider, and {given} was given")]
    Mismatch { vault: &'static str, given: &'static str },
    #[error("a vault cannot be made with a handed-over key")]
    NoProvider,
    #[error(transparent)]
    File(#[from] FileError),
    #[error("{origin} holds no key: it must be 32 bytes in base64 or hexadecimal, on one line")]
    Malformed { origin: String },
    #[error("the passphrase is empty")]
    EmptyPassphrase,
    #[error("the passphrase could not be turned into a key: {0}")]
    Derivation(argon2::Error),
    #[error("the keychain did not answer: {0}")]
    KeychainUnavailable(String),
    #[error("the keychain holds no key for vault {vault_id}")]
    KeychainEmpty { vault_id: String },
    /// Not run: the header may be somebody else's.
    #[error("this vault's key comes from a command that was not chosen on this machine: {command}")]
    CommandUnknown { command: String },
    #[error("the command for the key cannot be used: {why}")]
    CommandUnusable { why: &'static str },
    #[error("the command gave no key: {0}")]
    Command(#[from] ChildError),
    #[error(
        "this vault's key is the credential `{name}` of a systemd service, and this process was given none"
    )]
    NoCredentials { name: String },
    #[error(transparent)]
    Entropy(#[from] EntropyError),
}

impl KeyError {
    /// What the person at the shell can do next.
    #[must_use]
    pub fn help(&self) -> String {
        match self {
            Self::Mismatch { vault: "passphrase", .. } => {
                "unlock it with its passphrase: aivault unlock".to_owned()
            }
            Self::Mismatch { vault: "env", .. } => "set AIVAULT_KEY to the key of this vault".to_owned(),
            Self::Mismatch { vault, .. } => format!("give the key as `{vault}`, as the vault was made"),
            Self::NoProvider => {
                "name a provider: file, env, passphrase, keychain, command or systemd".to_owned()
            }
            Self::File(error) if error.is_missing() => {
                format!(
                    "put the vault's key back at {:?}; without it nothing in the vault can be read",
                    error.path
                )
            }
            Self::File(error) => error.help(),
            Self::Malformed { origin } if origin == super::env::ORIGIN => {
                "set it to the key that the vault was made with; a new one comes from \
                 `head -c 32 /dev/urandom | base64`"
                    .to_owned()
            }
            Self::Malformed { origin } => format!("restore the right content of {origin} from a backup"),
            Self::EmptyPassphrase => "give a passphrase of several words".to_owned(),
            Self::Derivation(_) => "free some memory and try again".to_owned(),
            Self::KeychainUnavailable(_) => {
                "unlock the session's keychain; where there is none, make the vault with \
                 `--provider file`, `passphrase` or `env`"
                    .to_owned()
            }
            Self::KeychainEmpty { .. } => "log in as the user whose keychain made this vault".to_owned(),
            Self::CommandUnknown { .. } => {
                "read it; if it is the one that you chose, say so: aivault unlock --trust-command".to_owned()
            }
            Self::CommandUnusable { .. } => {
                "give the program by its whole path, and its arguments after it: \
                 --provider command -- /usr/bin/pass show aivault"
                    .to_owned()
            }
            Self::Command(_) => {
                "run the command yourself and see what it says; it must print 32 bytes in base64 or \
                 hexadecimal, and end well"
                    .to_owned()
            }
            Self::NoCredentials { name } => {
                format!("run it in a service that has `LoadCredentialEncrypted={name}`")
            }
            Self::Entropy(_) => "try again when the system's random generator is ready".to_owned(),
        }
    }
}
