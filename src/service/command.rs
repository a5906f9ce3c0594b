//! The one vocabulary of every surface: what may be asked of the service, and what
//! it answers. Invocations stand apart (`invoke`), since their bodies stream.

use serde::{Deserialize, Serialize};

use crate::spec::{CapabilityId, CredentialName, ProviderId, Risk, Scope, ScopeId, SecretName};
use crate::vault::{SecretInput, SecretText};

/// Something an operator asks for. Not `Debug`: some carry a value or a passphrase.
#[derive(Serialize, Deserialize)]
#[serde(tag = "command", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Command {
    Status,
    /// For the service in this process only: what it holds has no form on a socket.
    #[serde(skip)]
    Init(InitRequest),
    /// Opens the vault, and hands its key to a daemon. Has no form on a socket either.
    #[serde(skip)]
    Unlock {
        with: UnlockWith,
    },
    Lock,
    SecretCreate {
        name: SecretName,
        value: SecretInput,
        scope: Scope,
        aliases: Vec<String>,
    },
    SecretImport {
        entries: Vec<ImportEntry>,
        scope: Scope,
    },
    SecretList {
        scope: Option<Scope>,
    },
    SecretUpdate {
        secret: SecretSelector,
        name: Option<SecretName>,
        aliases: Option<Vec<String>>,
    },
    SecretRotate {
        secret: SecretSelector,
        value: SecretInput,
    },
    SecretDelete {
        secret: SecretSelector,
    },
    SecretAttachGroup {
        secret: SecretSelector,
        workspace: ScopeId,
        group: ScopeId,
    },
    SecretDetachGroup {
        secret: SecretSelector,
        workspace: ScopeId,
        group: ScopeId,
    },
    CapabilityList {
        scope: Scope,
    },
    CapabilityDescribe {
        id: String,
        scope: Scope,
    },
    AuditRead {
        limit: usize,
        before_ts_ms: Option<u64>,
    },
    AuditVerify,
    UpstreamSet {
        host: String,
        address: String,
        ca_pem: String,
    },
    UpstreamList,
    UpstreamRemove {
        host: String,
    },
}

/// How a vault is to be made.
pub struct InitRequest {
    pub provider: KeyChoice,
    pub passphrase: Option<SecretText>,
    /// The key of the `env` provider.
    pub env_key: Option<SecretText>,
    pub test: bool,
}

/// The key providers that an operator can choose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyChoice {
    File,
    Env,
    Passphrase,
    Keychain,
}

/// What opens a locked vault.
pub enum UnlockWith {
    Passphrase(SecretText),
    /// Whatever the vault's own key provider gives without asking.
    Provider,
}

/// One entry of an import.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ImportEntry {
    pub name: SecretName,
    pub value: SecretInput,
}

/// An existing secret, by id, or by name or alias and perhaps scope.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum SecretSelector {
    Id(String),
    Name { name: String, scope: Option<Scope> },
}

/// What the service answers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "kebab-case")]
pub enum Outcome {
    Status(StatusView),
    Initialised(StatusView),
    Unlocked,
    Locked,
    SecretStored(StoredView),
    Imported {
        stored: Vec<StoredView>,
        /// What was stored already with the same value.
        unchanged: Vec<SecretName>,
    },
    Secrets {
        secrets: Vec<SecretView>,
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
    Audit {
        events: Vec<AuditView>,
        /// Lines that are no entries.
        damaged: Vec<String>,
    },
    AuditVerified {
        events: u64,
        files: u32,
        /// The last entry's authenticator: kept elsewhere, it shows later that the log was not replaced.
        last_mac: String,
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
    /// The process id of the running daemon, when one answers.
    pub daemon: Option<u32>,
    pub upstreams: Vec<UpstreamView>,
}

/// A secret without its value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SecretView {
    pub id: String,
    pub name: SecretName,
    #[serde(flatten)]
    pub scope: Scope,
    pub provider: Option<ProviderId>,
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
    /// How many capabilities it makes ready.
    pub capabilities: usize,
}

/// What storing a secret brought about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredView {
    pub secret: SecretView,
    pub provisioned: Option<CredentialView>,
    /// The provider's secrets that are still missing.
    pub missing: Vec<SecretName>,
    /// Things worth a second look, such as a value of an unusual shape.
    pub warnings: Vec<String>,
    pub test_vault: bool,
}

/// Whether a capability can be used now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Readiness {
    Ready,
    /// Some of the provider's secrets are missing.
    Incomplete,
    /// All of them are.
    NoSecret,
    /// Administrative: off until enabled by name.
    Disabled,
    /// The vault is locked, so nobody can tell.
    Locked,
}

/// A row of the list of capabilities.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CapabilityView {
    pub id: CapabilityId,
    pub provider: ProviderId,
    pub category: String,
    pub summary: String,
    pub risk: Risk,
    pub readiness: Readiness,
    pub missing: Vec<SecretName>,
}

/// All about one capability.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CapabilityDetail {
    #[serde(flatten)]
    pub row: CapabilityView,
    pub provider_name: String,
    pub docs: String,
    pub host: String,
    pub auth: String,
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
    pub stored: bool,
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

/// A host that a test vault sends elsewhere.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UpstreamView {
    pub host: String,
    pub address: String,
}
