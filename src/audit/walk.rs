//! Along the lines of one file, checking each against the one before it.
//!
//! The one check that appending, recovery and verification share. It changes nothing.

use memchr::memchr;

use crate::platform::append::{AppendError, AppendFile};

use super::chain::Chain;
use super::error::Problem;
use super::head::Position;
use super::lines::{Lines, Piece};

/// Why a walk came to its end.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Stop {
    /// All lines hold.
    End,
    /// All lines hold, and behind them stand bytes without a newline.
    Unfinished,
    /// The line behind the position does not hold.
    Wrong {
        problem: Problem,
        /// It has NUL bytes, which no line has and a disk that lost power leaves.
        zeros: bool,
    },
}

/// Walks from `at`, which it moves behind each line that holds, to the file's byte `end`.
/// `passed` sees each such line, and may object.
pub(super) fn walk(
    chain: &Chain,
    log: &AppendFile,
    at: &mut Position,
    end: u64,
    mut passed: impl FnMut(&Position, &[u8]) -> Result<(), Problem>,
) -> Result<Stop, AppendError> {
    let mut lines = Lines::between(log, at.end, end);
    loop {
        let line = match lines.next()? {
            Piece::Line(line) => line,
            Piece::TooLong(bytes) => return Ok(wrong(Problem::Malformed, bytes)),
            Piece::Unfinished => return Ok(Stop::Unfinished),
            Piece::End => return Ok(Stop::End),
        };
        let next = chain.follow(&at.link, line).and_then(|link| {
            let next = Position { file: at.file, end: at.end + line.len() as u64 + 1, link };
            passed(&next, line).map(|()| next)
        });
        match next {
            Ok(next) => *at = next,
            Err(problem) => return Ok(wrong(problem, line)),
        }
    }
}

fn wrong(problem: Problem, line: &[u8]) -> Stop {
    Stop::Wrong { problem, zeros: memchr(0, line).is_some() }
}
