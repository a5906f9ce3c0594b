//! Path patterns: whole segments, so that a prefix never reaches into a neighbour.
//!
//! A segment is a literal, `*`, or one `*` with a literal before or after it; `**`
//! stands only last, for zero or more segments. Patterns are therefore boxes of
//! independent segments, and inclusion and overlap of two are exact and linear.
//! Matching neither decodes nor normalises: its input is already canonical.

use std::fmt;

use thiserror::Error;

use super::packed::packed_as_its_value;
use super::text::Text;

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
    #[error("`{{{0}}}` is no alternative to anything: write `*` for a segment that varies")]
    OneAlternative(String),
    #[error("`{0}` stands for more than 64 patterns")]
    TooMany(String),
}

/// What one segment of a path must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Segment<'a> {
    Literal(&'a str),
    /// `*`: any one segment that is not empty.
    Any,
    /// `lit*`
    Starts(&'a str),
    /// `*lit`
    Ends(&'a str),
}

/// A checked pattern. It is kept as its text alone, which is as fast to match as a
/// table of segments, and costs a binary full of patterns no work when it starts.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct PathPattern(Text);

/// The characters of RFC 3986 `pchar` without percent escapes and without `;`,
/// which some servers read as the start of a matrix parameter.
#[must_use]
pub const fn is_literal_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
        || matches!(byte, b'-' | b'.' | b'_' | b'~' | b'!' | b'$' | b'&' | b'\'' | b'(' | b')' | b'+' | b',')
        || matches!(byte, b'=' | b':' | b'@')
}

impl<'a> Segment<'a> {
    /// The meaning of one segment of a checked pattern.
    fn of(text: &'a str) -> Self {
        match (text.strip_suffix('*'), text.strip_prefix('*')) {
            (Some(""), _) => Self::Any,
            (Some(before), _) => Self::Starts(before),
            (_, Some(after)) => Self::Ends(after),
            _ => Self::Literal(text),
        }
    }

    /// Whether `segment` is one that it stands for.
    #[inline]
    #[must_use]
    pub fn matches(self, segment: &str) -> bool {
        match self {
            Self::Literal(literal) => segment == literal,
            Self::Any => !segment.is_empty(),
            Self::Starts(before) => segment.starts_with(before),
            Self::Ends(after) => segment.ends_with(after),
        }
    }

    /// Whether each segment that `other` matches is matched by this one too.
    fn includes(self, other: Self) -> bool {
        match (self, other) {
            (Self::Any, other) => !matches!(other, Self::Literal("")),
            (Self::Literal(a), Self::Literal(b)) => a == b,
            (Self::Starts(a), Self::Literal(b) | Self::Starts(b)) => b.starts_with(a),
            (Self::Ends(a), Self::Literal(b) | Self::Ends(b)) => b.ends_with(a),
            _ => false,
        }
    }

    /// A segment that both match, when there is one.
    fn witness(self, other: Self) -> Option<String> {
        let text = match (self, other) {
            (Self::Literal(text), _) | (_, Self::Literal(text)) => text.to_owned(),
            (Self::Starts(a), Self::Starts(b)) | (Self::Ends(a), Self::Ends(b)) => longer(a, b).to_owned(),
            (Self::Starts(a), Self::Ends(b)) | (Self::Ends(b), Self::Starts(a)) => format!("{a}{b}"),
            (Self::Starts(a) | Self::Ends(a), Self::Any) | (Self::Any, Self::Starts(a) | Self::Ends(a)) => {
                a.to_owned()
            }
            (Self::Any, Self::Any) => "x".to_owned(),
        };
        (self.matches(&text) && other.matches(&text)).then_some(text)
    }
}

fn longer<'a>(a: &'a str, b: &'a str) -> &'a str {
    if a.len() >= b.len() { a } else { b }
}

/// Why one segment is none.
fn check_segment(text: &str) -> Result<(), PatternError> {
    if matches!(text, "." | "..") {
        return Err(PatternError::DotSegment);
    }
    if let Some(found) = text.chars().find(|c| !(*c == '*' || c.is_ascii() && is_literal_byte(*c as u8))) {
        return Err(PatternError::BadCharacter { segment: text.to_owned(), found });
    }
    match text.split_once('*') {
        None | Some(("", "") | (_, "")) => Ok(()),
        Some(("", after)) if !after.contains('*') => Ok(()),
        Some(_) => Err(PatternError::TwoStars(text.to_owned())),
    }
}

/// Holds a path against a pattern, segment by segment.
#[inline]
fn walk(pattern: &str, path: &str) -> bool {
    let mut pattern = pattern.strip_prefix('/');
    let mut path = path.strip_prefix('/');
    loop {
        match (pattern, path) {
            (None, None) => return true,
            // `**` stands for what is left, or for nothing, but not for a trailing slash.
            (Some("**"), None) => return true,
            (Some("**"), Some(left)) => return !left.is_empty() && !left.ends_with('/'),
            (Some(wanted), Some(found)) => {
                let ((wanted, pattern_left), (found, path_left)) = (cut(wanted), cut(found));
                if !Segment::of(wanted).matches(found) {
                    return false;
                }
                (pattern, path) = (pattern_left, path_left);
            }
            _ => return false,
        }
    }
}

/// A path in small letters, with those characters plain that a pattern can hold.
fn folded(path: &str) -> String {
    let mut text = String::with_capacity(path.len());
    let mut rest = path;
    while let Some((before, behind)) = rest.split_once('%') {
        text.push_str(before);
        let byte = behind.get(..2).and_then(|digits| u8::from_str_radix(digits, 16).ok());
        match byte.filter(|byte| is_literal_byte(*byte)) {
            Some(byte) => {
                text.push(char::from(byte));
                rest = &behind[2..];
            }
            None => {
                text.push('%');
                rest = behind;
            }
        }
    }
    text.push_str(rest);
    text.to_ascii_lowercase()
}

/// The first segment of what stands behind a `/`, and what stands behind the next one.
#[inline]
fn cut(text: &str) -> (&str, Option<&str>) {
    match text.bytes().position(|byte| byte == b'/') {
        Some(end) => (&text[..end], Some(&text[end + 1..])),
        None => (text, None),
    }
}

impl PathPattern {
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
        parts.into_iter().try_for_each(check_segment)?;
        Ok(Self(Text::from(text)))
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
        &self.0
    }

    /// Its segments, without a last `**`.
    #[must_use]
    pub fn segments(&self) -> Vec<Segment<'_>> {
        match self.bare().strip_prefix('/') {
            Some(body) => body.split('/').map(Segment::of).collect(),
            None => Vec::new(),
        }
    }

    /// Whether it ends in `**`.
    #[must_use]
    pub fn has_rest(&self) -> bool {
        self.0.ends_with("/**")
    }

    /// The text without a last `/**`.
    #[must_use]
    pub fn bare(&self) -> &str {
        self.0.strip_suffix("/**").unwrap_or(&self.0)
    }

    /// Whether it matches one path only.
    #[must_use]
    pub fn is_exact(&self) -> bool {
        !self.0.contains('*')
    }

    /// Whether `path` (canonical, without its query) is matched.
    #[inline]
    #[must_use]
    pub fn matches(&self, path: &str) -> bool {
        walk(&self.0, path)
    }

    /// Whether some reader takes `path` for one that is matched: many do not tell capitals from
    /// small letters, and decode what needed no escape.
    #[must_use]
    pub fn resembles(&self, path: &str) -> bool {
        let is_folded = |byte: u8| byte == b'%' || byte.is_ascii_uppercase();
        let differs = path.bytes().any(is_folded) || self.0.bytes().any(is_folded);
        differs && walk(&self.0.to_ascii_lowercase(), &folded(path))
    }

    /// Whether each path that `other` matches is matched by this one too.
    #[must_use]
    pub fn includes(&self, other: &Self) -> bool {
        let (mine, theirs) = (self.segments(), other.segments());
        let fits = if self.has_rest() {
            theirs.len() >= mine.len()
        } else {
            !other.has_rest() && theirs.len() == mine.len()
        };
        let trailing_slash = theirs.last() == Some(&Segment::Literal(""));
        fits && !(self.has_rest() && trailing_slash) && mine.iter().zip(theirs).all(|(a, b)| a.includes(b))
    }

    /// A path that both match, when there is one.
    #[must_use]
    pub fn overlap(&self, other: &Self) -> Option<String> {
        let (mine, theirs) = (self.segments(), other.segments());
        let (short, long, open) = if mine.len() <= theirs.len() {
            (mine, theirs, self.has_rest())
        } else {
            (theirs, mine, other.has_rest())
        };
        if short.len() < long.len() && !open {
            return None;
        }
        let mut path = String::new();
        for (i, segment) in long.iter().enumerate() {
            let twin = short.get(i).copied().unwrap_or(Segment::Any);
            path.push('/');
            path.push_str(&segment.witness(twin)?);
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
    // What descriptions of APIs write for a parameter, which here would be its name itself.
    if !group.contains(',') {
        return Err(PatternError::OneAlternative(group.to_owned()));
    }
    let tails = expand(&text[close + 1..])?;
    let with_tails = |one| tails.iter().map(move |tail| format!("{}{one}{tail}", &text[..open]));
    let all: Vec<String> = group.split(',').flat_map(with_tails).collect();
    if all.len() > 64 {
        return Err(PatternError::TooMany(text.to_owned()));
    }
    Ok(all)
}

packed_as_its_value!(PathPattern);

impl fmt::Display for PathPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl fmt::Debug for PathPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

// With the crate alone: the tools compile this folder too, without what its tests need.
#[cfg(test)]
#[cfg(shipped)]
#[path = "path_tests.rs"]
mod tests;
