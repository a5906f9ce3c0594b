//! The encryption around a backup, in the format of age: for recipients or with a passphrase. What is within
//! is sealed by the vault's own key all the same.

use age::secrecy::SecretString;
use zeroize::Zeroizing;

use super::error::{ErrorKind, ServiceError};
use crate::vault::SecretText;

const BEGINNING: &[u8] = b"age-encryption.org/";

/// Who can open a backup.
pub enum BackupLock {
    Recipient(age::x25519::Recipient),
    /// Alone, or it would be no better than the weakest of them.
    Passphrase(SecretText),
}

/// What opens one.
pub enum BackupKey {
    Identity(age::x25519::Identity),
    Passphrase(SecretText),
}

impl BackupLock {
    /// A recipient as age writes it; `None` when the text is something else.
    #[must_use]
    pub fn recipient(text: &str) -> Option<Self> {
        text.parse().ok().map(Self::Recipient)
    }
}

impl BackupKey {
    /// The first identity in a file as age writes it; `None` when there is none.
    #[must_use]
    pub fn identity(file: &str) -> Option<Self> {
        let lines = file.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
        lines.filter_map(|line| line.parse().ok()).next().map(Self::Identity)
    }
}

pub(super) fn lock(bytes: Vec<u8>, locks: &[BackupLock]) -> Result<Vec<u8>, ServiceError> {
    let passphrase = locks.iter().find_map(|lock| match lock {
        BackupLock::Passphrase(text) => Some(age::scrypt::Recipient::new(secret(text))),
        BackupLock::Recipient(_) => None,
    });
    let recipients = locks.iter().filter_map(|lock| match lock {
        BackupLock::Recipient(recipient) => Some(recipient as &dyn age::Recipient),
        BackupLock::Passphrase(_) => None,
    });
    let all: Vec<&dyn age::Recipient> = match &passphrase {
        Some(passphrase) => vec![passphrase],
        None => recipients.collect(),
    };
    if all.is_empty() {
        return Ok(bytes);
    }
    let failed = |error: &dyn std::error::Error| {
        ServiceError::new(ErrorKind::Conflict, format!("the backup could not be encrypted: {error}"))
    };
    let encryptor = age::Encryptor::with_recipients(all.into_iter()).map_err(|error| failed(&error))?;
    let mut locked = Vec::with_capacity(bytes.len() + 1024);
    let mut writer = encryptor.wrap_output(&mut locked).map_err(|error| failed(&error))?;
    std::io::Write::write_all(&mut writer, &bytes).map_err(|error| failed(&error))?;
    writer.finish().map_err(|error| failed(&error))?;
    Ok(locked)
}

/// What was backed up, whether or not it is encrypted.
pub(super) fn open(bytes: Vec<u8>, key: Option<&BackupKey>) -> Result<Vec<u8>, ServiceError> {
    if !bytes.starts_with(BEGINNING) {
        return Ok(bytes);
    }
    let opened = match key {
        None => {
            let message = "the backup is encrypted, and nothing was given that opens it";
            return Err(ServiceError::new(ErrorKind::InvalidRequest, message).help(
                "give its passphrase with --passphrase, or the file of an identity with --identity-file",
            ));
        }
        Some(BackupKey::Identity(identity)) => age::decrypt(identity, &bytes),
        Some(BackupKey::Passphrase(text)) => age::decrypt(&age::scrypt::Identity::new(secret(text)), &bytes),
    };
    opened.map_err(|error| {
        ServiceError::new(ErrorKind::InvalidRequest, format!("the backup does not open: {error}"))
            .help("give the passphrase or identity that it was encrypted for")
    })
}

fn secret(text: &SecretText) -> SecretString {
    let mut bytes = Zeroizing::new(Vec::new());
    // Memory takes all that is written to it.
    let _ = text.write_to(&mut *bytes);
    SecretString::from(String::from_utf8_lossy(&bytes).into_owned())
}
