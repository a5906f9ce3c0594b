//! The daemon's sockets, as a client without the program sees them.

use std::io::{Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::path::Path;

use aivault::service::Call;
use aivault::service::wire;
use aivault::spec::Scope;

use super::http::Head;
use super::wait::LIMIT;

/// The process that listens on a socket.
pub fn listener(socket: &Path) -> Option<u32> {
    let stream = UnixStream::connect(socket).ok()?;
    let peer = rustix::net::sockopt::socket_peercred(&stream).ok()?;
    u32::try_from(peer.pid.as_raw_nonzero().get()).ok()
}

/// `method` on `path` by a capability, with neither headers nor a body yet.
pub fn call(capability: &str, method: &str, path: &str) -> Call {
    Call {
        capability: capability.to_owned(),
        credential: None,
        scope: Scope::Global,
        method: Some(method.to_owned()),
        path: Some(path.to_owned()),
        headers: Vec::new(),
        has_body: false,
    }
}

/// A call for chat completions, as a program at the socket makes it.
pub fn chat() -> Call {
    call("openai/chat-completions", "GET", "/v1/chat/completions")
}

/// Sends a call to the callers' socket; gives the answer's head and its body as it came.
pub fn invoke(socket: &Path, call: &Call) -> (Head, Vec<u8>) {
    let body = wire::encode_call(call).unwrap();
    let head = format!(
        "POST {} HTTP/1.1\r\nhost: aivault\r\n{}: {}\r\nconnection: close\r\ncontent-length: {}\r\n\r\n",
        wire::INVOKE,
        wire::VERSION_HEADER,
        wire::VERSION,
        body.len()
    );
    exchange(socket, &[head.as_bytes(), &body].concat())
}

/// Sends bytes, and reads to the end of the connection.
pub fn exchange(socket: &Path, request: &[u8]) -> (Head, Vec<u8>) {
    let mut stream = UnixStream::connect(socket).unwrap();
    stream.set_read_timeout(Some(LIMIT)).unwrap();
    stream.write_all(request).unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    let end = answer.windows(4).position(|window| window == b"\r\n\r\n").expect("an HTTP answer") + 4;
    (Head::parse(&answer[..end]).expect("an HTTP head"), answer.split_off(end))
}
