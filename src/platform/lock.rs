//! Advisory locks between processes: one holder of a lock file at a time.
//!
//! The lock belongs to the open file, so the kernel frees it when the holder dies. A lock file is
//! never deleted here: two processes would otherwise hold locks on two files of the same name. Where
//! somebody else deleted it meanwhile, a lock on the file that lost its name counts for nothing.

use std::fs::{File, TryLockError};
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::Path;

use super::files::{self, FileError, Identity};

const ACTION: &str = "lock";

/// Holds the lock until it is dropped.
#[derive(Debug)]
pub struct FileLock {
    held: File,
}

impl FileLock {
    /// Waits until nobody else holds the lock on `path`, a private file that is created when missing.
    ///
    /// # Errors
    /// When the file cannot be opened as a private file or the system refuses the lock.
    pub fn acquire(path: &Path) -> Result<Self, FileError> {
        loop {
            let file = files::open_or_create_private(path)?;
            match file.lock() {
                Ok(()) if !bears_name(&file, path)? => {}
                Ok(()) => return Ok(Self { held: file }),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(FileError::io(path, ACTION, error)),
            }
        }
    }

    /// The lock, or `None` when somebody else holds it now.
    ///
    /// # Errors
    /// When the file cannot be opened as a private file or the system refuses the lock.
    pub fn try_acquire(path: &Path) -> Result<Option<Self>, FileError> {
        loop {
            let file = files::open_or_create_private(path)?;
            match file.try_lock() {
                Ok(()) if !bears_name(&file, path)? => {}
                Ok(()) => return Ok(Some(Self { held: file })),
                Err(TryLockError::WouldBlock) => return Ok(None),
                Err(TryLockError::Error(error)) => return Err(FileError::io(path, ACTION, error)),
            }
        }
    }
}

impl FileLock {
    /// The lock on `path` that another process held and handed on as `file`: it is held by the open file, so that nobody
    /// gets it in between. None when it is not held by that.
    ///
    /// # Errors
    /// When that cannot be told.
    pub fn handed_on(path: &Path, file: OwnedFd) -> Result<Option<Self>, FileError> {
        let file = File::from(file);
        match file.try_lock() {
            Ok(()) => Ok(bears_name(&file, path)?.then_some(Self { held: file })),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(FileError::io(path, ACTION, error)),
        }
    }
}

impl AsFd for FileLock {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.held.as_fd()
    }
}

/// Whether `path` still stands for the file that was opened and then locked.
fn bears_name(file: &File, path: &Path) -> Result<bool, FileError> {
    Ok(Identity::at(path)? == Some(Identity::of_open(file, path)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_holder_at_a_time() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lock");
        let held = FileLock::acquire(&path).unwrap();
        assert!(FileLock::try_acquire(&path).unwrap().is_none());
        drop(held);
        assert!(FileLock::try_acquire(&path).unwrap().is_some());
    }

    #[test]
    fn a_lock_that_is_handed_on_is_never_free() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lock");
        let first = FileLock::acquire(&path).unwrap();
        let copy = first.as_fd().try_clone_to_owned().unwrap();
        let second = FileLock::handed_on(&path, copy).unwrap().unwrap();
        drop(first);
        assert!(FileLock::try_acquire(&path).unwrap().is_none());
        // Another file that happens to be open there does not hold it.
        let other = OwnedFd::from(files::open_or_create_private(&path).unwrap());
        assert!(FileLock::handed_on(&path, other).unwrap().is_none());
        drop(second);
        assert!(FileLock::try_acquire(&path).unwrap().is_some());
    }

    #[test]
    fn a_lock_on_a_file_that_lost_its_name_is_noticed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lock");
        let opened = files::open_or_create_private(&path).unwrap();
        assert!(bears_name(&opened, &path).unwrap());
        std::fs::remove_file(&path).unwrap();
        assert!(!bears_name(&opened, &path).unwrap());
        let _another = FileLock::acquire(&path).unwrap();
        assert!(!bears_name(&opened, &path).unwrap());
    }

    #[test]
    fn a_symbolic_link_is_no_lock_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lock");
        std::os::unix::fs::symlink(folder.path().join("elsewhere"), &path).unwrap();
        assert!(FileLock::acquire(&path).is_err());
        assert!(!folder.path().join("elsewhere").exists());
    }
}
