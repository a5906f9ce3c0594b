//! Where in a JSON text the values stand that are asked for. Pure.
//!
//! Values are found in place, so that what is taken out can be cut out of the bytes and all the
//! rest stays as the upstream wrote it: the spelling of numbers, the order of keys, the spaces. A
//! key that comes twice is followed both times.

use std::ops::Range;

use struson::reader::{JsonReader, JsonStreamReader, ReaderError, ReaderSettings, ValueType};

use crate::spec::policy::{Pointer, Token};

/// Deeper nesting is refused.
const MAX_DEPTH: u32 = 128;

/// The values that are asked for.
#[derive(Debug, Default)]
pub(super) struct Wanted {
    pub(super) pointers: Vec<Pointer>,
    /// Members of this name, at any depth.
    pub(super) fields: Vec<String>,
}

/// The bytes are not one JSON text of bounded depth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct NotJson;

impl From<ReaderError> for NotJson {
    fn from(_: ReaderError) -> Self {
        Self
    }
}

/// Where in `text` the wanted values stand, in order; none lies within another.
pub(super) fn find(text: &[u8], wanted: &Wanted) -> Result<Vec<Range<usize>>, NotJson> {
    let settings = ReaderSettings {
        max_nesting_depth: Some(MAX_DEPTH),
        track_path: false,
        // Nothing is computed with the numbers here.
        restrict_number_values: false,
        ..ReaderSettings::default()
    };
    let reader = JsonStreamReader::new_custom(text, settings);
    let mut walk = Walk { reader, fields: &wanted.fields, found: Vec::new() };
    let steps: Vec<_> = wanted.pointers.iter().map(Pointer::tokens).collect();
    walk.value(&steps)?;
    walk.reader.consume_trailing_whitespace()?;
    Ok(walk.found)
}

struct Walk<'t, 'w> {
    reader: JsonStreamReader<&'t [u8]>,
    fields: &'w [String],
    found: Vec<Range<usize>>,
}

impl Walk<'_, '_> {
    /// One value; `steps` are what is left of each pointer that leads here.
    fn value(&mut self, steps: &[&[Token]]) -> Result<(), NotJson> {
        if steps.iter().any(|left| left.is_empty()) {
            return self.found();
        }
        match self.reader.peek()? {
            _ if steps.is_empty() && self.fields.is_empty() => self.reader.skip_value()?,
            ValueType::Array => self.list(steps)?,
            ValueType::Object => self.map(steps)?,
            _ => self.reader.skip_value()?,
        }
        Ok(())
    }

    fn list(&mut self, steps: &[&[Token]]) -> Result<(), NotJson> {
        self.reader.begin_array()?;
        let mut index = 0;
        while self.reader.has_next()? {
            let within = follow(steps, |name| is_index(name, index));
            self.value(&within)?;
            index += 1;
        }
        Ok(self.reader.end_array()?)
    }

    fn map(&mut self, steps: &[&[Token]]) -> Result<(), NotJson> {
        self.reader.begin_object()?;
        while self.reader.has_next()? {
            let key = self.reader.next_name_owned()?;
            if self.fields.contains(&key) {
                self.found()?;
            } else {
                self.value(&follow(steps, |name| *name == key))?;
            }
        }
        Ok(self.reader.end_object()?)
    }

    /// The value that comes next is one of those asked for.
    fn found(&mut self) -> Result<(), NotJson> {
        self.reader.peek()?;
        let from = self.position()?;
        self.reader.skip_value()?;
        let to = self.position()?;
        self.found.push(from..to);
        Ok(())
    }

    fn position(&self) -> Result<usize, NotJson> {
        let position = self.reader.current_position(false).data_pos;
        position.and_then(|at| usize::try_from(at).ok()).ok_or(NotJson)
    }
}

/// The pointers that lead on into a member or an element.
fn follow<'w>(steps: &[&'w [Token]], is_it: impl Fn(&String) -> bool) -> Vec<&'w [Token]> {
    let onward = steps.iter().filter_map(|left| {
        let (token, rest) = left.split_first()?;
        let leads = match token {
            Token::Every => true,
            Token::Name(name) => is_it(name),
        };
        leads.then_some(rest)
    });
    onward.collect()
}

/// RFC 6901, section 4: digits without a leading zero.
fn is_index(name: &str, index: usize) -> bool {
    let plain = name == "0" || name.starts_with(|first: char| ('1'..='9').contains(&first));
    plain && name.parse() == Ok(index)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found<'t>(text: &'t str, pointers: &[&str], fields: &[&str]) -> Result<Vec<&'t str>, NotJson> {
        let wanted = Wanted {
            pointers: pointers.iter().map(|text| Pointer::parse(text).unwrap()).collect(),
            fields: fields.iter().map(|&name| name.to_owned()).collect(),
        };
        Ok(find(text.as_bytes(), &wanted)?.into_iter().map(|span| &text[span]).collect())
    }

    #[test]
    fn values_are_found_where_they_stand() {
        let text = r#" { "a" : [ 1.50 , {"b":"x,\"y"} , [ ] ] , "c/d":null, "" :true,"e":{ "a":-0e3 } } "#;
        for (pointer, wanted) in [
            ("/a/0", &["1.50"][..]),
            ("/a/1/b", &[r#""x,\"y""#]),
            ("/a/1", &[r#"{"b":"x,\"y"}"#]),
            ("/a/2", &["[ ]"]),
            ("/a/*", &["1.50", r#"{"b":"x,\"y"}"#, "[ ]"]),
            ("/*/a", &["-0e3"]),
            ("/c~1d", &["null"]),
            ("/", &["true"]),
            ("/a/3", &[]),
            ("/a/00", &[]),
            ("/a/+1", &[]),
            ("/a/0/b", &[]),
            ("/x", &[]),
        ] {
            assert_eq!(found(text, &[pointer], &[]).unwrap(), wanted, "{pointer}");
        }
        assert_eq!(
            found(text, &["/e"], &["a"]).unwrap(),
            [r#"[ 1.50 , {"b":"x,\"y"} , [ ] ]"#, r#"{ "a":-0e3 }"#]
        );
        assert_eq!(found(text, &[], &["b"]).unwrap(), [r#""x,\"y""#]);
    }

    #[test]
    fn keys_are_compared_as_they_mean_and_each_time_they_come() {
        let text = r#"{"key":1,"k\u0065y":2,"K":3,"in":[{"key":{"key":4}}]}"#;
        assert_eq!(found(text, &["/key"], &[]).unwrap(), ["1", "2"]);
        assert_eq!(found(text, &[], &["key"]).unwrap(), ["1", "2", r#"{"key":4}"#]);
    }

    #[test]
    fn what_is_not_one_json_text_is_refused() {
        for text in [
            "",
            " ",
            "{",
            "{} {}",
            "[1,]",
            "{\"a\":}",
            "nul",
            "\u{feff}{}",
            "{'a':1}",
            "01",
            "\"\\ud800\"",
            "x",
        ] {
            assert_eq!(found(text, &["/a"], &["b"]), Err(NotJson), "{text:?}");
            assert_eq!(found(text, &[], &[]), Err(NotJson), "{text:?}");
        }
        assert_eq!(find(b"{\"x\":\"\xff\"}", &Wanted::default()), Err(NotJson));
        let deep = format!("{}{}", "[".repeat(200), "]".repeat(200));
        assert_eq!(found(&deep, &["/a"], &["b"]), Err(NotJson));
        assert_eq!(found(&deep, &[], &[]), Err(NotJson));
    }
}
