//! Who is at the other end of a local socket, as the kernel says, not as the peer claims.

use std::io;
use std::os::fd::AsFd;

use thiserror::Error;

/// The process that connected. Its user is fixed at connection time; its pid may since have been
/// given to another process and is for logs only.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Peer {
    pub uid: u32,
    pub pid: Option<u32>,
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
    fn a_file_has_no_peer() {
        assert!(peer_of(tempfile::tempfile().unwrap()).is_err());
    }
}
