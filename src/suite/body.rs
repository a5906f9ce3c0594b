//! The bytes of a body that a test writes, and what they are announced as.

use std::collections::BTreeMap;

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use crate::spec::document::MultipartDocument;
use crate::spec::policy_test::RequestDocument;

const JSON_TYPE: &str = "application/json";
const FORM_TYPE: &str = "application/x-www-form-urlencoded";
/// Clients draw theirs at random; tests need the same bytes each time.
const BOUNDARY: &str = "aivault-test-boundary";

/// A body, and its media type where it has one of its own.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Written {
    pub(super) bytes: Vec<u8>,
    pub(super) content_type: Option<String>,
}

impl Written {
    /// The body that `request` writes, if it writes one.
    pub(super) fn of(request: &RequestDocument) -> Option<Self> {
        let announced = |text: String, content_type: &str| Self {
            bytes: text.into_bytes(),
            content_type: Some(content_type.to_owned()),
        };
        if let Some(json) = &request.json {
            return Some(announced(json.to_string(), JSON_TYPE));
        }
        if let Some(fields) = &request.form {
            return Some(announced(form(fields), FORM_TYPE));
        }
        if let Some(parts) = &request.multipart {
            let content_type = format!("multipart/form-data; boundary={BOUNDARY}");
            return Some(announced(multipart(parts), &content_type));
        }
        if let Some(text) = &request.body {
            let content_type = json_type_of(text.as_bytes()).map(str::to_owned);
            return Some(Self { bytes: text.clone().into_bytes(), content_type });
        }
        let raw = request.raw.as_ref()?;
        Some(Self { bytes: raw.clone().into_bytes(), content_type: None })
    }
}

/// The keys under which `request` writes bodies; more than one is a mistake.
pub(super) fn keys(request: &RequestDocument) -> Vec<&'static str> {
    let all = [
        ("json", request.json.is_some()),
        ("form", request.form.is_some()),
        ("multipart", request.multipart.is_some()),
        ("body", request.body.is_some()),
        ("raw", request.raw.is_some()),
    ];
    all.into_iter().filter_map(|(key, given)| given.then_some(key)).collect()
}

/// The media type of a text that is JSON, as `aivault invoke --body` announces it.
#[must_use]
pub fn json_type_of(bytes: &[u8]) -> Option<&'static str> {
    serde_json::from_slice::<serde::de::IgnoredAny>(bytes).is_ok().then_some(JSON_TYPE)
}

fn form(fields: &BTreeMap<String, String>) -> String {
    let encode = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
    let pairs = fields.iter().map(|(name, value)| format!("{}={}", encode(name), encode(value)));
    pairs.collect::<Vec<_>>().join("&")
}

/// Of a file there is no more than its name: a line that says so stands for its content.
fn multipart(parts: &MultipartDocument) -> String {
    let quoted = |text: &str| text.replace('"', "%22");
    let mut body = String::new();
    for (name, value) in &parts.fields {
        let name = quoted(name);
        body +=
            &format!("--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n");
    }
    for (name, file) in &parts.files {
        let (name, file) = (quoted(name), quoted(file));
        body += &format!(
            "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{name}\"; filename=\"{file}\"\r\n\
             Content-Type: application/octet-stream\r\n\r\ncontent of {file}\r\n"
        );
    }
    body + &format!("--{BOUNDARY}--\r\n")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn written(request: serde_json::Value) -> (String, Option<String>) {
        let request: RequestDocument = serde_json::from_value(request).unwrap();
        let body = Written::of(&request).unwrap_or_default();
        (String::from_utf8(body.bytes).unwrap(), body.content_type)
    }

    #[test]
    fn each_kind_is_announced_as_what_it_is() {
        let some = |text: &str| Some(text.to_owned());
        let (body, kind) = written(json!({ "json": { "b": [1, "x"], "a": true } }));
        assert_eq!((body.as_str(), kind), (r#"{"b":[1,"x"],"a":true}"#, some(JSON_TYPE)));
        let (body, kind) = written(json!({ "form": { "a[b]": "x y", "c": "&" } }));
        assert_eq!((body.as_str(), kind), ("a%5Bb%5D=x%20y&c=%26", some(FORM_TYPE)));
        assert_eq!(written(json!({ "body": "{}" })).1, some(JSON_TYPE));
        assert_eq!(written(json!({ "body": "{" })), ("{".to_owned(), None));
        assert_eq!(written(json!({ "raw": "{}" })), ("{}".to_owned(), None));
        assert_eq!(written(json!({})), (String::new(), None));
    }

    #[test]
    fn a_form_of_parts_is_one_that_rules_can_read() {
        let (body, kind) =
            written(json!({ "multipart": { "fields": { "a": "1" }, "files": { "f": "x.mp3" } } }));
        assert!(kind.unwrap().ends_with(BOUNDARY));
        assert!(body.contains("name=\"a\"\r\n\r\n1\r\n") && body.contains("filename=\"x.mp3\""), "{body}");
        assert!(body.ends_with(&format!("--{BOUNDARY}--\r\n")));
    }
}
