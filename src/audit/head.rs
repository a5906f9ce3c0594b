//! How far the log has come: 188 bytes, authenticated, rewritten after each line.
//!
//! ```text
//!   8  "AIVHEAD2"
//!  36  id of the machine's start at the time of writing, zeros where unknown
//!  52  the last line written:  file u32, end u64, seq u64 (big-endian), mac
//!  52  the last line known to be on the disk, likewise
//!   8  the latest change of the vault that a line speaks of, u64
//!  32  HMAC-SHA256 of the above
//! ```
//!
//! A log that is shorter than `written` was cut, unless the machine went down since:
//! then lines behind `synced` may be lost, as the disk takes what was not synced in
//! any order. Pure.

use super::chain::{Chain, Link};

/// Less than a disk's sector, so that a power cut leaves the old record or the new one.
pub(super) const HEAD_LEN: usize = 188;

pub(super) type HeadBytes = [u8; HEAD_LEN];

const MAGIC: &[u8; 8] = b"AIVHEAD2";
const MAC_AT: usize = HEAD_LEN - 32;

/// A line's place in the chain and in the files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Position {
    pub(super) file: u32,
    /// The file's length with this line as its last, in bytes.
    pub(super) end: u64,
    pub(super) link: Link,
}

impl Position {
    /// Before the first line.
    pub(super) const START: Self = Self { file: 1, end: 0, link: Link::START };

    /// The same place in the chain, at the start of the next file.
    pub(super) fn in_next_file(&self) -> Self {
        Self { file: self.file + 1, end: 0, link: self.link }
    }
}

/// One start of the machine; `None` where the system does not tell.
pub(super) type Boot = Option<[u8; 36]>;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Head {
    pub(super) boot: Boot,
    pub(super) written: Position,
    pub(super) synced: Position,
    /// The highest `epoch` of all lines up to `written`; 0 while there is none.
    pub(super) epoch: u64,
}

impl Head {
    pub(super) fn encode(&self, chain: &Chain) -> HeadBytes {
        let mut bytes = [0; HEAD_LEN];
        let mut rest = &mut bytes[..];
        put(&mut rest, MAGIC);
        put(&mut rest, &self.boot.unwrap_or([0; 36]));
        put_position(&mut rest, &self.written);
        put_position(&mut rest, &self.synced);
        put(&mut rest, &self.epoch.to_be_bytes());
        let mac = chain.head_mac(&bytes[..MAC_AT]);
        bytes[MAC_AT..].copy_from_slice(&mac);
        bytes
    }

    /// `None` when the bytes are not a head that the key's owner wrote.
    pub(super) fn decode(bytes: &HeadBytes, chain: &Chain) -> Option<Self> {
        let (record, mac) = bytes.split_at(MAC_AT);
        if !chain.head_holds(record, mac) {
            return None;
        }
        let rest = &mut record.strip_prefix(MAGIC)?;
        let boot = take(rest)?;
        let boot = (boot != [0; 36]).then_some(boot);
        let (written, synced) = (take_position(rest)?, take_position(rest)?);
        Some(Self { boot, written, synced, epoch: u64::from_be_bytes(take(rest)?) })
    }

    /// Whether bytes that were written but not synced can have been lost since.
    pub(super) fn machine_went_down(&self, now: Boot) -> bool {
        match (self.boot, now) {
            (Some(then), Some(now)) => then != now,
            // A caller who hides the id must not gain by it.
            (Some(_), None) => false,
            (None, _) => true,
        }
    }
}

pub(super) fn put(rest: &mut &mut [u8], bytes: &[u8]) {
    let (field, behind) = std::mem::take(rest).split_at_mut(bytes.len());
    field.copy_from_slice(bytes);
    *rest = behind;
}

fn put_position(rest: &mut &mut [u8], position: &Position) {
    put(rest, &position.file.to_be_bytes());
    put(rest, &position.end.to_be_bytes());
    put(rest, &position.link.seq.to_be_bytes());
    put(rest, &position.link.mac);
}

pub(super) fn take<const N: usize>(rest: &mut &[u8]) -> Option<[u8; N]> {
    let (field, behind) = rest.split_first_chunk::<N>()?;
    *rest = behind;
    Some(*field)
}

fn take_position(rest: &mut &[u8]) -> Option<Position> {
    let file = u32::from_be_bytes(take(rest)?);
    let end = u64::from_be_bytes(take(rest)?);
    let seq = u64::from_be_bytes(take(rest)?);
    Some(Position { file, end, link: Link { seq, mac: take(rest)? } })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::audit::key::AuditKey;

    fn chain() -> Chain {
        Chain::new(&AuditKey::new([7; 32]))
    }

    fn position() -> impl Strategy<Value = Position> {
        (any::<u32>(), any::<u64>(), any::<u64>(), any::<[u8; 32]>())
            .prop_map(|(file, end, seq, mac)| Position { file, end, link: Link { seq, mac } })
    }

    proptest! {
        #[test]
        fn a_head_comes_back_and_no_changed_byte_passes(
            written in position(), synced in position(), boot in prop::option::of(Just([b'b'; 36])),
            epoch in any::<u64>(), place in 0..HEAD_LEN, flip in 1u8..
        ) {
            let head = Head { boot, written, synced, epoch };
            let mut bytes = head.encode(&chain());
            prop_assert_eq!(Head::decode(&bytes, &chain()), Some(head));
            bytes[place] ^= flip;
            prop_assert_eq!(Head::decode(&bytes, &chain()), None);
        }
    }

    #[test]
    fn a_loss_is_believed_only_after_a_new_start_of_the_machine() {
        let written_at = |boot| Head { boot, written: Position::START, synced: Position::START, epoch: 0 };
        let (one, two) = (Some([1; 36]), Some([2; 36]));
        assert!(!written_at(one).machine_went_down(one));
        assert!(written_at(one).machine_went_down(two));
        assert!(!written_at(one).machine_went_down(None));
        assert!(written_at(None).machine_went_down(None));
    }
}
