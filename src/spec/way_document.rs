//! How a provider's further ways to authenticate are written: a map whose order is theirs.

use std::fmt;

use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::auth_document::AuthDocument;

/// A further way to authenticate, with the same hosts and capabilities.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(any(test, not(shipped)), derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct AlternativeDocument {
    pub auth: AuthDocument,
}

/// The ways by name, in the order of the file, which is that of their priority.
#[derive(Debug, Clone, Default)]
pub struct AlternativesDocument(Vec<(String, AlternativeDocument)>);

impl AlternativesDocument {
    pub fn iter(&self) -> impl Iterator<Item = (&str, &AlternativeDocument)> {
        self.0.iter().map(|(name, one)| (name.as_str(), one))
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<'de> Deserialize<'de> for AlternativesDocument {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(InOrder)
    }
}

struct InOrder;

impl<'de> Visitor<'de> for InOrder {
    type Value = AlternativesDocument;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a map of ways to authenticate")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut all = Vec::new();
        // That no name stands twice was seen to when the text was read.
        while let Some(entry) = map.next_entry()? {
            all.push(entry);
        }
        Ok(AlternativesDocument(all))
    }
}
