//! Open files handed from one process to another over a socket between them (`SCM_RIGHTS`, unix(7)).
//!
//! Whoever gets one has it as its own: what it stands for, and whose it is, is for the receiver to look at.

use std::io::{self, IoSlice, IoSliceMut, Read as _, Write as _};
use std::mem::MaybeUninit;
use std::os::fd::{BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;

use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer, SendAncillaryMessage,
    SendFlags, recvmsg, sendmsg,
};

/// More than the system takes at once.
pub const MOST: usize = 200;
const SPACE: usize = rustix::cmsg_space!(ScmRights(MOST));
/// How the length of the text is written.
const LENGTH: usize = 4;

/// Sends a text, and `files` with it.
///
/// # Errors
/// When the other end is gone, or there are too many of them.
pub fn send(mut stream: &UnixStream, text: &[u8], files: &[BorrowedFd<'_>]) -> io::Result<()> {
    let length = u32::try_from(text.len()).map_err(io::Error::other)?.to_be_bytes();
    let mut space = [MaybeUninit::uninit(); SPACE];
    let mut beside = SendAncillaryBuffer::new(&mut space);
    if files.len() > MOST || !beside.push(SendAncillaryMessage::ScmRights(files)) {
        return Err(io::Error::other("these are too many open files to hand on"));
    }
    let sent = sendmsg(stream, &[IoSlice::new(&length)], &mut beside, SendFlags::empty())?;
    if sent != LENGTH {
        return Err(io::ErrorKind::WriteZero.into());
    }
    stream.write_all(text)
}

/// Receives what `send` sent: the text, which has at most `most` bytes, and the files in their order. No program that
/// is started has them.
///
/// # Errors
/// When the other end is gone or sends something else.
pub fn receive(mut stream: &UnixStream, most: usize) -> io::Result<(Vec<u8>, Vec<OwnedFd>)> {
    let mut length = [0; LENGTH];
    let mut space = [MaybeUninit::uninit(); SPACE];
    let mut beside = RecvAncillaryBuffer::new(&mut space);
    let read = recvmsg(stream, &mut [IoSliceMut::new(&mut length)], &mut beside, CLOSED_IN_CHILDREN)?;
    let mut files = Vec::new();
    for message in beside.drain() {
        if let RecvAncillaryMessage::ScmRights(some) = message {
            files.extend(some);
        }
    }
    let length = u32::from_be_bytes(length) as usize;
    if read.bytes != LENGTH || length > most {
        return Err(io::ErrorKind::InvalidData.into());
    }
    let mut text = vec![0; length];
    stream.read_exact(&mut text)?;
    Ok((text, files))
}

#[cfg(not(target_vendor = "apple"))]
const CLOSED_IN_CHILDREN: RecvFlags = RecvFlags::CMSG_CLOEXEC;
/// Elsewhere `descriptors` sees to it before a program is started.
#[cfg(target_vendor = "apple")]
const CLOSED_IN_CHILDREN: RecvFlags = RecvFlags::empty();

#[cfg(test)]
mod tests {
    use std::os::fd::AsFd as _;

    use super::*;

    #[test]
    fn what_is_handed_on_is_the_same_open_file() {
        let (near, far) = UnixStream::pair().unwrap();
        let (mut reader, writer) = io::pipe().unwrap();
        let file = tempfile::tempfile().unwrap();
        send(&near, b"two", &[writer.as_fd(), file.as_fd()]).unwrap();
        drop(writer);
        let (text, mut files) = receive(&far, 100).unwrap();
        assert_eq!((text.as_slice(), files.len()), (&b"two"[..], 2));
        io::PipeWriter::from(files.remove(0)).write_all(b"through").unwrap();
        let mut came = String::new();
        reader.read_to_string(&mut came).unwrap();
        assert_eq!(came, "through", "no other end is left open");
    }

    #[test]
    fn what_is_too_much_or_ends_early_is_an_error() {
        let (near, far) = UnixStream::pair().unwrap();
        let file = tempfile::tempfile().unwrap();
        assert!(send(&near, b"", &vec![file.as_fd(); MOST + 1]).is_err());
        send(&near, b"too long", &[file.as_fd()]).unwrap();
        assert!(receive(&far, 7).is_err());
        let (near, far) = UnixStream::pair().unwrap();
        drop(near);
        assert!(receive(&far, 100).is_err());
    }
}
