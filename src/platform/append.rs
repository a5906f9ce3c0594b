//! Files that only grow, and the small fixed record that is kept beside them.
//!
//! Both are private to their owner, are never opened through a symlink, and can
//! be shared by processes: whoever holds the lock of the `RecordFile` may append
//! to the `AppendFile`. Nothing here knows what the bytes mean, and nothing here
//! deletes a file.

use std::fs::{File, Metadata, OpenOptions};
use std::io::{self, ErrorKind, Write as _};
use std::os::unix::fs::{FileExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::fs::{FlockOperation, OFlags, flock};
use rustix::io::Errno;
use thiserror::Error;

use super::files::{FileError, Problem};
use super::process::effective_uid;

/// How long another process may hold the lock, without writing, before waiting for it is given up.
pub const LOCK_WAIT: Duration = Duration::from_secs(5);

const FIRST_PAUSE: Duration = Duration::from_micros(20);
const LONGEST_PAUSE: Duration = Duration::from_millis(2);
const ACCESS_OF_OTHERS: u32 = 0o077;
const PERMISSION_BITS: u32 = 0o777;

/// Why a file could not be used.
#[derive(Debug, Error)]
pub enum AppendError {
    #[error(transparent)]
    File(#[from] FileError),
    #[error("{path:?} was moved, replaced or deleted while it was in use")]
    Displaced { path: PathBuf },
    #[error("only {written} of {wanted} bytes fitted into {path:?}")]
    Short { path: PathBuf, written: usize, wanted: usize },
    #[error("another process holds the lock of {path:?} for more than {} s without writing", LOCK_WAIT.as_secs())]
    Busy { path: PathBuf },
}

impl AppendError {
    /// Whether the file is simply not there.
    #[must_use]
    pub fn is_missing(&self) -> bool {
        matches!(self, Self::File(error) if error.is_missing())
    }

    /// What the person at the shell can do next.
    #[must_use]
    pub fn help(&self) -> String {
        match self {
            Self::File(error) => error.help(),
            Self::Displaced { path } => {
                format!("put {path:?} back, or restart to go on with what is there now")
            }
            Self::Short { .. } => "free some disk space and try again".to_owned(),
            Self::Busy { path } => format!("see who holds it (lsof {path:?}), and end that process"),
        }
    }
}

/// A file that is written at its end only.
pub struct AppendFile {
    file: File,
    path: PathBuf,
    device: u64,
    inode: u64,
}

impl AppendFile {
    /// Opens the file for appending and reading, and makes an empty one (mode 0600) if there is none.
    ///
    /// # Errors
    /// When it cannot be opened, is a symlink or no regular file, belongs to
    /// another user, or is readable or writable by others.
    pub fn open_or_create(path: &Path) -> Result<Self, AppendError> {
        match Self::open_existing(path) {
            Err(error) if error.is_missing() => {}
            opened => return opened,
        }
        let created = Self::open(path, OpenOptions::new().append(true).read(true).create(true))?;
        sync_folder_of(path)?;
        Ok(created)
    }

    /// Opens a file that must be there, for appending and reading.
    ///
    /// # Errors
    /// As `open_or_create`; see also [`AppendError::is_missing`].
    pub fn open_existing(path: &Path) -> Result<Self, AppendError> {
        Self::open(path, OpenOptions::new().append(true).read(true))
    }

    /// Opens a file that must be there, for reading.
    ///
    /// # Errors
    /// As `open_existing`.
    pub fn open_read_only(path: &Path) -> Result<Self, AppendError> {
        Self::open(path, OpenOptions::new().read(true))
    }

    fn open(path: &Path, options: &mut OpenOptions) -> Result<Self, AppendError> {
        let (file, about) = open_private(path, options)?;
        Ok(Self { file, path: path.to_owned(), device: about.dev(), inode: about.ino() })
    }

    /// The length in bytes of the file that bears the name.
    ///
    /// # Errors
    /// [`AppendError::Displaced`] when that is no longer the file that was opened:
    /// bytes appended now would be lost with it.
    pub fn len(&self) -> Result<u64, AppendError> {
        match std::fs::symlink_metadata(&self.path) {
            Ok(about) if about.dev() == self.device && about.ino() == self.inode => Ok(about.len()),
            Err(error) if !matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
                Err(refused("look at", &self.path)(error))
            }
            Ok(_) | Err(_) => Err(AppendError::Displaced { path: self.path.clone() }),
        }
    }

    /// # Errors
    /// As [`AppendFile::len`].
    pub fn is_empty(&self) -> Result<bool, AppendError> {
        Ok(self.len()? == 0)
    }

    /// Writes all of `bytes` behind the first `end` bytes, which must be the whole
    /// file: the caller holds the lock. Where only a part fits, that part is cut
    /// off again, so that the next writer does not meet half a record.
    ///
    /// # Errors
    /// When not all of it could be written.
    pub fn append(&self, bytes: &[u8], end: u64) -> Result<(), AppendError> {
        let outcome = write_once(&self.file, bytes);
        if matches!(outcome, Ok(written) if written == bytes.len()) {
            return Ok(());
        }
        // Should even this fail, the next writer finds and cuts the unfinished part.
        let _ = self.file.set_len(end);
        match outcome {
            Ok(written) => Err(AppendError::Short { path: self.path.clone(), written, wanted: bytes.len() }),
            Err(error) => Err(refused("append to", &self.path)(error)),
        }
    }

    /// Cuts the file to `len` bytes.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn cut(&self, len: u64) -> Result<(), AppendError> {
        self.file.set_len(len).map_err(refused("cut", &self.path))
    }

    /// Reads into `buffer` from `offset` until it is full or the file ends.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn read_at(&self, buffer: &mut [u8], offset: u64) -> Result<usize, AppendError> {
        read_fully(&self.file, buffer, offset).map_err(refused("read", &self.path))
    }

    /// Waits until what was appended, by any process, is on the disk.
    ///
    /// # Errors
    /// When the disk refuses; what it then holds is unknown, also after a second try.
    pub fn sync(&self) -> Result<(), AppendError> {
        self.file.sync_data().map_err(refused("sync", &self.path))
    }
}

/// A small record of fixed length, rewritten in place, whose lock orders the writers of a folder.
pub struct RecordFile {
    file: File,
    path: PathBuf,
}

/// Held while one process writes; given back when dropped.
#[must_use]
pub struct RecordLock<'a>(&'a File);

impl RecordFile {
    /// Opens the file for reading and writing, and makes an empty one (mode 0600) if there is none.
    ///
    /// # Errors
    /// As [`AppendFile::open_or_create`].
    pub fn open_or_create(path: &Path) -> Result<Self, AppendError> {
        match Self::open_existing(path) {
            Err(error) if error.is_missing() => {}
            opened => return opened,
        }
        let created =
            Self::open(path, OpenOptions::new().read(true).write(true).create(true).truncate(false))?;
        sync_folder_of(path)?;
        Ok(created)
    }

    /// Opens a file that must be there, for reading and writing.
    ///
    /// # Errors
    /// As [`AppendFile::open_existing`].
    pub fn open_existing(path: &Path) -> Result<Self, AppendError> {
        Self::open(path, OpenOptions::new().read(true).write(true))
    }

    /// Opens a file that must be there, for reading.
    ///
    /// # Errors
    /// As [`AppendFile::open_existing`].
    pub fn open_read_only(path: &Path) -> Result<Self, AppendError> {
        Self::open(path, OpenOptions::new().read(true))
    }

    fn open(path: &Path, options: &mut OpenOptions) -> Result<Self, AppendError> {
        let (file, _) = open_private(path, options)?;
        Ok(Self { file, path: path.to_owned() })
    }

    /// Waits for the lock while others write, and for [`LOCK_WAIT`] when nobody does: a
    /// process that never lets go must stop the writers with an error, not with silence.
    ///
    /// # Errors
    /// [`AppendError::Busy`], or what the system says.
    pub fn lock(&self) -> Result<RecordLock<'_>, AppendError> {
        self.lock_within(LOCK_WAIT)
    }

    fn lock_within(&self, patience: Duration) -> Result<RecordLock<'_>, AppendError> {
        let mut last_seen = None;
        let mut waited = Duration::ZERO;
        let mut pause = FIRST_PAUSE;
        loop {
            match flock(&self.file, FlockOperation::NonBlockingLockExclusive) {
                Ok(()) => return Ok(RecordLock(&self.file)),
                Err(Errno::INTR) => {}
                Err(Errno::WOULDBLOCK) => {
                    let seen = self.beginning()?;
                    waited = if last_seen == Some(seen) { waited + pause } else { Duration::ZERO };
                    if waited > patience {
                        return Err(AppendError::Busy { path: self.path.clone() });
                    }
                    last_seen = Some(seen);
                    std::thread::sleep(pause);
                    pause = (pause * 2).min(LONGEST_PAUSE);
                }
                Err(error) => return Err(refused("lock", &self.path)(error.into())),
            }
        }
    }

    /// What the record says at the moment; half of it may be newer than the rest.
    fn beginning(&self) -> Result<[u8; 256], AppendError> {
        let mut bytes = [0; 256];
        self.read(&mut bytes).map(|_| bytes)
    }

    /// Reads into `buffer` from the start until it is full or the file ends.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn read(&self, buffer: &mut [u8]) -> Result<usize, AppendError> {
        read_fully(&self.file, buffer, 0).map_err(refused("read", &self.path))
    }

    /// Writes the record over the one before it.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn write(&self, record: &[u8]) -> Result<(), AppendError> {
        self.file.write_all_at(record, 0).map_err(refused("write", &self.path))
    }

    /// Writes a part of the record over what was there.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn write_at(&self, part: &[u8], offset: u64) -> Result<(), AppendError> {
        self.file.write_all_at(part, offset).map_err(refused("write", &self.path))
    }

    /// Waits until the record is on the disk.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn sync(&self) -> Result<(), AppendError> {
        self.file.sync_all().map_err(refused("sync", &self.path))
    }
}

impl Drop for RecordLock<'_> {
    fn drop(&mut self) {
        // Nothing is left to do when this fails: closing the file gives the lock back as well.
        let _ = flock(self.0, FlockOperation::Unlock);
    }
}

/// An id of the time since the machine started, where the system tells one.
///
/// What a process wrote without a sync survives that process, but not the machine:
/// the same id as at the time of writing means that such bytes cannot have been lost.
#[must_use]
pub fn boot_id() -> Option<[u8; 36]> {
    let text = std::fs::read("/proc/sys/kernel/random/boot_id").ok()?;
    text.get(..36)?.try_into().ok()
}

fn open_private(path: &Path, options: &mut OpenOptions) -> Result<(File, Metadata), AppendError> {
    // Not through a link, and not waiting for the other end of a FIFO.
    let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let file = options.mode(0o600).custom_flags(flags.bits().cast_signed()).open(path);
    let file = file.map_err(refused("open", path))?;
    let about = file.metadata().map_err(refused("look at", path))?;
    match problem_of(&about) {
        Some(problem) => Err(FileError::new(path, "open", problem).into()),
        None => Ok((file, about)),
    }
}

fn problem_of(about: &Metadata) -> Option<Problem> {
    let user = effective_uid();
    match () {
        () if !about.is_file() => Some(Problem::NotAFile),
        () if about.uid() != user => Some(Problem::ForeignOwner { owner: about.uid(), user }),
        () if about.mode() & ACCESS_OF_OTHERS != 0 => {
            Some(Problem::OpenToOthers { mode: about.mode() & PERMISSION_BITS })
        }
        () => None,
    }
}

/// A new file's name is only durable once its folder is.
fn sync_folder_of(path: &Path) -> Result<(), AppendError> {
    let folder = path.parent().unwrap_or(Path::new("."));
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(refused("sync the folder of", path))
}

fn write_once(mut file: &File, bytes: &[u8]) -> io::Result<usize> {
    loop {
        match file.write(bytes) {
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            outcome => return outcome,
        }
    }
}

fn read_fully(file: &File, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match file.read_at(&mut buffer[filled..], offset + filled as u64) {
            Ok(0) => break,
            Ok(read) => filled += read,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

fn refused(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> AppendError {
    move |error| FileError::io(path, action, error).into()
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    use super::*;

    #[test]
    fn appended_bytes_are_read_back_and_cut() {
        let folder = tempfile::tempdir().unwrap();
        let file = AppendFile::open_or_create(&folder.path().join("log")).unwrap();
        assert!(file.is_empty().unwrap());
        file.append(b"one", 0).unwrap();
        file.append(b"two", 3).unwrap();
        file.sync().unwrap();
        file.cut(4).unwrap();
        let mut buffer = [0; 8];
        assert_eq!(file.read_at(&mut buffer, 2).unwrap(), 2);
        assert_eq!(&buffer[..2], b"et");
        file.append(b"!", 4).unwrap();
        assert_eq!(fs::read(folder.path().join("log")).unwrap(), b"onet!");
    }

    #[test]
    fn a_file_opened_for_reading_takes_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        assert!(AppendFile::open_read_only(&path).is_err_and(|error| error.is_missing()));
        assert!(AppendFile::open_existing(&path).is_err_and(|error| error.is_missing()));
        AppendFile::open_or_create(&path).unwrap().append(b"one", 0).unwrap();
        assert!(AppendFile::open_read_only(&path).unwrap().append(b"two", 3).is_err());
        assert_eq!(fs::read(&path).unwrap(), b"one");
    }

    #[test]
    fn a_file_that_is_not_private_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        AppendFile::open_or_create(&path).unwrap();
        let link = folder.path().join("link");
        symlink(&path, &link).unwrap();
        let refused = |path| match AppendFile::open_or_create(path) {
            Err(AppendError::File(error)) => error.problem,
            _ => panic!("opened"),
        };
        assert!(matches!(refused(&link), Problem::SymbolicLink));
        assert!(matches!(refused(Path::new("/dev/null")), Problem::NotAFile));
        for mode in [0o640, 0o602, 0o601] {
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            assert!(matches!(refused(&path), Problem::OpenToOthers { .. }), "{mode:o}");
        }
    }

    #[test]
    fn a_file_that_lost_its_name_is_noticed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        let file = AppendFile::open_or_create(&path).unwrap();
        fs::rename(&path, folder.path().join("elsewhere")).unwrap();
        assert!(matches!(file.len(), Err(AppendError::Displaced { .. })));
        AppendFile::open_or_create(&path).unwrap();
        assert!(matches!(file.len(), Err(AppendError::Displaced { .. })));
        fs::rename(folder.path().join("elsewhere"), &path).unwrap();
        assert_eq!(file.len().unwrap(), 0);
    }

    #[test]
    fn the_lock_has_one_holder_and_the_record_one_length() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("head");
        let (one, two) =
            (RecordFile::open_or_create(&path).unwrap(), RecordFile::open_existing(&path).unwrap());
        let held = one.lock().unwrap();
        assert!(matches!(two.lock_within(Duration::from_millis(1)), Err(AppendError::Busy { .. })));
        one.write(b"abc").unwrap();
        drop(held);
        let _held = two.lock().unwrap();
        two.write(b"xyz").unwrap();
        let mut buffer = [0; 8];
        assert_eq!(two.read(&mut buffer).unwrap(), 3);
        assert_eq!(&buffer[..3], b"xyz");
    }
}
