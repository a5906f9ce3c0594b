//! The key-encryption key and the texts it may be made from.

use std::io::{self, Read, Write};

use zeroize::Zeroizing;

use super::key::Key;
use crate::platform::entropy::EntropyError;
use crate::vault::hex;

/// The one key that opens a vault. In locked pages; cleared when dropped; never printed.
pub struct Kek(Key);

impl Kek {
    pub(in crate::vault) const LENGTH: usize = Key::LENGTH;

    pub(super) fn generate() -> Result<Self, EntropyError> {
        Key::generate().map(Self)
    }

    pub(super) fn from_slice(bytes: &[u8]) -> Option<Self> {
        Key::from_slice(bytes).map(Self)
    }

    /// Filled in place, so that no copy stays behind.
    pub(super) fn filled_by<E>(fill: impl FnOnce(&mut [u8]) -> Result<(), E>) -> Result<Self, E> {
        Key::filled_by(fill).map(Self)
    }

    /// Not `Clone`: whoever needs a second one says so.
    pub(in crate::vault) fn duplicate(&self) -> Self {
        Self(self.0.duplicate())
    }

    pub(in crate::vault) fn as_bytes(&self) -> &[u8; Self::LENGTH] {
        self.0.as_bytes()
    }

    /// Hex, to hand over to a daemon through a private pipe and nowhere else.
    #[must_use]
    pub fn to_wire(&self) -> SecretText {
        SecretText::new(hex::encode(self.as_bytes()))
    }

    /// The reverse of [`Kek::to_wire`]; `None` when the text is something else.
    #[must_use]
    pub fn from_wire(text: &SecretText) -> Option<Self> {
        let decode = |bytes: &mut [u8]| hex::decode_into(text.as_str(), bytes).then_some(()).ok_or(());
        Self::filled_by(decode).ok()
    }
}

/// A passphrase or the text of a key. Cleared when dropped; never printed.
pub struct SecretText(Zeroizing<String>);

impl SecretText {
    /// The longest text that is taken from a pipe: a key as [`Kek::to_wire`] writes it.
    pub const MAX_PIPED: usize = 2 * Kek::LENGTH;

    #[must_use]
    pub fn new(text: String) -> Self {
        Self(Zeroizing::new(text))
    }

    /// Not `Clone`: whoever needs a second one says so.
    #[must_use]
    pub fn duplicate(&self) -> Self {
        Self(self.0.clone())
    }

    /// Writes it down a pipe whose only reader is meant to have it.
    ///
    /// # Errors
    /// When the reader is gone.
    pub fn write_to(&self, pipe: &mut dyn Write) -> io::Result<()> {
        pipe.write_all(self.0.as_bytes())
    }

    /// All that comes down a pipe: a text of [`SecretText::MAX_PIPED`] bytes at most. Give it a
    /// pipe that keeps no copy.
    ///
    /// # Errors
    /// When there is more, when it is no text, or when the pipe fails.
    pub fn read_from(pipe: &mut dyn Read) -> io::Result<Self> {
        let mut bytes = Zeroizing::new([0; Self::MAX_PIPED + 1]);
        let mut length = 0;
        while length < bytes.len() {
            match pipe.read(&mut bytes[length..])? {
                0 => break,
                more => length += more,
            }
        }
        let text = std::str::from_utf8(&bytes[..length]).ok().filter(|text| text.len() <= Self::MAX_PIPED);
        let text = text.ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "this is no key"))?;
        Ok(Self::new(text.to_owned()))
    }

    pub(in crate::vault) fn as_str(&self) -> &str {
        &self.0
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

    #[test]
    fn a_pipe_carries_a_key_and_no_more() {
        let wire = Kek::generate().unwrap().to_wire();
        let mut pipe = Vec::new();
        wire.write_to(&mut pipe).unwrap();
        assert_eq!(SecretText::read_from(&mut pipe.as_slice()).unwrap().as_str(), wire.as_str());
        pipe.push(b'0');
        assert!(SecretText::read_from(&mut pipe.as_slice()).is_err());
        assert!(SecretText::read_from(&mut &[0xff][..]).is_err());
        assert!(SecretText::read_from(&mut io::repeat(b'0')).is_err());
    }
}
