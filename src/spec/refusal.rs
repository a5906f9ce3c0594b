//! How the broker's own refusals look to a provider's clients: the body that they know errors by.
//!
//! Data only: what is filled in is for whoever refuses.

use serde_json::Value;

use super::code::Code;
use super::compile::{Compiler, list, text};
use super::diagnostic::Place;
use super::document::ErrorsDocument;
use super::model::List;
use super::packed::packed_struct;
use super::template::{Scanned, scan};
use super::text::Text;

/// What the strings of a body may name.
pub const PLACEHOLDERS: [&str; 6] = ["message", "reason", "code", "help", "status", "name"];
/// What stands for every status that has no name of its own.
pub const OTHER: &str = "other";

/// The shape of an error.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ErrorShape {
    /// A JSON object with placeholders in its strings.
    pub body: Text,
    /// What `{{name}}` stands for, by HTTP status.
    pub names: List<(Text, Text)>,
}

impl ErrorShape {
    /// The name of a status.
    #[must_use]
    pub fn name(&self, status: u16) -> &str {
        let status = status.to_string();
        let named = |wanted: &str| self.names.iter().find(|(status, _)| status == wanted);
        named(&status).or_else(|| named(OTHER)).map_or("", |(_, name)| name.as_ref())
    }
}

packed_struct!(ErrorShape { body, names });

impl Compiler {
    pub(super) fn error_shape(&mut self, place: &Place, document: &ErrorsDocument) -> ErrorShape {
        let body = place.key("body");
        let mut named = Vec::new();
        if document.body.is_object() {
            self.strings(&body, &document.body, &mut named);
        } else {
            self.report(Code::WrongValue, body.clone(), "the body of an error is a JSON object");
        }
        if !named.iter().any(|name| name == "message") {
            self.report(Code::Placeholder, body, "the body names no `{{message}}`");
        }
        let names = place.key("names");
        self.names(&names, document, named.iter().any(|name| name == "name"));
        let pairs = document.names.iter().map(|(status, name)| (text(status), text(name)));
        ErrorShape { body: text(&document.body.to_string()), names: list(pairs.collect()) }
    }

    /// The placeholders in the strings of `value`.
    fn strings(&mut self, place: &Place, value: &Value, named: &mut Vec<String>) {
        match value {
            Value::String(written) => self.placeholders(place, written, named),
            Value::Array(items) => {
                items.iter().enumerate().for_each(|(at, item)| self.strings(&place.index(at), item, named));
            }
            Value::Object(fields) => {
                fields.iter().for_each(|(name, value)| self.strings(&place.key(name), value, named));
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    fn placeholders(&mut self, place: &Place, written: &str, named: &mut Vec<String>) {
        let Some(scanned) = self.parsed(place.clone(), scan(written)) else { return };
        for name in scanned.into_iter().filter_map(hole) {
            if !PLACEHOLDERS.contains(&name) {
                let message =
                    format!("`{name}` is no part of an error: these are {}", PLACEHOLDERS.join(", "));
                self.report(Code::Placeholder, place.clone(), message);
            }
            named.push(name.to_owned());
        }
    }

    fn names(&mut self, place: &Place, document: &ErrorsDocument, is_used: bool) {
        for status in document.names.keys() {
            let is_status = status.parse().is_ok_and(|status: u16| (400..600).contains(&status));
            if status != OTHER && !is_status {
                let message = "a name stands for a status between 400 and 599, or for `other`";
                self.report(Code::WrongValue, place.name(status), message);
            }
        }
        if is_used != document.names.contains_key(OTHER) {
            let message = if is_used {
                "the body has a `{{name}}`, and nothing says what `other` statuses are called"
            } else {
                "no `{{name}}` stands in the body for these"
            };
            self.report(Code::Placeholder, place.clone(), message);
        }
    }
}

fn hole(scanned: Scanned<'_>) -> Option<&str> {
    match scanned {
        Scanned::Hole(name) => Some(name),
        Scanned::Literal(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(errors: Value) -> (ErrorShape, usize) {
        let document: ErrorsDocument = serde_json::from_value(errors).unwrap();
        let mut compiler = Compiler::default();
        let shape = compiler.error_shape(&Place::root().key("errors"), &document);
        (shape, compiler.count())
    }

    #[test]
    fn a_shape_is_taken_as_it_is_written() {
        let (shape, findings) = checked(serde_json::json!({
            "body": { "error": { "message": "{{message}} ({{help}})", "type": "{{name}}", "n": [1, "{{status}}"] } },
            "names": { "403": "denied", "other": "failed" },
        }));
        assert_eq!(findings, 0);
        assert!(shape.body.starts_with(r#"{"error":{"message":"{{message}}"#), "{:?}", shape.body);
        assert_eq!([shape.name(403), shape.name(500)], ["denied", "failed"]);
    }

    #[test]
    fn what_cannot_be_filled_in_is_found() {
        for bad in [
            serde_json::json!({ "body": [] }),
            serde_json::json!({ "body": { "a": "nothing" } }),
            serde_json::json!({ "body": { "a": "{{message}} {{secret}}" } }),
            serde_json::json!({ "body": { "a": "{{message" } }),
            serde_json::json!({ "body": { "a": "{{message}}", "b": "{{name}}" } }),
            serde_json::json!({ "body": { "a": "{{message}}" }, "names": { "other": "x" } }),
            serde_json::json!({ "body": { "a": "{{message}} {{name}}" }, "names": { "200": "x", "other": "y" } }),
        ] {
            assert!(checked(bad.clone()).1 > 0, "{bad}");
        }
    }
}
