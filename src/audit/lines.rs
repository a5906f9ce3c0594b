//! The lines of one file, forwards and backwards, a block at a time.
//!
//! A file of any size and content is read in bounded memory: what goes on for longer
//! than a line can is reported as such, not held.

use memchr::{memchr, memrchr};

use crate::platform::append::{AppendError, AppendFile};

use super::line::MAX_LINE;

const FORWARD_BLOCK: usize = 256 * 1024;
const BACKWARD_BLOCK: usize = 32 * 1024;

/// What stands next in a file; lines come without their newlines.
pub(super) enum Piece<'a> {
    Line(&'a [u8]),
    /// More bytes than a line can have; the reader does not go on behind them.
    TooLong(&'a [u8]),
    /// Bytes at the file's end without a newline.
    Unfinished,
    End,
}

/// From a byte where a line begins towards the end.
pub(super) struct Lines<'a> {
    log: &'a AppendFile,
    unread: u64,
    end: u64,
    block: Vec<u8>,
    start: usize,
}

impl<'a> Lines<'a> {
    pub(super) fn between(log: &'a AppendFile, begin: u64, end: u64) -> Self {
        Self { log, unread: begin, end, block: Vec::new(), start: 0 }
    }

    pub(super) fn next(&mut self) -> Result<Piece<'_>, AppendError> {
        loop {
            let begin = self.start;
            if let Some(newline) = memchr(b'\n', &self.block[begin..]) {
                self.start += newline + 1;
                return Ok(Piece::Line(&self.block[begin..begin + newline]));
            }
            if self.block.len() - begin > MAX_LINE {
                return Ok(Piece::TooLong(&self.block[begin..]));
            }
            if !self.read_block()? {
                return Ok(if self.block.is_empty() { Piece::End } else { Piece::Unfinished });
            }
        }
    }

    /// Adds a block behind the unfinished line; false at the end.
    fn read_block(&mut self) -> Result<bool, AppendError> {
        self.block.drain(..self.start);
        self.start = 0;
        let kept = self.block.len();
        self.block.resize(kept + at_most(self.end.saturating_sub(self.unread), FORWARD_BLOCK), 0);
        let read = self.log.read_at(&mut self.block[kept..], self.unread)?;
        self.block.truncate(kept + read);
        self.unread += read as u64;
        Ok(read > 0)
    }
}

/// From the last newline towards the start.
pub(super) struct LinesBackwards<'a> {
    log: &'a AppendFile,
    /// Where the block begins in the file.
    begin: u64,
    block: Vec<u8>,
    taken: Vec<u8>,
}

impl<'a> LinesBackwards<'a> {
    pub(super) fn of(log: &'a AppendFile) -> Result<Self, AppendError> {
        let mut lines = Self { log, begin: log.len()?, block: Vec::new(), taken: Vec::new() };
        lines.skip_unfinished()?;
        Ok(lines)
    }

    /// From a byte where a line begins.
    pub(super) fn before(log: &'a AppendFile, offset: u64) -> Self {
        Self { log, begin: offset, block: Vec::new(), taken: Vec::new() }
    }

    /// The line before, and the byte it begins at.
    pub(super) fn next(&mut self) -> Result<(Piece<'_>, u64), AppendError> {
        loop {
            let Some(whole) = self.block.len().checked_sub(1) else {
                if self.read_block()? {
                    continue;
                }
                return Ok((Piece::End, 0));
            };
            // The block ends in the newline of the line that is looked for.
            let before = memrchr(b'\n', &self.block[..whole]).map(|newline| newline + 1);
            if before.is_none() && whole > MAX_LINE {
                return Ok((Piece::TooLong(&self.block), self.begin));
            }
            if before.is_some() || !self.read_block()? {
                let start = before.unwrap_or(0);
                return Ok(self.take_last(start, whole));
            }
        }
    }

    /// Moves the last line of the block out of it.
    fn take_last(&mut self, start: usize, whole: usize) -> (Piece<'_>, u64) {
        let place = self.begin + start as u64;
        self.taken.clear();
        self.taken.extend_from_slice(&self.block[start..whole]);
        self.block.truncate(start);
        (Piece::Line(&self.taken), place)
    }

    /// Puts a block before what there is; false at the start of the file.
    fn read_block(&mut self) -> Result<bool, AppendError> {
        let mut earlier = vec![0; at_most(self.begin, BACKWARD_BLOCK)];
        self.begin -= earlier.len() as u64;
        let read = self.log.read_at(&mut earlier, self.begin)?;
        let is_more = !earlier.is_empty();
        earlier.truncate(read);
        earlier.append(&mut self.block);
        self.block = earlier;
        Ok(is_more)
    }

    /// Drops the bytes behind the last newline: a writer is in the middle of them, or was.
    fn skip_unfinished(&mut self) -> Result<(), AppendError> {
        while self.read_block()? {
            if let Some(newline) = memrchr(b'\n', &self.block) {
                self.block.truncate(newline + 1);
                return Ok(());
            }
            self.block.clear();
        }
        Ok(())
    }
}

fn at_most(left: u64, block: usize) -> usize {
    usize::try_from(left).map_or(block, |left| left.min(block))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn forwards(log: &AppendFile) -> (Vec<Vec<u8>>, bool) {
        let mut lines = Lines::between(log, 0, log.len().unwrap());
        let mut all = Vec::new();
        loop {
            match lines.next().unwrap() {
                Piece::Line(line) => all.push(line.to_vec()),
                Piece::TooLong(_) => panic!("no line is that long"),
                Piece::Unfinished => return (all, true),
                Piece::End => return (all, false),
            }
        }
    }

    fn backwards(log: &AppendFile) -> Vec<(Vec<u8>, u64)> {
        let mut lines = LinesBackwards::of(log).unwrap();
        let mut all = Vec::new();
        while let (Piece::Line(line), place) = lines.next().unwrap() {
            all.push((line.to_vec(), place));
        }
        all
    }

    fn file_of(bytes: &[u8]) -> (tempfile::TempDir, AppendFile) {
        let folder = tempfile::tempdir().unwrap();
        let log = AppendFile::open_or_create(&folder.path().join("log")).unwrap();
        log.append(bytes, 0).unwrap();
        (folder, log)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn both_directions_see_the_same_lines(
            lengths in prop::collection::vec(prop_oneof![0usize..40, 20_000..MAX_LINE], 0..30), rest in 0usize..40_000
        ) {
            let mut bytes = Vec::new();
            let mut expected = Vec::new();
            for (index, &length) in lengths.iter().enumerate() {
                let line = vec![b'a' + (index % 26) as u8; length];
                expected.push((line.clone(), bytes.len() as u64));
                bytes.extend_from_slice(&line);
                bytes.push(b'\n');
            }
            bytes.resize(bytes.len() + rest, b'~');
            let (_folder, log) = file_of(&bytes);
            let (found, unfinished) = forwards(&log);
            prop_assert_eq!(unfinished, rest > 0);
            prop_assert!(found.iter().eq(expected.iter().map(|(line, _)| line)));
            let mut found = backwards(&log);
            found.reverse();
            prop_assert_eq!(found, expected);
        }
    }

    #[test]
    fn what_is_longer_than_a_line_is_not_held() {
        let mut bytes = b"first\n".to_vec();
        bytes.resize(4 * 1024 * 1024, b'x');
        bytes.extend_from_slice(b"\nlast\n");
        let (_folder, log) = file_of(&bytes);
        let mut lines = Lines::between(&log, 0, log.len().unwrap());
        assert!(matches!(lines.next().unwrap(), Piece::Line(b"first")));
        assert!(matches!(lines.next().unwrap(), Piece::TooLong(_)));
        assert!(lines.block.len() <= MAX_LINE + FORWARD_BLOCK);
        let mut lines = LinesBackwards::of(&log).unwrap();
        assert!(matches!(lines.next().unwrap(), (Piece::Line(b"last"), _)));
        assert!(matches!(lines.next().unwrap(), (Piece::TooLong(_), _)));
        assert!(lines.block.len() <= MAX_LINE + 2 * BACKWARD_BLOCK);
    }
}
