//! What a call gives, whether this process carried it out or a daemon.

use std::pin::Pin;

use bytes::Bytes;
use futures_core::Stream;
use futures_util::StreamExt;
use http::HeaderMap;

use super::error::ServiceError;
use super::local::{LocalOpened, LocalReply};
use super::messages::Messages;
use super::remote::{RemoteOpened, RemoteReply};
use crate::broker;

/// An answer to a call, from wherever it came.
pub struct Reply {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Pin<Box<dyn Stream<Item = Result<Bytes, ServiceError>> + Send>>,
}

/// What comes of asking for a WebSocket, from wherever it came.
pub enum Opened {
    /// What the upstream says; ends with its last message or an error.
    Conversation(Messages<ServiceError>),
    /// The upstream opened none, and answered this instead.
    Answer(Reply),
}

impl From<LocalReply> for Reply {
    fn from(reply: LocalReply) -> Self {
        let body = reply.body.map(|piece| piece.map_err(ServiceError::from));
        Self { status: reply.status, headers: reply.headers, body: Box::pin(body) }
    }
}

impl From<RemoteReply> for Reply {
    fn from(reply: RemoteReply) -> Self {
        Self { status: reply.status, headers: reply.headers, body: Box::pin(reply.body) }
    }
}

impl From<LocalOpened> for Opened {
    fn from(opened: LocalOpened) -> Self {
        match opened {
            broker::Opened::Conversation(messages) => {
                Self::Conversation(Box::pin(messages.map(|message| message.map_err(ServiceError::from))))
            }
            broker::Opened::Answer(reply) => Self::Answer((*reply).into()),
        }
    }
}

impl From<RemoteOpened> for Opened {
    fn from(opened: RemoteOpened) -> Self {
        match opened {
            RemoteOpened::Conversation(messages) => Self::Conversation(messages),
            RemoteOpened::Answer(reply) => Self::Answer(reply.into()),
        }
    }
}
