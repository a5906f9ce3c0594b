//! What is counted while calls are made: by capability and outcome, how long they took, connections and tokens.
//!
//! Counted is what the audit log is told, at the moment that it is, so that the two say the same. That takes a look-up
//! and a few additions: no lock is taken and nothing is made, but a capability's counters at its first call. No text of
//! a caller's becomes a name here: what is neither in the registry nor the operator's own is counted together.

pub(in crate::broker) mod connections;
mod reasons;
mod row;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};

use crate::audit::{Action, Event, Outcome};
use crate::platform::clock::{self, Stopwatch};
use row::Row;

pub use connections::ConnectionCounts;
pub use reasons::Reasons;
pub use row::{BOUNDS_MS, CapabilityCounts, LatencyCounts, STATUS_CLASSES};

/// More capabilities of the operator's own than this are counted with those that nobody knows.
const MOST_OWN: usize = 256;
/// What those are called. No capability is: its name has a slash.
const OTHER: &str = "other";

/// The capabilities of the registry, each by a number of its own.
#[derive(Clone, Copy)]
pub struct Known {
    pub count: usize,
    pub number: fn(&str) -> Option<usize>,
}

/// The counters of a process.
pub struct Metrics {
    known: Known,
    rows: Box<[OnceLock<Row>]>,
    /// Those of the operator's own providers, filled from the front.
    own: Box<[OnceLock<Row>]>,
    admitting: Mutex<()>,
    other: Row,
    begun: AtomicU64,
    ended: AtomicU64,
    tokens_fetched: AtomicU64,
    tokens_not_fetched: AtomicU64,
    callers_refused: AtomicU64,
    started_ms: u64,
    running: Stopwatch,
}

/// All counters at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counts {
    /// Of each capability that was ever called.
    pub capabilities: Vec<CapabilityCounts>,
    /// Calls that were allowed and have not ended.
    pub in_flight: u64,
    /// Access tokens of providers.
    pub tokens_fetched: u64,
    pub tokens_not_fetched: u64,
    /// Callers whose token is none, or none any more.
    pub callers_refused: u64,
    pub connections: ConnectionCounts,
    pub started_ms: u64,
    pub uptime_ms: u64,
}

impl Metrics {
    #[must_use]
    pub fn new(known: Known) -> Self {
        let empty = |count| std::iter::repeat_with(OnceLock::new).take(count).collect();
        Self {
            known,
            rows: empty(known.count),
            own: empty(MOST_OWN),
            admitting: Mutex::default(),
            other: Row::new(OTHER),
            begun: AtomicU64::new(0),
            ended: AtomicU64::new(0),
            tokens_fetched: AtomicU64::new(0),
            tokens_not_fetched: AtomicU64::new(0),
            callers_refused: AtomicU64::new(0),
            started_ms: clock::now_ms(),
            running: Stopwatch::start(),
        }
    }

    /// Has capabilities of the operator's own counted under their names.
    pub fn admit<'a>(&self, own: impl IntoIterator<Item = &'a str>) {
        let _one_at_a_time = self.admitting.lock().unwrap_or_else(PoisonError::into_inner);
        for id in own {
            // The first that is free, or taken by this very one.
            let place = self.own.iter().find(|slot| slot.get().is_none_or(|row| row.name() == id));
            place.into_iter().for_each(|slot| _ = slot.get_or_init(|| Row::new(id)));
        }
    }

    /// Counts what the log was just told.
    pub fn saw(&self, event: &Event) {
        match (event.action, event.outcome) {
            (Action::Invoke, Outcome::Allowed) => add(&self.begun),
            (Action::Invoke, Outcome::Denied) => self.row(event).denied(event.reason.as_deref()),
            (Action::Response, Outcome::Ok | Outcome::Failed) => {
                add(&self.ended);
                self.row(event).ended(event);
            }
            (Action::TokenFetch, Outcome::Ok) => add(&self.tokens_fetched),
            (Action::TokenFetch, Outcome::Failed) => add(&self.tokens_not_fetched),
            _ => {}
        }
    }

    /// Counts a caller whose token is not taken; the log is not told of each.
    pub fn refused_caller(&self) {
        add(&self.callers_refused);
    }

    fn row(&self, event: &Event) -> &Row {
        let id = event.capability.as_deref().unwrap_or_default();
        if let Some(slot) = (self.known.number)(id).and_then(|number| self.rows.get(number)) {
            return slot.get_or_init(|| Row::new(id));
        }
        let own = self.own.iter().map_while(OnceLock::get);
        own.into_iter().find(|row| row.name() == id).unwrap_or(&self.other)
    }

    /// All of it as it stands, in an order that does not change.
    #[must_use]
    pub fn counts(&self) -> Counts {
        let ended = read(&self.ended);
        let rows = self.rows.iter().chain(&self.own).filter_map(OnceLock::get).chain([&self.other]);
        let mut capabilities: Vec<_> = rows.map(Row::counts).filter(|counts| !counts.is_empty()).collect();
        capabilities.sort_by(|one, other| one.capability.cmp(&other.capability));
        Counts {
            capabilities,
            // One that begins meanwhile counts, and one that ends still does.
            in_flight: read(&self.begun).saturating_sub(ended),
            tokens_fetched: read(&self.tokens_fetched),
            tokens_not_fetched: read(&self.tokens_not_fetched),
            callers_refused: read(&self.callers_refused),
            connections: connections::counts(),
            started_ms: self.started_ms,
            uptime_ms: self.running.elapsed_ms(),
        }
    }
}

fn add(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}

fn read(counter: &AtomicU64) -> u64 {
    counter.load(Ordering::Relaxed)
}

#[cfg(test)]
mod tests {
    use super::*;

    const KNOWN: Known = Known {
        count: 2,
        number: |id| match id {
            "a/one" => Some(0),
            "a/two" => Some(1),
            _ => None,
        },
    };

    fn event(action: Action, outcome: Outcome, capability: &str) -> Event {
        Event { capability: Some(capability.to_owned()), ..Event::new(1, "nobody", action, outcome) }
    }

    fn answered(capability: &str, status: u16, duration_ms: u64) -> Event {
        Event {
            status: Some(status),
            duration_ms: Some(duration_ms),
            ..event(Action::Response, Outcome::Ok, capability)
        }
    }

    fn refused(capability: &str, reason: &str) -> Event {
        Event { reason: Some(reason.to_owned()), ..event(Action::Invoke, Outcome::Denied, capability) }
    }

    #[test]
    fn calls_are_counted_by_capability_outcome_and_reason() {
        let metrics = Metrics::new(KNOWN);
        for _ in 0..3 {
            metrics.saw(&event(Action::Invoke, Outcome::Allowed, "a/one"));
        }
        metrics.saw(&answered("a/one", 200, 7));
        let failed = Event { reason: Some("upstream.timeout".to_owned()), ..answered("a/one", 503, 60_001) };
        metrics.saw(&Event { outcome: Outcome::Failed, ..failed });
        metrics.saw(&refused("a/one", "forbid.matched"));
        metrics.saw(&refused("a/one", "capability.path"));
        let counts = metrics.counts();
        assert_eq!((counts.in_flight, counts.capabilities.len()), (1, 1));
        let one = &counts.capabilities[0];
        assert_eq!((one.capability.as_str(), one.ok), ("a/one", 1));
        assert_eq!(one.denied.told(), [("capability", 1), ("forbid", 1)]);
        assert_eq!(one.failed.told(), [("upstream", 1)]);
        assert_eq!(one.statuses, [0, 1, 0, 0, 1]);
        assert_eq!((one.latency.sum_ms, one.latency.count()), (60_008, 2));
        assert_eq!((one.latency.within[1], one.latency.within[BOUNDS_MS.len()]), (1, 1));
    }

    #[test]
    fn what_nobody_knows_has_one_name() {
        let metrics = Metrics::new(KNOWN);
        for text in ["evil\"} 1\naivault_up 0", "b/own", "", "a/one "] {
            metrics.saw(&refused(text, "capability.unknown"));
        }
        metrics.admit(["b/own", "b/own", "b/more"]);
        metrics.saw(&refused("b/own", "evil\"reason"));
        let names: Vec<_> = metrics
            .counts()
            .capabilities
            .iter()
            .map(|one| (one.capability.clone(), one.denied.told()))
            .collect();
        assert_eq!(
            names,
            [("b/own".to_owned(), vec![("other", 1)]), ("other".to_owned(), vec![("capability", 4)])]
        );
    }

    #[test]
    fn there_is_room_for_so_many_and_no_more() {
        let metrics = Metrics::new(KNOWN);
        let names: Vec<String> = (0..MOST_OWN + 5).map(|number| format!("own/c{number}")).collect();
        metrics.admit(names.iter().map(String::as_str));
        names.iter().for_each(|name| metrics.saw(&refused(name, "token.scope")));
        let counts = metrics.counts().capabilities;
        assert_eq!(counts.len(), MOST_OWN + 1);
        let other = counts.iter().find(|one| one.capability == OTHER).unwrap();
        assert_eq!(other.denied.told(), [("token", 5)]);
    }

    #[test]
    fn tokens_are_counted_and_nothing_else_is() {
        let metrics = Metrics::new(KNOWN);
        for outcome in [Outcome::Requested, Outcome::Ok, Outcome::Failed, Outcome::Ok] {
            metrics.saw(&event(Action::TokenFetch, outcome, "a/one"));
            metrics.saw(&event(Action::SecretCreate, outcome, "a/one"));
        }
        metrics.refused_caller();
        let counts = metrics.counts();
        assert_eq!((counts.tokens_fetched, counts.tokens_not_fetched, counts.callers_refused), (2, 1, 1));
        assert!(counts.capabilities.is_empty());
    }
}
