//! The decision point: a raw `Call` becomes a canonical `Request`, and that becomes
//! `Allowed` or a `Denial`.
//!
//! Pure and total: no I/O, clock, environment or randomness; the same values always
//! give the same answer, and what cannot be read counts against the request. A
//! secret is never in sight here.

mod authorise;
mod call;
mod caller;
mod denial;
pub mod parameter;
mod request;
mod trace;

pub use authorise::{Allowed, Catalog, Granted, authorise, most_specific, unknown_capability};
pub use call::{Call, Defaults};
pub use caller::Caller;
pub use denial::{Denial, Reason};
pub use request::{HeaderField, Request};
pub use trace::Trace;

#[cfg(test)]
mod tests;
