//! The two types that hold a value: one on its way in, one on its way out.
//!
//! Neither can be printed, compared or cloned; both are in locked pages and cleared when dropped.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use zeroize::Zeroizing;

use super::error::VaultError;
use crate::platform::memory::Locked;

/// A value that an operator gives: 1 byte to 1 MiB, any bytes.
///
/// It can be serialised, as base64, because it travels over the operator's socket; nothing that
/// comes out of the vault can.
pub struct SecretInput(Locked);

impl SecretInput {
    pub const MAX: usize = 1024 * 1024;

    /// # Errors
    /// [`VaultError::Invalid`] when the value is empty or larger than [`SecretInput::MAX`].
    pub fn new(value: Vec<u8>) -> Result<Self, VaultError> {
        let value = Zeroizing::new(value);
        if (1..=Self::MAX).contains(&value.len()) {
            return Ok(Self(Locked::copy_of(&value)));
        }
        Err(VaultError::Invalid { what: "value", rule: "give 1 byte to 1 MiB" })
    }

    /// What a test of the value's shape says; a value that is no text has none.
    #[must_use]
    pub fn matches(&self, shape: impl FnOnce(&str) -> bool) -> bool {
        std::str::from_utf8(&self.0).is_ok_and(shape)
    }

    /// The value for the wire, where it came from there and was kept just now.
    #[must_use]
    pub fn into_secret(self) -> Secret {
        Secret(self.0)
    }

    pub(super) fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl Serialize for SecretInput {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&Zeroizing::new(STANDARD.encode(self.as_bytes())))
    }
}

impl<'de> Deserialize<'de> for SecretInput {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(Base64Visitor)
    }
}

struct Base64Visitor;

impl de::Visitor<'_> for Base64Visitor {
    type Value = SecretInput;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the base64 of a secret value")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<SecretInput, E> {
        // The text is the value: no error may quote it.
        let value = STANDARD.decode(text).map_err(|_| E::custom("a secret value is not base64"))?;
        SecretInput::new(value).map_err(E::custom)
    }

    fn visit_string<E: de::Error>(self, text: String) -> Result<SecretInput, E> {
        self.visit_str(&Zeroizing::new(text))
    }
}

/// A value that came out of the vault for the one provider it is pinned to.
pub struct Secret(Locked);

impl Secret {
    pub(super) fn new(value: Locked) -> Self {
        Self(value)
    }

    /// The value itself; to be put on the wire and nowhere else.
    #[must_use]
    pub fn expose(&self) -> &[u8] {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_bounded() {
        assert!(SecretInput::new(Vec::new()).is_err());
        assert!(SecretInput::new(vec![0; SecretInput::MAX]).is_ok());
        assert!(SecretInput::new(vec![0; SecretInput::MAX + 1]).is_err());
    }

    #[test]
    fn any_bytes_survive_the_wire() {
        let all: Vec<u8> = (0..=255).collect();
        let wire = serde_json::to_string(&SecretInput::new(all.clone()).ok().unwrap()).unwrap();
        let back: SecretInput = serde_json::from_str(&wire).unwrap();
        assert_eq!(back.as_bytes(), all);
    }

    #[test]
    fn errors_do_not_quote_the_value() {
        for wire in ["\"sk-not-base64\"", "\"\""] {
            let error = serde_json::from_str::<SecretInput>(wire).err().unwrap();
            assert!(!error.to_string().contains("sk-not"), "{error}");
        }
    }
}
