//! Lines of the log that wait for a moment, so that those of one turn of a runtime are written at once.
//!
//! Must never hold a line that nobody is about to fetch.

use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::runtime::Id;
use tokio::sync::oneshot;

use super::ending::Ending;
use crate::audit::{AuditError, Event};

/// A line, and who waits for it.
pub(super) struct Line {
    pub(super) event: Event,
    /// `None` where nobody does.
    pub(super) teller: Option<Teller>,
}

/// Hears that the decision is on record, and how to write its end.
pub(super) type Teller = oneshot::Sender<Result<Ending, AuditError>>;

/// Lines by the runtime that their calls run on: whoever waits is woken on its own thread.
#[derive(Default)]
pub(super) struct Waiting(Mutex<Vec<(Id, Vec<Line>)>>);

impl Waiting {
    /// True for the first line of its turn: somebody must then come for them.
    pub(super) fn add(&self, runtime: Id, line: Line) -> bool {
        let mut all = self.lock();
        match all.iter_mut().find(|(id, _)| *id == runtime) {
            Some((_, lines)) => {
                lines.push(line);
                lines.len() == 1
            }
            None => {
                all.push((runtime, vec![line]));
                true
            }
        }
    }

    pub(super) fn take(&self, runtime: Id) -> Vec<Line> {
        let mut all = self.lock();
        let of_runtime = all.iter_mut().find(|(id, _)| *id == runtime);
        of_runtime.map(|(_, lines)| std::mem::take(lines)).unwrap_or_default()
    }

    pub(super) fn take_all(&self) -> Vec<Line> {
        std::mem::take(&mut *self.lock()).into_iter().flat_map(|(_, lines)| lines).collect()
    }

    fn lock(&self) -> MutexGuard<'_, Vec<(Id, Vec<Line>)>> {
        // A panic elsewhere leaves the list as it was.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
