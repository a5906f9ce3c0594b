//! Maps of named predicates beside one word of their own, `only`.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::document::PredDocument;

/// Predicates by name, and `only`: the names that may be there at all.
#[derive(Debug, Clone, Default)]
#[cfg_attr(any(test, not(shipped)), derive(schemars::JsonSchema))]
pub struct FieldsDocument {
    /// No other names than these, and those with a predicate beside, may be there.
    pub only: Option<Vec<String>>,
    #[cfg_attr(any(test, not(shipped)), schemars(flatten))]
    pub fields: BTreeMap<String, PredDocument>,
}

impl<'de> Deserialize<'de> for FieldsDocument {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(FieldsVisitor)
    }
}

struct FieldsVisitor;

impl<'de> Visitor<'de> for FieldsVisitor {
    type Value = FieldsDocument;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a map of names to predicates")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<FieldsDocument, A::Error> {
        let mut document = FieldsDocument::default();
        while let Some(name) = map.next_key::<String>()? {
            if name == "only" {
                document.only = Some(map.next_value()?);
            } else if document.fields.insert(name.clone(), map.next_value()?).is_some() {
                return Err(A::Error::custom(format_args!("the key `{name}` stands here a second time")));
            }
        }
        Ok(document)
    }
}
