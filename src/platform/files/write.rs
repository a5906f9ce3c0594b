//! Writing so that a crash at any instant leaves the old state or the new one.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use super::error::FileError;
use super::folder::sync_folder_of;
use super::guard::create_private;
use super::read::exists;
use crate::platform::entropy;

/// Between a file's name and the mark of what was set aside.
const SET_ASIDE: &str = "-set-aside-";

/// Creates a private file (0600) with this content, which must not exist yet, durably.
///
/// The name appears with the whole content or not at all; a crash may leave a hidden `.tmp` file.
///
/// # Errors
/// When something stands at `path`, or the disk refuses.
pub fn write_private_new(path: &Path, bytes: &[u8]) -> Result<(), FileError> {
    let written = write_temporary(path, bytes)
        .and_then(|temporary| rename_new(&temporary, path).inspect_err(|_| forget(&temporary)))
        .and_then(|()| sync_folder_of(path));
    written.map_err(|error| FileError::io(path, "create", error))
}

/// Creates or replaces a private file (0600) with this content, durably. Readers see the old
/// content or the new, never a part.
///
/// # Errors
/// When the disk refuses.
pub fn write_atomic(path: &Path, bytes: &[u8]) -> Result<(), FileError> {
    let written = write_temporary(path, bytes)
        .and_then(|temporary| fs::rename(&temporary, path).inspect_err(|_| forget(&temporary)))
        .and_then(|()| sync_folder_of(path));
    written.map_err(|error| FileError::io(path, "write", error))
}

/// Gives a finished file its final name in the same folder, durably; fails when that is taken.
///
/// # Errors
/// When something stands at `to`, or the disk refuses.
pub fn publish_new(from: &Path, to: &Path) -> Result<(), FileError> {
    let published = File::open(from)
        .and_then(|file| file.sync_all())
        .and_then(|()| rename_new(from, to))
        .and_then(|()| sync_folder_of(to));
    published.map_err(|error| FileError::io(to, "create", error))
}

/// Leaves what `path` names to its owner alone: mode 0600.
///
/// # Errors
/// When the mode cannot be set.
pub fn make_private(path: &Path) -> Result<(), FileError> {
    fs::set_permissions(path, fs::Permissions::from_mode(0o600))
        .map_err(|error| FileError::io(path, "make private", error))
}

/// Removes a file durably; that there is none is not an error.
///
/// # Errors
/// When it is a folder, or the disk refuses.
pub fn remove(path: &Path) -> Result<(), FileError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        removed => removed.and_then(|()| sync_folder_of(path)),
    }
    .map_err(|error| FileError::io(path, "remove", error))
}

/// Gives a file or folder another name in the same folder, durably: its own and `mark`. Says which;
/// none when nothing stands at `path`.
///
/// # Errors
/// When the new name is taken, or the disk refuses.
pub fn set_aside(path: &Path, mark: &str) -> Result<Option<PathBuf>, FileError> {
    const ACTION: &str = "set aside";
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(SET_ASIDE);
    name.push(mark);
    let aside = path.with_file_name(name);
    // A rename would replace an empty folder.
    if exists(&aside)? {
        return Err(FileError::io(&aside, ACTION, io::ErrorKind::AlreadyExists.into()));
    }
    match fs::rename(path, &aside) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        renamed => renamed.and_then(|()| sync_folder_of(&aside)).map(|()| Some(aside)),
    }
    .map_err(|error| FileError::io(path, ACTION, error))
}

/// Whether that is what `path` was once, by its name.
#[must_use]
pub fn is_set_aside_of(other: &Path, path: &Path) -> bool {
    let names = other.file_name().zip(path.file_name());
    let rest = names.and_then(|(other, name)| other.as_bytes().strip_prefix(name.as_bytes()));
    rest.is_some_and(|rest| rest.starts_with(SET_ASIDE.as_bytes()))
}

/// A finished, synced file beside `path`, under a name nobody else uses.
fn write_temporary(path: &Path, bytes: &[u8]) -> io::Result<PathBuf> {
    let temporary = temporary_name(path)?;
    let mut file = create_private(&temporary)?;
    match file.write_all(bytes).and_then(|()| file.sync_all()) {
        Ok(()) => Ok(temporary),
        Err(error) => {
            forget(&temporary);
            Err(error)
        }
    }
}

fn temporary_name(path: &Path) -> io::Result<PathBuf> {
    let name = path.file_name().ok_or(io::ErrorKind::InvalidFilename)?;
    let unique = u64::from_ne_bytes(entropy::bytes().map_err(io::Error::other)?);
    let mut temporary = std::ffi::OsString::from(".");
    temporary.push(name);
    temporary.push(format!(".{unique:016x}.tmp"));
    Ok(path.with_file_name(temporary))
}

/// A rename that never replaces, in one step of the file system.
#[cfg(any(target_os = "linux", target_os = "android", target_vendor = "apple"))]
fn rename_new(from: &Path, to: &Path) -> io::Result<()> {
    use rustix::fs::{CWD, RenameFlags, renameat_with};
    use rustix::io::Errno;

    match renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE) {
        // Not every file system knows the flag.
        Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP) => link_new(from, to),
        renamed => Ok(renamed?),
    }
}

#[cfg(not(any(target_os = "linux", target_os = "android", target_vendor = "apple")))]
fn rename_new(from: &Path, to: &Path) -> io::Result<()> {
    link_new(from, to)
}

/// A link fails when the new name is taken; the old one then goes.
fn link_new(from: &Path, to: &Path) -> io::Result<()> {
    fs::hard_link(from, to)?;
    fs::remove_file(from)
}

/// Tidies up after a failure that is reported anyway.
fn forget(temporary: &Path) {
    let _ = fs::remove_file(temporary);
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;
    use crate::platform::files::{Problem, list_folder};

    #[test]
    fn a_new_file_is_private_and_never_replaces() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("key");
        write_private_new(&path, b"one").unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert!(matches!(write_private_new(&path, b"two").unwrap_err().problem, Problem::AlreadyExists));
        assert_eq!(fs::read(&path).unwrap(), b"one");
        assert_eq!(list_folder(root.path()).unwrap(), [path], "no temporary file is left");
    }

    #[test]
    fn both_ways_of_naming_refuse_a_taken_name() {
        let root = tempfile::tempdir().unwrap();
        let [from, to] = ["from", "to"].map(|name| root.path().join(name));
        for rename in [rename_new, link_new] {
            fs::write(&from, "new").unwrap();
            fs::write(&to, "old").unwrap();
            assert_eq!(rename(&from, &to).unwrap_err().kind(), io::ErrorKind::AlreadyExists);
            fs::remove_file(&to).unwrap();
            rename(&from, &to).unwrap();
            assert!(!from.exists());
            assert_eq!(fs::read(&to).unwrap(), b"new");
        }
    }

    #[test]
    fn a_replacement_is_whole_and_closed() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("file");
        fs::write(&path, "old").unwrap();
        write_atomic(&path, b"new").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"new");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(list_folder(root.path()).unwrap(), [path]);
    }

    #[test]
    fn publishing_and_removing() {
        let root = tempfile::tempdir().unwrap();
        let [from, to] = ["from", "to"].map(|name| root.path().join(name));
        fs::write(&from, "new").unwrap();
        publish_new(&from, &to).unwrap();
        fs::write(&from, "newer").unwrap();
        assert!(matches!(publish_new(&from, &to).unwrap_err().problem, Problem::AlreadyExists));
        remove(&to).unwrap();
        remove(&to).unwrap();
        assert!(!to.exists());
    }

    #[test]
    fn what_is_set_aside_keeps_its_content_and_replaces_nothing() {
        let root = tempfile::tempdir().unwrap();
        let folder = root.path().join("log");
        assert_eq!(set_aside(&folder, "1").unwrap(), None);
        for content in ["one", "two"] {
            fs::create_dir(&folder).unwrap();
            fs::write(folder.join("file"), content).unwrap();
            let aside = set_aside(&folder, content).unwrap().unwrap();
            assert_eq!(aside, root.path().join(format!("log-set-aside-{content}")));
            assert!(is_set_aside_of(&aside, &root.path().join("log")));
            assert_eq!(fs::read_to_string(aside.join("file")).unwrap(), content);
        }
        fs::create_dir(&folder).unwrap();
        assert!(matches!(set_aside(&folder, "one").unwrap_err().problem, Problem::AlreadyExists));
    }

    #[test]
    fn a_missing_folder_is_an_error() {
        let root = tempfile::tempdir().unwrap();
        assert!(write_private_new(&root.path().join("none/key"), b"x").unwrap_err().is_missing());
    }
}
