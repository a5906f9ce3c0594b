//! The daemon of another user, which serves the callers of a group.
//!
//! What is sent there, its user reads: it must run as root or as the user that is meant to serve, in
//! a folder that nobody else could have put a socket into. It is never started or ended from here.

use std::io;

use tokio::net::UnixStream;

use super::connection::Connection;
use crate::platform::{files, peer, users};
use crate::service::error::{ErrorKind, ServiceError};
use crate::service::wire;
use crate::settings::SharedPlace;

/// Connects, and makes sure who is at the other end.
pub(in crate::service) async fn connect_to(place: &SharedPlace) -> io::Result<Connection> {
    let (Some(folder), Some(name)) = (place.socket.parent(), place.socket.file_name()) else {
        return Err(io::ErrorKind::InvalidInput.into());
    };
    let folder = match files::trusted_folder(folder, users::uid_of(&place.user)) {
        Err(error) if error.is_missing() => return Err(io::ErrorKind::NotFound.into()),
        checked => checked.map_err(io::Error::other)?,
    };
    let stream = UnixStream::connect(folder.path.join(name)).await?;
    let peer = peer::peer_of(&stream).map_err(io::Error::other)?;
    // Whoever can put a socket there is the folder's owner, or root.
    if peer.uid == folder.owner || peer.uid == 0 {
        return Ok(Connection { stream, pid: peer.pid, uid: peer.uid });
    }
    let who = users::name_of(peer.uid).unwrap_or_else(|| peer.uid.to_string());
    Err(io::Error::other(format!("user {who} listens there, who does not own the folder")))
}

/// What a caller is told whose daemon is another user's and cannot be reached.
pub(in crate::service) fn unreachable(place: &SharedPlace, error: &io::Error) -> ServiceError {
    let (socket, user) = (place.socket.display(), &place.user);
    let error_of = |message: String| {
        ServiceError::new(ErrorKind::VaultUnavailable, message).reason("daemon.unavailable")
    };
    match error.kind() {
        _ if super::is_absent(error) => {
            error_of(format!("no daemon serves at {socket}")).help(format!(
                "it is not yours to start: ask whoever operates this machine ({}); for a vault of your own: aivault init",
                start_of(user)
            ))
        }
        io::ErrorKind::PermissionDenied => {
            error_of(format!("you may not connect to {socket}")).help(
                "whoever operates this machine can add you to the group of its callers (aivault setup agent-access \
                 --caller NAME); log in again then",
            )
        }
        _ => error_of(format!("the daemon at {socket} is not trusted: {error}")).help(format!(
            "its folder must belong to root or to {user} and be closed to others; see AIVAULT_SERVICE_USER and AIVAULT_SOCKET"
        )),
    }
}

/// How such a daemon is started, where a service manager does.
fn start_of(user: &str) -> String {
    if cfg!(target_os = "macos") {
        "launchctl kickstart system/dev.aivault.daemon".to_owned()
    } else {
        format!("systemctl start aivault, or aivaultd --shared as {user}")
    }
}

/// The error of such a daemon, with help that its caller can follow.
pub(super) fn for_caller(place: &SharedPlace, error: ServiceError) -> ServiceError {
    let user = &place.user;
    match (error.kind, error.reason.as_deref()) {
        (ErrorKind::VaultLocked, _) => {
            error.help(format!("it is for its operator to unlock, as the user {user}: aivault unlock"))
        }
        (ErrorKind::VaultUnavailable, Some(wire::OTHER_VERSION)) => error.help(format!(
            "it runs as {user} and is not yours to restart: ask whoever operates this machine to (systemctl restart \
             aivault), or use the aivault of the same installation"
        )),
        _ => error,
    }
}
