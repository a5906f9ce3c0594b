//! A conversation through the daemon: the caller's messages stream up behind the call, the upstream's come down.

use bytes::Bytes;
use futures_util::{StreamExt as _, stream};
use http_body::Frame;
use http_body_util::StreamBody;
use http_body_util::combinators::UnsyncBoxBody;
use tokio::sync::oneshot;

use super::connection::{self, Message as Posted, Outgoing, collect, error_of, interrupted};
use super::{Remote, RemoteReply, Socket};
use crate::broker::{CallerBodyFault, CallerMessages, Message, MessageFault, TimeLimit};
use crate::policy::Call;
use crate::service::error::{ErrorKind, ServiceError};
use crate::service::messages::{self, Messages};
use crate::service::wire;

/// What the daemon makes of a call that asks for a WebSocket.
pub enum RemoteOpened {
    Conversation(Messages<ServiceError>),
    Answer(RemoteReply),
}

impl Remote {
    /// Has the daemon ask for a WebSocket, all of it within `limit` if there is one.
    ///
    /// # Errors
    /// The daemon's, or why it could not be asked.
    pub async fn open_websocket(
        &self,
        call: &Call,
        from: CallerMessages,
        limit: Option<TimeLimit>,
    ) -> Result<RemoteOpened, ServiceError> {
        let head = wire::encode_call(call)?;
        let connection = self.connect(Socket::Callers).await?;
        let (opened, gate) = oneshot::channel();
        let message = Posted { limit, ..self.message(None, outgoing(head, gate, from)) };
        let answer = connection::send(connection, wire::WEBSOCKET, message);
        let response = self.while_alive(answer).await?;
        let origin = response.headers().get(wire::ORIGIN).cloned();
        match origin.as_ref().map(http::HeaderValue::as_bytes) {
            Some(from) if from == wire::FROM_CONVERSATION.as_bytes() => {
                // Nobody listens where the connection is gone, which its answer will tell.
                let _ = opened.send(());
                let body = super::body::RemoteBody::new(response.into_body());
                Ok(RemoteOpened::Conversation(until_its_end(messages::of_daemon(body, interrupted))))
            }
            Some(from) if from == wire::FROM_UPSTREAM.as_bytes() => {
                Ok(RemoteOpened::Answer(RemoteReply::of(response)))
            }
            _ => Err(self.told(error_of(&collect(response.into_body()).await?))),
        }
    }
}

/// A call's head, and the caller's messages as they come, once there is somebody to hear them: a daemon that refuses the
/// call closes the connection, and what is written then may cost its answer. A caller that fails breaks the request off,
/// so that the daemon does not take what came for all.
fn outgoing(head: Bytes, gate: oneshot::Receiver<()>, from: CallerMessages) -> Outgoing {
    let first = stream::once(async move { Ok(head) });
    let from = stream::once(async move {
        if gate.await.is_err() {
            std::future::pending::<()>().await;
        }
        from
    })
    .flatten();
    let pieces = from.map(|message| match message {
        Ok(message) => Ok(messages::encode(&message)),
        Err(_) => Err(CallerBodyFault::BrokenOff),
    });
    UnsyncBoxBody::new(StreamBody::new(first.chain(pieces).map(|piece| piece.map(Frame::data))))
}

/// A conversation ends with its last message or an error; what just stops was broken off by the daemon.
fn until_its_end(came: Messages<ServiceError>) -> Messages<ServiceError> {
    Box::pin(stream::unfold(Some(came), async |came| {
        let mut came = came?;
        let next = came.next().await.unwrap_or_else(|| Err(interrupted()));
        let goes_on = matches!(next, Ok(Message::Text(_) | Message::Binary(_)));
        Some((next, goes_on.then_some(came)))
    }))
}

impl From<MessageFault> for ServiceError {
    fn from(fault: MessageFault) -> Self {
        Self::new(ErrorKind::InvalidRequest, format!("the WebSocket was ended: {fault}"))
            .reason("websocket.message")
    }
}
