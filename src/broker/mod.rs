//! The straight line of one call: authorise, resolve, record, plan, reveal,
//! authenticate, send, sanitise. Each step consumes what the one before it made.
//!
//! A secret is decrypted only after the decision is on record, only the one that the
//! plan needs, and it is gone when the request has been built. Nothing is sent that
//! was not judged, and nothing comes back unscrubbed.

pub mod auth;
mod ending;
mod error;
mod form;
pub mod guard;
mod headers;
mod invoke;
mod journal;
mod record;
mod reply;
pub mod resolver;
pub mod scrub;
mod upstream;

pub use error::BrokerError;
pub use invoke::{Broker, Desk};
pub use journal::Journal;
pub use reply::{Reply, ReplyBody};
pub use upstream::{CallerBodyFault, CallerStream, RequestBody, UpstreamError};
