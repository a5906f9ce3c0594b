//! The one vocabulary of every surface: what may be asked of the service. `outcome` has the answers;
//! invocations stand apart (`invoke`), since their bodies stream.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::backup::{BackupKey, BackupLock};
use super::clients::ClientsRequest;
use super::login::LoginRequest;
use super::token::{MintRequest, TokenSelector};

use crate::audit::Query as AuditQuery;
use crate::spec::{
    Age, CapabilityId, CredentialName, Host, Method, PolicyId, ProviderId, Risk, Scope, ScopeId, SecretName,
    Ttl, WayName,
};
use crate::vault::{CredentialFile, KeyCommand, SecretInput, SecretText, SettingName};

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
        /// How long an operator's session is open then, if at all.
        session: Option<Ttl>,
    },
    Lock,
    /// What was counted since the daemon started.
    Metrics,
    /// Locks the vault with another key. Has no form on a socket either.
    #[serde(skip)]
    Rekey(RekeyRequest),
    SecretCreate {
        name: SecretName,
        value: SecretInput,
        scope: Scope,
        aliases: Vec<String>,
        /// The provider that the value is for, where the name says none.
        #[serde(default)]
        provider: Option<ProviderId>,
        /// The hosts of tenants and mirrors that the value is for.
        #[serde(default)]
        hosts: Vec<Host>,
    },
    SecretImport {
        entries: Vec<ImportEntry>,
        scope: Scope,
        #[serde(default)]
        hosts: Vec<Host>,
        /// Says what would be stored, and stores nothing.
        #[serde(default)]
        dry_run: bool,
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
        /// The hosts that the new value is for; none: those of the old one.
        #[serde(default)]
        hosts: Vec<Host>,
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
    /// Adds a capability to a provider of the operator's own.
    CapabilityCreate(NewCapability),
    CapabilityDelete {
        id: CapabilityId,
    },
    /// Turns a capability on or off, whatever it is by itself.
    CapabilitySwitch {
        id: String,
        on: bool,
    },
    /// Says which credential serves a capability where a call names none.
    CapabilityBind {
        /// A capability, or a pattern such as `openai/*`.
        capabilities: String,
        credential: CredentialName,
        scope: Scope,
        /// Whose calls; none: everybody's.
        consumer: Option<String>,
    },
    CapabilityUnbind {
        capabilities: String,
        scope: Scope,
        consumer: Option<String>,
    },
    BindingList,
    /// Writes the policy that bounds one capability, in place of the one that did.
    CapabilityBound {
        id: String,
        bounds: Bounds,
    },
    /// A step of logging in to a provider.
    Login(LoginRequest),
    CredentialCreate {
        name: CredentialName,
        provider: ProviderId,
        /// Which of the provider's ways to authenticate; none: the first that takes what is named.
        #[serde(default)]
        auth: Option<WayName>,
        /// Placeholder of the provider, or nothing where it has one, and the secret that fills it.
        secrets: Vec<(Option<String>, String)>,
        hosts: Vec<Host>,
        scope: Scope,
    },
    CredentialList,
    CredentialDelete {
        name: CredentialName,
        provider: Option<ProviderId>,
        scope: Scope,
    },
    AuditRead {
        query: AuditQuery,
    },
    AuditStats {
        query: AuditQuery,
    },
    AuditVerify {
        /// A checkpoint as it was printed.
        since: Option<String>,
    },
    /// Signs the head of the log, to be kept elsewhere.
    AuditCheckpoint,
    /// Removes the files of the log whose entries are all older.
    AuditRetire {
        older_than: Age,
    },
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
    /// What a program needs whose clients are to come to the gateway.
    Clients(ClientsRequest),
    /// Makes an access token for a caller.
    TokenMint(MintRequest),
    TokenList,
    TokenRevoke {
        which: TokenSelector,
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
    /// A copy of the vault as it is, still sealed. In this process alone.
    #[serde(skip)]
    Backup {
        to: PathBuf,
        /// Whom it is encrypted for besides; nobody: it is as sealed as the vault is.
        lock: Vec<BackupLock>,
    },
    /// Puts a backup where no vault is. In this process alone.
    #[serde(skip)]
    Restore {
        from: PathBuf,
        key: Option<BackupKey>,
        /// Of a vault with a passphrase.
        passphrase: Option<SecretText>,
    },
    /// Looks at everything that the vault stands on. In this process alone.
    #[serde(skip)]
    Doctor {
        /// Repairs what is safe to repair.
        fix: bool,
        passphrase: Option<SecretText>,
    },
    /// Says how requests leave this machine.
    ConfigSet {
        name: SettingName,
        value: String,
    },
    ConfigList,
    ConfigUnset {
        name: SettingName,
    },
    UpstreamSet {
        host: String,
        address: String,
        ca_pem: String,
    },
    UpstreamList,
    /// Has the daemon listen for callers on loopback, unless it does.
    GatewayOpen {
        /// For this one alone.
        credential: Option<CredentialName>,
    },
    GatewayStatus,
    /// Puts a new daemon in the place of the one that runs. Has no form on a socket.
    #[serde(skip)]
    Restart,
    UpstreamRemove {
        host: String,
    },
}

/// A capability for a provider of the operator's own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewCapability {
    pub id: CapabilityId,
    pub methods: Vec<Method>,
    pub paths: Vec<String>,
    /// Which of the provider's hosts; none where it has one.
    pub host: Option<String>,
    pub summary: Option<String>,
    pub risk: Option<Risk>,
}

/// What a policy of one capability can bound in a line; what is not said is not bounded.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bounds {
    pub requests_per_minute: Option<u64>,
    pub max_request_bytes: Option<u64>,
    pub max_response_bytes: Option<u64>,
    /// Fields of JSON answers by name, or by pointer where they begin with `/`.
    pub response_block: Vec<String>,
}

/// How a vault is to be made.
pub struct InitRequest {
    pub key: NewKey,
    pub test: bool,
}

/// How a vault is to be locked from now on.
pub struct RekeyRequest {
    /// The one that opens it as it is, where it is locked with one.
    pub passphrase: Option<SecretText>,
    pub to: NewKey,
}

/// Where a vault's new key comes from.
pub enum NewKey {
    File,
    /// The text of the key, as `AIVAULT_KEY` has it.
    Env(Option<SecretText>),
    Passphrase(Option<SecretText>),
    Keychain,
    Command(KeyCommand),
    Systemd(CredentialFile),
}

impl NewKey {
    /// As the header and `status` spell it.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::File => "file",
            Self::Env(_) => "env",
            Self::Passphrase(_) => "passphrase",
            Self::Keychain => "keychain",
            Self::Command(_) => "command",
            Self::Systemd(_) => "systemd",
        }
    }

    /// Whether it opens the vault only at an operator's word, so that a daemon keeps it.
    #[must_use]
    pub fn asks(&self) -> bool {
        matches!(self, Self::Passphrase(_) | Self::Command(_))
    }
}

/// What opens a locked vault.
pub enum UnlockWith {
    Passphrase(SecretText),
    /// Whatever the vault's own key provider gives.
    Provider,
    /// The same, of a command that the operator has looked at.
    TrustedCommand,
}

/// One entry of an import.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ImportEntry {
    pub name: SecretName,
    pub value: SecretInput,
    /// Where it holds, when not where the rest does.
    #[serde(default)]
    pub scope: Option<Scope>,
    #[serde(default)]
    pub aliases: Vec<String>,
    /// The provider that the value is for, where the name says none.
    #[serde(default)]
    pub provider: Option<ProviderId>,
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
