//! Times of many calls, in a few numbers.

use std::time::Duration;

#[derive(Clone, Copy)]
pub(super) struct Summary {
    pub(super) count: usize,
    pub(super) median: Duration,
    p99: Duration,
}

impl Summary {
    pub(super) fn of(mut times: Vec<Duration>) -> Self {
        times.sort_unstable();
        let at = |part: f64| times[((times.len() - 1) as f64 * part) as usize];
        Self { count: times.len(), median: at(0.5), p99: at(0.99) }
    }

    pub(super) fn median_ms(&self) -> f64 {
        self.median.as_secs_f64() * 1e3
    }

    pub(super) fn p99_ms(&self) -> f64 {
        self.p99.as_secs_f64() * 1e3
    }
}

pub(super) fn ratio(one: Duration, other: Duration) -> f64 {
    one.as_secs_f64() / other.as_secs_f64()
}
