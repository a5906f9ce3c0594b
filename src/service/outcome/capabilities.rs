//! Capabilities as a surface shows them, and what each lacks.

use serde::{Deserialize, Serialize};

use super::accounts::CredentialView;
use crate::service::way::WayView;
use crate::spec::{CapabilityId, ProviderId, Risk, SecretName, Text};

/// Whether a capability can be used now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Readiness {
    Ready,
    /// Some of the provider's secrets are missing.
    Incomplete,
    /// Its secrets are stored for no host of those that it stands at.
    NoHost,
    /// All of its secrets are missing.
    NoSecret,
    /// Its auth scheme is one that calls cannot be made with yet.
    NoAuth,
    /// Off: administrative and not enabled by name, or turned off.
    Disabled,
    /// The vault is locked, so nobody can tell.
    Locked,
}

/// A row of the list of capabilities.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CapabilityView {
    pub id: CapabilityId,
    pub provider: ProviderId,
    pub category: Text,
    pub summary: Text,
    pub risk: Risk,
    pub readiness: Readiness,
    /// What the way to authenticate that lacks least still needs.
    pub missing: Vec<SecretName>,
    /// The auth scheme, where that is what it lacks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub needs_auth: Option<String>,
}

/// All about one capability.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CapabilityDetail {
    #[serde(flatten)]
    pub row: CapabilityView,
    pub provider_name: String,
    pub docs: String,
    pub host: String,
    /// Where the same API stands again.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub mirrors: Vec<String>,
    pub auth: String,
    /// The ways to authenticate, where there are several.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ways: Vec<WayView>,
    pub secrets: Vec<SecretNeed>,
    pub allow: Vec<GrantView>,
    pub default_method: Option<String>,
    pub default_path: Option<String>,
    /// Words of a command that can be pasted, unquoted; the first is `aivault`.
    pub example: Vec<String>,
    /// The credentials in sight that could serve.
    pub credentials: Vec<CredentialView>,
}

/// A secret that a provider needs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SecretNeed {
    pub name: SecretName,
    /// Whether the provider can do without it.
    #[serde(default)]
    pub optional: bool,
    /// None while the vault is locked.
    pub stored: Option<bool>,
    pub help: Option<String>,
}

/// Methods and the paths they go with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GrantView {
    pub methods: Vec<String>,
    pub paths: Vec<String>,
}
