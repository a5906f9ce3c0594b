//! Writing: one line and the head after it, under a lock that all processes share.
//!
//! Never acknowledges what is not in the file; never repairs anything but what a
//! crash leaves, and then says so in the log.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::platform::append::{AppendFile, RecordFile};

use super::chain::Chain;
use super::error::{AuditError, Broken, Problem};
use super::event::Event;
use super::head::{Boot, HEAD_LEN, Head, HeadBytes, Position};
use super::key::AuditKey;
use super::line;
use super::lines::{Lines, Piece};
use super::names::log_name;
use super::open::{self, Opened};

/// A new file is begun once one has this many bytes.
const ROTATE_AT: u64 = 64 * 1024 * 1024;

/// The log, open for writing; several processes may have it open at once.
pub struct AuditLog {
    pub(super) folder: PathBuf,
    pub(super) chain: Chain,
    pub(super) head_file: RecordFile,
    pub(super) boot: Boot,
    rotate_at: u64,
    tail: Mutex<Tail>,
    /// Held during a sync, so that those who come meanwhile share the next one.
    syncing: Mutex<()>,
    sync_failed: AtomicBool,
}

/// What this process knows of the log's end.
pub(super) struct Tail {
    pub(super) log: Arc<AppendFile>,
    pub(super) at: Position,
    pub(super) head: Head,
    head_bytes: HeadBytes,
    line: Vec<u8>,
    /// All that is written at once.
    lines: Vec<u8>,
}

impl AuditLog {
    /// Opens the log, and begins one where there is none.
    ///
    /// # Errors
    /// When the folder or a file in it cannot be made, read or written, when it is open
    /// to other users, or when the end of the log is not as it was written.
    pub fn open(folder: &Path, key: AuditKey) -> Result<Self, AuditError> {
        Self::start(open::open_or_begin(folder, key)?, ROTATE_AT)
    }

    /// Opens a log that must be there: for a vault that has been used, whose log cannot be new.
    ///
    /// # Errors
    /// [`AuditError::Absent`] when there is none; else as [`AuditLog::open`].
    pub fn open_existing(folder: &Path, key: AuditKey) -> Result<Self, AuditError> {
        Self::start(open::open_existing(folder, key)?, ROTATE_AT)
    }

    #[cfg(test)]
    pub(super) fn open_rotating_at(folder: &Path, key: AuditKey, rotate_at: u64) -> Result<Self, AuditError> {
        Self::start(open::open_or_begin(folder, key)?, rotate_at)
    }

    fn start(opened: Opened, rotate_at: u64) -> Result<Self, AuditError> {
        let Opened { folder, chain, head_file, head, log, boot } = opened;
        let at = if head.machine_went_down(boot) { head.synced } else { head.written };
        let (line, lines) = (Vec::new(), Vec::new());
        let tail = Tail { log: Arc::new(log), at, head, head_bytes: [0; HEAD_LEN], line, lines };
        let log = Self {
            folder,
            chain,
            head_file,
            boot,
            rotate_at,
            tail: Mutex::new(tail),
            syncing: Mutex::new(()),
            sync_failed: AtomicBool::new(false),
        };
        log.recover()?;
        Ok(log)
    }

    /// What the last process left behind is looked at before anything is written.
    fn recover(&self) -> Result<(), AuditError> {
        let mut tail = self.tail();
        let _lock = self.head_file.lock()?;
        self.read_head(&mut tail)?;
        let machine_went_down = tail.head.machine_went_down(self.boot);
        self.follow(&mut tail, machine_went_down)
    }

    /// Appends one entry and returns its `seq`. It is then safe from the end of this
    /// process, and after the next [`AuditLog::sync`] from that of the machine.
    ///
    /// # Errors
    /// When the entry was not written: what it speaks of must not happen. Also when others
    /// changed what is there, instead of adding to it.
    pub fn append(&self, event: &Event) -> Result<u64, AuditError> {
        self.append_all([event])
    }

    /// The same for several entries, which are written at once; the `seq` of the last.
    ///
    /// # Errors
    /// As [`AuditLog::append`]; then none of them was written.
    pub fn append_all<'e>(&self, events: impl IntoIterator<Item = &'e Event>) -> Result<u64, AuditError> {
        self.refuse_after_failed_sync()?;
        let mut tail = self.tail();
        let _lock = self.head_file.lock()?;
        self.catch_up(&mut tail)?;
        if tail.at.end >= self.rotate_at {
            self.begin_next_file(&mut tail)?;
        }
        self.write(&mut tail, events)
    }

    /// Waits until all that was appended is on the disk; returns at once when it is.
    ///
    /// # Errors
    /// When the disk refuses: then this handle takes no more entries, since a second try
    /// may succeed without the lost ones being there.
    pub fn sync(&self) -> Result<(), AuditError> {
        let _one_at_a_time = self.syncing.lock().unwrap_or_else(PoisonError::into_inner);
        self.refuse_after_failed_sync()?;
        let (log, upto) = {
            let tail = self.tail();
            if !tail.is_dirty() {
                return Ok(());
            }
            (Arc::clone(&tail.log), tail.at)
        };
        if let Err(error) = log.sync() {
            self.sync_failed.store(true, Ordering::Release);
            return Err(error.into());
        }
        self.note_synced(upto)
    }

    /// Whether a [`AuditLog::sync`] has something to do.
    #[must_use]
    pub fn dirty(&self) -> bool {
        self.tail().is_dirty()
    }

    fn refuse_after_failed_sync(&self) -> Result<(), AuditError> {
        if self.sync_failed.load(Ordering::Acquire) {
            return Err(AuditError::Unsynced { folder: self.folder.clone() });
        }
        Ok(())
    }

    /// A panic elsewhere cannot leave a wrong tail: it is moved only after what it says
    /// is in the files, and compared with them before each use.
    pub(super) fn tail(&self) -> MutexGuard<'_, Tail> {
        self.tail.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Follows what other processes appended since.
    pub(super) fn catch_up(&self, tail: &mut Tail) -> Result<(), AuditError> {
        self.read_head(tail)?;
        if tail.at == tail.head.written && tail.log.len()? == tail.at.end {
            return Ok(());
        }
        self.follow(tail, false)
    }

    /// Decodes the head only when it changed.
    fn read_head(&self, tail: &mut Tail) -> Result<(), AuditError> {
        let mut bytes = [0; HEAD_LEN];
        self.head_file.read(&mut bytes)?;
        if bytes != tail.head_bytes {
            let head = Head::decode(&bytes, &self.chain);
            tail.head = head.ok_or_else(|| open::head_broken(Problem::HeadEdited))?;
            tail.head_bytes = bytes;
        }
        Ok(())
    }

    pub(super) fn write<'e>(
        &self,
        tail: &mut Tail,
        events: impl IntoIterator<Item = &'e Event>,
    ) -> Result<u64, AuditError> {
        let (mut written, mut epoch) = (tail.at, tail.head.epoch);
        tail.lines.clear();
        for event in events {
            line::write_body(&mut tail.line, written.link.seq + 1, event)?;
            let link = self.chain.extend(&written.link, &tail.line);
            line::write_mac(&mut tail.line, &link.mac);
            tail.lines.extend_from_slice(&tail.line);
            written = Position { end: written.end + tail.line.len() as u64, link, ..written };
            epoch = epoch.max(event.epoch.unwrap_or(0));
        }
        tail.log.append(&tail.lines, tail.at.end)?;
        let head = Head { boot: self.boot, written, synced: tail.head.synced, epoch };
        if let Err(error) = self.write_head(tail, head) {
            // The caller is told that nothing was logged, so nothing must be. Should this fail
            // too, an entry too many remains, which is the safe side.
            let _ = tail.log.cut(tail.at.end);
            return Err(error);
        }
        tail.at = written;
        Ok(written.link.seq)
    }

    pub(super) fn write_head(&self, tail: &mut Tail, head: Head) -> Result<(), AuditError> {
        let bytes = head.encode(&self.chain);
        self.head_file.write(&bytes)?;
        (tail.head, tail.head_bytes) = (head, bytes);
        Ok(())
    }

    /// The head names the new file, durably, before the first line goes there: a file
    /// behind the one it names is none of the log's.
    pub(super) fn begin_next_file(&self, tail: &mut Tail) -> Result<(), AuditError> {
        tail.log.sync()?;
        let at = tail.at.in_next_file();
        let next = open::open_empty(&self.folder, at.file)?;
        self.write_head(tail, Head { boot: self.boot, written: at, synced: at, ..tail.head })?;
        self.head_file.sync()?;
        (tail.log, tail.at) = (Arc::new(next), at);
        Ok(())
    }

    fn note_synced(&self, upto: Position) -> Result<(), AuditError> {
        let mut tail = self.tail();
        let _lock = self.head_file.lock()?;
        self.read_head(&mut tail)?;
        if tail.head.synced.link.seq < upto.link.seq {
            let head = Head { synced: upto, ..tail.head };
            self.write_head(&mut tail, head)?;
        }
        Ok(())
    }
}

impl Tail {
    fn is_dirty(&self) -> bool {
        self.at.link.seq > self.head.synced.link.seq
    }

    /// The error for the place behind the last line that holds.
    pub(super) fn broken(&self, problem: Problem) -> AuditError {
        let line = self.line_number().unwrap_or(0);
        Broken { file: log_name(self.at.file), line, seq: self.at.link.seq + 1, problem }.into()
    }

    /// The number of the line behind the position; counted when there is an error to tell.
    fn line_number(&self) -> Result<u64, AuditError> {
        let mut lines = Lines::between(&self.log, 0, self.at.end);
        let mut number = 1;
        while let Piece::Line(_) = lines.next()? {
            number += 1;
        }
        Ok(number)
    }
}
