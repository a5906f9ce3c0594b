//! What the service answers: outcomes, and what surfaces show of what the vault keeps. Nothing here
//! holds a value or a key; one answer holds a caller's token, the moment it is made.

mod accounts;
mod capabilities;
mod log;
mod status;
mod upkeep;

use serde::{Deserialize, Serialize};

use super::clients::ClientsView;
use super::command::SourceFile;
use super::doctor::DoctorView;
use super::gateway::ListenerView;
use super::login::LoginView;
use super::shared::SharedStatusView;
use super::token::{MintedView, RevokedView, TokenView};
use crate::broker::Question;
use crate::spec::{CapabilityId, CredentialName, PolicyId, ProviderId, SecretName};
use crate::vault::SettingName;

pub use accounts::{BindingView, CredentialView, PlannedView, SecretView, StoredView};
pub use capabilities::{CapabilityDetail, CapabilityView, GrantView, Readiness, SecretNeed};
pub use log::{AuditView, RetiredView, RetirementView, VerifiedView};
pub use status::{DaemonState, RekeyedView, StatusView};
pub use upkeep::{
    AppliedPolicy, PolicyChange, PolicyView, ProviderView, RepairView, RuleView, SettingView, UpstreamView,
};
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
