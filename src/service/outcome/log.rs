//! The log as a surface shows it.

use serde::{Deserialize, Serialize};

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
