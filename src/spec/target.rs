//! The request target in its one spelling: an absolute path and perhaps a query
//! (RFC 9112, section 3.2.1, origin form).
//!
//! Judged on the raw bytes, before any URL library sees them. What two readers
//! could take for two things is refused; nothing is decoded, folded or repaired,
//! so that the text judged is the text sent.

use std::borrow::Cow;
use std::fmt;

use percent_encoding::percent_decode_str;
use thiserror::Error;

use super::lookalike::{is_lookalike, is_variation};
use super::path::is_literal_byte;

/// The longest target that is taken, in bytes.
pub const MAX_BYTES: usize = 16 * 1024;

/// Why a text is not a canonical target.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum TargetError {
    #[error("the path must start with `/`; scheme, host and port come from the capability")]
    NotAbsolute,
    #[error("the path and query are longer than {MAX_BYTES} bytes")]
    TooLong,
    #[error("a fragment (`#`) is never sent to a server")]
    Fragment,
    #[error("`//` holds an empty segment, which servers read differently")]
    EmptySegment,
    #[error("`.` and `..` segments are resolved by some readers and not by others")]
    DotSegment,
    #[error("a slash or backslash inside a segment, plain or encoded, may be read as a separator")]
    Separator,
    #[error("`;` starts a path parameter for some servers and not for others")]
    Parameter,
    #[error("control characters cannot stand in a target, plain or encoded")]
    Control,
    #[error("`%` must be followed by two hexadecimal digits")]
    BadPercent,
    #[error("`%25` followed by two hexadecimal digits is an escape of an escape")]
    DoubleEscape,
    #[error("`{0}` needs no escape: write it plainly, so that there is one spelling")]
    NeedlessEscape(char),
    #[error("the escapes do not spell valid UTF-8")]
    NotUtf8,
    #[error("U+{0:04X} looks like, or is folded into, another character")]
    Lookalike(u32),
    #[error("`{0}` must be percent-encoded")]
    NotEncoded(char),
}

/// A canonical target. Holds no traversal, empty segment, escape of a separator or
/// character that a URL library would change.
#[derive(Clone, PartialEq, Eq)]
pub struct Target {
    text: Box<str>,
    path_length: usize,
}

impl Target {
    /// # Errors
    /// When the text could be read in two ways; the error says why.
    pub fn parse(text: &str) -> Result<Self, TargetError> {
        if !text.starts_with('/') {
            return Err(TargetError::NotAbsolute);
        }
        if text.len() > MAX_BYTES {
            return Err(TargetError::TooLong);
        }
        let (path, query) = text.split_once('?').map_or((text, None), |(path, query)| (path, Some(query)));
        check_path(path)?;
        if let Some(query) = query {
            check_query(query)?;
        }
        Ok(Self { text: text.into(), path_length: path.len() })
    }

    /// Path and query, as they go on the wire.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    #[must_use]
    pub fn path(&self) -> &str {
        &self.text[..self.path_length]
    }

    /// What stands behind the `?`, if there is one; it may be empty.
    #[must_use]
    pub fn query(&self) -> Option<&str> {
        self.text[self.path_length..].strip_prefix('?')
    }

    /// The query's parameters, decoded as forms are; split at `;` as well, as some servers do.
    pub fn query_pairs(&self) -> impl Iterator<Item = (String, String)> {
        let pairs = self.query().unwrap_or_default().split(['&', ';']);
        pairs.filter(|pair| !pair.is_empty()).map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decoded(name), decoded(value))
        })
    }

    /// The names of the query's parameters, decoded as forms are.
    pub fn query_names(&self) -> impl Iterator<Item = String> {
        self.query_pairs().map(|(name, _)| name)
    }
}

fn decoded(text: &str) -> String {
    percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned()
}

impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.text, f)
    }
}

fn check_path(path: &str) -> Result<(), TargetError> {
    // The common path is plain characters without an empty or dotted segment; one pass tells.
    let mut previous = 0_u8;
    let mut plain = true;
    for byte in path.bytes() {
        if byte == b'/' && previous == b'/' {
            return Err(TargetError::EmptySegment);
        }
        plain &= is_literal_byte(byte) && !(byte == b'.' && previous == b'/') || byte == b'/';
        previous = byte;
    }
    if plain { Ok(()) } else { path[1..].split('/').try_for_each(check_segment) }
}

fn check_segment(segment: &str) -> Result<(), TargetError> {
    for (at, character) in segment.char_indices() {
        match character {
            '%' => check_escape(&segment[at..])?,
            '\\' => return Err(TargetError::Separator),
            ';' => return Err(TargetError::Parameter),
            '#' => return Err(TargetError::Fragment),
            '?' => {}
            c if c.is_control() => return Err(TargetError::Control),
            c if c.is_ascii() && is_literal_byte(c as u8) => {}
            '*' => {}
            c => return Err(TargetError::NotEncoded(c)),
        }
    }
    let decoded = decode(segment)?;
    if is_dots(&decoded) {
        return Err(TargetError::DotSegment);
    }
    decoded.chars().try_for_each(check_decoded)
}

/// An escape in a path: well-formed, needed, and not of another escape.
fn check_escape(text: &str) -> Result<(), TargetError> {
    let byte = escaped_byte(text)?;
    match byte {
        b'/' | b'\\' => Err(TargetError::Separator),
        b'%' if text[3..].len() >= 2 && text.as_bytes()[3..5].iter().all(u8::is_ascii_hexdigit) => {
            Err(TargetError::DoubleEscape)
        }
        b'.' => Err(TargetError::DotSegment),
        b'-' | b'_' | b'~' => Err(TargetError::NeedlessEscape(byte as char)),
        byte if byte.is_ascii_alphanumeric() => Err(TargetError::NeedlessEscape(byte as char)),
        _ => Ok(()),
    }
}

fn escaped_byte(text: &str) -> Result<u8, TargetError> {
    let digits = text.get(1..3).filter(|digits| digits.bytes().all(|b| b.is_ascii_hexdigit()));
    digits.and_then(|digits| u8::from_str_radix(digits, 16).ok()).ok_or(TargetError::BadPercent)
}

fn check_query(query: &str) -> Result<(), TargetError> {
    let mut escaped = false;
    for (at, character) in query.char_indices() {
        match character {
            '%' => {
                escaped = true;
                escaped_byte(&query[at..])?;
            }
            '#' => return Err(TargetError::Fragment),
            '\\' => return Err(TargetError::Separator),
            // URL libraries escape a plain `'` in a query.
            '\'' => return Err(TargetError::NotEncoded('\'')),
            '/' | '?' | ';' | '*' | '[' | ']' => {}
            c if c.is_control() => return Err(TargetError::Control),
            c if c.is_ascii() && is_literal_byte(c as u8) => {}
            c => return Err(TargetError::NotEncoded(c)),
        }
    }
    if escaped && decode(query)?.contains('\0') {
        return Err(TargetError::Control);
    }
    Ok(())
}

fn decode(text: &str) -> Result<Cow<'_, str>, TargetError> {
    percent_decode_str(text).decode_utf8().map_err(|_| TargetError::NotUtf8)
}

fn check_decoded(character: char) -> Result<(), TargetError> {
    if character.is_control() {
        return Err(TargetError::Control);
    }
    if is_lookalike(character) { Err(TargetError::Lookalike(character as u32)) } else { Ok(()) }
}

/// Whether somebody may resolve the segment: one or two dots, perhaps with what some readers cut
/// off, or dots among spaces and what cannot be seen, which others take out.
fn is_dots(decoded: &str) -> bool {
    let head = decoded.split([';', '?', '#']).next().unwrap_or_default();
    let is_blank = |c: char| c.is_whitespace() || is_variation(c);
    matches!(head, "." | "..")
        || head.contains(is_blank) && head.contains('.') && head.chars().all(|c| c == '.' || is_blank(c))
}

// With the crate alone: the tools compile this folder too, without what its tests need.
#[cfg(test)]
#[cfg(shipped)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_apis_use_is_taken_as_it_is() {
        for text in [
            "/",
            "/v1/models",
            "/v1beta/models/gemini-2.5:generateContent",
            "/api/0/issues/",
            "/v0/app/t/rec?",
            "/v1/customers?limit=3&expand[]=data.x",
            "/repos/a/b/contents/.github",
            "/a/%C3%A9?q=%0A+b",
            "/u/a%20b",
            "/u/%E2%9D%A4%EF%B8%8F.png",
            "/%40x",
            "/f/a..b",
            "/x/...",
            "/x/...%20a",
            "/x/%20",
            "/x/a..%3f",
            "/a?u=https://b/c?d",
            "/a/$ref/(x)/!,'*",
        ] {
            let target = Target::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
            assert_eq!(target.as_str(), text);
        }
        let target = Target::parse("/a?b=1&%6Bey=2&c+d").unwrap();
        assert_eq!((target.path(), target.query()), ("/a", Some("b=1&%6Bey=2&c+d")));
        assert_eq!(target.query_names().collect::<Vec<_>>(), ["b", "key", "c d"]);
    }

    #[test]
    fn what_could_be_read_twice_is_refused() {
        for (text, error) in [
            ("", TargetError::NotAbsolute),
            ("v1", TargetError::NotAbsolute),
            ("https://evil.example/", TargetError::NotAbsolute),
            ("@evil.example/", TargetError::NotAbsolute),
            ("//evil.example/", TargetError::EmptySegment),
            ("/a//b", TargetError::EmptySegment),
            ("/a/../b", TargetError::DotSegment),
            ("/a/./b", TargetError::DotSegment),
            ("/..", TargetError::DotSegment),
            ("/a/%2e%2e/b", TargetError::DotSegment),
            ("/a/.%2E/b", TargetError::DotSegment),
            ("/a/%252e%252e/b", TargetError::DoubleEscape),
            ("/a/..%3bx/b", TargetError::DotSegment),
            ("/a/..;x/b", TargetError::Parameter),
            ("/a/..%20/b", TargetError::DotSegment),
            ("/a/%20../b", TargetError::DotSegment),
            ("/a/.%20./b", TargetError::DotSegment),
            ("/a/..%C2%A0", TargetError::DotSegment),
            ("/a/.%EF%B8%8F./b", TargetError::DotSegment),
            ("/a/..%F3%A0%84%80", TargetError::DotSegment),
            ("/a%EF%BF%BEb", TargetError::Lookalike(0xFFFE)),
            ("/a/.%F0%9D%85%B3.", TargetError::Lookalike(0x1D173)),
            ("/a/..%3f/b", TargetError::DotSegment),
            ("/a/..%3Fx", TargetError::DotSegment),
            ("/a/..%23/b", TargetError::DotSegment),
            ("/a/.%23x", TargetError::DotSegment),
            ("/a;jsessionid=1", TargetError::Parameter),
            ("/a%2fb", TargetError::Separator),
            ("/a%2Fb", TargetError::Separator),
            ("/a%5cb", TargetError::Separator),
            ("/a\\b", TargetError::Separator),
            ("/a#b", TargetError::Fragment),
            ("/a?b#c", TargetError::Fragment),
            ("/a\tb", TargetError::Control),
            ("/a\r\nb", TargetError::Control),
            ("/a%00", TargetError::Control),
            ("/a?b=%00", TargetError::Control),
            ("/a%0a", TargetError::Control),
            ("/a%", TargetError::BadPercent),
            ("/a%4", TargetError::BadPercent),
            ("/a%zz", TargetError::BadPercent),
            ("/a?b=%é0", TargetError::BadPercent),
            ("/%66iles", TargetError::NeedlessEscape('f')),
            ("/a%c0%af", TargetError::NotUtf8),
            ("/a%ff", TargetError::NotUtf8),
            ("/a/%EF%BC%8E%EF%BC%8E/b", TargetError::Lookalike(0xFF0E)),
            ("/a%E2%80%AEb", TargetError::Lookalike(0x202E)),
            ("/a/%EF%B8%B0/b", TargetError::Lookalike(0xFE30)),
            ("/a%E2%80%A8b", TargetError::Lookalike(0x2028)),
            ("/a%C2%ADb", TargetError::Lookalike(0xAD)),
            ("/a%F3%A0%80%AEb", TargetError::Lookalike(0xE002E)),
            ("/%F0%9D%90%9Files", TargetError::Lookalike(0x1D41F)),
            ("/a%E2%92%88b", TargetError::Lookalike(0x2488)),
            ("/a%E2%81%87b", TargetError::Lookalike(0x2047)),
            ("/a b", TargetError::NotEncoded(' ')),
            ("/é", TargetError::NotEncoded('é')),
            ("/a?q='x'", TargetError::NotEncoded('\'')),
            ("/a?q=\"x\"", TargetError::NotEncoded('"')),
        ] {
            assert_eq!(Target::parse(text), Err(error), "{text:?}");
        }
        assert_eq!(Target::parse(&format!("/{}", "a".repeat(MAX_BYTES))), Err(TargetError::TooLong));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(5_000))]

        #[test]
        fn a_target_is_what_a_url_library_would_send(text in "/([a-zA-Z0-9./%;?#:@&=+$,!'()*~_\\\\ -]|%2e|%2F|é){0,24}") {
            if let Ok(target) = Target::parse(&text) {
                let url = url::Url::parse(&format!("https://api.example.com{}", target.as_str())).unwrap();
                prop_assert_eq!(url.as_str(), format!("https://api.example.com{text}"));
            }
        }

        #[test]
        fn any_text_is_judged_without_a_panic(text in "\\PC{0,60}") {
            let _ = Target::parse(&text);
        }
    }
}
