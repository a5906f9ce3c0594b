//! `--include`: the status of an answer, and those of its headers that callers work with.
//!
//! Which headers pass at all is not decided here. Of those that do, the ones shown are named one by one, so that a
//! new one has to be thought of before it is.

use std::io;

use http::StatusCode;

use crate::cli::escape;
use crate::cli::screen::Screen;
use crate::service::Reply;

/// Prints the head, and the empty line behind it.
pub(super) fn print(reply: &Reply, screen: &mut Screen<'_>) -> io::Result<()> {
    let status = StatusCode::from_u16(reply.status).ok();
    let name = status.and_then(|status| status.canonical_reason());
    let name = name.map(|name| format!(" {name}")).unwrap_or_default();
    writeln!(screen.out, "HTTP {}{name}", reply.status)?;
    for (name, value) in reply.headers.iter().filter(|(name, _)| is_shown(name.as_str())) {
        // A header may hold what a terminal would obey.
        let value = String::from_utf8_lossy(value.as_bytes());
        writeln!(screen.out, "{name}: {}", escape::line(&value))?;
    }
    writeln!(screen.out)
}

/// What the answer is, when to come again, how much is left, and how the upstream calls the request.
fn is_shown(name: &str) -> bool {
    const NAMES: [&str; 6] =
        ["content-type", "location", "request-id", "retry-after", "x-request-id", "x-amzn-requestid"];
    const FAMILIES: [&str; 4] = ["ratelimit", "x-ratelimit", "x-rate-limit", "anthropic-ratelimit"];
    let of_family = |family: &&str| {
        name.strip_prefix(*family).is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
    };
    NAMES.contains(&name) || name.ends_with("-request-id") || FAMILIES.iter().any(of_family)
}

#[cfg(test)]
mod tests {
    use futures_util::stream;
    use http::{HeaderMap, HeaderName, HeaderValue};

    use super::*;
    use crate::cli::screen::Paint;

    fn printed(status: u16, headers: &[(&'static str, &[u8])]) -> String {
        let headers: HeaderMap = headers
            .iter()
            .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_bytes(value).unwrap()))
            .collect();
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let paint = Paint::plain();
        let mut screen = Screen { out: &mut out, err: &mut err, paint, err_paint: paint, on_terminal: false };
        print(&Reply { status, headers, body: Box::pin(stream::empty()) }, &mut screen).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn the_status_and_the_named_headers_are_shown() {
        let shown = printed(
            429,
            &[
                ("content-type", b"application/json"),
                ("retry-after", b"20"),
                ("x-ratelimit-remaining-tokens", b"0"),
                ("openai-request-id", b"req_1"),
                ("x-trace", b"no"),
                ("ratelimits", b"no"),
                ("etag", b"no"),
            ],
        );
        assert_eq!(
            shown,
            "HTTP 429 Too Many Requests\ncontent-type: application/json\nretry-after: 20\n\
             x-ratelimit-remaining-tokens: 0\nopenai-request-id: req_1\n\n"
        );
        assert_eq!(printed(799, &[]), "HTTP 799\n\n");
    }

    #[test]
    fn a_value_moves_no_terminal() {
        assert_eq!(
            printed(200, &[("location", "/a\u{9b}2J".as_bytes())]),
            "HTTP 200 OK\nlocation: /a\\u{9b}2J\n\n"
        );
    }
}
