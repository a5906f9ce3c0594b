//! What is done about a daemon of another version, before anything is asked of it.
//!
//! One that is this user's own, and no newer, is replaced, and that is said; it finishes what is under way. One that is
//! newer, or another user's, or has the only key, is left alone: it is for a person to say which of the two is right.

use super::error::{ErrorKind, ServiceError};
use super::remote::{Age, Difference, Remote};
use super::wire;
use crate::settings::DaemonUse;

const OURS: &str = env!("CARGO_PKG_VERSION");

/// Sees to it that the daemon that runs, if one does, is of this version. `can_open` says whether one that is started
/// now has the vault's key, `tell` is told what was done.
pub(super) async fn meet(
    remote: &Remote,
    daemon: DaemonUse,
    can_open: impl FnOnce() -> bool,
    tell: &(dyn Fn(&str) + Send + Sync),
) -> Result<(), ServiceError> {
    let Some(difference) = remote.difference().await else { return Ok(()) };
    may_replace(&difference, daemon, can_open)?;
    remote.restart(async || remote.difference().await.is_none()).await?;
    tell(&format!("{} was replaced by one of this version, {OURS}", called(&difference)));
    Ok(())
}

fn may_replace(
    difference: &Difference,
    daemon: DaemonUse,
    can_open: impl FnOnce() -> bool,
) -> Result<(), ServiceError> {
    let pid =
        difference.pid.map_or_else(|| "PID, which `aivault status` tells".to_owned(), |pid| pid.to_string());
    if let Some(user) = difference.of_user {
        return Err(left(
            difference,
            format!("it is user {user}'s: ask for it to be restarted with this version"),
        ));
    }
    if difference.age == Age::Newer {
        let help = "use the `aivault` that came with it; to go back to this version: aivault restart";
        return Err(left(difference, help.to_owned()));
    }
    if daemon != DaemonUse::Autostart {
        return Err(left(
            difference,
            format!("AIVAULTD_AUTOSTART keeps it: end it (kill {pid}) and start this one"),
        ));
    }
    if difference.is_unlocked && !can_open() {
        let help = "it alone has the vault's key; `aivault unlock` starts one of this version with the key";
        return Err(left(difference, help.to_owned()));
    }
    Ok(())
}

fn left(difference: &Difference, help: String) -> ServiceError {
    let relation = match difference.age {
        Age::Older => "older than",
        Age::Newer => "newer than",
        Age::Unlike => "another build than",
    };
    let message =
        format!("{} is {relation} this program, {OURS}; nothing was sent to it", called(difference));
    ServiceError::new(ErrorKind::VaultUnavailable, message).reason(wire::OTHER_VERSION).help(help)
}

fn called(difference: &Difference) -> String {
    let version = difference.version.as_deref().unwrap_or("of an unknown version");
    // It comes from whoever listens there.
    let version: String = version.chars().filter(|one| !one.is_control()).take(40).collect();
    match difference.pid {
        Some(pid) => format!("the running daemon ({version}, process {pid})"),
        None => format!("the running daemon ({version})"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn old() -> Difference {
        Difference {
            age: Age::Older,
            version: Some("0.0.9".to_owned()),
            pid: Some(7),
            of_user: None,
            is_unlocked: true,
        }
    }

    #[test]
    fn only_ones_own_that_is_no_newer_and_not_alone_with_the_key_is_replaced() {
        assert_eq!(may_replace(&old(), DaemonUse::Autostart, || true), Ok(()));
        let unlike = Difference { age: Age::Unlike, ..old() };
        assert_eq!(may_replace(&unlike, DaemonUse::Autostart, || true), Ok(()));
        let locked = Difference { is_unlocked: false, ..old() };
        assert_eq!(may_replace(&locked, DaemonUse::Autostart, || false), Ok(()));
        for (difference, daemon, can_open, said) in [
            (Difference { age: Age::Newer, ..old() }, DaemonUse::Autostart, true, "came with it"),
            (Difference { of_user: Some(0), ..old() }, DaemonUse::Autostart, true, "user 0's"),
            (old(), DaemonUse::Running, true, "kill 7"),
            (old(), DaemonUse::Autostart, false, "aivault unlock"),
        ] {
            let error = may_replace(&difference, daemon, || can_open).unwrap_err();
            assert_eq!(error.reason.as_deref(), Some(wire::OTHER_VERSION));
            assert!(error.help.as_ref().unwrap().contains(said), "{error:?}");
            assert!(error.message.contains("nothing was sent"), "{error:?}");
        }
    }
}
