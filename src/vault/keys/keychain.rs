//! The key in the keychain of the operating system's session: macOS Keychain, Secret Service.
//!
//! The entry is named `aivault` with the vault's id as user, so that vaults never share one. A key that came later has
//! an entry of its own, so that the one before is there until nobody needs it.

use keyring::{Entry, Error};
use zeroize::Zeroizing;

use super::error::KeyError;
use super::kek::Kek;
use crate::platform::entropy::{self, EntropyError};
use crate::vault::header::VaultId;
use crate::vault::hex;

const SERVICE: &str = "aivault";

/// Which entry of the vault holds its key; the first has no mark.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct KeychainEntry(pub(in crate::vault) Option<[u8; 8]>);

impl KeychainEntry {
    /// One that is there for no key yet.
    pub(super) fn another() -> Result<Self, EntropyError> {
        Ok(Self(Some(entropy::bytes()?)))
    }

    fn user(self, vault_id: VaultId) -> String {
        match self.0 {
            None => vault_id.to_string(),
            Some(mark) => format!("{vault_id}-{}", hex::encode(&mark)),
        }
    }
}

pub(super) fn read(vault_id: VaultId, entry: KeychainEntry) -> Result<Kek, KeyError> {
    let user = entry.user(vault_id);
    let secret = Entry::new(SERVICE, &user).and_then(|entry| entry.get_secret());
    let bytes = Zeroizing::new(secret.map_err(|error| explain(&error, &user))?);
    Kek::from_slice(&bytes)
        .ok_or_else(|| KeyError::Malformed { origin: format!("the keychain entry {user}") })
}

/// Stores a new key and reads it back: some keychains accept what they do not keep.
pub(super) fn create(vault_id: VaultId, entry: KeychainEntry) -> Result<Kek, KeyError> {
    let user = entry.user(vault_id);
    let kek = Kek::generate()?;
    let stored = Entry::new(SERVICE, &user).and_then(|entry| entry.set_secret(kek.as_bytes()));
    stored.map_err(|error| explain(&error, &user))?;
    read(vault_id, entry)
}

/// Some of the library's errors carry the secret they could not decode, so they are not printed
/// as they are.
fn explain(error: &Error, user: &str) -> KeyError {
    match error {
        Error::NoEntry => KeyError::KeychainEmpty { vault_id: user.to_owned() },
        Error::NoDefaultStore => KeyError::KeychainUnavailable("this session has none".to_owned()),
        Error::NoStorageAccess(_) => {
            KeyError::KeychainUnavailable("it is locked or may not be used".to_owned())
        }
        Error::PlatformFailure(_) => {
            KeyError::KeychainUnavailable("the platform reports a failure".to_owned())
        }
        _ => KeyError::KeychainUnavailable("it refuses the entry".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_keychain_names_the_alternatives() {
        let help = explain(&Error::NoDefaultStore, "00").help();
        for provider in ["file", "passphrase", "env"] {
            assert!(help.contains(provider), "{help}");
        }
        assert!(matches!(explain(&Error::NoEntry, "00"), KeyError::KeychainEmpty { .. }));
    }

    #[test]
    fn an_undecodable_entry_is_not_printed() {
        let error = explain(&Error::BadEncoding(b"raw-bytes".to_vec()), "00");
        assert!(!error.to_string().contains("raw") && !format!("{error:?}").contains("114"));
    }
}
