//! The second line of a permitted call: how it ended, whichever way it did.
//!
//! Made right behind the first line, so that a call that fails, or whose caller goes
//! away at any moment, leaves its end on record too.

use super::journal::Journal;
use crate::audit::{Action, Event, Outcome};
use crate::platform::clock;

/// Writes exactly one line: by `write`, or when it is dropped.
pub(super) struct Ending {
    journal: Journal,
    decision: u64,
    caller: String,
    capability: Option<String>,
    started: clock::Stopwatch,
    status: Option<u16>,
    written: bool,
}

impl Ending {
    /// The end of the call whose decision is `event`, logged as entry `decision`.
    pub(super) fn of(journal: Journal, decision: u64, event: &Event) -> Self {
        Self {
            journal,
            decision,
            caller: event.caller.clone(),
            capability: event.capability.clone(),
            started: clock::Stopwatch::start(),
            status: None,
            written: false,
        }
    }

    /// The upstream's status, when its answer has begun.
    pub(super) fn answered(&mut self, status: u16) {
        self.status = Some(status);
    }

    /// An answer that came whole (`reason` is none), or why there is none.
    pub(super) fn write(&mut self, reason: Option<&str>) {
        if self.written {
            return;
        }
        self.written = true;
        let outcome = if reason.is_none() { Outcome::Ok } else { Outcome::Failed };
        let event = Event {
            capability: self.capability.take(),
            decision: Some(self.decision),
            status: self.status,
            duration_ms: Some(self.started.elapsed_ms()),
            reason: reason.map(str::to_owned),
            ..Event::new(clock::now_ms(), std::mem::take(&mut self.caller), Action::Response, outcome)
        };
        // The call is over; a log that broke meanwhile refuses the next one.
        let _ = self.journal.append(&event);
    }
}

impl Drop for Ending {
    fn drop(&mut self) {
        self.write(Some("abandoned"));
    }
}
