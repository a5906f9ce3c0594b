//! From the text of a file to the document that it writes, or every reason why not.
//!
//! With the JSON Schema at hand (build, tools, tests) all mistakes of a file are named at
//! once; without it, the first, at the same place and with the same help.

use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_path_to_error::Segment;

use super::code::Code;
use super::diagnostic::{Diagnostic, Finding, Place, Source};
use super::document::ProviderDocument;
use super::policy::PolicyDocument;
use super::policy_test::TestDocument;
#[cfg(any(test, not(shipped)))]
use super::shape::Shape;
use super::{position, suggest};

/// The largest provider or policy that is read, in bytes.
pub const MAX_BYTES: usize = 512 * 1024;
/// The largest file of tests that is read, in bytes: tests are many, and read by nobody in haste.
pub const MAX_TEST_BYTES: usize = 16 * 1024 * 1024;

/// A kind of document with a file format and a schema of its own.
pub trait Document: DeserializeOwned {
    /// What such a file is called in messages.
    const KIND: &'static str;
    /// The largest such file that is read, in bytes.
    const MAX_BYTES: usize = MAX_BYTES;

    #[cfg(any(test, not(shipped)))]
    fn shape() -> &'static Shape;
}

impl Document for ProviderDocument {
    const KIND: &'static str = "provider";

    #[cfg(any(test, not(shipped)))]
    fn shape() -> &'static Shape {
        Shape::provider()
    }
}

impl Document for PolicyDocument {
    const KIND: &'static str = "policy";

    #[cfg(any(test, not(shipped)))]
    fn shape() -> &'static Shape {
        Shape::policy()
    }
}

impl Document for TestDocument {
    const KIND: &'static str = "test";
    const MAX_BYTES: usize = MAX_TEST_BYTES;

    #[cfg(any(test, not(shipped)))]
    fn shape() -> &'static Shape {
        Shape::policy_test()
    }
}

/// The document that `source` writes.
///
/// # Errors
/// What is wrong with its text or its shape, each at its line and column.
pub fn document<T: Document>(source: &Source) -> Result<T, Vec<Diagnostic>> {
    if source.text.len() > T::MAX_BYTES {
        let message = format!("a {} file has at most {} bytes", T::KIND, T::MAX_BYTES);
        return Err(vec![Diagnostic::at(Finding::new(Code::Syntax, Place::root(), message), source, 0)]);
    }
    let value = position::read(&source.text).map_err(|error| {
        let code = if error.duplicate { Code::DuplicateKey } else { Code::Syntax };
        let finding = Finding::new(code, Place::root(), error.message);
        let tab = source.text.get(error.offset..).is_some_and(|rest| rest.starts_with('\t'));
        let finding =
            if tab { finding.help("YAML is indented with spaces, never with tabs") } else { finding };
        vec![Diagnostic::at(finding, source, error.offset)]
    })?;
    #[cfg(any(test, not(shipped)))]
    {
        let findings = T::shape().check(&value);
        if !findings.is_empty() {
            return Err(findings.into_iter().map(|finding| finding.locate(source)).collect());
        }
    }
    typed(value).map_err(|finding| vec![finding.locate(source)])
}

/// The document as its type reads it; the first mistake where there is one.
pub(super) fn typed<T: DeserializeOwned>(value: Value) -> Result<T, Finding> {
    serde_path_to_error::deserialize(value).map_err(|error| {
        let place = error.path().iter().fold(Place::root(), |place, segment| match segment {
            Segment::Map { key } => place.key(key),
            Segment::Seq { index } => place.index(*index),
            Segment::Enum { .. } | Segment::Unknown => place,
        });
        in_words(place, &error.into_inner().to_string())
    })
}

/// The library tells kinds of mistakes apart by their words alone.
fn in_words(place: Place, message: &str) -> Finding {
    let names: Vec<&str> = message.split('`').skip(1).step_by(2).collect();
    let Some((first, known)) = names.split_first() else {
        return Finding::new(Code::WrongValue, place, message);
    };
    let quoted = |names: &[&str]| names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    let near =
        || suggest::nearest(first, known.iter().copied()).map(|near| format!("did you mean `{near}`?"));
    if message.starts_with("unknown field") {
        let place = Place { key: true, ..place };
        let finding =
            Finding::new(Code::UnknownKey, place, format!("`{first}` is not a key that stands here"));
        finding.help(near().unwrap_or_else(|| format!("the keys here are {}", quoted(known))))
    } else if message.starts_with("unknown variant") {
        let finding =
            Finding::new(Code::WrongValue, place, format!("`{first}` is not one of {}", quoted(known)));
        match near() {
            Some(near) => finding.help(near),
            None => finding,
        }
    } else if message.starts_with("missing field") {
        Finding::new(Code::MissingKey, place, format!("`{first}` is missing"))
    } else {
        Finding::new(Code::WrongValue, place, message)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn mistake(value: Value) -> Finding {
        typed::<PolicyDocument>(value).map(drop).unwrap_err()
    }

    fn rule(more: Value) -> Value {
        let mut rule = json!({ "id": "a", "effect": "forbid", "why": "w" });
        rule.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        json!({ "policy": "p", "version": 1, "rules": [rule] })
    }

    #[test]
    fn without_the_schema_a_mistake_has_the_same_place_and_help() {
        let rules = Place::root().key("rules").index(0);
        for (value, place, code, help) in [
            (rule(json!({ "efect": 1 })), rules.name("efect"), Code::UnknownKey, "did you mean `effect`?"),
            (
                rule(json!({ "effect": "forbd" })),
                rules.key("effect"),
                Code::WrongValue,
                "did you mean `forbid`?",
            ),
            (
                rule(json!({ "when": { "query": { "n": { "lt": 3 } } } })),
                rules.key("when").key("query").key("n").name("lt"),
                Code::UnknownKey,
                "did you mean `lte`?",
            ),
        ] {
            let schema = Shape::policy().check(&value);
            let finding = mistake(value);
            assert_eq!((&finding.place, finding.code), (&place, code), "{finding:?}");
            assert_eq!(finding.help.as_deref(), Some(help));
            assert!(schema.iter().any(|one| one.place == place && one.help == finding.help), "{schema:?}");
        }
        assert_eq!(mistake(json!({ "policy": "p", "version": 1 })).code, Code::MissingKey);
    }
}
