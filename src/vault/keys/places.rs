//! Where this machine keeps what belongs to a vault's key.

use std::path::PathBuf;

/// The key file's place, and what lies beside it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyPlaces {
    pub(super) file: PathBuf,
}

impl KeyPlaces {
    #[must_use]
    pub fn beside(file: PathBuf) -> Self {
        Self { file }
    }

    /// A new key until the vault is locked with it.
    pub(super) fn next_file(&self) -> PathBuf {
        self.file.with_extension("key.next")
    }

    /// The last change of the vault.
    pub(in crate::vault) fn epoch_note(&self) -> PathBuf {
        self.file.with_extension("epoch")
    }

    /// Which command the user of this machine chose.
    pub(super) fn command_notice(&self) -> PathBuf {
        self.file.with_extension("command")
    }
}
