//! Checking the whole log: every line of every file against the chain, and the end
//! against the head.
//!
//! Changes nothing, and holds up writers only while it notes how long the files are.

use std::path::Path;

use memchr::memmem::Finder;

use crate::platform::append::{AppendFile, RecordFile};

use super::chain::Chain;
use super::error::{AuditError, Broken, Problem};
use super::head::{Head, Position};
use super::key::AuditKey;
use super::line;
use super::lines::{Lines, Piece};
use super::names::log_name;
use super::open::{existing_head, file_broken, load_head, log_files};
use super::walk::{Stop, walk};

/// No other line can hold these bytes: within a JSON string the quotes would be escaped.
const REPAIR: &[u8] = br#""action":"audit.repair""#;

/// What a log that holds consists of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// Entries, each of which holds.
    pub events: u64,
    pub files: u32,
    /// The last entry that the head knows of; a crash may leave one more behind it.
    pub head_seq: u64,
    /// The last entry's mac in hex. Kept elsewhere, it shows later that the log was not
    /// replaced by an older copy: the entry of that `seq` must still have it.
    pub last_mac: String,
    /// The entries that tell of repairs after a crash, to be looked at.
    pub repairs: Vec<u64>,
    /// A crash left half an entry at the end; the next writer will say so in the log.
    pub unfinished: bool,
}

/// Checks the log in `folder`.
///
/// # Errors
/// [`AuditError::Broken`] with the first line that is not as it was written;
/// [`AuditError::Absent`] when there is no log; else what kept it from being read.
pub fn verify(folder: &Path, key: AuditKey) -> Result<Report, AuditError> {
    let chain = Chain::new(&key);
    let snapshot = Snapshot::take(folder, &chain)?;
    let mut check =
        Check { chain, head: snapshot.head, at: Position::START, repairs: Vec::new(), unfinished: false };
    for number in 1..=check.head.written.file {
        let file = snapshot.files.iter().find(|file| file.number == number);
        check.file(file.ok_or_else(|| file_broken(number, Problem::FileMissing))?)?;
    }
    if let Some(foreign) = snapshot.files.iter().find(|f| f.number > check.head.written.file && f.len > 0) {
        return Err(file_broken(foreign.number, Problem::FileForeign));
    }
    Ok(check.report())
}

struct LogFile {
    number: u32,
    log: AppendFile,
    len: u64,
}

/// The log as it was at one moment; what is appended afterwards is not looked at.
struct Snapshot {
    head: Head,
    files: Vec<LogFile>,
}

impl Snapshot {
    fn take(folder: &Path, chain: &Chain) -> Result<Self, AuditError> {
        let head_file = existing_head(folder, RecordFile::open_read_only)?;
        let _lock = head_file.lock()?;
        let head = load_head(&head_file, chain)?;
        let mut files = Vec::new();
        for number in log_files(folder)? {
            let log = AppendFile::open_read_only(&folder.join(log_name(number)))?;
            let len = log.len()?;
            files.push(LogFile { number, log, len });
        }
        Ok(Self { head, files })
    }
}

struct Check {
    chain: Chain,
    head: Head,
    at: Position,
    repairs: Vec<u64>,
    unfinished: bool,
}

impl Check {
    fn file(&mut self, file: &LogFile) -> Result<(), AuditError> {
        let goal = self.head.written.link;
        let finder = Finder::new(REPAIR);
        let mut line = 1;
        self.at = Position { file: file.number, end: 0, link: self.at.link };
        let stop = walk(&self.chain, &file.log, &mut self.at, file.len, |passed, text| {
            if passed.link.seq == goal.seq && passed.link != goal {
                return Err(Problem::Forked);
            }
            if finder.find(text).is_some() {
                self.repairs.push(passed.link.seq);
            }
            line += 1;
            Ok(())
        })?;
        match self.judge(file, stop)? {
            Some(problem) => {
                Err(Broken { file: log_name(file.number), line, seq: self.at.link.seq + 1, problem }.into())
            }
            None => Ok(()),
        }
    }

    /// What is wrong behind the last line that holds, if anything.
    fn judge(&mut self, file: &LogFile, stop: Stop) -> Result<Option<Problem>, AuditError> {
        let written = self.head.written;
        let is_last = file.number == written.file;
        let too_short = is_last && self.at.link.seq < written.link.seq;
        let truncated = Problem::Truncated { written: written.link.seq };
        Ok(match stop {
            Stop::Wrong { problem: Problem::Deleted { next }, .. } if self.comes_later(file)? => {
                Some(Problem::Reordered { next })
            }
            Stop::Wrong { problem, .. } => Some(problem),
            Stop::End if too_short => Some(truncated),
            Stop::End => None,
            Stop::Unfinished if is_last && !too_short => {
                self.unfinished = true;
                None
            }
            Stop::Unfinished if too_short && file.len < written.end => Some(truncated),
            Stop::Unfinished => Some(Problem::Malformed),
        })
    }

    /// Whether the entry that is missing here stands further down in the file.
    fn comes_later(&self, file: &LogFile) -> Result<bool, AuditError> {
        let wanted = self.at.link.seq + 1;
        let mut lines = Lines::between(&file.log, self.at.end, file.len);
        while let Piece::Line(text) = lines.next()? {
            if line::split(text).is_some_and(|line| line.seq == wanted) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn report(self) -> Report {
        Report {
            events: self.at.link.seq,
            files: self.head.written.file,
            head_seq: self.head.written.link.seq,
            last_mac: line::hex(&self.at.link.mac),
            repairs: self.repairs,
            unfinished: self.unfinished,
        }
    }
}
