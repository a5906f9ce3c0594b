//! The service in the daemon, over its unix socket.
//!
//! The daemon is started on demand with a cleaned environment. A socket is only
//! trusted when the process behind it runs as this user.

use std::io;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use futures_util::StreamExt;
use http::{HeaderMap, Request, Response};
use http_body::{Body, Frame};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full, Limited, StreamBody};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::net::UnixStream;

use super::command::{Command, Outcome};
use super::error::{ErrorKind, ServiceError};
use super::which_vault;
use super::wire::{self, Health, WireError};
use crate::broker::{CallerBodyFault, RequestBody};
use crate::platform::{files, peer, process};
use crate::policy::Call;
use crate::settings::{DaemonUse, Places};

type Outgoing = UnsyncBoxBody<Bytes, CallerBodyFault>;

/// How long a daemon that was just started may take to answer.
const START: Duration = Duration::from_secs(10);

/// How long a daemon may be silent before it is asked whether it is well, and then.
const SILENCE: Duration = Duration::from_secs(3);

/// The way to the daemon of one vault.
pub struct Remote {
    places: Places,
    start: DaemonUse,
}

/// An upstream's answer as the daemon passes it on.
pub struct RemoteReply {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: RemoteBody,
}

/// The body of an answer; keeps the connection alive while it streams.
pub struct RemoteBody {
    body: Incoming,
}

impl futures_core::Stream for RemoteBody {
    type Item = Result<Bytes, ServiceError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            match Pin::new(&mut self.body).poll_frame(cx) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(None) => return Poll::Ready(None),
                Poll::Ready(Some(Err(_))) => return Poll::Ready(Some(Err(interrupted()))),
                Poll::Ready(Some(Ok(frame))) => {
                    if let Ok(data) = frame.into_data() {
                        return Poll::Ready(Some(Ok(data)));
                    }
                }
            }
        }
    }
}

impl Remote {
    #[must_use]
    pub fn new(places: Places, start: DaemonUse) -> Self {
        Self { places, start }
    }

    /// Has the daemon carry out an operator's command.
    ///
    /// # Errors
    /// The daemon's, or why it could not be asked.
    pub async fn execute(&self, command: &Command) -> Result<Outcome, ServiceError> {
        let json = serde_json::to_vec(command)
            .map_err(|error| ServiceError::new(ErrorKind::InvalidRequest, error.to_string()))?;
        let body = Full::new(Bytes::from(json)).map_err(|never| match never {}).boxed_unsync();
        let stream = self.connect(&self.places.operator_socket()).await?;
        let response = self.while_alive(self.send(stream, wire::COMMAND, None, body)).await?;
        let (parts, body) = response.into_parts();
        let bytes = collect(body).await?;
        if parts.status.is_success() {
            return serde_json::from_slice(&bytes).map_err(|error| strange(&error.to_string()));
        }
        Err(error_of(&bytes))
    }

    /// Has the daemon carry out a call; the body is sent as it comes.
    ///
    /// # Errors
    /// The daemon's, or why it could not be asked.
    pub async fn invoke(&self, call: &Call, body: RequestBody) -> Result<RemoteReply, ServiceError> {
        let head = wire::encode_call(call)?;
        let stream = self.connect(&self.places.socket).await?;
        let answer = self.send(stream, wire::INVOKE, body.length(), outgoing(head, body));
        let response = self.while_alive(answer).await?;
        let (mut parts, body) = response.into_parts();
        let from = parts.headers.remove(wire::ORIGIN);
        if from.as_ref().is_some_and(|from| from == wire::FROM_UPSTREAM) {
            parts.headers.remove(wire::VERSION_HEADER);
            return Ok(RemoteReply {
                status: parts.status.as_u16(),
                headers: parts.headers,
                body: RemoteBody { body },
            });
        }
        Err(error_of(&collect(body).await?))
    }

    pub(super) fn places(&self) -> &Places {
        &self.places
    }

    /// The running daemon, if one answers soon; never starts one.
    pub async fn health(&self) -> Option<Health> {
        let asked = async {
            let stream = connect_to(&self.places.socket).await.ok()?;
            let (version, health) = ask_health(stream).await.ok()?;
            health.filter(|_| version.as_deref() == Some(wire::VERSION))
        };
        tokio::time::timeout(SILENCE, asked).await.ok().flatten()
    }

    /// Waits for an answer for as long as somebody is there to give one: an upstream may
    /// take minutes, but a daemon always says that it is well.
    async fn while_alive<T>(
        &self,
        answer: impl Future<Output = Result<T, ServiceError>>,
    ) -> Result<T, ServiceError> {
        tokio::pin!(answer);
        loop {
            if let Ok(answer) = tokio::time::timeout(SILENCE, answer.as_mut()).await {
                return answer;
            }
            if self.health().await.is_none() {
                let message = format!("what listens at {} does not answer", self.places.socket.display());
                return Err(
                    unavailable(message).help("stop it, or set AIVAULTD_DISABLE=1 to work in this process")
                );
            }
        }
    }

    async fn send(
        &self,
        stream: UnixStream,
        path: &str,
        length: Option<u64>,
        body: Outgoing,
    ) -> Result<Response<Incoming>, ServiceError> {
        let mut request = Request::post(path)
            .header(http::header::HOST, "aivault")
            .header(wire::VERSION_HEADER, wire::VERSION);
        if let Some(vault) = which_vault::id_at(&self.places) {
            request = request.header(wire::VAULT_HEADER, vault);
        }
        if let Some(length) = length {
            request = request.header(wire::LENGTH_HEADER, length);
        }
        exchange(stream, request.body(body).map_err(|error| strange(&error.to_string()))?).await
    }

    async fn connect(&self, socket: &Path) -> Result<UnixStream, ServiceError> {
        match connect_to(socket).await {
            Ok(stream) => Ok(stream),
            Err(error) if is_absent(&error) && self.start == DaemonUse::Autostart => {
                self.start_and_connect(socket).await
            }
            Err(error) if is_absent(&error) => {
                Err(unavailable(format!("no daemon answers at {}", socket.display()))
                    .help("start `aivaultd`, or set AIVAULTD_DISABLE=1 to work in this process"))
            }
            Err(error) => {
                let message = format!("the daemon's socket {} cannot be used: {error}", socket.display());
                Err(unavailable(message).help(help_for_socket(socket, &error)))
            }
        }
    }

    async fn start_and_connect(&self, socket: &Path) -> Result<UnixStream, ServiceError> {
        let program = self.daemon_program()?;
        let mut child = process::spawn_detached(&program, std::iter::empty::<&str>(), self.environment())
            .map_err(|error| unavailable(format!("{} could not be started: {error}", program.display())))?;
        let deadline = tokio::time::Instant::now() + START;
        let mut pause = Duration::from_millis(1);
        loop {
            match connect_to(socket).await {
                Ok(stream) => return Ok(stream),
                Err(error) if !is_absent(&error) => {
                    let message = format!("the daemon's socket {} cannot be used: {error}", socket.display());
                    return Err(unavailable(message).help(help_for_socket(socket, &error)));
                }
                Err(_) => {}
            }
            // Another start may have won the race and left ours nothing to do; only a failure is told.
            let failed = child.try_wait().ok().flatten().filter(|status| !status.success());
            if failed.is_some() || tokio::time::Instant::now() > deadline {
                return Err(unavailable(format!("the daemon {} did not start", program.display()))
                    .help("run `aivaultd` in a terminal to see why, or set AIVAULTD_DISABLE=1"));
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(Duration::from_millis(20));
        }
    }

    /// The daemon's program stands beside this one; the `PATH` of a caller is not asked.
    fn daemon_program(&self) -> Result<PathBuf, ServiceError> {
        let own = process::current_executable().map_err(|error| unavailable(error.to_string()))?;
        let program = own.with_file_name("aivaultd");
        if program.is_file() {
            return Ok(program);
        }
        Err(unavailable(format!("{} is not there", program.display()))
            .help("install aivaultd beside aivault, or set AIVAULTD_DISABLE=1 to work in this process"))
    }

    /// All that a daemon is told: where its vault is.
    fn environment(&self) -> Vec<(&'static str, PathBuf)> {
        let mut pairs = vec![("AIVAULTD_SOCKET", self.places.socket.clone())];
        match &self.places.given {
            Some(folder) => pairs.push(("AIVAULT_DIR", folder.clone())),
            // Without AIVAULT_DIR the vault is at <home>/.aivault/data/vault.
            None => pairs.extend(self.places.vault.ancestors().nth(3).map(|home| ("HOME", home.to_owned()))),
        }
        pairs
    }
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

pub(super) fn is_absent(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused)
}

/// Connects, and makes sure that the other end runs as this user (or root).
pub(super) async fn connect_to(socket: &Path) -> io::Result<UnixStream> {
    if let Some(folder) = socket.parent() {
        match files::check_private_dir(folder) {
            Err(error) if error.is_missing() => return Err(io::ErrorKind::NotFound.into()),
            checked => checked.map_err(io::Error::other)?,
        }
    }
    let stream = UnixStream::connect(socket).await?;
    let peer = peer::peer_of(&stream).map_err(io::Error::other)?;
    if peer.uid == process::effective_uid() || peer.uid == 0 {
        return Ok(stream);
    }
    Err(io::Error::new(io::ErrorKind::PermissionDenied, format!("user {} listens there, not you", peer.uid)))
}

/// What whoever is there says of itself, and in which version of the words.
pub(super) async fn ask_health(stream: UnixStream) -> Result<(Option<String>, Option<Health>), ServiceError> {
    let empty = Full::new(Bytes::new()).map_err(|never| match never {}).boxed_unsync();
    let request = Request::get(wire::HEALTH).header(http::header::HOST, "aivault").body(empty);
    let response = answer(stream, request.map_err(|error| strange(&error.to_string()))?).await?;
    let version = response.headers().get(wire::VERSION_HEADER);
    let version = version.and_then(|version| version.to_str().ok()).map(str::to_owned);
    let bytes = collect(response.into_body()).await?;
    Ok((version, serde_json::from_slice(&bytes).ok()))
}

async fn answer(stream: UnixStream, request: Request<Outgoing>) -> Result<Response<Incoming>, ServiceError> {
    let (mut sender, connection) =
        http1::handshake(TokioIo::new(stream)).await.map_err(|error| strange(&error.to_string()))?;
    tokio::spawn(connection);
    sender.send_request(request).await.map_err(|_| interrupted())
}

/// An answer in the words that both sides know.
async fn exchange(
    stream: UnixStream,
    request: Request<Outgoing>,
) -> Result<Response<Incoming>, ServiceError> {
    let response = answer(stream, request).await?;
    match response.headers().get(wire::VERSION_HEADER) {
        Some(version) if version == wire::VERSION => Ok(response),
        _ => Err(unavailable("the running daemon is of another version".to_owned())
            .help("stop it (its process id is in `aivault status`), and the next call starts the right one")),
    }
}

fn outgoing(head: Bytes, body: RequestBody) -> Outgoing {
    match body {
        RequestBody::Empty => Full::new(head).map_err(|never| match never {}).boxed_unsync(),
        RequestBody::Bytes(bytes) => {
            let pieces = futures_util::stream::iter([head, bytes]).map(|piece| Ok(Frame::data(piece)));
            UnsyncBoxBody::new(StreamBody::new(pieces))
        }
        RequestBody::Stream { stream, .. } => {
            let first = futures_util::stream::once(async move { Ok(head) });
            UnsyncBoxBody::new(StreamBody::new(first.chain(stream).map(|piece| piece.map(Frame::data))))
        }
    }
}

async fn collect(body: Incoming) -> Result<Bytes, ServiceError> {
    let limited = Limited::new(body, wire::MAX_COMMAND).collect().await;
    limited.map(|collected| collected.to_bytes()).map_err(|_| interrupted())
}

fn error_of(bytes: &[u8]) -> ServiceError {
    match serde_json::from_slice::<WireError>(bytes) {
        Ok(error) => error.into(),
        Err(_) => strange("its answer is no error object"),
    }
}

fn unavailable(message: String) -> ServiceError {
    ServiceError::new(ErrorKind::VaultUnavailable, message).reason("daemon.unavailable")
}

fn strange(what: &str) -> ServiceError {
    unavailable(format!("the daemon's answer cannot be read: {what}"))
}

fn interrupted() -> ServiceError {
    unavailable("the daemon broke off".to_owned())
        .help("what was sent may have been carried out; see `aivault audit`")
}
