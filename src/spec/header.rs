//! Header names and the classes of them that no caller may set (invariant 5).
//!
//! The classes are one table, used when a provider file is checked and when a
//! request is judged, so that the two cannot differ.

use std::borrow::Cow;
use std::fmt;

/// A header's name in its one spelling: lower-case letters, digits and `-`.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct HeaderName(Cow<'static, str>);

const fn is_header_name(text: &str) -> bool {
    let bytes = text.as_bytes();
    if bytes.is_empty() || bytes.len() > 64 {
        return false;
    }
    let mut i = 0;
    while i < bytes.len() {
        if !(bytes[i].is_ascii_lowercase() || bytes[i].is_ascii_digit() || bytes[i] == b'-') {
            return false;
        }
        i += 1;
    }
    true
}

impl HeaderName {
    /// For generated code: a malformed name does not compile.
    #[must_use]
    pub const fn from_static(text: &'static str) -> Self {
        assert!(is_header_name(text), "malformed header name");
        Self(Cow::Borrowed(text))
    }

    /// The name, unless it is not in lower case or not a name at all.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        is_header_name(text).then(|| Self(Cow::Owned(text.to_owned())))
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for HeaderName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl fmt::Debug for HeaderName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

/// Why callers may not set a header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reserved {
    /// It says who is calling.
    Auth,
    /// It concerns one connection only (RFC 9110, section 7.6.1) or the message's framing.
    Connection,
    /// It says where a request goes, came from, or what it should be taken for.
    Routing,
    /// It makes the key act for somebody else.
    ActAs,
    /// The broker negotiates it, since it must be able to read what comes back.
    Negotiated,
}

impl fmt::Display for Reserved {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Auth => "the broker alone authenticates",
            Self::Connection => "it belongs to one connection, not to the request",
            Self::Routing => "it would reroute or disguise the request",
            Self::ActAs => "it would make the key act for another account",
            Self::Negotiated => "the broker negotiates it with the upstream",
        })
    }
}

const AUTH: &[&str] = &[
    "authorization",
    "proxy-authorization",
    "proxy-authenticate",
    "cookie",
    "cookie2",
    "set-cookie",
    "x-api-key",
    "x-apikey",
    "xi-api-key",
    "x-goog-api-key",
    "x-goog-iam-authorization-token",
    "api-key",
    "apikey",
    "x-auth-token",
    "x-auth-key",
    "x-auth-email",
    "x-access-token",
    "x-amz-security-token",
    "private-token",
    "job-token",
    "deploy-token",
    "x-subscription-token",
    "x-figma-token",
    "x-shopify-access-token",
    "x-postmark-server-token",
    "x-postmark-account-token",
    "x-vault-token",
    "x-csrf-token",
    "x-xsrf-token",
    "dd-api-key",
    "dd-application-key",
    "plaid-client-id",
    "plaid-secret",
    "x-algolia-api-key",
];
const CONNECTION: &[&str] = &[
    "connection",
    "proxy-connection",
    "keep-alive",
    "te",
    "trailer",
    "transfer-encoding",
    "content-length",
    "upgrade",
    "expect",
    "http2-settings",
];
const ROUTING: &[&str] = &[
    "host",
    "forwarded",
    "via",
    "x-real-ip",
    "x-client-ip",
    "x-cluster-client-ip",
    "true-client-ip",
    "cf-connecting-ip",
    "x-original-url",
    "x-original-uri",
    "x-original-host",
    "x-rewrite-url",
    "x-host",
    "x-http-method",
    "x-http-method-override",
    "x-method-override",
    "x-http-host-override",
    "max-forwards",
];
const ACT_AS: &[&str] = &[
    "on-behalf-of",
    "as-user",
    "stripe-account",
    "stripe-context",
    "paypal-auth-assertion",
    "x-goog-user-project",
];

/// Why a caller may not set `name`, if so. Case does not matter, and `_` counts as
/// `-`, since gateways behind an upstream may fold the one into the other.
#[must_use]
pub fn reserved(name: &str) -> Option<Reserved> {
    let is = |table: &[&str]| table.iter().any(|entry| same_header(entry, name));
    let starts = |prefix: &str| name.get(..prefix.len()).is_some_and(|head| same_header(prefix, head));
    if is(AUTH) || starts("sec-websocket-") {
        Some(Reserved::Auth)
    } else if is(CONNECTION) {
        Some(Reserved::Connection)
    } else if is(ROUTING) || starts("x-forwarded-") {
        Some(Reserved::Routing)
    } else if is(ACT_AS) || starts("dropbox-api-select-") {
        Some(Reserved::ActAs)
    } else if same_header("accept-encoding", name) {
        Some(Reserved::Negotiated)
    } else {
        None
    }
}

/// Whether two header names may be read as one by somebody on the way.
#[must_use]
pub fn same_header(a: &str, b: &str) -> bool {
    let fold = |byte: u8| if byte == b'_' { b'-' } else { byte.to_ascii_lowercase() };
    a.len() == b.len() && a.bytes().zip(b.bytes()).all(|(a, b)| fold(a) == fold(b))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_spelling_slips_past() {
        for name in ["Authorization", "AUTHORIZATION", "x_api_key", "X-Api-Key", "Cookie", "xi_api-key"] {
            assert_eq!(reserved(name), Some(Reserved::Auth), "{name}");
        }
        assert_eq!(reserved("Transfer_Encoding"), Some(Reserved::Connection));
        assert_eq!(reserved("X-Forwarded-Anything"), Some(Reserved::Routing));
        assert_eq!(reserved("Stripe-Account"), Some(Reserved::ActAs));
        for name in ["content-type", "accept", "x-request-id", "openai-beta", "", "é"] {
            assert_eq!(reserved(name), None, "{name}");
        }
    }
}
