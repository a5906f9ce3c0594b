//! What a look at the whole installation found: one finding a check, in words and for programs.

use serde::{Deserialize, Serialize};

/// All that was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DoctorView {
    pub findings: Vec<Finding>,
}

/// What one check found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    pub check: Check,
    pub state: State,
    pub message: String,
    /// What to do next.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
}

/// What is looked at. The names are part of the interface: scripts rely on them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Check {
    Permissions,
    Leftovers,
    DiskSpace,
    Vault,
    Key,
    Records,
    Rollback,
    AuditLog,
    Orphans,
    Clock,
    Daemon,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    Fine,
    /// To be known, and no fault.
    Note,
    Wrong,
    Repaired,
}

impl Check {
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Permissions => "permissions",
            Self::Leftovers => "leftovers",
            Self::DiskSpace => "disk space",
            Self::Vault => "vault",
            Self::Key => "key",
            Self::Records => "records",
            Self::Rollback => "rollback",
            Self::AuditLog => "audit log",
            Self::Orphans => "orphans",
            Self::Clock => "clock",
            Self::Daemon => "daemon",
        }
    }
}

impl DoctorView {
    /// Whether nothing is wrong, or no longer.
    #[must_use]
    pub fn is_well(&self) -> bool {
        self.findings.iter().all(|finding| finding.state != State::Wrong)
    }

    pub(in crate::service) fn fine(&mut self, check: Check, message: impl Into<String>) {
        self.push(check, State::Fine, message, None);
    }

    pub(in crate::service) fn note(&mut self, check: Check, message: impl Into<String>, help: &str) {
        self.push(check, State::Note, message, Some(help.to_owned()));
    }

    pub(in crate::service) fn wrong(
        &mut self,
        check: Check,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        self.push(check, State::Wrong, message, Some(help.into()));
    }

    pub(in crate::service) fn repaired(&mut self, check: Check, message: impl Into<String>) {
        self.push(check, State::Repaired, message, None);
    }

    fn push(&mut self, check: Check, state: State, message: impl Into<String>, help: Option<String>) {
        self.findings.push(Finding { check, state, message: message.into(), help });
    }

    pub(in crate::service) fn has(&self, check: Check, state: State) -> bool {
        self.findings.iter().any(|finding| finding.check == check && finding.state == state)
    }
}
