//! Hosts that a secret may be sent to: DNS names, lower case, one spelling.
//!
//! No address literals, ports, trailing dots or non-ASCII names: each of these is a second way to
//! say the same place, or another place altogether. Where every tenant has a host, a pattern
//! stands for them all; nothing is sent to a pattern, only to a host that a credential is bound to.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use thiserror::Error;

use super::packed::packed_as_its_value;
use super::text::Text;

/// Why a text is not a host.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum HostError {
    #[error("`{0}` is not a host name: write the DNS name alone, in lower case, such as `api.example.com`")]
    Name(String),
    #[error(
        "`{0}` is not a host: `*` stands for a whole label of a tenant's host, in front of two labels or more, such as `*.example.com`"
    )]
    Pattern(String),
}

/// One host. Port 443 and `https` go with it (invariant 2).
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Host(Text);

/// The host of a grant: one host, or those of tenants, of which a credential is bound to one.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct HostPattern(Text);

/// A DNS name of two labels or more; with `stars`, one in which `*` stands for some of the labels
/// that are not the last two.
const fn is_name(text: &str, stars: bool) -> bool {
    let bytes = text.as_bytes();
    if bytes.len() > 253 {
        return false;
    }
    let (mut i, mut start, mut last, mut literals, mut letter) = (0, 0, 0, 0, false);
    while i <= bytes.len() {
        if i == bytes.len() || bytes[i] == b'.' {
            if i == start || i - start > 63 || bytes[start] == b'-' || bytes[i - 1] == b'-' {
                return false;
            }
            literals = if bytes[start] == b'*' { 0 } else { literals + 1 };
            if i < bytes.len() {
                letter = false;
            }
            (last, start) = (start, i + 1);
        } else if bytes[i].is_ascii_lowercase() {
            letter = true;
        } else if bytes[i] == b'*' {
            let whole = i == start && i + 1 < bytes.len() && bytes[i + 1] == b'.';
            if !stars || !whole {
                return false;
            }
        } else if !bytes[i].is_ascii_digit() && bytes[i] != b'-' {
            return false;
        }
        i += 1;
    }
    // With a number for its last label it would be an IPv4 address in one of its spellings.
    literals >= 2 && letter && !is_hexadecimal(bytes, last)
}

/// Whether what stands from `at` on is a number as URLs write it: `0x` and perhaps digits.
const fn is_hexadecimal(bytes: &[u8], at: usize) -> bool {
    let mut i = at + 2;
    while i < bytes.len() && bytes[i].is_ascii_hexdigit() {
        i += 1;
    }
    i == bytes.len() && bytes[at] == b'0' && bytes[at + 1] == b'x'
}

impl Host {
    /// # Errors
    /// When `text` is not a lower-case DNS name of at least two labels.
    pub fn parse(text: &str) -> Result<Self, HostError> {
        if is_name(text, false) {
            return Ok(Self(Text::from(text)));
        }
        Err(HostError::Name(text.escape_debug().to_string()))
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl HostPattern {
    /// # Errors
    /// When `text` is neither a host nor one with `*` in the place of a tenant's label.
    pub fn parse(text: &str) -> Result<Self, HostError> {
        if is_name(text, true) {
            return Ok(Self(Text::from(text)));
        }
        let shown = text.escape_debug().to_string();
        Err(if text.contains('*') { HostError::Pattern(shown) } else { HostError::Name(shown) })
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The only host that it stands for; none where each tenant has one.
    #[must_use]
    pub fn exact(&self) -> Option<Host> {
        (!self.is_of_tenants()).then(|| Host(self.0.clone()))
    }

    /// A host that it stands for, to be shown.
    #[must_use]
    pub fn example(&self) -> Host {
        Host(Text::from(self.0.replace('*', "example")))
    }

    /// Whether it stands for the hosts of tenants.
    #[must_use]
    pub fn is_of_tenants(&self) -> bool {
        self.0.contains('*')
    }

    /// Whether it stands for `host`: a `*` is one label, whatever it says.
    #[must_use]
    pub fn reaches(&self, host: &str) -> bool {
        self.overlaps_text(host)
    }

    /// The label of `host` where the last `*` stands; none where it reaches no such host, or has no `*`.
    #[must_use]
    pub fn last_starred<'h>(&self, host: &'h str) -> Option<&'h str> {
        let at = self.0.split('.').collect::<Vec<_>>().iter().rposition(|label| *label == "*")?;
        if self.reaches(host) { host.split('.').nth(at) } else { None }
    }

    /// Whether there is a host that both stand for.
    #[must_use]
    pub fn overlaps(&self, other: &Self) -> bool {
        self.overlaps_text(&other.0)
    }

    fn overlaps_text(&self, other: &str) -> bool {
        let (mut ours, mut theirs) = (self.0.split('.'), other.split('.'));
        loop {
            match (ours.next(), theirs.next()) {
                (None, None) => return true,
                (Some(one), Some(another)) if one == another || one == "*" || another == "*" => {}
                _ => return false,
            }
        }
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl fmt::Debug for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl Serialize for Host {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Host {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(&String::deserialize(deserializer)?).map_err(de::Error::custom)
    }
}

packed_as_its_value!(Host);
packed_as_its_value!(HostPattern);

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
            assert!(Host::parse(good).is_ok() && HostPattern::parse(good).is_ok(), "{good}");
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
            "127.0.0.0x1",
            "a.0x",
            "[::1]",
            "bücher.example",
            "a b.c",
            "a.b/",
            &long,
        ] {
            assert!(Host::parse(bad).is_err() && HostPattern::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_star_is_a_whole_label_before_two_others() {
        for good in ["*.a.b", "s3.*.amazonaws.com", "*.svc.*.pinecone.io", "*.*.a.b"] {
            assert!(HostPattern::parse(good).is_ok_and(|host| host.is_of_tenants()), "{good}");
            assert!(Host::parse(good).is_err(), "{good}");
        }
        for bad in ["*", "*.b", "a.*", "*.a.*", "a*.b.c", "*a.b.c", "a.*.b", "**.a.b", "*.1.2"] {
            assert!(HostPattern::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_pattern_stands_for_hosts_of_as_many_labels() {
        let shops = HostPattern::parse("*.myshopify.com").unwrap();
        for (host, reached) in [
            ("acme.myshopify.com", true),
            ("myshopify.com", false),
            ("a.b.myshopify.com", false),
            ("acme.myshopify.com.evil.example", false),
            ("evilmyshopify.com", false),
            ("acme.example.com", false),
        ] {
            assert_eq!(shops.reaches(host), reached, "{host}");
        }
        assert!(shops.overlaps(&HostPattern::parse("acme.myshopify.com").unwrap()));
        assert!(!shops.overlaps(&HostPattern::parse("*.a.myshopify.com").unwrap()));
        assert_eq!(shops.exact(), None);
    }

    #[test]
    fn the_last_star_tells_a_region() {
        for (pattern, host, region) in [
            ("sqs.*.amazonaws.com", "sqs.eu-west-1.amazonaws.com", Some("eu-west-1")),
            ("*.execute-api.*.amazonaws.com", "abc.execute-api.us-east-1.amazonaws.com", Some("us-east-1")),
            ("sqs.*.amazonaws.com", "sqs.eu-west-1.example.com", None),
            ("sqs.us-east-1.amazonaws.com", "sqs.us-east-1.amazonaws.com", None),
        ] {
            assert_eq!(HostPattern::parse(pattern).unwrap().last_starred(host), region, "{pattern} {host}");
        }
    }
}
