//! One exchange with whatever listens at a socket, which is trusted as far as its user is.

use std::io;
use std::path::Path;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::net::UnixStream;

use crate::broker::{CallerBodyFault, TimeLimit};
use crate::platform::{files, peer, process};
use crate::service::error::{ErrorKind, ServiceError};
use crate::service::wire::{self, Health, WireError};

pub(super) type Outgoing = UnsyncBoxBody<Bytes, CallerBodyFault>;

/// A connection, and the process at its other end where the system tells.
pub(in crate::service) struct Connection {
    pub(super) stream: UnixStream,
    pub(in crate::service) pid: Option<u32>,
    pub(in crate::service) uid: u32,
}

/// The reason of a daemon that speaks other words.
pub(super) const OTHER_VERSION: &str = "daemon.other_version";

/// Connects, and makes sure that the other end runs as this user (or root).
pub(in crate::service) async fn connect_to(socket: &Path) -> io::Result<Connection> {
    if let Some(folder) = socket.parent() {
        match files::check_private_dir(folder) {
            Err(error) if error.is_missing() => return Err(io::ErrorKind::NotFound.into()),
            checked => checked.map_err(io::Error::other)?,
        }
    }
    let stream = UnixStream::connect(socket).await?;
    let peer = peer::peer_of(&stream).map_err(io::Error::other)?;
    if peer.uid == process::effective_uid() || peer.uid == 0 {
        return Ok(Connection { stream, pid: peer.pid, uid: peer.uid });
    }
    Err(io::Error::new(io::ErrorKind::PermissionDenied, format!("user {} listens there, not you", peer.uid)))
}

/// Whether nobody listens there, as opposed to somebody who cannot be used.
pub(in crate::service) fn is_absent(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionRefused, ConnectionReset, NotFound};
    // A listener that is closed while one connects resets the connection.
    matches!(error.kind(), NotFound | ConnectionRefused | ConnectionReset)
}

pub(super) fn unusable(socket: &Path, error: &io::Error) -> ServiceError {
    unavailable(format!("the daemon's socket {} cannot be used: {error}", socket.display()))
        .help(help_for_socket(socket, error))
}

fn help_for_socket(socket: &Path, error: &io::Error) -> String {
    let folder = socket.parent().unwrap_or(socket);
    match error.kind() {
        io::ErrorKind::InvalidInput => {
            "set AIVAULTD_SOCKET to a shorter path in a folder of yours".to_owned()
        }
        _ => format!(
            "see that {folder:?} is yours and closed to others (chmod go= {folder:?}), or set AIVAULTD_SOCKET to \
             a path in another folder"
        ),
    }
}

/// What is posted, and what is said beside it.
pub(super) struct Message {
    /// The vault that is meant.
    pub(super) vault: Option<String>,
    /// Of the caller's own body, where it is known.
    pub(super) length: Option<u64>,
    /// How long the call may take.
    pub(super) limit: Option<TimeLimit>,
    pub(super) body: Outgoing,
}

impl Message {
    /// Says nothing.
    pub(super) fn empty() -> Self {
        Self { vault: None, length: None, limit: None, body: whole(Bytes::new()) }
    }
}

/// Posts a message to `path`.
pub(super) async fn send(
    connection: Connection,
    path: &str,
    message: Message,
) -> Result<Response<Incoming>, ServiceError> {
    let Message { vault, length, limit, body } = message;
    let mut request = Request::post(path)
        .header(http::header::HOST, "aivault")
        .header(http::header::TE, "trailers")
        .header(wire::VERSION_HEADER, wire::VERSION);
    if let Some(vault) = vault {
        request = request.header(wire::VAULT_HEADER, vault);
    }
    if let Some(length) = length {
        request = request.header(wire::LENGTH_HEADER, length);
    }
    if let Some(limit) = limit {
        request = request.header(wire::TIMEOUT_HEADER, limit.as_ms());
    }
    exchange(connection, request.body(body).map_err(|error| strange(&error.to_string()))?).await
}

/// What whoever is there says of itself, and in which version of the words.
pub(in crate::service) async fn ask_health(
    connection: Connection,
) -> Result<(Option<String>, Option<Health>), ServiceError> {
    let request = Request::get(wire::HEALTH).header(http::header::HOST, "aivault").body(whole(Bytes::new()));
    let response = answer(connection, request.map_err(|error| strange(&error.to_string()))?).await?;
    let version = response.headers().get(wire::VERSION_HEADER);
    let version = version.and_then(|version| version.to_str().ok()).map(str::to_owned);
    let bytes = collect(response.into_body()).await?;
    Ok((version, serde_json::from_slice(&bytes).ok()))
}

async fn answer(
    connection: Connection,
    request: Request<Outgoing>,
) -> Result<Response<Incoming>, ServiceError> {
    let (mut sender, connection) = http1::handshake(TokioIo::new(connection.stream))
        .await
        .map_err(|error| strange(&error.to_string()))?;
    tokio::spawn(connection);
    sender.send_request(request).await.map_err(|_| interrupted())
}

/// An answer in the words that both sides know.
async fn exchange(
    connection: Connection,
    request: Request<Outgoing>,
) -> Result<Response<Incoming>, ServiceError> {
    let response = answer(connection, request).await?;
    match response.headers().get(wire::VERSION_HEADER) {
        Some(version) if version == wire::VERSION => Ok(response),
        _ => Err(unavailable("the running daemon is of another version".to_owned())
            .reason(OTHER_VERSION)
            .help("stop it (its process id is in `aivault status`), and the next call starts the right one")),
    }
}

/// A body that is all there.
pub(super) fn whole(bytes: Bytes) -> Outgoing {
    Full::new(bytes).map_err(|never| match never {}).boxed_unsync()
}

pub(super) async fn collect(body: Incoming) -> Result<Bytes, ServiceError> {
    let limited = Limited::new(body, wire::MAX_COMMAND).collect().await;
    limited.map(|collected| collected.to_bytes()).map_err(|_| interrupted())
}

pub(super) fn error_of(bytes: &[u8]) -> ServiceError {
    match serde_json::from_slice::<WireError>(bytes) {
        Ok(error) => error.into(),
        Err(_) => strange("its answer is no error object"),
    }
}

pub(super) fn unavailable(message: String) -> ServiceError {
    ServiceError::new(ErrorKind::VaultUnavailable, message).reason("daemon.unavailable")
}

pub(super) fn strange(what: &str) -> ServiceError {
    unavailable(format!("the daemon's answer cannot be read: {what}"))
}

pub(super) fn interrupted() -> ServiceError {
    unavailable("the daemon broke off".to_owned())
        .help("what was sent may have been carried out; see `aivault audit`")
}
