//! Forms (`application/x-www-form-urlencoded`, WHATWG URL, section 5.1).

use crate::policy::denial::{Denial, Reason};

/// The fields of a form in their order, repeated ones too.
///
/// # Errors
/// A denial when the form is not plain text with well-formed escapes of UTF-8.
pub(super) fn read(bytes: &[u8]) -> Result<Vec<(String, String)>, Denial> {
    let malformed = || Denial::new(Reason::BodyNotForm, "the body is not a form that reads in one way only");
    // Some servers split forms at `;` too; a plain one is therefore refused.
    let plain = bytes.iter().all(|byte| byte.is_ascii_graphic() && !matches!(byte, b';' | b'#'));
    if !plain || !escapes_are_whole(bytes) {
        return Err(malformed());
    }
    let fields: Vec<(String, String)> =
        form_urlencoded::parse(bytes).map(|(name, value)| (name.into_owned(), value.into_owned())).collect();
    let unclear = |text: &String| text.contains(['\0', '\u{FFFD}']);
    if fields.iter().any(|(name, value)| unclear(name) || unclear(value)) {
        return Err(malformed());
    }
    Ok(fields)
}

fn escapes_are_whole(bytes: &[u8]) -> bool {
    let mut at = bytes.iter().enumerate().filter(|(_, byte)| **byte == b'%').map(|(at, _)| at);
    at.all(|at| bytes.get(at + 1..at + 3).is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_decoded() {
        let fields = read(b"amount=100&metadata%5Bkey%5D=a+b&x").unwrap();
        let expected = [("amount", "100"), ("metadata[key]", "a b"), ("x", "")];
        assert_eq!(fields, expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
    }

    #[test]
    fn what_reads_in_two_ways_is_refused() {
        for form in ["a=1;b=2", "a=%zz", "a=%4", "a=%ff", "a=%00", "a b=1", "a=\u{e9}", "a=1#b"] {
            assert_eq!(read(form.as_bytes()).unwrap_err().reason, Reason::BodyNotForm, "{form}");
        }
    }
}
