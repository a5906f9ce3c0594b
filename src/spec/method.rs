//! HTTP methods that a grant can name, and sets of them.
//!
//! Only these; `CONNECT`, `TRACE` and methods unknown to RFC 9110 cannot be spelled.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::packed::{packed_as_its_value, packed_enum};

/// A method as it stands on the wire: upper case, nothing else.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(any(test, not(shipped)), derive(schemars::JsonSchema))]
#[serde(rename_all = "UPPERCASE")]
pub enum Method {
    Get,
    Head,
    Post,
    Put,
    Patch,
    Delete,
    Options,
}

impl Method {
    pub const ALL: [Self; 7] =
        [Self::Get, Self::Head, Self::Post, Self::Put, Self::Patch, Self::Delete, Self::Options];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Head => "HEAD",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
            Self::Options => "OPTIONS",
        }
    }

    /// The method of that exact spelling; `get` is none.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|method| method.as_str() == text)
    }

    const fn bit(self) -> u8 {
        1 << self as u8
    }
}

packed_enum!(Method { 0 => Get, 1 => Head, 2 => Post, 3 => Put, 4 => Patch, 5 => Delete, 6 => Options });

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// Some methods; an empty set allows nothing.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub struct MethodSet(u8);

impl MethodSet {
    #[must_use]
    pub const fn of(methods: &[Method]) -> Self {
        let mut bits = 0;
        let mut i = 0;
        while i < methods.len() {
            bits |= methods[i].bit();
            i += 1;
        }
        Self(bits)
    }

    #[must_use]
    pub const fn contains(self, method: Method) -> bool {
        self.0 & method.bit() != 0
    }

    #[must_use]
    pub const fn includes(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    #[must_use]
    pub const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether nothing but `GET` and `HEAD` is in it.
    #[must_use]
    pub const fn only_reads(self) -> bool {
        self.0 & !(Method::Get.bit() | Method::Head.bit()) == 0
    }

    pub fn iter(self) -> impl Iterator<Item = Method> {
        Method::ALL.into_iter().filter(move |method| self.contains(*method))
    }
}

packed_as_its_value!(MethodSet);

impl fmt::Debug for MethodSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}

impl fmt::Display for MethodSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, method) in self.iter().enumerate() {
            write!(f, "{}{method}", if i == 0 { "" } else { ", " })?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_exact_spelling_is_a_method() {
        assert_eq!(Method::parse("POST"), Some(Method::Post));
        for bad in ["post", "Get", " GET", "CONNECT", "TRACE", "POTS", ""] {
            assert_eq!(Method::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn sets_hold_what_was_put_in() {
        let set = MethodSet::of(&[Method::Get, Method::Delete]);
        assert!(set.contains(Method::Delete) && !set.contains(Method::Post));
        assert_eq!(set.to_string(), "GET, DELETE");
        assert!(!set.only_reads() && MethodSet::of(&[Method::Get]).only_reads());
        assert!(!MethodSet::default().contains(Method::Get));
    }
}
