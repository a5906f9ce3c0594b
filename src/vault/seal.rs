//! One record, sealed: metadata and value under a key of their own, which the vault's key wraps.
//!
//! ```text
//! version 2 | nonce 24 | wrapped key 32+16 | nonce 24 | length 4 | metadata n+16 | nonce 24 | value m+16
//! ```
//!
//! `XChaCha20-Poly1305` (draft-irtf-cfrg-xchacha-03) throughout, a random key and random nonces at
//! every write. The associated data of each of the three parts is its domain, the vault's id and
//! kind, and the record's kind, id and generation, each with its length before it; that of the
//! value is also the sealed metadata before it. So the metadata can be read without touching the value, and
//! a value opens only beside the very metadata it was sealed with. The wrapped key stands apart: a change of the vault's
//! key wraps it anew and touches nothing else.
//!
//! Version 1 differs in the domains, and in that its value is bound to the wrapped key as well, which therefore cannot
//! be wrapped anew: such a record is sealed again as a whole.

use chacha20poly1305::aead::{Aead as _, AeadInOut as _, Payload};
use chacha20poly1305::{KeyInit as _, Tag, XChaCha20Poly1305, XNonce};
use thiserror::Error;
use zeroize::Zeroizing;

use super::header::{Header, VaultId};
use super::keys::Key;
use super::store::RecordName;
use crate::platform::entropy::{self, EntropyError};
use crate::platform::memory::Locked;

const NONCE: usize = 24;
const KEY: usize = Key::LENGTH;
const TAG: usize = 16;

/// How a record is sealed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Version {
    /// Read, and never written any more.
    First,
    Second,
}

impl Version {
    const NEWEST: Self = Self::Second;

    fn of(byte: u8) -> Option<Self> {
        match byte {
            1 => Some(Self::First),
            2 => Some(Self::Second),
            _ => None,
        }
    }

    fn byte(self) -> u8 {
        match self {
            Self::First => 1,
            Self::Second => 2,
        }
    }

    fn domain(self, part: Part) -> &'static [u8] {
        match (self, part) {
            (Self::First, Part::Key) => b"aivault/v1/record-key",
            (Self::First, Part::Metadata) => b"aivault/v1/record-metadata",
            (Self::First, Part::Value) => b"aivault/v1/record-value",
            (Self::Second, Part::Key) => b"aivault/v2/record-key",
            (Self::Second, Part::Metadata) => b"aivault/v2/record-metadata",
            (Self::Second, Part::Value) => b"aivault/v2/record-value",
        }
    }
}

#[derive(Debug, Clone, Copy)]
enum Part {
    Key,
    Metadata,
    Value,
}

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

/// Why a record could not be wrapped anew.
#[derive(Debug, Error)]
pub(super) enum RewrapError {
    #[error(transparent)]
    Unopened(#[from] Unopened),
    #[error(transparent)]
    Entropy(#[from] EntropyError),
}

/// Seals and opens the records of one vault.
pub(super) struct Sealer {
    wrap: Key,
    vault_id: VaultId,
    test: bool,
}

/// A record whose metadata is open and whose value is not yet.
pub(super) struct Opened<'b> {
    key: Key,
    value_data: Vec<u8>,
    value: &'b [u8],
    metadata: Zeroizing<Vec<u8>>,
}

impl Sealer {
    pub(super) fn new(wrap: &Key, header: &Header) -> Self {
        Self { wrap: wrap.duplicate(), vault_id: header.vault_id, test: header.test }
    }

    pub(super) fn seal(
        &self,
        address: Address<'_>,
        metadata: &[u8],
        value: &[u8],
    ) -> Result<Vec<u8>, EntropyError> {
        let version = Version::NEWEST;
        let key = Key::generate()?;
        let parts = 1 + 3 * (NONCE + TAG) + KEY + size_of::<u32>();
        let mut blob = Vec::with_capacity(parts + metadata.len() + value.len());
        blob.push(version.byte());
        self.append_key(&mut blob, version, address, &key)?;
        let metadata_at = blob.len();
        let data = self.bound(version, Part::Metadata, address);
        append(&mut blob, &key, &data, metadata, Some(length_of(metadata)))?;
        let data = self.bound_to(version, address, &blob[metadata_at..]);
        append(&mut blob, &key, &data, value, None)?;
        Ok(blob)
    }

    pub(super) fn open<'b>(&self, address: Address<'_>, blob: &'b [u8]) -> Result<Opened<'b>, Unopened> {
        let parts = Parts::of(blob)?;
        let key = self.record_key(address, &parts)?;
        let data = self.bound(parts.version, Part::Metadata, address);
        let metadata = open_part(&key, parts.metadata_nonce, parts.metadata, &data)?;
        let value_data = self.bound_to(parts.version, address, parts.beside_value);
        Ok(Opened { key, value_data, value: parts.value, metadata })
    }

    /// The value of a record whose metadata is known from these very bytes: it opens only beside them.
    pub(super) fn open_value(&self, address: Address<'_>, blob: &[u8]) -> Result<Locked, Unopened> {
        let parts = Parts::of(blob)?;
        let key = self.record_key(address, &parts)?;
        open_value(&key, parts.value, &self.bound_to(parts.version, address, parts.beside_value))
    }

    /// The same record for the sealer of another key of this vault: the record's own key is wrapped anew, and what it
    /// seals stays as it is.
    pub(super) fn rewrap(
        &self,
        address: Address<'_>,
        blob: &[u8],
        next: &Self,
    ) -> Result<Vec<u8>, RewrapError> {
        let parts = Parts::of(blob)?;
        if parts.version != Version::NEWEST {
            let opened = self.open(address, blob)?;
            return Ok(next.seal(address, opened.metadata(), &opened.value()?)?);
        }
        let key = self.record_key(address, &parts)?;
        let mut wrapped = Vec::with_capacity(blob.len());
        wrapped.push(parts.version.byte());
        next.append_key(&mut wrapped, parts.version, address, &key)?;
        wrapped.extend_from_slice(parts.beside_value);
        wrapped.extend_from_slice(parts.value);
        Ok(wrapped)
    }

    fn append_key(
        &self,
        blob: &mut Vec<u8>,
        version: Version,
        address: Address<'_>,
        key: &Key,
    ) -> Result<(), EntropyError> {
        append(blob, &self.wrap, &self.bound(version, Part::Key, address), key.as_bytes(), None)
    }

    fn record_key(&self, address: Address<'_>, parts: &Parts<'_>) -> Result<Key, Unopened> {
        let data = self.bound(parts.version, Part::Key, address);
        let bytes = open_locked(&self.wrap, parts.key_nonce, parts.key, &data)?;
        Key::from_slice(&bytes).ok_or(Unopened)
    }

    fn bound(&self, version: Version, part: Part, address: Address<'_>) -> Vec<u8> {
        let generation = address.generation.to_be_bytes();
        let fields = [
            version.domain(part),
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

    /// The associated data of the value.
    fn bound_to(&self, version: Version, address: Address<'_>, beside: &[u8]) -> Vec<u8> {
        let mut data = self.bound(version, Part::Value, address);
        append_field(&mut data, beside);
        data
    }
}

impl Opened<'_> {
    #[cfg(test)]
    pub(super) fn own_key(&self) -> [u8; KEY] {
        *self.key.as_bytes()
    }

    pub(super) fn metadata(&self) -> &[u8] {
        &self.metadata
    }

    pub(super) fn value(&self) -> Result<Locked, Unopened> {
        open_value(&self.key, self.value, &self.value_data)
    }
}

/// A blob taken apart; nothing of it is opened.
struct Parts<'b> {
    version: Version,
    key_nonce: &'b [u8],
    key: &'b [u8],
    metadata_nonce: &'b [u8],
    metadata: &'b [u8],
    /// What the value is bound to: the sealed metadata; of the first version, all that stands before the value.
    beside_value: &'b [u8],
    value: &'b [u8],
}

impl<'b> Parts<'b> {
    fn of(blob: &'b [u8]) -> Result<Self, Unopened> {
        let mut rest = blob;
        let version = take(&mut rest, 1)?.first().copied().and_then(Version::of).ok_or(Unopened)?;
        let key_nonce = take(&mut rest, NONCE)?;
        let key = take(&mut rest, KEY + TAG)?;
        let metadata_at = blob.len() - rest.len();
        let metadata_nonce = take(&mut rest, NONCE)?;
        let length = take(&mut rest, size_of::<u32>())?.try_into().map(u32::from_be_bytes);
        let length = length.ok().and_then(|length| usize::try_from(length).ok()).ok_or(Unopened)?;
        let metadata = take(&mut rest, length.checked_add(TAG).ok_or(Unopened)?)?;
        let before_value = &blob[..blob.len() - rest.len()];
        let beside_value = match version {
            Version::First => before_value,
            Version::Second => &before_value[metadata_at..],
        };
        Ok(Self { version, key_nonce, key, metadata_nonce, metadata, beside_value, value: rest })
    }
}

fn open_value(key: &Key, mut sealed: &[u8], data: &[u8]) -> Result<Locked, Unopened> {
    let nonce = take(&mut sealed, NONCE)?;
    open_locked(key, nonce, sealed, data)
}

fn cipher(key: &Key) -> XChaCha20Poly1305 {
    XChaCha20Poly1305::new(key.as_bytes().into())
}

/// Appends `nonce | [length] | ciphertext`.
fn append(
    blob: &mut Vec<u8>,
    key: &Key,
    data: &[u8],
    plain: &[u8],
    length: Option<[u8; 4]>,
) -> Result<(), EntropyError> {
    let nonce = entropy::bytes::<NONCE>()?;
    let sealed = seal_part(key, nonce, plain, data);
    blob.extend_from_slice(&nonce);
    blob.extend_from_slice(length.as_ref().map_or(&[], |length| length.as_slice()));
    blob.extend_from_slice(&sealed);
    Ok(())
}

fn seal_part(key: &Key, nonce: [u8; NONCE], plain: &[u8], data: &[u8]) -> Vec<u8> {
    // The cipher refuses only messages of 256 GiB and more.
    let sealed = cipher(key).encrypt(&XNonce::from(nonce), Payload { msg: plain, aad: data });
    sealed.expect("a record is far shorter than the cipher's limit")
}

fn open_part(key: &Key, nonce: &[u8], sealed: &[u8], data: &[u8]) -> Result<Zeroizing<Vec<u8>>, Unopened> {
    let nonce = XNonce::try_from(nonce).map_err(|_| Unopened)?;
    cipher(key).decrypt(&nonce, Payload { msg: sealed, aad: data }).map(Zeroizing::new).map_err(|_| Unopened)
}

/// What was sealed, opened in locked pages and nowhere else.
fn open_locked(key: &Key, nonce: &[u8], sealed: &[u8], data: &[u8]) -> Result<Locked, Unopened> {
    let nonce = XNonce::try_from(nonce).map_err(|_| Unopened)?;
    let (sealed, tag) = sealed.split_last_chunk::<TAG>().ok_or(Unopened)?;
    let mut plain = Locked::copy_of(sealed);
    let opened = cipher(key).decrypt_inout_detached(&nonce, data, (&mut *plain).into(), &Tag::from(*tag));
    opened.map(|()| plain).map_err(|_| Unopened)
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
mod vectors;

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;
    use crate::vault::header::testing::header;
    use crate::vault::store::{Kind, RecordId};

    fn sealer(wrap: u8, vault_id: u8, test: bool) -> Sealer {
        Sealer::new(&Key::from_slice(&[wrap; 32]).unwrap(), &header(vault_id, test, 0))
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

    /// A record as the first version sealed it.
    fn sealed_first(sealer: &Sealer, address: Address<'_>, metadata: &[u8], value: &[u8]) -> Vec<u8> {
        let (version, key) = (Version::First, Key::generate().unwrap());
        let mut blob = vec![version.byte()];
        sealer.append_key(&mut blob, version, address, &key).unwrap();
        let data = sealer.bound(version, Part::Metadata, address);
        append(&mut blob, &key, &data, metadata, Some(length_of(metadata))).unwrap();
        let data = sealer.bound_to(version, address, &blob);
        append(&mut blob, &key, &data, value, None).unwrap();
        blob
    }

    proptest! {
        #[test]
        fn what_was_sealed_first_opens_and_is_wrapped_anew_as_the_newest(value in vec(any::<u8>(), 0..200)) {
            let name = name(Kind::Secret, "a");
            let (before, next) = (sealer(1, 1, false), sealer(2, 1, false));
            let blob = sealed_first(&before, address(&name), b"metadata", &value);
            let whole = (b"metadata".to_vec(), value);
            prop_assert_eq!(open(&before, address(&name), &blob), Ok(whole.clone()));
            let wrapped = before.rewrap(address(&name), &blob, &next).unwrap();
            prop_assert_eq!(wrapped[0], Version::NEWEST.byte());
            prop_assert_eq!(open(&next, address(&name), &wrapped), Ok(whole));
        }

        #[test]
        fn any_flipped_bit_of_the_first_version_shows(at: prop::sample::Index, bit in 0..8u8) {
            let name = name(Kind::Secret, "a");
            let sealer = sealer(1, 1, false);
            let mut blob = sealed_first(&sealer, address(&name), b"metadata", b"value");
            let at = at.index(blob.len());
            blob[at] ^= 1 << bit;
            prop_assert_eq!(open(&sealer, address(&name), &blob), Err(Unopened));
        }

        #[test]
        fn what_is_wrapped_anew_opens_with_the_next_key_alone(value in vec(any::<u8>(), 0..200)) {
            let name = name(Kind::Secret, "a");
            let (before, next) = (sealer(1, 1, false), sealer(2, 1, false));
            let blob = before.seal(address(&name), b"metadata", &value).unwrap();
            let wrapped = before.rewrap(address(&name), &blob, &next).unwrap();
            prop_assert_eq!(&wrapped[1 + NONCE + KEY + TAG..], &blob[1 + NONCE + KEY + TAG..], "not sealed again");
            prop_assert_eq!(open(&next, address(&name), &wrapped), Ok((b"metadata".to_vec(), value)));
            prop_assert_eq!(open(&before, address(&name), &wrapped), Err(Unopened));
            prop_assert_eq!(open(&next, address(&name), &blob), Err(Unopened));
            prop_assert!(next.rewrap(address(&name), &blob, &before).is_err());
        }

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
