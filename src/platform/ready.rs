//! Telling the service manager that started this process where it stands, sd_notify(3).

use std::ffi::OsStr;
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::net::{SocketAddr, UnixDatagram};

/// Ready to serve.
pub const READY: &str = "READY=1";
/// At its end.
pub const STOPPING: &str = "STOPPING=1";

/// Sends `state` to the socket that the manager named: a path, or a name behind `@`.
///
/// # Errors
/// When there is no such socket, or it does not take it.
pub fn tell(socket: &OsStr, state: &str) -> io::Result<()> {
    let address = address(socket.as_bytes())?;
    let sender = UnixDatagram::unbound()?;
    sender.send_to_addr(state.as_bytes(), &address).map(drop)
}

fn address(socket: &[u8]) -> io::Result<SocketAddr> {
    match socket {
        [b'/', ..] => SocketAddr::from_pathname(OsStr::from_bytes(socket)),
        #[cfg(target_os = "linux")]
        [b'@', name @ ..] => {
            use std::os::linux::net::SocketAddrExt as _;
            SocketAddr::from_abstract_name(name)
        }
        _ => Err(io::ErrorKind::Unsupported.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_told_arrives() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("notify");
        let manager = UnixDatagram::bind(&path).unwrap();
        tell(path.as_os_str(), READY).unwrap();
        let mut buffer = [0; 64];
        let length = manager.recv(&mut buffer).unwrap();
        assert_eq!(&buffer[..length], READY.as_bytes());
        assert!(tell(OsStr::new("relative"), READY).is_err());
        assert!(tell(folder.path().join("none").as_os_str(), READY).is_err());
    }
}
