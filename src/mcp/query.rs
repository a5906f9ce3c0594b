//! A query as an object of names and values, put behind a path. Every byte that could mean something there is encoded.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;
use serde_json::Map;
use serde_json::value::Value;

const LITERAL: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Pairs in the order that they were given in.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Query(Vec<(String, String)>);

#[derive(Debug, thiserror::Error)]
#[error("the query's `{0}` is neither a text, a number, true or false, nor a list of these")]
pub(super) struct QueryError(String);

impl<'de> Deserialize<'de> for Query {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let fields = Map::deserialize(deserializer)?;
        Self::of(fields).map_err(serde::de::Error::custom)
    }
}

impl Query {
    fn of(fields: Map<String, Value>) -> Result<Self, QueryError> {
        let mut pairs = Vec::new();
        for (name, value) in fields {
            let values = match value {
                // A list is the name once for each.
                Value::Array(values) => values,
                Value::Null => Vec::new(),
                one => vec![one],
            };
            for value in values {
                let value = scalar(value).ok_or_else(|| QueryError(name.clone()))?;
                pairs.push((name.clone(), value));
            }
        }
        Ok(Self(pairs))
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The path with this behind it.
    pub(super) fn behind(&self, path: &str) -> String {
        let mut target = path.to_owned();
        let mut separator = if path.contains('?') { '&' } else { '?' };
        for (name, value) in &self.0 {
            let encoded = |text| utf8_percent_encode(text, LITERAL);
            target.push_str(&format!("{separator}{}={}", encoded(name), encoded(value)));
            separator = '&';
        }
        target
    }
}

fn scalar(value: Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(truth) => Some(truth.to_string()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(path: &str, query: &str) -> String {
        serde_json::from_str::<Query>(query).unwrap().behind(path)
    }

    #[test]
    fn nothing_in_it_can_mean_more_than_itself() {
        assert_eq!(target("/a", "{}"), "/a");
        assert_eq!(
            target("/a", r#"{"q":"a&b=c#d/../é %","n":1.5,"on":true}"#),
            "/a?q=a%26b%3Dc%23d%2F..%2F%C3%A9%20%25&n=1.5&on=true"
        );
        assert_eq!(target("/a?x=1", r#"{"id[]":["1",2],"none":null}"#), "/a?x=1&id%5B%5D=1&id%5B%5D=2");
    }

    #[test]
    fn what_has_no_place_in_a_query_is_refused() {
        for bad in [r#"{"a":{}}"#, r#"{"a":[[]]}"#, r#"{"a":[null]}"#, "[]", r#""a=b""#] {
            assert!(serde_json::from_str::<Query>(bad).is_err(), "{bad}");
        }
    }
}
