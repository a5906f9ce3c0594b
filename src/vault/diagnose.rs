//! Which record is it? Slow answers for when the manifest and the records do not agree.
//!
//! None of this decides whether a vault may be used: that is decided by then.

use std::collections::BTreeSet;

use super::error::{Difference, VaultError};
use super::index::Item;
use super::manifest::Manifest;
use super::multiset::SetSum;
use super::resident::Generations;
use super::seal::{Address, Sealer};
use super::store::{Kind, RecordName, RecordStore};
use super::unlocked::Unlocked;
use crate::spec::CredentialName;

/// Enough to try every version of a few hundred records; 0.2 s.
const MAX_TRIES: u64 = 200_000;

/// Whether any record opens with this key, which is then the right one.
pub(super) fn fits_some_record(store: &dyn RecordStore, sealer: &Sealer) -> Result<bool, VaultError> {
    for kind in [Kind::Secret, Kind::Credential, Kind::Upstream, Kind::Config, Kind::Setting] {
        for record in store.list(kind)? {
            let name = RecordName { kind, id: record.id };
            let address = Address { name: &name, generation: record.generation, extra: &[] };
            if sealer.open(address, &record.blob).is_ok() {
                return Ok(true);
            }
        }
    }
    Ok(false)
}

/// In what `found` differs from the set of `manifest`. `known` is that set when this process has
/// seen it; without it, a single deviation is still found by trying.
pub(super) fn explain(
    store: &dyn RecordStore,
    unlocked: &Unlocked,
    manifest: &Manifest,
    found: &Generations,
    known: Option<&Generations>,
) -> Result<Difference, VaultError> {
    let named = match known {
        Some(known) => compare(known, found),
        None => guess(store, unlocked, manifest, found)?,
    };
    let found = found.len().try_into().unwrap_or(u64::MAX);
    Ok(named.unwrap_or(Difference::Counted { expected: manifest.count, found }))
}

fn compare(known: &Generations, found: &Generations) -> Option<Difference> {
    let other: Vec<_> = found
        .iter()
        .filter(|(name, generation)| known.get(*name).is_some_and(|known| known != *generation))
        .map(|(name, _)| name.clone())
        .collect();
    let only_in = |one: &Generations, other: &Generations| -> Vec<RecordName> {
        one.keys().filter(|name| !other.contains_key(*name)).cloned().collect()
    };
    let (missing, added) = (only_in(known, found), only_in(found, known));
    match () {
        () if !missing.is_empty() => Some(Difference::Missing(missing)),
        () if !added.is_empty() => Some(Difference::Added(added)),
        () if !other.is_empty() => Some(Difference::OtherVersion(other)),
        () => None,
    }
}

fn guess(
    store: &dyn RecordStore,
    unlocked: &Unlocked,
    manifest: &Manifest,
    found: &Generations,
) -> Result<Option<Difference>, VaultError> {
    let term = |name: &RecordName, generation: u64| SetSum::of(&unlocked.keys, name, generation);
    let sum =
        found.iter().fold(SetSum::default(), |sum, (name, generation)| sum.plus(term(name, *generation)));
    // What would have to be added for the sums to agree.
    let gap = manifest.sum.minus(sum);
    let mut tries = MAX_TRIES;
    let mut written = |name: &RecordName, wanted: SetSum, from: u64| {
        (from..=manifest.epoch).any(|generation| {
            tries = tries.saturating_sub(1);
            tries > 0 && term(name, generation) == wanted
        })
    };

    let count = u64::try_from(found.len()).unwrap_or(u64::MAX);
    if count.checked_add(1) == Some(manifest.count) {
        let absent = referred_to(store, unlocked)?.into_iter().filter(|name| !found.contains_key(name));
        let missing = absent.into_iter().find(|name| written(name, gap, 1));
        return Ok(missing.map(|name| Difference::Missing(vec![name])));
    }
    if manifest.count.checked_add(1) == Some(count) {
        let mut extra = found.iter().filter(|(name, at)| gap.plus(term(name, **at)) == SetSum::default());
        return Ok(extra.next().map(|(name, _)| Difference::Added(vec![name.clone()])));
    }
    if count == manifest.count {
        let mut other = found.iter().filter(|(name, at)| written(name, gap.plus(term(name, **at)), **at));
        return Ok(other.next().map(|(name, _)| Difference::OtherVersion(vec![name.clone()])));
    }
    Ok(None)
}

/// Records that others point at: the secrets of credentials, and the credentials that pinned
/// secrets usually have.
fn referred_to(store: &dyn RecordStore, unlocked: &Unlocked) -> Result<BTreeSet<RecordName>, VaultError> {
    let mut names = BTreeSet::new();
    for kind in [Kind::Secret, Kind::Credential] {
        for record in store.list(kind)? {
            let name = RecordName { kind, id: record.id };
            match unlocked.read_item(&name, record.generation, &record.blob) {
                Ok(Some(Item::Credential(meta))) => {
                    names.extend(meta.secrets.values().map(|id| id.record_name()));
                }
                Ok(Some(Item::Secret(meta))) => names.extend(meta.pin.iter().flat_map(|provider| {
                    let credential = CredentialName::from(provider);
                    meta.places()
                        .map(|place| unlocked.credential_id(provider, &place, &credential).record_name())
                        .collect::<Vec<_>>()
                })),
                _ => {}
            }
        }
    }
    Ok(names)
}
