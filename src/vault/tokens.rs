//! Access tokens that accounts were given for what they hold, sealed like the secrets themselves.
//!
//! A token is worth what its secrets were when it was fetched: once one of them has another value,
//! it is no longer this account's. Where a provider replaces the secret that fetched it, the new
//! one is committed together with the token, so that no crash leaves the one without the other.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::change::Vault;
use super::draft::Draft;
use super::error::VaultError;
use super::ids::{CredentialId, SecretId};
use super::index::Index;
use super::lookup::by_id;
use super::model::{CredentialMeta, Destination};
use super::secret::{Secret, SecretInput};
use super::store::SealedRecord;
use crate::spec::ProviderId;

/// Secrets in the versions that something was made of.
pub type Versions = BTreeMap<SecretId, u32>;

/// Everything about a token but its value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TokenMeta {
    pub credential: CredentialId,
    /// The only provider whose hosts may ever see the value.
    pub provider: ProviderId,
    pub made_of: Versions,
    /// Milliseconds since 1970.
    pub fetched_ms: u64,
    pub expires_ms: u64,
}

/// A token as it was fetched.
pub struct NewToken<'a> {
    pub account: &'a CredentialMeta,
    pub made_of: Versions,
    /// None where the answer replaced a secret and gave nothing else of use.
    pub value: Option<&'a SecretInput>,
    /// The secret that its fetching replaced, with its new value.
    pub replaced: Option<(SecretId, &'a SecretInput)>,
    pub fetched_ms: u64,
    pub expires_ms: u64,
}

impl Vault {
    /// The versions of an account's secrets as they stand.
    ///
    /// # Errors
    /// When one of them is not there, or the stored records cannot be read.
    pub fn versions(&mut self, account: &CredentialMeta) -> Result<Versions, VaultError> {
        self.look(|vault| versions(vault.index(), account))
    }

    /// When the oldest of an account's values was given, in milliseconds since 1970.
    ///
    /// # Errors
    /// As [`Vault::versions`].
    pub fn given_ms(&mut self, account: &CredentialMeta) -> Result<u64, VaultError> {
        self.look(|vault| {
            let mut oldest = u64::MAX;
            for id in account.secrets.values() {
                oldest = oldest.min(by_id(vault.index(), *id)?.given_ms());
            }
            Ok(oldest)
        })
    }

    /// The account's token, while its secrets are what it was made of. As with [`Vault::reveal`],
    /// it is for the account's provider alone, and for the hosts that its secrets were given for.
    ///
    /// # Errors
    /// As [`Vault::reveal`].
    pub fn token(
        &mut self,
        account: &CredentialMeta,
        is_identifier: impl Fn(&str) -> bool,
        to: Destination<'_>,
    ) -> Result<Option<(TokenMeta, Secret)>, VaultError> {
        self.look(|vault| {
            let index = vault.index();
            for (placeholder, id) in &account.secrets {
                let to = Destination { identifier: is_identifier(placeholder), ..to };
                to.refuse(by_id(index, *id)?)?;
            }
            let id = vault.unlocked().token_id(account.id);
            let name = id.record_name();
            if index.damaged().contains(&name) {
                return Err(VaultError::Tampered { record: name });
            }
            let made_of = versions(index, account)?;
            let current = index.token(id).filter(|meta| meta.made_of == made_of);
            let Some(meta) = current.filter(|meta| meta.provider == *to.provider) else { return Ok(None) };
            let record = vault.resident().sealed(vault.store(), &name)?;
            let SealedRecord { generation, blob, .. } = &record.sealed;
            let opened = vault.unlocked().open(&name, *generation, blob);
            let value = opened.and_then(|opened| opened.value());
            let value = value.map_err(|_| VaultError::Tampered { record: name.clone() })?;
            Ok(Some((meta.clone(), Secret::new(value))))
        })
    }

    /// Keeps a token, and with it what replaced the secret that it was fetched with. Says whether
    /// it kept the token: one that was made of secrets that have other values by now, or of an
    /// account that is gone, is nobody's. A replacement is kept all the same, since what it replaces
    /// is worth nothing any more, unless the operator gave another value meanwhile.
    ///
    /// # Errors
    /// When the stored records cannot be read or written.
    pub fn keep_token(&mut self, token: &NewToken<'_>) -> Result<bool, VaultError> {
        self.change(|draft| {
            let mut made_of = token.made_of.clone();
            let unchanged = versions(draft.index(), token.account).ok().as_ref() == Some(&made_of);
            if let Some((id, value)) = token.replaced
                && let Some(version) = replace(draft, id, made_of.get(&id).copied(), value)?
            {
                made_of.insert(id, version);
            }
            let Some(value) =
                token.value.filter(|_| unchanged && draft.index().has_credential(token.account.id))
            else {
                return Ok(false);
            };
            let meta = TokenMeta {
                credential: token.account.id,
                provider: token.account.provider.clone(),
                made_of,
                fetched_ms: token.fetched_ms,
                expires_ms: token.expires_ms,
            };
            draft.put_token(meta, value.as_bytes())?;
            Ok(true)
        })
    }
}

fn versions(index: &Index, account: &CredentialMeta) -> Result<Versions, VaultError> {
    account.secrets.values().map(|id| Ok((*id, by_id(index, *id)?.version))).collect()
}

/// The version that the secret has with its new value; none where nothing is to be written: it has
/// this value, or another one than the token was made of. When it was given is the operator's to
/// say, and stays.
fn replace(
    draft: &mut Draft<'_>,
    id: SecretId,
    made_of: Option<u32>,
    value: &SecretInput,
) -> Result<Option<u32>, VaultError> {
    let Ok(meta) = by_id(draft.index(), id) else { return Ok(None) };
    let mut meta = meta.clone();
    if Some(meta.version) != made_of || *draft.value_of(&meta)? == *value.as_bytes() {
        return Ok(None);
    }
    meta.version = meta.version.saturating_add(1);
    let version = meta.version;
    draft.put_secret(meta, value.as_bytes())?;
    Ok(Some(version))
}
