//! Where a place of a document stands in its YAML text, and the strict reading of it.
//!
//! The YAML library reports a position only with an error, so a walk to the place
//! raises one there. Nothing here repairs a document.

use std::cell::Cell;
use std::collections::HashSet;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

use super::diagnostic::{Place, Step};

/// The byte offset of `place` in `text`; of the nearest enclosing one when it is absent.
#[must_use]
pub fn of(text: &str, place: &Place) -> Option<usize> {
    let exact = walk(text, place);
    exact.or_else(|| {
        let (_, outer) = place.steps.split_last()?;
        of(text, &Place { steps: outer.to_vec(), key: !outer.is_empty() })
    })
}

/// The byte offset of `place` in `text`, if it is there.
#[must_use]
pub fn exactly(text: &str, place: &Place) -> Option<usize> {
    walk(text, place)
}

fn walk(text: &str, place: &Place) -> Option<usize> {
    let seed = Walk { steps: &place.steps, key: place.key };
    let error = seed.deserialize(serde_yaml::Deserializer::from_str(text)).err()?;
    error.location().map(|location| location.index())
}

/// Why a text is not a document, and at which byte.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadError {
    pub message: String,
    pub offset: usize,
    /// A key stands twice in one map.
    pub duplicate: bool,
}

/// Reads a whole document as JSON data; duplicate keys, keys that are not text, and
/// values left empty are errors.
///
/// # Errors
/// The first thing in the text that is not plain, unambiguous YAML.
pub fn read(text: &str) -> Result<Value, ReadError> {
    let duplicate = Cell::new(false);
    let seed = Strict { duplicate: &duplicate };
    seed.deserialize(serde_yaml::Deserializer::from_str(text)).map_err(|error| ReadError {
        offset: error.location().map_or(0, |location| location.index()),
        message: without_position(&error.to_string()),
        duplicate: duplicate.get(),
    })
}

/// The library ends its messages in the position, which a diagnostic shows itself.
fn without_position(message: &str) -> String {
    message.split(" at line ").next().unwrap_or(message).to_owned()
}

/// What a walk raises where it arrives; never shown.
const ARRIVED: &str = "arrived";

struct Walk<'a> {
    steps: &'a [Step],
    key: bool,
}

impl Walk<'_> {
    fn arrive<E: Error>(&self) -> Result<(), E> {
        if self.steps.is_empty() { Err(E::custom(ARRIVED)) } else { Ok(()) }
    }

    fn next(&self) -> Self {
        Self { steps: &self.steps[1..], key: self.key }
    }
}

impl<'de> DeserializeSeed<'de> for Walk<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

macro_rules! scalars {
    ($($visit:ident: $type:ty),*) => {
        $(fn $visit<E: Error>(self, _: $type) -> Result<(), E> { self.arrive() })*
    };
}

impl<'de> Visitor<'de> for Walk<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a YAML node")
    }

    scalars!(visit_bool: bool, visit_i64: i64, visit_u64: u64, visit_f64: f64, visit_str: &str);

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        self.arrive()
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        self.arrive()?;
        let Step::Key(want) = &self.steps[0] else { return Ok(()) };
        let stop = self.key && self.steps.len() == 1;
        while let Some(found) = map.next_key_seed(WalkKey { want, stop })? {
            if found {
                map.next_value_seed(self.next())?;
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        self.arrive()?;
        let Step::Index(want) = self.steps[0] else { return Ok(()) };
        for index in 0.. {
            let more = if index == want {
                seq.next_element_seed(self.next())?.is_some()
            } else {
                seq.next_element::<IgnoredAny>()?.is_some()
            };
            if !more {
                break;
            }
        }
        Ok(())
    }
}

struct WalkKey<'a> {
    want: &'a str,
    stop: bool,
}

impl<'de> DeserializeSeed<'de> for WalkKey<'_> {
    type Value = bool;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<bool, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for WalkKey<'_> {
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E: Error>(self, key: &str) -> Result<bool, E> {
        if key == self.want && self.stop { Err(E::custom(ARRIVED)) } else { Ok(key == self.want) }
    }
}

#[derive(Clone, Copy)]
struct Strict<'a> {
    duplicate: &'a Cell<bool>,
}

impl<'de> DeserializeSeed<'de> for Strict<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("plain data: text, numbers, lists and maps")
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        Number::from_f64(value).map(Value::Number).ok_or_else(|| E::custom("not a finite number"))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Err(E::custom("a value is missing here"))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(value) = seq.next_element_seed(self)? {
            list.push(value);
        }
        Ok(Value::Array(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut object = Map::new();
        let mut seen = HashSet::new();
        while let Some(key) = map.next_key_seed(StrictKey { seen: &mut seen, duplicate: self.duplicate })? {
            let value = map.next_value_seed(self)?;
            object.insert(key, value);
        }
        Ok(Value::Object(object))
    }
}

struct StrictKey<'a> {
    seen: &'a mut HashSet<String>,
    duplicate: &'a Cell<bool>,
}

impl<'de> DeserializeSeed<'de> for StrictKey<'_> {
    type Value = String;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<String, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl Visitor<'_> for StrictKey<'_> {
    type Value = String;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key that is text")
    }

    fn visit_str<E: Error>(self, key: &str) -> Result<String, E> {
        if self.seen.insert(key.to_owned()) {
            return Ok(key.to_owned());
        }
        self.duplicate.set(true);
        Err(E::custom(format_args!("the key `{key}` stands here a second time")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "a: 1\nlist:\n  - x\n  - {k: v}\nmap:\n  one: two\n";

    fn at(place: &Place) -> &str {
        &TEXT[of(TEXT, place).unwrap()..]
    }

    #[test]
    fn values_and_keys_are_found() {
        let root = Place::root();
        assert!(at(&root.key("list").index(1).key("k")).starts_with("v}"));
        assert!(at(&root.key("map").name("one")).starts_with("one:"));
        assert!(at(&root.name("map")).starts_with("map:"));
        assert!(at(&root.key("list").index(0)).starts_with("x\n"));
    }

    #[test]
    fn an_absent_place_is_its_nearest_parent() {
        let root = Place::root();
        assert!(at(&root.key("map").key("none").index(3)).starts_with("map:"));
    }

    #[test]
    fn what_is_ambiguous_is_refused_where_it_stands() {
        let twice = read("a: 1\nb: {c: 1, c: 2}\n").unwrap_err();
        assert!(twice.duplicate && twice.offset == 15, "{twice:?}");
        let empty = read("a:\nb: 1\n").unwrap_err();
        assert!(empty.message.contains("missing") && !empty.duplicate, "{empty:?}");
        assert!(read("a: 1\n\tb: 2\n").is_err());
        assert!(read("1: a\n").is_err());
        assert!(read("a: &x [1]\nb: *x\n").is_ok());
    }
}
