//! What goes to and fro once a WebSocket is open.

use std::pin::Pin;

use bytes::Bytes;
use futures_core::Stream;
use thiserror::Error;

/// The longest message either way, put together from its frames: 16 MiB.
pub const MAX_MESSAGE: usize = 16 * 1024 * 1024;
/// The longest frame that an upstream may send: 4 MiB.
pub const MAX_FRAME: usize = 4 * 1024 * 1024;

/// One message, whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Message {
    Text(String),
    Binary(Bytes),
    /// The last one: from the caller a wish to end, from the upstream how it ended.
    Close(Close),
}

/// How a side ends the conversation.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Close {
    /// As in RFC 6455, section 7.4; none where it was left out.
    pub code: Option<u16>,
    pub reason: String,
}

impl Close {
    /// Whether nothing went wrong: done, gone away, or no code at all.
    #[must_use]
    pub fn is_normal(&self) -> bool {
        matches!(self.code, None | Some(1000 | 1001 | 1005))
    }
}

/// What a caller sends, as it comes. Its end is no wish to close: answers may still be waited for.
pub type CallerMessages = Pin<Box<dyn Stream<Item = Result<Message, MessageFault>> + Send>>;

/// How a caller fails the conversation.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum MessageFault {
    #[error("its messages were not sent to the end")]
    BrokenOff,
    #[error("a message has at most {} MiB", MAX_MESSAGE / (1024 * 1024))]
    TooLong,
    #[error("what was sent is no message: {0}")]
    Malformed(&'static str),
}
