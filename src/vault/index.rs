//! What the vault holds, kept in memory: names to secrets, providers to credentials.
//!
//! No look-up grows with the vault. It holds metadata only, and names the records that would not
//! open, which must stay visible and never be mistaken for absent.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::hash::Hash;
use std::sync::Arc;

use super::caller_token::CallerToken;
use super::ids::{
    BindingId, CallerTokenId, CredentialId, PolicyRecordId, ProviderRecordId, SecretId, SwitchId, TokenId,
    UpstreamId,
};
use super::model::{Binding, CredentialMeta, SecretMeta, StoredPolicy, StoredProvider, Switch, Upstream};
use super::settings::{Setting, SettingName, Settings};
use super::store::{Kind, RecordName};
use super::tokens::TokenMeta;
use crate::spec::{ProviderId, Scope};

/// One readable record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Item {
    Secret(SecretMeta),
    Credential(CredentialMeta),
    Upstream(UpstreamId, Upstream),
    Policy(PolicyRecordId, StoredPolicy),
    Provider(ProviderRecordId, StoredProvider),
    Binding(BindingId, Binding),
    Switch(SwitchId, Switch),
    Token(TokenId, TokenMeta),
    CallerToken(Arc<CallerToken>),
    Setting(Setting),
}

impl Item {
    pub(super) fn record_name(&self) -> RecordName {
        match self {
            Self::Secret(meta) => meta.id.record_name(),
            Self::Credential(meta) => meta.id.record_name(),
            Self::Upstream(id, _) => id.record_name(),
            Self::Policy(id, _) => id.record_name(),
            Self::Provider(id, _) => id.record_name(),
            Self::Binding(id, _) => id.record_name(),
            Self::Switch(id, _) => id.record_name(),
            Self::Token(id, _) => id.record_name(),
            Self::CallerToken(token) => token.id.record_name(),
            Self::Setting(setting) => setting.name.record_name(),
        }
    }
}

#[derive(Default)]
pub(super) struct Index {
    secrets: BTreeMap<SecretId, SecretMeta>,
    /// Name or alias → where it stands.
    labels: HashMap<String, BTreeSet<(Scope, SecretId)>>,
    credentials: BTreeMap<CredentialId, CredentialMeta>,
    accounts: HashMap<(ProviderId, Scope), BTreeSet<CredentialId>>,
    /// Secret → the credentials that it is part of.
    users: HashMap<SecretId, BTreeSet<CredentialId>>,
    upstreams: BTreeMap<UpstreamId, Upstream>,
    policies: BTreeMap<PolicyRecordId, StoredPolicy>,
    providers: BTreeMap<ProviderRecordId, StoredProvider>,
    bindings: BTreeMap<BindingId, Binding>,
    switches: BTreeMap<SwitchId, Switch>,
    tokens: BTreeMap<TokenId, TokenMeta>,
    caller_tokens: BTreeMap<CallerTokenId, Arc<CallerToken>>,
    settings: Settings,
    /// Change with every change of a policy, or of a provider or switch, so that whoever compiled them knows when
    /// to do so again.
    policies_version: u64,
    catalog_version: u64,
    damaged: BTreeSet<RecordName>,
}

impl Index {
    pub(super) fn secret(&self, id: SecretId) -> Option<&SecretMeta> {
        self.secrets.get(&id)
    }

    pub(super) fn secrets(&self) -> impl ExactSizeIterator<Item = &SecretMeta> {
        self.secrets.values()
    }

    pub(super) fn credentials(&self) -> impl ExactSizeIterator<Item = &CredentialMeta> {
        self.credentials.values()
    }

    pub(super) fn upstreams(&self) -> &BTreeMap<UpstreamId, Upstream> {
        &self.upstreams
    }

    pub(super) fn policies(&self) -> &BTreeMap<PolicyRecordId, StoredPolicy> {
        &self.policies
    }

    pub(super) fn policies_version(&self) -> u64 {
        self.policies_version
    }

    pub(super) fn providers(&self) -> &BTreeMap<ProviderRecordId, StoredProvider> {
        &self.providers
    }

    pub(super) fn bindings(&self) -> &BTreeMap<BindingId, Binding> {
        &self.bindings
    }

    pub(super) fn switches(&self) -> &BTreeMap<SwitchId, Switch> {
        &self.switches
    }

    pub(super) fn has_credential(&self, id: CredentialId) -> bool {
        self.credentials.contains_key(&id)
    }

    pub(super) fn token(&self, id: TokenId) -> Option<&TokenMeta> {
        self.tokens.get(&id)
    }

    pub(super) fn caller_token(&self, id: CallerTokenId) -> Option<&Arc<CallerToken>> {
        self.caller_tokens.get(&id)
    }

    pub(super) fn caller_tokens(&self) -> impl Iterator<Item = &Arc<CallerToken>> {
        self.caller_tokens.values()
    }

    pub(super) fn settings(&self) -> &Settings {
        &self.settings
    }

    pub(super) fn catalog_version(&self) -> u64 {
        self.catalog_version
    }

    pub(super) fn damaged(&self) -> &BTreeSet<RecordName> {
        &self.damaged
    }

    pub(super) fn damaged_of(&self, kind: Kind) -> impl Iterator<Item = &RecordName> {
        self.damaged.iter().filter(move |name| name.kind == kind)
    }

    /// The secrets that have this name or alias, once each.
    pub(super) fn labelled(&self, label: &str) -> impl Iterator<Item = &SecretMeta> {
        let ids: BTreeSet<SecretId> =
            self.labels.get(label).into_iter().flatten().map(|(_, id)| *id).collect();
        ids.into_iter().filter_map(|id| self.secret(id))
    }

    /// The secrets that have this name or alias and stand in exactly this scope.
    pub(super) fn labelled_in(&self, label: &str, scope: &Scope) -> impl Iterator<Item = &SecretMeta> {
        let places = self.labels.get(label).into_iter().flatten();
        places.filter(move |(place, _)| place == scope).filter_map(|(_, id)| self.secret(*id))
    }

    /// The credentials of a provider in exactly this scope.
    pub(super) fn accounts(
        &self,
        provider: &ProviderId,
        scope: &Scope,
    ) -> impl Iterator<Item = &CredentialMeta> {
        let ids = self.accounts.get(&(provider.clone(), scope.clone()));
        ids.into_iter().flatten().filter_map(|id| self.credentials.get(id))
    }

    /// The credentials that a secret is part of.
    pub(super) fn users(&self, secret: SecretId) -> impl Iterator<Item = &CredentialMeta> {
        self.users.get(&secret).into_iter().flatten().filter_map(|id| self.credentials.get(id))
    }

    /// Adds or replaces a readable record.
    pub(super) fn insert(&mut self, item: Item) {
        self.remove(&item.record_name());
        match item {
            Item::Secret(meta) => self.insert_secret(meta),
            Item::Credential(meta) => self.insert_credential(meta),
            Item::Upstream(id, upstream) => {
                self.upstreams.insert(id, upstream);
            }
            Item::Policy(id, policy) => {
                self.policies.insert(id, policy);
            }
            Item::Provider(id, provider) => {
                self.providers.insert(id, provider);
            }
            Item::Binding(id, binding) => {
                self.bindings.insert(id, binding);
            }
            Item::Switch(id, switch) => {
                self.switches.insert(id, switch);
            }
            Item::Token(id, token) => {
                self.tokens.insert(id, token);
            }
            Item::CallerToken(token) => {
                self.caller_tokens.insert(token.id, token);
            }
            Item::Setting(setting) => {
                self.settings.insert(setting.name, Arc::new(setting));
            }
        }
    }

    /// Notes a record that does not open.
    pub(super) fn insert_damaged(&mut self, name: RecordName) {
        self.remove(&name);
        self.damaged.insert(name);
    }

    pub(super) fn remove(&mut self, name: &RecordName) {
        self.damaged.remove(name);
        match name.kind {
            Kind::Secret => {
                let meta = SecretId::of_record(&name.id).and_then(|id| self.secrets.remove(&id));
                meta.iter().for_each(|meta| self.unlink_secret(meta));
            }
            Kind::Credential => {
                let meta = CredentialId::of_record(&name.id).and_then(|id| self.credentials.remove(&id));
                meta.iter().for_each(|meta| self.unlink_credential(meta));
            }
            Kind::Upstream => {
                UpstreamId::of_record(&name.id).and_then(|id| self.upstreams.remove(&id));
            }
            Kind::Policy => {
                self.policies_version += 1;
                PolicyRecordId::of_record(&name.id).and_then(|id| self.policies.remove(&id));
            }
            Kind::Provider => {
                self.catalog_version += 1;
                ProviderRecordId::of_record(&name.id).and_then(|id| self.providers.remove(&id));
            }
            Kind::Binding => {
                BindingId::of_record(&name.id).and_then(|id| self.bindings.remove(&id));
            }
            Kind::Switch => {
                self.catalog_version += 1;
                SwitchId::of_record(&name.id).and_then(|id| self.switches.remove(&id));
            }
            Kind::Token => {
                TokenId::of_record(&name.id).and_then(|id| self.tokens.remove(&id));
            }
            Kind::CallerToken => {
                CallerTokenId::of_record(&name.id).and_then(|id| self.caller_tokens.remove(&id));
            }
            Kind::Config => {
                SettingName::parse(name.id.as_str()).and_then(|name| self.settings.remove(&name));
            }
            Kind::Manifest | Kind::Setting => {}
        }
    }

    fn insert_secret(&mut self, meta: SecretMeta) {
        for label in meta.labels() {
            let places = self.labels.entry(label.to_owned()).or_default();
            places.extend(meta.places().map(|place| (place, meta.id)));
        }
        self.secrets.insert(meta.id, meta);
    }

    fn unlink_secret(&mut self, meta: &SecretMeta) {
        for label in meta.labels() {
            if let Some(places) = self.labels.get_mut(label) {
                places.retain(|(_, id)| *id != meta.id);
                if places.is_empty() {
                    self.labels.remove(label);
                }
            }
        }
    }

    fn insert_credential(&mut self, meta: CredentialMeta) {
        self.accounts.entry((meta.provider.clone(), meta.scope.clone())).or_default().insert(meta.id);
        for secret in meta.secrets.values() {
            self.users.entry(*secret).or_default().insert(meta.id);
        }
        self.credentials.insert(meta.id, meta);
    }

    fn unlink_credential(&mut self, meta: &CredentialMeta) {
        drop_from(&mut self.accounts, &(meta.provider.clone(), meta.scope.clone()), meta.id);
        for secret in meta.secrets.values() {
            drop_from(&mut self.users, secret, meta.id);
        }
    }
}

fn drop_from<K: Eq + Hash>(map: &mut HashMap<K, BTreeSet<CredentialId>>, key: &K, id: CredentialId) {
    if let Some(ids) = map.get_mut(key) {
        ids.remove(&id);
        if ids.is_empty() {
            map.remove(key);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::spec::{CredentialName, SecretName};

    fn secret(byte: u8, name: &'static str, aliases: &[&str]) -> SecretMeta {
        SecretMeta {
            id: SecretId::from_bytes([byte; 16]),
            name: SecretName::from_static(name),
            scope: Scope::Global,
            pin: None,
            aliases: aliases.iter().map(|alias| (*alias).to_owned()).collect(),
            hosts: Vec::new(),
            groups: Vec::new(),
            version: 1,
            created_ms: 0,
            rotated_ms: None,
        }
    }

    fn credential(byte: u8, secret: SecretId) -> CredentialMeta {
        CredentialMeta {
            id: CredentialId::from_bytes([byte; 16]),
            name: CredentialName::from_static("acme"),
            provider: ProviderId::from_static("acme"),
            scope: Scope::Global,
            way: None,
            secrets: BTreeMap::from([("secret".to_owned(), secret)]),
            hosts: Vec::new(),
            by_hand: false,
            created_ms: 0,
        }
    }

    #[test]
    fn a_replaced_record_is_found_by_its_new_names_only() {
        let mut index = Index::default();
        index.insert(Item::Secret(secret(1, "A", &["old"])));
        index.insert(Item::Secret(secret(1, "B", &["new"])));
        for (label, found) in [("A", 0), ("old", 0), ("B", 1), ("new", 1)] {
            assert_eq!(index.labelled_in(label, &Scope::Global).count(), found, "{label}");
        }
        assert_eq!(index.secrets().len(), 1);
    }

    #[test]
    fn a_removed_credential_is_nowhere() {
        let mut index = Index::default();
        let user = credential(2, SecretId::from_bytes([1; 16]));
        index.insert(Item::Credential(user.clone()));
        assert_eq!(index.users(SecretId::from_bytes([1; 16])).collect::<Vec<_>>(), [&user]);
        assert_eq!(index.accounts(&user.provider, &Scope::Global).count(), 1);

        index.remove(&user.id.record_name());
        assert_eq!(index.users(SecretId::from_bytes([1; 16])).count(), 0);
        assert_eq!(index.accounts(&user.provider, &Scope::Global).count(), 0);
        assert_eq!(index.credentials().len(), 0);
    }

    #[test]
    fn damage_replaces_and_is_replaced() {
        let mut index = Index::default();
        let meta = secret(1, "A", &[]);
        index.insert(Item::Secret(meta.clone()));
        index.insert_damaged(meta.id.record_name());
        assert!(index.secret(meta.id).is_none());
        assert_eq!(index.damaged().len(), 1);
        index.insert(Item::Secret(meta.clone()));
        assert!(index.damaged().is_empty());
    }
}
