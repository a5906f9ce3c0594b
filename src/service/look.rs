//! What is at the daemon's socket, for `status`: never starts a daemon, and does not wait
//! long for one.

use std::io;
use std::time::Duration;

use super::outcome::DaemonState;
use super::remote::{self, Remote};
use super::which_vault;
use super::wire::{self, Health};

/// How long whoever is there may take to say that it is well.
const SILENCE: Duration = Duration::from_secs(3);

/// What was found.
pub(super) struct Found {
    pub(super) state: DaemonState,
    /// The process that listens, as the kernel says.
    pub(super) pid: Option<u32>,
    /// What it says of itself, when it is this vault's daemon.
    pub(super) health: Option<Health>,
}

impl Found {
    fn only(state: DaemonState, pid: Option<u32>) -> Self {
        Self { state, pid, health: None }
    }
}

impl Remote {
    /// Looks who is there.
    pub(super) async fn look(&self) -> Found {
        let places = self.places();
        let connection = match remote::connect_to(&places.socket).await {
            Ok(connection) => connection,
            Err(error) if remote::is_absent(&error) => return Found::only(DaemonState::Absent, None),
            // Too many are waiting there already.
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                return Found::only(DaemonState::Silent, None);
            }
            Err(_) => return Found::only(DaemonState::Unusable, None),
        };
        let pid = connection.pid;
        let asked = tokio::time::timeout(SILENCE, remote::ask_health(connection)).await;
        let (version, health) = match asked {
            Ok(Ok(answer)) => answer,
            Ok(Err(_)) | Err(_) => return Found::only(DaemonState::Silent, pid),
        };
        match health {
            Some(health) if version.as_deref() == Some(wire::VERSION) => {
                let own = which_vault::id_at(places);
                if own.is_some() && health.vault.is_some() && own != health.vault {
                    return Found::only(DaemonState::OtherVault, pid);
                }
                Found { state: DaemonState::Running, pid: pid.or(Some(health.pid)), health: Some(health) }
            }
            _ => Found::only(DaemonState::OtherVersion, pid),
        }
    }
}
