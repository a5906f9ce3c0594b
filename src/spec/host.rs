//! Hosts that a secret may be sent to: exact DNS names, lower case, one spelling.
//!
//! No address literals, ports, wildcards, trailing dots or non-ASCII names: each
//! of these is a second way to say the same place, or another place altogether.

use std::borrow::Cow;
use std::fmt;

use thiserror::Error;

/// Why a text is not a host.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("`{0}` is not a host name: write the DNS name alone, in lower case, such as `api.example.com`")]
pub struct HostError(pub String);

/// The host of a grant. Port 443 and `https` go with it (invariant 2).
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct HostPattern(Cow<'static, str>);

const fn is_host(text: &str) -> bool {
    let bytes = text.as_bytes();
    if bytes.len() > 253 {
        return false;
    }
    let (mut i, mut start, mut labels, mut letter) = (0, 0, 0, false);
    while i <= bytes.len() {
        if i == bytes.len() || bytes[i] == b'.' {
            if i == start || i - start > 63 || bytes[start] == b'-' || bytes[i - 1] == b'-' {
                return false;
            }
            labels += 1;
            if i < bytes.len() {
                letter = false;
            }
            start = i + 1;
        } else if bytes[i].is_ascii_lowercase() {
            letter = true;
        } else if !bytes[i].is_ascii_digit() && bytes[i] != b'-' {
            return false;
        }
        i += 1;
    }
    // A last label without a letter would be an IPv4 address in one of its spellings.
    labels >= 2 && letter
}

impl HostPattern {
    /// For generated code: a malformed host does not compile.
    #[must_use]
    pub const fn from_static(text: &'static str) -> Self {
        assert!(is_host(text), "malformed host");
        Self(Cow::Borrowed(text))
    }

    /// # Errors
    /// When `text` is not a lower-case DNS name of at least two labels.
    pub fn parse(text: &str) -> Result<Self, HostError> {
        if is_host(text) {
            return Ok(Self(Cow::Owned(text.to_owned())));
        }
        Err(HostError(text.escape_debug().to_string()))
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for HostPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl fmt::Debug for HostPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_has_one_spelling() {
        for good in ["api.openai.com", "a.b", "xn--bcher-kva.example", "0.example", "us-1.example.com"] {
            assert!(HostPattern::parse(good).is_ok(), "{good}");
        }
        let long = format!("{}.com", "a".repeat(64));
        for bad in [
            "",
            "localhost",
            "API.openai.com",
            "api.openai.com.",
            ".a.b",
            "a..b",
            "-a.b",
            "a-.b",
            "a.b:443",
            "u@a.b",
            "127.0.0.1",
            "1.1",
            "0x7f.1",
            "[::1]",
            "*.a.b",
            "bücher.example",
            "a b.c",
            "a.b/",
            &long,
        ] {
            assert!(HostPattern::parse(bad).is_err(), "{bad}");
        }
    }
}
