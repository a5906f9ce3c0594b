//! Creating, rotating, changing, deleting and listing secrets.

use std::collections::BTreeSet;

use super::alias;
use super::change::Vault;
use super::draft::Draft;
use super::error::{Existing, VaultError};
use super::ids::SecretId;
use super::index::Index;
use super::lookup::{locate, locate_to_delete};
use super::model::{
    Claim, Created, CredentialMeta, NewSecret, Provisioned, Removed, SecretChange, SecretMeta, SecretRef,
};
use super::provision::provision;
use super::secret::SecretInput;
use crate::platform::entropy;
use crate::spec::{Host, Scope};

impl Vault {
    /// All readable secrets, by id; [`Vault::damaged`] names the others.
    ///
    /// # Errors
    /// When the stored records cannot be read or are not those last written.
    pub fn secrets(&mut self) -> Result<Vec<SecretMeta>, VaultError> {
        self.refresh()?;
        Ok(self.index().secrets().cloned().collect())
    }

    /// # Errors
    /// When none or several fit, or the one that does is damaged.
    pub fn secret(&mut self, reference: &SecretRef) -> Result<SecretMeta, VaultError> {
        self.refresh()?;
        Ok(locate(self.index(), reference)?.clone())
    }

    /// Stores a new secret. A claimed name pins it for ever to the claiming provider, and
    /// provisions that provider's credential in the same commit when nothing else is missing.
    ///
    /// # Errors
    /// [`VaultError::AlreadyExists`] when its name or an alias is taken in its scope.
    pub fn create_secret(
        &mut self,
        new: NewSecret,
        claim: Option<&Claim>,
        now_ms: u64,
    ) -> Result<Created, VaultError> {
        let mut created = self.create_secrets(vec![(new, claim.cloned())], now_ms)?;
        // There is one for each that was given.
        Ok(created.pop().expect("one secret was given"))
    }

    /// Stores several new secrets as [`Vault::create_secret`] does, all of them or none. What became
    /// of a provider's credential is told with the last of its secrets.
    ///
    /// # Errors
    /// As [`Vault::create_secret`]; also when two of them have a name or alias in common.
    pub fn create_secrets(
        &mut self,
        new: Vec<(NewSecret, Option<Claim>)>,
        now_ms: u64,
    ) -> Result<Vec<Created>, VaultError> {
        let (mut metas, mut values, mut claims) = (Vec::new(), Vec::new(), Vec::new());
        for (new, claim) in new {
            let (meta, value) = newcomer(new, claim.as_ref(), now_ms)?;
            metas.push(meta);
            values.push(value);
            claims.push(claim);
        }
        refuse_twice(&metas)?;
        self.change(|draft| {
            metas.iter().try_for_each(|meta| refuse_taken_labels(draft.index(), meta))?;
            for (meta, value) in metas.iter().zip(&values) {
                draft.put_secret(meta.clone(), value.as_bytes())?;
            }
            provision_all(draft, &metas, &claims, now_ms)
        })
    }

    /// Replaces the value, and nothing else but version and time.
    ///
    /// # Errors
    /// When the secret is not found.
    pub fn rotate_secret(
        &mut self,
        reference: &SecretRef,
        value: &SecretInput,
        now_ms: u64,
    ) -> Result<SecretMeta, VaultError> {
        self.rotate_secret_for(reference, value, |meta| meta.hosts.clone(), now_ms)
    }

    /// As [`Vault::rotate_secret`], for the hosts that `hosts_of` says of the secret.
    ///
    /// # Errors
    /// When the secret is not found.
    pub fn rotate_secret_for(
        &mut self,
        reference: &SecretRef,
        value: &SecretInput,
        hosts_of: impl Fn(&SecretMeta) -> Vec<Host>,
        now_ms: u64,
    ) -> Result<SecretMeta, VaultError> {
        self.change(|draft| {
            let mut meta = locate(draft.index(), reference)?.clone();
            meta.hosts = hosts_of(&meta);
            meta.version = meta.version.saturating_add(1);
            meta.rotated_ms = Some(now_ms);
            draft.put_secret(meta.clone(), value.as_bytes())?;
            Ok(meta)
        })
    }

    /// Changes name or aliases. `claim` is what the registry says about the new name, if one is
    /// given: no secret ever comes to a claimed name, nor from one to another.
    ///
    /// # Errors
    /// [`VaultError::Pinned`], [`VaultError::NameClaimed`], or [`VaultError::AlreadyExists`].
    pub fn update_secret(
        &mut self,
        reference: &SecretRef,
        change: SecretChange,
        claim: Option<&Claim>,
    ) -> Result<SecretMeta, VaultError> {
        let aliases = change.aliases.map(alias::stored).transpose()?;
        self.change(|draft| {
            let before = locate(draft.index(), reference)?;
            let mut meta = before.clone();
            if let Some(name) = change.name.as_ref().filter(|name| **name != before.name) {
                refuse_fixed_name(before, name, claim)?;
                meta.name = name.clone();
            }
            meta.aliases = aliases.clone().unwrap_or(meta.aliases);
            if meta != *before {
                refuse_taken_labels(draft.index(), &meta)?;
                put_with_same_value(draft, meta.clone())?;
            }
            Ok(meta)
        })
    }

    /// Deletes a secret and, in the same commit, the credentials that stand on it. A damaged one
    /// is deleted by its id.
    ///
    /// # Errors
    /// When the secret is not found.
    pub fn delete_secret(&mut self, reference: &SecretRef) -> Result<Removed, VaultError> {
        self.change(|draft| {
            let id = locate_to_delete(draft.index(), reference)?;
            let meta = draft.index().secret(id).cloned();
            let credentials: Vec<CredentialMeta> = draft.index().users(id).cloned().collect();
            draft.delete(id.record_name());
            for credential in &credentials {
                draft.delete_credential(credential.id);
            }
            Ok(Removed { id, meta, credentials })
        })
    }

    /// Deletes a secret that its provider can do without: the credentials that took it as well go on
    /// with what else they stand on.
    ///
    /// # Errors
    /// As `delete_secret` does.
    pub fn delete_optional_secret(&mut self, reference: &SecretRef) -> Result<Removed, VaultError> {
        self.change(|draft| {
            let id = locate_to_delete(draft.index(), reference)?;
            let meta = draft.index().secret(id).cloned();
            let users: Vec<CredentialMeta> = draft.index().users(id).cloned().collect();
            draft.delete(id.record_name());
            for mut credential in users {
                credential.secrets.retain(|_, secret| *secret != id);
                draft.put_credential(credential)?;
            }
            Ok(Removed { id, meta, credentials: Vec::new() })
        })
    }
}

fn newcomer(
    new: NewSecret,
    claim: Option<&Claim>,
    now_ms: u64,
) -> Result<(SecretMeta, SecretInput), VaultError> {
    let NewSecret { name, value, scope, aliases, provider, hosts } = new;
    let meta = SecretMeta {
        id: SecretId::from_bytes(entropy::bytes()?),
        name,
        scope,
        pin: claim.map(|claim| claim.provider.clone()).or(provider),
        aliases: alias::stored(aliases)?,
        groups: Vec::new(),
        hosts,
        version: 1,
        created_ms: now_ms,
        rotated_ms: None,
    };
    refuse_foreign_claim(&meta, claim)?;
    Ok((meta, value))
}

/// Provisions each provider once in each scope, with all of its newcomers there.
fn provision_all(
    draft: &mut Draft<'_>,
    metas: &[SecretMeta],
    claims: &[Option<Claim>],
    now_ms: u64,
) -> Result<Vec<Created>, VaultError> {
    let mut created = Vec::with_capacity(metas.len());
    for (at, (meta, claim)) in metas.iter().zip(claims).enumerate() {
        let same = |other: &SecretMeta| other.pin == meta.pin && other.scope == meta.scope;
        let is_last = !metas[at + 1..].iter().any(same);
        let provisioned = match claim {
            Some(claim) if is_last => provision(draft, claim, metas, &meta.scope, now_ms)?,
            _ => Provisioned::None,
        };
        created.push(Created { meta: meta.clone(), provisioned });
    }
    Ok(created)
}

fn refuse_twice(metas: &[SecretMeta]) -> Result<(), VaultError> {
    let mut seen = BTreeSet::new();
    for meta in metas {
        for label in meta.labels().collect::<BTreeSet<_>>() {
            if !seen.insert((label, &meta.scope)) {
                return Err(VaultError::GivenTwice { label: label.to_owned() });
            }
        }
    }
    Ok(())
}

/// The value does not change, but it is sealed with its metadata and so must be sealed anew.
pub(super) fn put_with_same_value(draft: &mut Draft<'_>, meta: SecretMeta) -> Result<(), VaultError> {
    let value = draft.value_of(&meta)?;
    draft.put_secret(meta, &value)
}

/// A name or alias means one secret in each scope that it stands in. An alias from before its
/// name was claimed means nothing any more, and so takes nothing from the secret of that name.
pub(super) fn refuse_taken_labels(index: &Index, meta: &SecretMeta) -> Result<(), VaultError> {
    let places: Vec<Scope> = meta.places().collect();
    for label in meta.labels() {
        let taken = |other: &&SecretMeta| {
            other.id != meta.id && !is_void(label, meta, other) && !is_void(label, other, meta)
        };
        for scope in &places {
            if let Some(other) = index.labelled_in(label, scope).find(taken) {
                let what = Existing::Secret { label: label.to_owned(), scope: scope.clone(), id: other.id };
                return Err(VaultError::AlreadyExists { what });
            }
        }
    }
    Ok(())
}

/// Whether the label is a mere alias of `meta`, and the claimed name of `other`.
fn is_void(label: &str, meta: &SecretMeta, other: &SecretMeta) -> bool {
    meta.name.as_str() != label && other.name.as_str() == label && other.pin.is_some()
}

fn refuse_foreign_claim(meta: &SecretMeta, claim: Option<&Claim>) -> Result<(), VaultError> {
    let is_of = |claim: &Claim| claim.ways.iter().any(|way| way.takes(&meta.name));
    if claim.is_some_and(|claim| !is_of(claim)) {
        return Err(VaultError::Invalid { what: "claim", rule: "give the claim of this very name" });
    }
    Ok(())
}

fn refuse_fixed_name(
    before: &SecretMeta,
    name: &crate::spec::SecretName,
    claim: Option<&Claim>,
) -> Result<(), VaultError> {
    match (&before.pin, claim) {
        (Some(provider), _) => Err(VaultError::Pinned { secret: before.id, provider: provider.clone() }),
        (None, Some(claim)) => {
            Err(VaultError::NameClaimed { name: name.clone(), provider: claim.provider.clone() })
        }
        (None, None) => Ok(()),
    }
}
