//! The threads that serve connections, each with a runtime of its own.
//!
//! A connection stays on one thread from its first byte to its last, and so does what is opened for it: nobody wakes
//! another thread, which costs more than most of what a call does. Must never be given work that waits without
//! yielding: whoever shares the thread waits with it.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::runtime::{Builder, Handle};
use tokio::sync::watch;

/// So many keep no thread busy: they share one, and the connections that are opened for them.
const FEW: usize = 3;

/// The runtimes; cheap to clone.
#[derive(Clone)]
pub struct Workers(Arc<Crew>);

struct Crew {
    workers: Vec<Worker>,
    /// Dropped with the last handle: the threads that were started then end.
    _at_work: watch::Sender<()>,
}

struct Worker {
    runtime: Handle,
    /// How many hold a seat.
    seated: Arc<AtomicUsize>,
}

/// One connection's place at a worker; given back when dropped.
pub struct Seat {
    runtime: Handle,
    seated: Arc<AtomicUsize>,
}

impl Workers {
    /// The runtime that this is called within, and as many threads beside it as make `count`.
    ///
    /// # Errors
    /// When the system gives no more threads.
    pub fn start(count: usize) -> io::Result<Self> {
        let (at_work, ended) = watch::channel(());
        let mut workers = vec![Worker::on(Handle::current())];
        for _ in 1..count {
            workers.push(Worker::on(thread(ended.clone())?));
        }
        Ok(Self(Arc::new(Crew { workers, _at_work: at_work })))
    }

    /// A place where the fewest are; among equals at the runtime that was first there, which alone is in use as long as
    /// there are few.
    #[must_use]
    pub fn seat(&self) -> Seat {
        let seated = |worker: &&Worker| {
            let seated = worker.seated.load(Ordering::Relaxed);
            if seated < FEW { 0 } else { seated }
        };
        // There is always the first.
        let least = self.0.workers.iter().min_by_key(seated).unwrap_or(&self.0.workers[0]);
        least.seated.fetch_add(1, Ordering::Relaxed);
        Seat { runtime: least.runtime.clone(), seated: Arc::clone(&least.seated) }
    }
}

impl Worker {
    fn on(runtime: Handle) -> Self {
        Self { runtime, seated: Arc::default() }
    }
}

impl Seat {
    /// The runtime to spawn `work` on, and that work, which gives the place back when it ends.
    pub fn serving<F: Future>(self, work: F) -> (Handle, impl Future<Output = F::Output>) {
        let runtime = self.runtime.clone();
        let seated = async move {
            let _seat = self;
            work.await
        };
        (runtime, seated)
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.seated.fetch_sub(1, Ordering::Relaxed);
    }
}

/// A thread that runs what its runtime is given, for as long as somebody is there to give.
fn thread(mut ended: watch::Receiver<()>) -> io::Result<Handle> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let handle = runtime.handle().clone();
    let run = move || {
        runtime.block_on(async { while ended.changed().await.is_ok() {} });
    };
    std::thread::Builder::new().name("aivaultd".to_owned()).spawn(run)?;
    Ok(handle)
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    #[tokio::test]
    async fn connections_are_spread_and_one_alone_stays_where_it_was_accepted() {
        let workers = Workers::start(3).unwrap();
        let here = Handle::current().id();
        let seats: Vec<_> = (0..30).map(|_| workers.seat()).collect();
        let ids: Vec<_> = seats.iter().map(|seat| seat.runtime.id()).collect();
        assert_eq!(ids[..FEW], [here; FEW]);
        let mut counts = HashMap::new();
        ids.iter().for_each(|id| *counts.entry(*id).or_insert(0) += 1);
        assert_eq!(counts.into_values().collect::<Vec<_>>(), [10, 10, 10]);
        drop(seats);
        assert_eq!(workers.seat().runtime.id(), here);
    }

    #[tokio::test]
    async fn what_is_spawned_at_a_seat_runs_on_its_thread() {
        let workers = Workers::start(2).unwrap();
        let near: [Seat; FEW] = std::array::from_fn(|_| workers.seat());
        let (near, far) = (&near[0], workers.seat());
        let thread = async || std::thread::current().id();
        assert_eq!(near.runtime.spawn(thread()).await.unwrap(), std::thread::current().id());
        assert_ne!(far.runtime.spawn(thread()).await.unwrap(), std::thread::current().id());
    }
}
