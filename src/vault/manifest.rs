//! The sealed record that vouches for the set of all others, and for the header's exact bytes.
//!
//! Each commit raises the epoch by one, and every record written in it has the epoch as its
//! generation: no write of the vault's life shares its address with another, so that an older
//! version of a record, or one deleted since, fits nowhere again.

use serde::{Deserialize, Serialize};

use super::header::Header;
use super::multiset::SetSum;
use super::seal::{Address, Sealer, Unopened};
use super::store::{Kind, RecordId, RecordName};
use crate::platform::entropy::EntropyError;

/// What the set of records was after the commit that wrote this.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Manifest {
    /// Commits so far, the first being 1; also the generation of the manifest's own record.
    pub(super) epoch: u64,
    /// Records besides the manifest.
    pub(super) count: u64,
    pub(super) sum: SetSum,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    epoch: u64,
    count: u64,
    sum: String,
}

impl Manifest {
    /// Of a vault that holds nothing yet.
    pub(super) fn first() -> Self {
        Self { epoch: 1, count: 0, sum: SetSum::default() }
    }

    pub(super) fn record_name() -> RecordName {
        let id = RecordId::parse("manifest").expect("the literal is a well-formed id");
        RecordName { kind: Kind::Manifest, id }
    }

    pub(super) fn seal(&self, sealer: &Sealer, header: &Header) -> Result<Vec<u8>, EntropyError> {
        let document = Document { epoch: self.epoch, count: self.count, sum: self.sum.to_hex() };
        let text = serde_json::to_vec(&document).expect("two numbers and a text serialise");
        let name = Self::record_name();
        sealer.seal(Self::address(&name, self.epoch, header), &text, &[])
    }

    pub(super) fn open(
        sealer: &Sealer,
        header: &Header,
        generation: u64,
        blob: &[u8],
    ) -> Result<Self, Unopened> {
        let name = Self::record_name();
        let opened = sealer.open(Self::address(&name, generation, header), blob)?;
        opened.value()?;
        let document: Document = serde_json::from_slice(opened.metadata()).map_err(|_| Unopened)?;
        let sum = SetSum::from_hex(&document.sum).ok_or(Unopened)?;
        if document.epoch != generation {
            return Err(Unopened);
        }
        Ok(Self { epoch: document.epoch, count: document.count, sum })
    }

    fn address<'a>(name: &'a RecordName, generation: u64, header: &'a Header) -> Address<'a> {
        Address { name, generation, extra: header.digest() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vault::header::testing;
    use crate::vault::keys::Key;

    fn header(created_ms: u64) -> Header {
        testing::header(1, false, created_ms)
    }

    #[test]
    fn a_manifest_opens_under_its_header_and_generation_only() {
        let header_here = header(1);
        let sealer = Sealer::new(&Key::from_slice(&[1; 32]).unwrap(), &header_here);
        let manifest = Manifest::first();
        let blob = manifest.seal(&sealer, &header_here).unwrap();
        assert_eq!(Manifest::open(&sealer, &header_here, 1, &blob), Ok(manifest));
        assert_eq!(Manifest::open(&sealer, &header_here, 2, &blob), Err(Unopened));
        assert_eq!(Manifest::open(&sealer, &header(2), 1, &blob), Err(Unopened));
    }
}
