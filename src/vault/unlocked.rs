//! The keys of an open vault, together with the header they belong to.

use std::sync::Arc;

use super::caller_token::PresentedToken;
use super::error::VaultError;
use super::header::{Header, Said};
use super::ids::{BindingId, CredentialId, PolicyRecordId, ProviderRecordId, SwitchId, TokenId, UpstreamId};
use super::index::Item;
use super::keys::{DerivedKeys, Kek, LastingKeys};
use super::model::Binding;
use super::seal::{Address, Opened, Sealer, Unopened};
use super::store::{Kind, RecordName, SealedRecord};
use crate::platform::memory::Locked;
use crate::spec::{CapabilityId, CredentialName, PolicyId, ProviderId, Scope};

pub(super) struct Unlocked {
    pub(super) header: Header,
    pub(super) kek: Kek,
    pub(super) keys: DerivedKeys,
    pub(super) sealer: Sealer,
}

impl Unlocked {
    /// `None` when the keys that the header holds do not open with this one.
    pub(super) fn open_with(header: Header, kek: Kek) -> Option<Self> {
        let keys = header.keys(&kek)?;
        let sealer = Sealer::new(keys.wrap(), &header);
        Some(Self { header, kek, keys, sealer })
    }

    /// Of a vault that gets this header, with these keys to last.
    pub(super) fn compose(
        said: Said,
        kek: Kek,
        lasting: &LastingKeys,
    ) -> Result<(Self, Vec<u8>), VaultError> {
        let (header, bytes) = Header::compose(said, &kek, lasting)?;
        let unlocked = Self::open_with(header, kek).ok_or(VaultError::WrongKey)?;
        Ok((unlocked, bytes))
    }

    /// Opens a record other than the manifest.
    pub(super) fn open<'b>(
        &self,
        name: &RecordName,
        generation: u64,
        blob: &'b [u8],
    ) -> Result<Opened<'b>, Unopened> {
        self.sealer.open(Address { name, generation, extra: &[] }, blob)
    }

    /// The value of a record whose metadata is known from these very bytes.
    pub(super) fn open_value(&self, name: &RecordName, record: &SealedRecord) -> Result<Locked, Unopened> {
        self.sealer.open_value(Address { name, generation: record.generation, extra: &[] }, &record.blob)
    }

    /// The metadata of a record; `Ok(None)` for a kind that is not indexed.
    pub(super) fn read_item(
        &self,
        name: &RecordName,
        generation: u64,
        blob: &[u8],
    ) -> Result<Option<Item>, Unopened> {
        let opened = self.open(name, generation, blob)?;
        // What has no value has its seal all the same, and every byte of a record counts.
        if !matches!(name.kind, Kind::Secret | Kind::Token) {
            opened.value()?;
        }
        let item = match name.kind {
            Kind::Secret => Item::Secret(parse(&opened)?),
            Kind::Credential => Item::Credential(parse(&opened)?),
            Kind::Upstream => {
                Item::Upstream(UpstreamId::of_record(&name.id).ok_or(Unopened)?, parse(&opened)?)
            }
            Kind::Policy => {
                Item::Policy(PolicyRecordId::of_record(&name.id).ok_or(Unopened)?, parse(&opened)?)
            }
            Kind::Provider => {
                Item::Provider(ProviderRecordId::of_record(&name.id).ok_or(Unopened)?, parse(&opened)?)
            }
            Kind::Binding => Item::Binding(BindingId::of_record(&name.id).ok_or(Unopened)?, parse(&opened)?),
            Kind::Switch => Item::Switch(SwitchId::of_record(&name.id).ok_or(Unopened)?, parse(&opened)?),
            Kind::Token => Item::Token(TokenId::of_record(&name.id).ok_or(Unopened)?, parse(&opened)?),
            Kind::CallerToken => Item::CallerToken(Arc::new(parse(&opened)?)),
            Kind::Config => Item::Setting(parse(&opened)?),
            Kind::Manifest | Kind::Setting => return Ok(None),
        };
        if item.record_name() == *name { Ok(Some(item)) } else { Err(Unopened) }
    }

    /// The id of the credential of this name, which therefore exists once in its scope, and which
    /// is known even when its record is damaged.
    pub(super) fn credential_id(
        &self,
        provider: &ProviderId,
        scope: &Scope,
        name: &CredentialName,
    ) -> CredentialId {
        let scope = scope.to_string();
        let parts = [b"credential", provider.as_str().as_bytes(), scope.as_bytes(), name.as_str().as_bytes()];
        CredentialId::from_bytes(first_half(self.keys.name_mac(&parts)))
    }

    pub(super) fn policy_id(&self, policy: &PolicyId) -> PolicyRecordId {
        PolicyRecordId::from_bytes(first_half(self.keys.name_mac(&[b"policy", policy.as_str().as_bytes()])))
    }

    pub(super) fn provider_id(&self, provider: &ProviderId) -> ProviderRecordId {
        let parts = [b"provider", provider.as_str().as_bytes()];
        ProviderRecordId::from_bytes(first_half(self.keys.name_mac(&parts)))
    }

    /// What is bound, where and for whom, of which there is one binding.
    pub(super) fn binding_id(&self, binding: &Binding) -> BindingId {
        let scope = binding.scope.to_string();
        let consumer = binding.consumer.as_ref().map_or("", |consumer| consumer.as_str());
        let parts =
            [b"binding", binding.capabilities.as_str().as_bytes(), scope.as_bytes(), consumer.as_bytes()];
        BindingId::from_bytes(first_half(self.keys.name_mac(&parts)))
    }

    pub(super) fn switch_id(&self, capability: &CapabilityId) -> SwitchId {
        let parts = [b"switch", capability.as_str().as_bytes()];
        SwitchId::from_bytes(first_half(self.keys.name_mac(&parts)))
    }

    pub(super) fn token_id(&self, credential: CredentialId) -> TokenId {
        let credential = credential.to_string();
        let parts = [b"token", credential.as_bytes()];
        TokenId::from_bytes(first_half(self.keys.name_mac(&parts)))
    }

    /// What is kept of a caller's token. Its id is part of it, so that no record can stand in for another.
    pub(super) fn token_digest(&self, token: &PresentedToken) -> [u8; 32] {
        self.keys.token_mac(&[token.id.as_bytes(), token.secret.as_slice()])
    }

    /// Whether that is what is kept of it; takes the same time whatever it is.
    pub(super) fn is_token_digest(&self, token: &PresentedToken, digest: &[u8; 32]) -> bool {
        self.keys.is_token_mac(&[token.id.as_bytes(), token.secret.as_slice()], digest)
    }

    pub(super) fn upstream_id(&self, host: &str) -> UpstreamId {
        UpstreamId::from_bytes(first_half(self.keys.name_mac(&[b"upstream", host.as_bytes()])))
    }
}

/// The metadata that a record was sealed with.
pub(super) fn parse<T: serde::de::DeserializeOwned>(opened: &Opened<'_>) -> Result<T, Unopened> {
    serde_json::from_slice(opened.metadata()).map_err(|_| Unopened)
}

fn first_half(mac: [u8; 32]) -> [u8; 16] {
    let mut half = [0; 16];
    half.copy_from_slice(&mac[..16]);
    half
}
