//! Counters of use, for limits and budgets: exact across callers, processes and restarts.
//!
//! They stand in `usage.db` beside the vault. One transaction charges every limit of a request
//! or none of them. The counters' names are keyed hashes, so that the file tells nobody who
//! called what, and a keyed hash vouches for the whole set: a counter that was edited, deleted or
//! swapped is an error, and whoever asked is refused. A running process also notices when the
//! file is replaced or set back to an earlier state. What nobody can notice is that the whole
//! file was set back to an earlier state while no process had it open.
//!
//! Windows begin at multiples of their length since 1970, and time never runs backwards here: a
//! clock that is set back does not open a window again.

mod charge;
mod error;
mod file;
mod key;
mod ledger;

pub use charge::{Charged, Full, Meter, Reservation, Use};
pub use error::MeterError;

#[cfg(test)]
mod tests;
