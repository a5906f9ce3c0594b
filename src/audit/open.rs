//! Finding the log, or beginning it; the order of steps is what a crash between them needs.
//!
//! The head is there, durably, before the first log file: a log file without a head
//! is never a beginning, and nothing is begun beside what is left of another log.

use std::path::{Path, PathBuf};

use crate::platform::append::{AppendError, AppendFile, RecordFile, boot_id};
use crate::platform::files::{check_private_dir, ensure_private_dir, list_folder};

use super::chain::Chain;
use super::error::{AuditError, Broken, Problem};
use super::head::{Boot, HEAD_LEN, Head, Position};
use super::key::AuditKey;
use super::names::{HEAD, log_name, log_numbers};

/// A log whose parts are there; its lines have not been looked at.
pub(super) struct Opened {
    pub(super) folder: PathBuf,
    pub(super) chain: Chain,
    pub(super) head_file: RecordFile,
    pub(super) head: Head,
    pub(super) log: AppendFile,
    pub(super) boot: Boot,
}

pub(super) fn open_or_begin(folder: &Path, key: AuditKey) -> Result<Opened, AuditError> {
    ensure_private_dir(folder)?;
    let head_file = if log_files(folder)?.is_empty() {
        RecordFile::open_or_create(&folder.join(HEAD))?
    } else {
        existing_head(folder, RecordFile::open_existing)?
    };
    let chain = Chain::new(&key);
    let boot = boot_id();
    {
        let _lock = head_file.lock()?;
        if is_blank(&head_file)? && log_files(folder)?.is_empty() {
            let head = Head { boot, written: Position::START, synced: Position::START, epoch: 0 };
            head_file.write(&head.encode(&chain))?;
            head_file.sync()?;
        }
    }
    open_parts(folder, chain, head_file, boot)
}

pub(super) fn open_existing(folder: &Path, key: AuditKey) -> Result<Opened, AuditError> {
    let head_file = existing_head(folder, RecordFile::open_existing)?;
    // Whoever may change the folder may put another log in place of this one.
    check_private_dir(folder)?;
    open_parts(folder, Chain::new(&key), head_file, boot_id())
}

/// The latest change of the vault that the log in `folder` speaks of; 0 when it speaks of none,
/// and none when that cannot be told: whoever then writes to the log is told why.
///
/// Reads nothing but the head, so that it costs the same however long the log is.
#[must_use]
pub fn last_epoch(folder: &Path, key: &AuditKey) -> Option<u64> {
    let head_file = RecordFile::open_read_only(&folder.join(HEAD)).ok()?;
    let chain = Chain::new(key);
    // Without the lock it may be in the middle of being written.
    let unlocked = load_head(&head_file, &chain).ok();
    let head = unlocked.or_else(|| {
        let _lock = head_file.lock().ok()?;
        load_head(&head_file, &chain).ok()
    });
    head.map(|head| head.epoch)
}

/// The head of a log that must be there, opened in the way that is given.
pub(super) fn existing_head(
    folder: &Path,
    open: impl FnOnce(&Path) -> Result<RecordFile, AppendError>,
) -> Result<RecordFile, AuditError> {
    match open(&folder.join(HEAD)) {
        Ok(head_file) => Ok(head_file),
        Err(error) if !error.is_missing() => Err(error.into()),
        Err(_) if log_files(folder)?.is_empty() => Err(AuditError::Absent { folder: folder.to_owned() }),
        Err(_) => Err(head_broken(Problem::HeadMissing)),
    }
}

/// The numbers of the log files in the folder, in order; none when there is no folder.
pub(super) fn log_files(folder: &Path) -> Result<Vec<u32>, AuditError> {
    let paths = list_folder(folder)?;
    Ok(log_numbers(paths.iter().filter_map(|path| path.file_name()?.to_str())))
}

/// The head as it stands; only under its lock is it sure to be whole.
pub(super) fn load_head(head_file: &RecordFile, chain: &Chain) -> Result<Head, AuditError> {
    if is_blank(head_file)? {
        return Err(head_broken(Problem::HeadMissing));
    }
    let mut bytes = [0; HEAD_LEN];
    head_file.read(&mut bytes)?;
    Head::decode(&bytes, chain).ok_or_else(|| head_broken(Problem::HeadEdited))
}

/// A log file to go on in: new, or left empty by a crash between making and naming it.
pub(super) fn open_empty(folder: &Path, number: u32) -> Result<AppendFile, AuditError> {
    let log = AppendFile::open_or_create(&folder.join(log_name(number)))?;
    if log.is_empty()? { Ok(log) } else { Err(file_broken(number, Problem::FileForeign)) }
}

pub(super) fn file_broken(number: u32, problem: Problem) -> AuditError {
    Broken { file: log_name(number), line: 0, seq: 0, problem }.into()
}

pub(super) fn head_broken(problem: Problem) -> AuditError {
    Broken { file: HEAD.to_owned(), line: 0, seq: 0, problem }.into()
}

fn open_parts(folder: &Path, chain: Chain, head_file: RecordFile, boot: Boot) -> Result<Opened, AuditError> {
    let lock = head_file.lock()?;
    let head = load_head(&head_file, &chain)?;
    refuse_foreign(folder, head.written.file)?;
    let log = open_current(folder, &head.written)?;
    drop(lock);
    Ok(Opened { folder: folder.to_owned(), chain, head_file, head, log, boot })
}

fn open_current(folder: &Path, written: &Position) -> Result<AppendFile, AuditError> {
    match AppendFile::open_existing(&folder.join(log_name(written.file))) {
        Ok(log) => Ok(log),
        Err(error) if !error.is_missing() => Err(error.into()),
        Err(_) if written.end == 0 => open_empty(folder, written.file),
        Err(_) => Err(file_broken(written.file, Problem::FileMissing)),
    }
}

fn refuse_foreign(folder: &Path, last: u32) -> Result<(), AuditError> {
    for number in log_files(folder)?.into_iter().filter(|&number| number > last) {
        open_empty(folder, number)?;
    }
    Ok(())
}

/// A head that was made but not written yet, as a crash may leave it.
fn is_blank(head_file: &RecordFile) -> Result<bool, AuditError> {
    let mut bytes = [0; HEAD_LEN];
    head_file.read(&mut bytes)?;
    Ok(bytes == [0; HEAD_LEN])
}
