//! Who is at the other end of a local socket, as the kernel says, not as the peer claims.

use std::io;
use std::os::fd::{AsFd, OwnedFd};

use thiserror::Error;

use super::lineage::ShellSession;
use super::mark::ProcessMark;

/// The process that connected. Its user is fixed at connection time; its pid may since have been
/// given to another process and is for logs only.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Peer {
    pub uid: u32,
    pub pid: Option<u32>,
}

/// The process that connected, held on to: its number cannot come to mean another one unnoticed.
#[derive(Debug)]
pub struct PeerProcess {
    pid: u32,
    held: Held,
}

/// What shows whether a process is still the one it was.
#[derive(Debug)]
enum Held {
    /// The kernel's own handle of who connected.
    Handle(OwnedFd),
    /// Where the kernel gives none: what ran under the number when the connection was taken.
    Mark(ProcessMark),
    /// Where it does not even tell that.
    Number,
}

impl PeerProcess {
    /// The process of `peer`, who is at the other end of `stream`; none where the kernel names none.
    #[must_use]
    pub fn of(stream: impl AsFd, peer: Peer) -> Option<Self> {
        let pid = peer.pid?;
        let held = match handle_of(&stream) {
            Some(handle) => Held::Handle(handle),
            None => ProcessMark::of(pid).map_or(Held::Number, Held::Mark),
        };
        Some(Self { pid, held })
    }

    /// The shell's session that it takes part in.
    #[must_use]
    pub fn shell_session(&self) -> Option<ShellSession> {
        let session = ShellSession::of(self.pid)?;
        // Only then was it this process that was looked at.
        self.is_still_there().then_some(session)
    }

    fn is_still_there(&self) -> bool {
        match &self.held {
            Held::Handle(handle) => !has_ended(handle),
            Held::Mark(mark) => mark.is_alive(),
            Held::Number => cfg!(not(any(target_os = "linux", target_os = "android"))),
        }
    }
}

/// A process's handle is readable once it has ended. What cannot be told counts as ended.
fn has_ended(handle: &OwnedFd) -> bool {
    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    let now = Timespec { tv_sec: 0, tv_nsec: 0 };
    let mut ends = [PollFd::new(handle, PollFlags::IN)];
    poll(&mut ends, Some(&now)) != Ok(0)
}

/// `SO_PEERPIDFD`, which Linux has from 6.5 on.
#[cfg(target_os = "linux")]
fn handle_of(stream: &impl AsFd) -> Option<OwnedFd> {
    nix::sys::socket::getsockopt(stream, nix::sys::socket::sockopt::PeerPidfd).ok()
}

#[cfg(not(target_os = "linux"))]
fn handle_of(_stream: &impl AsFd) -> Option<OwnedFd> {
    None
}

/// The peer is unknown, so it must be refused.
#[derive(Debug, Error)]
#[error("could not tell which user is at the other end of the socket: {0}")]
pub struct PeerError(#[from] io::Error);

/// Asks the kernel who connected to a unix socket.
///
/// On other systems than Linux, call it where a tokio runtime is running.
///
/// # Errors
/// When this is not a connected unix socket, or the system has no answer.
pub fn peer_of(stream: impl AsFd) -> Result<Peer, PeerError> {
    Ok(ask_kernel(&stream)?)
}

/// `SO_PEERCRED`, unix(7). A peer outside our pid namespace has no pid here and is an error.
#[cfg(any(target_os = "linux", target_os = "android"))]
fn ask_kernel(stream: &impl AsFd) -> io::Result<Peer> {
    let credentials = rustix::net::sockopt::socket_peercred(stream)?;
    let pid = u32::try_from(credentials.pid.as_raw_nonzero().get()).ok();
    Ok(Peer { uid: credentials.uid.as_raw(), pid })
}

/// `getpeereid` and its kin, through tokio, which offers them without `unsafe`.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn ask_kernel(stream: &impl AsFd) -> io::Result<Peer> {
    if tokio::runtime::Handle::try_current().is_err() {
        return Err(io::Error::new(io::ErrorKind::Unsupported, "no asynchronous runtime to ask through"));
    }
    let duplicate = std::os::unix::net::UnixStream::from(stream.as_fd().try_clone_to_owned()?);
    // The flag is shared with the original, which a runtime has already set so.
    duplicate.set_nonblocking(true)?;
    let credentials = tokio::net::UnixStream::from_std(duplicate)?.peer_cred()?;
    let pid = credentials.pid().and_then(|pid| u32::try_from(pid).ok());
    Ok(Peer { uid: credentials.uid(), pid })
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::os::unix::net::UnixStream;

    use super::*;
    use crate::platform::process::{effective_uid, own_pid};

    #[test]
    fn a_socket_pair_is_our_own() {
        let (near, _far) = UnixStream::pair().unwrap();
        assert_eq!(peer_of(&near).unwrap(), Peer { uid: effective_uid(), pid: Some(own_pid()) });
    }

    #[test]
    fn a_process_that_has_ended_takes_part_in_nothing() {
        use rustix::process::{Pid, PidfdFlags, pidfd_open};
        let mut child = std::process::Command::new("sleep").arg("60").spawn().unwrap();
        let pid = child.id();
        let handle = pidfd_open(Pid::from_child(&child), PidfdFlags::empty()).unwrap();
        let mark = ProcessMark::of(pid).unwrap();
        let held = [Held::Handle(handle), Held::Mark(mark)];
        let processes = held.map(|held| PeerProcess { pid, held });
        assert!(processes.iter().all(PeerProcess::is_still_there));
        child.kill().unwrap();
        child.wait().unwrap();
        for process in processes {
            assert!(!process.is_still_there() && process.shell_session().is_none(), "{process:?}");
        }
    }

    #[test]
    fn the_kernel_says_whose_socket_it_is() {
        let (near, _far) = UnixStream::pair().unwrap();
        let process = PeerProcess::of(&near, peer_of(&near).unwrap()).unwrap();
        assert!(process.is_still_there());
        assert_eq!(process.shell_session(), ShellSession::own());
    }

    #[test]
    fn a_file_has_no_peer() {
        assert!(peer_of(tempfile::tempfile().unwrap()).is_err());
    }
}
