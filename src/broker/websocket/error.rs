//! Why a conversation ended before its end. Never holds a message, nor a library's text.

use std::io;

use thiserror::Error;
use tokio_tungstenite::tungstenite::Error as LibraryError;

use super::message::{MAX_FRAME, MAX_MESSAGE, MessageFault};

const MIB: usize = 1024 * 1024;

#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ConversationError {
    #[error(
        "{host} sent more at once than is taken ({} MiB a message, {} MiB a frame); the WebSocket was ended",
        MAX_MESSAGE / MIB, MAX_FRAME / MIB
    )]
    TooLarge { host: String },
    #[error("{host} broke the rules of WebSockets; the WebSocket was ended; report it to the provider")]
    Protocol { host: String },
    #[error("{host} went away without closing the WebSocket; what came may be incomplete")]
    Interrupted { host: String },
    #[error("the WebSocket was ended, because of its caller: {0}")]
    Caller(#[from] MessageFault),
}

impl ConversationError {
    pub(super) fn of(host: &str, error: &LibraryError) -> Self {
        let host = host.to_owned();
        match error {
            LibraryError::Capacity(_) => Self::TooLarge { host },
            LibraryError::Io(error) if error.kind() != io::ErrorKind::InvalidData => {
                Self::Interrupted { host }
            }
            LibraryError::Protocol(error) if is_cut(error) => Self::Interrupted { host },
            _ => Self::Protocol { host },
        }
    }

    /// A stable code for the log and for programs.
    #[must_use]
    pub fn reason(&self) -> &'static str {
        match self {
            Self::TooLarge { .. } => "websocket.too_large",
            Self::Protocol { .. } => "websocket.protocol",
            Self::Interrupted { .. } => "websocket.interrupted",
            // The caller is gone, as where it lets go of an answer.
            Self::Caller(MessageFault::BrokenOff) => "abandoned",
            Self::Caller(_) => "websocket.message",
        }
    }
}

fn is_cut(error: &tokio_tungstenite::tungstenite::error::ProtocolError) -> bool {
    use tokio_tungstenite::tungstenite::error::ProtocolError;
    matches!(error, ProtocolError::ResetWithoutClosingHandshake)
}
