//! Path patterns: whole segments, so that a prefix never reaches into a neighbour.
//!
//! A segment is a literal, `*`, or one `*` with a literal before or after it; `**`
//! stands only last, for zero or more segments. Patterns are therefore boxes of
//! independent segments, and inclusion and overlap of two are exact and linear.
//! Matching neither decodes nor normalises: its input is already canonical.

use std::borrow::Cow;
use std::fmt;

use thiserror::Error;

use super::model::{List, Text};

/// Why a text is not a path pattern.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum PatternError {
    #[error("a path pattern starts with `/`")]
    NoSlash,
    #[error("an empty segment (`//`) cannot be matched")]
    EmptySegment,
    #[error("`**` stands only as the last segment")]
    RestNotLast,
    #[error("segment `{0}` has more than one `*`, or text on both sides of it")]
    TwoStars(String),
    #[error("segment `{segment}` has `{found}`: write the characters that go on the wire, without escapes")]
    BadCharacter { segment: String, found: char },
    #[error("`.` and `..` are no segments of a canonical path")]
    DotSegment,
    #[error("braces in `{0}` do not close, are nested or hold an empty alternative")]
    Braces(String),
    #[error("`{0}` stands for more than 64 patterns")]
    TooMany(String),
}

/// What one segment of a path must be.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Segment {
    Literal(Text),
    /// `*`: any one segment that is not empty.
    Any,
    /// `lit*`
    Starts(Text),
    /// `*lit`
    Ends(Text),
}

/// A pattern with its text and, computed at build time, its segments.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct PathPattern {
    text: Text,
    segments: List<Segment>,
    rest: bool,
}

/// The characters of RFC 3986 `pchar` without percent escapes and without `;`,
/// which some servers read as the start of a matrix parameter.
#[must_use]
pub const fn is_literal_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
        || matches!(byte, b'-' | b'.' | b'_' | b'~' | b'!' | b'$' | b'&' | b'\'' | b'(' | b')' | b'+' | b',')
        || matches!(byte, b'=' | b':' | b'@')
}

impl Segment {
    fn parse(text: &str) -> Result<Self, PatternError> {
        if matches!(text, "." | "..") {
            return Err(PatternError::DotSegment);
        }
        if let Some(found) = text.chars().find(|c| !(*c == '*' || c.is_ascii() && is_literal_byte(*c as u8)))
        {
            return Err(PatternError::BadCharacter { segment: text.to_owned(), found });
        }
        match text.split_once('*') {
            None => Ok(Self::Literal(Cow::Owned(text.to_owned()))),
            Some(("", "")) => Ok(Self::Any),
            Some((before, "")) => Ok(Self::Starts(Cow::Owned(before.to_owned()))),
            Some(("", after)) if !after.contains('*') => Ok(Self::Ends(Cow::Owned(after.to_owned()))),
            Some(_) => Err(PatternError::TwoStars(text.to_owned())),
        }
    }

    #[inline]
    fn matches(&self, segment: &str) -> bool {
        match self {
            Self::Literal(literal) => segment == literal,
            Self::Any => !segment.is_empty(),
            Self::Starts(before) => segment.starts_with(before.as_ref()),
            Self::Ends(after) => segment.ends_with(after.as_ref()),
        }
    }

    /// Whether each segment that `other` matches is matched by this one too.
    fn includes(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Any, other) => !matches!(other, Self::Literal(literal) if literal.is_empty()),
            (Self::Literal(a), Self::Literal(b)) => a == b,
            (Self::Starts(a), Self::Literal(b) | Self::Starts(b)) => b.starts_with(a.as_ref()),
            (Self::Ends(a), Self::Literal(b) | Self::Ends(b)) => b.ends_with(a.as_ref()),
            _ => false,
        }
    }

    /// A segment that both match, when there is one.
    fn witness(&self, other: &Self) -> Option<String> {
        let text = match (self, other) {
            (Self::Literal(text), _) | (_, Self::Literal(text)) => text.to_string(),
            (Self::Starts(a), Self::Starts(b)) | (Self::Ends(a), Self::Ends(b)) => longer(a, b),
            (Self::Starts(a), Self::Ends(b)) | (Self::Ends(b), Self::Starts(a)) => format!("{a}{b}"),
            (Self::Starts(a) | Self::Ends(a), Self::Any) | (Self::Any, Self::Starts(a) | Self::Ends(a)) => {
                a.to_string()
            }
            (Self::Any, Self::Any) => "x".to_owned(),
        };
        (self.matches(&text) && other.matches(&text)).then_some(text)
    }

    const fn spelling(&self) -> (&str, bool, bool) {
        match self {
            Self::Literal(Cow::Borrowed(text)) => (text, false, false),
            Self::Any => ("", true, false),
            Self::Starts(Cow::Borrowed(text)) => (text, false, true),
            Self::Ends(Cow::Borrowed(text)) => (text, true, false),
            _ => ("/", false, false),
        }
    }
}

fn longer(a: &Text, b: &Text) -> String {
    if a.len() >= b.len() { a.to_string() } else { b.to_string() }
}

/// Whether `text` is what `segments` and `rest` spell; lets generated code be checked by the compiler.
const fn spells(text: &str, segments: &[Segment], rest: bool) -> bool {
    let text = text.as_bytes();
    let (mut at, mut s) = (0, 0);
    while s < segments.len() {
        let (literal, star_before, star_after) = segments[s].spelling();
        let literal = literal.as_bytes();
        let Some(next) = expect(text, at, b"/") else { return false };
        at = next;
        if star_before {
            let Some(next) = expect(text, at, b"*") else { return false };
            at = next;
        }
        let Some(next) = expect(text, at, literal) else { return false };
        at = next;
        if star_after {
            let Some(next) = expect(text, at, b"*") else { return false };
            at = next;
        }
        s += 1;
    }
    if rest {
        let Some(next) = expect(text, at, b"/**") else { return false };
        at = next;
    }
    at == text.len()
}

const fn expect(text: &[u8], at: usize, wanted: &[u8]) -> Option<usize> {
    let mut i = 0;
    while i < wanted.len() {
        if at + i >= text.len() || text[at + i] != wanted[i] {
            return None;
        }
        i += 1;
    }
    Some(at + wanted.len())
}

impl PathPattern {
    /// For generated code: segments that do not spell `text` do not compile.
    #[must_use]
    pub const fn from_static(text: &'static str, segments: &'static [Segment], rest: bool) -> Self {
        assert!(spells(text, segments, rest), "segments that are not the pattern's");
        Self { text: Cow::Borrowed(text), segments: Cow::Borrowed(segments), rest }
    }

    /// One pattern, without `{a,b}`.
    ///
    /// # Errors
    /// When the text breaks a rule of the language; the error says which.
    pub fn parse(text: &str) -> Result<Self, PatternError> {
        let body = text.strip_prefix('/').ok_or(PatternError::NoSlash)?;
        let mut parts: Vec<&str> = body.split('/').collect();
        let rest = parts.last() == Some(&"**");
        if rest {
            parts.pop();
        }
        if parts.contains(&"**") {
            return Err(PatternError::RestNotLast);
        }
        // A last empty segment is a trailing slash, which some APIs demand.
        let inner = if rest { parts.len() } else { parts.len() - 1 };
        if parts[..inner].iter().any(|part| part.is_empty()) {
            return Err(PatternError::EmptySegment);
        }
        let segments = parts.into_iter().map(Segment::parse).collect::<Result<Vec<_>, _>>()?;
        Ok(Self { text: Cow::Owned(text.to_owned()), segments: Cow::Owned(segments), rest })
    }

    /// All patterns that a text with `{a,b}` alternatives stands for, in order.
    ///
    /// # Errors
    /// When the braces or one of the patterns are malformed.
    pub fn parse_all(text: &str) -> Result<Vec<Self>, PatternError> {
        expand(text)?.iter().map(|one| Self::parse(one)).collect()
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    #[must_use]
    pub fn segments(&self) -> &[Segment] {
        &self.segments
    }

    /// Whether it ends in `**`.
    #[must_use]
    pub fn has_rest(&self) -> bool {
        self.rest
    }

    /// Whether it matches one path only.
    #[must_use]
    pub fn is_exact(&self) -> bool {
        !self.rest && self.segments.iter().all(|segment| matches!(segment, Segment::Literal(_)))
    }

    /// Whether `path` (canonical, without its query) is matched.
    #[inline]
    #[must_use]
    pub fn matches(&self, path: &str) -> bool {
        let Some(mut left) = path.strip_prefix('/') else { return false };
        let mut more = true;
        for segment in self.segments.iter() {
            if !more {
                return false;
            }
            let end = left.bytes().position(|byte| byte == b'/');
            if !segment.matches(&left[..end.unwrap_or(left.len())]) {
                return false;
            }
            (left, more) = match end {
                Some(end) => (&left[end + 1..], true),
                None => ("", false),
            };
        }
        if self.rest { !more || !left.is_empty() && !left.ends_with('/') } else { !more }
    }

    /// Whether each path that `other` matches is matched by this one too.
    #[must_use]
    pub fn includes(&self, other: &Self) -> bool {
        let fits = if self.rest {
            other.segments.len() >= self.segments.len()
        } else {
            !other.rest && other.segments.len() == self.segments.len()
        };
        let trailing_slash = matches!(other.segments.last(), Some(Segment::Literal(last)) if last.is_empty());
        fits && !(self.rest && trailing_slash)
            && self.segments.iter().zip(other.segments.iter()).all(|(a, b)| a.includes(b))
    }

    /// A path that both match, when there is one.
    #[must_use]
    pub fn overlap(&self, other: &Self) -> Option<String> {
        let (short, long) =
            if self.segments.len() <= other.segments.len() { (self, other) } else { (other, self) };
        if short.segments.len() < long.segments.len() && !short.rest {
            return None;
        }
        let mut path = String::new();
        for (i, segment) in long.segments.iter().enumerate() {
            let shared = match short.segments.get(i) {
                Some(twin) => segment.witness(twin)?,
                None => segment.witness(&Segment::Any)?,
            };
            path.push('/');
            path.push_str(&shared);
        }
        if path.is_empty() {
            path.push_str("/x");
        }
        (self.matches(&path) && other.matches(&path)).then_some(path)
    }
}

/// `/a/{b,c}` as `/a/b` and `/a/c`; several groups multiply.
fn expand(text: &str) -> Result<Vec<String>, PatternError> {
    let braces = || PatternError::Braces(text.to_owned());
    let Some(open) = text.find(['{', '}']) else { return Ok(vec![text.to_owned()]) };
    let close = open + text[open..].find('}').ok_or_else(braces)?;
    let group = text.get(open + 1..close).ok_or_else(braces)?;
    if group.contains(['{', '/']) || group.split(',').any(str::is_empty) {
        return Err(braces());
    }
    let tails = expand(&text[close + 1..])?;
    let with_tails = |one| tails.iter().map(move |tail| format!("{}{one}{tail}", &text[..open]));
    let all: Vec<String> = group.split(',').flat_map(with_tails).collect();
    if all.len() > 64 {
        return Err(PatternError::TooMany(text.to_owned()));
    }
    Ok(all)
}

impl fmt::Display for PathPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.text)
    }
}

impl fmt::Debug for PathPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.text, f)
    }
}

#[cfg(test)]
#[path = "path_tests.rs"]
mod tests;
