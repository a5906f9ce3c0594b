//! What is named is gone, all else is as it was, and what cannot be looked into stays in.

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode};
use proptest::prelude::*;
use serde_json::Value;

use super::{MAX_DOCUMENT, RedactError, Redactor, Why};
use crate::policy::Redaction;
use crate::spec::RuleId;
use crate::spec::policy::{Pointer, Redact};

fn rule(id: &'static str, pointers: &[&str], fields: &[&str], max_bytes: Option<u64>) -> Redaction {
    let pointers = pointers.iter().map(|text| Pointer::parse(text).unwrap()).collect();
    let fields = fields.iter().map(|&name| name.to_owned()).collect();
    Redaction { rule: RuleId::from_static(id), redact: Redact { pointers, fields, max_bytes } }
}

fn of_type(content_type: &'static str) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert("content-type", HeaderValue::from_static(content_type));
    headers
}

fn run(
    redactions: &[Redaction],
    status: u16,
    headers: &HeaderMap,
    chunks: &[&[u8]],
) -> Result<Vec<u8>, RedactError> {
    let status = StatusCode::from_u16(status).unwrap();
    let mut redactor = Redactor::new(redactions, status, headers)?.unwrap();
    let mut passed = Vec::new();
    for chunk in chunks {
        passed.extend_from_slice(&redactor.push(Bytes::copy_from_slice(chunk))?);
    }
    passed.extend_from_slice(&redactor.finish()?);
    Ok(passed)
}

fn redacted(content_type: &'static str, text: &str) -> Result<String, RedactError> {
    let rules = [rule("p/a", &["/a", "/list/*/id"], &[], None), rule("p/b", &[], &["secret"], None)];
    let passed = run(&rules, 200, &of_type(content_type), &[text.as_bytes()])?;
    Ok(String::from_utf8(passed).unwrap())
}

fn why(result: Result<String, RedactError>) -> Why {
    match result.unwrap_err() {
        RedactError::Unreadable { rules, why } => {
            assert_eq!(rules, [RuleId::from_static("p/a"), RuleId::from_static("p/b")]);
            why
        }
        RedactError::TooLarge { .. } => panic!("no rule bounds it"),
    }
}

#[test]
fn values_are_replaced_where_they_stand() {
    let text = r#" { "n": 1.50E+2, "a" : {"x":[1]}, "list":[{"id":7,"k":null},{"id":"x"}] ,"deep":[{"secret":"s"}], "\u0061":2 }
"#;
    assert_eq!(
        redacted("application/json", text).unwrap(),
        r#" { "n": 1.50E+2, "a" : "[redacted]", "list":[{"id":"[redacted]","k":null},{"id":"[redacted]"}] ,"deep":[{"secret":"[redacted]"}], "\u0061":"[redacted]" }
"#
    );
    assert_eq!(redacted("application/json", "").unwrap(), "");
    assert_eq!(redacted("application/problem+json", "[]").unwrap(), "[]");
}

#[test]
fn events_are_redacted_line_by_line() {
    let text = "event: x\r\ndata: {\"a\":1,\"b\":2}\r\n\r\n: comment\ndata:{\"secret\":[]}\n\ndata: [DONE]\n\ndata: {\"a\":3}";
    let wanted = "event: x\r\ndata: {\"a\":\"[redacted]\",\"b\":2}\r\n\r\n: comment\ndata:{\"secret\":\"[redacted]\"}\n\n\
                  data: [DONE]\n\ndata: {\"a\":\"[redacted]\"}";
    assert_eq!(redacted("text/event-stream", text).unwrap(), wanted);
    assert_eq!(why(redacted("text/event-stream", "data: {\"a\":\ndata: 1}\n\n")), Why::NotJson);
    assert_eq!(why(redacted("text/event-stream", "data: plain\n\n")), Why::NotJson);
    assert_eq!(why(redacted("text/event-stream", "{\"a\":1}\n")), Why::NotAnEvent);
}

#[test]
fn an_event_does_not_wait_for_the_next() {
    let rules = [rule("p/a", &["/a"], &[], None)];
    let headers = of_type("text/event-stream");
    let mut redactor = Redactor::new(&rules, StatusCode::OK, &headers).unwrap().unwrap();
    assert!(!redactor.holds_all());
    assert_eq!(redactor.push(Bytes::from_static(b"data: {\"a\"")).unwrap(), "");
    assert_eq!(redactor.push(Bytes::from_static(b":1}\n")).unwrap(), "data: {\"a\":\"[redacted]\"}\n");
    assert_eq!(redactor.push(Bytes::from_static(b"\ndata")).unwrap(), "\n");
}

#[test]
fn lines_of_json_are_redacted_one_by_one() {
    let text = "{\"a\":1}\r\n\n{\"b\":{\"secret\":2}}\n";
    let wanted = "{\"a\":\"[redacted]\"}\r\n\n{\"b\":{\"secret\":\"[redacted]\"}}\n";
    assert_eq!(redacted("application/x-ndjson", text).unwrap(), wanted);
    assert_eq!(why(redacted("application/x-ndjson", "{}\nx\n")), Why::NotJson);
}

#[test]
fn what_cannot_be_looked_into_is_refused_unless_empty() {
    for content_type in ["text/plain", "text/html", "application/octet-stream", "multipart/mixed; boundary=x"]
    {
        assert_eq!(why(redacted(content_type, "{\"a\":1}")), Why::Format, "{content_type}");
        assert_eq!(redacted(content_type, "").unwrap(), "");
    }
    assert_eq!(why(redacted("application/json", "{\"a\":1")), Why::NotJson);
    assert_eq!(why(redacted("application/json", "{\"a\":1}{\"a\":2}")), Why::NotJson);
    assert_eq!(why(redacted("application/json", " ")), Why::NotJson);
}

#[test]
fn a_part_of_a_document_is_refused_though_it_be_json() {
    let rules = [rule("p/a", &["/a"], &[], None)];
    let json = of_type("application/json");
    let part = RedactError::Unreadable { rules: vec![RuleId::from_static("p/a")], why: Why::Part };
    assert_eq!(run(&rules, 206, &json, &[b"12"]), Err(part.clone()));
    let mut ranged = json.clone();
    ranged.insert("content-range", HeaderValue::from_static("bytes 5-6/20"));
    assert_eq!(run(&rules, 200, &ranged, &[b"12"]), Err(part));
}

#[test]
fn no_more_is_held_than_the_bounds() {
    let mebibyte = vec![b' '; 1024 * 1024];
    let chunks = vec![&mebibyte[..]; 9];
    let rules = [rule("p/a", &["/a"], &[], None)];
    for (content_type, limit) in [
        ("application/json", MAX_DOCUMENT),
        ("text/event-stream", 1 << 20),
        ("application/x-ndjson", 1 << 20),
    ] {
        let error = run(&rules, 200, &of_type(content_type), &chunks).unwrap_err();
        let why = Why::TooLong { limit };
        assert_eq!(error, RedactError::Unreadable { rules: vec![RuleId::from_static("p/a")], why });
    }
}

#[test]
fn the_smallest_bound_holds_whatever_the_format() {
    let rules = [rule("p/a", &[], &[], Some(9)), rule("p/b", &[], &[], Some(5))];
    let text = of_type("text/plain");
    assert_eq!(run(&rules, 200, &text, &[b"abc", b"de"]).unwrap(), b"abcde");
    let error = RedactError::TooLarge { rule: RuleId::from_static("p/b"), max: 5 };
    assert_eq!(run(&rules, 200, &text, &[b"abc", b"def"]), Err(error.clone()));
    let mut announced = text.clone();
    announced.insert("content-length", HeaderValue::from_static("6"));
    assert_eq!(run(&rules, 200, &announced, &[]), Err(error));
    announced.insert("content-length", HeaderValue::from_static("5"));
    assert!(run(&rules, 200, &announced, &[]).is_ok());
}

/// JSON with spaces, and strings that can be told apart from all else.
fn json() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("null".to_owned()),
        Just("true".to_owned()),
        "-?(0|[1-9][0-9]{0,3})(\\.[0-9]{1,2})?([eE][+-]?[0-9])?",
        "\"[a-c {}:,]{0,5}\"",
        Just("\"\\\"\\u00e9é\"".to_owned()),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        let member = ("[ab]|k|secret", inner.clone()).prop_map(|(key, value)| format!("\"{key}\" : {value}"));
        prop_oneof![
            prop::collection::vec(inner, 0..4).prop_map(|list| format!("[ {}]", list.join(" ,"))),
            prop::collection::vec(member, 0..4).prop_map(|map| format!("{{{} }}", map.join(", "))),
        ]
    })
}

/// The oracle: the same by way of a tree, for maps without twins.
fn in_tree(value: &mut Value) {
    match value {
        Value::Array(list) => list.iter_mut().for_each(in_tree),
        Value::Object(map) => {
            for (key, value) in map {
                if key == "secret" { *value = Value::from("[redacted]") } else { in_tree(value) }
            }
        }
        _ => {}
    }
}

proptest! {
    #[test]
    fn what_is_left_is_json_without_what_was_named(text in json()) {
        let rules = [rule("p/a", &[], &["secret"], None)];
        let passed = run(&rules, 200, &of_type("application/json"), &[text.as_bytes()]).unwrap();
        let passed: Value = serde_json::from_slice(&passed).unwrap();
        let mut wanted: Value = serde_json::from_str(&text).unwrap();
        in_tree(&mut wanted);
        prop_assert_eq!(passed, wanted);
    }

    #[test]
    fn what_is_not_named_is_left_byte_for_byte(text in json()) {
        let rules = [rule("p/a", &["/nowhere/*"], &["other"], None)];
        let passed = run(&rules, 200, &of_type("application/json"), &[text.as_bytes()]).unwrap();
        prop_assert_eq!(passed, text.into_bytes());
    }

    #[test]
    fn pieces_do_not_matter(
        texts in prop::collection::vec(json(), 1..4),
        cuts in prop::collection::vec(0_usize..60, 0..6),
        kind in 0_usize..3,
    ) {
        let (content_type, text) = match kind {
            0 => ("application/json", texts[0].clone()),
            1 => ("application/x-ndjson", texts.join("\n")),
            _ => ("text/event-stream", texts.iter().map(|text| format!("data: {text}\r\n\r\n")).collect()),
        };
        let rules = [rule("p/a", &["/a", "/*/b"], &["secret"], None)];
        let headers = of_type(content_type);
        let whole = run(&rules, 200, &headers, &[text.as_bytes()]).unwrap();
        let (mut chunks, mut rest) = (Vec::new(), text.as_bytes());
        for cut in cuts {
            let (chunk, behind) = rest.split_at(cut.min(rest.len()));
            chunks.push(chunk);
            rest = behind;
        }
        chunks.push(rest);
        prop_assert_eq!(run(&rules, 200, &headers, &chunks).unwrap(), whole);
    }
}

#[test]
fn each_message_is_a_document() {
    let rules = [rule("p/a", &["/a"], &[], None), rule("p/cap", &[], &[], Some(30))];
    let mut redactor = Redactor::of_messages(&rules).unwrap();
    assert!(redactor.changes() && !redactor.holds_all());
    let mut push = |text: &'static str| redactor.push(Bytes::from_static(text.as_bytes()));
    assert_eq!(push("{\"a\":1,\n\"b\":2}").unwrap(), "{\"a\":\"[redacted]\",\n\"b\":2}");
    assert_eq!(push("").unwrap(), "");
    let rules = vec![RuleId::from_static("p/a")];
    assert_eq!(push("a: 1").unwrap_err(), RedactError::Unreadable { rules, why: Why::Message });
    let too_large = RedactError::TooLarge { rule: RuleId::from_static("p/cap"), max: 30 };
    assert_eq!(push("[\"more than is left\"]").unwrap_err(), too_large);
    assert!(Redactor::of_messages(&[]).is_none());
}
