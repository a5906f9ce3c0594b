//! The daemon that serves callers of other users, as every surface speaks of it.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// Where callers of other users find a daemon.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SharedView {
    pub socket: PathBuf,
    /// Who may connect.
    pub group: String,
}

/// A daemon of another user, as one of its callers finds it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SharedStatusView {
    /// The version of this client.
    pub version: String,
    pub socket: PathBuf,
    /// Whom it runs as; none while it does not run or is not trusted.
    pub user: Option<String>,
    /// `running`, `locked`, `not-running`, `of-another-version` or `unusable`.
    pub state: String,
    /// What its protection is worth to this caller, plainly.
    pub protection: String,
    /// What keeps it from serving, and what to do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
}
