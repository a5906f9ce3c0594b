//! The audit log as the broker writes it: at once, and synced soon after.
//!
//! Lines that come in one turn of a runtime share one write, and those that come close together one sync, at most 20 ms
//! after the first of them was written (invariant 11). The log is opened when the first line is due, so that those who
//! only look at a vault do not wait for it.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use tokio::runtime::{Handle, Id};
use tokio::sync::oneshot;
use zeroize::Zeroizing;

use super::ending::Ending;
use super::metrics::Metrics;
use super::retention::Retention;
use super::waiting::{Line, Waiting};
use crate::audit::{AuditError, AuditKey, AuditLog, Event, Retirement};

/// How long lines are gathered before they are synced together.
const GATHER: Duration = Duration::from_millis(10);

/// An audit log whose lines reach the disk soon.
#[derive(Clone)]
pub struct Journal(Arc<Inner>);

struct Inner {
    folder: PathBuf,
    key: Zeroizing<[u8; 32]>,
    may_begin: bool,
    log: OnceLock<AuditLog>,
    opening: Mutex<()>,
    pending: AtomicBool,
    waiting: Waiting,
    /// Counts what is logged.
    metrics: Arc<Metrics>,
    retention: Retention,
}

impl Inner {
    fn log(&self) -> Result<&AuditLog, AuditError> {
        if let Some(log) = self.log.get() {
            return Ok(log);
        }
        let _one_at_a_time = self.opening.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(log) = self.log.get() {
            return Ok(log);
        }
        let key = AuditKey::new(*self.key);
        let log = if self.may_begin {
            AuditLog::open(&self.folder, key)?
        } else {
            AuditLog::open_existing(&self.folder, key)?
        };
        Ok(self.log.get_or_init(|| log))
    }
}

impl Journal {
    /// The log in `folder`. Only where it `may_begin` is one made that is not there: a
    /// log that went away must be missed.
    #[must_use]
    pub fn new(folder: PathBuf, key: Zeroizing<[u8; 32]>, may_begin: bool, metrics: Arc<Metrics>) -> Self {
        let (log, opening, pending) = (OnceLock::new(), Mutex::default(), AtomicBool::default());
        let (waiting, retention) = (Waiting::default(), Retention::default());
        Self(Arc::new(Inner { folder, key, may_begin, log, opening, pending, waiting, metrics, retention }))
    }

    /// Writes a line now and syncs it soon; `settle` is for those without a runtime.
    ///
    /// # Errors
    /// When the line cannot be written; then nothing may be sent.
    pub fn append(&self, event: &Event) -> Result<u64, AuditError> {
        let seq = self.0.log()?.append(event)?;
        self.0.metrics.saw(event);
        self.sync_soon();
        Ok(seq)
    }

    /// Writes that a call may go out, together with what else is due in this turn of the runtime. It is on record when
    /// this returns, and so will be its end: that of a caller who went away meanwhile too.
    ///
    /// # Errors
    /// As [`Journal::append`].
    pub(super) async fn begin(&self, event: Event) -> Result<Ending, AuditError> {
        let (teller, told) = oneshot::channel();
        self.gather(&Handle::current(), Line { event, teller: Some(teller) });
        // Without a word where the runtime is about to end: then nothing is known of the line.
        told.await.unwrap_or_else(|_| Err(AuditError::Unsynced { folder: self.0.folder.clone() }))
    }

    /// Writes a line that nothing waits for, such as how a call ended: with the next turn's lines.
    pub fn append_later(&self, event: Event) {
        match Handle::try_current() {
            Ok(runtime) => self.gather(&runtime, Line { event, teller: None }),
            // A log that broke refuses the next line that somebody waits for.
            Err(_) => _ = self.append(&event),
        }
    }

    fn gather(&self, runtime: &Handle, line: Line) {
        let id = runtime.id();
        if self.0.waiting.add(id, line) {
            let turn = Turn { journal: self.clone(), runtime: id };
            // Comes after all that is ready to run now.
            runtime.spawn(async move { drop(turn) });
        }
    }

    /// Writes lines at once, and tells those who wait for them.
    fn write_lines(&self, lines: Vec<Line>) {
        if lines.is_empty() {
            return;
        }
        let events = lines.iter().map(|line| &line.event);
        match self.0.log().and_then(|log| log.append_all(events)) {
            Ok(last) => {
                let first = last + 1 - lines.len() as u64;
                (first..).zip(lines).for_each(|(seq, line)| self.tell(line, Ok(seq)));
            }
            // Each hears why its own was not.
            Err(_) => lines.into_iter().for_each(|line| {
                let written = self.0.log().and_then(|log| log.append(&line.event));
                self.tell(line, written);
            }),
        }
    }

    fn tell(&self, Line { event, teller }: Line, written: Result<u64, AuditError>) {
        // A call has ended, whether or not the log could be told.
        if written.is_ok() || teller.is_none() {
            self.0.metrics.saw(&event);
        }
        if let Some(teller) = teller {
            // Of one who has gone, this writes the end.
            drop(teller.send(written.map(|seq| Ending::of(self.clone(), seq, event))));
        }
    }

    fn sync_soon(&self) {
        if let Ok(runtime) = tokio::runtime::Handle::try_current()
            && !self.0.pending.swap(true, Ordering::AcqRel)
        {
            let journal = self.clone();
            runtime.spawn(async move {
                tokio::time::sleep(GATHER).await;
                journal.0.pending.store(false, Ordering::Release);
                // A sync that fails is remembered by the log, which then refuses the next line.
                _ = tokio::task::spawn_blocking(move || journal.settle()).await;
            });
        }
    }

    /// Writes what was to be written later, and syncs what is not yet on the disk.
    ///
    /// # Errors
    /// When the disk does not take it.
    pub fn settle(&self) -> Result<(), AuditError> {
        self.write_lines(self.0.waiting.take_all());
        self.0.log.get().map_or(Ok(()), AuditLog::sync)?;
        if let Some(keep_ms) = self.0.retention.due(&self.0.folder) {
            // What does not hold is kept, and is for `audit verify` to tell.
            _ = self.retire(keep_ms, "aivault");
        }
        Ok(())
    }

    /// How long entries are kept, as the operator says; none: for ever.
    pub fn keep_for(&self, keep_ms: Option<u64>) {
        self.0.retention.keep_for(keep_ms);
    }

    /// Removes the files of the log whose entries are all older than `keep_ms`, in the name of `caller`.
    ///
    /// # Errors
    /// When one of them does not hold, or something cannot be written or removed.
    pub fn retire(&self, keep_ms: u64, caller: &str) -> Result<Option<Retirement>, AuditError> {
        let retired = self.0.log()?.retire(keep_ms, caller)?;
        self.0.log()?.sync()?;
        Ok(retired)
    }
}

/// Writes the lines of a turn when it is dropped: also where the runtime ends before it comes to that.
struct Turn {
    journal: Journal,
    runtime: Id,
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.journal.write_lines(self.journal.0.waiting.take(self.runtime));
        self.journal.sync_soon();
    }
}
