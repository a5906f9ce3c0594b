//! Following the log to its end: what other processes appended, and what a crash left.
//!
//! A process may die between its line and the head, or within its line. The machine may
//! go down with lines in memory that the head on the disk already speaks of. Both are
//! mended, with a line that says so; everything else that does not fit is an error.

use std::sync::Arc;

use crate::platform::append::{AppendError, AppendFile};
use crate::platform::clock::now_ms;

use super::error::{AuditError, Problem};
use super::event::{Action, Event, Outcome};
use super::head::Head;
use super::line;
use super::log::{AuditLog, Tail};
use super::names::log_name;
use super::open::{file_broken, head_broken};
use super::walk::{Stop, walk};

impl AuditLog {
    /// Moves `tail` behind the last line there is. `machine_went_down` since the head was
    /// written: then, and only then, lines behind the last sync may be missing.
    ///
    /// The caller holds the lock, so that nobody is in the middle of a line.
    pub(super) fn follow(&self, tail: &mut Tail, machine_went_down: bool) -> Result<(), AuditError> {
        let goal = tail.head.written;
        let known = tail.at.link;
        if goal.link.seq < known.seq || (goal.link.seq == known.seq && goal.link != known) {
            return Err(head_broken(Problem::Forked));
        }
        loop {
            let end = match tail.log.len() {
                Err(AppendError::Displaced { .. }) if self.skip_retired(tail)? => continue,
                end => end?,
            };
            if end < tail.at.end {
                return Err(tail.broken(Problem::Truncated { written: goal.link.seq }));
            }
            let epoch = &mut tail.head.epoch;
            let stop = walk(&self.chain, &tail.log, &mut tail.at, end, |passed, line| {
                let is_goal = passed.link.seq == goal.link.seq;
                if passed.link.seq > goal.link.seq {
                    // The head does not know this line, and so not its epoch.
                    *epoch = (*epoch).max(line::epoch_of(line).unwrap_or(0));
                }
                if is_goal && passed.link != goal.link { Err(Problem::Forked) } else { Ok(()) }
            })?;
            if tail.at.file == goal.file {
                return self.settle(tail, stop, end, machine_went_down);
            }
            self.enter_next_file(tail, stop)?;
        }
    }

    /// Another process has begun a new file; the one before it is complete.
    fn enter_next_file(&self, tail: &mut Tail, stop: Stop) -> Result<(), AuditError> {
        match stop {
            Stop::End => {}
            Stop::Unfinished => return Err(tail.broken(Problem::Malformed)),
            Stop::Wrong { problem, .. } => return Err(tail.broken(problem)),
        }
        let at = tail.at.in_next_file();
        match AppendFile::open_existing(&self.folder.join(log_name(at.file))) {
            Ok(log) => (tail.log, tail.at) = (Arc::new(log), at),
            Err(error) if error.is_missing() && !self.skip_retired(tail)? => {
                return Err(file_broken(at.file, Problem::FileMissing));
            }
            // It was retired.
            Err(error) if error.is_missing() => {}
            Err(error) => return Err(error.into()),
        }
        Ok(())
    }

    /// Judges what stands behind the last line that holds, in a file of `end` bytes.
    fn settle(
        &self,
        tail: &mut Tail,
        stop: Stop,
        end: u64,
        machine_went_down: bool,
    ) -> Result<(), AuditError> {
        let written = tail.head.written;
        let lost = written.link.seq.saturating_sub(tail.at.link.seq);
        match stop {
            Stop::Wrong { zeros: true, .. } if machine_went_down => {}
            Stop::Wrong { problem, .. } => return Err(tail.broken(problem)),
            Stop::Unfinished if lost > 0 && !machine_went_down && end >= written.end => {
                return Err(tail.broken(Problem::Malformed));
            }
            Stop::End | Stop::Unfinished => {}
        }
        if lost > 0 && !machine_went_down {
            return Err(tail.broken(Problem::Truncated { written: written.link.seq }));
        }
        let leftover = end - tail.at.end;
        if lost > 0 || leftover > 0 {
            return self.repair(tail, lost, leftover);
        }
        if tail.at == written {
            return Ok(());
        }
        // A writer ended between its line and the head.
        self.write_head(tail, Head { boot: self.boot, written: tail.at, ..tail.head })
    }

    fn repair(&self, tail: &mut Tail, lost: u64, leftover: u64) -> Result<(), AuditError> {
        tail.log.cut(tail.at.end)?;
        let last = tail.at.link.seq;
        let (reason, what) = if lost > 0 {
            ("entries-lost", format!("{lost} entries after {last} were lost when the machine went down"))
        } else {
            ("unfinished-entry", format!("a writer ended in the middle of an entry after {last}"))
        };
        let note = Event {
            reason: Some(reason.to_owned()),
            detail: Some(format!("{what}; {leftover} bytes cut")),
            ..Event::new(now_ms(), "aivault", Action::AuditRepair, Outcome::Ok)
        };
        self.write(tail, [&note]).map(drop)
    }
}
