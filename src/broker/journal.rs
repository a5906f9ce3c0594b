//! The audit log as the broker writes it: at once, and synced soon after.
//!
//! Lines that come close together share one sync, at most 20 ms after the first of
//! them was written (invariant 11). The log is opened when the first line is due, so
//! that those who only look at a vault do not wait for it.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use zeroize::Zeroizing;

use super::retention::Retention;
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
    /// Lines that nobody waits for.
    later: Mutex<Vec<Event>>,
    /// Somebody is about to write those.
    writing: AtomicBool,
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
    pub fn new(folder: PathBuf, key: Zeroizing<[u8; 32]>, may_begin: bool) -> Self {
        let (log, opening, pending) = (OnceLock::new(), Mutex::default(), AtomicBool::default());
        let (later, writing) = (Mutex::default(), AtomicBool::default());
        let retention = Retention::default();
        Self(Arc::new(Inner { folder, key, may_begin, log, opening, pending, later, writing, retention }))
    }

    /// Writes a line now and syncs it soon; `settle` is for those without a runtime.
    ///
    /// # Errors
    /// When the line cannot be written; then nothing may be sent.
    pub fn append(&self, event: &Event) -> Result<u64, AuditError> {
        let log = self.0.log()?;
        let later = self.take_later();
        let seq = log.append_all(later.iter().chain([event]))?;
        self.sync_soon();
        Ok(seq)
    }

    /// Writes a line that nothing waits for, such as how a call ended: with the next line, or as soon as the runtime
    /// comes to it.
    pub fn append_later(&self, event: Event) {
        let Ok(runtime) = tokio::runtime::Handle::try_current() else {
            // A log that broke refuses the next line that somebody waits for.
            _ = self.append(&event);
            return;
        };
        self.later().push(event);
        if !self.0.writing.swap(true, Ordering::AcqRel) {
            let journal = self.clone();
            runtime.spawn(async move {
                journal.0.writing.store(false, Ordering::Release);
                _ = journal.write_later();
            });
        }
    }

    fn write_later(&self) -> Result<(), AuditError> {
        let later = self.take_later();
        if !later.is_empty() {
            self.0.log()?.append_all(&later)?;
            self.sync_soon();
        }
        Ok(())
    }

    fn take_later(&self) -> Vec<Event> {
        std::mem::take(&mut *self.later())
    }

    fn later(&self) -> MutexGuard<'_, Vec<Event>> {
        // A panic elsewhere leaves the list as it was.
        self.0.later.lock().unwrap_or_else(PoisonError::into_inner)
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
        self.write_later()?;
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
