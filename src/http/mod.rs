//! Callers over TCP: the envelope, passthrough for clients that know nothing of this program, WebSockets, agents, and
//! what a caller may use; the first and the last of these, and passthrough, on the callers' unix socket too.
//!
//! On TCP a token says who is calling, always, and no web page gets to say anything: its address and origin are looked
//! at first. No operator's command has a way in here. It decides nothing: what is asked becomes a `Call`, and what the
//! service says becomes an answer.

mod agents;
mod capabilities;
mod careful;
mod credential;
mod door;
mod envelope;
mod error;
mod framing;
mod gateway;
mod headers;
mod held;
mod listen;
mod origin;
mod passthrough;
mod refusal;
mod router;
mod serve;
mod talks;
mod tls;
mod watch;
mod websocket;
mod who;
mod whole;

pub use agents::ServeAgent;
pub use error::GatewayError;
pub use gateway::{Listened, begin};
pub use listen::{Remote, Wanted};
pub use router::on_socket;
