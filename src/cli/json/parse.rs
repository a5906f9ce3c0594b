//! Reading: the library takes a value apart level by level, each part as the text it is.

use std::fmt;

use serde::Deserialize;
use serde::de::{MapAccess, Visitor};
use serde_json::value::RawValue;

use super::Node;

/// How deep lists and records may be nested, as in the library itself.
const DEPTH: usize = 128;

/// Whether `text` is one JSON value.
pub(in crate::cli) fn is_json(text: &[u8]) -> bool {
    serde_json::from_slice::<serde::de::IgnoredAny>(text).is_ok()
}

/// The value that `text` is, unless it is none, is nested too deeply, or has a string that
/// is not Unicode.
pub(in crate::cli) fn parse(text: &[u8]) -> Option<Node> {
    node(serde_json::from_slice(text).ok()?, DEPTH)
}

fn node(raw: &RawValue, depth: usize) -> Option<Node> {
    let (text, depth) = (raw.get(), depth.checked_sub(1)?);
    Some(match text.as_bytes().first()? {
        b'{' => {
            let Fields(fields) = serde_json::from_str(text).ok()?;
            let fields = fields.into_iter().map(|(name, value)| Some((name, node(value, depth)?)));
            Node::Record(fields.collect::<Option<_>>()?)
        }
        b'[' => {
            let items: Vec<&RawValue> = serde_json::from_str(text).ok()?;
            Node::List(items.into_iter().map(|item| node(item, depth)).collect::<Option<_>>()?)
        }
        b'"' => Node::Text(serde_json::from_str(text).ok()?),
        b'n' => Node::Null,
        b't' => Node::Bool(true),
        b'f' => Node::Bool(false),
        _ => Node::Number(text.to_owned()),
    })
}

/// The fields of a record in their order, repeated ones too.
struct Fields<'a>(Vec<(String, &'a RawValue)>);

impl<'de: 'a, 'a> Deserialize<'de> for Fields<'a> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct InOrder;

        impl<'de> Visitor<'de> for InOrder {
            type Value = Fields<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a record")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut fields = Vec::new();
                while let Some(field) = map.next_entry()? {
                    fields.push(field);
                }
                Ok(Fields(fields))
            }
        }

        deserializer.deserialize_map(InOrder)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::cli::json::{compact, pretty};

    #[test]
    fn order_repetition_and_digits_are_kept() {
        let text =
            r#"{"z":1.50,"a":[-0,1E+9,18446744073709551616],"z":"\u00e9\n","e":{},"l":[],"t":true,"n":null}"#;
        let spaced = r#" { "z" : 1.50 , "a":[ -0,1E+9 ,18446744073709551616],"z":"\u00e9\n","e":{ },"l":[ ],"t":true , "n":null } "#;
        assert_eq!(compact(&parse(spaced.as_bytes()).unwrap()), text.replace("\\u00e9", "é"));
    }

    #[test]
    fn what_is_not_json_is_none() {
        for bad in ["", "{", "{\"a\"}", "[1,]", "nul", "01", "1 2", "\"\\ud800\"", "'a'", "\u{feff}{}"] {
            assert_eq!(parse(bad.as_bytes()), None, "{bad}");
        }
        assert_eq!(parse(b"\"\xff\""), None);
        assert_eq!(parse("[".repeat(100_000).as_bytes()), None);
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "[\\[\\]{}\",:\\\\ 0-9a-z\u{e9}-]{0,40}") {
            let _ = parse(text.as_bytes());
        }

        #[test]
        fn it_reads_what_a_full_parser_reads(text in "\\PC*", number: i64, flag: bool) {
            let value = serde_json::json!({ "t": text, "l": [number, flag, null], "o": { "k": text } });
            let node = parse(value.to_string().as_bytes()).unwrap();
            for printed in [compact(&node), pretty(&node)] {
                let back: serde_json::Value = serde_json::from_str(&printed).unwrap();
                prop_assert_eq!(&back, &value);
            }
        }
    }
}
