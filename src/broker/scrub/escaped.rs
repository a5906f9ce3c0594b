//! The search for what is spelled with escapes: all of it, or any part.
//!
//! Pure. Answers are full of escapes and almost none of them spells a secret. So the search goes from one escape that
//! stands for some byte of a form to the next, and looks closer only where that byte follows, in some form, what stands
//! before it.

use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::OnceLock;

use memchr::memchr_iter;
use zeroize::Zeroizing;

use super::escapes::{Escape, INTRODUCERS, introducers};
use super::forms::Form;
use super::needles::SHORT;
use super::starts::Starts;

/// Which bytes follow each other in some form of a secret.
pub(super) struct Escaped {
    /// Which bytes a form holds.
    present: Zeroizing<[bool; 256]>,
    /// Passes by what does not matter; made for the first long text.
    starts: OnceLock<Starts>,
    /// Which bytes a form starts with.
    first: [bool; 256],
    /// A bit for each pair of bytes, by [`pair`].
    pairs: Zeroizing<Vec<u64>>,
}

impl Escaped {
    pub(super) fn build(forms: &[Form]) -> Self {
        let mut present = Zeroizing::new([false; 256]);
        let mut first = [false; 256];
        let mut pairs = Zeroizing::new(vec![0; 1 << 10]);
        for form in forms {
            form.iter().take(1).for_each(|byte| first[usize::from(*byte)] = true);
            form.iter().for_each(|byte| present[usize::from(*byte)] = true);
            for neighbours in form.windows(2) {
                let (word, bit) = pair(neighbours[0], neighbours[1]);
                pairs[word] |= bit;
            }
        }
        Self { present, starts: OnceLock::new(), first, pairs }
    }

    /// Hands over each part of `text` that spells a form with one escape or more. Some come more than once.
    pub(super) fn find(&self, forms: &[Form], text: &[u8], mut on_match: impl FnMut(Range<usize>)) {
        if text.len() <= SHORT {
            return introducers(text).for_each(|at| self.look(forms, text, at, &mut on_match));
        }
        let starts = self.starts.get_or_init(|| Starts::of(&self.present));
        starts.find_iter(text).for_each(|at| self.look(forms, text, at, &mut on_match));
    }

    /// The same for the escape at one place, if one is there.
    fn look(&self, forms: &[Form], text: &[u8], at: usize, on_match: &mut impl FnMut(Range<usize>)) {
        if let Some(escape) = Escape::read(&text[at..]) {
            for byte in escape.first_bytes().filter(|byte| self.present[usize::from(*byte)]) {
                for (form, matched) in self.places(forms, byte, &text[..at]) {
                    let after = at + escape.length;
                    for covered in escape.covers(&form[matched..]) {
                        if let Some(length) = furthest_end(&form[matched + covered..], &text[after..]) {
                            on_match(at - matched..after + length);
                        }
                    }
                }
            }
        }
    }

    /// The forms, and how much of each, that the end of `before` spells as it is, and that go on with `byte`.
    fn places<'a>(
        &self,
        forms: &'a [Form],
        byte: u8,
        before: &'a [u8],
    ) -> impl Iterator<Item = (&'a [u8], usize)> {
        let last = before.last().filter(|last| {
            let (word, bit) = pair(**last, byte);
            self.pairs[word] & bit != 0
        });
        let starts = forms.iter().filter(move |form| form.first() == Some(&byte)).map(|form| (&***form, 0));
        let starts = self.first[usize::from(byte)].then_some(starts).into_iter().flatten();
        let inside = last.into_iter().flat_map(move |last| {
            let all =
                forms.iter().flat_map(move |form| memchr_iter(byte, form).map(|matched| (&***form, matched)));
            all.filter(|(form, matched)| {
                *matched > 0 && form[matched - 1] == *last && before.ends_with(&form[..*matched])
            })
        });
        starts.chain(inside)
    }
}

/// Where the bit of two neighbours is.
fn pair(left: u8, right: u8) -> (usize, u64) {
    let index = usize::from(left) << 8 | usize::from(right);
    (index >> 6, 1 << (index & 63))
}

/// The end of the longest start of `text` that spells `form`, byte by byte as it is or by escapes.
///
/// A form may itself hold what looks like an escape, so that there can be several ways to go on, each a pair of how
/// much of the form and of the text is behind it. The one with the least of the form goes first, so that ways which
/// meet are gone only once.
pub(super) fn furthest_end(form: &[u8], text: &[u8]) -> Option<usize> {
    // The only way, which it nearly always is, needs no set.
    let mut only = Some((0, 0));
    let mut ways = BTreeSet::new();
    let mut furthest = None;
    while let Some((matched, at)) = only.take().or_else(|| ways.pop_first()) {
        let (Some(wanted), Some(found)) = (form.get(matched), text.get(at)) else {
            if matched == form.len() {
                furthest = furthest.max(Some(at));
            }
            continue;
        };
        let escape = if INTRODUCERS.contains(found) { Escape::read(&text[at..]) } else { None };
        let plain = (found == wanted).then_some((matched + 1, at + 1));
        let escaped = escape.iter().flat_map(|escape| {
            escape.covers(&form[matched..]).map(|covered| (matched + covered, at + escape.length))
        });
        for way in plain.into_iter().chain(escaped) {
            if only.is_none() && ways.is_empty() {
                only = Some(way);
            } else {
                ways.insert(way);
            }
        }
    }
    furthest
}

#[cfg(test)]
mod tests {
    use zeroize::Zeroizing;

    use super::{Escaped, furthest_end};

    fn found(forms: &[&str], text: &str) -> Vec<String> {
        let forms: Vec<_> = forms.iter().map(|form| Zeroizing::new(form.as_bytes().to_vec())).collect();
        let mut found = Vec::new();
        Escaped::build(&forms).find(&forms, text.as_bytes(), |span| found.push(text[span].to_owned()));
        found.sort();
        found.dedup();
        found
    }

    #[test]
    fn any_part_may_be_escaped() {
        for text in ["%73k-key", "sk%2dkey", "s\\u006b-k&#101;y", "sk-ke\\u0079", "%73%6b%2d%6b%65%79"] {
            assert_eq!(found(&["sk-key"], &format!("..{text}..")), [text]);
        }
        assert_eq!(found(&["sk-key"], "sk-key sk%2dkex tk%2dkey sk%2d key %73"), [""; 0]);
    }

    #[test]
    fn a_secret_that_looks_like_an_escape_is_found_in_each_of_its_spellings() {
        for text in ["a%2541b\\u0063", "a%41\\u0062c", "\\u0061%41bc", "a&#37;41bc"] {
            assert_eq!(found(&["a%41bc"], text), [text], "{text}");
        }
        assert_eq!(found(&["a\\\\b"], "a\\\\\\\\b"), ["a\\\\\\\\b"]);
    }

    #[test]
    fn the_longest_spelling_counts_and_no_text_takes_long() {
        assert_eq!(furthest_end(b"\\\\", b"\\\\\\"), Some(3));
        assert_eq!(furthest_end(b"", b"abc"), Some(0));
        assert_eq!(furthest_end(b"ab", b"a"), None);
        // With each way gone on its own, these would be more than there are atoms.
        assert_eq!(furthest_end(&[b'\\'; 500], &[b'\\'; 1000]), Some(1000));
    }
}
