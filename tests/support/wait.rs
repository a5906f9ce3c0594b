//! Waiting for a condition, and never for ever.

use std::thread;
use std::time::{Duration, Instant};

/// The longest that anything in these tests may take.
pub const LIMIT: Duration = Duration::from_secs(60);

/// Looks until `found` finds something.
#[track_caller]
pub fn until<T>(what: &str, found: impl FnMut() -> Option<T>) -> T {
    within(LIMIT, found).unwrap_or_else(|| panic!("waited in vain until {what}"))
}

/// Looks until `found` finds something, but no longer than `limit`.
pub fn within<T>(limit: Duration, mut found: impl FnMut() -> Option<T>) -> Option<T> {
    let deadline = Instant::now() + limit;
    loop {
        match found() {
            None if Instant::now() < deadline => thread::sleep(Duration::from_millis(2)),
            last => return last,
        }
    }
}
