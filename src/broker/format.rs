//! How an answer is written, as far as it is looked into. Pure.

use http::HeaderMap;
use http::header::CONTENT_TYPE;

/// What an answer's body is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    /// One JSON text.
    Json,
    /// Server-sent events (the HTML standard, section 9.2), with JSON as their data.
    Events,
    /// A JSON text on each line.
    JsonLines,
    Other,
}

impl Format {
    /// What the head of an answer says; what it says twice, it does not say.
    pub(super) fn of(headers: &HeaderMap) -> Self {
        let mut said = headers.get_all(CONTENT_TYPE).iter();
        let (Some(only), None) = (said.next(), said.next()) else { return Self::Other };
        let Ok(text) = only.to_str() else { return Self::Other };
        let essence = text.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        match essence.as_str() {
            "application/json" | "text/json" => Self::Json,
            "text/event-stream" => Self::Events,
            "application/x-ndjson"
            | "application/ndjson"
            | "application/jsonl"
            | "application/x-jsonl"
            | "application/jsonlines"
            | "application/x-jsonlines" => Self::JsonLines,
            other if other.starts_with("application/") && other.ends_with("+json") => Self::Json,
            _ => Self::Other,
        }
    }
}

/// What a line of server-sent events is, without its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum EventLine {
    /// JSON from this index on.
    Json(usize),
    /// Nothing that carries data: the end of an event, a comment, its name, or `[DONE]`.
    Plain,
    /// What the standard does not know.
    Unknown,
}

impl EventLine {
    pub(super) fn of(line: &[u8]) -> Self {
        let colon = memchr::memchr(b':', line).unwrap_or(line.len());
        let value = (colon + 1).min(line.len());
        match &line[..colon] {
            b"data" => match line[value..].trim_ascii() {
                b"" | b"[DONE]" => Self::Plain,
                _ => Self::Json(value),
            },
            b"" | b"event" | b"id" | b"retry" => Self::Plain,
            _ => Self::Unknown,
        }
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn of(types: &[&'static str]) -> Format {
        let mut headers = HeaderMap::new();
        for one in types {
            headers.append(CONTENT_TYPE, HeaderValue::from_static(one));
        }
        Format::of(&headers)
    }

    #[test]
    fn the_type_tells_the_format() {
        assert_eq!(of(&["Application/JSON; charset=utf-8"]), Format::Json);
        assert_eq!(of(&["application/vnd.github+json"]), Format::Json);
        assert_eq!(of(&["text/event-stream;charset=UTF-8"]), Format::Events);
        assert_eq!(of(&["application/x-ndjson"]), Format::JsonLines);
        for odd in [
            &[][..],
            &["text/plain"],
            &["application/json-seq"],
            &["application/json", "application/json"],
            &["text/html, application/json"],
        ] {
            assert_eq!(of(odd), Format::Other, "{odd:?}");
        }
    }

    #[test]
    fn event_lines_are_told_apart() {
        for (line, kind) in [
            (&b"data: {\"a\":1}"[..], EventLine::Json(5)),
            (b"data:[1]", EventLine::Json(5)),
            (b"data: [DONE]", EventLine::Plain),
            (b"data:", EventLine::Plain),
            (b"data", EventLine::Plain),
            (b"", EventLine::Plain),
            (b": comment", EventLine::Plain),
            (b"event: delta", EventLine::Plain),
            (b"id: 7", EventLine::Plain),
            (b"retry: 10", EventLine::Plain),
            (b"Data: {}", EventLine::Unknown),
            (b"{\"a\":1}", EventLine::Unknown),
            (b"\xef\xbb\xbfdata: {}", EventLine::Unknown),
        ] {
            assert_eq!(EventLine::of(line), kind, "{}", String::from_utf8_lossy(line));
        }
    }
}
