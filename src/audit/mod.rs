//! The decision log: who asked for what, what was answered, in a keyed hash chain.
//!
//! A folder holds `log-000001.jsonl` and its successors, one JSON object a line,
//! and `head`, which says how far the log has come. Each line carries an
//! HMAC-SHA256 over the line before it and itself (the forward chaining of
//! Schneier and Kelsey, "Secure Audit Logs to Support Computer Forensics", 1999,
//! with a fixed key), and `head` one of its own, so that an edited, deleted,
//! moved, repeated or cut-off line shows.
//!
//! What is out of reach: whoever may write the folder can put a whole older copy
//! of it in place, or none. A process that has the log open notices; a later one
//! can not, unless the last entry of [`verify`]'s report is kept elsewhere. The head also
//! keeps how far the vault had come, so that a vault set back without its log shows.
//!
//! The operator may retire the oldest files; an `anchor` then says where the log begins. A checkpoint is a head that
//! is signed, so that it can be kept, and believed, elsewhere.
//!
//! This module must never log a body, a header's value or a secret, never delete a
//! line that was acknowledged before the operator's retention says so, never go on where it could not write, and has no
//! switch that turns it off.

mod anchor;
mod chain;
mod checkpoint;
mod error;
mod event;
mod follow;
mod head;
mod key;
mod line;
mod lines;
mod log;
mod names;
mod open;
mod query;
mod raw;
mod read;
mod restart;
mod retire;
mod stats;
mod sweep;
mod text;
mod verify;
mod walk;

#[cfg(test)]
mod append_tests;
#[cfg(test)]
mod recovery_tests;
#[cfg(test)]
mod retire_tests;
#[cfg(test)]
mod tamper_tests;
#[cfg(test)]
mod test_folder;

pub use checkpoint::{Checkpoint, CheckpointError, checkpoint};
pub use error::{AuditError, Broken, Problem};
pub use event::{Action, Event, Outcome};
pub use key::AuditKey;
pub use log::AuditLog;
pub use open::last_epoch;
pub use query::Query;
pub use read::{Damaged, Entry, Place, Recent, read};
pub use restart::set_aside;
pub use retire::{Retirement, may_retire};
pub use stats::{Calls, OfCapability, Stats, stats};
pub use text::printable;
pub use verify::{Report, Retired, check_from, verify};
