//! The vault folder of the older tool of the same name, read to be taken over: `vault.json`, `secrets/*.json` and
//! `broker.json`.
//!
//! Nothing there is written or removed. Its records bind a value to its id, its scope and, where there is one, its
//! provider, but not to its name: a name that was edited is not noticed here, and is for the one who imports to see.

mod document;
mod error;
mod open;

#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};

use crate::platform::files;
use crate::spec::{ProviderId, Scope};

use super::keys::SecretText;
use super::secret::SecretInput;
use document::{BrokerDocument, ProviderDocument, SecretDocument, VaultDocument};
pub use error::FormerError;
use open::Found;

const VAULT: &str = "vault.json";
const BROKER: &str = "broker.json";
const SECRETS: &str = "secrets";
/// No document of that tool is larger: a value of 1 MiB, in base64, and what is beside it.
const MAX_DOCUMENT: usize = 4 * 1024 * 1024;

/// A folder of the older tool, its key not yet at hand.
pub struct FormerVault {
    folder: PathBuf,
    document: VaultDocument,
}

/// Where its key comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FormerProvider {
    File(PathBuf),
    Env(String),
    Passphrase,
    Keychain,
}

/// What opens it.
pub enum FormerKey {
    /// 32 bytes in base64 or hexadecimal.
    Text(SecretText),
    Passphrase(SecretText),
}

/// All that can be taken over.
pub struct FormerContent {
    pub secrets: Vec<FormerSecret>,
    /// What is not taken over, and why, a line each.
    pub left: Vec<String>,
    /// The files whose content is in `secrets`, and those that were useful to the older tool alone.
    pub files: Vec<PathBuf>,
}

pub struct FormerSecret {
    pub name: String,
    pub value: SecretInput,
    pub scope: Scope,
    pub aliases: Vec<String>,
    /// The provider that it was pinned to.
    pub provider: Option<ProviderId>,
}

impl FormerVault {
    /// # Errors
    /// When there is no such vault in `folder`, or one of another version.
    pub fn find(folder: &Path) -> Result<Self, FormerError> {
        let document: VaultDocument = read(&folder.join(VAULT))?;
        if document.version != 1 {
            return Err(FormerError::Version { version: document.version });
        }
        Ok(Self { folder: folder.to_owned(), document })
    }

    #[must_use]
    pub fn provider(&self) -> FormerProvider {
        match &self.document.provider {
            ProviderDocument::File { path } => FormerProvider::File(path.into()),
            ProviderDocument::Env { env_var } => FormerProvider::Env(env_var.clone()),
            ProviderDocument::Passphrase { .. } => FormerProvider::Passphrase,
            ProviderDocument::MacosKeychain { .. } => FormerProvider::Keychain,
        }
    }

    /// Opens every secret: all of them, or none.
    ///
    /// # Errors
    /// When the key is another's, or a document cannot be read or opened.
    pub fn open(&self, key: &FormerKey) -> Result<FormerContent, FormerError> {
        let kek = open::key(&self.document, key)?;
        let mut content = FormerContent {
            secrets: Vec::new(),
            left: Vec::new(),
            files: vec![self.folder.join(VAULT), self.folder.join(BROKER)],
        };
        for path in files::list_folder(&self.folder.join(SECRETS))? {
            if path.extension().is_none_or(|ending| ending != "json") {
                continue;
            }
            let document: SecretDocument = read(&path)?;
            match open::secret(&document, &kek, &path)? {
                Found::Secret(secret) => content.secrets.push(secret),
                Found::Left(why) => content.left.push(format!("the secret {}: {why}", document.name)),
            }
            content.left.extend(document.groups().map(|group| {
                format!("that {} serves {group} too: aivault secrets attach-group", document.name)
            }));
            content.files.push(path);
        }
        content.left.extend(self.broker()?);
        content.files.retain(|path| files::exists(path).unwrap_or(false));
        Ok(content)
    }

    /// What the operator set up beside the secrets, which has another form here.
    fn broker(&self) -> Result<Vec<String>, FormerError> {
        let path = self.folder.join(BROKER);
        if !files::exists(&path)? {
            return Ok(Vec::new());
        }
        let BrokerDocument { credentials, capabilities, policies } = read(&path)?;
        let credentials = credentials.into_iter().map(|one| {
            format!("the credential {} of {}: secrets of known providers make theirs by themselves; for another host, aivault credential create", one.id, one.provider)
        });
        let capabilities = capabilities.into_iter().map(|one| {
            format!("the capability {}: describe its provider in a file, aivault provider add", one.id)
        });
        let policies = policies.into_iter().map(|one| {
            format!("the policy of {}: aivault capability policy set, or a policy file", one.capability_id)
        });
        Ok(credentials.chain(capabilities).chain(policies).collect())
    }
}

fn read<D: serde::de::DeserializeOwned>(path: &Path) -> Result<D, FormerError> {
    let bytes = files::read_bounded(path, MAX_DOCUMENT)?;
    // Neither ciphertexts nor names are quoted by these errors: they tell places and kinds.
    serde_json::from_slice(&bytes).map_err(|error| FormerError::Document {
        path: path.to_owned(),
        line: error.line(),
        column: error.column(),
    })
}
