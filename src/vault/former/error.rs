//! Why the older tool's vault cannot be taken over.

use std::path::PathBuf;

use thiserror::Error;

use crate::platform::files::FileError;
use crate::vault::error::VaultError;

#[derive(Debug, Error)]
pub enum FormerError {
    #[error("the vault of the older tool cannot be read: {0}")]
    File(#[from] FileError),
    #[error("{path:?} is no document of the older tool (line {line}, column {column})")]
    Document { path: PathBuf, line: usize, column: usize },
    #[error("the older tool's vault is of version {version}, and only version 1 is known")]
    Version { version: u32 },
    #[error("the key is not that of the older tool's vault")]
    WrongKey,
    #[error("this is no key: 32 bytes in base64 or hexadecimal are expected")]
    NoKey,
    #[error("the older tool's vault asks for more work on the passphrase than is reasonable, or for none")]
    Derivation,
    #[error("{path:?} was edited, or belongs to another vault: it does not open")]
    Unopened { path: PathBuf },
    #[error("{path:?} says what is not known here: {what}")]
    Unknown { path: PathBuf, what: &'static str },
    #[error("a value in {path:?} cannot be stored: {error}")]
    Value { path: PathBuf, error: Box<VaultError> },
}

impl FormerError {
    /// What the person at the shell can do next.
    #[must_use]
    pub fn help(&self) -> String {
        match self {
            Self::File(error) => error.help(),
            Self::WrongKey | Self::NoKey => {
                "give the key that goes with that folder: --key-file PATH, or its passphrase".to_owned()
            }
            Self::Value { error, .. } => error.help(),
            Self::Document { .. } | Self::Version { .. } | Self::Unknown { .. } | Self::Derivation => {
                "give the folder that holds vault.json and secrets/, as the older tool left it".to_owned()
            }
            Self::Unopened { .. } => {
                "restore that file from a backup, or move it away: nothing was imported".to_owned()
            }
        }
    }
}
