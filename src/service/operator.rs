//! What an operator's session is, and which commands take one on a vault with a passphrase.
//!
//! Such a vault is unlocked for calls, which any program of its user may make. What changes the
//! vault, or what may be called, takes the passphrase itself or a session that was opened with it.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::command::Command;
use super::error::{ErrorKind, ServiceError};
use crate::platform::lineage::ShellSession;
use crate::spec::Ttl;

/// The reason of a refusal for want of a session.
pub const NO_SESSION: &str = "operator.session";

/// A session as whoever has the key grants it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OperatorGrant {
    pub(super) shell: ShellSession,
    pub(super) ttl: Ttl,
}

/// A text that grants nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("it is no operator's session: LEADER:BEGAN:TIME, as `aivault unlock` writes it")]
pub struct NoGrant;

impl OperatorGrant {
    /// For the terminal that this process was started in; none where it was started in none that
    /// could be told again.
    #[must_use]
    pub fn here(ttl: Ttl) -> Option<Self> {
        ShellSession::own().map(|shell| Self { shell, ttl })
    }

    /// How it stands with it, opened at that time.
    pub(super) fn view_at(&self, now_ms: u64) -> OperatorView {
        let until_ms = Some(now_ms.saturating_add(self.ttl.as_ms()));
        OperatorView { until_ms, leader: Some(self.shell.leader()) }
    }
}

/// As it is parsed.
impl fmt::Display for OperatorGrant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.shell, self.ttl)
    }
}

impl FromStr for OperatorGrant {
    type Err = NoGrant;

    fn from_str(text: &str) -> Result<Self, NoGrant> {
        let (shell, ttl) = text.rsplit_once(':').ok_or(NoGrant)?;
        let shell = shell.parse().map_err(|_| NoGrant)?;
        Ok(Self { shell, ttl: Ttl::parse(ttl).map_err(|_| NoGrant)? })
    }
}

/// How it stands with operators' sessions, of a vault that knows them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct OperatorView {
    /// When the one that is open ends; none where none is.
    pub until_ms: Option<u64>,
    /// The process that leads the terminal's session that it is for.
    pub leader: Option<u32>,
}

impl OperatorView {
    /// No session is open.
    pub const NONE: Self = Self { until_ms: None, leader: None };
}

/// What `command` would do that takes a session, in words for the log; none where any program of the
/// user may have it: it only shows, or takes away what there was.
#[must_use]
pub fn deed(command: &Command) -> Option<&'static str> {
    Some(match command {
        Command::Status
        | Command::Metrics
        | Command::Init(_)
        | Command::Unlock { .. }
        | Command::Lock
        | Command::Restart
        | Command::SecretList { .. }
        | Command::CapabilityList { .. }
        | Command::CapabilityDescribe { .. }
        | Command::BindingList
        | Command::CredentialList
        | Command::AuditRead { .. }
        | Command::AuditStats { .. }
        | Command::AuditVerify { .. }
        | Command::AuditCheckpoint
        | Command::Doctor { fix: false, .. }
        // What is written is sealed as the vault is, and nothing is written over.
        | Command::Backup { .. }
        | Command::Restore { .. }
        // Takes the vault's key, and is done where that is.
        | Command::Rekey(_)
        | Command::PolicyApply { dry_run: true, .. }
        | Command::PolicyList
        | Command::PolicyShow { .. }
        | Command::ProviderList
        | Command::ProviderShow { .. }
        | Command::Clients(_)
        | Command::TokenList
        | Command::TokenRevoke { .. }
        | Command::Repair { accept: false, .. }
        | Command::ConfigList
        | Command::UpstreamList
        // Whoever comes to the gateway needs a token.
        | Command::GatewayOpen { .. }
        | Command::GatewayStatus => return None,
        Command::SecretCreate { .. } => "secrets create",
        Command::SecretImport { .. } => "secrets import",
        Command::SecretUpdate { .. } => "secrets update",
        Command::SecretRotate { .. } => "secrets rotate",
        Command::SecretDelete { .. } => "secrets delete",
        Command::SecretAttachGroup { .. } => "secrets attach-group",
        Command::SecretDetachGroup { .. } => "secrets detach-group",
        Command::CapabilityCreate(_) => "capability create",
        Command::CapabilityDelete { .. } => "capability delete",
        Command::CapabilitySwitch { on: true, .. } => "capability enable",
        Command::CapabilitySwitch { on: false, .. } => "capability disable",
        Command::CapabilityBind { .. } => "capability bind",
        Command::CapabilityUnbind { .. } => "capability unbind",
        Command::CapabilityBound { .. } => "capability policy set",
        Command::Login(_) => "oauth login",
        Command::CredentialCreate { .. } => "credential create",
        Command::CredentialDelete { .. } => "credential delete",
        Command::PolicyApply { dry_run: false, .. } => "policy apply",
        Command::PolicyRemove { .. } => "policy remove",
        Command::ProviderAdd { .. } => "provider add",
        Command::ProviderRemove { .. } => "provider remove",
        // They show what others asked for, bodies included.
        Command::ApprovalList => "approvals list",
        Command::ApprovalShow { .. } => "approvals show",
        Command::ApprovalAnswer { .. } => "approvals answer",
        Command::TokenMint(_) => "token mint",
        Command::AuditRestart { .. } => "audit restart",
        Command::AuditRetire { .. } => "audit retire",
        Command::Doctor { fix: true, .. } => "doctor --fix",
        Command::Repair { accept: true, .. } => "repair --accept",
        Command::ConfigSet { .. } => "config set",
        Command::ConfigUnset { .. } => "config unset",
        Command::UpstreamSet { .. } => "upstream set",
        Command::UpstreamRemove { .. } => "upstream remove",
    })
}

/// What whoever has no session is told.
pub(super) fn no_session(deed: &str) -> ServiceError {
    let message = format!(
        "the vault is unlocked for calls; `aivault {deed}` takes its passphrase, or an operator's session in this terminal"
    );
    ServiceError::new(ErrorKind::VaultLocked, message)
        .reason(NO_SESSION)
        .help("open one that ends by itself: aivault unlock --for 15m")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_grant_is_written_and_read() {
        for text in ["7:99:15m", "7::1h"] {
            assert_eq!(text.parse::<OperatorGrant>().unwrap().to_string(), text);
        }
        for bad in ["", "7:99", "7:99:", "7:99:0s", "x:99:15m", "7:99:31d"] {
            assert_eq!(bad.parse::<OperatorGrant>(), Err(NoGrant), "{bad}");
        }
    }
}
