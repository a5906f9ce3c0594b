//! The audit log as the broker writes it: at once, and synced soon after.
//!
//! Lines that come close together share one sync, at most 20 ms after the first of
//! them was written (invariant 11).

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::audit::{AuditError, AuditLog, Event};

/// How long lines are gathered before they are synced together.
const GATHER: Duration = Duration::from_millis(10);

/// An audit log whose lines reach the disk soon.
#[derive(Clone)]
pub struct Journal {
    log: Arc<AuditLog>,
    pending: Arc<AtomicBool>,
}

impl Journal {
    #[must_use]
    pub fn new(log: AuditLog) -> Self {
        Self { log: Arc::new(log), pending: Arc::default() }
    }

    /// Writes a line now and syncs it soon; `settle` is for those without a runtime.
    ///
    /// # Errors
    /// When the line cannot be written; then nothing may be sent.
    pub fn append(&self, event: &Event) -> Result<u64, AuditError> {
        let seq = self.log.append(event)?;
        if let Ok(runtime) = tokio::runtime::Handle::try_current()
            && !self.pending.swap(true, Ordering::AcqRel)
        {
            let journal = self.clone();
            runtime.spawn(async move {
                tokio::time::sleep(GATHER).await;
                journal.pending.store(false, Ordering::Release);
                // A sync that fails is remembered by the log, which then refuses the next line.
                let _ = tokio::task::spawn_blocking(move || journal.log.sync()).await;
            });
        }
        Ok(seq)
    }

    /// Syncs what is written and not yet on the disk.
    ///
    /// # Errors
    /// When the disk does not take it.
    pub fn settle(&self) -> Result<(), AuditError> {
        self.log.sync()
    }
}
