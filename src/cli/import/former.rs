//! The vault folder of the older tool.

use std::path::{Path, PathBuf};

use super::{Found, Raw};
use crate::cli::arguments::PassphraseArguments;
use crate::cli::error::CliError;
use crate::cli::passphrase;
use crate::platform::files;
use crate::service::SecretText;
use crate::service::former::{FormerError, FormerKey, FormerProvider, FormerSecret, FormerVault};
use crate::settings;

/// A key file is no longer.
const MOST_OF_A_KEY: usize = 4096;

pub(super) fn read(
    folder: &Path,
    key_file: Option<PathBuf>,
    given: PassphraseArguments,
) -> Result<Found, CliError> {
    let vault = FormerVault::find(folder).map_err(told)?;
    let key = match (vault.provider(), key_file) {
        (FormerProvider::Passphrase, None) => FormerKey::Passphrase(passphrase::existing(given)?),
        (_, Some(path)) => file(&path)?,
        (FormerProvider::File(path), None) => file(&path)?,
        (FormerProvider::Env(name), None) => variable(&name)?,
        (FormerProvider::Keychain, None) => {
            return Err(CliError::with_help(
                "the older vault's key is in the keychain, under that tool's name",
                "copy it from there into a file of yours, and give that with --key-file",
            ));
        }
    };
    let content = vault.open(&key).map_err(told)?;
    let raw = |FormerSecret { name, value, scope, aliases, provider }| Raw {
        name,
        value,
        scope: Some(scope),
        aliases,
        provider,
    };
    Ok(Found {
        entries: content.secrets.into_iter().map(raw).collect(),
        left: content.left,
        files: content.files,
    })
}

fn file(path: &Path) -> Result<FormerKey, CliError> {
    text(files::read_bounded(path, MOST_OF_A_KEY)?)
}

fn variable(name: &str) -> Result<FormerKey, CliError> {
    let value = settings::environment().into_iter().find(|(known, _)| known == name);
    let value = value.and_then(|(_, value)| value.into_string().ok());
    let value = value.ok_or_else(|| {
        CliError::with_help(
            "the older vault's key is in a variable that is not set",
            "give it with --key-file",
        )
    })?;
    Ok(FormerKey::Text(SecretText::new(value)))
}

fn text(bytes: Vec<u8>) -> Result<FormerKey, CliError> {
    let text = String::from_utf8(bytes).map_err(|_| told(FormerError::NoKey))?;
    Ok(FormerKey::Text(SecretText::new(text)))
}

fn told(error: FormerError) -> CliError {
    CliError::with_help(error.to_string(), error.help())
}
