//! The form of a line: `{"seq":N,` the event's fields `,"mac":"<64 hex>"}`, in ASCII.
//!
//! Pure. What is authenticated are the bytes before `,"mac"`, as they stand: nothing
//! is ever serialised again to check them.

use super::chain::Mac;
use super::event::Event;

/// No line is longer, its newline included; whatever is, was not written by this log.
pub(super) const MAX_LINE: usize = 64 * 1024;

const SEQ: &[u8] = br#"{"seq":"#;
const MAC: &[u8] = br#","mac":""#;
const END: &[u8] = br#""}"#;
const MAC_DIGITS: usize = 64;

/// A line taken apart.
pub(super) struct Line<'a> {
    pub(super) seq: u64,
    /// The authenticated bytes.
    pub(super) body: &'a [u8],
    pub(super) mac: Mac,
}

/// Writes the authenticated part of a line into `buffer`.
pub(super) fn write_body(buffer: &mut Vec<u8>, seq: u64, event: &Event) -> Result<(), serde_json::Error> {
    buffer.clear();
    buffer.extend_from_slice(SEQ);
    buffer.extend_from_slice(seq.to_string().as_bytes());
    let brace = buffer.len();
    serde_json::to_writer(&mut *buffer, event)?;
    // `{"seq":1` + `{"ts_ms":…}` becomes `{"seq":1,"ts_ms":…`.
    buffer[brace] = b',';
    buffer.pop();
    escape_beyond_ascii(buffer);
    Ok(())
}

/// Closes a line whose authenticated part is in `buffer`.
pub(super) fn write_mac(buffer: &mut Vec<u8>, mac: &Mac) {
    buffer.extend_from_slice(MAC);
    buffer.extend_from_slice(hex(mac).as_bytes());
    buffer.extend_from_slice(END);
    buffer.push(b'\n');
}

/// Lower-case hex, as macs are written.
pub(super) fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    bytes
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 15])
        .map(|digit| char::from(DIGITS[usize::from(digit)]))
        .collect()
}

/// The bytes of lower-case hex.
pub(super) fn unhex<const N: usize>(text: &str) -> Option<[u8; N]> {
    let digits = text.as_bytes();
    if digits.len() != 2 * N {
        return None;
    }
    let mut bytes = [0; N];
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        *byte = nibble(pair[0])? << 4 | nibble(pair[1])?;
    }
    Some(bytes)
}

/// Takes a line (without its newline) apart; `None` when it has not the form of one.
pub(super) fn split(line: &[u8]) -> Option<Line<'_>> {
    let rest = line.strip_suffix(END)?;
    let (rest, digits) = rest.split_at_checked(rest.len().checked_sub(MAC_DIGITS)?)?;
    let body = rest.strip_suffix(MAC)?;
    Some(Line { seq: split_seq(body)?.0, body, mac: mac_of(digits)? })
}

/// The event of a line that `split` gave; `None` when this version cannot read it.
pub(super) fn event_of(line: &Line<'_>) -> Option<Event> {
    let (_, fields) = split_seq(line.body)?;
    let object = [b"{", fields, b"}"].concat();
    serde_json::from_slice(&object).ok()
}

/// The change of the vault that a line (without its newline) speaks of.
pub(super) fn epoch_of(line: &[u8]) -> Option<u64> {
    event_of(&split(line)?)?.epoch
}

/// The number, in its one spelling, and the bytes of the fields behind it.
fn split_seq(body: &[u8]) -> Option<(u64, &[u8])> {
    let rest = body.strip_prefix(SEQ)?;
    let comma = rest.iter().take(21).position(|&byte| byte == b',')?;
    let (digits, fields) = (&rest[..comma], &rest[comma + 1..]);
    if !digits.iter().all(u8::is_ascii_digit) || digits.first() == Some(&b'0') {
        return None;
    }
    Some((str::from_utf8(digits).ok()?.parse().ok()?, fields))
}

fn mac_of(digits: &[u8]) -> Option<Mac> {
    unhex(str::from_utf8(digits).ok()?)
}

/// Lower case only: a second spelling would be an edit that goes unseen.
fn nibble(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    }
}

/// Writes everything that is not printable ASCII as `\uXXXX` (RFC 8259, section 7), so
/// that the file itself is harmless in a terminal. Such bytes stand in JSON strings
/// only, and serde_json has escaped the controls below U+0020 by now.
fn escape_beyond_ascii(buffer: &mut Vec<u8>) {
    if buffer.iter().all(|byte| matches!(byte, b' '..=b'~')) {
        return;
    }
    let mut escaped = Vec::with_capacity(buffer.len() * 2);
    for character in String::from_utf8_lossy(buffer).chars() {
        if matches!(character, ' '..='~') {
            escaped.push(character as u8);
        } else {
            for unit in character.encode_utf16(&mut [0; 2]) {
                escaped.extend_from_slice(format!("\\u{unit:04x}").as_bytes());
            }
        }
    }
    *buffer = escaped;
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::audit::event::{Action, Outcome};

    fn line_of(seq: u64, event: &Event, mac: &Mac) -> Vec<u8> {
        let mut line = Vec::new();
        write_body(&mut line, seq, event).unwrap();
        write_mac(&mut line, mac);
        line
    }

    fn denied(path: &str) -> Event {
        Event { path: Some(path.into()), ..Event::new(1, "cli", Action::Invoke, Outcome::Denied) }
    }

    #[test]
    fn a_line_has_this_form() {
        let line = line_of(12, &denied("/v1"), &[0xab; 32]);
        let expected = format!(
            "{{\"seq\":12,\"ts_ms\":1,\"action\":\"invoke\",\"outcome\":\"denied\",\"caller\":\"cli\",\"path\":\"/v1\",\
             \"mac\":\"{}\"}}\n",
            "ab".repeat(32)
        );
        assert_eq!(String::from_utf8(line).unwrap(), expected);
    }

    #[test]
    fn a_second_spelling_is_no_line() {
        let line = line_of(12, &denied("/"), &[0xab; 32]);
        let text = std::str::from_utf8(&line).unwrap().trim_end();
        assert!(split(text.as_bytes()).is_some());
        for (from, to) in [
            ("\"seq\":12", "\"seq\":012"),
            ("\"seq\":12", "\"seq\":+12"),
            ("\"seq\":12", "\"seq\": 12"),
            ("\"seq\":12", "\"seq\":99999999999999999999"),
            ("\"seq\":12", "\"seq\":"),
            ("abab", "ABAB"),
            ("abab", "abag"),
            (",\"mac\"", ", \"mac\""),
            ("\"}", "\"} "),
            ("{\"seq\"", " {\"seq\""),
        ] {
            assert!(split(text.replacen(from, to, 1).as_bytes()).is_none(), "{from} -> {to}");
        }
        assert!(split(b"").is_none());
    }

    #[test]
    fn the_longest_event_fits_into_a_line() {
        for character in ['\0', '\u{7f}', 'é', '€', '𝄞', '"'] {
            let long = character.to_string().repeat(9000);
            let some = Some(long.clone());
            let event = Event {
                secret_id: some.clone(),
                capability: some.clone(),
                credential: some.clone(),
                host: some.clone(),
                method: some.clone(),
                path: some.clone(),
                reason: some.clone(),
                detail: some,
                duration_ms: Some(u64::MAX),
                decision: Some(u64::MAX),
                epoch: Some(u64::MAX),
                ..Event::new(u64::MAX, long, Action::SecretDetachGroup, Outcome::Allowed)
            };
            // 2 KiB are left for the five typed names and ids, 600 bytes together.
            assert!(line_of(u64::MAX, &event, &[0; 32]).len() < MAX_LINE - 2048);
        }
    }

    proptest! {
        #[test]
        fn any_text_comes_back_and_the_line_is_printable_ascii(
            seq in 1u64.., ts_ms in any::<u64>(), caller in any::<String>(), path in any::<String>(), mac in any::<[u8; 32]>()
        ) {
            let event = Event { ts_ms, caller, ..denied(&path) };
            let line = line_of(seq, &event, &mac);
            let (newline, line) = line.split_last().unwrap();
            prop_assert_eq!(*newline, b'\n');
            prop_assert!(line.iter().all(|byte| matches!(byte, b' '..=b'~')));
            let parts = split(line).unwrap();
            prop_assert_eq!((parts.seq, parts.mac), (seq, mac));
            prop_assert_eq!(event_of(&parts).unwrap(), event);
        }

        #[test]
        fn any_bytes_are_taken_apart_without_a_panic(bytes in any::<Vec<u8>>()) {
            let mut line = SEQ.to_vec();
            line.extend_from_slice(&bytes);
            let _ = split(&bytes);
            let _ = split(&line).and_then(|line| event_of(&line));
        }
    }
}
