//! The second line of a permitted call: how it ended, whichever way it did.
//!
//! Made right behind the first line, so that a call that fails, or whose caller goes
//! away at any moment, leaves its end on record too.

use super::error::BrokerError;
use super::journal::Journal;
use super::record;
use super::upstream::UpstreamError;
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
    pub(super) fn of(journal: Journal, decision: u64, event: Event) -> Self {
        Self {
            journal,
            decision,
            caller: event.caller,
            capability: event.capability,
            started: clock::Stopwatch::start(),
            status: None,
            written: false,
        }
    }

    /// The number of the first line.
    pub(super) fn decision(&self) -> u64 {
        self.decision
    }

    /// The upstream's status, when its answer has begun.
    pub(super) fn answered(&mut self, status: u16) {
        self.status = Some(status);
    }

    /// A call that failed; gives the error back.
    pub(super) fn failed(&mut self, error: BrokerError) -> BrokerError {
        self.write(Some(failure(&error)));
        error
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
        // The call is over: nobody waits for this line, and a log that broke meanwhile refuses the next call.
        self.journal.append_later(event);
    }
}

fn failure(error: &BrokerError) -> &'static str {
    match error {
        BrokerError::Denied(denial) => denial.reason.as_str(),
        BrokerError::Vault(_) => "vault",
        BrokerError::Audit(_) => "audit",
        BrokerError::Meter(_) => "usage",
        BrokerError::Auth(_)
        | BrokerError::Upstream(UpstreamError::Identity(_) | UpstreamError::ClientCertificate { .. }) => {
            "auth"
        }
        BrokerError::Token(error) => error.reason(),
        BrokerError::Withheld(error) => error.reason(),
        BrokerError::Client(_) | BrokerError::Upstream(UpstreamError::Client(_)) => "client",
        BrokerError::OutOfTime { .. } => record::OUT_OF_TIME,
        BrokerError::Conversation(error) => error.reason(),
        BrokerError::Upstream(UpstreamError::Timeout { .. }) => "upstream.timeout",
        BrokerError::Upstream(_) => "upstream.unreachable",
    }
}

impl Drop for Ending {
    fn drop(&mut self) {
        self.write(Some("abandoned"));
    }
}
