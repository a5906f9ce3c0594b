//! One change in the making: records sealed for the next epoch, committed together with the
//! manifest that vouches for the result.

use std::sync::Arc;

use super::caller_token::CallerToken;
use super::error::VaultError;
use super::ids::CredentialId;
use super::index::{Index, Item};
use super::manifest::Manifest;
use super::model::{Binding, CredentialMeta, SecretMeta, StoredPolicy, StoredProvider, Switch, Upstream};
use super::multiset::SetSum;
use super::resident::Resident;
use super::seal::Address;
use super::settings::Setting;
use super::store::{Batch, Kind, RecordName, RecordStore, SealedRecord};
use super::tokens::TokenMeta;
use super::unlocked::Unlocked;
use crate::platform::memory::Locked;

/// Collects changes; each record may be touched once.
pub(super) struct Draft<'v> {
    store: &'v dyn RecordStore,
    unlocked: &'v Unlocked,
    resident: &'v Resident,
    batch: Batch,
    manifest: Manifest,
    written: Vec<Item>,
    marked: Vec<RecordName>,
    deleted: Vec<RecordName>,
}

/// A finished change: what to commit, and what is true once it is.
pub(super) struct Sealed {
    pub(super) batch: Batch,
    pub(super) manifest: Manifest,
    pub(super) written: Vec<Item>,
    /// Records without content, written too.
    pub(super) marked: Vec<RecordName>,
    pub(super) deleted: Vec<RecordName>,
}

impl<'v> Draft<'v> {
    pub(super) fn new(store: &'v dyn RecordStore, unlocked: &'v Unlocked, resident: &'v Resident) -> Self {
        let before = resident.manifest();
        let manifest = Manifest { epoch: before.epoch + 1, ..*before };
        Self {
            store,
            unlocked,
            resident,
            batch: Batch::default(),
            manifest,
            written: vec![],
            marked: vec![],
            deleted: vec![],
        }
    }

    pub(super) fn index(&self) -> &'v Index {
        self.resident.index()
    }

    pub(super) fn unlocked(&self) -> &'v Unlocked {
        self.unlocked
    }

    /// The value of a stored secret, for writing it again under changed metadata.
    pub(super) fn value_of(&self, meta: &SecretMeta) -> Result<Locked, VaultError> {
        let name = meta.id.record_name();
        let record = load_current(self.store, self.resident, &name)?;
        let value =
            self.unlocked.open(&name, record.generation, &record.blob).and_then(|opened| opened.value());
        value.map_err(|_| VaultError::Tampered { record: name })
    }

    pub(super) fn put_secret(&mut self, meta: SecretMeta, value: &[u8]) -> Result<(), VaultError> {
        let text = to_json(&meta);
        self.put(Item::Secret(meta), &text, value)
    }

    pub(super) fn put_credential(&mut self, meta: CredentialMeta) -> Result<(), VaultError> {
        let text = to_json(&meta);
        self.put(Item::Credential(meta), &text, &[])
    }

    pub(super) fn put_upstream(&mut self, upstream: Upstream) -> Result<(), VaultError> {
        let text = to_json(&upstream);
        self.put(Item::Upstream(self.unlocked.upstream_id(&upstream.host), upstream), &text, &[])
    }

    pub(super) fn put_policy(&mut self, policy: StoredPolicy) -> Result<(), VaultError> {
        let text = to_json(&policy);
        self.put(Item::Policy(self.unlocked.policy_id(&policy.id), policy), &text, &[])
    }

    pub(super) fn put_provider(&mut self, provider: StoredProvider) -> Result<(), VaultError> {
        let text = to_json(&provider);
        self.put(Item::Provider(self.unlocked.provider_id(&provider.id), provider), &text, &[])
    }

    pub(super) fn put_binding(&mut self, binding: Binding) -> Result<(), VaultError> {
        let text = to_json(&binding);
        self.put(Item::Binding(self.unlocked.binding_id(&binding), binding), &text, &[])
    }

    pub(super) fn put_switch(&mut self, switch: Switch) -> Result<(), VaultError> {
        let text = to_json(&switch);
        self.put(Item::Switch(self.unlocked.switch_id(&switch.capability), switch), &text, &[])
    }

    pub(super) fn put_token(&mut self, token: TokenMeta, value: &[u8]) -> Result<(), VaultError> {
        let text = to_json(&token);
        self.put(Item::Token(self.unlocked.token_id(token.credential), token), &text, value)
    }

    pub(super) fn put_caller_token(&mut self, token: Arc<CallerToken>) -> Result<(), VaultError> {
        let text = to_json(&*token);
        self.put(Item::CallerToken(token), &text, &[])
    }

    pub(super) fn put_setting(&mut self, setting: Setting) -> Result<(), VaultError> {
        let text = to_json(&setting);
        self.put(Item::Setting(setting), &text, &[])
    }

    /// Writes a record that says something by being there, unless it is.
    pub(super) fn put_mark(&mut self, name: RecordName) -> Result<(), VaultError> {
        if self.resident.generation(&name).is_none() {
            self.seal_record(name.clone(), &[], &[])?;
            self.marked.push(name);
        }
        Ok(())
    }

    /// Whether any record of the kind is left after the change.
    pub(super) fn keeps_any(&self, kind: Kind) -> bool {
        let stored = self.resident.generations().keys().filter(|name| name.kind == kind);
        let mut left = stored.filter(|name| !self.deleted.contains(name));
        left.next().is_some() || self.written.iter().any(|item| item.record_name().kind == kind)
    }

    /// Deletes a credential, if it is there, and the token that it was given.
    pub(super) fn delete_credential(&mut self, id: CredentialId) -> bool {
        self.delete(self.unlocked.token_id(id).record_name());
        self.delete(id.record_name())
    }

    /// Deletes a record if it is there, damaged or not; says whether it was.
    pub(super) fn delete(&mut self, name: RecordName) -> bool {
        let Some(generation) = self.resident.generation(&name) else { return false };
        self.manifest.sum = self.manifest.sum.minus(self.term(&name, generation));
        self.manifest.count -= 1;
        self.batch.delete(name.clone(), generation);
        self.deleted.push(name);
        true
    }

    /// `None` when nothing is to change.
    pub(super) fn finish(mut self) -> Result<Option<Sealed>, VaultError> {
        if self.written.is_empty() && self.marked.is_empty() && self.deleted.is_empty() {
            return Ok(None);
        }
        let blob = self.manifest.seal(&self.unlocked.sealer, &self.unlocked.header)?;
        let before = self.resident.manifest().epoch;
        self.batch.put(Manifest::record_name(), Some(before), self.manifest.epoch, blob);
        let Self { batch, manifest, written, marked, deleted, .. } = self;
        Ok(Some(Sealed { batch, manifest, written, marked, deleted }))
    }

    fn put(&mut self, item: Item, metadata: &[u8], value: &[u8]) -> Result<(), VaultError> {
        self.seal_record(item.record_name(), metadata, value)?;
        self.written.push(item);
        Ok(())
    }

    fn seal_record(&mut self, name: RecordName, metadata: &[u8], value: &[u8]) -> Result<(), VaultError> {
        let generation = self.manifest.epoch;
        let before = self.resident.generation(&name);
        let blob =
            self.unlocked.sealer.seal(Address { name: &name, generation, extra: &[] }, metadata, value)?;
        match before {
            Some(before) => self.manifest.sum = self.manifest.sum.minus(self.term(&name, before)),
            None => self.manifest.count += 1,
        }
        self.manifest.sum = self.manifest.sum.plus(self.term(&name, generation));
        self.batch.put(name, before, generation, blob);
        Ok(())
    }

    fn term(&self, name: &RecordName, generation: u64) -> SetSum {
        SetSum::of(&self.unlocked.keys, name, generation)
    }
}

/// A record in the very generation that the manifest vouches for.
pub(super) fn load_current(
    store: &dyn RecordStore,
    resident: &Resident,
    name: &RecordName,
) -> Result<SealedRecord, VaultError> {
    let expected = resident.generation(name);
    let record = store.load(name)?.filter(|record| Some(record.generation) == expected);
    record.ok_or_else(|| VaultError::Tampered { record: name.clone() })
}

fn to_json<T: serde::Serialize>(metadata: &T) -> Vec<u8> {
    // Maps with text keys, numbers and texts: nothing here can fail to serialise.
    serde_json::to_vec(metadata).expect("metadata is plain JSON")
}
