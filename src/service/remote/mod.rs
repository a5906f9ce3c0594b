//! The service in the daemon, over its unix socket.
//!
//! The daemon is started on demand with a cleaned environment. A socket is only
//! trusted when the process behind it runs as this user, or, where a daemon serves the
//! callers of a group, as the user that is meant to serve.

mod body;
mod connection;
mod shared;
mod standing;
mod start;
mod websocket;

use std::io;
use std::path::Path;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, Response};
use hyper::body::Incoming;

use super::command::Command;
use super::error::{ErrorKind, ServiceError};
use super::operator::OperatorGrant;
use super::outcome::Outcome;
use super::which_vault;
use super::wire::{self, Health};
use crate::broker::{RequestBody, TimeLimit};
use crate::policy::Call;
use crate::settings::{DaemonUse, Places, SharedPlace};
use crate::vault::SecretText;
use body::{RemoteBody, outgoing};
use connection::{
    Connection, Message, Outgoing, collect, error_of, send, strange, unavailable, unusable, whole,
};
pub(super) use connection::{ask_health, connect_to, is_absent};
pub(super) use shared::{connect_to as connect_to_shared, unreachable};
pub(super) use standing::{Age, Difference};
use start::Starter;
pub use websocket::RemoteOpened;

const ORIGIN: HeaderName = HeaderName::from_static(wire::ORIGIN);
const VERSION: HeaderName = HeaderName::from_static(wire::VERSION_HEADER);

/// How long a daemon may be silent before it is asked whether it is well, and then.
const SILENCE: Duration = Duration::from_secs(3);

/// The way to the daemon of one vault.
pub struct Remote {
    places: Places,
    start: DaemonUse,
    starter: Starter,
    /// Where calls go instead, to a daemon of another user.
    shared: Option<SharedPlace>,
}

/// Which of a daemon's sockets.
#[derive(Clone, Copy)]
enum Socket {
    Callers,
    Operators,
}

/// An upstream's answer as the daemon passes it on.
pub struct RemoteReply {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: RemoteBody,
}

impl RemoteReply {
    /// What the daemon says of it is not the upstream's.
    fn of(response: Response<Incoming>) -> Self {
        let (mut parts, body) = response.into_parts();
        for ours in [ORIGIN, VERSION, http::header::TRAILER] {
            parts.headers.remove(ours);
        }
        Self { status: parts.status.as_u16(), headers: parts.headers, body: RemoteBody::new(body) }
    }
}

impl Remote {
    #[must_use]
    pub fn new(places: Places, start: DaemonUse) -> Self {
        Self { starter: Starter::new(places.clone()), places, start, shared: None }
    }

    /// The way to a daemon of another user, which is taken as it is: never started, asked for no
    /// vault in particular, and sent no operator's command.
    #[must_use]
    pub fn of_another(places: Places, shared: SharedPlace) -> Self {
        let starter = Starter::new(places.clone());
        Self { starter, places, start: DaemonUse::Running, shared: Some(shared) }
    }

    /// Has the daemon carry out an operator's command.
    ///
    /// # Errors
    /// The daemon's, or why it could not be asked.
    pub async fn execute(&self, command: &Command) -> Result<Outcome, ServiceError> {
        let json = serde_json::to_vec(command)
            .map_err(|error| ServiceError::new(ErrorKind::InvalidRequest, error.to_string()))?;
        let connection = self.connect(Socket::Operators).await?;
        let message = self.message(None, whole(Bytes::from(json)));
        let response = self.while_alive(send(connection, wire::COMMAND, message)).await?;
        let (parts, body) = response.into_parts();
        let bytes = collect(body).await?;
        if parts.status.is_success() {
            return serde_json::from_slice(&bytes).map_err(|error| strange(&error.to_string()));
        }
        Err(self.told(error_of(&bytes)))
    }

    /// Has the daemon carry out a call, within `limit` if there is one; the body is sent as it comes.
    ///
    /// # Errors
    /// The daemon's, or why it could not be asked.
    pub async fn invoke(
        &self,
        call: &Call,
        body: RequestBody,
        limit: Option<TimeLimit>,
    ) -> Result<RemoteReply, ServiceError> {
        let head = wire::encode_call(call)?;
        let connection = self.connect(Socket::Callers).await?;
        let message = Message { limit, ..self.message(body.length(), outgoing(head, body)) };
        let answer = send(connection, wire::INVOKE, message);
        let response = self.while_alive(answer).await?;
        if response.headers().get(wire::ORIGIN).is_some_and(|from| from == wire::FROM_UPSTREAM) {
            return Ok(RemoteReply::of(response));
        }
        Err(self.told(error_of(&collect(response.into_body()).await?)))
    }

    /// The running daemon, if one answers soon; never starts one.
    pub async fn health(&self) -> Option<Health> {
        let asked = async {
            let connection = self.knock(Socket::Callers).await.ok()?;
            let (version, health) = ask_health(connection).await.ok()?;
            health.filter(|_| version.as_deref() == Some(wire::VERSION))
        };
        tokio::time::timeout(SILENCE, asked).await.ok().flatten()
    }

    pub(super) fn places(&self) -> &Places {
        &self.places
    }

    /// For the daemon of this vault and no other.
    fn message(&self, length: Option<u64>, body: Outgoing) -> Message {
        let vault = if self.shared.is_some() { None } else { which_vault::id_at(&self.places) };
        Message { vault, length, limit: None, body }
    }

    /// Whether anybody listens; who does is not asked.
    pub async fn is_there(&self) -> bool {
        !matches!(self.knock(Socket::Callers).await, Err(error) if is_absent(&error))
    }

    /// Starts a daemon that has `key`, and the operator's session that comes with it, in the place of
    /// one that runs. `is_enough` says whether
    /// the one that runs can stay.
    ///
    /// # Errors
    /// When it cannot be started, or something else stays at its socket.
    pub(in crate::service) async fn hand_over(
        &self,
        key: &SecretText,
        operator: Option<&OperatorGrant>,
        is_enough: impl AsyncFnOnce() -> bool,
    ) -> Result<(), ServiceError> {
        if self.start != DaemonUse::Autostart {
            let message =
                "the key is handed to a daemon as it is started, which AIVAULTD_AUTOSTART rules out";
            return Err(ServiceError::new(ErrorKind::Conflict, message).help("unset AIVAULTD_AUTOSTART"));
        }
        self.starter.hand_over(key, operator, is_enough).await
    }

    /// Puts a new daemon in the place of the one that runs, unless `is_enough` says that this can stay.
    ///
    /// # Errors
    /// When it cannot be started, or the old one makes no room.
    pub(in crate::service) async fn restart(
        &self,
        is_enough: impl AsyncFnOnce() -> bool,
    ) -> Result<(), ServiceError> {
        self.starter.restart(is_enough).await
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
                return answer.map_err(|error| self.told(error));
            }
            if self.health().await.is_none() {
                let message = format!("what listens at {} does not answer", self.socket().display());
                return Err(
                    unavailable(message).help("stop it, or set AIVAULTD_DISABLE=1 to work in this process")
                );
            }
        }
    }

    /// Where callers connect.
    fn socket(&self) -> &Path {
        self.shared.as_ref().map_or(&self.places.socket, |shared| &shared.socket)
    }

    /// Connects to whoever is there.
    async fn knock(&self, socket: Socket) -> io::Result<Connection> {
        match (&self.shared, socket) {
            (Some(shared), _) => shared::connect_to(shared).await,
            (None, Socket::Callers) => connect_to(&self.places.socket).await,
            (None, Socket::Operators) => connect_to(&self.places.operator_socket()).await,
        }
    }

    /// An error of the daemon's, with help that whoever asked can follow.
    fn told(&self, error: ServiceError) -> ServiceError {
        match &self.shared {
            Some(shared) => shared::for_caller(shared, error),
            None => error,
        }
    }

    async fn connect(&self, socket: Socket) -> Result<Connection, ServiceError> {
        let path = match socket {
            Socket::Callers => self.places.socket.clone(),
            Socket::Operators => self.places.operator_socket(),
        };
        match (self.knock(socket).await, &self.shared) {
            (Ok(connection), _) => Ok(connection),
            (Err(error), Some(shared)) => Err(shared::unreachable(shared, &error)),
            (Err(error), None) if is_absent(&error) && self.start == DaemonUse::Autostart => {
                self.starter.connect(&path).await
            }
            (Err(error), None) if is_absent(&error) => {
                Err(unavailable(format!("no daemon answers at {}", path.display()))
                    .help("start `aivaultd`, or set AIVAULTD_DISABLE=1 to work in this process"))
            }
            (Err(error), None) => Err(unusable(&path, &error)),
        }
    }
}
