//! The working keys, each for one purpose.
//!
//! What seals (the key that wraps records' keys, the one of the manifest) is derived from the key-encryption key, and
//! changes with it: HKDF-SHA256 (RFC 5869) with the vault's id as salt and the purpose as info, so that no two
//! purposes and no two vaults share a key. What must outlive a change of that key, since records, logs and tokens are
//! named and marked with it, lies in the header, sealed; in vaults of the first format it is derived as well.

use hkdf::Hkdf;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use super::kek::Kek;
use super::key::Key;
use super::lasting::LastingKeys;
use crate::platform::memory;
use crate::vault::header::VaultId;

/// Every working key of an open vault.
pub(in crate::vault) struct DerivedKeys {
    wrap: Key,
    manifest: Key,
    lasting: LastingKeys,
}

/// Derives one key after the other from a key-encryption key.
pub(super) struct Derivation(Hkdf<Sha256>);

impl Derivation {
    pub(super) fn of(kek: &Kek, vault_id: VaultId) -> Self {
        Self(Hkdf::<Sha256>::new(Some(vault_id.as_bytes()), kek.as_bytes()))
    }

    pub(super) fn key(&self, purpose: &str) -> Key {
        // Only an output of more than 255 hashes is refused, and this is one.
        Key::filled_by(|key| self.0.expand(purpose.as_bytes(), key))
            .expect("32 bytes are no more than 255 hashes")
    }
}

impl DerivedKeys {
    /// Those of a vault of the first format, whose header holds none.
    pub(in crate::vault) fn of(kek: &Kek, vault_id: VaultId) -> Self {
        let source = Derivation::of(kek, vault_id);
        Self::with(&source, LastingKeys::derived(&source))
    }

    /// With those that the header holds.
    pub(in crate::vault) fn beside(kek: &Kek, vault_id: VaultId, lasting: LastingKeys) -> Self {
        Self::with(&Derivation::of(kek, vault_id), lasting)
    }

    fn with(source: &Derivation, lasting: LastingKeys) -> Self {
        let (wrap, manifest) = (source.key("aivault/v1/wrap"), source.key("aivault/v1/manifest"));
        memory::clear_stack();
        Self { wrap, manifest, lasting }
    }

    /// What stays as it is when the key-encryption key changes.
    pub(in crate::vault) fn lasting(&self) -> &LastingKeys {
        &self.lasting
    }

    /// Wraps the data-encryption key of each record.
    pub(in crate::vault) fn wrap(&self) -> &Key {
        &self.wrap
    }

    /// The term of one record in the manifest's sum.
    pub(in crate::vault) fn manifest_mac(&self, parts: &[&[u8]]) -> [u8; 32] {
        mac(&self.manifest, parts)
    }

    /// A record id that follows from what the record is for, and tells an onlooker nothing.
    pub(in crate::vault) fn name_mac(&self, parts: &[&[u8]]) -> [u8; 32] {
        mac(&self.lasting.names, parts)
    }

    /// What is kept of a caller's token.
    pub(in crate::vault) fn token_mac(&self, parts: &[&[u8]]) -> [u8; 32] {
        mac(&self.lasting.tokens, parts)
    }

    /// Whether that is what is kept of it, in constant time.
    pub(in crate::vault) fn is_token_mac(&self, parts: &[&[u8]], kept: &[u8; 32]) -> bool {
        begun(&self.lasting.tokens, parts).verify_slice(kept).is_ok()
    }

    /// What vouches for the note of the last change.
    pub(in crate::vault) fn epoch_mac(&self, parts: &[&[u8]]) -> [u8; 32] {
        mac(&self.lasting.epoch, parts)
    }

    /// Whether that vouches for it, in constant time.
    pub(in crate::vault) fn is_epoch_mac(&self, parts: &[&[u8]], kept: &[u8; 32]) -> bool {
        begun(&self.lasting.epoch, parts).verify_slice(kept).is_ok()
    }

    pub(in crate::vault) fn audit(&self) -> AuditKey {
        AuditKey(self.lasting.audit.duplicate())
    }

    pub(in crate::vault) fn usage(&self) -> UsageKey {
        UsageKey(self.lasting.usage.duplicate())
    }
}

/// The key of the audit log's chain, for the log alone. Cleared when dropped; never printed.
pub struct AuditKey(Key);

impl AuditKey {
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 32] {
        self.0.as_bytes()
    }
}

/// The key of the counters of limits, for them alone. Cleared when dropped; never printed.
pub struct UsageKey(Key);

impl UsageKey {
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 32] {
        self.0.as_bytes()
    }
}

/// HMAC-SHA256 over the parts, each with its length before it.
fn mac(key: &Key, parts: &[&[u8]]) -> [u8; 32] {
    begun(key, parts).finalize().into_bytes().into()
}

fn begun(key: &Key, parts: &[&[u8]]) -> Hmac<Sha256> {
    // HMAC takes a key of any length.
    let mut mac = Hmac::<Sha256>::new_from_slice(key.as_bytes()).expect("HMAC takes keys of any length");
    for part in parts {
        mac.update(&(part.len() as u64).to_be_bytes());
        mac.update(part);
    }
    mac
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(kek: u8, vault_id: u8) -> DerivedKeys {
        DerivedKeys::of(&Kek::from_slice(&[kek; 32]).unwrap(), VaultId::new([vault_id; 16]))
    }

    #[test]
    fn every_purpose_vault_and_key_has_its_own() {
        let all: Vec<[u8; 32]> = [keys(1, 1), keys(1, 2), keys(2, 1)]
            .iter()
            .flat_map(|keys| {
                let LastingKeys { names, audit, usage, tokens, epoch } = &keys.lasting;
                [&keys.wrap, &keys.manifest, names, audit, usage, tokens, epoch].map(|key| *key.as_bytes())
            })
            .collect();
        for (at, key) in all.iter().enumerate() {
            assert!(!all[..at].contains(key), "key {at} is a repetition");
        }
        assert_eq!(keys(1, 1).wrap.as_bytes(), keys(1, 1).wrap.as_bytes());
    }

    #[test]
    fn parts_cannot_flow_into_each_other() {
        let keys = keys(1, 1);
        assert_ne!(keys.manifest_mac(&[b"ab", b"c"]), keys.manifest_mac(&[b"a", b"bc"]));
        assert_ne!(keys.manifest_mac(&[b"ab"]), keys.manifest_mac(&[b"ab", b""]));
        assert_ne!(keys.manifest_mac(&[b"ab"]), keys.name_mac(&[b"ab"]));
        let kept = keys.token_mac(&[b"ab", b"c"]);
        assert!(keys.is_token_mac(&[b"ab", b"c"], &kept));
        assert!(!keys.is_token_mac(&[b"a", b"bc"], &kept) && !keys.is_token_mac(&[b"ab", b"c"], &[0; 32]));
    }
}
