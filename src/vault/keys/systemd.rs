//! The key as the service manager hands it to one service: a file in the folder that it made for that service alone.
//!
//! The header holds the file's name. The folder is given, as `systemd` tells it to the service; nothing here reads the
//! environment. A wrong folder gives a wrong key and nothing else.

use std::fmt;
use std::path::Path;

use zeroize::Zeroizing;

use super::env::parse_text;
use super::error::KeyError;
use super::kek::Kek;
use crate::platform::files;

/// The line is 64 bytes or fewer; more is something else.
const MAX_BYTES: usize = 256;
const MAX_NAME: usize = 64;

/// The name of a credential of the service: letters, digits, `.`, `_`, `-`, not beginning with a dot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CredentialFile(String);

impl CredentialFile {
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
        let is_name = (1..=MAX_NAME).contains(&text.len()) && text.bytes().all(plain);
        (is_name && !text.starts_with('.')).then(|| Self(text.to_owned()))
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub(super) fn read(&self, folder: Option<&Path>) -> Result<Kek, KeyError> {
        let folder = folder.ok_or_else(|| KeyError::NoCredentials { name: self.0.clone() })?;
        let path = folder.join(&self.0);
        let bytes = Zeroizing::new(files::read_credential(&path, MAX_BYTES)?);
        let malformed = || KeyError::Malformed { origin: format!("the credential {path:?}") };
        let text = std::str::from_utf8(&bytes).map_err(|_| malformed())?;
        parse_text(text.trim_ascii()).ok_or_else(malformed)
    }
}

impl fmt::Display for CredentialFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn names_cannot_be_paths() {
        for good in ["aivault", "aivault.key", "a-b_c.D9"] {
            assert!(CredentialFile::parse(good).is_some(), "{good}");
        }
        for bad in ["", ".", "..", ".hidden", "a/b", "../a", "a b", "ä", &"x".repeat(65)] {
            assert!(CredentialFile::parse(bad).is_none(), "{bad}");
        }
    }

    #[test]
    #[expect(clippy::disallowed_methods, reason = "the test plays the service manager, and an attacker")]
    fn only_a_closed_file_of_the_service_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("aivault.key");
        std::fs::write(&path, format!("{}\n", "07".repeat(32))).unwrap();
        let name = CredentialFile::parse("aivault.key").unwrap();
        let read = |mode| {
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
            name.read(Some(folder.path()))
        };
        assert_eq!(read(0o400).unwrap().as_bytes(), &[7; 32]);
        for mode in [0o404, 0o420, 0o402, 0o444] {
            assert!(read(mode).is_err(), "{mode:o}");
        }
        assert!(matches!(name.read(None), Err(KeyError::NoCredentials { .. })));
        assert!(CredentialFile::parse("other").unwrap().read(Some(folder.path())).is_err());
    }
}
