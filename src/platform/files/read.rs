//! Reading with a bound, and looking without following.

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::Path;

use super::error::{FileError, Problem};
use super::guard::{credential_file, open_checked, open_private, private_file, program_file};

const READ: &str = "read";

/// Whether anything stands at `path`, a dangling link included.
///
/// # Errors
/// When that cannot be told, for instance for want of permission.
pub fn exists(path: &Path) -> Result<bool, FileError> {
    match fs::symlink_metadata(path) {
        Ok(_) => Ok(true),
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
            Ok(false)
        }
        Err(error) => Err(FileError::io(path, "look at", error)),
    }
}

/// Checks that `path` is a private file, without opening it: for a library that opens it itself.
///
/// # Errors
/// When it is missing, a link, no regular file, another user's, or open to group or others.
pub fn check_private(path: &Path) -> Result<(), FileError> {
    const ACTION: &str = "use";
    let metadata = fs::symlink_metadata(path).map_err(|error| FileError::io(path, ACTION, error))?;
    private_file(&metadata).map_err(|problem| FileError::new(path, ACTION, problem))
}

/// The whole of a private file of at most `limit` bytes.
///
/// The caller clears the bytes if they are secret; none are left elsewhere.
///
/// # Errors
/// When it is missing, a link, no regular file, another user's, open to others, or too large.
pub fn read_private(path: &Path, limit: usize) -> Result<Vec<u8>, FileError> {
    let (file, metadata) = open_private(path, READ)?;
    let length = usize::try_from(metadata.len()).unwrap_or(usize::MAX);
    if length > limit {
        return Err(FileError::new(path, READ, Problem::TooLarge { limit }));
    }
    read_at_most(file, path, length, limit)
}

/// The whole of a file of at most `limit` bytes that the service manager made for this service.
///
/// # Errors
/// When it is missing, a link, no regular file, another user's, open to others, or too large.
pub fn read_credential(path: &Path, limit: usize) -> Result<Vec<u8>, FileError> {
    let (file, _) = open_checked(path, READ, credential_file)?;
    read_at_most(file, path, limit, limit)
}

/// Checks that `path`, a link perhaps, names a program that nobody but this user and the system can have written.
///
/// # Errors
/// When it is missing, cannot be run, belongs to another user, or others may write to it.
pub fn check_program(path: &Path) -> Result<(), FileError> {
    const ACTION: &str = "run";
    let metadata = fs::metadata(path).map_err(|error| FileError::io(path, ACTION, error))?;
    program_file(&metadata).map_err(|problem| FileError::new(path, ACTION, problem))
}

/// The whole of whatever `path` names (links are followed), of at most `limit` bytes.
///
/// For what the caller's own user names: a pipe is waited for. Never for a path that a less
/// trusted party chose.
///
/// # Errors
/// When it cannot be read or is too large; an endless file ends at the limit.
pub fn read_bounded(path: &Path, limit: usize) -> Result<Vec<u8>, FileError> {
    let file = File::open(path).map_err(|error| FileError::io(path, READ, error))?;
    if file.metadata().is_ok_and(|metadata| metadata.is_dir()) {
        return Err(FileError::new(path, READ, Problem::NotReadable));
    }
    read_at_most(file, path, 0, limit)
}

/// With the length known beforehand the buffer never moves, which would leave copies behind.
fn read_at_most(file: File, path: &Path, expected: usize, limit: usize) -> Result<Vec<u8>, FileError> {
    let one_more = u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(1);
    let mut bytes = Vec::with_capacity(expected.saturating_add(1));
    file.take(one_more).read_to_end(&mut bytes).map_err(|error| FileError::io(path, READ, error))?;
    if bytes.len() > limit {
        return Err(FileError::new(path, READ, Problem::TooLarge { limit }));
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    use super::*;
    use crate::platform::files::write_private_new;

    #[test]
    fn only_private_files_are_read() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("key");
        write_private_new(&path, b"value").unwrap();
        assert_eq!(read_private(&path, 5).unwrap(), b"value");
        check_private(&path).unwrap();

        for mode in [0o640, 0o604, 0o620, 0o601] {
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            let problem = read_private(&path, 5).unwrap_err().problem;
            assert!(matches!(problem, Problem::OpenToOthers { .. }), "{mode:o}");
            assert!(check_private(&path).is_err(), "{mode:o}");
        }
    }

    #[test]
    fn links_and_folders_are_refused() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("key");
        write_private_new(&path, b"value").unwrap();
        let link = root.path().join("link");
        symlink(&path, &link).unwrap();
        assert!(matches!(read_private(&link, 5).unwrap_err().problem, Problem::SymbolicLink));
        assert!(matches!(check_private(&link).unwrap_err().problem, Problem::SymbolicLink));
        assert_eq!(read_bounded(&link, 5).unwrap(), b"value");

        assert!(matches!(read_private(root.path(), 5).unwrap_err().problem, Problem::NotAFile));
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_pipe_is_refused_without_waiting() {
        let root = tempfile::tempdir().unwrap();
        let fifo = root.path().join("fifo");
        rustix::fs::mknodat(rustix::fs::CWD, &fifo, rustix::fs::FileType::Fifo, 0o600.into(), 0).unwrap();
        assert!(matches!(read_private(&fifo, 5).unwrap_err().problem, Problem::NotAFile));
    }

    #[test]
    fn the_bound_holds_for_endless_files_too() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("six");
        write_private_new(&path, b"sixsix").unwrap();
        assert!(matches!(read_private(&path, 5).unwrap_err().problem, Problem::TooLarge { limit: 5 }));
        let folder = read_bounded(root.path(), 5).unwrap_err();
        assert!(folder.help().contains("a regular file"), "{}", folder.help());
        let endless = read_bounded(Path::new("/dev/zero"), 1000).unwrap_err();
        assert!(matches!(endless.problem, Problem::TooLarge { limit: 1000 }));
    }

    #[test]
    fn missing_is_told_apart() {
        let root = tempfile::tempdir().unwrap();
        assert!(read_private(&root.path().join("none"), 5).unwrap_err().is_missing());
        assert!(!exists(&root.path().join("none")).unwrap());
        symlink("nowhere", root.path().join("dangling")).unwrap();
        assert!(exists(&root.path().join("dangling")).unwrap());
    }
}
