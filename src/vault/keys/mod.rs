//! Where the key-encryption key comes from: a file, a given text, a passphrase, a keychain, a command, a service
//! manager.
//!
//! Each provider yields 32 bytes or a reason. None of them reads the environment, asks a person,
//! or knows what the key protects; a wrong key is found out by the seal it does not open.

mod command;
mod derived;
mod env;
mod error;
mod file;
mod former;
mod kek;
mod key;
mod keychain;
mod lasting;
mod passphrase;
mod places;
mod systemd;

use std::path::PathBuf;

use super::header::VaultId;

pub use command::{KeyCommand, Session};
pub(super) use derived::DerivedKeys;
pub use derived::{AuditKey, UsageKey};
pub use error::KeyError;
pub use former::FormerKeys;
pub use kek::{Kek, SecretText};
pub(super) use key::Key;
pub use keychain::KeychainEntry;
pub(super) use lasting::{LastingKeys, SealedKeys};
pub use passphrase::Argon2Params;
pub use places::KeyPlaces;
pub use systemd::CredentialFile;

/// How a vault's header says its key is found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeyProvider {
    File,
    Env,
    Passphrase(Argon2Params),
    Keychain(KeychainEntry),
    Command(KeyCommand),
    Systemd(CredentialFile),
}

impl KeyProvider {
    /// As the header and `status` spell it.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::File => "file",
            Self::Env => "env",
            Self::Passphrase(_) => "passphrase",
            Self::Keychain(_) => "keychain",
            Self::Command(_) => "command",
            Self::Systemd(_) => "systemd",
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
    /// What a command prints.
    Command {
        /// The one for a new key; none: the one that the header names.
        chosen: Option<KeyCommand>,
        session: Session,
        /// The user has looked at the command of the header and chooses it for this machine.
        trusted: bool,
    },
    /// A credential of this service.
    Systemd {
        /// The one for a new key; none: the one that the header names.
        chosen: Option<CredentialFile>,
        folder: Option<PathBuf>,
    },
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
            Self::Command { .. } => "command",
            Self::Systemd { .. } => "systemd",
            Self::Kek(_) => "handed-over key",
        }
    }
}

/// The key of an existing vault. Where there may be several, `fits` says which it is.
pub(super) fn obtain(
    provider: &KeyProvider,
    material: &KeyMaterial,
    vault_id: VaultId,
    places: &KeyPlaces,
    fits: impl Fn(&Kek) -> bool,
) -> Result<Kek, KeyError> {
    match (provider, material) {
        (_, KeyMaterial::Kek(kek)) => Ok(kek.duplicate()),
        (KeyProvider::File, KeyMaterial::File) => file::read_either(places, fits),
        (KeyProvider::Env, KeyMaterial::Env(text)) => env::parse(text),
        (KeyProvider::Passphrase(params), KeyMaterial::Passphrase(text)) => passphrase::derive(text, params),
        (KeyProvider::Keychain(entry), KeyMaterial::Keychain) => keychain::read(vault_id, *entry),
        (KeyProvider::Command(command), KeyMaterial::Command { session, trusted: false, .. }) => {
            command.run(&places.command_notice(), session)
        }
        (KeyProvider::Command(command), KeyMaterial::Command { session, trusted: true, .. }) => {
            let kek = command.run_unnoted(session)?;
            // One that was edited gives no key that fits, and is not noted.
            if fits(&kek) {
                command.note(&places.command_notice())?;
            }
            Ok(kek)
        }
        (KeyProvider::Systemd(name), KeyMaterial::Systemd { folder, .. }) => name.read(folder.as_deref()),
        _ => Err(KeyError::Mismatch { vault: provider.name(), given: material.name() }),
    }
}

/// The key of a vault about to be made, already durable wherever it is kept.
pub(super) fn provision(
    material: &KeyMaterial,
    vault_id: VaultId,
    places: &KeyPlaces,
) -> Result<(KeyProvider, Kek), KeyError> {
    match material {
        KeyMaterial::File => Ok((KeyProvider::File, file::read_or_create(&places.file)?)),
        KeyMaterial::Keychain => {
            let entry = KeychainEntry::default();
            Ok((KeyProvider::Keychain(entry), keychain::create(vault_id, entry)?))
        }
        material => provision_given(material, places),
    }
}

/// The key that comes after another of the same vault, already durable wherever it is kept; the one before is kept too.
pub(super) fn provision_next(
    material: &KeyMaterial,
    vault_id: VaultId,
    places: &KeyPlaces,
) -> Result<(KeyProvider, Kek), KeyError> {
    match material {
        KeyMaterial::File => Ok((KeyProvider::File, file::create_next(places)?)),
        KeyMaterial::Keychain => {
            let entry = KeychainEntry::another()?;
            Ok((KeyProvider::Keychain(entry), keychain::create(vault_id, entry)?))
        }
        material => provision_given(material, places),
    }
}

/// A key that somebody else keeps.
fn provision_given(material: &KeyMaterial, places: &KeyPlaces) -> Result<(KeyProvider, Kek), KeyError> {
    match material {
        KeyMaterial::Env(text) => Ok((KeyProvider::Env, env::parse(text)?)),
        KeyMaterial::Passphrase(text) => {
            let params = Argon2Params::recommended()?;
            let kek = passphrase::derive(text, &params)?;
            Ok((KeyProvider::Passphrase(params), kek))
        }
        KeyMaterial::Command { chosen: Some(command), session, .. } => {
            let kek = command.run_unnoted(session)?;
            command.note(&places.command_notice())?;
            Ok((KeyProvider::Command(command.clone()), kek))
        }
        KeyMaterial::Command { chosen: None, .. } => {
            Err(KeyError::CommandUnusable { why: "no command is given" })
        }
        KeyMaterial::Systemd { chosen: Some(name), folder } => {
            Ok((KeyProvider::Systemd(name.clone()), name.read(folder.as_deref())?))
        }
        KeyMaterial::Systemd { chosen: None, .. } => Err(KeyError::NoCredentials { name: String::new() }),
        KeyMaterial::File | KeyMaterial::Keychain | KeyMaterial::Kek(_) => Err(KeyError::NoProvider),
    }
}

/// Gives the key of the header its lasting place, and sets the one before aside; says where that is now.
pub(super) fn settle(
    provider: &KeyProvider,
    places: &KeyPlaces,
    mark: &str,
) -> Result<Option<PathBuf>, KeyError> {
    file::settle(*provider == KeyProvider::File, places, mark)
}

/// What a change that was interrupted after its end left to be settled.
pub(super) fn finish_settling(
    provider: &KeyProvider,
    kek: &Kek,
    places: &KeyPlaces,
    mark: &str,
) -> Result<(), KeyError> {
    if *provider == KeyProvider::File && file::is_next(kek, places)? {
        file::settle(true, places, mark)?;
    }
    Ok(())
}
