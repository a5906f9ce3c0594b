//! Retention: the oldest files go, once the operator keeps entries for so long only.
//!
//! By age alone, so that nobody loses an entry by writing many. What goes was checked before; that it goes is an
//! entry of the log itself; and an authenticated anchor takes the place of what went, before the first file does,
//! so that the rest can be checked as before. A file goes as a whole, with its newest entry, and the one that is
//! written to stays.

use std::path::Path;
use std::sync::Arc;

use crate::platform::append::AppendFile;
use crate::platform::clock::now_ms;
use crate::platform::files;

use super::anchor::{Anchor, first_file};
use super::error::{AuditError, Broken, Problem};
use super::event::{Action, Event, Outcome};
use super::head::Position;
use super::lines::{Lines, LinesBackwards, Piece};
use super::log::{AuditLog, Tail};
use super::names::log_name;
use super::open::{file_broken, head_broken, log_files};
use super::raw;
use super::sweep::sweep;

/// A file is closed once it spans this part of the time that entries are kept: so none outlives that by more.
const SPAN: u64 = 8;

/// What was retired now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retirement {
    pub entries: u64,
    pub files: u32,
    /// The last entry that went.
    pub upto_seq: u64,
}

impl AuditLog {
    /// Removes the files whose entries are all older than `keep_ms`, and says so in the log, in the name of `caller`.
    ///
    /// # Errors
    /// When a file that would go does not hold (then all stay), or when something cannot be written or removed.
    pub fn retire(&self, keep_ms: u64, caller: &str) -> Result<Option<Retirement>, AuditError> {
        let now = now_ms();
        self.close_old_file(now.saturating_sub(keep_ms / SPAN))?;
        let anchor = self.locked(|_| Anchor::load(&self.folder, &self.chain))?;
        self.remove_leftovers(&anchor)?;
        let Some(next) = self.retirable(&anchor, now.saturating_sub(keep_ms))? else { return Ok(None) };
        let next = Anchor { retired_ms: now, ..next };
        let done = Retirement {
            entries: next.link.seq - anchor.link.seq,
            files: next.first - anchor.first,
            upto_seq: next.link.seq,
        };
        let request = self.append(&told(&done, caller, Outcome::Requested, None))?;
        self.sync()?;
        self.locked(|_| {
            // Whoever was faster has retired them, or more.
            match Anchor::load(&self.folder, &self.chain)? {
                current if current.first < next.first => next.store(&self.folder, &self.chain),
                _ => Ok(()),
            }
        })?;
        self.remove_leftovers(&next)?;
        self.append(&told(&done, caller, Outcome::Ok, Some(request)))?;
        Ok(Some(done))
    }

    /// Does `act` as the only writer, with all that others wrote taken in.
    fn locked<T>(&self, act: impl FnOnce(&mut Tail) -> Result<T, AuditError>) -> Result<T, AuditError> {
        let mut tail = self.tail();
        let _lock = self.head_file.lock()?;
        self.catch_up(&mut tail)?;
        act(&mut tail)
    }

    /// Begins a new file when the one that is written to began before `before_ms`.
    fn close_old_file(&self, before_ms: u64) -> Result<(), AuditError> {
        self.locked(|tail| {
            let is_old = oldest(&tail.log, tail.at.end)?.is_some_and(|oldest| oldest < before_ms);
            if is_old { self.begin_next_file(tail) } else { Ok(()) }
        })
    }

    /// The anchor behind the files that may go, each of which holds; none when none may.
    fn retirable(&self, anchor: &Anchor, before_ms: u64) -> Result<Option<Anchor>, AuditError> {
        let last = self.locked(|tail| Ok(tail.at.file))?;
        let mut next = *anchor;
        while next.first < last {
            let log = AppendFile::open_read_only(&self.folder.join(log_name(next.first)))?;
            if newest(&log)?.is_none_or(|newest| newest >= before_ms) {
                break;
            }
            let swept = sweep(&self.chain, &log, next.position(), log.len()?, &[])?;
            let swept = swept.ok_or_else(|| does_not_hold(next.first))?;
            if swept.newest_ms >= before_ms {
                break;
            }
            next = Anchor { first: next.first + 1, link: swept.at.link, ..next };
        }
        Ok((next.first > anchor.first).then_some(next))
    }

    fn remove_leftovers(&self, anchor: &Anchor) -> Result<(), AuditError> {
        for number in log_files(&self.folder)?.into_iter().filter(|number| *number < anchor.first) {
            files::remove(&self.folder.join(log_name(number)))?;
        }
        Ok(())
    }

    /// Moves on from a file that was retired while this process had it open.
    pub(super) fn skip_retired(&self, tail: &mut Tail) -> Result<bool, AuditError> {
        let anchor = Anchor::load(&self.folder, &self.chain)?;
        if anchor.first <= tail.at.file {
            return Ok(false);
        }
        if anchor.link.seq < tail.at.link.seq {
            return Err(head_broken(Problem::Forked));
        }
        let at: Position = anchor.position();
        let log = AppendFile::open_existing(&self.folder.join(log_name(at.file)))
            .map_err(|error| if error.is_missing() { missing(at.file) } else { error.into() })?;
        (tail.log, tail.at) = (Arc::new(log), at);
        Ok(true)
    }
}

/// Whether there may be something to retire: for those who do not want to open the log to find out.
///
/// # Errors
/// When the folder cannot be read.
pub fn may_retire(folder: &Path, keep_ms: u64) -> Result<bool, AuditError> {
    let first = first_file(folder)?;
    let numbers = log_files(folder)?;
    if numbers.first().is_some_and(|number| *number < first) {
        return Ok(true);
    }
    let Some(number) = numbers.first() else { return Ok(false) };
    let log = AppendFile::open_read_only(&folder.join(log_name(*number)))?;
    let oldest = oldest(&log, log.len()?)?;
    Ok(oldest.is_some_and(|oldest| oldest < now_ms().saturating_sub(keep_ms / SPAN)))
}

fn oldest(log: &AppendFile, end: u64) -> Result<Option<u64>, AuditError> {
    Ok(match Lines::between(log, 0, end).next()? {
        Piece::Line(text) => raw::time_of(text),
        _ => None,
    })
}

fn newest(log: &AppendFile) -> Result<Option<u64>, AuditError> {
    Ok(match LinesBackwards::of(log)?.next()? {
        (Piece::Line(text), _) => raw::time_of(text),
        _ => None,
    })
}

fn told(done: &Retirement, caller: &str, outcome: Outcome, decision: Option<u64>) -> Event {
    let Retirement { entries, files, upto_seq } = done;
    let detail = format!("{entries} entries up to {upto_seq} in {files} files");
    Event { detail: Some(detail), decision, ..Event::new(now_ms(), caller, Action::AuditRetire, outcome) }
}

fn does_not_hold(number: u32) -> AuditError {
    Broken { file: log_name(number), line: 0, seq: 0, problem: Problem::Edited }.into()
}

fn missing(number: u32) -> AuditError {
    file_broken(number, Problem::FileMissing)
}
