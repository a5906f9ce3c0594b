//! `--request`: a whole request as one JSON object. Unknown fields are refused, and a body
//! is sent as it was written: numbers, order and all.

use crate::cli::error::CliError;
use crate::cli::json::{self, Node};

/// Method, path and headers as written; nobody has judged them yet.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct WrittenRequest {
    pub(super) method: Option<String>,
    pub(super) path: Option<String>,
    pub(super) headers: Vec<(String, String)>,
}

/// A body as written: a JSON string stands for its text, anything else for itself.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Body {
    Text(String),
    Json(String),
}

/// Reads `{"method", "path", "headers", "body"}`, each of them optional.
pub(super) fn parse(text: &[u8]) -> Result<(WrittenRequest, Option<Body>), CliError> {
    let Some(Node::Record(fields)) = json::parse(text) else {
        return Err(malformed("the request is not a JSON object"));
    };
    let mut request = WrittenRequest::default();
    let mut body = None;
    let mut seen: Vec<String> = Vec::new();
    for (name, value) in fields {
        if seen.contains(&name) {
            return Err(malformed(format!("the request has `{name}` twice")));
        }
        match name.as_str() {
            "method" => request.method = Some(text_of(&name, value)?),
            "path" => request.path = Some(text_of(&name, value)?),
            "headers" => request.headers = headers_of(value)?,
            "body" => body = Some(body_of(value)),
            _ => return Err(malformed(format!("the request has a field `{name}`, which nothing reads"))),
        }
        seen.push(name);
    }
    Ok((request, body))
}

fn malformed(problem: impl Into<String>) -> CliError {
    CliError::with_help(
        problem,
        r#"write it as {"method": "POST", "path": "/…", "headers": {"name": "value"}, "body": …}, each part optional"#,
    )
}

fn text_of(name: &str, value: Node) -> Result<String, CliError> {
    match value {
        Node::Text(text) => Ok(text),
        _ => Err(malformed(format!("the request's `{name}` is not a string"))),
    }
}

fn body_of(value: Node) -> Body {
    match value {
        Node::Text(text) => Body::Text(text),
        other => Body::Json(json::compact(&other)),
    }
}

/// `{"name": "value"}` or `[["name", "value"]]`.
fn headers_of(value: Node) -> Result<Vec<(String, String)>, CliError> {
    let pairs: Option<Vec<_>> = match value {
        Node::Record(fields) => {
            fields.into_iter().map(|(name, value)| Some((name, value.into_text()?))).collect()
        }
        Node::List(items) => items.into_iter().map(pair_of).collect(),
        _ => None,
    };
    pairs.ok_or_else(|| {
        malformed("the request's `headers` are neither an object nor a list of pairs of strings")
    })
}

fn pair_of(item: Node) -> Option<(String, String)> {
    let Node::List(pair) = item else { return None };
    let [name, value] = <[Node; 2]>::try_from(pair).ok()?;
    Some((name.into_text()?, value.into_text()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair(name: &str, value: &str) -> (String, String) {
        (name.to_owned(), value.to_owned())
    }

    #[test]
    fn every_part_is_optional() {
        assert_eq!(parse(b"{}").unwrap(), (WrittenRequest::default(), None));
        let (request, body) =
            parse(br#"{"method":"POST","path":"/v1/x?a=b","headers":{"x-a":"1","x-b":"2"},"body":"plain"}"#)
                .unwrap();
        assert_eq!((request.method.as_deref(), request.path.as_deref()), (Some("POST"), Some("/v1/x?a=b")));
        assert_eq!(request.headers, [pair("x-a", "1"), pair("x-b", "2")]);
        assert_eq!(body, Some(Body::Text("plain".to_owned())));
    }

    #[test]
    fn a_list_of_headers_keeps_repetitions() {
        let (request, _) = parse(br#"{"headers":[["a","1"],["a","2"]]}"#).unwrap();
        assert_eq!(request.headers, [pair("a", "1"), pair("a", "2")]);
    }

    #[test]
    fn a_body_is_sent_as_it_was_written() {
        let (_, body) = parse(br#"{"body": {"z": 1.50, "a": 12345678901234567890123, "z": null}}"#).unwrap();
        let expected = r#"{"z":1.50,"a":12345678901234567890123,"z":null}"#;
        assert_eq!(body, Some(Body::Json(expected.to_owned())));
    }

    #[test]
    fn what_nothing_reads_is_refused() {
        for bad in [
            "",
            "[]",
            "{",
            r#"{"url":"/x"}"#,
            r#"{"method":1}"#,
            r#"{"path":null}"#,
            r#"{"headers":[["a"]]}"#,
            r#"{"headers":{"a":1}}"#,
            r#"{"method":"GET","method":"POST"}"#,
        ] {
            assert!(parse(bad.as_bytes()).is_err(), "{bad}");
        }
    }
}
