//! One file's lines, checked by several threads at once.
//!
//! A line's mac is over the mac that stands in the line before it, so that stretches of a file can be checked
//! each for itself: where all of them hold, and each begins with the link that the one before ends with, the
//! whole chain holds. Where anything does not, nothing is said: who walks the file then finds the first wrong line.

use std::thread;

use memchr::memmem::Finder;
use memchr::{memchr, memrchr};

use crate::platform::append::{AppendError, AppendFile};

use super::chain::{Chain, Link};
use super::head::Position;
use super::line::{self, MAX_LINE};
use super::raw;
use super::walk::{Stop, walk};

/// Less than this is not worth a thread.
const STRETCH: u64 = 2 * 1024 * 1024;
const MOST_THREADS: usize = 8;

/// No other line can hold these bytes: within a JSON string the quotes would be escaped.
const REPAIR: &[u8] = br#""action":"audit.repair""#;

/// A file, or a stretch of one, that holds.
pub(super) struct Swept {
    pub(super) at: Position,
    /// The entries that tell of repairs.
    pub(super) repairs: Vec<u64>,
    /// The latest time of any line: clocks may have been set back since.
    pub(super) newest_ms: u64,
}

/// Finds the lines that tell of a repair.
pub(super) struct Repairs(Finder<'static>);

impl Repairs {
    pub(super) fn finder() -> Self {
        Self(Finder::new(REPAIR))
    }

    pub(super) fn is_one(&self, line: &[u8]) -> bool {
        self.0.find(line).is_some()
    }
}

/// Checks from `from` to the file's byte `end`, and that whatever has the number of one of `musts` is that one;
/// none when something does not hold.
pub(super) fn sweep(
    chain: &Chain,
    log: &AppendFile,
    from: Position,
    end: u64,
    musts: &[Link],
) -> Result<Option<Swept>, AppendError> {
    let Some(begins) = begins(log, from, end)? else { return Ok(None) };
    if let [only] = begins[..] {
        return stretch(chain, log, only, end, musts);
    }
    let ends = begins.iter().skip(1).map(|begin| begin.end).chain([end]);
    let stretches: Vec<(Position, u64)> = begins.iter().copied().zip(ends).collect();
    let swept = thread::scope(|scope| {
        let started: Vec<_> = stretches
            .iter()
            .map(|&(begin, end)| scope.spawn(move || stretch(chain, log, begin, end, musts)))
            .collect();
        // A thread that panicked has checked nothing.
        started.into_iter().map(|thread| thread.join().unwrap_or(Ok(None))).collect::<Result<Vec<_>, _>>()
    })?;
    Ok(joined(&begins, swept))
}

fn joined(begins: &[Position], swept: Vec<Option<Swept>>) -> Option<Swept> {
    let mut whole = Swept { at: *begins.first()?, repairs: Vec::new(), newest_ms: 0 };
    for (begin, stretch) in begins.iter().zip(swept) {
        if *begin != whole.at {
            return None;
        }
        let Swept { at, repairs, newest_ms } = stretch?;
        whole.at = at;
        whole.newest_ms = whole.newest_ms.max(newest_ms);
        whole.repairs.extend(repairs);
    }
    Some(whole)
}

fn stretch(
    chain: &Chain,
    log: &AppendFile,
    begin: Position,
    end: u64,
    musts: &[Link],
) -> Result<Option<Swept>, AppendError> {
    let (finder, mut repairs, mut at) = (Repairs::finder(), Vec::new(), begin);
    let (mut is_other, mut newest_ms) = (false, 0);
    let stop = walk(chain, log, &mut at, end, |passed, text| {
        is_other |= musts.iter().any(|must| must.seq == passed.link.seq && *must != passed.link);
        if finder.is_one(text) {
            repairs.push(passed.link.seq);
        }
        newest_ms = newest_ms.max(raw::time_of(text).unwrap_or(0));
        Ok(())
    })?;
    let holds = stop == Stop::End && at.end == end && !is_other;
    Ok(holds.then_some(Swept { at, repairs, newest_ms }))
}

/// Where each stretch begins, with the link that stands before it, as it stands.
fn begins(log: &AppendFile, from: Position, end: u64) -> Result<Option<Vec<Position>>, AppendError> {
    let length = end.saturating_sub(from.end);
    let threads = thread::available_parallelism().map_or(1, usize::from).min(MOST_THREADS) as u64;
    let count = threads.min(length / STRETCH).max(1);
    let mut begins = vec![from];
    for number in 1..count {
        match line_begin(log, from, from.end + length / count * number)? {
            Some(begin) => begins.push(begin),
            None => return Ok(None),
        }
    }
    Ok(Some(begins))
}

/// The first line that begins behind the byte `near`.
fn line_begin(log: &AppendFile, from: Position, near: u64) -> Result<Option<Position>, AppendError> {
    let start = near.saturating_sub(MAX_LINE as u64).max(from.end);
    let mut block = vec![0; 2 * MAX_LINE];
    let read = log.read_at(&mut block, start)?;
    block.truncate(read);
    let here = usize::try_from(near - start).unwrap_or(usize::MAX).min(block.len());
    let Some(newline) = memchr(b'\n', &block[here..]).map(|at| here + at) else { return Ok(None) };
    let line = &block[memrchr(b'\n', &block[..newline]).map_or(0, |before| before + 1)..newline];
    let begin = |line: line::Line<'_>| Position {
        file: from.file,
        end: start + newline as u64 + 1,
        link: Link { seq: line.seq, mac: line.mac },
    };
    Ok(line::split(line).map(begin))
}
