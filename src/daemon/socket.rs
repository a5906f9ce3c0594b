//! The sockets and the lock that says whose they are.
//!
//! What stands at a socket's path is taken away only when it is a socket that nobody
//! listens on any more: the path comes from the environment and may name anything.

use std::io;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::net::{UnixListener, UnixStream};

use super::Shared;
use super::error::DaemonError;
use crate::platform::files::{self, Identity, NamedFile};
use crate::platform::lock::FileLock;
use crate::platform::users;
use crate::settings::Places;

/// `sun_path` holds 108 bytes on Linux and 104 elsewhere, its end included.
const LONGEST: usize = 103;

/// How often, and how many times, to look again whether a lock that is held is given up: the
/// daemon that has it either begins to answer or is at its end.
const LOOK_AGAIN: Duration = Duration::from_millis(10);
const LOOKS: usize = 500;

/// Takes the lock of the one daemon; none when another has it and serves.
pub(super) async fn lock(places: &Places) -> Result<Option<FileLock>, DaemonError> {
    if let Some(folder) = places.socket.parent() {
        files::ensure_private_dir(folder)?;
    }
    for _ in 0..LOOKS {
        if let Some(lock) = FileLock::try_acquire(&places.daemon_lock())? {
            return Ok(Some(lock));
        }
        if is_alive(&places.socket).await {
            break;
        }
        tokio::time::sleep(LOOK_AGAIN).await;
    }
    Ok(None)
}

/// Whether somebody listens there; whoever is too busy to answer does.
async fn is_alive(socket: &Path) -> bool {
    let connected = UnixStream::connect(socket).await;
    let nobody =
        |error: io::Error| matches!(error.kind(), io::ErrorKind::ConnectionRefused | io::ErrorKind::NotFound);
    !connected.is_err_and(nobody)
}

/// How many may have connected and not be accepted yet.
const BACKLOG: i32 = 1024;

/// A socket that is listened on.
pub(super) struct Listening {
    /// Goes first: only while the socket is open can no other have its identity.
    name: Name,
    pub(super) listener: UnixListener,
}

impl Listening {
    /// Takes the name away, unless it is for another to use; who has connected already can still be accepted.
    pub(super) fn close(self) -> UnixListener {
        drop(self.name);
        self.listener
    }

    /// Once this is set, the name stays: another daemon listens on under it.
    pub(super) fn stays(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.name.stays)
    }

    /// A socket that another daemon listened on at `path`, and handed on.
    pub(super) fn handed_on(path: &Path, socket: OwnedFd) -> Result<Self, DaemonError> {
        let failed = |cause| DaemonError::Socket { socket: path.to_owned(), cause };
        let listener = std::os::unix::net::UnixListener::from(socket);
        let address = listener.local_addr().map_err(failed)?;
        let file = NamedFile::at(path)?
            .filter(|_| Identity::at(path).is_ok_and(|at| at.is_some_and(Identity::is_socket)));
        let Some(file) = file.filter(|_| address.as_pathname() == Some(path)) else {
            return Err(failed(io::ErrorKind::InvalidData.into()));
        };
        listener.set_nonblocking(true).map_err(failed)?;
        let listener = UnixListener::from_std(listener).map_err(failed)?;
        let name = Name::of(file);
        // Until this one serves, it is the other's.
        name.stays.store(true, Ordering::SeqCst);
        Ok(Self { name, listener })
    }

    /// Whoever connects sees the process that listened last: this one, from now on.
    pub(super) fn show_this_process(&self) -> io::Result<()> {
        self.name.stays.store(false, Ordering::SeqCst);
        Ok(rustix::net::listen(&self.listener, BACKLOG)?)
    }
}

/// The name of a socket; taken away when this is dropped, unless it stands for something else by
/// then, or is for another to use.
struct Name {
    file: NamedFile,
    stays: Arc<AtomicBool>,
}

impl Name {
    fn of(file: NamedFile) -> Self {
        Self { file, stays: Arc::default() }
    }
}

impl Drop for Name {
    fn drop(&mut self) {
        if !self.stays.load(Ordering::SeqCst) && self.file.is_in_place() {
            // A socket that stays is taken away by the next daemon.
            let _ = files::remove(self.file.path());
        }
    }
}

/// Listens at `path` for this user alone.
pub(super) async fn bind(path: &Path) -> Result<Listening, DaemonError> {
    // The folder is private to the user, so nobody connects before the mode is set.
    let listening = listen(path).await?;
    files::make_private(path)?;
    Ok(listening)
}

/// Listens where the users of a group can connect.
pub(super) async fn bind_shared(shared: &Shared) -> Result<Listening, DaemonError> {
    let group = || DaemonError::NoGroup(shared.group.clone());
    let gid = users::gid_of(&shared.group).ok_or_else(group)?;
    if let Some(folder) = shared.socket.parent() {
        files::share_folder(folder, gid)?;
    }
    // What this process makes is its user's alone until the group is let in.
    let listening = listen(&shared.socket).await?;
    files::share_socket(&shared.socket, gid)?;
    Ok(listening)
}

async fn listen(path: &Path) -> Result<Listening, DaemonError> {
    if path.as_os_str().len() > LONGEST {
        return Err(DaemonError::PathTooLong(path.to_owned()));
    }
    take_away_what_nobody_has(path).await?;
    let failed = |cause| DaemonError::Socket { socket: path.to_owned(), cause };
    let listener = UnixListener::bind(path).map_err(failed)?;
    let name = NamedFile::at(path)?.ok_or_else(|| failed(io::ErrorKind::NotFound.into()))?;
    Ok(Listening { name: Name::of(name), listener })
}

/// A socket that a daemon left behind when it died refuses connections.
async fn take_away_what_nobody_has(path: &Path) -> Result<(), DaemonError> {
    match Identity::at(path)? {
        None => return Ok(()),
        Some(found) if !found.is_socket() => return Err(DaemonError::NotASocket(path.to_owned())),
        Some(_) => {}
    }
    if is_alive(path).await {
        return Err(DaemonError::Taken(path.to_owned()));
    }
    Ok(files::remove(path)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_a_socket_that_nobody_has_is_taken_away() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("socket");
        let first = bind(&path).await.unwrap();
        assert!(matches!(bind(&path).await, Err(DaemonError::Taken(_))));
        drop(first);
        assert!(Identity::at(&path).unwrap().is_none(), "it takes its name away");
        // As after a crash: the listener is gone, its name is not.
        drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
        bind(&path).await.unwrap();
    }

    #[tokio::test]
    async fn the_name_of_another_stays() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("socket");
        let first = bind(&path).await.unwrap();
        files::remove(&path).unwrap();
        let _second = bind(&path).await.unwrap();
        drop(first);
        assert!(Identity::at(&path).unwrap().is_some());
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
