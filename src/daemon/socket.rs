//! The sockets and the lock that says whose they are.
//!
//! What stands at a socket's path is taken away only when it is a socket that nobody
//! listens on any more: the path comes from the environment and may name anything.

use std::io;
use std::path::{Path, PathBuf};

use tokio::net::{UnixListener, UnixStream};

use super::error::DaemonError;
use crate::platform::files::{self, Identity};
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

/// The name of a socket that is listened on; taken away when this is dropped, unless
/// the name stands for something else by then.
pub(super) struct Name {
    path: PathBuf,
    bound: Identity,
}

impl Drop for Name {
    fn drop(&mut self) {
        if matches!(Identity::at(&self.path), Ok(Some(found)) if found == self.bound) {
            // A socket that stays is taken away by the next daemon.
            let _ = files::remove(&self.path);
        }
    }
}

/// Listens at `path`.
pub(super) async fn bind(path: &Path) -> Result<(UnixListener, Name), DaemonError> {
    if path.as_os_str().len() > LONGEST {
        return Err(DaemonError::PathTooLong(path.to_owned()));
    }
    take_away_what_nobody_has(path).await?;
    // The folder is private to the user, so nobody connects before the mode is set.
    let failed = |cause| DaemonError::Socket { socket: path.to_owned(), cause };
    let listener = UnixListener::bind(path).map_err(failed)?;
    files::make_private(path)?;
    let bound = Identity::at(path)?.ok_or_else(|| failed(io::ErrorKind::NotFound.into()))?;
    Ok((listener, Name { path: path.to_owned(), bound }))
}

/// A socket that a daemon left behind when it died refuses connections.
async fn take_away_what_nobody_has(path: &Path) -> Result<(), DaemonError> {
    match Identity::at(path)? {
        None => return Ok(()),
        Some(found) if !found.is_socket() => return Err(DaemonError::NotASocket(path.to_owned())),
        Some(_) => {}
    }
    match UnixStream::connect(path).await {
        Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => Ok(files::remove(path)?),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        // Whoever answers, or is too busy to, is alive.
        _ => Err(DaemonError::Taken(path.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_a_socket_that_nobody_has_is_taken_away() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("socket");
        let (listener, name) = bind(&path).await.unwrap();
        assert!(matches!(bind(&path).await, Err(DaemonError::Taken(_))));
        // As after a crash: the listener is gone, its name is not.
        drop(listener);
        let (_listener, second) = bind(&path).await.unwrap();
        drop(name);
        assert!(Identity::at(&path).unwrap().is_some(), "the name is another's by now");
        drop(second);
        assert!(Identity::at(&path).unwrap().is_none());
    }

    #[tokio::test]
    async fn what_is_no_socket_stays() {
        let folder = tempfile::tempdir().unwrap();
        let [file, link] = ["file", "link"].map(|name| folder.path().join(name));
        files::write_private_new(&file, b"precious").unwrap();
        std::os::unix::fs::symlink(&file, &link).unwrap();
        for path in [&file, &link, &folder.path().to_owned()] {
            assert!(matches!(bind(path).await, Err(DaemonError::NotASocket(_))), "{path:?}");
        }
        assert_eq!(files::read_private(&file, 100).unwrap(), b"precious");
    }
}
