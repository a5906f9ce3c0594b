//! Secrets in the headers of an answer, which are there whole: nothing is kept back.

use std::borrow::Cow;

use super::Needles;
use super::escaped::furthest_end;
use super::forms::Form;

/// What a reader may put between the lines of one header: RFC 9110 §5.3 has the last, and some have the others.
const JOINTS: [&[u8]; 4] = [b"", b" ", b",", b", "];

impl Needles {
    /// The lines of one header with every spelling replaced; borrowed where there is none. Lines that only together
    /// spell a secret become one.
    pub fn scrub_header<'v>(&self, lines: impl Iterator<Item = &'v [u8]>) -> Vec<Cow<'v, [u8]>> {
        let lines: Vec<_> = lines.map(|line| self.scrub_line(line)).collect();
        let together = |joint: &&[u8]| {
            let joined = lines.join(*joint);
            !self.regions(&joined, joined.len()).is_empty()
        };
        if lines.len() > 1 && JOINTS.iter().any(together) {
            return vec![Cow::Owned(self.mark().to_vec())];
        }
        lines
    }

    fn scrub_line<'v>(&self, line: &'v [u8]) -> Cow<'v, [u8]> {
        let mut replaced = Vec::new();
        let mut copied_to = 0;
        for region in self.regions(line, line.len()) {
            replaced.extend_from_slice(&line[copied_to..region.start]);
            replaced.extend_from_slice(self.mark());
            copied_to = region.end;
        }
        if copied_to == 0 {
            return Cow::Borrowed(line);
        }
        replaced.extend_from_slice(&line[copied_to..]);
        Cow::Owned(replaced)
    }

    /// True where a header of this name spells a secret. Case does not count, nor the difference between `_` and `-`:
    /// neither outlives the way that a header goes.
    pub fn is_in_header_name(&self, name: &str) -> bool {
        let name = fold(name.as_bytes());
        // No spelling is shorter than what it spells.
        let fitting = self.forms().iter().filter(|form| form.len() <= name.len());
        fitting.map(|form| fold(form)).any(|form| spells(&name, &form))
    }
}

fn fold(text: &[u8]) -> Form {
    let fold = |byte: &u8| if *byte == b'_' { b'-' } else { byte.to_ascii_lowercase() };
    Form::new(text.iter().map(fold).collect())
}

fn spells(text: &[u8], form: &[u8]) -> bool {
    (0..text.len()).any(|start| furthest_end(form, &text[start..]).is_some())
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use crate::broker::scrub::Needles;

    const KEY: &str = "sk_Proj-abcDEF+/123==";

    fn scrubbed(lines: &[&str]) -> Vec<String> {
        let needles = Needles::new([KEY.as_bytes()], []).unwrap();
        let lines = needles.scrub_header(lines.iter().map(|line| line.as_bytes()));
        lines.iter().map(|line| String::from_utf8(line.to_vec()).unwrap()).collect()
    }

    #[test]
    fn lines_are_borrowed_unless_they_hold_a_secret() {
        let needles = Needles::new([KEY.as_bytes()], []).unwrap();
        let lines = needles.scrub_header([&b"application/json"[..], b""].into_iter());
        assert!(matches!(lines[..], [Cow::Borrowed(b"application/json"), Cow::Borrowed(b"")]));
        let location = "/next?key=sk_Proj-abcDEF%2B%2F123%3D%3D&page=2";
        assert_eq!(scrubbed(&[location, "b"]), ["/next?key=[redacted]&page=2", "b"]);
        let nothing = Needles::new([], []).unwrap();
        assert!(matches!(nothing.scrub_header([&b"x"[..]].into_iter())[..], [Cow::Borrowed(b"x")]));
    }

    #[test]
    fn a_secret_in_pieces_over_the_lines_of_a_header_is_found() {
        assert_eq!(scrubbed(&["a", "sk_Proj-", "abcDEF+/123=="]), ["[redacted]"]);
        let needles = Needles::new([&b"one, two"[..]], []).unwrap();
        assert_eq!(needles.scrub_header([&b"one"[..], b"two"].into_iter()), [&b"[redacted]"[..]]);
    }

    #[test]
    fn names_are_compared_as_headers_are() {
        let needles = Needles::new([&b"sk_Proj-Zq9"[..], b"a/b+c=d"], []).unwrap();
        for name in
            ["x-sk_proj-zq9", "sk-proj-zq9", "x-sk-proj_zq9-y", "x-736b5f50726f6a2d5a7139", "a%2fb%2bc%3dd"]
        {
            assert!(needles.is_in_header_name(name), "{name}");
        }
        for name in ["content-type", "x-sk-proj-zq8", "sk-proj-zq", ""] {
            assert!(!needles.is_in_header_name(name), "{name}");
        }
    }
}
