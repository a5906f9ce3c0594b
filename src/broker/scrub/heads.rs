//! Where one of several texts may start: the search for the first few bytes of all of them at once.
//!
//! With SIMD where the processor has it (the "Teddy" algorithm, from Hyperscan). The matchers of the
//! `aho-corasick` crate cannot wipe their memory, so that they are given heads alone, never a whole form of a secret
//! that is longer than one.

use aho_corasick::packed::{self, Searcher};
use aho_corasick::{AhoCorasick, AhoCorasickKind, Input, MatchKind};

/// How much of a form is looked for, at most. Enough to get past the public prefix of a key (`sk-proj-`,
/// `github_pat_`): a head that honest answers repeat slows the search.
const HEAD_LENGTH: usize = 12;

/// Finds the leftmost head in a text.
pub(super) enum Heads {
    None,
    /// Ten times as fast to make as the automaton.
    Simd(Searcher),
    /// For processors that the other does not know, and for more heads than it takes.
    Automaton(AhoCorasick),
}

impl Heads {
    /// None where there are too many texts for either search.
    pub(super) fn build<'a>(texts: impl Iterator<Item = &'a [u8]>) -> Option<Self> {
        let heads = distinct_heads(texts);
        if heads.is_empty() {
            return Some(Self::None);
        }
        let config = packed::Config::new().match_kind(packed::MatchKind::LeftmostFirst).clone();
        match config.builder().extend(&heads).build() {
            Some(searcher) => Some(Self::Simd(searcher)),
            None => build_automaton(&heads).map(Self::Automaton),
        }
    }

    /// The index at which the first head that starts at `from` or later does.
    pub(super) fn find(&self, text: &[u8], from: usize) -> Option<usize> {
        match self {
            Self::None => None,
            Self::Simd(searcher) => {
                searcher.find_in(text, (from..text.len()).into()).map(|head| head.start())
            }
            Self::Automaton(automaton) => {
                automaton.find(Input::new(text).range(from..)).map(|head| head.start())
            }
        }
    }
}

fn distinct_heads<'a>(texts: impl Iterator<Item = &'a [u8]>) -> Vec<&'a [u8]> {
    let mut heads: Vec<&[u8]> = texts.map(|text| &text[..text.len().min(HEAD_LENGTH)]).collect();
    heads.sort_unstable();
    heads.dedup();
    heads
}

fn build_automaton(heads: &[&[u8]]) -> Option<AhoCorasick> {
    AhoCorasick::builder()
        .match_kind(MatchKind::LeftmostFirst)
        .kind(Some(AhoCorasickKind::NoncontiguousNFA))
        .build(heads)
        .ok()
}

#[cfg(test)]
mod tests {
    use memchr::memmem;
    use proptest::collection::vec;
    use proptest::prelude::{prop_assert_eq, proptest};

    use super::{Heads, build_automaton, distinct_heads};

    proptest! {
        #[test]
        fn both_matchers_find_the_leftmost_head(
            texts in vec(vec(b'a'..=b'c', 6..20), 1..100),
            text in vec(b'a'..=b'c', 0..200),
            from in 0..200_usize,
        ) {
            let from = from.min(text.len());
            let texts = || texts.iter().map(Vec::as_slice);
            let heads = distinct_heads(texts());
            let expected = heads.iter().filter_map(|head| memmem::find(&text[from..], head)).min();
            let expected = expected.map(|start| from + start);
            prop_assert_eq!(Heads::build(texts()).unwrap().find(&text, from), expected);
            let automaton = Heads::Automaton(build_automaton(&heads).unwrap());
            prop_assert_eq!(automaton.find(&text, from), expected);
        }
    }
}
