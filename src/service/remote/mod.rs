//! The service in the daemon, over its unix socket.
//!
//! The daemon is started on demand with a cleaned environment. A socket is only
//! trusted when the process behind it runs as this user.

mod body;
mod connection;
mod standing;
mod start;
mod websocket;

use std::path::Path;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, Response};
use hyper::body::Incoming;

use super::command::Command;
use super::error::{ErrorKind, ServiceError};
use super::outcome::Outcome;
use super::which_vault;
use super::wire::{self, Health};
use crate::broker::{RequestBody, TimeLimit};
use crate::policy::Call;
use crate::settings::{DaemonUse, Places};
use crate::vault::SecretText;
use body::{RemoteBody, outgoing};
use connection::{
    Connection, Message, Outgoing, collect, error_of, send, strange, unavailable, unusable, whole,
};
pub(super) use connection::{ask_health, connect_to, is_absent};
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
        Self { starter: Starter::new(places.clone()), places, start }
    }

    /// Has the daemon carry out an operator's command.
    ///
    /// # Errors
    /// The daemon's, or why it could not be asked.
    pub async fn execute(&self, command: &Command) -> Result<Outcome, ServiceError> {
        let json = serde_json::to_vec(command)
            .map_err(|error| ServiceError::new(ErrorKind::InvalidRequest, error.to_string()))?;
        let connection = self.connect(&self.places.operator_socket()).await?;
        let response = self
            .while_alive(send(connection, wire::COMMAND, self.message(None, whole(Bytes::from(json)))))
            .await?;
        let (parts, body) = response.into_parts();
        let bytes = collect(body).await?;
        if parts.status.is_success() {
            return serde_json::from_slice(&bytes).map_err(|error| strange(&error.to_string()));
        }
        Err(error_of(&bytes))
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
        let connection = self.connect(&self.places.socket).await?;
        let message = Message { limit, ..self.message(body.length(), outgoing(head, body)) };
        let answer = send(connection, wire::INVOKE, message);
        let response = self.while_alive(answer).await?;
        if response.headers().get(wire::ORIGIN).is_some_and(|from| from == wire::FROM_UPSTREAM) {
            return Ok(RemoteReply::of(response));
        }
        Err(error_of(&collect(response.into_body()).await?))
    }

    /// The running daemon, if one answers soon; never starts one.
    pub async fn health(&self) -> Option<Health> {
        let asked = async {
            let connection = connect_to(&self.places.socket).await.ok()?;
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
        Message { vault: which_vault::id_at(&self.places), length, limit: None, body }
    }

    /// Whether anybody listens; who does is not asked.
    pub async fn is_there(&self) -> bool {
        !matches!(connect_to(&self.places.socket).await, Err(error) if is_absent(&error))
    }

    /// Starts a daemon that has `key`, in the place of one that runs. `is_enough` says whether
    /// the one that runs can stay.
    ///
    /// # Errors
    /// When it cannot be started, or something else stays at its socket.
    pub(in crate::service) async fn hand_over(
        &self,
        key: &SecretText,
        is_enough: impl AsyncFnOnce() -> bool,
    ) -> Result<(), ServiceError> {
        if self.start != DaemonUse::Autostart {
            let message =
                "the key is handed to a daemon as it is started, which AIVAULTD_AUTOSTART rules out";
            return Err(ServiceError::new(ErrorKind::Conflict, message).help("unset AIVAULTD_AUTOSTART"));
        }
        self.starter.hand_over(key, is_enough).await
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

    async fn connect(&self, socket: &Path) -> Result<Connection, ServiceError> {
        match connect_to(socket).await {
            Ok(connection) => Ok(connection),
            Err(error) if is_absent(&error) && self.start == DaemonUse::Autostart => {
                self.starter.connect(socket).await
            }
            Err(error) if is_absent(&error) => {
                Err(unavailable(format!("no daemon answers at {}", socket.display()))
                    .help("start `aivaultd`, or set AIVAULTD_DISABLE=1 to work in this process"))
            }
            Err(error) => Err(unusable(socket, &error)),
        }
    }
}
