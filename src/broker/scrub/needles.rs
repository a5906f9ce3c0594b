//! The spellings to look for, and what is done where the head of one is found.

use std::borrow::Cow;
use std::ops::Range;

use memchr::memmem;
use thiserror::Error;
use zeroize::Zeroizing;

use super::heads::{HEAD_LENGTH, Heads};
use super::{End, forms};

/// The shortest secret, and the shortest spelling, that is looked for: 6 bytes.
///
/// Shorter ones turn up by chance: most pages of JSON hold most numbers of three digits. To replace them would
/// garble honest answers, and would let a caller learn the secret by making the upstream say all of them and
/// watching which one is replaced.
pub const MIN_LENGTH: usize = 6;

/// Every spelling of some secrets. Shows none of them: no `Debug`, no accessor.
///
/// Not free to make (twenty microseconds): where a credential is used again and again, make it once and share it.
pub struct Needles {
    /// Longest first, so that the first to match is the one to replace.
    spellings: Vec<Zeroizing<Vec<u8>>>,
    /// Finds the leftmost place where the head of a spelling stands.
    heads: Heads,
    /// Which bytes a spelling starts with.
    first_bytes: [bool; 256],
    /// What replaces a spelling.
    mark: Vec<u8>,
}

/// Why spellings cannot be looked for. Says nothing of what they are.
#[derive(Debug, Error)]
pub enum NeedlesError {
    /// Too many or too long for the matcher.
    #[error(
        "the secrets of this request are too many or too large to be scrubbed from its answer; use fewer secrets"
    )]
    TooLarge,
    /// Every replacement tried would complete a secret, or be a part of one.
    #[error("no text can stand in for the secrets of this request; use fewer secrets")]
    NoReplacement,
}

impl Needles {
    /// Looks for each secret in every spelling that a common encoder gives it, and for the `exact` texts that go
    /// with it as they stand, such as the header that was injected.
    ///
    /// # Errors
    /// [`NeedlesError`]; then nothing may be sent, since the answer could not be scrubbed.
    pub fn from_secrets<'a>(
        secrets: impl IntoIterator<Item = (&'a [u8], &'a [&'a [u8]])>,
    ) -> Result<Self, NeedlesError> {
        let mut spellings = Vec::new();
        for (secret, exact) in secrets {
            if secret.len() >= MIN_LENGTH {
                forms::append_forms(secret, &mut spellings);
            }
            spellings.extend(exact.iter().map(|text| Zeroizing::new(text.to_vec())));
        }
        Self::from_spellings(spellings)
    }

    fn from_spellings(mut spellings: Vec<Zeroizing<Vec<u8>>>) -> Result<Self, NeedlesError> {
        spellings.retain(|spelling| spelling.len() >= MIN_LENGTH);
        spellings.sort_unstable_by(|a, b| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
        spellings.dedup();
        let mark = choose_mark(&spellings)?;
        let heads = Heads::build(spellings.iter().map(|spelling| &***spelling))?;
        let mut first_bytes = [false; 256];
        for spelling in &spellings {
            first_bytes[usize::from(spelling[0])] = true;
        }
        Ok(Self { spellings, heads, first_bytes, mark })
    }

    /// True where there is nothing to look for.
    pub fn is_empty(&self) -> bool {
        self.spellings.is_empty()
    }

    /// A header's value with every spelling replaced; borrowed where there is none.
    pub fn scrub_header_value<'v>(&self, value: &'v [u8]) -> Cow<'v, [u8]> {
        let mut replaced = Vec::new();
        let mut copied_to = 0;
        self.for_each_match(value, End::Closed, |found| {
            replaced.extend_from_slice(&value[copied_to..found.start]);
            replaced.extend_from_slice(&self.mark);
            copied_to = found.end;
        });
        if copied_to == 0 {
            return Cow::Borrowed(value);
        }
        replaced.extend_from_slice(&value[copied_to..]);
        Cow::Owned(replaced)
    }

    pub(super) fn mark(&self) -> &[u8] {
        &self.mark
    }

    /// Hands over each match, left to right, and returns the index from which `text` is undecided: its end, or
    /// the start of what may become a match when more comes.
    pub(super) fn for_each_match(
        &self,
        text: &[u8],
        end: End,
        mut on_match: impl FnMut(Range<usize>),
    ) -> usize {
        let mut at = 0;
        loop {
            let undecided = self.find_cut_head(text, at, end);
            let Some(start) = self.heads.find(text, at).filter(|start| *start < undecided) else {
                return undecided;
            };
            match self.judge(&text[start..], end) {
                Verdict::Match(length) => {
                    on_match(start..start + length);
                    at = start + length;
                }
                Verdict::Undecided => return start,
                Verdict::Other => at = start + 1,
            }
        }
    }

    /// What `text`, which starts with a head, starts with. A longer spelling that more text could complete
    /// leaves a shorter one undecided.
    fn judge(&self, text: &[u8], end: End) -> Verdict {
        for spelling in &self.spellings {
            if text.starts_with(spelling) {
                return Verdict::Match(spelling.len());
            }
            if end == End::Open && spelling.starts_with(text) {
                return Verdict::Undecided;
            }
        }
        Verdict::Other
    }

    /// Where a head that the end of `text` cuts short starts; the end of `text` where there is none.
    fn find_cut_head(&self, text: &[u8], from: usize, end: End) -> usize {
        if end == End::Closed {
            return text.len();
        }
        let cut = |rest: &[u8]| {
            let starts =
                |spelling: &Zeroizing<Vec<u8>>| spelling.len() > rest.len() && spelling.starts_with(rest);
            self.first_bytes[usize::from(rest[0])] && self.spellings.iter().any(starts)
        };
        let shortest_whole = text.len().saturating_sub(HEAD_LENGTH - 1);
        (from.max(shortest_whole)..text.len()).find(|start| cut(&text[*start..])).unwrap_or(text.len())
    }
}

enum Verdict {
    /// A spelling of this length.
    Match(usize),
    /// The start of a spelling, as far as the text goes.
    Undecided,
    Other,
}

/// The first mark that cannot make or hide a match: with it, text that was scrubbed holds no spelling.
fn choose_mark(spellings: &[Zeroizing<Vec<u8>>]) -> Result<Vec<u8>, NeedlesError> {
    const NAMED: [&[u8]; 4] = [b"[redacted]", b"<redacted>", b"(redacted)", b"{redacted}"];
    let plain = (b'!'..=b'~').map(|byte| vec![byte; 10]);
    let mut marks = NAMED.map(<[u8]>::to_vec).into_iter().chain(plain);
    marks.find(|mark| !any_overlaps(mark, spellings)).ok_or(NeedlesError::NoReplacement)
}

/// True where `mark` and a spelling hold each other, or an end of one is a start of the other.
fn any_overlaps(mark: &[u8], spellings: &[Zeroizing<Vec<u8>>]) -> bool {
    let finder = memmem::Finder::new(mark);
    let meets = |a: &[u8], b: &[u8]| (1..=a.len().min(b.len())).any(|n| a.ends_with(&b[..n]));
    spellings.iter().any(|spelling| {
        let inside = spelling.len() <= mark.len() && memmem::find(mark, spelling).is_some();
        inside || finder.find(spelling).is_some() || meets(mark, spelling) || meets(spelling, mark)
    })
}
