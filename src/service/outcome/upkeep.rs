//! Providers, policies, settings and repairs as a surface shows them.

use serde::{Deserialize, Serialize};

use super::accounts::SecretView;
use crate::service::way::WayView;
use crate::spec::{PolicyId, ProviderId, RuleId, SecretName};
use crate::vault::SettingName;

/// A provider in a line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProviderView {
    pub id: ProviderId,
    pub name: String,
    pub category: String,
    /// Whether it is the operator's own rather than the registry's.
    pub own: bool,
    pub hosts: Vec<String>,
    pub auth: String,
    /// The ways to authenticate, where there are several.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ways: Vec<WayView>,
    pub secrets: Vec<SecretName>,
    pub capabilities: usize,
    pub docs: String,
}

/// A policy in force.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PolicyView {
    pub id: PolicyId,
    pub applied_ms: u64,
    pub rules: Vec<RuleView>,
}

/// A rule in a line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuleView {
    pub id: RuleId,
    pub effect: String,
    pub shadow: bool,
    pub why: String,
}

/// What applying a policy changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AppliedPolicy {
    pub id: PolicyId,
    pub change: PolicyChange,
    /// Rules that were not there before, that read otherwise now, and that are gone.
    pub added: Vec<RuleId>,
    pub changed: Vec<RuleId>,
    pub removed: Vec<RuleId>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PolicyChange {
    New,
    Changed,
    Unchanged,
}

/// What is left of a vault, and what is wrong with it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RepairView {
    /// None when the records are those last written.
    pub problem: Option<String>,
    pub secrets: Vec<SecretView>,
    pub credentials: usize,
    /// Records that do not open; gone when `accepted`.
    pub damaged: Vec<String>,
    pub accepted: bool,
}

/// Something that was set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SettingView {
    pub name: SettingName,
    /// As it was given.
    pub value: String,
    /// The same in a line.
    pub summary: String,
    pub set_ms: u64,
}

/// A host that a test vault sends elsewhere.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UpstreamView {
    pub host: String,
    pub address: String,
}
