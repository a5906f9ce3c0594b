//! Secrets and accounts as a surface shows them: never a value.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::spec::{CredentialName, Host, ProviderId, Scope, SecretName, WayName};

/// A secret without its value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SecretView {
    pub id: String,
    pub name: SecretName,
    #[serde(flatten)]
    pub scope: Scope,
    pub provider: Option<ProviderId>,
    /// The hosts that the value is for, where the provider's name does not say it all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hosts: Vec<Host>,
    pub aliases: Vec<String>,
    pub groups: Vec<String>,
    pub version: u32,
    pub created_ms: u64,
    pub rotated_ms: Option<u64>,
}

/// A credential, without its secrets' values.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CredentialView {
    pub name: CredentialName,
    pub provider: ProviderId,
    #[serde(flatten)]
    pub scope: Scope,
    /// Its way to authenticate, where that is not the provider's first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub way: Option<WayName>,
    /// How many capabilities it makes ready.
    pub capabilities: usize,
    /// The secrets that it stands on, by the provider's placeholder.
    #[serde(default)]
    pub secrets: BTreeMap<String, SecretName>,
    /// The hosts of tenants and mirrors that it is bound to.
    #[serde(default)]
    pub hosts: Vec<Host>,
}

/// Which credential serves which calls that name none.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BindingView {
    pub capabilities: String,
    pub credential: CredentialName,
    #[serde(flatten)]
    pub scope: Scope,
    pub consumer: Option<String>,
}

/// What storing a secret brought about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredView {
    pub secret: SecretView,
    pub provisioned: Option<CredentialView>,
    /// Those of further ways to authenticate that are complete by it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub further: Vec<CredentialView>,
    /// The provider's secrets that are still missing.
    pub missing: Vec<SecretName>,
    /// Things worth a second look, such as a value of an unusual shape.
    pub warnings: Vec<String>,
    pub test_vault: bool,
}

/// A secret that would be stored, and where its value could go.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlannedView {
    pub name: SecretName,
    #[serde(flatten)]
    pub scope: Scope,
    pub provider: Option<ProviderId>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hosts: Vec<Host>,
    /// Whether one of that name is stored: an import with another value would store nothing.
    pub is_there: bool,
}
