//! Single fields of a line as it stands, without reading the whole of it.
//!
//! A line has one form: the number, the time, the action, the outcome and the caller come first, and no text can
//! hold the quotes of a key, since within a JSON string they are escaped.

use memchr::{memchr, memmem};

const SEQ: &[u8] = br#"{"seq":"#;
const TIME: &[u8] = br#""ts_ms":"#;

/// A field of text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Field<'a> {
    Absent,
    /// As it was before it was written.
    Plain(&'a str),
    /// It has escapes, and so must be read as JSON.
    Escaped,
}

/// The milliseconds since 1970 of a line.
pub(super) fn time_of(line: &[u8]) -> Option<u64> {
    let rest = line.strip_prefix(SEQ)?;
    let rest = rest[memchr(b',', rest)? + 1..].strip_prefix(TIME)?;
    digits(&rest[..memchr(b',', rest)?])
}

/// What stands behind `key`, which is `,"name":"`.
pub(super) fn field<'a>(line: &'a [u8], key: &memmem::Finder<'_>) -> Field<'a> {
    let Some(at) = key.find(line) else { return Field::Absent };
    let rest = &line[at + key.needle().len()..];
    let text = memchr(b'"', rest).and_then(|end| str::from_utf8(&rest[..end]).ok());
    match text {
        Some(text) if !text.contains('\\') => Field::Plain(text),
        _ => Field::Escaped,
    }
}

fn digits(text: &[u8]) -> Option<u64> {
    str::from_utf8(text).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use memmem::Finder;
    use proptest::prelude::*;

    use super::*;
    use crate::audit::event::{Action, Event, Outcome};
    use crate::audit::line;

    const CAPABILITY: &[u8] = br#","capability":""#;

    proptest! {
        /// Whatever a caller writes into its fields.
        #[test]
        fn a_field_is_that_of_the_event(
            ts_ms in any::<u64>(), caller in ".{0,30}|\",\"capability\":\"x", capability in prop::option::of(".{0,30}"),
            path in ".{0,30}|\",\"capability\":\"x"
        ) {
            let event = Event {
                capability: capability.clone(),
                path: Some(path),
                ..Event::new(ts_ms, caller, Action::Invoke, Outcome::Denied)
            };
            let mut body = Vec::new();
            line::write_body(&mut body, 7, &event).unwrap();
            prop_assert_eq!(time_of(&body), Some(ts_ms));
            match (field(&body, &Finder::new(CAPABILITY)), capability) {
                (Field::Plain(found), Some(text)) => prop_assert_eq!(found, text),
                (Field::Escaped, Some(text)) => {
                    let special = |c: char| !matches!(c, ' '..='~') || matches!(c, '"' | '\\');
                    prop_assert!(text.contains(special));
                }
                (Field::Absent, None) => {}
                (found, text) => prop_assert!(false, "{found:?} for {text:?}"),
            }
        }

        #[test]
        fn any_bytes_are_looked_at_without_a_panic(bytes in any::<Vec<u8>>(), place in any::<prop::sample::Index>()) {
            let mut line = br#"{"seq":1,"ts_ms":2,"capability":"a"}"#.to_vec();
            line.splice(place.index(line.len()).., bytes);
            let _ = (time_of(&line), field(&line, &Finder::new(CAPABILITY)));
        }
    }
}
