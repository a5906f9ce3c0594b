//! One record, sealed: metadata and value under a key of their own, which the vault's key wraps.
//!
//! ```text
//! version 1 | nonce 24 | wrapped key 32+16 | nonce 24 | length 4 | metadata n+16 | nonce 24 | value m+16
//! ```
//!
//! `XChaCha20-Poly1305` (draft-irtf-cfrg-xchacha-03) throughout, a random key and random nonces at
//! every write. The associated data of each of the three parts is its domain, the vault's id and
//! kind, and the record's kind, id and generation, each with its length before it; that of the
//! value is also everything before it. So the metadata can be read without touching the value, and
//! a value opens only beside the very metadata it was sealed with.

use chacha20poly1305::aead::{Aead as _, Payload};
use chacha20poly1305::{KeyInit as _, XChaCha20Poly1305, XNonce};
use thiserror::Error;
use zeroize::Zeroizing;

use super::header::{Header, VaultId};
use super::store::RecordName;
use crate::platform::entropy::{self, EntropyError};

const VERSION: u8 = 1;
const NONCE: usize = 24;
const KEY: usize = 32;
const TAG: usize = 16;

const KEY_DOMAIN: &[u8] = b"aivault/v1/record-key";
const METADATA_DOMAIN: &[u8] = b"aivault/v1/record-metadata";
const VALUE_DOMAIN: &[u8] = b"aivault/v1/record-value";

/// Which write of which record a blob is; `extra` is bound too when it is not empty.
#[derive(Clone, Copy)]
pub(super) struct Address<'a> {
    pub(super) name: &'a RecordName,
    pub(super) generation: u64,
    pub(super) extra: &'a [u8],
}

/// The blob is not what was sealed at this address with this key.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("the sealed record does not open")]
pub(super) struct Unopened;

/// Seals and opens the records of one vault.
pub(super) struct Sealer {
    wrap: XChaCha20Poly1305,
    vault_id: VaultId,
    test: bool,
}

/// A record whose metadata is open and whose value is not yet.
pub(super) struct Opened<'b> {
    key: XChaCha20Poly1305,
    value_data: Vec<u8>,
    value: &'b [u8],
    metadata: Zeroizing<Vec<u8>>,
}

impl Sealer {
    pub(super) fn new(wrap: &[u8; KEY], header: &Header) -> Self {
        Self { wrap: XChaCha20Poly1305::new(wrap.into()), vault_id: header.vault_id, test: header.test }
    }

    pub(super) fn seal(
        &self,
        address: Address<'_>,
        metadata: &[u8],
        value: &[u8],
    ) -> Result<Vec<u8>, EntropyError> {
        let mut record_key = Zeroizing::new([0; KEY]);
        entropy::fill(record_key.as_mut_slice())?;
        let key = XChaCha20Poly1305::new((&*record_key).into());

        let parts = 1 + 3 * (NONCE + TAG) + KEY + size_of::<u32>();
        let mut blob = Vec::with_capacity(parts + metadata.len() + value.len());
        blob.push(VERSION);
        append(&mut blob, &self.wrap, &self.bound(KEY_DOMAIN, address), record_key.as_slice(), None)?;
        append(&mut blob, &key, &self.bound(METADATA_DOMAIN, address), metadata, Some(length_of(metadata)))?;
        let data = self.bound_to_prefix(address, &blob);
        append(&mut blob, &key, &data, value, None)?;
        Ok(blob)
    }

    pub(super) fn open<'b>(&self, address: Address<'_>, blob: &'b [u8]) -> Result<Opened<'b>, Unopened> {
        let parts = Parts::of(blob)?;
        let key = self.record_key(address, &parts)?;
        let metadata =
            open_part(&key, parts.metadata_nonce, parts.metadata, &self.bound(METADATA_DOMAIN, address))?;
        let value_data = self.bound_to_prefix(address, parts.prefix);
        Ok(Opened { key, value_data, value: parts.value, metadata })
    }

    /// The value of a record whose metadata is known from these very bytes: it opens only beside them.
    pub(super) fn open_value(
        &self,
        address: Address<'_>,
        blob: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, Unopened> {
        let parts = Parts::of(blob)?;
        let key = self.record_key(address, &parts)?;
        open_value(&key, parts.value, &self.bound_to_prefix(address, parts.prefix))
    }

    fn record_key(&self, address: Address<'_>, parts: &Parts<'_>) -> Result<XChaCha20Poly1305, Unopened> {
        let key = open_part(&self.wrap, parts.key_nonce, parts.key, &self.bound(KEY_DOMAIN, address))?;
        XChaCha20Poly1305::new_from_slice(&key).map_err(|_| Unopened)
    }

    fn bound(&self, domain: &[u8], address: Address<'_>) -> Vec<u8> {
        let generation = address.generation.to_be_bytes();
        let fields = [
            domain,
            self.vault_id.as_bytes(),
            &[u8::from(self.test)],
            address.name.kind.as_str().as_bytes(),
            address.name.id.as_str().as_bytes(),
            &generation,
            address.extra,
        ];
        let mut data = Vec::with_capacity(192);
        fields.iter().for_each(|field| append_field(&mut data, field));
        data
    }

    fn bound_to_prefix(&self, address: Address<'_>, prefix: &[u8]) -> Vec<u8> {
        let mut data = self.bound(VALUE_DOMAIN, address);
        append_field(&mut data, prefix);
        data
    }
}

impl Opened<'_> {
    pub(super) fn metadata(&self) -> &[u8] {
        &self.metadata
    }

    pub(super) fn value(&self) -> Result<Zeroizing<Vec<u8>>, Unopened> {
        open_value(&self.key, self.value, &self.value_data)
    }
}

/// A blob taken apart; nothing of it is opened.
struct Parts<'b> {
    key_nonce: &'b [u8],
    key: &'b [u8],
    metadata_nonce: &'b [u8],
    metadata: &'b [u8],
    /// All that stands before the value.
    prefix: &'b [u8],
    value: &'b [u8],
}

impl<'b> Parts<'b> {
    fn of(blob: &'b [u8]) -> Result<Self, Unopened> {
        let mut rest = blob;
        if take(&mut rest, 1)? != [VERSION] {
            return Err(Unopened);
        }
        let key_nonce = take(&mut rest, NONCE)?;
        let key = take(&mut rest, KEY + TAG)?;
        let metadata_nonce = take(&mut rest, NONCE)?;
        let length = take(&mut rest, size_of::<u32>())?.try_into().map(u32::from_be_bytes);
        let length = length.ok().and_then(|length| usize::try_from(length).ok()).ok_or(Unopened)?;
        let metadata = take(&mut rest, length.checked_add(TAG).ok_or(Unopened)?)?;
        let prefix = &blob[..blob.len() - rest.len()];
        Ok(Self { key_nonce, key, metadata_nonce, metadata, prefix, value: rest })
    }
}

fn open_value(
    key: &XChaCha20Poly1305,
    mut sealed: &[u8],
    data: &[u8],
) -> Result<Zeroizing<Vec<u8>>, Unopened> {
    let nonce = take(&mut sealed, NONCE)?;
    open_part(key, nonce, sealed, data)
}

/// Appends `nonce | [length] | ciphertext`.
fn append(
    blob: &mut Vec<u8>,
    key: &XChaCha20Poly1305,
    data: &[u8],
    plain: &[u8],
    length: Option<[u8; 4]>,
) -> Result<(), EntropyError> {
    let nonce = entropy::bytes::<NONCE>()?;
    // The cipher refuses only messages of 256 GiB and more.
    let sealed = key.encrypt(&XNonce::from(nonce), Payload { msg: plain, aad: data });
    let sealed = sealed.expect("a record is far shorter than the cipher's limit");
    blob.extend_from_slice(&nonce);
    blob.extend_from_slice(length.as_ref().map_or(&[], |length| length.as_slice()));
    blob.extend_from_slice(&sealed);
    Ok(())
}

fn open_part(
    key: &XChaCha20Poly1305,
    nonce: &[u8],
    sealed: &[u8],
    data: &[u8],
) -> Result<Zeroizing<Vec<u8>>, Unopened> {
    let nonce = XNonce::try_from(nonce).map_err(|_| Unopened)?;
    key.decrypt(&nonce, Payload { msg: sealed, aad: data }).map(Zeroizing::new).map_err(|_| Unopened)
}

fn take<'b>(rest: &mut &'b [u8], count: usize) -> Result<&'b [u8], Unopened> {
    let (taken, left) = rest.split_at_checked(count).ok_or(Unopened)?;
    *rest = left;
    Ok(taken)
}

fn append_field(data: &mut Vec<u8>, field: &[u8]) {
    data.extend_from_slice(&length_of(field));
    data.extend_from_slice(field);
}

/// Every field is bounded far below 4 GiB by what may be stored.
fn length_of(field: &[u8]) -> [u8; 4] {
    u32::try_from(field.len()).expect("fields are bounded to a few MiB").to_be_bytes()
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;
    use crate::vault::keys::KeyProvider;
    use crate::vault::store::{Kind, RecordId};

    fn sealer(wrap: u8, vault_id: u8, test: bool) -> Sealer {
        let (header, _) = Header::compose(VaultId::new([vault_id; 16]), test, 0, KeyProvider::File).unwrap();
        Sealer::new(&[wrap; 32], &header)
    }

    fn name(kind: Kind, id: &str) -> RecordName {
        RecordName { kind, id: RecordId::parse(id).unwrap() }
    }

    fn address(name: &RecordName) -> Address<'_> {
        Address { name, generation: 3, extra: b"extra" }
    }

    fn open(sealer: &Sealer, address: Address<'_>, blob: &[u8]) -> Result<(Vec<u8>, Vec<u8>), Unopened> {
        let opened = sealer.open(address, blob)?;
        Ok((opened.metadata().to_vec(), opened.value()?.to_vec()))
    }

    proptest! {
        #[test]
        fn what_is_sealed_opens(metadata in vec(any::<u8>(), 0..200), value in vec(any::<u8>(), 0..2000)) {
            let name = name(Kind::Secret, "a");
            let sealer = sealer(1, 1, false);
            let blob = sealer.seal(address(&name), &metadata, &value).unwrap();
            prop_assert_eq!(open(&sealer, address(&name), &blob), Ok((metadata, value)));
        }

        #[test]
        fn any_flipped_bit_shows(value in vec(any::<u8>(), 0..64), at: prop::sample::Index, bit in 0..8u8) {
            let name = name(Kind::Secret, "a");
            let sealer = sealer(1, 1, false);
            let mut blob = sealer.seal(address(&name), b"{\"pin\":\"openai\"}", &value).unwrap();
            let at = at.index(blob.len());
            blob[at] ^= 1 << bit;
            prop_assert_eq!(open(&sealer, address(&name), &blob), Err(Unopened));
        }

        #[test]
        fn any_other_length_shows(cut: prop::sample::Index, more in vec(any::<u8>(), 1..40)) {
            let name = name(Kind::Secret, "a");
            let sealer = sealer(1, 1, false);
            let blob = sealer.seal(address(&name), b"metadata", b"value").unwrap();
            prop_assert_eq!(open(&sealer, address(&name), &blob[..cut.index(blob.len())]), Err(Unopened));
            prop_assert_eq!(open(&sealer, address(&name), &[blob, more].concat()), Err(Unopened));
        }

        #[test]
        fn garbage_never_opens(blob in vec(any::<u8>(), 0..400)) {
            let name = name(Kind::Secret, "a");
            prop_assert!(open(&sealer(1, 1, false), address(&name), &blob).is_err());
        }
    }

    #[test]
    fn a_record_opens_at_its_own_address_only() {
        let here = name(Kind::Secret, "a");
        let sealer_here = sealer(1, 1, false);
        let blob = sealer_here.seal(address(&here), b"m", b"v").unwrap();
        assert!(open(&sealer_here, address(&here), &blob).is_ok());

        for elsewhere in [name(Kind::Credential, "a"), name(Kind::Secret, "b")] {
            assert!(open(&sealer_here, address(&elsewhere), &blob).is_err(), "{elsewhere}");
        }
        assert!(open(&sealer_here, Address { generation: 2, ..address(&here) }, &blob).is_err());
        assert!(open(&sealer_here, Address { extra: b"", ..address(&here) }, &blob).is_err());
        for sealer_there in [sealer(2, 1, false), sealer(1, 2, false), sealer(1, 1, true)] {
            assert!(open(&sealer_there, address(&here), &blob).is_err());
        }
    }

    #[test]
    fn a_value_opens_only_beside_its_metadata() {
        let name = name(Kind::Secret, "a");
        let sealer = sealer(1, 1, false);
        let [first, second] = [b"pin: one", b"pin: two"]
            .map(|metadata| sealer.seal(address(&name), metadata, b"value").unwrap());
        let value_at = first.len() - (NONCE + b"value".len() + TAG);
        let spliced = [&first[..value_at], &second[value_at..]].concat();
        assert!(open(&sealer, address(&name), &spliced).is_err());
    }
}
