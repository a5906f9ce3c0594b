//! The one vocabulary of every surface: what may be asked of the service. `outcome` has the answers;
//! invocations stand apart (`invoke`), since their bodies stream.

use serde::{Deserialize, Serialize};

use crate::spec::{PolicyId, ProviderId, Scope, ScopeId, SecretName};
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
    /// Puts policies in force, all of them or none.
    PolicyApply {
        files: Vec<SourceFile>,
        /// Says what would change, and changes nothing.
        dry_run: bool,
    },
    PolicyList,
    PolicyShow {
        id: PolicyId,
    },
    PolicyRemove {
        id: PolicyId,
    },
    /// Adds a provider of the operator's own, or replaces it.
    ProviderAdd {
        file: SourceFile,
    },
    ProviderList,
    ProviderShow {
        id: ProviderId,
    },
    ProviderRemove {
        id: ProviderId,
    },
    /// The requests that wait for a person.
    ApprovalList,
    ApprovalShow {
        id: String,
    },
    ApprovalAnswer {
        id: String,
        approve: bool,
    },
    /// Sets the log aside and begins another.
    AuditRestart {
        /// For a vault that is locked; stays in this process.
        #[serde(skip)]
        passphrase: Option<SecretText>,
    },
    /// Looks at what is left of a vault whose records are not those last written.
    Repair {
        /// Deletes what does not open, and vouches for the rest as it is.
        accept: bool,
        /// Stays in this process.
        #[serde(skip)]
        passphrase: Option<SecretText>,
    },
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

/// A policy or provider file as its author wrote it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SourceFile {
    /// What messages call it.
    pub name: String,
    pub text: String,
}

/// An existing secret, by id, or by name or alias and perhaps scope.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum SecretSelector {
    Id(String),
    Name { name: String, scope: Option<Scope> },
}
