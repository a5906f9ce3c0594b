//! One daemon after another, without an instant at which nobody listens: the one that runs hands its lock and its
//! listening sockets on, open as they are, and accepts nobody any more once the next one says that it does.
//!
//! What is handed on is judged like anything that comes from outside: it must be what this vault's names stand for, and
//! whoever is at the other end must be this user. A vault's key is never handed on: a daemon that gets one from its
//! operator begins afresh.

use std::io::{self, Read as _, Write as _};
use std::os::fd::{AsFd as _, OwnedFd};
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::net::UnixListener;

use super::error::DaemonError;
use super::socket::Listening;
use crate::platform::lock::FileLock;
use crate::platform::{handing, peer, process};
use crate::service::{HandedListener, ListenerRecord, Local};
use crate::settings::Places;

/// How long the other end may take over its part.
const PATIENCE: Duration = Duration::from_secs(10);
/// The longest letter: what is said of some hundred listeners.
const LONGEST: usize = 1024 * 1024;
/// What the next daemon says once it accepts.
const SERVES: u8 = b'+';
/// How long to rest when the system has no file descriptor left.
const EXHAUSTED: Duration = Duration::from_millis(50);
/// The lock and the three sockets, which come before the listeners.
const OWN: usize = 4;

/// What goes with the open files: of each listener what its socket does not tell.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Letter {
    listeners: Vec<ListenerRecord>,
}

/// The sockets of a daemon, and the lock that says that it is the one.
pub(super) struct Estate {
    pub(super) lock: FileLock,
    pub(super) callers: Listening,
    pub(super) operators: Listening,
    pub(super) succession: Listening,
    /// What came from a daemon before, with the connection on which it waits to hear that this one serves.
    pub(super) inherited: Option<Inherited>,
}

/// What comes from the daemon before.
pub(super) struct Inherited {
    pub(super) listeners: Vec<HandedListener>,
    from: UnixStream,
}

impl Inherited {
    /// Tells the daemon before that it is not needed any more. Whoever connects from now on sees this process.
    pub(super) fn begin(mut self, sockets: [&Listening; 3]) -> Result<(), DaemonError> {
        let begun = sockets.into_iter().try_for_each(Listening::show_this_process);
        begun.and_then(|()| self.from.write_all(&[SERVES])).map_err(DaemonError::Succession)
    }
}

/// Takes the place of the daemon that runs.
pub(super) fn take_over(places: &Places) -> Result<Estate, DaemonError> {
    let from = UnixStream::connect(places.succession_socket()).map_err(DaemonError::Succession)?;
    if !is_this_user(&from) {
        return Err(DaemonError::Succession(io::ErrorKind::PermissionDenied.into()));
    }
    from.set_read_timeout(Some(PATIENCE)).map_err(DaemonError::Succession)?;
    let (text, files) = handing::receive(&from, LONGEST).map_err(DaemonError::Succession)?;
    let letter: Letter = serde_json::from_slice(&text).map_err(|_| strange())?;
    let mut files = files.into_iter();
    let mut next = || files.next().ok_or_else(strange);
    let lock = FileLock::handed_on(&places.daemon_lock(), next()?)?.ok_or_else(strange)?;
    let callers = Listening::handed_on(&places.socket, next()?)?;
    let operators = Listening::handed_on(&places.operator_socket(), next()?)?;
    let succession = Listening::handed_on(&places.succession_socket(), next()?)?;
    let sockets: Vec<OwnedFd> = files.collect();
    if sockets.len() != letter.listeners.len() {
        return Err(strange());
    }
    let listeners = sockets.into_iter().zip(letter.listeners);
    let listeners =
        listeners.map(|(socket, record)| HandedListener { socket: socket.into(), record }).collect();
    Ok(Estate { lock, callers, operators, succession, inherited: Some(Inherited { listeners, from }) })
}

fn strange() -> DaemonError {
    DaemonError::Succession(io::ErrorKind::InvalidData.into())
}

fn is_this_user(stream: &UnixStream) -> bool {
    peer::peer_of(stream).is_ok_and(|peer| peer.uid == process::effective_uid())
}

/// What there is to hand on.
pub(super) struct Bequest {
    local: Arc<Local>,
    own: [OwnedFd; OWN],
}

impl Bequest {
    /// Copies of what `estate` has open.
    pub(super) fn of(estate: &Estate, local: &Arc<Local>) -> io::Result<Self> {
        let socket = |listening: &Listening| listening.listener.as_fd().try_clone_to_owned();
        let lock = estate.lock.as_fd().try_clone_to_owned()?;
        let (callers, operators) = (socket(&estate.callers)?, socket(&estate.operators)?);
        let own = [lock, callers, operators, socket(&estate.succession)?];
        Ok(Self { local: Arc::clone(local), own })
    }

    /// Hands it to whoever comes for it; whether that one serves now.
    fn hand_on(&self, mut to: UnixStream) -> io::Result<bool> {
        to.set_nonblocking(false)?;
        to.set_read_timeout(Some(PATIENCE))?;
        to.set_write_timeout(Some(PATIENCE))?;
        if !is_this_user(&to) {
            return Ok(false);
        }
        let listeners = self.local.listeners_to_hand_on();
        let records = listeners.iter().map(|one| one.record.clone()).collect();
        let text = serde_json::to_vec(&Letter { listeners: records })?;
        let own = self.own.iter().map(|file| file.as_fd());
        let files: Vec<_> = own.chain(listeners.iter().map(|one| one.socket.as_fd())).collect();
        handing::send(&to, &text, &files)?;
        let mut answer = [0];
        to.read_exact(&mut answer)?;
        Ok(answer == [SERVES])
    }
}

/// Ends once another daemon serves in the place of this one; what does not come that far changes nothing.
pub(super) async fn handed_on(listener: &UnixListener, bequest: Bequest) {
    let bequest = Arc::new(bequest);
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            tokio::time::sleep(EXHAUSTED).await;
            continue;
        };
        let Ok(stream) = stream.into_std() else { continue };
        let bequest = Arc::clone(&bequest);
        let handed = tokio::task::spawn_blocking(move || bequest.hand_on(stream)).await;
        if matches!(handed, Ok(Ok(true))) {
            return;
        }
    }
}
