//! Texts of the model: of the registry, kept in one table, or of their own.
//!
//! A registry of a hundred providers has tens of thousands of texts. As places in one table they
//! hold no address, so that a program that starts has nothing to relocate for them.

use std::borrow::Borrow;
use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::ops::Deref;

/// All texts of the registry, one behind the other. The build script, which writes them, has none.
#[cfg(shipped)]
static KEPT: &str = include_str!(concat!(env!("OUT_DIR"), "/texts.txt"));
#[cfg(not(shipped))]
static KEPT: &str = "";

/// A text that does not change.
#[derive(Clone)]
pub struct Text(Repr);

#[derive(Clone)]
enum Repr {
    /// So many bytes of the table, from there on.
    Kept {
        at: u32,
        len: u32,
    },
    Fixed(&'static str),
    Own(Box<str>),
}

/// The part of the table that a text of the registry is.
const fn kept(at: u32, len: u32) -> &'static str {
    // A table of 4 GiB is no table.
    let (_, tail) = KEPT.split_at(at as usize);
    tail.split_at(len as usize).0
}

impl Text {
    #[must_use]
    pub const fn from_static(text: &'static str) -> Self {
        Self(Repr::Fixed(text))
    }

    /// For generated code: a place that is not in the table does not compile.
    #[must_use]
    pub const fn kept(at: u32, len: u32) -> Self {
        let _ = kept(at, len);
        Self(Repr::Kept { at, len })
    }

    /// What a text of generated code says, for the compiler to check.
    #[must_use]
    pub const fn as_static(&self) -> &'static str {
        match &self.0 {
            Repr::Kept { at, len } => kept(*at, *len),
            Repr::Fixed(text) => text,
            Repr::Own(_) => panic!("generated texts are fixed"),
        }
    }

    #[inline]
    #[must_use]
    pub fn as_str(&self) -> &str {
        match &self.0 {
            Repr::Kept { at, len } => kept(*at, *len),
            Repr::Fixed(text) => text,
            Repr::Own(text) => text,
        }
    }
}

impl Deref for Text {
    type Target = str;

    fn deref(&self) -> &str {
        self.as_str()
    }
}

impl AsRef<str> for Text {
    fn as_ref(&self) -> &str {
        self.as_str()
    }
}

impl Borrow<str> for Text {
    fn borrow(&self) -> &str {
        self.as_str()
    }
}

impl From<&str> for Text {
    fn from(text: &str) -> Self {
        Self(Repr::Own(text.into()))
    }
}

impl From<String> for Text {
    fn from(text: String) -> Self {
        Self(Repr::Own(text.into_boxed_str()))
    }
}

impl PartialEq for Text {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

impl Eq for Text {}

impl PartialEq<str> for Text {
    fn eq(&self, other: &str) -> bool {
        self.as_str() == other
    }
}

impl PartialEq<&str> for Text {
    fn eq(&self, other: &&str) -> bool {
        self.as_str() == *other
    }
}

impl PartialEq<Text> for str {
    fn eq(&self, other: &Text) -> bool {
        self == other.as_str()
    }
}

impl PartialEq<Text> for &str {
    fn eq(&self, other: &Text) -> bool {
        *self == other.as_str()
    }
}

impl PartialEq<String> for Text {
    fn eq(&self, other: &String) -> bool {
        self.as_str() == other.as_str()
    }
}

impl PartialOrd for Text {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Text {
    fn cmp(&self, other: &Self) -> Ordering {
        self.as_str().cmp(other.as_str())
    }
}

impl Hash for Text {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.as_str().hash(state);
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::Text;

    #[test]
    fn where_a_text_is_makes_no_difference() {
        let (fixed, own) = (Text::from_static("a/b"), Text::from("a/b"));
        assert_eq!(fixed, own);
        assert!(HashSet::from([fixed]).contains("a/b"));
        assert_eq!(own.to_string(), "a/b");
        let start = Text::kept(0, 0);
        assert_eq!(start, "");
    }
}
