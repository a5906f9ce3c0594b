//! What the vault holds, apart from values: secrets, credentials, groups, redirects.
//!
//! These are the metadata of sealed records, field for field. They may be shown and sent; nothing
//! in them is secret.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use serde::{Deserialize, Serialize};

use super::alias::Alias;
use super::error::VaultError;
use super::ids::{CredentialId, SecretId};
use super::secret::SecretInput;
use crate::spec::policy::Glob;
use crate::spec::{
    Capability, CapabilityId, CredentialName, Host, PolicyId, ProviderId, Scope, ScopeId, SecretName, WayName,
};

/// A group within a workspace.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Group {
    pub workspace: ScopeId,
    pub group: ScopeId,
}

impl Group {
    #[must_use]
    pub fn scope(&self) -> Scope {
        Scope::Group { workspace: self.workspace.clone(), group: self.group.clone() }
    }
}

/// Everything about a secret but its value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SecretMeta {
    pub id: SecretId,
    pub name: SecretName,
    pub scope: Scope,
    /// The only provider whose hosts may ever see the value; `None`: no provider may.
    pub pin: Option<ProviderId>,
    pub aliases: Vec<String>,
    /// Groups in which it can be used besides its own scope; sorted.
    pub groups: Vec<Group>,
    /// The hosts that the value was given for: of an operator's own provider those that it named then,
    /// of tenants and mirrors those that were chosen. To any other it goes only when it is given again.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hosts: Vec<Host>,
    /// 1 at create, one more at each rotation.
    pub version: u32,
    /// Milliseconds since 1970.
    pub created_ms: u64,
    pub rotated_ms: Option<u64>,
}

impl SecretMeta {
    /// When somebody gave the value that it has, or the one that a provider replaced by it.
    #[must_use]
    pub fn given_ms(&self) -> u64 {
        self.rotated_ms.unwrap_or(self.created_ms)
    }

    /// The scopes it stands in: its own and its groups'.
    pub(super) fn places(&self) -> impl Iterator<Item = Scope> {
        std::iter::once(self.scope.clone()).chain(self.groups.iter().map(Group::scope))
    }

    /// What it can be called: its name and its aliases.
    pub(super) fn labels(&self) -> impl Iterator<Item = &str> {
        std::iter::once(self.name.as_str()).chain(self.aliases.iter().map(String::as_str))
    }
}

/// One account with one provider.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CredentialMeta {
    pub id: CredentialId,
    pub name: CredentialName,
    pub provider: ProviderId,
    pub scope: Scope,
    /// Which of the provider's ways to authenticate it is of; none: the first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub way: Option<WayName>,
    /// Placeholder of the provider's templates → the secret that fills it.
    pub secrets: BTreeMap<String, SecretId>,
    /// Of the hosts that its secrets were given for, those that it uses; empty: all of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hosts: Vec<Host>,
    /// Made by the operator, so that it is never pointed at other secrets by itself.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub by_hand: bool,
    pub created_ms: u64,
}

/// Which credential serves a call that names none.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Binding {
    /// A capability, or a pattern of several.
    pub capabilities: Glob,
    pub credential: CredentialName,
    pub scope: Scope,
    /// Whose calls: a caller's name or a pattern; none: everybody's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub consumer: Option<Glob>,
    pub created_ms: u64,
}

/// What the operator says about a capability, whatever it is by itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Switch {
    pub capability: CapabilityId,
    pub on: bool,
    pub set_ms: u64,
}

/// Where a test vault sends what is meant for `host`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Upstream {
    pub host: String,
    /// A loopback address.
    pub addr: SocketAddr,
    /// The only certificate authority trusted for this host.
    pub ca_pem: String,
}

/// A secret to be stored.
pub struct NewSecret {
    pub name: SecretName,
    pub value: SecretInput,
    pub scope: Scope,
    pub aliases: Vec<Alias>,
    /// The provider that the value is for, where the name says none: pinned all the same.
    pub provider: Option<ProviderId>,
    /// The hosts that the value is given for, where that is not as fixed as the binary.
    pub hosts: Vec<Host>,
}

/// A credential to be made of secrets that are stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewCredential {
    pub name: CredentialName,
    pub provider: ProviderId,
    pub scope: Scope,
    /// Which of the provider's ways to authenticate it is of; none: the first.
    pub way: Option<WayName>,
    /// Placeholder of the provider's templates → the secret that is to fill it.
    pub secrets: BTreeMap<String, SecretRef>,
    pub hosts: Vec<Host>,
}

/// What to change about a secret; `None` leaves a thing as it is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SecretChange {
    pub name: Option<SecretName>,
    /// Replaces all aliases; an empty list clears them.
    pub aliases: Option<Vec<Alias>>,
}

/// Which secret is meant: by id, or by name or alias.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SecretRef {
    Id(SecretId),
    /// A name that a provider claims: whatever has it as an alias is not meant.
    Claimed {
        name: String,
        scope: Option<Scope>,
    },
    /// Without a scope, the name must fit one secret only.
    Name {
        name_or_alias: String,
        scope: Option<Scope>,
    },
}

/// A policy as its author wrote it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredPolicy {
    pub id: PolicyId,
    /// The file's text.
    pub text: String,
    pub applied_ms: u64,
}

/// A provider of the operator's own, as its author wrote it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredProvider {
    pub id: ProviderId,
    /// The file's text.
    pub text: String,
    pub added_ms: u64,
}

/// What the registry says about a name; passed in, since the vault knows no registry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    pub provider: ProviderId,
    /// Its ways to authenticate, by priority.
    pub ways: Vec<ClaimedWay>,
}

/// What one of a provider's ways to authenticate takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimedWay {
    /// None of the first.
    pub name: Option<WayName>,
    /// What its account is called that comes to be by itself.
    pub account: CredentialName,
    /// All that it needs: the secret's name and the placeholder it fills.
    pub secrets: Vec<(SecretName, String)>,
    /// What it takes as well where it is stored.
    pub optional: Vec<(SecretName, String)>,
}

impl ClaimedWay {
    pub(super) fn takes(&self, secret: &SecretName) -> bool {
        self.secrets.iter().chain(&self.optional).any(|(name, _)| name == secret)
    }
}

/// Where a value is to be sent, and by which grant: the pin must agree, and the host wherever it is
/// not the only one that the binary knows.
#[derive(Debug, Clone, Copy)]
pub struct Destination<'a> {
    pub provider: &'a ProviderId,
    /// None for the address that the provider's file says tokens come from.
    pub capability: Option<&'a Capability>,
    pub host: &'a Host,
    /// Whether the provider is the operator's own, which can be given other hosts at any time.
    pub own: bool,
    /// Whether the provider says that the value is an account's name rather than a key.
    pub identifier: bool,
}

impl Destination<'_> {
    /// Whether a value that was given for `hosts` may go there. An account's name goes along with its
    /// key, which says where.
    fn is_among(&self, hosts: &[Host]) -> bool {
        if self.identifier && hosts.is_empty() {
            return true;
        }
        match self.capability {
            _ if self.own => hosts.contains(self.host),
            None => true,
            Some(capability) if capability.is_bound() && !hosts.is_empty() => hosts.contains(self.host),
            Some(capability) => capability.host.exact().as_ref() == Some(self.host),
        }
    }

    /// Refuses a secret that may not go there: one of another provider, or given for other hosts.
    pub(super) fn refuse(&self, meta: &SecretMeta) -> Result<(), VaultError> {
        if meta.pin.as_ref() != Some(self.provider) {
            return Err(VaultError::PinMismatch {
                secret: meta.id,
                pin: meta.pin.clone(),
                provider: self.provider.clone(),
            });
        }
        // What was stored as a key of an operator's provider stays one, whatever its file says by now.
        if self.own && self.identifier && !meta.hosts.is_empty() {
            return Err(VaultError::StoredAsKey { secret: meta.id });
        }
        if !self.is_among(&meta.hosts) {
            return Err(VaultError::HostMismatch { secret: meta.id, host: self.host.clone() });
        }
        Ok(())
    }
}

/// What became of the credentials that a secret's provider needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Provisioned {
    /// No provider claims the name, or its credential stands already.
    None,
    Waiting {
        provider: ProviderId,
        missing: Vec<SecretName>,
    },
    /// One for each way that is complete by it.
    Ready {
        credentials: Vec<CredentialMeta>,
    },
}

/// A secret was created or came into a group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Created {
    pub meta: SecretMeta,
    pub provisioned: Provisioned,
}

/// A secret is gone, or out of a group, and with it the credentials that stood on it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Removed {
    pub id: SecretId,
    /// `None` when the record was damaged and could only be deleted.
    pub meta: Option<SecretMeta>,
    pub credentials: Vec<CredentialMeta>,
}
