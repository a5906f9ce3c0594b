//! Thirty-two bytes of key, in locked pages.

use crate::platform::entropy::{self, EntropyError};
use crate::platform::memory::Locked;

/// A key of 32 bytes. Moving it moves no byte of it; cleared when dropped; never printed.
pub(in crate::vault) struct Key(Locked);

impl Key {
    pub(in crate::vault) const LENGTH: usize = 32;

    /// Filled in place, so that no copy stays behind.
    pub(in crate::vault) fn filled_by<E>(fill: impl FnOnce(&mut [u8]) -> Result<(), E>) -> Result<Self, E> {
        let mut key = Self(Locked::zeroed(Self::LENGTH));
        fill(&mut key.0)?;
        Ok(key)
    }

    pub(in crate::vault) fn generate() -> Result<Self, EntropyError> {
        Self::filled_by(entropy::fill)
    }

    /// `None` when there are more bytes, or fewer.
    pub(in crate::vault) fn from_slice(bytes: &[u8]) -> Option<Self> {
        (bytes.len() == Self::LENGTH).then(|| Self(Locked::copy_of(bytes)))
    }

    /// Not `Clone`: whoever needs a second one says so.
    pub(in crate::vault) fn duplicate(&self) -> Self {
        Self(Locked::copy_of(&self.0))
    }

    pub(in crate::vault) fn as_bytes(&self) -> &[u8; Self::LENGTH] {
        // Every constructor makes it this long, and nothing makes it shorter.
        self.0.first_chunk().expect("a key has 32 bytes")
    }
}
