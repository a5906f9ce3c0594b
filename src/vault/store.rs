//! Where sealed records are kept: a small trait that knows nothing of secrets.
//!
//! A record is addressed by kind and id and carries a generation. A batch commits wholly or not at
//! all, and only when every record still has the generation that the writer saw (compare and
//! swap), so that two writers can never lose each other's work. One file or one server, the rest
//! of the vault does not care.

use std::fmt;

use thiserror::Error;

use crate::platform::files::NamedFile;

/// What a record is for; part of its address and of its authenticated data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// The one record that vouches for the set of all others.
    Manifest,
    Secret,
    Credential,
    /// A redirect of a test vault.
    Upstream,
    /// A policy of the operator.
    Policy,
    /// A provider of the operator.
    Provider,
    /// Which credential serves a capability where a call names none.
    Binding,
    /// A capability that the operator turned on or off.
    Switch,
    /// How requests leave this machine.
    Config,
    /// What the vault remembers for itself.
    Setting,
    /// An access token that a credential was given.
    Token,
    /// An access token that a caller was given.
    CallerToken,
}

impl Kind {
    pub(super) const ALL: [Self; 12] = [
        Self::Manifest,
        Self::Secret,
        Self::Credential,
        Self::Upstream,
        Self::Policy,
        Self::Provider,
        Self::Binding,
        Self::Switch,
        Self::Config,
        Self::Setting,
        Self::Token,
        Self::CallerToken,
    ];

    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Manifest => "manifest",
            Self::Secret => "secret",
            Self::Credential => "credential",
            Self::Upstream => "upstream",
            Self::Policy => "policy",
            Self::Provider => "provider",
            Self::Binding => "binding",
            Self::Switch => "switch",
            Self::Config => "config",
            Self::Setting => "setting",
            Self::Token => "token",
            Self::CallerToken => "caller-token",
        }
    }

    pub(super) fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A record's id within its kind: 1 to 64 lower-case letters, digits, `_` and `-`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RecordId(String);

impl RecordId {
    const MAX: usize = 64;

    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let plain =
            |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'_' | b'-');
        let well_formed = (1..=Self::MAX).contains(&text.len()) && text.bytes().all(plain);
        well_formed.then(|| Self(text.to_owned()))
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The full name of a record, which errors about it show: `secret sec_0123…`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RecordName {
    pub kind: Kind,
    pub id: RecordId,
}

impl fmt::Display for RecordName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            Kind::Manifest => f.write_str("the manifest, which vouches for all other records,"),
            kind => write!(f, "{kind} {}", self.id.0),
        }
    }
}

/// A record as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealedRecord {
    pub id: RecordId,
    pub generation: u64,
    pub blob: Vec<u8>,
}

/// Changes that happen together or not at all.
#[derive(Debug, Default)]
pub struct Batch {
    pub(super) changes: Vec<Change>,
    /// The header that was there, and the one that takes its place.
    pub(super) header: Option<[Vec<u8>; 2]>,
}

/// One change and the generation it builds upon.
#[derive(Debug)]
pub(super) enum Change {
    /// `expected` is `None` when the record must not exist yet.
    Put {
        name: RecordName,
        expected: Option<u64>,
        generation: u64,
        blob: Vec<u8>,
    },
    Delete {
        name: RecordName,
        expected: u64,
    },
}

impl Batch {
    pub fn put(&mut self, name: RecordName, expected: Option<u64>, generation: u64, blob: Vec<u8>) {
        self.changes.push(Change::Put { name, expected, generation, blob });
    }

    /// Puts another header in the place of the one that was seen.
    pub fn replace_header(&mut self, seen: Vec<u8>, next: Vec<u8>) {
        self.header = Some([seen, next]);
    }

    pub fn delete(&mut self, name: RecordName, expected: u64) {
        self.changes.push(Change::Delete { name, expected });
    }
}

/// Why the store could not answer.
#[derive(Debug, Error)]
pub enum StoreError {
    /// Somebody else committed first; nothing was changed, and the operation can be recomputed.
    #[error("another process changed the vault at the same time")]
    Conflict,
    /// Somebody else holds the store for longer than the store is willing to wait.
    #[error("another process keeps the vault's database busy")]
    Busy,
    #[error("the vault's database is damaged: {detail}")]
    Corrupt { detail: String },
    #[error("the disk that holds the vault's database is full")]
    Full,
    #[error("the vault's database could not be used: {detail}")]
    Unavailable { detail: String },
}

/// Sealed records by kind and id.
pub trait RecordStore {
    /// The one plaintext blob, which says how the vault is locked.
    ///
    /// # Errors
    /// When the store cannot answer.
    fn header(&self) -> Result<Option<Vec<u8>>, StoreError>;

    /// # Errors
    /// When the store cannot answer.
    fn load(&self, name: &RecordName) -> Result<Option<SealedRecord>, StoreError>;

    /// Every record's name and generation, as of one instant.
    ///
    /// # Errors
    /// When the store cannot answer or holds what is no record.
    fn entries(&self) -> Result<Vec<(RecordName, u64)>, StoreError>;

    /// All records of a kind, as of one instant.
    ///
    /// # Errors
    /// When the store cannot answer or holds what is no record.
    fn list(&self, kind: Kind) -> Result<Vec<SealedRecord>, StoreError>;

    /// Applies the whole batch durably, or nothing.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when a generation is not the expected one.
    fn commit(&mut self, batch: &Batch) -> Result<(), StoreError>;

    /// Has nothing of what was replaced stay behind, as far as the store can.
    ///
    /// # Errors
    /// When the store cannot do it now.
    fn forget_replaced(&mut self) -> Result<(), StoreError> {
        Ok(())
    }

    /// A number that changes whenever anybody else commits; comparable within this handle only.
    ///
    /// # Errors
    /// When the store cannot answer.
    fn change_marker(&self) -> Result<u64, StoreError>;

    /// The file that everything is in, if it is in one: whoever keeps the store open for long must
    /// notice that another file came to bear its name.
    fn file(&self) -> Option<&NamedFile> {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn record_ids_cannot_be_paths_or_odd() {
        for good in ["a", "sec_00ff", "manifest", &"x".repeat(64)] {
            assert!(RecordId::parse(good).is_some(), "{good}");
        }
        for bad in ["", "../x", "a/b", "A", "a b", "a\0", "ä", &"x".repeat(65)] {
            assert!(RecordId::parse(bad).is_none(), "{bad:?}");
        }
    }

    #[test]
    fn kinds_have_one_spelling() {
        for kind in Kind::ALL {
            assert_eq!(Kind::parse(kind.as_str()), Some(kind));
        }
        assert_eq!(Kind::parse("Secret"), None);
    }
}
