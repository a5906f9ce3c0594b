//! Credentials that an operator makes and deletes by name, of secrets that are stored.
//!
//! A credential never reaches further than its secrets: neither to another provider than they are
//! pinned to, nor to a host that they were not given for.

use std::collections::BTreeMap;

use super::change::Vault;
use super::error::{Existing, VaultError};
use super::ids::SecretId;
use super::index::Index;
use super::lookup::{by_id, locate};
use super::model::{CredentialMeta, NewCredential, SecretMeta};
use crate::spec::{CredentialName, Host, ProviderId, Scope, SecretName};

impl Vault {
    /// Makes a credential.
    ///
    /// # Errors
    /// [`VaultError::AlreadyExists`] when its name is taken in its scope; [`VaultError::PinMismatch`],
    /// [`VaultError::HostMismatch`] or [`VaultError::OutOfSight`] when a secret cannot serve it.
    pub fn create_credential(
        &mut self,
        new: &NewCredential,
        now_ms: u64,
    ) -> Result<CredentialMeta, VaultError> {
        self.change(|draft| {
            let NewCredential { name, provider, scope, hosts, .. } = new;
            let id = draft.unlocked().credential_id(provider, scope, name);
            if draft.index().credentials().any(|other| other.id == id) {
                let what = Existing::Credential { name: name.clone(), scope: scope.clone() };
                return Err(VaultError::AlreadyExists { what });
            }
            let credential = CredentialMeta {
                id,
                name: name.clone(),
                provider: provider.clone(),
                scope: scope.clone(),
                way: new.way.clone(),
                secrets: secrets_of(draft.index(), new)?,
                hosts: hosts.clone(),
                by_hand: true,
                created_ms: now_ms,
            };
            draft.put_credential(credential.clone())?;
            Ok(credential)
        })
    }

    /// Deletes a credential; its secrets stay.
    ///
    /// # Errors
    /// [`VaultError::CredentialNotFound`] when there is none of that name in exactly this scope.
    pub fn delete_credential(
        &mut self,
        provider: &ProviderId,
        name: &CredentialName,
        scope: &Scope,
    ) -> Result<(), VaultError> {
        self.change(|draft| {
            let id = draft.unlocked().credential_id(provider, scope, name);
            if draft.delete_credential(id) {
                return Ok(());
            }
            Err(VaultError::CredentialNotFound {
                provider: provider.clone(),
                name: Some(name.clone()),
                from: scope.clone(),
            })
        })
    }

    /// The hosts that a credential is bound to: those that all of its secrets were given for, as far
    /// as they were given for any, or of these the ones that it names. None where nothing was said.
    ///
    /// # Errors
    /// [`VaultError::Tampered`] when a secret of it cannot be read.
    pub fn bound_hosts(&self, credential: &CredentialMeta) -> Result<Option<Vec<Host>>, VaultError> {
        let mut bound = Some(credential.hosts.clone()).filter(|hosts| !hosts.is_empty());
        for id in credential.secrets.values() {
            let hosts = match by_id(self.index(), *id) {
                Ok(meta) => &meta.hosts,
                Err(VaultError::SecretNotFound { .. }) => continue,
                Err(error) => return Err(error),
            };
            match &mut bound {
                _ if hosts.is_empty() => {}
                Some(bound) => bound.retain(|host| hosts.contains(host)),
                None => bound = Some(hosts.clone()),
            }
        }
        Ok(bound)
    }
}

impl Vault {
    /// The names of the secrets that a credential stands on, by placeholder.
    #[must_use]
    pub fn secret_names(&self, credential: &CredentialMeta) -> BTreeMap<String, SecretName> {
        let name = |id: &SecretId| self.index().secret(*id).map(|meta| meta.name.clone());
        let named = credential.secrets.iter().filter_map(|(to, id)| Some((to.clone(), name(id)?)));
        named.collect()
    }
}

fn secrets_of(index: &Index, new: &NewCredential) -> Result<BTreeMap<String, SecretId>, VaultError> {
    let (mut secrets, mut for_hosts) = (BTreeMap::new(), new.hosts.is_empty());
    for (placeholder, reference) in &new.secrets {
        let meta = locate(index, reference)?;
        refuse_unfit(meta, new)?;
        for_hosts |= !meta.hosts.is_empty();
        secrets.insert(placeholder.clone(), meta.id);
    }
    match (secrets.values().next(), new.hosts.first()) {
        // None of them was given for any host, so that none can be chosen from.
        (Some(secret), Some(host)) if !for_hosts => {
            Err(VaultError::HostMismatch { secret: *secret, host: host.clone() })
        }
        _ => Ok(secrets),
    }
}

fn refuse_unfit(meta: &SecretMeta, new: &NewCredential) -> Result<(), VaultError> {
    if meta.pin.as_ref() != Some(&new.provider) {
        let (secret, pin, provider) = (meta.id, meta.pin.clone(), new.provider.clone());
        return Err(VaultError::PinMismatch { secret, pin, provider });
    }
    let sight = new.scope.in_sight();
    if !meta.places().any(|place| sight.contains(&place)) {
        return Err(VaultError::OutOfSight { secret: meta.id, scope: new.scope.clone() });
    }
    match new.hosts.iter().find(|host| !meta.hosts.is_empty() && !meta.hosts.contains(host)) {
        Some(host) => Err(VaultError::HostMismatch { secret: meta.id, host: host.clone() }),
        None => Ok(()),
    }
}
