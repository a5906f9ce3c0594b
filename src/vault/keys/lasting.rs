//! The keys that a change of the key-encryption key leaves as they are, and how the header keeps them.
//!
//! They name records, mark callers' tokens, chain the log and vouch for the note of the last change, so that new ones
//! would orphan all of these. Sealed under a key of their own with what the header says as associated data: a header
//! that somebody edited opens nothing.
//!
//! ```text
//! nonce 24 | names 32, audit 32, usage 32, tokens 32, epoch 32, encrypted | tag 16
//! ```

use chacha20poly1305::aead::AeadInOut as _;
use chacha20poly1305::{KeyInit as _, Tag, XChaCha20Poly1305, XNonce};

use super::derived::Derivation;
use super::kek::Kek;
use super::key::Key;
use crate::platform::entropy::{self, EntropyError};
use crate::platform::memory::Locked;
use crate::vault::header::VaultId;

const NONCE: usize = 24;
const TAG: usize = 16;
const COUNT: usize = 5;
const PURPOSE: &str = "aivault/v2/lasting";

pub(in crate::vault) struct LastingKeys {
    pub(super) names: Key,
    pub(super) audit: Key,
    pub(super) usage: Key,
    pub(super) tokens: Key,
    pub(super) epoch: Key,
}

/// The keys as the header keeps them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::vault) struct SealedKeys(Vec<u8>);

impl LastingKeys {
    /// Those of a new vault, which no other has.
    pub(in crate::vault) fn generate() -> Result<Self, EntropyError> {
        let key = Key::generate;
        Ok(Self { names: key()?, audit: key()?, usage: key()?, tokens: key()?, epoch: key()? })
    }

    /// Those of a vault of the first format.
    pub(super) fn derived(source: &Derivation) -> Self {
        Self {
            names: source.key("aivault/v1/names"),
            audit: source.key("aivault/v1/audit"),
            usage: source.key("aivault/v1/usage"),
            tokens: source.key("aivault/v1/caller-tokens"),
            epoch: source.key("aivault/v1/epoch"),
        }
    }

    /// `said` is all else that the header says.
    pub(in crate::vault) fn seal(
        &self,
        kek: &Kek,
        vault_id: VaultId,
        said: &[u8],
    ) -> Result<SealedKeys, EntropyError> {
        let mut plain = Locked::zeroed(COUNT * Key::LENGTH);
        let keys = [&self.names, &self.audit, &self.usage, &self.tokens, &self.epoch];
        for (place, key) in plain.chunks_exact_mut(Key::LENGTH).zip(keys) {
            place.copy_from_slice(key.as_bytes());
        }
        let nonce = entropy::bytes::<NONCE>()?;
        let key = Derivation::of(kek, vault_id).key(PURPOSE);
        let cipher = XChaCha20Poly1305::new(key.as_bytes().into());
        // The cipher refuses only messages of 256 GiB and more.
        let tag = cipher.encrypt_inout_detached(&XNonce::from(nonce), said, (&mut *plain).into());
        let tag = tag.expect("five keys are far shorter than the cipher's limit");
        Ok(SealedKeys([&nonce[..], &plain, &tag].concat()))
    }
}

impl SealedKeys {
    /// `None` when they have another length.
    pub(in crate::vault) fn of(bytes: Vec<u8>) -> Option<Self> {
        (bytes.len() == NONCE + COUNT * Key::LENGTH + TAG).then_some(Self(bytes))
    }

    pub(in crate::vault) fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// `None` when this is not the key they were sealed under, or the header said something else then.
    pub(in crate::vault) fn open(&self, kek: &Kek, vault_id: VaultId, said: &[u8]) -> Option<LastingKeys> {
        let (nonce, sealed) = self.0.split_at_checked(NONCE)?;
        let (sealed, tag) = sealed.split_at_checked(COUNT * Key::LENGTH)?;
        let (nonce, tag) = (XNonce::try_from(nonce).ok()?, Tag::try_from(tag).ok()?);
        let mut plain = Locked::copy_of(sealed);
        let key = Derivation::of(kek, vault_id).key(PURPOSE);
        let cipher = XChaCha20Poly1305::new(key.as_bytes().into());
        cipher.decrypt_inout_detached(&nonce, said, (&mut *plain).into(), &tag).ok()?;
        let mut keys = plain.chunks_exact(Key::LENGTH);
        let mut next = || Key::from_slice(keys.next()?);
        Some(LastingKeys { names: next()?, audit: next()?, usage: next()?, tokens: next()?, epoch: next()? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn they_open_under_their_key_their_vault_and_their_header_alone() {
        let kek = |byte| Kek::from_slice(&[byte; 32]).unwrap();
        let vault = |byte| VaultId::new([byte; 16]);
        let keys = LastingKeys::generate().unwrap();
        let sealed = keys.seal(&kek(1), vault(1), b"said").unwrap();
        let opened = sealed.open(&kek(1), vault(1), b"said").unwrap();
        for (one, other) in [(&keys.names, &opened.names), (&keys.epoch, &opened.epoch)] {
            assert_eq!(one.as_bytes(), other.as_bytes());
        }
        assert!(sealed.open(&kek(2), vault(1), b"said").is_none());
        assert!(sealed.open(&kek(1), vault(2), b"said").is_none());
        assert!(sealed.open(&kek(1), vault(1), b"told").is_none());
        for at in [0, NONCE, NONCE + COUNT * Key::LENGTH, sealed.0.len() - 1] {
            let mut edited = sealed.clone();
            edited.0[at] ^= 1;
            assert!(edited.open(&kek(1), vault(1), b"said").is_none(), "{at}");
        }
        assert!(SealedKeys::of(sealed.0[1..].to_vec()).is_none());
    }
}
