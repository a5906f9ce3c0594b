//! Checking the log: every line of every file against the chain, and the end against the head.
//!
//! Changes nothing, and holds up writers only while it notes how long the files are.

use std::path::Path;

use crate::platform::append::{AppendFile, RecordFile};

use super::anchor::Anchor;
use super::chain::{Chain, Link};
use super::checkpoint::Checkpoint;
use super::error::{AuditError, Broken, Problem};
use super::head::{Head, Position};
use super::key::AuditKey;
use super::line;
use super::lines::{Lines, LinesBackwards, Piece};
use super::names::log_name;
use super::open::{existing_head, file_broken, load_head, log_files};
use super::read::Place;
use super::sweep::{Repairs, sweep};
use super::walk::{Stop, walk};

/// What a log that holds consists of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// Entries that are there, each of which holds.
    pub events: u64,
    pub files: u32,
    /// The last entry that the head knows of; a crash may leave one more behind it.
    pub head_seq: u64,
    /// The last entry's mac in hex. Kept elsewhere, it shows later that the log was not
    /// replaced by an older copy: the entry of that `seq` must still have it.
    pub last_mac: String,
    /// What the operator retired, if anything.
    pub retired: Option<Retired>,
    /// The entries that tell of repairs after a crash, to be looked at.
    pub repairs: Vec<u64>,
    /// A crash left half an entry at the end; the next writer will say so in the log.
    pub unfinished: bool,
    pub(super) last: Link,
}

/// The entries that are not there any more, as the operator wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retired {
    /// The last of them.
    pub upto_seq: u64,
    /// How many files they stood in.
    pub files: u32,
    /// When the last of these went, in milliseconds since 1970.
    pub at_ms: u64,
}

/// Checks the log in `folder`; and that it has the entry of a checkpoint, if one is given, so that nothing up to that
/// has changed since.
///
/// # Errors
/// [`AuditError::Broken`] with the first line that is not as it was written;
/// [`AuditError::Absent`] when there is no log; else what kept it from being read.
pub fn verify(folder: &Path, key: AuditKey, since: Option<&Checkpoint>) -> Result<Report, AuditError> {
    let chain = Chain::new(&key);
    let since = since.map(|checkpoint| checkpoint.signed_by(&chain)).transpose()?;
    let snapshot = Snapshot::take(folder, &chain)?;
    let mut check = Check::of(chain, &snapshot, since);
    if check.anchor.link.seq == 0 || since.is_none_or(|since| since.seq >= check.anchor.link.seq) {
        check.all(&snapshot, 0)?;
        return check.report();
    }
    check.since = None;
    check.all(&snapshot, 0)?;
    let (seq, retired) = (since.map_or(0, |since| since.seq), check.anchor.link.seq);
    Err(AuditError::CheckpointRetired { seq, retired })
}

/// Checks the log from the line at `place` to its end, and that no file is missing: that is all it takes to
/// believe what was read from there.
///
/// # Errors
/// As [`verify`].
pub fn check_from(folder: &Path, key: AuditKey, place: &Place) -> Result<(), AuditError> {
    let chain = Chain::new(&key);
    let snapshot = Snapshot::take(folder, &chain)?;
    let mut check = Check::of(chain, &snapshot, None);
    if place.file < check.anchor.first {
        // What was looked at has been retired meanwhile.
        return check.all(&snapshot, 0);
    }
    let link = snapshot.link_before(place, &check.anchor)?;
    check.at = Position { file: place.file, end: place.offset, link };
    check.all(&snapshot, place.offset)
}

struct LogFile {
    number: u32,
    log: AppendFile,
    len: u64,
}

/// The log as it was at one moment; what is appended afterwards is not looked at.
struct Snapshot {
    anchor: Anchor,
    head: Head,
    files: Vec<LogFile>,
}

impl Snapshot {
    fn take(folder: &Path, chain: &Chain) -> Result<Self, AuditError> {
        let head_file = existing_head(folder, RecordFile::open_read_only)?;
        let _lock = head_file.lock()?;
        let head = load_head(&head_file, chain)?;
        let anchor = Anchor::load(folder, chain)?;
        let mut files = Vec::new();
        // What is left of a file that was being retired is none of the log's.
        for number in log_files(folder)?.into_iter().filter(|number| *number >= anchor.first) {
            let log = AppendFile::open_read_only(&folder.join(log_name(number)))?;
            let len = log.len()?;
            files.push(LogFile { number, log, len });
        }
        Ok(Self { anchor, head, files })
    }

    fn file(&self, number: u32) -> Result<&LogFile, AuditError> {
        let file = self.files.iter().find(|file| file.number == number);
        file.ok_or_else(|| file_broken(number, Problem::FileMissing))
    }

    /// The link of the line before `place`, as it stands.
    fn link_before(&self, place: &Place, anchor: &Anchor) -> Result<Link, AuditError> {
        let (file, offset) = match (place.file, place.offset) {
            (file, 0) if file == anchor.first => return Ok(anchor.link),
            (file, 0) => (self.file(file - 1)?, self.file(file - 1)?.len),
            (file, offset) => (self.file(file)?, offset),
        };
        match LinesBackwards::before(&file.log, offset).next()? {
            (Piece::Line(text), _) => line::split(text).map(|line| Link { seq: line.seq, mac: line.mac }),
            _ => None,
        }
        .ok_or_else(|| file_broken(file.number, Problem::Malformed))
    }
}

struct Check {
    chain: Chain,
    anchor: Anchor,
    head: Head,
    at: Position,
    since: Option<Link>,
    repairs: Vec<u64>,
    unfinished: bool,
}

impl Check {
    fn of(chain: Chain, snapshot: &Snapshot, since: Option<Link>) -> Self {
        let Snapshot { anchor, head, .. } = *snapshot;
        let at = anchor.position();
        Self { chain, anchor, head, at, since, repairs: Vec::new(), unfinished: false }
    }

    /// From the byte `begin` of the file that the check stands in to the end of the log.
    fn all(&mut self, snapshot: &Snapshot, begin: u64) -> Result<(), AuditError> {
        let (first, last) = (self.at.file, self.head.written.file);
        // One that is missing before those that are looked at is missed too.
        (self.anchor.first..=last).try_for_each(|number| snapshot.file(number).map(drop))?;
        self.compared(&self.anchor.link).map_err(|problem| file_broken(first, problem))?;
        for number in first..=last {
            let begin = if number == first { begin } else { 0 };
            self.file(snapshot.file(number)?, begin)?;
        }
        if let Some(foreign) = snapshot.files.iter().find(|file| file.number > last && file.len > 0) {
            return Err(file_broken(foreign.number, Problem::FileForeign));
        }
        match self.since {
            Some(since) if since.seq > self.at.link.seq => {
                Err(file_broken(last, Problem::BeforeCheckpoint { seq: since.seq }))
            }
            _ => Ok(()),
        }
    }

    /// Whether a line that holds is also the one that the head and the checkpoint know.
    fn compared(&self, link: &Link) -> Result<(), Problem> {
        let goal = self.head.written.link;
        if link.seq == goal.seq && *link != goal {
            return Err(Problem::Forked);
        }
        match self.since {
            Some(since) if link.seq == since.seq && *link != since => {
                Err(Problem::OtherThanCheckpoint { seq: since.seq })
            }
            _ => Ok(()),
        }
    }

    fn file(&mut self, file: &LogFile, begin: u64) -> Result<(), AuditError> {
        let begin = Position { file: file.number, end: begin, link: self.at.link };
        let musts: Vec<Link> = [self.head.written.link].into_iter().chain(self.since).collect();
        let is_last = file.number == self.head.written.file;
        if let Some(swept) = sweep(&self.chain, &file.log, begin, file.len, &musts)?
            && (!is_last || swept.at.link.seq >= self.head.written.link.seq)
        {
            self.at = swept.at;
            self.repairs.extend(swept.repairs);
            return Ok(());
        }
        self.walk(file, begin)
    }

    /// Line by line, to find the first that is wrong.
    fn walk(&mut self, file: &LogFile, begin: Position) -> Result<(), AuditError> {
        let (finder, mut at, mut repairs) = (Repairs::finder(), begin, Vec::new());
        let stop = walk(&self.chain, &file.log, &mut at, file.len, |passed, text| {
            self.compared(&passed.link)?;
            if finder.is_one(text) {
                repairs.push(passed.link.seq);
            }
            Ok(())
        })?;
        (self.at, self.repairs) = (at, [std::mem::take(&mut self.repairs), repairs].concat());
        match self.judge(file, stop)? {
            Some(problem) => {
                let line = lines_before(file, self.at.end)? + 1;
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

    fn report(self) -> Result<Report, AuditError> {
        let Anchor { first, link, retired_ms } = self.anchor;
        let retired = Retired { upto_seq: link.seq, files: first - 1, at_ms: retired_ms };
        Ok(Report {
            events: self.at.link.seq - link.seq,
            files: self.head.written.file + 1 - first,
            head_seq: self.head.written.link.seq,
            last_mac: line::hex(&self.at.link.mac),
            retired: (!self.anchor.is_start()).then_some(retired),
            repairs: self.repairs,
            unfinished: self.unfinished,
            last: self.at.link,
        })
    }
}

/// How many lines stand in the first `end` bytes.
fn lines_before(file: &LogFile, end: u64) -> Result<u64, AuditError> {
    let mut lines = Lines::between(&file.log, 0, end);
    let mut count = 0;
    while let Piece::Line(_) = lines.next()? {
        count += 1;
    }
    Ok(count)
}
