//! Credentials that come into being by themselves once all that a provider needs is stored.

use std::collections::BTreeMap;

use super::draft::Draft;
use super::error::VaultError;
use super::ids::SecretId;
use super::index::Index;
use super::model::{Claim, CredentialMeta, Provisioned, SecretMeta};
use crate::spec::{CredentialName, ProviderId, Scope, SecretName};

/// Gives `claim`'s provider a credential in `place`, where some of the `newcomers` now stand, if
/// everything it needs is in sight from there. One that stands there already under the provider's
/// name is pointed at the newcomers; any other is left alone.
pub(super) fn provision(
    draft: &mut Draft<'_>,
    claim: &Claim,
    newcomers: &[SecretMeta],
    place: &Scope,
    now_ms: u64,
) -> Result<Provisioned, VaultError> {
    let provider = &claim.provider;
    let secrets = match in_sight(draft.index(), claim, newcomers, place) {
        Ok(secrets) => secrets,
        Err(missing) => return Ok(Provisioned::Waiting { provider: provider.clone(), missing }),
    };
    let name = CredentialName::from(provider);
    let mut others = draft.index().accounts(provider, place).filter(|account| account.name != name);
    let standing = draft.index().accounts(provider, place).find(|account| account.name == name);
    let (id, created_ms) = match standing {
        Some(account) if account.secrets == secrets || account.by_hand => return Ok(Provisioned::None),
        Some(account) => (account.id, account.created_ms),
        None if others.next().is_some() => return Ok(Provisioned::None),
        None => (draft.unlocked().credential_id(provider, place, &name), now_ms),
    };
    let credential = CredentialMeta {
        id,
        name,
        provider: provider.clone(),
        scope: place.clone(),
        secrets,
        hosts: Vec::new(),
        by_hand: false,
        created_ms,
    };
    draft.put_credential(credential.clone())?;
    Ok(Provisioned::Ready { credential })
}

/// For each placeholder the secret that fills it, or the names that are missing.
fn in_sight(
    index: &Index,
    claim: &Claim,
    newcomers: &[SecretMeta],
    place: &Scope,
) -> Result<BTreeMap<String, SecretId>, Vec<SecretName>> {
    let mut found = BTreeMap::new();
    let mut missing = Vec::new();
    for (name, placeholder) in &claim.secrets {
        match narrowest(index, name, &claim.provider, newcomers, place) {
            Some(id) => {
                found.insert(placeholder.clone(), id);
            }
            None => missing.push(name.clone()),
        }
    }
    for (name, placeholder) in &claim.optional {
        let id = narrowest(index, name, &claim.provider, newcomers, place);
        found.extend(id.map(|id| (placeholder.clone(), id)));
    }
    if missing.is_empty() { Ok(found) } else { Err(missing) }
}

/// A secret of another pin has the name by chance, and may not serve this provider.
fn narrowest(
    index: &Index,
    name: &SecretName,
    provider: &ProviderId,
    newcomers: &[SecretMeta],
    place: &Scope,
) -> Option<SecretId> {
    let serves = |meta: &SecretMeta| meta.name == *name && meta.pin.as_ref() == Some(provider);
    place.in_sight().into_iter().find_map(|scope| {
        let stands_there = |meta: &&SecretMeta| serves(meta) && meta.places().any(|place| place == scope);
        if let Some(newcomer) = newcomers.iter().find(stands_there) {
            return Some(newcomer.id);
        }
        index.labelled_in(name.as_str(), &scope).find(|meta| serves(meta)).map(|meta| meta.id)
    })
}
