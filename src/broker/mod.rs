//! The straight line of one call: authorise, resolve, record, plan, reveal,
//! authenticate, send, sanitise. Each step consumes what the one before it made.
//!
//! A secret is decrypted only after the decision is on record, only the one that the
//! plan needs, and it is gone when the request has been built. Nothing is sent that
//! was not judged, and nothing comes back unscrubbed.

mod approvals;
pub mod auth;
mod bearer;
mod deadline;
mod decide;
mod discharge;
mod ending;
mod error;
mod form;
mod format;
mod gather;
pub mod guard;
mod headers;
mod identity;
mod invoke;
mod journal;
mod limits;
mod lines;
pub mod metrics;
mod opening;
mod record;
mod redact;
mod redirect;
mod reply;
pub mod resolver;
mod retention;
mod reveal;
mod rulebook;
pub mod scrub;
mod signed_body;
mod spans;
mod standing;
mod tally;
mod tokens;
mod upstream;
mod waiting;
mod websocket;
mod whole;

pub use approvals::{Answer, ApprovalError, Approvals, AskingRule, Question};
pub use deadline::TimeLimit;
pub use error::BrokerError;
pub use identity::IdentityError;
pub use invoke::{Broker, Desk, Shelf};
pub use journal::Journal;
pub use limits::Limits;
pub use redact::RedactError;
pub use reply::{Reply, ReplyBody};
pub use retention::kept_ms;
pub use rulebook::Rulebook;
pub use tokens::{Consent, DeviceCode, Exchanged, Login, Proof, TokenError};
pub use upstream::{
    CallerBodyFault, CallerStream, ClientError, EgressError, EgressProxy, RequestBody, UpstreamError,
    count_authorities,
};
pub use websocket::{
    CallerMessages, Close, Conversation, ConversationError, MAX_MESSAGE, Message, MessageFault, Opened,
};
