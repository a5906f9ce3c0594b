//! What is said of a vault, with what was found at its daemon's socket.

use super::doctor::Check;
use super::look::Found;
use super::outcome::{DaemonState, Outcome, StatusView};
use super::shared::SharedView;
use crate::platform::{process, users};

/// What is known of the vault, with what was found at the daemon's socket.
pub(super) fn beside(outcome: Outcome, found: &Found) -> Outcome {
    let listeners = || found.health.as_ref().map(|health| health.listeners.clone()).unwrap_or_default();
    let shared = || found.health.as_ref().and_then(|health| health.shared.clone());
    let elsewhere = found.health.as_ref().map_or(0, |health| health.unlocked_memory);
    let with = |view: StatusView| {
        let shared = shared();
        let protection = match &shared {
            Some(shared) => protection_of_shared(shared, &view.protection),
            None => view.protection,
        };
        let (daemon, daemon_state) = (found.pid, found.state);
        let unlocked_memory = view.unlocked_memory.max(elsewhere);
        let listeners = listeners();
        StatusView { daemon, daemon_state, listeners, shared, protection, unlocked_memory, ..view }
    };
    match outcome {
        Outcome::Status(view) => Outcome::Status(with(view)),
        Outcome::Initialised(view) => Outcome::Initialised(with(view)),
        other => other,
    }
}

/// A daemon under a user of its own does most (invariant 13), against everybody but that user.
fn protection_of_shared(shared: &SharedView, own: &str) -> String {
    let (user, group) = (process::effective_uid(), &shared.group);
    let user = users::name_of(user).unwrap_or_else(|| user.to_string());
    format!(
        "best against programs of other users: those of the group {group} may make calls, and read nothing of this \
         vault, which is {user}'s. Against programs that run as {user} itself: {own}"
    )
}

/// The same for a look at everything.
pub(super) fn with_daemon(outcome: Outcome, found: &Found) -> Outcome {
    let Outcome::Doctor(mut view) = outcome else { return outcome };
    let restart = "put a new one in its place: aivault restart";
    match found.state {
        DaemonState::Running => {
            view.fine(Check::Daemon, "it runs, is of this version, and serves this vault")
        }
        DaemonState::Absent => view.fine(Check::Daemon, "none runs; the next call starts one"),
        DaemonState::OtherVersion => view.wrong(Check::Daemon, "it is of another version", restart),
        DaemonState::Silent => view.wrong(Check::Daemon, "it does not answer", restart),
        DaemonState::OtherVault => view.wrong(
            Check::Daemon,
            "the one at the socket serves another vault",
            "unset AIVAULTD_SOCKET, or set it to another path for each vault",
        ),
        DaemonState::Unusable => view.wrong(
            Check::Daemon,
            "what is at its socket is not a daemon of yours",
            "see who owns the socket, and what may write to its folder",
        ),
    }
    Outcome::Doctor(view)
}
