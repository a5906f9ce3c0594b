//! How many connections a listener serves at once. Where all places are taken, the connection that has said nothing for
//! longest gives its own up: whoever opens many and says nothing keeps nobody out.
//!
//! A connection is silent until its first request is there; what comes behind that is its surface's to bound.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

/// How long a connection may be silent however many others wait: what an honest client says is on its way by then.
const GRACE: Duration = Duration::from_secs(1);

/// How long one that is sent away may take to go, before another is.
const GOING: Duration = Duration::from_millis(20);

/// The places of one listener, or of several together.
#[derive(Clone)]
pub struct Places {
    free: Arc<Semaphore>,
    silent: Arc<Silent>,
}

/// Those who have said nothing yet, the longest first.
#[derive(Default)]
struct Silent {
    next: AtomicU64,
    since: Mutex<BTreeMap<u64, (Instant, Arc<Notify>)>>,
}

impl Silent {
    fn all(&self) -> MutexGuard<'_, BTreeMap<u64, (Instant, Arc<Notify>)>> {
        // A panic elsewhere leaves the list as it was.
        self.since.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// When the one that is silent for longest may be sent away.
    fn due(&self) -> Option<Instant> {
        self.all().first_key_value().map(|(_, (since, _))| *since + GRACE)
    }

    fn send_longest_away(&self) {
        let mut all = self.all();
        if let Some(first) = all.first_entry().filter(|first| first.get().0 + GRACE <= Instant::now()) {
            first.remove().1.notify_one();
        }
    }
}

impl Places {
    #[must_use]
    pub fn new(most: usize) -> Self {
        Self { free: Arc::new(Semaphore::new(most)), silent: Arc::default() }
    }

    /// A place for the next connection, once there is one.
    pub async fn take(&self) -> Place {
        let mut next = Instant::now();
        loop {
            // With nobody silent, somebody may be by then.
            let due = self.silent.due().unwrap_or_else(|| Instant::now() + GRACE).max(next);
            let free = Arc::clone(&self.free).acquire_owned();
            match tokio::time::timeout_at(due, free).await {
                // The semaphore is never closed.
                Ok(permit) => return self.place(permit.ok()),
                Err(_) => {
                    self.silent.send_longest_away();
                    next = Instant::now() + GOING;
                }
            }
        }
    }

    /// A place beyond those that there are, for one who had connected before nobody could any more.
    #[must_use]
    pub fn one_more(&self) -> Place {
        self.place(None)
    }

    fn place(&self, permit: Option<OwnedSemaphorePermit>) -> Place {
        let number = self.silent.next.fetch_add(1, Ordering::Relaxed);
        let away = Arc::new(Notify::new());
        Place { _permit: permit, number, away, silent: Arc::clone(&self.silent) }
    }
}

/// A connection's place, which is free again when this is dropped.
pub struct Place {
    _permit: Option<OwnedSemaphorePermit>,
    number: u64,
    away: Arc<Notify>,
    silent: Arc<Silent>,
}

impl Place {
    /// Its connection is there, and has said nothing yet.
    pub fn is_taken(&self) {
        self.silent.all().insert(self.number, (Instant::now(), Arc::clone(&self.away)));
    }

    /// Its connection has said something.
    pub fn has_spoken(&self) {
        self.silent.all().remove(&self.number);
    }

    /// Ends when its connection is to go, having been silent for too long while others wait.
    pub async fn is_wanted(&self) {
        self.away.notified().await;
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.has_spoken();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn taken(places: &Places) -> Place {
        let place = places.take().await;
        place.is_taken();
        place
    }

    async fn goes(place: &Place) -> bool {
        tokio::time::timeout(Duration::ZERO, place.is_wanted()).await.is_ok()
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_is_silent_for_longest_makes_room() {
        let places = Places::new(3);
        let spoken = taken(&places).await;
        spoken.has_spoken();
        let (first, second) = (taken(&places).await, taken(&places).await);
        assert!(!goes(&first).await, "nobody waits");
        let waiting = tokio::spawn({
            let places = places.clone();
            async move { taken(&places).await }
        });
        tokio::time::sleep(GRACE / 2).await;
        assert!(!goes(&first).await, "it may still be about to speak");
        first.is_wanted().await;
        assert!(!goes(&second).await && !goes(&spoken).await);
        drop(first);
        waiting.await.unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_has_spoken_stays_however_many_wait() {
        let places = Places::new(1);
        let spoken = taken(&places).await;
        spoken.has_spoken();
        assert!(tokio::time::timeout(GRACE * 100, places.take()).await.is_err());
        assert!(!goes(&spoken).await);
        drop(spoken);
        places.take().await;
    }
}
