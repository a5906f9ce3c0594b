//! The counters as this process knows them, and changes to them in the making. Pure.

use std::collections::HashMap;

use super::key::{CounterId, Keyed, SetSum, Summary};
use crate::spec::policy::{Limit, Per};

/// How long a counter is kept behind its window that knows what answers cost: 30 days.
const KEEP_LARGEST_MS: u64 = 30 * 86_400_000;
/// Counters of windows long past are looked for once in so many changes.
const PRUNE_EVERY: u64 = 256;

/// No window is after this, so that none ends where numbers do.
const END_OF_TIME_MS: u64 = u64::MAX / 2;

/// What was used of a window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Counter {
    /// When the window ends and the next begins.
    pub(super) ends_ms: u64,
    pub(super) used: u64,
    /// The largest cost that an answer told; 0 before the first.
    pub(super) largest: u64,
}

/// The set that was vouched for.
#[derive(Default)]
pub(super) struct Ledger {
    epoch: u64,
    latest_ms: u64,
    counters: HashMap<CounterId, Counter>,
    sum: SetSum,
}

/// In what the stored set differs from the one that was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wrong {
    NotVouchedFor,
    SetBack { epoch: u64, seen: u64 },
}

/// What is stored: the counters, and what vouches for them.
pub(super) struct Stored {
    pub(super) summary: Summary,
    pub(super) seal: Vec<u8>,
    pub(super) counters: HashMap<CounterId, Counter>,
}

impl Ledger {
    /// The set that is stored now; only what differs from the known one is hashed again.
    pub(super) fn follow(&mut self, keyed: &Keyed, stored: Stored) -> Result<(), Wrong> {
        let Stored { summary, seal, counters } = stored;
        let mut sum = self.sum;
        for (id, counter) in &counters {
            let known = self.counters.get(id);
            if known != Some(counter) {
                known.iter().for_each(|known| sum.toggle(&keyed.term(id, known)));
                sum.toggle(&keyed.term(id, counter));
            }
        }
        for (id, known) in self.counters.iter().filter(|(id, _)| !counters.contains_key(id)) {
            sum.toggle(&keyed.term(id, known));
        }
        if u64::try_from(counters.len()) != Ok(summary.count) || !keyed.vouches(&summary, &sum, &seal) {
            return Err(Wrong::NotVouchedFor);
        }
        self.refuse_older(&summary, &sum)?;
        *self = Self { epoch: summary.epoch, latest_ms: summary.latest_ms, counters, sum };
        Ok(())
    }

    /// A file set back as a whole fits together; only whoever saw it before can tell.
    fn refuse_older(&self, found: &Summary, sum: &SetSum) -> Result<(), Wrong> {
        let same = found.latest_ms == self.latest_ms && *sum == self.sum;
        if found.epoch > self.epoch || found.epoch == self.epoch && same {
            return Ok(());
        }
        Err(Wrong::SetBack { epoch: found.epoch, seen: self.epoch })
    }

    /// Takes in what this process itself committed.
    pub(super) fn absorb(&mut self, change: Change) {
        for (id, counter) in change.counters {
            match counter {
                Some(counter) => self.counters.insert(id, counter),
                None => self.counters.remove(&id),
            };
        }
        (self.epoch, self.latest_ms) = (change.summary.epoch, change.summary.latest_ms);
        self.sum = change.sum;
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.counters.len()
    }
}

/// A finished change: what to write, and what is true once it is.
pub(super) struct Change {
    pub(super) summary: Summary,
    pub(super) seal: [u8; 32],
    /// Those that changed; `None` for those that go.
    pub(super) counters: Vec<(CounterId, Option<Counter>)>,
    sum: SetSum,
}

/// What was taken of a counter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Taken {
    pub(super) ends_ms: u64,
    pub(super) amount: u64,
}

/// A counter without room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Lacking {
    pub(super) used: u64,
    pub(super) amount: u64,
    pub(super) ends_ms: u64,
}

/// A change in the making.
pub(super) struct Draft<'l> {
    ledger: &'l Ledger,
    now_ms: u64,
    changed: HashMap<CounterId, Option<Counter>>,
}

impl<'l> Draft<'l> {
    /// A change at the time that the clock shows, or at that of the last change where that is later.
    pub(super) fn new(ledger: &'l Ledger, now_ms: u64) -> Self {
        let now_ms = now_ms.max(ledger.latest_ms).min(END_OF_TIME_MS);
        Self { ledger, now_ms, changed: HashMap::new() }
    }

    /// Takes the cost of a request. Where only its answer tells that, the largest cost so far is
    /// taken, but no more than there is in all: one that was larger must not shut the limit for ever.
    pub(super) fn take(&mut self, id: CounterId, limit: &Limit, cost: Option<u64>) -> Result<Taken, Lacking> {
        let counter = self.in_force(&id, limit.per);
        let amount = cost.unwrap_or_else(|| counter.largest.min(limit.max).max(1));
        match counter.used.checked_add(amount).filter(|used| *used <= limit.max) {
            Some(used) => {
                self.changed.insert(id, Some(Counter { used, ..counter }));
                Ok(Taken { ends_ms: counter.ends_ms, amount })
            }
            None => Err(Lacking { used: counter.used, amount, ends_ms: counter.ends_ms }),
        }
    }

    /// Puts what an answer told in the place of what was taken for it. A window that is over stays
    /// as it was, and a counter that is gone is not made again.
    pub(super) fn settle(&mut self, id: CounterId, taken: Taken, cost: u64) {
        let Some(mut counter) = self.known(&id) else { return };
        counter.largest = counter.largest.max(cost);
        if counter.ends_ms == taken.ends_ms {
            counter.used = counter.used.saturating_sub(taken.amount).saturating_add(cost);
        }
        self.changed.insert(id, Some(counter));
    }

    pub(super) fn finish(mut self, keyed: &Keyed) -> Change {
        let epoch = self.ledger.epoch + 1;
        if epoch.is_multiple_of(PRUNE_EVERY) {
            self.prune();
        }
        let (mut sum, mut count) = (self.ledger.sum, self.ledger.counters.len() as u64);
        for (id, counter) in &self.changed {
            if let Some(before) = self.ledger.counters.get(id) {
                sum.toggle(&keyed.term(id, before));
                count -= 1;
            }
            if let Some(counter) = counter {
                sum.toggle(&keyed.term(id, counter));
                count += 1;
            }
        }
        let summary = Summary { epoch, latest_ms: self.now_ms, count };
        let seal = keyed.seal(&summary, &sum);
        Change { summary, seal, counters: self.changed.into_iter().collect(), sum }
    }

    /// Since time does not run backwards, a window that is over is never in force again.
    fn prune(&mut self) {
        for (id, counter) in &self.ledger.counters {
            let keep_ms = if counter.largest == 0 { 0 } else { KEEP_LARGEST_MS };
            if counter.ends_ms.saturating_add(keep_ms) <= self.now_ms && !self.changed.contains_key(id) {
                self.changed.insert(*id, None);
            }
        }
    }

    fn known(&self, id: &CounterId) -> Option<Counter> {
        self.changed.get(id).copied().unwrap_or_else(|| self.ledger.counters.get(id).copied())
    }

    /// The counter as it is for the window of now.
    fn in_force(&self, id: &CounterId, per: Per) -> Counter {
        let known = self.known(id);
        if let Some(counter) = known
            && counter.ends_ms > self.now_ms
        {
            return counter;
        }
        let begins_ms = self.now_ms - self.now_ms % per.ms();
        let largest = known.map_or(0, |counter| counter.largest);
        Counter { ends_ms: begins_ms.saturating_add(per.ms()), used: 0, largest }
    }
}
