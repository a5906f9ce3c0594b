//! What time it is, how long something took, and waiting.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Milliseconds since 1970-01-01 00:00 UTC; 0 on a machine whose clock stands before that.
///
/// Wall-clock time may jump either way: never subtract two readings, use a [`Stopwatch`].
#[must_use]
pub fn now_ms() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, whole_ms)
}

/// Puts the calling thread to sleep. Not for asynchronous code, which it would block.
pub fn pause_ms(ms: u64) {
    std::thread::sleep(Duration::from_millis(ms));
}

/// Measures elapsed time on the monotonic clock.
#[derive(Debug, Clone, Copy)]
pub struct Stopwatch {
    started: Instant,
}

impl Stopwatch {
    #[must_use]
    pub fn start() -> Self {
        Self { started: Instant::now() }
    }

    /// Whole milliseconds since [`Stopwatch::start`].
    #[must_use]
    pub fn elapsed_ms(&self) -> u64 {
        whole_ms(self.started.elapsed())
    }
}

fn whole_ms(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_unit_is_the_millisecond() {
        let year_2020 = 1_577_836_800_000;
        let year_2200 = 7_258_118_400_000;
        assert!((year_2020..year_2200).contains(&now_ms()));
    }

    #[test]
    fn a_stopwatch_counts_at_least_the_pause() {
        let watch = Stopwatch::start();
        pause_ms(3);
        assert!(watch.elapsed_ms() >= 3);
    }
}
