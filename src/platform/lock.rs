//! Advisory locks between processes: one holder of a lock file at a time.
//!
//! The lock belongs to the open file, so the kernel frees it when the holder dies. A lock file is
//! never deleted here: two processes would otherwise hold locks on two files of the same name. Where
//! somebody else deleted it meanwhile, a lock on the file that lost its name counts for nothing.

use std::fs::{File, TryLockError};
use std::io;
use std::path::Path;

use super::files::{self, FileError, Identity};

const ACTION: &str = "lock";

/// Holds the lock until it is dropped.
#[derive(Debug)]
pub struct FileLock {
    _held: File,
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
                Ok(()) => return Ok(Self { _held: file }),
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
                Ok(()) => return Ok(Some(Self { _held: file })),
                Err(TryLockError::WouldBlock) => return Ok(None),
                Err(TryLockError::Error(error)) => return Err(FileError::io(path, ACTION, error)),
            }
        }
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
