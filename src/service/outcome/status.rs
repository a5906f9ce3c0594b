//! How it stands with a vault, its key and its daemon.

use serde::{Deserialize, Serialize};

use super::upkeep::UpstreamView;
use crate::service::gateway::ListenerView;
use crate::service::operator::OperatorView;
use crate::service::shared::SharedView;

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
