//! Everything that can go wrong with a vault, as data; never anything about a value or a key.

use std::fmt;
use std::path::PathBuf;

use thiserror::Error;

use super::header::HeaderError;
use super::ids::{CredentialId, SecretId};
use super::keys::KeyError;
use super::store::{RecordName, StoreError};
use crate::platform::entropy::EntropyError;
use crate::platform::files::FileError;
use crate::spec::{CredentialName, Host, PolicyId, ProviderId, Scope, SecretName, TokenName};

/// Why an operation on a vault did not happen. Nothing was changed.
#[derive(Debug, Error)]
pub enum VaultError {
    #[error("there is no vault in {folder:?}")]
    Absent { folder: PathBuf },
    #[error("{what} exists already")]
    AlreadyExists { what: Existing },
    #[error(transparent)]
    Key(#[from] KeyError),
    /// Either the key is another vault's, or header and manifest were tampered with so thoroughly
    /// that nothing opens; that cannot be told apart.
    #[error("the key or passphrase does not open this vault")]
    WrongKey,
    /// It was open until its key was changed.
    #[error("the vault was locked with another key meanwhile")]
    Rekeyed,
    #[error("the vault's header cannot be used: {0}")]
    Header(#[from] HeaderError),
    #[error("{record} was tampered with or is damaged")]
    Tampered { record: RecordName },
    #[error("the vault's records are not those last written: {0}")]
    RecordsDiffer(Difference),
    #[error("the note of the vault's last change, {path:?}, was edited or is damaged")]
    EpochNote { path: PathBuf },
    #[error("this is no backup of a vault")]
    NoBackup,
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    File(#[from] FileError),
    #[error(transparent)]
    Entropy(#[from] EntropyError),
    #[error("no secret is called {sought}")]
    SecretNotFound { sought: String },
    #[error("{sought} fits {} secrets", candidates.len())]
    SecretAmbiguous { sought: String, candidates: Vec<(SecretId, Scope)> },
    #[error("no credential of {provider}{} is in sight from {from}", named(name.as_ref()))]
    CredentialNotFound { provider: ProviderId, name: Option<CredentialName>, from: Scope },
    #[error("several credentials of {provider} stand in {scope}")]
    CredentialAmbiguous {
        provider: ProviderId,
        scope: Scope,
        candidates: Vec<(CredentialId, CredentialName)>,
    },
    #[error("{secret} is {}, not for {provider}", pinned(pin.as_ref()))]
    PinMismatch { secret: SecretId, pin: Option<ProviderId>, provider: ProviderId },
    #[error("{secret} is pinned to {provider} by its name, which therefore stays")]
    Pinned { secret: SecretId, provider: ProviderId },
    #[error("the name {name} is claimed by {provider}")]
    NameClaimed { name: SecretName, provider: ProviderId },
    #[error("{label} is given twice")]
    GivenTwice { label: String },
    #[error("{alias} cannot be an alias: it names a secret of {provider}")]
    AliasClaimed { alias: String, provider: ProviderId },
    /// The rule is the help, and is not said twice.
    #[error("the {what} cannot be used as it is")]
    Invalid { what: &'static str, rule: &'static str },
    #[error("{host} can only be redirected in a test vault")]
    NotATestVault { host: String },
    #[error("no redirect is set for {host}")]
    UpstreamNotFound { host: String },
    #[error("there is no policy `{policy}`")]
    PolicyNotFound { policy: PolicyId },
    #[error("you have no provider `{provider}` of your own")]
    ProviderNotFound { provider: ProviderId },
    #[error("the secret {secret} was stored for other hosts than {host}")]
    HostMismatch { secret: SecretId, host: Host },
    #[error(
        "the secret {secret} was stored as a key, and its provider's file calls it an account's name now"
    )]
    StoredAsKey { secret: SecretId },
    #[error("bindings of {scope} name different credentials for this call")]
    BindingsDisagree { scope: Scope },
    #[error("no token is called {sought}")]
    TokenNotFound { sought: String },
    #[error("there is no such binding")]
    BindingNotFound,
    #[error("{secret} does not stand in sight of {scope}")]
    OutOfSight { secret: SecretId, scope: Scope },
}

/// What stands in the way of something new.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Existing {
    Vault(PathBuf),
    /// Part of a vault whose database is gone.
    Remains(PathBuf),
    Key(PathBuf),
    AuditLog(PathBuf),
    /// A secret that has this name or alias in this scope.
    Secret {
        label: String,
        scope: Scope,
        id: SecretId,
    },
    Credential {
        name: CredentialName,
        scope: Scope,
    },
    CallerToken(TokenName),
}

/// In what the stored records differ from the set that the manifest vouches for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Difference {
    Missing(Vec<RecordName>),
    Added(Vec<RecordName>),
    /// There in another version than the one last written.
    OtherVersion(Vec<RecordName>),
    /// Which ones cannot be told.
    Counted {
        expected: u64,
        found: u64,
    },
    /// The whole vault is older than what this process has seen.
    WholeVault {
        epoch: u64,
        seen: u64,
    },
}

/// What sort of failure it is, for whoever maps it to codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VaultErrorKind {
    Absent,
    Locked,
    WrongKey,
    Rekeyed,
    Unavailable,
    Tampered,
    Conflict,
    AlreadyExists,
    SecretNotFound,
    SecretAmbiguous,
    CredentialNotFound,
    CredentialAmbiguous,
    PinMismatch,
    Invalid,
}

impl VaultError {
    #[must_use]
    pub fn kind(&self) -> VaultErrorKind {
        match self {
            Self::Absent { .. } => VaultErrorKind::Absent,
            Self::AlreadyExists { .. } => VaultErrorKind::AlreadyExists,
            Self::Key(_) => VaultErrorKind::Locked,
            Self::WrongKey => VaultErrorKind::WrongKey,
            Self::Rekeyed => VaultErrorKind::Rekeyed,
            Self::Header(_)
            | Self::Tampered { .. }
            | Self::RecordsDiffer(_)
            | Self::EpochNote { .. }
            | Self::NoBackup
            | Self::Store(StoreError::Corrupt { .. }) => VaultErrorKind::Tampered,
            Self::Store(StoreError::Conflict | StoreError::Busy) => VaultErrorKind::Conflict,
            Self::Store(_) | Self::File(_) | Self::Entropy(_) => VaultErrorKind::Unavailable,
            Self::SecretNotFound { .. }
            | Self::UpstreamNotFound { .. }
            | Self::PolicyNotFound { .. }
            | Self::BindingNotFound
            | Self::TokenNotFound { .. }
            | Self::ProviderNotFound { .. } => VaultErrorKind::SecretNotFound,
            Self::SecretAmbiguous { .. } => VaultErrorKind::SecretAmbiguous,
            Self::CredentialNotFound { .. } => VaultErrorKind::CredentialNotFound,
            Self::CredentialAmbiguous { .. } | Self::BindingsDisagree { .. } => {
                VaultErrorKind::CredentialAmbiguous
            }
            Self::PinMismatch { .. } | Self::HostMismatch { .. } | Self::StoredAsKey { .. } => {
                VaultErrorKind::PinMismatch
            }
            Self::Pinned { .. }
            | Self::NameClaimed { .. }
            | Self::AliasClaimed { .. }
            | Self::Invalid { .. }
            | Self::GivenTwice { .. }
            | Self::OutOfSight { .. }
            | Self::NotATestVault { .. } => VaultErrorKind::Invalid,
        }
    }

    /// What the person at the shell can do next.
    #[must_use]
    pub fn help(&self) -> String {
        match self {
            Self::Absent { .. } => "make one: aivault init".to_owned(),
            Self::AlreadyExists { what } => what.help(),
            Self::Key(error) => error.help(),
            Self::WrongKey => {
                "give the key or passphrase this vault was made with; if it is the right one, restore \
                 the vault from a backup"
                    .to_owned()
            }
            Self::Rekeyed => "try again; if it is locked then: aivault unlock".to_owned(),
            Self::Header(_) => {
                "restore the vault from a backup, or use the program version that made it".to_owned()
            }
            Self::Tampered { .. } => {
                "restore the vault from a backup, or see what is left of it: aivault repair".to_owned()
            }
            Self::RecordsDiffer(Difference::WholeVault { .. }) => {
                "put the later vault.db back; if it is meant to be the older one, accept it as it is: aivault \
                 repair --accept"
                    .to_owned()
            }
            Self::NoBackup => "give a file that `aivault backup` wrote".to_owned(),
            Self::EpochNote { .. } => {
                "see what is in the vault with `aivault repair`, then accept it as it is: aivault repair \
                 --accept"
                    .to_owned()
            }
            Self::RecordsDiffer(_) => {
                "restore the vault from a backup, or see what is left of it: aivault repair".to_owned()
            }
            Self::Store(error) => help_for_store(error).to_owned(),
            Self::File(error) => error.help(),
            Self::Entropy(_) => "try again when the system's random generator is ready".to_owned(),
            Self::SecretNotFound { .. } => "see what there is: aivault secrets list".to_owned(),
            Self::SecretAmbiguous { candidates, .. } => format!("name one of them: {}", listed(candidates)),
            Self::CredentialNotFound { name: Some(_), .. } => {
                "see which there are: aivault credential list".to_owned()
            }
            Self::CredentialNotFound { provider, .. } => {
                format!("store the secrets that {provider} needs: aivault secrets create")
            }
            Self::CredentialAmbiguous { candidates, .. } => {
                let mut names: Vec<&str> = candidates.iter().map(|(_, name)| name.as_str()).collect();
                names.sort_unstable();
                format!("say which with --credential: {}", names.join(", "))
            }
            Self::PinMismatch { .. } => {
                "store the value again under the name that this provider claims".to_owned()
            }
            Self::Pinned { .. } => "create another secret and delete this one".to_owned(),
            Self::NameClaimed { name, .. } => {
                format!("give the value again: aivault secrets create --name {name}")
            }
            Self::GivenTwice { label } => format!("give {label} once"),
            Self::Invalid { .. } => "see the command with --help".to_owned(),
            Self::AliasClaimed { .. } => "choose an alias that no provider claims".to_owned(),
            Self::NotATestVault { .. } => {
                "make a vault for tests: aivault init --test, in another folder".to_owned()
            }
            Self::UpstreamNotFound { .. } => "see which are set: aivault upstream list".to_owned(),
            Self::PolicyNotFound { .. } => "see which there are: aivault policy list".to_owned(),
            Self::ProviderNotFound { .. } => "see which there are: aivault provider list".to_owned(),
            Self::BindingsDisagree { .. } => {
                "say which with --credential, or unbind one: aivault capability bindings".to_owned()
            }
            Self::TokenNotFound { .. } => "see which there are: aivault token list".to_owned(),
            Self::BindingNotFound => "see which there are: aivault capability bindings".to_owned(),
            Self::OutOfSight { .. } => {
                "name a secret of the credential's own scope, or of one around it".to_owned()
            }
            Self::StoredAsKey { secret } => {
                format!(
                    "give its value again: aivault secrets rotate --id {secret}; or say `identifier: false` in the file"
                )
            }
            Self::HostMismatch { secret, .. } => {
                format!(
                    "give its value again, for the hosts that it may go to now: aivault secrets rotate --id {secret} --host HOST"
                )
            }
        }
    }
}

impl fmt::Display for Existing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Vault(path) => write!(f, "a vault at {path:?}"),
            Self::Remains(path) => write!(f, "a part of an earlier vault, {path:?},"),
            Self::Key(path) => write!(f, "the key of an earlier vault, {path:?},"),
            Self::AuditLog(path) => write!(f, "the audit log of an earlier vault, {path:?},"),
            Self::Secret { label, scope, id } => write!(f, "the secret {label} of {scope} ({id})"),
            Self::Credential { name, scope } => write!(f, "the credential {name} of {scope}"),
            Self::CallerToken(name) => write!(f, "a token named {name}"),
        }
    }
}

impl Existing {
    fn help(&self) -> String {
        match self {
            Self::Vault(_) => "use it, or choose another folder with AIVAULT_DIR".to_owned(),
            Self::Remains(path) | Self::Key(path) | Self::AuditLog(path) => {
                format!("restore the missing vault.db from a backup, or move {path:?} away to start anew")
            }
            Self::Credential { name, scope } => {
                format!("delete it first: aivault credential delete {name} {}", flags(scope))
            }
            Self::CallerToken(name) => {
                format!("choose another name, or revoke it first: aivault token revoke {name}")
            }
            Self::Secret { label, scope, .. } => {
                format!("give it a new value: aivault secrets rotate --name {label} {}", flags(scope))
            }
        }
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing(names) => write!(f, "missing: {}", joined(names)),
            Self::Added(names) => write!(f, "added: {}", joined(names)),
            Self::OtherVersion(names) => write!(f, "in another version: {}", joined(names)),
            Self::Counted { expected, found } if expected == found => {
                f.write_str("some were replaced or set back to an older version")
            }
            Self::Counted { expected, found } => write!(f, "there are {found} instead of {expected}"),
            Self::WholeVault { epoch, seen } => {
                write!(f, "the vault was set back from change {seen} to change {epoch}")
            }
        }
    }
}

/// The flags that name a scope: a name may stand in several.
fn flags(scope: &Scope) -> String {
    match scope {
        Scope::Global => "--scope global".to_owned(),
        Scope::Workspace { workspace } => format!("--workspace-id {workspace}"),
        Scope::Group { workspace, group } => format!("--workspace-id {workspace} --group-id {group}"),
    }
}

fn help_for_store(error: &StoreError) -> &'static str {
    match error {
        StoreError::Conflict | StoreError::Busy => "try again",
        StoreError::Corrupt { .. } => "restore the vault from a backup",
        StoreError::Full => "free some disk space and try again",
        StoreError::Unavailable { .. } => "see that the vault's folder is yours and its disk writable",
    }
}

fn named(name: Option<&CredentialName>) -> String {
    name.map_or_else(String::new, |name| format!(" named {name}"))
}

fn pinned(pin: Option<&ProviderId>) -> String {
    pin.map_or_else(|| "for no provider".to_owned(), |provider| format!("pinned to {provider}"))
}

fn joined(names: &[RecordName]) -> String {
    names.iter().map(RecordName::to_string).collect::<Vec<_>>().join(", ")
}

fn listed<A: fmt::Display, B: fmt::Display>(candidates: &[(A, B)]) -> String {
    candidates.iter().map(|(id, detail)| format!("{id} ({detail})")).collect::<Vec<_>>().join(", ")
}
