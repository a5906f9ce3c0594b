//! Waiting for a condition, and never for ever.

use std::thread;
use std::time::{Duration, Instant};

/// The longest that anything in these tests may take.
pub const LIMIT: Duration = Duration::from_secs(60);

/// Looks until `found` finds something.
pub fn until<T>(what: &str, mut found: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + LIMIT;
    loop {
        if let Some(value) = found() {
            return value;
        }
        assert!(Instant::now() < deadline, "waited in vain until {what}");
        thread::sleep(Duration::from_millis(2));
    }
}
