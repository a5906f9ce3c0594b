//! The working keys, each for one purpose, derived from the key-encryption key.
//!
//! HKDF-SHA256 (RFC 5869) with the vault's id as salt and the purpose as info, so that no two
//! purposes and no two vaults share a key.

use hkdf::Hkdf;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use zeroize::Zeroizing;

use super::kek::Kek;
use crate::vault::header::VaultId;

type Key = Zeroizing<[u8; 32]>;

/// Every working key of an open vault.
pub(in crate::vault) struct DerivedKeys {
    wrap: Key,
    manifest: Key,
    names: Key,
    audit: Key,
    usage: Key,
    tokens: Key,
    epoch: Key,
}

impl DerivedKeys {
    pub(in crate::vault) fn of(kek: &Kek, vault_id: VaultId) -> Self {
        let source = Hkdf::<Sha256>::new(Some(vault_id.as_bytes()), kek.as_bytes());
        let derive = |purpose: &str| {
            let mut key = Key::default();
            // Only an output of more than 255 hashes is refused, and this is one.
            source
                .expand(purpose.as_bytes(), key.as_mut_slice())
                .expect("32 bytes are no more than 255 hashes");
            key
        };
        Self {
            wrap: derive("aivault/v1/wrap"),
            manifest: derive("aivault/v1/manifest"),
            names: derive("aivault/v1/names"),
            audit: derive("aivault/v1/audit"),
            usage: derive("aivault/v1/usage"),
            tokens: derive("aivault/v1/caller-tokens"),
            epoch: derive("aivault/v1/epoch"),
        }
    }

    /// Wraps the data-encryption key of each record.
    pub(in crate::vault) fn wrap(&self) -> &[u8; 32] {
        &self.wrap
    }

    /// The term of one record in the manifest's sum.
    pub(in crate::vault) fn manifest_mac(&self, parts: &[&[u8]]) -> [u8; 32] {
        mac(&self.manifest, parts)
    }

    /// A record id that follows from what the record is for, and tells an onlooker nothing.
    pub(in crate::vault) fn name_mac(&self, parts: &[&[u8]]) -> [u8; 32] {
        mac(&self.names, parts)
    }

    /// What is kept of a caller's token.
    pub(in crate::vault) fn token_mac(&self, parts: &[&[u8]]) -> [u8; 32] {
        mac(&self.tokens, parts)
    }

    /// Whether that is what is kept of it, in constant time.
    pub(in crate::vault) fn is_token_mac(&self, parts: &[&[u8]], kept: &[u8; 32]) -> bool {
        begun(&self.tokens, parts).verify_slice(kept).is_ok()
    }

    /// What vouches for the note of the last change.
    pub(in crate::vault) fn epoch_mac(&self, parts: &[&[u8]]) -> [u8; 32] {
        mac(&self.epoch, parts)
    }

    /// Whether that vouches for it, in constant time.
    pub(in crate::vault) fn is_epoch_mac(&self, parts: &[&[u8]], kept: &[u8; 32]) -> bool {
        begun(&self.epoch, parts).verify_slice(kept).is_ok()
    }

    pub(in crate::vault) fn audit(&self) -> AuditKey {
        AuditKey(self.audit.clone())
    }

    pub(in crate::vault) fn usage(&self) -> UsageKey {
        UsageKey(self.usage.clone())
    }
}

/// The key of the audit log's chain, for the log alone. Cleared when dropped; never printed.
pub struct AuditKey(Key);

impl AuditKey {
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

/// The key of the counters of limits, for them alone. Cleared when dropped; never printed.
pub struct UsageKey(Key);

impl UsageKey {
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

/// HMAC-SHA256 over the parts, each with its length before it.
fn mac(key: &Key, parts: &[&[u8]]) -> [u8; 32] {
    begun(key, parts).finalize().into_bytes().into()
}

fn begun(key: &Key, parts: &[&[u8]]) -> Hmac<Sha256> {
    // HMAC takes a key of any length.
    let mut mac = Hmac::<Sha256>::new_from_slice(key.as_slice()).expect("HMAC takes keys of any length");
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
                [*keys.wrap, *keys.manifest, *keys.names, *keys.audit, *keys.usage, *keys.tokens, *keys.epoch]
            })
            .collect();
        for (at, key) in all.iter().enumerate() {
            assert!(!all[..at].contains(key), "key {at} is a repetition");
        }
        assert_eq!(*keys(1, 1).wrap, *keys(1, 1).wrap);
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
