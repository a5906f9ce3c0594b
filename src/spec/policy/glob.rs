//! Globs over names and values: `*`, `?`, `[…]` and `{a,b}`, each `*` over any characters.

use std::fmt;

use globset::{GlobBuilder, GlobMatcher};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

const SPECIAL: [char; 7] = ['*', '?', '[', ']', '{', '}', '\\'];

/// A compiled glob; matching takes time linear in the text.
#[derive(Clone)]
pub struct Glob {
    text: String,
    /// None for a plain text, which is compared as it is.
    matcher: Option<GlobMatcher>,
}

impl Glob {
    const MAX_BYTES: usize = 256;

    /// # Errors
    /// What is wrong with the glob, in words.
    pub fn parse(text: &str) -> Result<Self, GlobError> {
        if text.is_empty() || text.len() > Self::MAX_BYTES {
            return Err(GlobError::Length);
        }
        let glob = GlobBuilder::new(text).literal_separator(false).backslash_escape(true).build();
        let glob = glob.map_err(|error| GlobError::Syntax(error.kind().to_string()))?;
        let matcher = text.contains(SPECIAL).then(|| glob.compile_matcher());
        Ok(Self { text: text.to_owned(), matcher })
    }

    #[must_use]
    pub fn matches(&self, text: &str) -> bool {
        self.matcher.as_ref().map_or_else(|| self.text == text, |matcher| matcher.is_match(text))
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether it is a plain text, which matches itself alone.
    #[must_use]
    pub fn is_literal(&self) -> bool {
        self.matcher.is_none()
    }
}

/// Why a text is not a glob.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GlobError {
    #[error("a glob has 1 to 256 bytes")]
    Length,
    #[error("this glob is malformed: {0}")]
    Syntax(String),
}

impl PartialEq for Glob {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for Glob {}

impl Serialize for Glob {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

impl<'de> Deserialize<'de> for Glob {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(&String::deserialize(deserializer)?).map_err(de::Error::custom)
    }
}

impl fmt::Debug for Glob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.text, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_crosses_separators() {
        let glob = Glob::parse("*-pro*").unwrap();
        assert!(glob.matches("o1-pro") && glob.matches("openai/gpt-5-pro-2026") && !glob.matches("gpt-4o"));
        assert!(Glob::parse("openai/*").unwrap().matches("openai/models"));
        assert!(Glob::parse("[").is_err() && Glob::parse("").is_err());
    }
}
