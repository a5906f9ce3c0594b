//! The counters of one capability.

use std::sync::atomic::{AtomicU64, Ordering};

use super::reasons::{ByReason, Reasons};
use super::{add, read};
use crate::audit::{Event, Outcome};

/// Calls that took no longer than this are counted together, in milliseconds; longer ones behind the last.
pub const BOUNDS_MS: [u64; 12] = [5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 60_000];
const BUCKETS: usize = BOUNDS_MS.len() + 1;
/// What an upstream's status begins with, 1 to 5.
pub const STATUS_CLASSES: usize = 5;

/// A capability's.
pub(super) struct Row {
    name: Box<str>,
    ok: AtomicU64,
    denied: ByReason,
    failed: ByReason,
    statuses: [AtomicU64; STATUS_CLASSES],
    within: [AtomicU64; BUCKETS],
    sum_ms: AtomicU64,
}

/// The same at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CapabilityCounts {
    pub capability: String,
    /// Calls whose answer came whole, whatever the upstream said in it.
    pub ok: u64,
    pub denied: Reasons,
    pub failed: Reasons,
    /// Answers by the first digit of their status.
    pub statuses: [u64; STATUS_CLASSES],
    pub latency: LatencyCounts,
}

/// How long allowed calls took, from the decision to the end of the answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LatencyCounts {
    /// How many stayed within each of the bounds and not within the one before; the last, within none.
    pub within: [u64; BUCKETS],
    pub sum_ms: u64,
}

impl Row {
    pub(super) fn new(name: &str) -> Self {
        Self {
            name: name.into(),
            ok: AtomicU64::new(0),
            denied: ByReason::new(),
            failed: ByReason::new(),
            statuses: [const { AtomicU64::new(0) }; STATUS_CLASSES],
            within: [const { AtomicU64::new(0) }; BUCKETS],
            sum_ms: AtomicU64::new(0),
        }
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn denied(&self, reason: Option<&str>) {
        self.denied.add(reason);
    }

    pub(super) fn ended(&self, event: &Event) {
        match event.outcome {
            Outcome::Ok => add(&self.ok),
            _ => self.failed.add(event.reason.as_deref()),
        }
        let class = event.status.map_or(0, |status| usize::from(status / 100));
        class.checked_sub(1).and_then(|class| self.statuses.get(class)).into_iter().for_each(add);
        let ms = event.duration_ms.unwrap_or_default();
        add(&self.within[BOUNDS_MS.partition_point(|bound| *bound < ms)]);
        self.sum_ms.fetch_add(ms, Ordering::Relaxed);
    }

    pub(super) fn counts(&self) -> CapabilityCounts {
        CapabilityCounts {
            capability: self.name.to_string(),
            ok: read(&self.ok),
            denied: self.denied.counts(),
            failed: self.failed.counts(),
            statuses: std::array::from_fn(|class| read(&self.statuses[class])),
            latency: LatencyCounts {
                within: std::array::from_fn(|bucket| read(&self.within[bucket])),
                sum_ms: read(&self.sum_ms),
            },
        }
    }
}

impl CapabilityCounts {
    pub(super) fn is_empty(&self) -> bool {
        self.latency.count() == 0 && self.denied.told().is_empty()
    }
}

impl LatencyCounts {
    #[must_use]
    pub fn count(&self) -> u64 {
        self.within.iter().sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::Action;

    #[test]
    fn a_bound_belongs_to_what_it_bounds() {
        let row = Row::new("a/b");
        for (ms, bucket) in [(0, 0), (5, 0), (6, 1), (60_000, 11), (60_001, 12), (u64::MAX >> 8, 12)] {
            let before = row.counts().latency.within[bucket];
            let ended = Event::new(1, "c", Action::Response, Outcome::Ok);
            row.ended(&Event { duration_ms: Some(ms), ..ended });
            assert_eq!(row.counts().latency.within[bucket], before + 1, "{ms}");
        }
    }

    #[test]
    fn a_status_of_no_class_is_counted_in_none() {
        let row = Row::new("a/b");
        for status in [Some(99), Some(600), None, Some(101), Some(599)] {
            row.ended(&Event { status, ..Event::new(1, "c", Action::Response, Outcome::Ok) });
        }
        assert_eq!((row.counts().statuses, row.counts().ok), ([1, 0, 0, 0, 1], 5));
    }
}
