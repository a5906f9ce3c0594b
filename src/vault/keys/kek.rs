//! The key-encryption key and the texts it may be made from.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use zeroize::{Zeroize as _, Zeroizing};

use crate::platform::entropy::{self, EntropyError};
use crate::vault::hex;

/// The one key that opens a vault. Cleared when dropped; never printed.
pub struct Kek(Zeroizing<[u8; Self::LENGTH]>);

impl Kek {
    pub(in crate::vault) const LENGTH: usize = 32;

    pub(super) fn generate() -> Result<Self, EntropyError> {
        let mut kek = Self(Zeroizing::default());
        entropy::fill(kek.0.as_mut_slice())?;
        Ok(kek)
    }

    pub(super) fn from_slice(bytes: &[u8]) -> Option<Self> {
        let mut kek = Self(Zeroizing::default());
        if bytes.len() != Self::LENGTH {
            return None;
        }
        kek.0.copy_from_slice(bytes);
        Some(kek)
    }

    /// Filled in place, so that no copy stays behind.
    pub(super) fn filled_by<E>(fill: impl FnOnce(&mut [u8]) -> Result<(), E>) -> Result<Self, E> {
        let mut kek = Self(Zeroizing::default());
        fill(kek.0.as_mut_slice())?;
        Ok(kek)
    }

    /// Not `Clone`: whoever needs a second one says so.
    pub(super) fn duplicate(&self) -> Self {
        Self(self.0.clone())
    }

    pub(in crate::vault) fn as_bytes(&self) -> &[u8; Self::LENGTH] {
        &self.0
    }

    /// Hex, to hand over to a daemon through a private pipe or socket and nowhere else.
    #[must_use]
    pub fn to_wire(&self) -> SecretText {
        SecretText::new(hex::encode(self.0.as_slice()))
    }

    /// The reverse of [`Kek::to_wire`]; `None` when the text is something else.
    #[must_use]
    pub fn from_wire(text: &SecretText) -> Option<Self> {
        hex::decode(text.as_str()).map(|mut bytes: [u8; Self::LENGTH]| {
            let kek = Self(Zeroizing::new(bytes));
            bytes.zeroize();
            kek
        })
    }
}

/// A passphrase or the text of a key. Cleared when dropped; never printed.
pub struct SecretText(Zeroizing<String>);

impl SecretText {
    #[must_use]
    pub fn new(text: String) -> Self {
        Self(Zeroizing::new(text))
    }

    /// Not `Clone`: whoever needs a second one says so.
    #[must_use]
    pub fn duplicate(&self) -> Self {
        Self(self.0.clone())
    }

    pub(super) fn as_str(&self) -> &str {
        &self.0
    }
}

/// A passphrase travels over the operator's socket, and nowhere else.
impl Serialize for SecretText {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for SecretText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self::new)
    }
}

impl From<String> for SecretText {
    fn from(text: String) -> Self {
        Self::new(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_survives_the_wire_and_nothing_else_does() {
        let kek = Kek::generate().unwrap();
        let wire = kek.to_wire();
        assert_eq!(Kek::from_wire(&wire).unwrap().as_bytes(), kek.as_bytes());
        for other in [&wire.as_str()[1..], &format!("{}\n", wire.as_str()), ""] {
            assert!(Kek::from_wire(&SecretText::new(other.to_owned())).is_none());
        }
    }
}
