//! Header names and the classes of them that no caller may set (invariant 5).
//!
//! The classes are one table, used when a provider file is checked, when a request is
//! judged and when an answer is passed on, so that these cannot differ.

use std::fmt;

use super::packed::packed_as_its_value;
use super::text::Text;

/// A header's name in its one spelling: lower-case letters, digits and `-`.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct HeaderName(Text);

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
    /// In a constant, a malformed name does not compile.
    #[must_use]
    pub const fn from_static(text: &'static str) -> Self {
        assert!(is_header_name(text), "malformed header name");
        Self(Text::from_static(text))
    }

    /// The name, unless it is not in lower case or not a name at all.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        is_header_name(text).then(|| Self(Text::from(text)))
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

packed_as_its_value!(HeaderName);

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

/// What carries a credential, a challenge or a session, in a request or in a response: callers do
/// not set it, and do not get it.
const AUTH: &[&str] = &[
    "access-token",
    "api-key",
    "apikey",
    "auth-token",
    "authentication-info",
    "authorization",
    "cookie",
    "cookie2",
    "dd-api-key",
    "dd-application-key",
    "deploy-token",
    "id-token",
    "job-token",
    "ocp-apim-subscription-key",
    "plaid-client-id",
    "plaid-secret",
    "private-token",
    "proxy-authenticate",
    "proxy-authorization",
    "refresh-token",
    "set-cookie",
    "set-cookie2",
    "www-authenticate",
    "x-access-token",
    "x-algolia-api-key",
    "x-amz-security-token",
    "x-api-key",
    "x-api-token",
    "x-apikey",
    "x-auth-email",
    "x-auth-key",
    "x-auth-token",
    "x-authorization",
    "x-client-cert",
    "x-csrf-token",
    "x-figma-token",
    "x-goog-api-key",
    "x-goog-iam-authorization-token",
    "x-id-token",
    "x-postmark-account-token",
    "x-postmark-server-token",
    "x-refresh-token",
    "x-session-token",
    "x-shopify-access-token",
    "x-subject-token",
    "x-subscription-token",
    "x-vault-token",
    "x-xsrf-token",
    "xi-api-key",
];
/// Beginnings of such names.
const AUTH_FAMILIES: &[&str] = &["sec-websocket-", "ssl-client-", "x-ssl-client-"];
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
    "cf-connecting-ip",
    "cf-connecting-ipv6",
    "client-ip",
    "fastly-client-ip",
    "fly-client-ip",
    "forwarded",
    "host",
    "max-forwards",
    // CGI makes HTTP_PROXY of it.
    "proxy",
    "proxy-client-ip",
    "remote-user",
    "true-client-ip",
    "via",
    "wl-proxy-client-ip",
    "x-appengine-user-ip",
    "x-azure-clientip",
    "x-azure-socketip",
    "x-client-ip",
    "x-cluster-client-ip",
    "x-forward-for",
    "x-forwarded",
    "x-host",
    "x-http-host-override",
    "x-http-method",
    "x-http-method-override",
    "x-http-path-override",
    "x-method-override",
    "x-original-forwarded-for",
    "x-original-host",
    "x-original-method",
    "x-original-path",
    "x-original-uri",
    "x-original-url",
    "x-originating-ip",
    "x-override-url",
    "x-real-ip",
    "x-remote-addr",
    "x-remote-ip",
    "x-remote-user",
    "x-rewrite-url",
];
const ROUTING_FAMILIES: &[&str] = &["x-envoy-", "x-forwarded-"];
const ACT_AS: &[&str] = &[
    "as-user",
    "on-behalf-of",
    "paypal-auth-assertion",
    "stripe-account",
    "stripe-context",
    "sudo",
    "x-goog-user-project",
];
const ACT_AS_FAMILIES: &[&str] = &["dropbox-api-select-", "impersonate-"];

/// Why a caller may not set `name`, if so. Case does not matter, and `_` counts as
/// `-`, since gateways behind an upstream may fold the one into the other.
#[must_use]
pub fn reserved(name: &str) -> Option<Reserved> {
    if carries_credential(name) {
        Some(Reserved::Auth)
    } else if is_among(CONNECTION, name) {
        Some(Reserved::Connection)
    } else if is_among(ROUTING, name) || is_of(ROUTING_FAMILIES, name) {
        Some(Reserved::Routing)
    } else if is_among(ACT_AS, name) || is_of(ACT_AS_FAMILIES, name) {
        Some(Reserved::ActAs)
    } else if same_header("accept-encoding", name) {
        Some(Reserved::Negotiated)
    } else {
        None
    }
}

/// Whether a header of that name may hold a credential or a session, whichever way it goes.
#[must_use]
pub fn carries_credential(name: &str) -> bool {
    is_among(AUTH, name) || is_of(AUTH_FAMILIES, name)
}

fn is_among(table: &[&str], name: &str) -> bool {
    table.iter().any(|entry| same_header(entry, name))
}

fn is_of(families: &[&str], name: &str) -> bool {
    let begins =
        |beginning: &&str| name.get(..beginning.len()).is_some_and(|head| same_header(beginning, head));
    families.iter().any(begins)
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
        assert_eq!(reserved("impersonate_user"), Some(Reserved::ActAs));
        for name in ["content-type", "accept", "x-request-id", "openai-beta", "", "é"] {
            assert_eq!(reserved(name), None, "{name}");
        }
    }

    #[test]
    fn the_tables_are_sorted_and_say_each_name_once() {
        for table in [AUTH, ROUTING, ACT_AS] {
            assert!(table.is_sorted_by(|a, b| a < b), "{table:?}");
            assert!(table.iter().all(|name| is_header_name(name)), "{table:?}");
        }
    }
}
