//! The sockets and the lock that says whose they are.

use std::path::Path;

use tokio::net::UnixListener;

use super::DaemonError;
use crate::platform::files;
use crate::platform::lock::FileLock;
use crate::settings::Places;

/// `sun_path` holds 108 bytes on Linux and 104 elsewhere, its end included.
const LONGEST: usize = 103;

/// Takes the lock of the one daemon; none when another has it.
pub(super) fn lock(places: &Places) -> Result<Option<FileLock>, DaemonError> {
    if let Some(folder) = places.socket.parent() {
        files::ensure_private_dir(folder)?;
    }
    Ok(FileLock::try_acquire(&places.daemon_lock())?)
}

/// Listens at `path`. What lies there is what a daemon that died left behind: a live
/// one would hold the lock.
pub(super) fn bind(path: &Path) -> Result<UnixListener, DaemonError> {
    if path.as_os_str().len() > LONGEST {
        return Err(DaemonError::PathTooLong(path.to_owned()));
    }
    if files::exists(path)? {
        files::remove(path)?;
    }
    // The folder is private to the user, so nobody connects before the mode is set.
    let failed = |cause| DaemonError::Socket { socket: path.to_owned(), cause };
    let listener = UnixListener::bind(path).map_err(failed)?;
    files::make_private(path)?;
    Ok(listener)
}

/// Takes the sockets away at the end.
pub(super) fn remove(places: &Places) {
    for path in [&places.socket, &places.operator_socket()] {
        // A socket that stays is taken away by the next daemon.
        let _ = files::remove(path);
    }
}
