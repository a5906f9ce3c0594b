//! What the service answers: outcomes, and what surfaces show of what the vault keeps. Nothing here
//! holds a value or a key; one answer holds a caller's token, the moment it is made.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::clients::ClientsView;
use super::doctor::DoctorView;
use super::login::LoginView;
use super::token::{MintedView, RevokedView, TokenView};

use super::command::SourceFile;
use super::gateway::ListenerView;
use super::operator::OperatorView;
use super::shared::{SharedStatusView, SharedView};
use super::way::WayView;
use crate::broker::Question;
use crate::spec::{
    CapabilityId, CredentialName, Host, PolicyId, ProviderId, Risk, RuleId, Scope, SecretName, Text, WayName,
};
use crate::vault::SettingName;

/// What the service answers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "kebab-case")]
pub enum Outcome {
    Status(StatusView),
    /// Calls go to a daemon of another user.
    SharedStatus(SharedStatusView),
    GatewayOpened(ListenerView),
    Restarted,
    /// In the text format of Prometheus.
    Metrics {
        text: String,
    },
    Gateway {
        listeners: Vec<ListenerView>,
    },
    Initialised(StatusView),
    Unlocked {
        /// When the operator's session ends that was opened with it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        operator_until_ms: Option<u64>,
    },
    Locked,
    Rekeyed(RekeyedView),
    SecretStored(StoredView),
    Login(LoginView),
    Imported {
        stored: Vec<StoredView>,
        /// What was stored already with the same value.
        unchanged: Vec<SecretName>,
    },
    /// What an import would store: nothing was stored.
    ImportPlanned {
        planned: Vec<PlannedView>,
    },
    Secrets {
        secrets: Vec<SecretView>,
        /// How many stand in other scopes than the one that was asked for.
        elsewhere: usize,
        damaged: Vec<String>,
    },
    SecretChanged {
        secret: SecretView,
        provisioned: Vec<CredentialView>,
        removed: Vec<CredentialView>,
    },
    SecretDeleted {
        id: String,
        /// None when the record was damaged and could only be deleted.
        secret: Option<SecretView>,
        removed: Vec<CredentialView>,
    },
    Capabilities {
        capabilities: Vec<CapabilityView>,
    },
    Capability(Box<CapabilityDetail>),
    CapabilityCreated {
        id: CapabilityId,
        /// The provider's file as it is now.
        text: String,
    },
    CapabilityDeleted {
        id: CapabilityId,
    },
    CapabilitySwitched {
        id: CapabilityId,
        on: bool,
    },
    CapabilityBoundTo(BindingView),
    CapabilityUnbound,
    Bindings {
        bindings: Vec<BindingView>,
        /// Those that cannot be read: calls that name no credential are refused because of them.
        damaged: Vec<String>,
    },
    /// A policy that the program wrote, or none any more.
    CapabilityBounded {
        id: CapabilityId,
        policy: PolicyId,
        text: Option<String>,
    },
    CredentialCreated(CredentialView),
    Credentials {
        credentials: Vec<CredentialView>,
        damaged: Vec<String>,
    },
    CredentialDeleted {
        name: CredentialName,
        provider: ProviderId,
    },
    Audit {
        events: Vec<AuditView>,
        /// Lines that are no entries.
        damaged: Vec<String>,
        /// Why the entries are not to be believed as they are, if so.
        doubt: Option<String>,
    },
    AuditVerified(VerifiedView),
    AuditStats {
        stats: crate::audit::Stats,
        doubt: Option<String>,
    },
    AuditCheckpoint {
        /// The entry that it is the head of.
        seq: u64,
        checkpoint: String,
    },
    /// None when no file was old enough.
    AuditRetired(Option<RetirementView>),
    PoliciesApplied {
        policies: Vec<AppliedPolicy>,
        /// What is unwise about them, a line each.
        warnings: Vec<String>,
    },
    /// What applying policies would change: they were not applied.
    PoliciesPlanned {
        policies: Vec<AppliedPolicy>,
        warnings: Vec<String>,
        /// The policies in force, and all that would be.
        old: Vec<SourceFile>,
        new: Vec<SourceFile>,
        /// The operator's own providers.
        providers: Vec<SourceFile>,
    },
    Policies {
        policies: Vec<PolicyView>,
        /// Policies in force that cannot be read; what they may apply to is refused.
        broken: Vec<String>,
    },
    /// A policy's text as it was applied.
    Policy {
        text: String,
    },
    PolicyRemoved {
        id: PolicyId,
    },
    ProviderAdded {
        provider: ProviderView,
        replaced: bool,
        /// Stored secrets that were given for other hosts, and serve again when their value is given anew.
        unbound: Vec<SecretName>,
    },
    Providers {
        providers: Vec<ProviderView>,
        /// Stored providers that cannot be used: they do not compile, or the registry has no room.
        broken: Vec<String>,
    },
    /// A provider; of the operator's own, with the text of its file.
    Provider {
        provider: ProviderView,
        text: Option<String>,
    },
    ProviderRemoved {
        id: ProviderId,
    },
    Approvals {
        questions: Vec<Question>,
    },
    Approval(Box<Question>),
    ApprovalAnswered {
        id: String,
        approved: bool,
    },
    Clients(ClientsView),
    /// The only answer that holds something to keep secret: the token that was just made, for the
    /// operator to hand on.
    TokenMinted(Box<MintedView>),
    Tokens {
        tokens: Vec<TokenView>,
        /// Those that cannot be read, and so are refused.
        damaged: Vec<String>,
    },
    TokensRevoked {
        tokens: Vec<RevokedView>,
    },
    AuditRestarted {
        /// Where the log before is now, if there was one.
        set_aside: Option<String>,
    },
    Repair(RepairView),
    Doctor(DoctorView),
    BackedUp {
        path: String,
        bytes: u64,
        encrypted: bool,
    },
    Restored {
        secrets: usize,
        /// Whether the audit log that was there goes on.
        log_goes_on: bool,
    },
    ConfigSet(SettingView),
    Config {
        settings: Vec<SettingView>,
    },
    ConfigUnset {
        name: SettingName,
    },
    UpstreamSet(UpstreamView),
    Upstreams {
        upstreams: Vec<UpstreamView>,
    },
    UpstreamRemoved {
        host: String,
    },
}

/// Where a vault stands, and how well it is protected (invariant 13).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatusView {
    pub version: String,
    pub folder: String,
    /// `unlocked` or `locked`.
    pub state: String,
    /// Why it does not open, when that is more than that nobody unlocked it, and what to do.
    pub problem: Option<String>,
    pub problem_help: Option<String>,
    /// Whether this very command made the vault.
    pub created: bool,
    pub test: bool,
    pub key_provider: String,
    /// Where the key is, in words.
    pub key_place: String,
    /// What the protection is worth, plainly.
    pub protection: String,
    pub vault_id: String,
    pub secrets: Option<usize>,
    pub credentials: Option<usize>,
    pub damaged: Vec<String>,
    pub providers: usize,
    pub capabilities: usize,
    pub socket: String,
    /// The process that listens at the socket, whatever it is.
    pub daemon: Option<u32>,
    pub daemon_state: DaemonState,
    pub upstreams: Vec<UpstreamView>,
    /// How requests leave this machine, where the operator said so, a line each.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub egress: Vec<String>,
    /// Where callers find the daemon on TCP.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub listeners: Vec<ListenerView>,
    /// How it stands with operators' sessions, where the vault knows them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operator: Option<OperatorView>,
    /// Where the daemon serves callers of other users.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shared: Option<SharedView>,
    /// How many bytes hold keys and values and may be written to swap, since the system did not lock them.
    #[serde(default, skip_serializing_if = "is_nothing")]
    pub unlocked_memory: usize,
}

/// What becomes of a vault that is locked with another key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RekeyedView {
    pub key_provider: String,
    pub key_place: String,
    /// How many records' own keys were wrapped anew.
    pub records: usize,
    /// Where the key file before is now.
    pub set_aside: Option<String>,
    /// Whether the daemon that runs has the new key; none when none runs.
    pub daemon: Option<bool>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
fn is_nothing(bytes: &usize) -> bool {
    *bytes == 0
}

/// What is at the daemon's socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DaemonState {
    Absent,
    Running,
    /// Somebody who does not answer.
    Silent,
    /// Somebody who speaks another version of the words between client and daemon.
    OtherVersion,
    /// The daemon of another vault.
    OtherVault,
    /// It cannot be connected to, or belongs to another user.
    Unusable,
}

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

/// One line of the audit log.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AuditView {
    pub seq: u64,
    /// The event as logged: one JSON object.
    pub event: crate::audit::Event,
}

impl AuditView {
    /// Whether it says that something was about to be done; another entry says how that ended.
    #[must_use]
    pub fn is_request(&self) -> bool {
        self.event.outcome == crate::audit::Outcome::Requested
    }
}

/// A log that holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VerifiedView {
    pub events: u64,
    pub files: u32,
    /// The last entry's authenticator: kept elsewhere, it shows later that the log was not replaced.
    pub last_mac: String,
    /// The entry of the checkpoint that was given: nothing up to it has changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<u64>,
    /// What the operator's retention removed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retired: Option<RetiredView>,
    /// The entries that tell of repairs after a crash.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub repairs: Vec<u64>,
}

/// What is not there any more of a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct RetiredView {
    pub upto_seq: u64,
    pub files: u32,
    pub at_ms: u64,
}

/// What went just now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct RetirementView {
    pub entries: u64,
    pub files: u32,
    pub upto_seq: u64,
}

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
