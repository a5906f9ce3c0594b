//! Credentials that come into being by themselves once all that a way to authenticate takes is stored:
//! one for each way of a provider, so that a second way takes nothing from the first.

use std::collections::BTreeMap;

use super::draft::Draft;
use super::error::VaultError;
use super::ids::SecretId;
use super::index::Index;
use super::model::{Claim, ClaimedWay, CredentialMeta, Provisioned, SecretMeta};
use crate::spec::{ProviderId, Scope, SecretName};

/// Gives `claim`'s provider a credential in `place` for each way that some of the `newcomers`, which now
/// stand there, are for, if everything it needs is in sight from there. One that stands there already
/// under the way's name is pointed at the newcomers; any other is left alone.
pub(super) fn provision(
    draft: &mut Draft<'_>,
    claim: &Claim,
    newcomers: &[SecretMeta],
    place: &Scope,
    now_ms: u64,
) -> Result<Provisioned, VaultError> {
    let provider = &claim.provider;
    let (mut credentials, mut waiting) = (Vec::new(), Vec::new());
    for way in claim.ways.iter().filter(|way| newcomers.iter().any(|new| way.takes(&new.name))) {
        match in_sight(draft.index(), provider, way, newcomers, place) {
            Ok(secrets) => {
                let Some(credential) = account(draft, provider, way, secrets, place, now_ms) else {
                    continue;
                };
                draft.put_credential(credential.clone())?;
                credentials.push(credential);
            }
            Err(missing) => waiting.push(missing),
        }
    }
    if !credentials.is_empty() {
        return Ok(Provisioned::Ready { credentials });
    }
    Ok(match waiting.into_iter().min_by_key(Vec::len) {
        Some(missing) => Provisioned::Waiting { provider: provider.clone(), missing },
        None => Provisioned::None,
    })
}

/// The way's account as it should stand; none where nothing is to change.
fn account(
    draft: &Draft<'_>,
    provider: &ProviderId,
    way: &ClaimedWay,
    secrets: BTreeMap<String, SecretId>,
    place: &Scope,
    now_ms: u64,
) -> Option<CredentialMeta> {
    let name = &way.account;
    let of_way = |account: &&CredentialMeta| account.way == way.name;
    let mut others = draft.index().accounts(provider, place).filter(of_way).filter(|one| one.name != *name);
    let standing = draft.index().accounts(provider, place).find(|account| account.name == *name);
    let (id, created_ms) = match standing {
        Some(account) if account.secrets == secrets || account.by_hand => return None,
        Some(account) => (account.id, account.created_ms),
        None if others.next().is_some() => return None,
        None => (draft.unlocked().credential_id(provider, place, name), now_ms),
    };
    Some(CredentialMeta {
        id,
        name: name.clone(),
        provider: provider.clone(),
        scope: place.clone(),
        way: way.name.clone(),
        secrets,
        hosts: Vec::new(),
        by_hand: false,
        created_ms,
    })
}

/// For each placeholder the secret that fills it, or the names that are missing.
fn in_sight(
    index: &Index,
    provider: &ProviderId,
    way: &ClaimedWay,
    newcomers: &[SecretMeta],
    place: &Scope,
) -> Result<BTreeMap<String, SecretId>, Vec<SecretName>> {
    let mut found = BTreeMap::new();
    let mut missing = Vec::new();
    for (name, placeholder) in &way.secrets {
        match narrowest(index, name, provider, newcomers, place) {
            Some(id) => {
                found.insert(placeholder.clone(), id);
            }
            None => missing.push(name.clone()),
        }
    }
    for (name, placeholder) in &way.optional {
        let id = narrowest(index, name, provider, newcomers, place);
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
