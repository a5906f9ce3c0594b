//! Which escapes can matter at all, told by their first few bytes.
//!
//! Pure. An honest answer may hold an escape every few bytes; most stand for what no form of a secret holds, and are
//! passed by without being read.

use super::escapes::{self, INTRODUCERS, NAMED, short};
use super::heads::Heads;

/// How far behind an escape the next one is looked for byte by byte: escapes that come in runs stand so near, and to
/// start the fast search anew for each would be slower.
const NEAR: usize = 8;

/// The starts of all escapes that stand for one of some bytes.
pub(super) struct Starts {
    /// Finds an introducer with what may follow it; none where there is too much of that.
    heads: Option<Heads>,
    /// For each byte: which of the introducers it may follow.
    second: [[bool; INTRODUCERS.len()]; 256],
    beyond_ascii: bool,
}

impl Starts {
    /// Of the escapes of the bytes that are `present`.
    pub(super) fn of(present: &[bool; 256]) -> Self {
        let second = second_bytes(|byte| present[usize::from(byte)]);
        let mut heads = Vec::new();
        for (index, introducer) in INTRODUCERS.into_iter().enumerate() {
            let follow = (0..=255).filter(|byte| second[usize::from(*byte)][index]);
            heads.extend(follow.map(|byte| [introducer, byte]));
        }
        let heads = Heads::build(heads.iter().map(<[u8; 2]>::as_slice));
        Self { heads, second, beyond_ascii: present[128..].contains(&true) }
    }

    /// Where in `text` such an escape may stand.
    pub(super) fn find_iter<'a>(&'a self, text: &'a [u8]) -> impl Iterator<Item = usize> {
        let (mut from, mut near) = (0, 0);
        std::iter::from_fn(move || {
            loop {
                let nearby = text[from..near.max(from)].iter().position(|byte| INTRODUCERS.contains(byte));
                let found = match nearby {
                    Some(distance) => from + distance,
                    None => self.next(text, near.max(from))?,
                };
                from = found + 1;
                near = text.len().min(from + NEAR);
                if self.may_be(&text[found..]) {
                    return Some(found);
                }
            }
        })
    }

    fn next(&self, text: &[u8], from: usize) -> Option<usize> {
        match &self.heads {
            Some(heads) => heads.find(text, from),
            None => escapes::introducers(&text[from..]).next().map(|distance| from + distance),
        }
    }

    /// False where `text`, which starts with an introducer, starts with no escape of them.
    fn may_be(&self, text: &[u8]) -> bool {
        match (text[0], text.get(1)) {
            // By far the most frequent: what is beyond ASCII is written so.
            (b'\\', Some(b'u')) => self.beyond_ascii || text[2..].starts_with(b"00"),
            (introducer, Some(byte)) => {
                let follows = self.second[usize::from(*byte)];
                INTRODUCERS.iter().zip(follows).any(|(other, may)| may && *other == introducer)
            }
            (_, None) => false,
        }
    }
}

fn second_bytes(is_present: impl Fn(u8) -> bool + Copy) -> [[bool; INTRODUCERS.len()]; 256] {
    let mut second = [[false; INTRODUCERS.len()]; 256];
    let mut allow = |introducer: u8, byte: u8| {
        for (index, other) in INTRODUCERS.into_iter().enumerate() {
            second[usize::from(byte)][index] |= other == introducer;
        }
    };
    for byte in (0..=255).filter(|byte| is_present(*byte)) {
        for digits in [b"0123456789abcdef", b"0123456789ABCDEF"] {
            allow(b'%', digits[usize::from(byte >> 4)]);
        }
    }
    (0..=255).filter(|letter| short(*letter).is_some_and(is_present)).for_each(|letter| allow(b'\\', letter));
    NAMED.iter().filter(|(_, byte)| is_present(*byte)).for_each(|(name, _)| allow(b'&', name[0]));
    [(b'\\', b'u'), (b'\\', b'x'), (b'&', b'#')].into_iter().for_each(|(start, byte)| allow(start, byte));
    second
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::{any, prop_assert, proptest};
    use proptest::sample::select;

    use super::Starts;
    use crate::broker::scrub::escapes::{Escape, INTRODUCERS};

    fn starts(bytes: &[u8]) -> Starts {
        let mut present = [false; 256];
        bytes.iter().for_each(|byte| present[usize::from(*byte)] = true);
        Starts::of(&present)
    }

    fn found(bytes: &[u8], text: &[u8]) -> Vec<usize> {
        starts(bytes).find_iter(text).collect()
    }

    #[test]
    fn what_stands_for_other_bytes_is_passed_by() {
        for text in ["\\n", "\\\"", "\\/", "\\u4f60", "%0a", "%%", "&amp;", "& ", "\\"] {
            assert_eq!(found(b"abc-_", text.as_bytes()), [0; 0], "{text}");
        }
        for text in ["\\u0061", "\\x61", "\\-", "%61", "%2D", "&#97;", "&lowbar;"] {
            assert_eq!(found(b"abc-_", text.as_bytes()), [0], "{text}");
        }
        assert_eq!(found(b"a", br"%61%61 long way to \u0061"), [0, 3, 19]);
    }

    proptest! {
        #[test]
        fn no_escape_of_a_byte_is_passed_by(
            text in vec(select(br"\\\%%&&ux#00123456789abcdefABCDEF;ndl".as_slice()), 0..60),
            bytes in vec(any::<u8>(), 1..4),
        ) {
            let found = found(&bytes, &text);
            for at in 0..text.len() {
                let escape = Escape::read(&text[at..]);
                let matters = escape.is_some_and(|escape| escape.first_bytes().any(|byte| bytes.contains(&byte)));
                prop_assert!(!matters || found.contains(&at), "{at} {found:?}");
            }
            prop_assert!(found.is_sorted_by(|a, b| a < b) && found.iter().all(|at| INTRODUCERS.contains(&text[*at])));
        }
    }
}
