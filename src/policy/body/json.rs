//! JSON (RFC 8259) as every upstream reads it: no key twice in one map, nothing behind the end.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::fmt;

use struson::reader::{JsonReader, JsonStreamReader, ReaderSettings, ValueType};

use crate::policy::denial::{Denial, Reason};
use crate::spec::policy::{Decimal, Kind};

/// Deeper nesting is refused.
const MAX_DEPTH: u32 = 64;

/// A JSON value; numbers are kept as they were written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Json {
    Null,
    Bool(bool),
    Number(String),
    Text(String),
    List(Vec<Json>),
    Map(BTreeMap<String, Json>),
}

impl Json {
    #[must_use]
    pub fn kind(&self) -> Kind {
        match self {
            Self::Null => Kind::Null,
            Self::Bool(_) => Kind::Boolean,
            Self::Number(_) => Kind::Number,
            Self::Text(_) => Kind::String,
            Self::List(_) => Kind::Array,
            Self::Map(_) => Kind::Object,
        }
    }

    /// A number's value, when it can be kept exactly.
    #[must_use]
    pub fn number(&self) -> Option<Decimal> {
        match self {
            Self::Number(text) => Decimal::parse(text),
            _ => None,
        }
    }
}

/// As JSON without white space; the keys of a map in their order by code point.
impl fmt::Display for Json {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let quoted = |text: &str| serde_json::Value::from(text).to_string();
        match self {
            Self::Null => f.write_str("null"),
            Self::Bool(value) => write!(f, "{value}"),
            Self::Number(text) => f.write_str(text),
            Self::Text(text) => f.write_str(&quoted(text)),
            Self::List(list) => {
                f.write_str("[")?;
                for (index, value) in list.iter().enumerate() {
                    write!(f, "{}{value}", if index == 0 { "" } else { "," })?;
                }
                f.write_str("]")
            }
            Self::Map(map) => {
                f.write_str("{")?;
                for (index, (name, value)) in map.iter().enumerate() {
                    write!(f, "{}{}:{value}", if index == 0 { "" } else { "," }, quoted(name))?;
                }
                f.write_str("}")
            }
        }
    }
}

/// Reads one value and nothing else.
///
/// # Errors
/// A denial when the bytes are not exactly one JSON value, or a map has a key twice.
pub(super) fn read(bytes: &[u8]) -> Result<Json, Denial> {
    let settings = ReaderSettings {
        max_nesting_depth: Some(MAX_DEPTH),
        // Numbers of any size: what cannot be compared exactly is then unknown rather than an error.
        restrict_number_values: false,
        ..ReaderSettings::default()
    };
    let mut reader = JsonStreamReader::new_custom(bytes, settings);
    let value = value(&mut reader)?;
    reader.consume_trailing_whitespace().map_err(|_| not_json())?;
    Ok(value)
}

fn value(reader: &mut JsonStreamReader<&[u8]>) -> Result<Json, Denial> {
    Ok(match reader.peek().map_err(|_| not_json())? {
        ValueType::Null => {
            reader.next_null().map_err(|_| not_json())?;
            Json::Null
        }
        ValueType::Boolean => Json::Bool(reader.next_bool().map_err(|_| not_json())?),
        ValueType::Number => Json::Number(reader.next_number_as_string().map_err(|_| not_json())?),
        ValueType::String => Json::Text(reader.next_string().map_err(|_| not_json())?),
        ValueType::Array => list(reader)?,
        ValueType::Object => map(reader)?,
    })
}

fn list(reader: &mut JsonStreamReader<&[u8]>) -> Result<Json, Denial> {
    reader.begin_array().map_err(|_| not_json())?;
    let mut list = Vec::new();
    while reader.has_next().map_err(|_| not_json())? {
        list.push(value(reader)?);
    }
    reader.end_array().map_err(|_| not_json())?;
    Ok(Json::List(list))
}

fn map(reader: &mut JsonStreamReader<&[u8]>) -> Result<Json, Denial> {
    reader.begin_object().map_err(|_| not_json())?;
    let mut map = BTreeMap::new();
    while reader.has_next().map_err(|_| not_json())? {
        let name = reader.next_name_owned().map_err(|_| not_json())?;
        match map.entry(name) {
            Entry::Vacant(free) => {
                free.insert(value(reader)?);
            }
            Entry::Occupied(taken) => return Err(duplicate(taken.key())),
        }
    }
    reader.end_object().map_err(|_| not_json())?;
    Ok(Json::Map(map))
}

fn not_json() -> Denial {
    let message = format!("the body is not one JSON value of at most {MAX_DEPTH} levels");
    Denial::new(Reason::BodyNotJson, message).help("send plain JSON in UTF-8, as the content-type says")
}

fn duplicate(key: &str) -> Denial {
    let shown: String = key.chars().take(40).collect();
    let message = format!("the body has the key `{}` twice in one map", shown.escape_debug());
    Denial::new(Reason::BodyDuplicateKey, message).help("parsers differ in which one they take; send it once")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn refusal(text: &str) -> Reason {
        read(text.as_bytes()).unwrap_err().reason
    }

    #[test]
    fn values_are_kept_as_they_are() {
        let Json::Map(map) = read(br#" {"a": [1, 2.50, -0e3], "b": {"c": null, "d": "\u00e9\n"}} "#).unwrap()
        else {
            panic!("a map");
        };
        let number = |text: &str| Json::Number(text.to_owned());
        assert_eq!(map["a"], Json::List(vec![number("1"), number("2.50"), number("-0e3")]));
        assert_eq!(
            map["b"],
            Json::Map([("c".to_owned(), Json::Null), ("d".to_owned(), Json::Text("é\n".to_owned()))].into())
        );
    }

    #[test]
    fn what_parsers_disagree_about_is_refused() {
        assert_eq!(refusal(r#"{"model":"a","model":"b"}"#), Reason::BodyDuplicateKey);
        assert_eq!(refusal(r#"{"x":[{"a":1,"\u0061":2}]}"#), Reason::BodyDuplicateKey);
        for text in [
            "",
            "{",
            "{} {}",
            "{}x",
            "\u{feff}{}",
            "{'a':1}",
            "{\"a\":1,}",
            "[1,]",
            "NaN",
            "01",
            "1.",
            "+1",
            "\"\\ud800\"",
            "{\"a\":1/**/}",
            "\"\u{1}\"",
            "nul",
        ] {
            assert_eq!(refusal(text), Reason::BodyNotJson, "{text:?}");
        }
        assert_eq!(read(b"\"\xff\"").unwrap_err().reason, Reason::BodyNotJson);
        assert_eq!(refusal(&"[".repeat(100_000)), Reason::BodyNotJson);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(10_000))]

        #[test]
        fn what_is_read_is_json_for_others_too(text in r#"[\[\]{}:, "a-c0-9.eE+\-tfnru\\]{0,16}"#) {
            let ours = read(text.as_bytes());
            let theirs = serde_json::from_str::<serde::de::IgnoredAny>(&text);
            match ours {
                Ok(_) => prop_assert!(theirs.is_ok(), "{}", text),
                Err(denial) if denial.reason == Reason::BodyDuplicateKey => {}
                Err(_) => prop_assert!(theirs.is_err(), "{}", text),
            }
        }
    }
}
