//! Which headers of an upstream's answer reach the caller.
//!
//! Pure. Dropped are those that could carry a credential or start a session, those that belong to one
//! connection (RFC 9110 §7.6.1), those that our own framing makes anew, and those that speak to a browser about
//! the upstream's host or describe its servers. Everything else passes: a caller needs `retry-after`,
//! `x-request-id` and the rate-limit family. Values are scrubbed elsewhere; a name alone is judged here.

use http::HeaderName;

use crate::spec::header::carries_credential;

/// True where a response header of this name may reach the caller.
///
/// This judges names alone. A name that the response's own `connection` header lists is hop-by-hop as well: the
/// one who copies the headers drops those, see [`listed_in_connection`].
pub fn passes(name: &HeaderName) -> bool {
    let name = name.as_str();
    !(carries_credential(name)
        || HOP_BY_HOP.contains(&name)
        || HOST_POLICY.contains(&name)
        || name.starts_with("proxy-"))
}

/// True where `connection`, the value of that header, lists `name` as belonging to the connection.
pub fn listed_in_connection(connection: &[u8], name: &HeaderName) -> bool {
    connection.split(|byte| *byte == b',').any(|listed| {
        let listed = listed.trim_ascii();
        listed.eq_ignore_ascii_case(name.as_str().as_bytes())
    })
}

/// True for a header that is a digest of the body: of one that was changed it would be wrong, and would let a
/// caller try out what was taken away.
pub fn digests_body(name: &HeaderName) -> bool {
    ["content-digest", "content-md5", "digest", "repr-digest"].contains(&name.as_str())
}

/// One connection's business, and framing that is made anew for the caller. `content-encoding` is among them
/// because what the caller receives is decoded.
const HOP_BY_HOP: &[&str] = &[
    "connection",
    "content-encoding",
    "content-length",
    "http2-settings",
    "keep-alive",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// Words to a browser about the upstream's host, and what software it runs.
const HOST_POLICY: &[&str] = &[
    "alt-svc",
    "clear-site-data",
    "expect-ct",
    "nel",
    "public-key-pins",
    "public-key-pins-report-only",
    "refresh",
    "report-to",
    "reporting-endpoints",
    "server",
    "service-worker-allowed",
    "strict-transport-security",
    "via",
    "x-aspnet-version",
    "x-aspnetmvc-version",
    "x-powered-by",
];

#[cfg(test)]
mod tests {
    use http::HeaderName;

    use super::{HOP_BY_HOP, HOST_POLICY, listed_in_connection, passes};

    fn name(text: &str) -> HeaderName {
        HeaderName::from_bytes(text.as_bytes()).expect("a header name")
    }

    #[test]
    fn credentials_framing_and_host_policy_are_dropped_in_any_case() {
        let dropped = [
            "Authorization",
            "Proxy-Authenticate",
            "proxy-authentication-info",
            "Proxy-Authorization",
            "proxy-connection",
            "Proxy-Status",
            "WWW-Authenticate",
            "Authentication-Info",
            "X-Api-Key",
            "xi-api-key",
            "x-goog-api-key",
            "api-key",
            "ApiKey",
            "Private-Token",
            "X-Auth-Token",
            "X-Access-Token",
            "X-Amz-Security-Token",
            "X-Subject-Token",
            "Set-Cookie",
            "Set-Cookie2",
            "Connection",
            "Keep-Alive",
            "TE",
            "Trailer",
            "Transfer-Encoding",
            "Upgrade",
            "Content-Length",
            "Content-Encoding",
            "Alt-Svc",
            "Strict-Transport-Security",
            "Server",
            "Via",
            "X-Powered-By",
            "NEL",
            "Report-To",
            "Refresh",
        ];
        for text in dropped {
            assert!(!passes(&name(text)), "{text}");
        }
    }

    #[test]
    fn what_a_client_works_with_passes() {
        let kept = [
            "content-type",
            "content-disposition",
            "content-language",
            "content-range",
            "content-location",
            "accept-ranges",
            "cache-control",
            "date",
            "etag",
            "last-modified",
            "link",
            "location",
            "retry-after",
            "vary",
            "warning",
            "deprecation",
            "sunset",
            "ratelimit",
            "ratelimit-limit",
            "x-ratelimit-remaining",
            "x-ratelimit-remaining-tokens",
            "anthropic-ratelimit-tokens-remaining",
            "x-request-id",
            "request-id",
            "x-amzn-requestid",
            "x-amz-meta-owner",
            "x-goog-generation",
            "x-next-page-token",
            "openai-processing-ms",
            "traceparent",
            "stripe-version",
            "x-github-media-type",
        ];
        for text in kept {
            assert!(passes(&name(text)), "{text}");
        }
    }

    #[test]
    fn lists_are_sorted_lower_case_and_without_twins() {
        for list in [HOP_BY_HOP, HOST_POLICY] {
            assert!(list.is_sorted_by(|a, b| a < b), "{list:?}");
            assert!(list.iter().all(|entry| name(entry).as_str() == *entry), "{list:?}");
        }
    }

    #[test]
    fn connection_names_its_own_headers() {
        let listed = |value: &str, text: &str| listed_in_connection(value.as_bytes(), &name(text));
        assert!(listed("close, X-Trace", "x-trace"));
        assert!(listed("\tx-trace ,keep-alive", "x-trace"));
        assert!(!listed("x-trace-id", "x-trace"));
        assert!(!listed("", "x-trace"));
        assert!(!listed("x trace", "x-trace"));
    }
}
