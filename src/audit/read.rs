//! The latest entries, newest first, for people and their tools.
//!
//! Reads from the end backwards and stops when it has enough. It needs no key, and so
//! believes what it reads: whether that is whole is for `check_from` and `verify` to say.

use std::ops::ControlFlow;
use std::path::Path;

use crate::platform::append::AppendFile;

use super::anchor::first_file;
use super::error::AuditError;
use super::event::Event;
use super::line;
use super::lines::{LinesBackwards, Piece};
use super::names::log_name;
use super::open::log_files;
use super::query::{Query, Sieve};

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

/// Where a line begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    pub(super) file: u32,
    pub(super) offset: u64,
}

/// What was found on the way back.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Recent {
    /// Newest first.
    pub entries: Vec<Entry>,
    /// The lines between them that are no entries, `limit` at most.
    pub damaged: Vec<Damaged>,
    /// The earliest line that was looked at: who believes the entries should check the log from there.
    pub from: Option<Place>,
}

/// Reads the latest entries of the log in `folder` that are asked for.
///
/// # Errors
/// [`AuditError::Absent`] when there is no log; else what kept it from being read.
pub fn read(folder: &Path, query: &Query) -> Result<Recent, AuditError> {
    let sieve = Sieve::of(query);
    let mut recent = Recent::default();
    if query.limit == 0 {
        return backwards(folder, |_, _| ControlFlow::Break(())).map(|()| recent);
    }
    backwards(folder, |found, place| {
        match found.map(|text| taken(text, &sieve)) {
            None | Some(Taken::Damaged) => {
                recent.damaged.push(Damaged { file: log_name(place.file), offset: place.offset });
            }
            Some(Taken::Passed { seq }) if seq <= query.after_seq => return ControlFlow::Break(()),
            Some(Taken::Passed { .. }) => {}
            Some(Taken::Wanted(entry)) if entry.seq <= query.after_seq => return ControlFlow::Break(()),
            Some(Taken::Wanted(entry)) => recent.entries.push(*entry),
        }
        recent.from = Some(place);
        if recent.entries.len() >= query.limit || recent.damaged.len() >= query.limit {
            return ControlFlow::Break(());
        }
        ControlFlow::Continue(())
    })?;
    Ok(recent)
}

/// What a line turned out to be.
enum Taken {
    Damaged,
    Passed { seq: u64 },
    Wanted(Box<Entry>),
}

fn taken(text: &[u8], sieve: &Sieve<'_>) -> Taken {
    let Some(line) = line::split(text) else { return Taken::Damaged };
    let seq = line.seq;
    if !sieve.lets_through(text) {
        return Taken::Passed { seq };
    }
    match line::event_of(&line) {
        Some(event) if sieve.wants(&event) => Taken::Wanted(Box::new(Entry { seq, event })),
        Some(_) => Taken::Passed { seq },
        None => Taken::Damaged,
    }
}

/// Shows `see` each line with its place, from the last one back until it has enough; none for one that is longer than
/// any line, behind which nothing can be told of that file.
pub(super) fn backwards(
    folder: &Path,
    mut see: impl FnMut(Option<&[u8]>, Place) -> ControlFlow<()>,
) -> Result<(), AuditError> {
    let (numbers, first) = (log_files(folder)?, first_file(folder)?);
    if numbers.is_empty() {
        return Err(AuditError::Absent { folder: folder.to_owned() });
    }
    for &number in numbers.iter().rev().filter(|number| **number >= first) {
        let log = match AppendFile::open_read_only(&folder.join(log_name(number))) {
            // It was retired meanwhile, with all that are older.
            Err(error) if error.is_missing() && number < first_file(folder)? => break,
            log => log?,
        };
        let mut lines = LinesBackwards::of(&log)?;
        loop {
            let (piece, offset) = lines.next()?;
            let place = Place { file: number, offset };
            match piece {
                Piece::Line(text) if see(Some(text), place.clone()).is_break() => return Ok(()),
                Piece::Line(_) => {}
                Piece::TooLong(_) if see(None, place).is_break() => return Ok(()),
                Piece::TooLong(_) | Piece::Unfinished | Piece::End => break,
            }
        }
    }
    Ok(())
}
