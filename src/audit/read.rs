//! The latest entries, newest first, for people and their tools.
//!
//! Reads from the end backwards and stops when it has enough. It needs no key, and so
//! believes what it reads: whether the log is whole is for `verify` to say.

use std::path::{Path, PathBuf};

use crate::platform::append::AppendFile;

use super::error::AuditError;
use super::event::Event;
use super::line;
use super::lines::{LinesBackwards, Piece};
use super::names::log_name;
use super::open::log_files;

/// Which entries to read.
#[derive(Debug, Clone, Copy)]
pub struct ReadOptions {
    /// No more than so many.
    pub limit: usize,
    /// Only entries of an earlier time than this, in milliseconds since 1970.
    pub before_ts_ms: Option<u64>,
}

/// One entry, as it stands in the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    pub seq: u64,
    pub event: Event,
}

/// A line that could not be read as an entry: it is not left out in silence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Damaged {
    /// The file's name within the folder.
    pub file: String,
    /// The byte the line begins at.
    pub offset: u64,
}

/// What was found on the way back.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Recent {
    /// Newest first.
    pub entries: Vec<Entry>,
    /// The lines between them that are no entries, `limit` at most.
    pub damaged: Vec<Damaged>,
}

/// Reads the latest entries of the log in `folder`.
///
/// # Errors
/// [`AuditError::Absent`] when there is no log; else what kept it from being read.
pub fn read(folder: &Path, options: ReadOptions) -> Result<Recent, AuditError> {
    let numbers = log_files(folder)?;
    if numbers.is_empty() {
        return Err(AuditError::Absent { folder: folder.to_owned() });
    }
    let mut reading = Reading { folder: folder.to_owned(), options, recent: Recent::default() };
    for &number in numbers.iter().rev() {
        if reading.has_enough() {
            break;
        }
        reading.file(&log_name(number))?;
    }
    Ok(reading.recent)
}

struct Reading {
    folder: PathBuf,
    options: ReadOptions,
    recent: Recent,
}

impl Reading {
    fn has_enough(&self) -> bool {
        let limit = self.options.limit;
        self.recent.entries.len() >= limit || self.recent.damaged.len() >= limit
    }

    fn file(&mut self, name: &str) -> Result<(), AuditError> {
        let log = AppendFile::open_read_only(&self.folder.join(name))?;
        let mut lines = LinesBackwards::of(&log)?;
        while !self.has_enough() {
            let (piece, offset) = lines.next()?;
            match piece {
                Piece::Line(line) => self.line(line, name, offset),
                Piece::TooLong(_) => {
                    self.recent.damaged.push(Damaged { file: name.to_owned(), offset });
                    return Ok(());
                }
                Piece::Unfinished | Piece::End => return Ok(()),
            }
        }
        Ok(())
    }

    fn line(&mut self, line: &[u8], name: &str, offset: u64) {
        let entry = line::split(line)
            .and_then(|line| line::event_of(&line).map(|event| Entry { seq: line.seq, event }));
        match entry {
            Some(entry) if self.options.before_ts_ms.is_some_and(|before| entry.event.ts_ms >= before) => {}
            Some(entry) => self.recent.entries.push(entry),
            None => self.recent.damaged.push(Damaged { file: name.to_owned(), offset }),
        }
    }
}
