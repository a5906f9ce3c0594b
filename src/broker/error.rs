//! Why a call has no answer. Never holds a secret, a URL or a header's value.

use thiserror::Error;

use super::auth::AuthError;
use super::deadline::TimeLimit;
use super::redact::RedactError;
use super::tokens::TokenError;
use super::upstream::{ClientError, UpstreamError};
use super::websocket::ConversationError;
use crate::audit::AuditError;
use crate::meter::MeterError;
use crate::policy::Denial;
use crate::vault::VaultError;

/// What stopped a call.
#[derive(Debug, Error)]
pub enum BrokerError {
    #[error("{}", .0.message)]
    Denied(Denial),
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// What cannot be recorded is not sent (invariant 11).
    #[error("the call was not sent, because it could not be recorded: {0}")]
    Audit(#[from] AuditError),
    /// What cannot be counted is not sent either.
    #[error("the call was not sent, because a limit applies to it: {0}")]
    Meter(#[from] MeterError),
    #[error("the request could not be authenticated: {0}")]
    Auth(#[from] AuthError),
    #[error(transparent)]
    Token(#[from] TokenError),
    #[error(transparent)]
    Upstream(#[from] UpstreamError),
    /// The caller's own limit.
    #[error("the call did not end within its {} ms; {}", .limit.as_ms(), whether_sent(*.sent))]
    OutOfTime { limit: TimeLimit, sent: bool },
    /// The request was carried out; its answer may not be handed out.
    #[error(transparent)]
    Withheld(#[from] RedactError),
    /// Of a WebSocket that was open.
    #[error(transparent)]
    Conversation(#[from] ConversationError),
    #[error(transparent)]
    Client(#[from] ClientError),
}

fn whether_sent(sent: bool) -> &'static str {
    if sent { "it may have been carried out" } else { "nothing was sent" }
}

impl From<Denial> for BrokerError {
    fn from(denial: Denial) -> Self {
        Self::Denied(denial)
    }
}
