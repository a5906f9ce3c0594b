//! Whether the limits of this vault have been counted: a record without content, by whose being
//! there it is known that the counters cannot be new.
//!
//! The counters stand in a file of their own, which changes with every call. Were it deleted, all
//! that was used would be forgotten; so the vault, whose records nobody deletes unseen, remembers
//! that the file must be there. With the last policy the record goes too: without limits nothing
//! has been used, and an operator who lost the file has a way to begin again.

use super::change::Vault;
use super::draft::Draft;
use super::error::VaultError;
use super::store::{Kind, RecordId, RecordName};

impl Vault {
    /// # Errors
    /// When the stored records cannot be read or are not those last written.
    pub fn usage_begun(&mut self) -> Result<bool, VaultError> {
        self.refresh()?;
        Ok(self.resident().generation(&record_name()).is_some())
    }

    /// Remembers that the limits of this vault are counted from now on.
    ///
    /// # Errors
    /// When the stored records cannot be read or written.
    pub fn begin_usage(&mut self) -> Result<(), VaultError> {
        self.change(|draft| draft.put_mark(record_name()))
    }
}

/// Without policies there are no limits, and nothing that was used.
pub(super) fn end_without_policies(draft: &mut Draft<'_>) {
    if !draft.keeps_any(Kind::Policy) {
        draft.delete(record_name());
    }
}

fn record_name() -> RecordName {
    let id = RecordId::parse("usage").expect("the literal is a well-formed id");
    RecordName { kind: Kind::Setting, id }
}
