//! What a JSON Pointer with `*` points at.

use std::collections::BTreeMap;

use super::body::Json;
use crate::spec::policy::Token;

/// One end of a pointer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Found<'a> {
    Value(&'a Json),
    /// There is nothing at that place.
    Absent,
    /// A step does not fit what stands there, such as a name into a text.
    Blocked,
}

/// Calls `see` for each end of the pointer, at least once.
pub(super) fn follow<'a>(json: &'a Json, tokens: &[Token], see: &mut impl FnMut(Found<'a>)) {
    let Some((token, rest)) = tokens.split_first() else { return see(Found::Value(json)) };
    match (token, json) {
        // Nothing can be read out of a null, and clients send it for what they leave out.
        (_, Json::Null) => see(Found::Absent),
        (Token::Name(name), Json::Map(map)) => match map.get(name) {
            _ if has_twin(map, name) => see(Found::Blocked),
            Some(inner) => follow(inner, rest, see),
            None => see(Found::Absent),
        },
        (Token::Name(name), Json::List(list)) => match index(name) {
            Some(index) => match list.get(index) {
                Some(inner) => follow(inner, rest, see),
                None => see(Found::Absent),
            },
            None => see(Found::Blocked),
        },
        (Token::Every, Json::List(list)) if !list.is_empty() => {
            list.iter().for_each(|inner| follow(inner, rest, see));
        }
        (Token::Every, Json::Map(map)) if !map.is_empty() => {
            map.values().for_each(|inner| follow(inner, rest, see));
        }
        (Token::Every, Json::List(_) | Json::Map(_)) => see(Found::Absent),
        (_, Json::Bool(_) | Json::Number(_) | Json::Text(_)) => see(Found::Blocked),
    }
}

/// Whether some reader takes another key for `name`: several match the names of fields whatever
/// their case, and of those that do the last one wins, not the one that was judged.
fn has_twin(map: &BTreeMap<String, Json>, name: &str) -> bool {
    map.keys().any(|key| key != name && is_read_as(key, name))
}

/// By simple folding, in which the long s is an s and the Kelvin sign a k.
fn is_read_as(key: &str, name: &str) -> bool {
    if key.is_ascii() && name.is_ascii() {
        return key.eq_ignore_ascii_case(name);
    }
    let folded = |text: &str| -> String { text.to_uppercase().to_lowercase() };
    folded(key) == folded(name)
}

/// What stands at each end of a pointer; none where there is nothing, or where a step does not fit.
#[must_use]
pub fn values_at<'a>(json: &'a Json, tokens: &[Token]) -> Vec<Option<&'a Json>> {
    let mut ends = Vec::new();
    follow(json, tokens, &mut |found| {
        ends.push(match found {
            Found::Value(value) => Some(value),
            Found::Absent | Found::Blocked => None,
        });
    });
    ends
}

/// RFC 6901, section 4: digits without a leading zero.
fn index(name: &str) -> Option<usize> {
    let plain = name == "0" || !name.starts_with('0') && name.bytes().all(|byte| byte.is_ascii_digit());
    plain.then(|| name.parse().ok()).flatten()
}

/// The one value at the end of a pointer without `*`.
pub(super) fn single<'a>(json: &'a Json, tokens: &[Token]) -> Option<&'a Json> {
    let mut only = None;
    follow(json, tokens, &mut |found| {
        if let Found::Value(value) = found {
            only = Some(value);
        }
    });
    only
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(keys: &[&str]) -> Json {
        Json::Map(keys.iter().map(|key| ((*key).to_owned(), Json::Null)).collect())
    }

    fn found<'a>(json: &'a Json, name: &str) -> Found<'a> {
        let mut ends = Vec::new();
        follow(json, &[Token::Name(name.into())], &mut |found| ends.push(found));
        ends[0]
    }

    #[test]
    fn a_key_that_some_reader_takes_for_the_one_that_is_meant_blocks_it() {
        for keys in [&["model", "Model"][..], &["MODEL"], &["\u{17f}tream", "stream"], &["to\u{212a}ens"]] {
            let json = map(keys);
            let name = ["model", "stream", "tokens"].into_iter().find(|name| is_read_as(keys[0], name));
            assert_eq!(found(&json, name.unwrap()), Found::Blocked, "{keys:?}");
        }
        let json = map(&["model", "models", "mode", "stream"]);
        assert_eq!(found(&json, "model"), Found::Value(&Json::Null));
        assert_eq!(found(&json, "strea"), Found::Absent);
    }
}
