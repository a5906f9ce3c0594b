//! Folders that only this user can change.

use std::fs::{self, DirBuilder, File};
use std::io;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use super::error::{FileError, Problem};
use super::guard::{WRITE_ACCESS_OF_OTHERS, ours_and_closed};

/// Makes sure that `path` is a folder of this user that nobody else can write to; creates it and
/// what is missing above it with mode 0700, durably.
///
/// # Errors
/// When it cannot be created, or is a link, another user's, or writable by group or others.
pub fn ensure_private_dir(path: &Path) -> Result<(), FileError> {
    for missing in missing_folders(path)? {
        create_folder(missing)?;
    }
    check_private_dir(path)
}

/// The check of [`ensure_private_dir`] alone: creates nothing.
///
/// # Errors
/// When the folder is missing, a link, another user's, or writable by group or others.
pub fn check_private_dir(path: &Path) -> Result<(), FileError> {
    const ACTION: &str = "use the folder";
    let metadata = fs::symlink_metadata(path).map_err(|error| FileError::io(path, ACTION, error))?;
    let problem = match () {
        () if metadata.is_symlink() => Some(Problem::SymbolicLink),
        () if !metadata.is_dir() => Some(Problem::NotAFolder),
        () => ours_and_closed(&metadata, WRITE_ACCESS_OF_OTHERS).err(),
    };
    problem.map_or(Ok(()), |problem| Err(FileError::new(path, ACTION, problem)))
}

/// The paths in a folder, sorted by name; an empty list when there is no such folder.
///
/// # Errors
/// When the folder cannot be read or is none.
pub fn list_folder(path: &Path) -> Result<Vec<PathBuf>, FileError> {
    let failed = |error| FileError::io(path, "list the folder", error);
    let entries = match fs::read_dir(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.map_err(failed)?,
    };
    let mut paths = entries
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<Vec<_>, _>>()
        .map_err(failed)?;
    paths.sort();
    Ok(paths)
}

/// Makes the entries of a folder durable: a new name is only safe once its folder is.
pub(super) fn sync_folder_of(path: &Path) -> io::Result<()> {
    let folder = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    File::open(folder)?.sync_all()
}

/// What must be created for `path` to exist, outermost first.
fn missing_folders(path: &Path) -> Result<Vec<&Path>, FileError> {
    let mut missing = Vec::new();
    for folder in path.ancestors().filter(|folder| !folder.as_os_str().is_empty()) {
        match fs::symlink_metadata(folder) {
            Ok(_) => break,
            Err(error) if error.kind() == io::ErrorKind::NotFound => missing.push(folder),
            Err(error) => return Err(FileError::io(folder, "look at the folder", error)),
        }
    }
    missing.reverse();
    Ok(missing)
}

fn create_folder(path: &Path) -> Result<(), FileError> {
    match DirBuilder::new().mode(0o700).create(path) {
        // Somebody else was first: the check that follows judges what they made.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        created => created.and_then(|()| sync_folder_of(path)),
    }
    .map_err(|error| FileError::io(path, "create the folder", error))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    use super::*;

    fn mode_of(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn missing_parents_are_created_closed() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("a/b/c");
        ensure_private_dir(&path).unwrap();
        ensure_private_dir(&path).unwrap();
        for folder in ["a", "a/b", "a/b/c"] {
            assert_eq!(mode_of(&root.path().join(folder)), 0o700, "{folder}");
        }
    }

    #[test]
    fn links_files_and_wide_open_folders_are_refused() {
        let root = tempfile::tempdir().unwrap();
        let real = root.path().join("real");
        ensure_private_dir(&real).unwrap();

        let link = root.path().join("link");
        symlink(&real, &link).unwrap();
        assert!(matches!(ensure_private_dir(&link).unwrap_err().problem, Problem::SymbolicLink));

        let file = root.path().join("file");
        fs::write(&file, "x").unwrap();
        assert!(matches!(ensure_private_dir(&file).unwrap_err().problem, Problem::NotAFolder));

        for mode in [0o770, 0o702, 0o777, 0o1777] {
            fs::set_permissions(&real, fs::Permissions::from_mode(mode)).unwrap();
            let problem = ensure_private_dir(&real).unwrap_err().problem;
            assert!(matches!(problem, Problem::OpenToOthers { .. }), "{mode:o}");
        }
        fs::set_permissions(&real, fs::Permissions::from_mode(0o755)).unwrap();
        ensure_private_dir(&real).unwrap();
    }

    #[test]
    fn a_dangling_link_is_not_filled_in() {
        let root = tempfile::tempdir().unwrap();
        let link = root.path().join("link");
        symlink(root.path().join("planted"), &link).unwrap();
        assert!(ensure_private_dir(&link).is_err());
        assert!(!root.path().join("planted").exists());
    }

    #[test]
    fn a_listing_is_sorted_and_a_missing_folder_is_empty() {
        let root = tempfile::tempdir().unwrap();
        for name in ["b", "a"] {
            fs::write(root.path().join(name), "").unwrap();
        }
        assert_eq!(list_folder(root.path()).unwrap(), [root.path().join("a"), root.path().join("b")]);
        assert!(list_folder(&root.path().join("none")).unwrap().is_empty());
    }
}
