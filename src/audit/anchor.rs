//! Where the log begins, once the operator retired its first files: 92 bytes, authenticated.
//!
//! ```text
//!   8  "AIVANCH1"
//!   4  the number of the first file that is kept, u32 (big-endian, as all)
//!  40  the last entry of the file before it:  seq u64, mac
//!   8  when the files before it were retired, in milliseconds since 1970, u64
//!  32  HMAC-SHA256 of the above
//! ```
//!
//! Without it the log begins with file 1, so that neither taking it away nor putting an older one in its
//! place hides anything: the files that it says were kept are then missed.

use std::path::Path;

use crate::platform::files::{self, FileError};

use super::chain::{Chain, Link};
use super::error::{AuditError, Broken, Problem};
use super::head::{Position, put, take};
use super::names::ANCHOR;

const LEN: usize = 92;
const MAC_AT: usize = LEN - 32;
const MAGIC: &[u8; 8] = b"AIVANCH1";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Anchor {
    /// The first file that is kept.
    pub(super) first: u32,
    /// The entry before its first.
    pub(super) link: Link,
    pub(super) retired_ms: u64,
}

impl Anchor {
    /// Of a log from which nothing was retired.
    pub(super) const START: Self = Self { first: 1, link: Link::START, retired_ms: 0 };

    /// The place before the first entry that is kept.
    pub(super) fn position(&self) -> Position {
        Position { file: self.first, end: 0, link: self.link }
    }

    pub(super) fn is_start(&self) -> bool {
        *self == Self::START
    }

    pub(super) fn load(folder: &Path, chain: &Chain) -> Result<Self, AuditError> {
        let Some(bytes) = stored(folder)? else { return Ok(Self::START) };
        let edited = Broken { file: ANCHOR.to_owned(), line: 0, seq: 0, problem: Problem::AnchorEdited };
        Ok(Self::decode(&bytes, chain).ok_or(edited)?)
    }

    /// Durably, in one step.
    pub(super) fn store(&self, folder: &Path, chain: &Chain) -> Result<(), AuditError> {
        Ok(files::write_atomic(&folder.join(ANCHOR), &self.encode(chain))?)
    }

    fn encode(&self, chain: &Chain) -> [u8; LEN] {
        let mut bytes = [0; LEN];
        let mut rest = &mut bytes[..];
        put(&mut rest, MAGIC);
        put(&mut rest, &self.first.to_be_bytes());
        put(&mut rest, &self.link.seq.to_be_bytes());
        put(&mut rest, &self.link.mac);
        put(&mut rest, &self.retired_ms.to_be_bytes());
        let mac = chain.anchor_mac(&bytes[..MAC_AT]);
        bytes[MAC_AT..].copy_from_slice(&mac);
        bytes
    }

    /// `None` when the bytes are not an anchor that the key's owner wrote.
    fn decode(bytes: &[u8], chain: &Chain) -> Option<Self> {
        let (record, mac) = bytes.split_at_checked(MAC_AT)?;
        if !chain.anchor_holds(record, mac) {
            return None;
        }
        Self::fields(record)
    }

    fn fields(record: &[u8]) -> Option<Self> {
        let rest = &mut record.strip_prefix(MAGIC)?;
        let first = u32::from_be_bytes(take(rest)?);
        let seq = u64::from_be_bytes(take(rest)?);
        let link = Link { seq, mac: take(rest)? };
        Some(Self { first, link, retired_ms: u64::from_be_bytes(take(rest)?) })
    }
}

/// The first file that is kept, as the anchor says it without being checked: for those who read without a key.
pub(super) fn first_file(folder: &Path) -> Result<u32, AuditError> {
    let stored = stored(folder)?;
    let anchor = stored.and_then(|bytes| Anchor::fields(bytes.get(..MAC_AT)?));
    Ok(anchor.map_or(1, |anchor| anchor.first))
}

fn stored(folder: &Path) -> Result<Option<Vec<u8>>, FileError> {
    match files::read_private(&folder.join(ANCHOR), LEN) {
        Err(error) if error.is_missing() => Ok(None),
        read => read.map(Some),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::key::AuditKey;

    #[test]
    fn an_anchor_comes_back_and_no_changed_byte_passes() {
        let chain = Chain::new(&AuditKey::new([7; 32]));
        let anchor = Anchor { first: 5, link: Link { seq: 77, mac: [3; 32] }, retired_ms: 9 };
        let bytes = anchor.encode(&chain);
        assert_eq!(Anchor::decode(&bytes, &chain), Some(anchor));
        for place in 0..LEN {
            let mut changed = bytes;
            changed[place] ^= 1;
            assert_eq!(Anchor::decode(&changed, &chain), None, "byte {place}");
            assert_eq!(Anchor::decode(&bytes[..place], &chain), None, "{place} bytes");
        }
        assert_eq!(Anchor::decode(&bytes, &Chain::new(&AuditKey::new([8; 32]))), None);
    }
}
