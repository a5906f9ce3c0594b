//! Which fields of a request are the caller's own, and which belong to its connection to us.
//!
//! What a proxy must not pass on (RFC 9110, section 7.6.1) is dropped, as is what it negotiates itself; everything
//! else goes to policy as it came, to be refused there where it is not the caller's to set.

use http::{HeaderMap, HeaderName};

use super::whole::invalid;
use crate::service::ServiceError;

/// Of this connection, or ours to say on the next one: the host, the body's length, how an answer may be encoded.
const OURS: &[&str] = &[
    "accept-encoding",
    "connection",
    "content-length",
    "expect",
    "host",
    "http2-settings",
    "keep-alive",
    "proxy-connection",
    "te",
    "transfer-encoding",
    "upgrade",
];
/// Of a WebSocket's opening, which we answer and the broker asks for anew. The subprotocol is not among them: policy
/// refuses it, since some clients put a key into it.
const OPENING: &[&str] = &["sec-websocket-extensions", "sec-websocket-key", "sec-websocket-version"];

/// The fields that are the caller's own.
pub(super) fn of_caller(
    all: &HeaderMap,
    opens_websocket: bool,
) -> Result<Vec<(String, String)>, ServiceError> {
    let is_ours = |name: &HeaderName| {
        let name = name.as_str();
        OURS.contains(&name) || opens_websocket && OPENING.contains(&name)
    };
    let mut kept = Vec::with_capacity(all.len());
    for (name, value) in all.iter().filter(|(name, _)| !is_ours(name) && !is_listed(all, name)) {
        let Ok(value) = std::str::from_utf8(value.as_bytes()) else {
            return Err(invalid(&format!("the header `{name}` is not UTF-8")));
        };
        kept.push((name.as_str().to_owned(), value.to_owned()));
    }
    Ok(kept)
}

/// Whether `connection` says that a field belongs to the connection.
fn is_listed(all: &HeaderMap, name: &HeaderName) -> bool {
    lists(all, &http::header::CONNECTION, name.as_str())
}

/// Whether the list in the field `of` has `word` in it.
pub(super) fn lists(all: &HeaderMap, of: &HeaderName, word: &str) -> bool {
    let values = all.get_all(of).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).any(|one| one.trim().eq_ignore_ascii_case(word))
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn map(fields: &[(&'static str, &'static str)]) -> HeaderMap {
        fields
            .iter()
            .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)))
            .collect()
    }

    #[test]
    fn what_is_of_the_connection_goes_no_further() {
        let all = map(&[
            ("host", "127.0.0.1:1"),
            ("connection", "keep-alive, X-Hop"),
            ("x-hop", "1"),
            ("accept-encoding", "gzip, br"),
            ("content-length", "2"),
            ("user-agent", "client/1"),
            ("x-stainless-os", "Linux"),
            ("x-forwarded-for", "10.0.0.1"),
            ("sec-websocket-key", "x"),
        ]);
        let names = |opens| -> Vec<String> {
            of_caller(&all, opens).unwrap().into_iter().map(|(name, _)| name).collect()
        };
        // What reroutes is for policy to refuse, in the sight of whoever sent it.
        let kept = ["user-agent", "x-stainless-os", "x-forwarded-for", "sec-websocket-key"];
        assert_eq!(names(false), kept);
        assert_eq!(names(true), kept[..3]);
    }
}
