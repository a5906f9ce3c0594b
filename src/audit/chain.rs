//! The chain: `mac` = HMAC-SHA256(key, mac of the line before, the bytes before `,"mac"`).
//!
//! RFC 2104 and FIPS 180-4. The first line follows 32 zero bytes and a text of its
//! own, and the head record is authenticated under another, so that no line can pass
//! for the first one or for a head. Pure.

use hmac::{Hmac, KeyInit, Mac as _};
use sha2::Sha256;

use super::error::Problem;
use super::key::AuditKey;
use super::line;

const FIRST: &[u8] = b"aivault audit log v1, first line\0";
const HEAD: &[u8] = b"aivault audit log v1, head\0";
const ANCHOR: &[u8] = b"aivault audit log v1, anchor\0";
const CHECKPOINT_KEY: &[u8] = b"aivault audit log v1, checkpoint key\0";
const HASH_BLOCK: usize = 64;

pub(super) type Mac = [u8; 32];

/// One line's place in the chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Link {
    /// Counts from 1 over all files.
    pub(super) seq: u64,
    pub(super) mac: Mac,
}

impl Link {
    /// What the first line follows.
    pub(super) const START: Self = Self { seq: 0, mac: [0; 32] };
}

/// The keyed function that ties the lines together.
pub(super) struct Chain {
    keyed: Hmac<Sha256>,
}

impl Chain {
    pub(super) fn new(key: &AuditKey) -> Self {
        // HMAC pads a short key with zeros to the block of its hash: this is the same key.
        let mut block = zeroize::Zeroizing::new([0; HASH_BLOCK]);
        block[..key.bytes().len()].copy_from_slice(key.bytes());
        Self { keyed: Hmac::new((&*block).into()) }
    }

    /// The link that a line with this authenticated part makes behind `after`.
    pub(super) fn extend(&self, after: &Link, body: &[u8]) -> Link {
        Link { seq: after.seq + 1, mac: self.over_line(after, body).finalize().into_bytes().into() }
    }

    /// The link of `line` (without its newline), if it is the one that follows `after`.
    pub(super) fn follow(&self, after: &Link, line: &[u8]) -> Result<Link, Problem> {
        let line = line::split(line).ok_or(Problem::Malformed)?;
        let expected = after.seq + 1;
        if line.seq > expected {
            return Err(Problem::Deleted { next: line.seq });
        }
        if line.seq < expected {
            return Err(Problem::Replayed { again: line.seq });
        }
        let mac = self.over_line(after, line.body);
        mac.verify_slice(&line.mac).map_err(|_| Problem::Edited)?;
        Ok(Link { seq: line.seq, mac: line.mac })
    }

    pub(super) fn head_mac(&self, record: &[u8]) -> Mac {
        self.over(HEAD, record).finalize().into_bytes().into()
    }

    pub(super) fn head_holds(&self, record: &[u8], mac: &[u8]) -> bool {
        self.over(HEAD, record).verify_slice(mac).is_ok()
    }

    pub(super) fn anchor_mac(&self, record: &[u8]) -> Mac {
        self.over(ANCHOR, record).finalize().into_bytes().into()
    }

    pub(super) fn anchor_holds(&self, record: &[u8], mac: &[u8]) -> bool {
        self.over(ANCHOR, record).verify_slice(mac).is_ok()
    }

    /// What the key that signs checkpoints is made from: who has the chain's key can sign, and nobody else.
    pub(super) fn checkpoint_seed(&self) -> zeroize::Zeroizing<[u8; 32]> {
        zeroize::Zeroizing::new(self.over(CHECKPOINT_KEY, b"").finalize().into_bytes().into())
    }

    fn over_line(&self, after: &Link, body: &[u8]) -> Hmac<Sha256> {
        let mut mac = self.keyed.clone();
        mac.update(&after.mac);
        if *after == Link::START {
            mac.update(FIRST);
        }
        mac.update(body);
        mac
    }

    fn over(&self, purpose: &[u8], record: &[u8]) -> Hmac<Sha256> {
        let mut mac = self.keyed.clone();
        mac.update(purpose);
        mac.update(record);
        mac
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::audit::event::{Action, Event, Outcome};

    fn chain() -> Chain {
        Chain::new(&AuditKey::new([7; 32]))
    }

    /// Lines without their newlines.
    fn lines(chain: &Chain, paths: &[String]) -> Vec<Vec<u8>> {
        let mut after = Link::START;
        let mut all = Vec::new();
        for path in paths {
            let event =
                Event { path: Some(path.clone()), ..Event::new(1, "cli", Action::Invoke, Outcome::Allowed) };
            let mut line = Vec::new();
            line::write_body(&mut line, after.seq + 1, &event).unwrap();
            after = chain.extend(&after, &line);
            line::write_mac(&mut line, &after.mac);
            line.pop();
            all.push(line);
        }
        all
    }

    /// How many lines hold, and what is wrong with the next one.
    fn check(chain: &Chain, lines: &[Vec<u8>]) -> (usize, Option<Problem>) {
        let mut after = Link::START;
        for (index, line) in lines.iter().enumerate() {
            match chain.follow(&after, line) {
                Ok(link) => after = link,
                Err(problem) => return (index, Some(problem)),
            }
        }
        (lines.len(), None)
    }

    /// RFC 4231, test case 2: the key of the chain is HMAC's key, whatever the padding.
    #[test]
    fn the_mac_is_hmac_sha256() {
        let mut key = [0; 32];
        key[..4].copy_from_slice(b"Jefe");
        let mut mac = Chain::new(&AuditKey::new(key)).keyed;
        mac.update(b"what do ya want for nothing?");
        let expected = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
        let found: String = mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(found, expected);
    }

    /// Computed apart from this code, with Python's `hmac`: the format is what the module says.
    #[test]
    fn a_known_chain_holds() {
        let known = lines(&chain(), &["/a".into(), "/b".into()]);
        let macs: Vec<&str> = known
            .iter()
            .map(|line| str::from_utf8(&line[line.len() - 66..line.len() - 2]).unwrap())
            .collect();
        assert_eq!(macs, [KNOWN_FIRST, KNOWN_SECOND]);
    }
    const KNOWN_FIRST: &str = "593b2aae6b8224f2f85ab4037105a8a18a33a7cb606449907e60ad1b7f16df65";
    const KNOWN_SECOND: &str = "fc36ca6def1916f8407c363443d8e95d79483a7c448da48149c514a0523f3641";

    #[test]
    fn another_key_or_another_place_does_not_fit() {
        let known = lines(&chain(), &["/a".into(), "/a".into()]);
        assert_eq!(check(&Chain::new(&AuditKey::new([8; 32])), &known), (0, Some(Problem::Edited)));
        let head = chain().head_mac(b"record");
        assert!(chain().head_holds(b"record", &head));
        assert!(!chain().head_holds(b"recorD", &head));
        let as_line = chain().over_line(&Link::START, b"record").finalize().into_bytes();
        assert!(!chain().head_holds(b"record", &as_line));
    }

    #[test]
    fn each_kind_of_change_has_its_name() {
        let good = lines(&chain(), &["/1", "/2", "/3", "/4"].map(String::from));
        let pick = |order: &[usize]| order.iter().map(|&index| good[index].clone()).collect::<Vec<_>>();
        assert_eq!(check(&chain(), &good), (4, None));
        assert_eq!(check(&chain(), &pick(&[0, 2, 3])), (1, Some(Problem::Deleted { next: 3 })));
        assert_eq!(check(&chain(), &pick(&[1, 2, 3])), (0, Some(Problem::Deleted { next: 2 })));
        assert_eq!(check(&chain(), &pick(&[0, 1, 1, 2])), (2, Some(Problem::Replayed { again: 2 })));
        assert_eq!(check(&chain(), &pick(&[0, 1, 0])), (2, Some(Problem::Replayed { again: 1 })));
        let other = lines(&chain(), &["/1", "/x", "/3"].map(String::from));
        let spliced = [good[0].clone(), good[1].clone(), other[2].clone()];
        assert_eq!(check(&chain(), &spliced), (2, Some(Problem::Edited)));
    }

    proptest! {
        #[test]
        fn any_change_of_any_byte_is_found_at_its_line(
            paths in prop::collection::vec("\\PC{0,40}", 1..8), at in any::<prop::sample::Index>(),
            byte in any::<prop::sample::Index>(), flip in 1u8..
        ) {
            let mut all = lines(&chain(), &paths);
            let index = at.index(all.len());
            let place = byte.index(all[index].len());
            all[index][place] ^= flip;
            let (good, problem) = check(&chain(), &all);
            prop_assert_eq!(good, index);
            prop_assert!(problem.is_some());
        }

        #[test]
        fn any_line_taken_out_is_found_at_its_place(count in 2usize..9, at in any::<prop::sample::Index>()) {
            let mut all = lines(&chain(), &vec![String::from("/same"); count]);
            // Without the last line the rest is a good chain: telling that is the head's part.
            let index = at.index(count - 1);
            all.remove(index);
            let found = check(&chain(), &all);
            prop_assert_eq!(found, (index, Some(Problem::Deleted { next: index as u64 + 2 })));
        }
    }
}
