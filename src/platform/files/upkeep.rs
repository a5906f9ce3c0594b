//! What a look after the house needs: leftovers of interrupted writes, access of others, free space.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use super::error::{FileError, Problem};
use super::folder::list_folder;
use super::guard::ANY_ACCESS_OF_OTHERS;
use crate::platform::process::effective_uid;

/// Who writes a file is done with it long before that.
const SURELY_LEFT: Duration = Duration::from_secs(60);

/// The unfinished files that interrupted writes left in a folder; younger ones may be in use.
///
/// # Errors
/// When the folder cannot be read.
pub fn leftovers(folder: &Path) -> Result<Vec<PathBuf>, FileError> {
    let found = list_folder(folder)?.into_iter();
    Ok(found.filter(|path| is_temporary(path) && is_old(path)).collect())
}

fn is_temporary(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    name.starts_with('.') && name.ends_with(".tmp")
}

fn is_old(path: &Path) -> bool {
    let age = |about: fs::Metadata| SystemTime::now().duration_since(about.modified().ok()?).ok();
    let about = fs::symlink_metadata(path).ok().filter(fs::Metadata::is_file);
    about.and_then(age).is_some_and(|age| age >= SURELY_LEFT)
}

/// Takes all access of group and others from a file or folder of this user. A link is not followed.
///
/// # Errors
/// When it is a link or another user's, or the mode cannot be set.
pub fn close_to_others(path: &Path) -> Result<(), FileError> {
    const ACTION: &str = "make private";
    let failed = |error| FileError::io(path, ACTION, error);
    let about = fs::symlink_metadata(path).map_err(failed)?;
    let user = effective_uid();
    if about.is_symlink() {
        return Err(FileError::new(path, ACTION, Problem::SymbolicLink));
    }
    if about.uid() != user {
        let problem = Problem::ForeignOwner { owner: about.uid(), user };
        return Err(FileError::new(path, ACTION, problem));
    }
    let mode = about.mode() & !ANY_ACCESS_OF_OTHERS;
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).map_err(failed)
}

/// How many bytes can still be written where `path` is.
///
/// # Errors
/// When the file system does not say.
pub fn free_bytes(path: &Path) -> Result<u64, FileError> {
    let about = rustix::fs::statvfs(path)
        .map_err(|error| FileError::io(path, "look at the disk of", error.into()))?;
    Ok(about.f_bavail.saturating_mul(about.f_frsize))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::files::{check_private, write_private_new};

    #[test]
    fn only_old_unfinished_files_are_left_over() {
        let root = tempfile::tempdir().unwrap();
        let [old, young, other] = [".a.0.tmp", ".b.0.tmp", "c"].map(|name| root.path().join(name));
        for path in [&old, &young, &other] {
            write_private_new(path, b"").unwrap();
        }
        for path in [&old, &other] {
            let long_ago = SystemTime::now() - 2 * SURELY_LEFT;
            fs::File::options().write(true).open(path).unwrap().set_modified(long_ago).unwrap();
        }
        assert_eq!(leftovers(root.path()).unwrap(), [old]);
    }

    #[test]
    fn a_file_is_closed_and_a_link_is_not_followed() {
        let root = tempfile::tempdir().unwrap();
        let (path, link) = (root.path().join("key"), root.path().join("link"));
        write_private_new(&path, b"").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        std::os::unix::fs::symlink(&path, &link).unwrap();
        assert!(close_to_others(&link).is_err() && check_private(&path).is_err());
        close_to_others(&path).unwrap();
        check_private(&path).unwrap();
        assert!(free_bytes(&path).unwrap() > 0);
    }
}
