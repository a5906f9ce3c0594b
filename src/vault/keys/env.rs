//! The key as a text that the caller was given: base64 or hex of 32 bytes.
//!
//! The text is passed in; nothing here looks for it.

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use super::error::KeyError;
use super::kek::{Kek, SecretText};
use crate::platform::memory::Locked;
use crate::vault::hex;

/// Padding may be missing, since people lose it when they copy.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// How errors call the text.
pub(super) const ORIGIN: &str = "AIVAULT_KEY";

pub(super) fn parse(text: &SecretText) -> Result<Kek, KeyError> {
    parse_text(text.as_str().trim_ascii()).ok_or_else(|| KeyError::Malformed { origin: ORIGIN.to_owned() })
}

/// 64 characters of hex are 48 bytes of base64, so the two cannot be mistaken for each other.
pub(super) fn parse_text(text: &str) -> Option<Kek> {
    let from_hex = |bytes: &mut [u8]| hex::decode_into(text, bytes).then_some(()).ok_or(());
    if let Ok(kek) = Kek::filled_by(from_hex) {
        return Some(kek);
    }
    let mut bytes = Locked::zeroed(Kek::LENGTH + 3);
    let length = BASE64.decode_slice(text, &mut bytes).ok()?;
    Kek::from_slice(&bytes[..length])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_and_hex_of_32_bytes_are_keys() {
        let text = "BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=";
        for text in [text, &text[..43], &format!(" {text}\n"), &"07".repeat(32)] {
            let kek = parse(&SecretText::new(text.to_owned())).ok().unwrap();
            assert_eq!(kek.as_bytes(), &[7; 32], "{text}");
        }
    }

    #[test]
    fn anything_else_is_not() {
        let text = "BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=";
        for text in ["", "x", &text[..42], &format!("{text}{text}"), &"07".repeat(31), &"0g".repeat(32)] {
            assert!(parse(&SecretText::new(text.to_owned())).is_err(), "{text}");
        }
    }
}
