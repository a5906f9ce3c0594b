//! Where the key-encryption key comes from: a file, a given text, a passphrase, a keychain.
//!
//! Each provider yields 32 bytes or a reason. None of them reads the environment, asks a person,
//! or knows what the key protects; a wrong key is found out by the seal it does not open.

mod derived;
mod env;
mod error;
mod file;
mod kek;
mod keychain;
mod passphrase;

use super::header::VaultId;
use std::path::Path;

pub(super) use derived::DerivedKeys;
pub use derived::{AuditKey, UsageKey};
pub use error::KeyError;
pub use kek::{Kek, SecretText};
pub use passphrase::Argon2Params;

/// How a vault's header says its key is found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeyProvider {
    File,
    Env,
    Passphrase(Argon2Params),
    Keychain,
}

impl KeyProvider {
    /// As the header and `status` spell it.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::File => "file",
            Self::Env => "env",
            Self::Passphrase(_) => "passphrase",
            Self::Keychain => "keychain",
        }
    }

    pub(super) fn argon2(&self) -> Option<&Argon2Params> {
        match self {
            Self::Passphrase(params) => Some(params),
            Self::File | Self::Env | Self::Keychain => None,
        }
    }
}

/// What the caller brings to unlock a vault or to make one.
pub enum KeyMaterial {
    /// The key file of `VaultPaths`.
    File,
    /// The text of a key: base64 or hex of 32 bytes.
    Env(SecretText),
    Passphrase(SecretText),
    /// The keychain of the operating system's session.
    Keychain,
    /// The key itself, handed over by whoever unlocked the vault before. Opens any vault, makes none.
    Kek(Kek),
}

impl KeyMaterial {
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::File => "file",
            Self::Env(_) => "env",
            Self::Passphrase(_) => "passphrase",
            Self::Keychain => "keychain",
            Self::Kek(_) => "handed-over key",
        }
    }
}

/// The key of an existing vault.
pub(super) fn obtain(
    provider: &KeyProvider,
    material: &KeyMaterial,
    vault_id: VaultId,
    key_file: &Path,
) -> Result<Kek, KeyError> {
    match (provider, material) {
        (_, KeyMaterial::Kek(kek)) => Ok(kek.duplicate()),
        (KeyProvider::File, KeyMaterial::File) => file::read(key_file),
        (KeyProvider::Env, KeyMaterial::Env(text)) => env::parse(text),
        (KeyProvider::Passphrase(params), KeyMaterial::Passphrase(text)) => passphrase::derive(text, params),
        (KeyProvider::Keychain, KeyMaterial::Keychain) => keychain::read(vault_id),
        _ => Err(KeyError::Mismatch { vault: provider.name(), given: material.name() }),
    }
}

/// The key of a vault about to be made, already durable wherever it is kept.
pub(super) fn provision(
    material: &KeyMaterial,
    vault_id: VaultId,
    key_file: &Path,
) -> Result<(KeyProvider, Kek), KeyError> {
    match material {
        KeyMaterial::File => Ok((KeyProvider::File, file::read_or_create(key_file)?)),
        KeyMaterial::Env(text) => Ok((KeyProvider::Env, env::parse(text)?)),
        KeyMaterial::Passphrase(text) => {
            let params = Argon2Params::recommended()?;
            let kek = passphrase::derive(text, &params)?;
            Ok((KeyProvider::Passphrase(params), kek))
        }
        KeyMaterial::Keychain => Ok((KeyProvider::Keychain, keychain::create(vault_id)?)),
        KeyMaterial::Kek(_) => Err(KeyError::NoProvider),
    }
}
