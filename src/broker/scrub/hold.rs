//! How much of the end of a text is kept back until more of it has come.
//!
//! Pure. A spelling may be cut anywhere by the end of a chunk, so that its start has to be kept back. Which bytes are
//! kept must tell nothing about the secret: were it those that a secret starts with, a caller who makes an upstream
//! echo guesses, one a chunk, would see each right guess come late. Kept back is therefore the whole run of bytes at
//! the end that could stand in any spelling of any secret, up to a length that tells no more of it than its magnitude.
//! Events and documents end in other bytes and are not delayed; bare words come one late.

use super::forms::Form;

/// What is kept back at the most, for all secrets but very long ones.
const MIN_LIMIT: usize = 1024;
/// How long a spelling may be for each byte of the form it spells: all of it `\u0073`, or `&#x73;`.
const MAX_STRETCH: usize = 6;

/// Decides what is kept back.
pub(super) struct Hold {
    /// The bytes that may stand in a spelling.
    inside: [bool; 256],
    limit: usize,
}

impl Hold {
    pub(super) fn of(forms: &[Form]) -> Self {
        let mut inside = [false; 256];
        let mut allow = |bytes: &[u8]| bytes.iter().for_each(|byte| inside[usize::from(*byte)] = true);
        (0..=255).filter(|byte| always_inside(*byte)).for_each(|byte| allow(&[byte]));
        for form in forms {
            allow(form);
        }
        if inside[128..].contains(&true) {
            inside[128..].fill(true);
        }
        let longest = forms.iter().map(|form| form.len()).max().unwrap_or(0);
        Self { inside, limit: (longest * MAX_STRETCH).next_power_of_two().max(MIN_LIMIT) }
    }

    /// The length of the longest spelling: what is longer is not taken for one.
    pub(super) fn limit(&self) -> usize {
        self.limit
    }

    /// Where what is kept back of `text` starts. A spelling that starts before ends within `text`.
    pub(super) fn start(&self, text: &[u8]) -> usize {
        let floor = text.len().saturating_sub(self.limit);
        let outside = text[floor..].iter().rposition(|byte| !self.inside[usize::from(*byte)]);
        outside.map_or(floor, |last| floor + last + 1)
    }
}

/// What may stand in a spelling of any secret: all that can be seen of ASCII, but for what ends a value, a tag or a
/// document. That ends an answer's chunks as well, and nothing is then kept back; blanks and line breaks do too. A
/// secret that holds one of these has it kept back all the same.
fn always_inside(byte: u8) -> bool {
    byte.is_ascii_graphic() && !b"\",>]}".contains(&byte)
}

#[cfg(test)]
mod tests {
    use zeroize::Zeroizing;

    use super::Hold;

    fn hold(form: &[u8]) -> Hold {
        Hold::of(&[Zeroizing::new(form.to_vec())])
    }

    #[test]
    fn what_ends_honest_chunks_is_not_kept_back() {
        for text in
            ["data: {}\n\n", "{\"a\":1}", "[1]", "{\"a\":1},", "\"a\"", "<p>", "word ", "line\r\n", ""]
        {
            assert_eq!(hold(b"sk-key").start(text.as_bytes()), text.len(), "{text:?}");
        }
    }

    #[test]
    fn a_run_of_any_other_bytes_is() {
        for (text, kept) in [("the word", 4), ("a \\u002", 5), ("x\n%4", 2), ("\"&#x7", 4), ("a b.", 2)] {
            assert_eq!(hold(b"sk-key").start(text.as_bytes()), text.len() - kept, "{text:?}");
        }
        assert_eq!(hold(b"sk-key").start("é".as_bytes()), 2);
    }

    #[test]
    fn the_limit_is_the_same_for_secrets_of_like_length() {
        let limits = [6, 50, 170, 171, 341, 342].map(|length| hold(&vec![b'a'; length]).limit());
        assert_eq!(limits, [1024, 1024, 1024, 2048, 2048, 4096]);
        assert_eq!(hold(b"sk-key").start(&[b'x'; 5000]), 5000 - 1024);
    }

    #[test]
    fn odd_bytes_of_a_secret_are_kept_back_with_the_rest() {
        assert_eq!(hold(b"sk \"key\"").start(b"x\na \"b"), 2);
        assert_eq!(hold("clé-key".as_bytes()).start(b"a \xf0\x9f"), 2);
    }
}
