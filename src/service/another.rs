//! A daemon of another user, as its callers have it: whether calls go there, what may be asked of it,
//! and how it stands.

use std::time::Duration;

use super::command::Command;
use super::error::{ErrorKind, ServiceError};
use super::outcome::Outcome;
use super::remote::{self, Remote};
use super::shared::SharedStatusView;
use super::wire;
use crate::platform::{files, process, users};
use crate::settings::{DaemonUse, Places, Settings, SharedPlace};
use crate::vault::{self, Presence};

/// How long whoever is there may take to say that it is well.
const SILENCE: Duration = Duration::from_secs(3);

const OWN: &str = "as for any daemon of yours: it runs as you, so that programs of yours reach its vault without it; see \
                   `aivault status` without AIVAULT_SOCKET";
const PROTECTION: &str = "best: the vault and its key are another user's, and no program of yours reads them; what \
                          reaches them are calls, as far as its operator's policies allow them";

/// Where calls go instead of to this user's own vault: to the socket that the environment names, or to
/// the usual one where this user is in the group of its callers and has no vault.
pub(super) fn place(settings: &Settings) -> Option<SharedPlace> {
    let Settings { places, shared, daemon, .. } = settings;
    if *daemon == DaemonUse::Disabled {
        return None;
    }
    (shared.named || (!has_own_vault(places) && is_offered(shared))).then(|| shared.clone())
}

fn has_own_vault(places: &Places) -> bool {
    let is_named = places.given.is_some() || places.socket_given;
    is_named || !matches!(vault::presence(&places.into()), Ok(Presence::Absent))
}

/// Whether there is one for this user, running or not. Whose it is, it is no caller of it; nor is root, who is in no
/// group of callers.
fn is_offered(shared: &SharedPlace) -> bool {
    let Some(folder) = shared.socket.parent() else { return false };
    let trusted = files::trusted_folder(folder, users::uid_of(&shared.user));
    trusted.is_ok_and(|folder| folder.owner != process::effective_uid() && users::am_in(folder.group))
}

/// Asks what callers may ask.
pub(super) async fn ask(
    another: &Remote,
    place: &SharedPlace,
    command: &Command,
) -> Result<Outcome, ServiceError> {
    match command {
        Command::Status => Ok(Outcome::SharedStatus(status(place).await)),
        Command::CapabilityList { .. } | Command::CapabilityDescribe { .. } => another.execute(command).await,
        _ => Err(not_for_callers(place)),
    }
}

/// Said before anything is sent: a command may carry a value.
fn not_for_callers(place: &SharedPlace) -> ServiceError {
    let (user, socket) = (&place.user, place.socket.display());
    let message = format!(
        "calls go to the daemon of the user {user}, at {socket}, which takes no commands from its callers"
    );
    ServiceError::new(ErrorKind::PolicyViolation, message).reason("operator.only").help(format!(
        "its operator says: sudo -H -u {user} aivault ...; for a vault of your own: aivault init"
    ))
}

async fn status(place: &SharedPlace) -> SharedStatusView {
    let view = |state: &str, user: Option<String>, problem: Option<ServiceError>| SharedStatusView {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        socket: place.socket.clone(),
        user,
        state: state.to_owned(),
        protection: PROTECTION.to_owned(),
        help: problem.as_ref().and_then(|error| error.help.clone()),
        problem: problem.map(|error| error.message),
    };
    let connection = match remote::connect_to_shared(place).await {
        Ok(connection) => connection,
        Err(error) => {
            let state = if remote::is_absent(&error) { "not-running" } else { "unusable" };
            return view(state, None, Some(remote::unreachable(place, &error)));
        }
    };
    let user = users::name_of(connection.uid);
    let is_own = connection.uid == process::effective_uid();
    let view = |state: &str, user, problem| {
        let view = view(state, user, problem);
        if is_own { SharedStatusView { protection: OWN.to_owned(), ..view } } else { view }
    };
    match tokio::time::timeout(SILENCE, remote::ask_health(connection)).await {
        Ok(Ok((Some(version), Some(health)))) if version == wire::VERSION => {
            view(if health.unlocked { "running" } else { "locked" }, user, None)
        }
        Ok(Ok(_)) => view("of-another-version", user, None),
        Ok(Err(_)) | Err(_) => view("unusable", user, None),
    }
}
