//! A first test file for a capability: what it must allow, and which neighbours it must not.
//!
//! Each case is decided before it is written, so that what is written passes.

use serde_json::{Map, Value, json};

use super::counters::Counters;
use super::decide::{Outcome, decide};
use super::question::{Asked, Question};
use crate::policy::{Catalog, Reason, RuleSet};
use crate::spec::{Capability, Method, Payload, Scope};

/// The methods that are most telling when they are refused come first.
const METHODS: [Method; 7] =
    [Method::Delete, Method::Put, Method::Patch, Method::Post, Method::Get, Method::Head, Method::Options];

/// The text of a test file for `capabilities`, which belong together under the name `suite`.
#[must_use]
pub fn skeleton(suite: &str, capabilities: &[&Capability], catalog: &dyn Catalog) -> String {
    let mut text = format!(
        "# {suite}: requests that must be allowed, and neighbours that must not be. `aivault policy test` runs\n\
         # them, and `--bless` rewrites the golden file beside this one after a change that is meant.\n\
         suite: {}\n\
         # Name policies here, and add cases that their rules decide.\n\
         policies: []\n\
         cases:\n",
        flow(&json!(suite))
    );
    // Of many, the same three words on every case would only be in the way.
    let commented = capabilities.len() == 1;
    for capability in capabilities {
        for case in cases(capability, catalog) {
            text += &case.write(commented);
        }
    }
    text
}

/// A case that was decided already.
struct NewCase {
    comment: &'static str,
    name: String,
    capability: String,
    request: Value,
    outcome: Outcome,
}

impl NewCase {
    fn write(&self, commented: bool) -> String {
        let comment = if commented { format!("  # {}\n", self.comment) } else { String::new() };
        let expect = json!({ "decision": self.outcome.decision.as_str(), "reason": self.outcome.reason });
        format!(
            "{comment}  - name: {}\n    capability: {}\n    request: {}\n    expect: {}\n",
            flow(&json!(self.name)),
            self.capability,
            flow(&self.request),
            flow(&expect)
        )
    }
}

fn cases(capability: &Capability, catalog: &dyn Catalog) -> Vec<NewCase> {
    let example = &capability.example;
    let case = |comment, what: &str, request: Value| {
        let (method, path) = (request["method"].as_str(), request["path"].as_str());
        let outcome = decided(capability, catalog, method.unwrap_or_default(), path.unwrap_or_default());
        let name = format!("{} - {what}", capability.id.name());
        NewCase { comment, name, capability: capability.id.to_string(), request, outcome }
    };
    let bare = |method: Method, path: &str| json!({ "method": method.as_str(), "path": path });
    let mut all = vec![case(
        "The request that `aivault capability describe` shows.",
        "its example",
        request(capability),
    )];
    if capability.is_administrative() {
        return all;
    }
    if let Some(method) = refused_method(capability, catalog) {
        let what = format!("{method} is not granted there");
        all.push(case("Another method on the same path.", &what, bare(method, &example.path)));
    }
    if let Some(path) = refused_path(capability, catalog) {
        let what = "a neighbouring path is another path";
        all.push(case("A path beside those that are granted.", what, bare(example.method, &path)));
    }
    all
}

fn decided(capability: &Capability, catalog: &dyn Catalog, method: &str, path: &str) -> Outcome {
    let question = Question {
        asked: Asked::Capability(capability.id.to_string()),
        caller: Question::CALLER.to_owned(),
        scope: Scope::Global,
        credential: None,
        enabled: Default::default(),
        hosts: None,
        method: Some(method.to_owned()),
        path: Some(path.to_owned()),
        headers: Vec::new(),
        body: Vec::new(),
        now: Question::NOW,
        answer: None,
    };
    decide(catalog, &RuleSet::default(), &Counters::default(), &question)
}

fn refused_method(capability: &Capability, catalog: &dyn Catalog) -> Option<Method> {
    let refused = |method: &Method| {
        let outcome = decided(capability, catalog, method.as_str(), &capability.example.path);
        outcome.reason == Reason::CapabilityMethod.as_str()
    };
    METHODS.into_iter().find(refused)
}

/// The nearest path that is refused: a longer last segment, one more segment, another place.
fn refused_path(capability: &Capability, catalog: &dyn Catalog) -> Option<String> {
    let path = capability.example.path.split('?').next().unwrap_or_default();
    let bare = path.trim_end_matches('/');
    let near = [format!("{bare}-neighbour"), format!("{bare}/neighbour"), format!("/neighbour{path}")];
    near.into_iter().find(|path| {
        let outcome = decided(capability, catalog, capability.example.method.as_str(), path);
        outcome.reason == Reason::CapabilityPath.as_str()
    })
}

/// A capability's example as a test writes requests.
fn request(capability: &Capability) -> Value {
    let example = &capability.example;
    let mut request = Map::new();
    request.insert("method".to_owned(), json!(example.method.as_str()));
    request.insert("path".to_owned(), json!(example.path));
    let mut headers = pairs(&example.headers);
    let body = match &example.payload {
        Payload::None => None,
        Payload::Json(text) => Some(json_body(text)),
        Payload::Form(fields) => Some(("form", Value::Object(pairs(fields)))),
        Payload::Multipart { fields, files } => {
            Some(("multipart", json!({ "fields": pairs(fields), "files": pairs(files) })))
        }
        Payload::File(name) => {
            headers.entry("content-type").or_insert(json!("application/octet-stream"));
            Some(("raw", json!(format!("content of {name}"))))
        }
    };
    if !headers.is_empty() {
        request.insert("headers".to_owned(), Value::Object(headers));
    }
    if let Some((key, body)) = body {
        request.insert(key.to_owned(), body);
    }
    Value::Object(request)
}

/// YAML documents are read without nulls here, so a body with one is written as its text.
fn json_body(text: &str) -> (&'static str, Value) {
    match serde_json::from_str(text) {
        Ok(value) if !has_null(&value) => ("json", value),
        _ => ("body", json!(text)),
    }
}

fn has_null(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(list) => list.iter().any(has_null),
        Value::Object(map) => map.values().any(has_null),
        Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    }
}

fn pairs(list: &[(crate::spec::Text, crate::spec::Text)]) -> Map<String, Value> {
    list.iter().map(|(name, value)| (name.to_string(), json!(value))).collect()
}

/// A value in YAML's flow style: JSON, with plain words where they cannot be misread.
fn flow(value: &Value) -> String {
    match value {
        Value::String(text) if is_plain(text) => text.clone(),
        Value::Array(list) => format!("[{}]", list.iter().map(flow).collect::<Vec<_>>().join(", ")),
        Value::Object(map) if map.is_empty() => "{}".to_owned(),
        Value::Object(map) => {
            let member = |(key, value): (&String, &Value)| format!("{}: {}", flow(&json!(key)), flow(value));
            format!("{{ {} }}", map.iter().map(member).collect::<Vec<_>>().join(", "))
        }
        other => other.to_string(),
    }
}

/// Letters, digits, joints and spaces between them, beginning with a letter or `/`, and no word
/// that YAML gives a meaning to.
fn is_plain(text: &str) -> bool {
    const WORDS: [&str; 9] = ["true", "false", "null", "yes", "no", "on", "off", "y", "n"];
    text.starts_with(|first: char| first.is_ascii_alphabetic() || first == '/')
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"/_.- ".contains(&byte))
        && !text.ends_with(' ')
        && !WORDS.iter().any(|word| text.eq_ignore_ascii_case(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_in_flow_style_is_read_as_it_was() {
        let value = json!({
            "a": "plain", "no": "true", "c": ["x y", "1", "", "a: b", "#", "é\n\"", "{}"], "d": 1.5, "e": {}
        });
        let read: Value = serde_yaml::from_str(&flow(&value)).unwrap();
        assert_eq!(read, value, "{}", flow(&value));
    }
}
