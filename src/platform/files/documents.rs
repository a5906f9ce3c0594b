//! Files that people keep in a folder of their own, a repository above all: found, and written
//! with the mode that their other files have. Never for what must be private.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use super::error::{FileError, Problem};
use crate::platform::entropy;

/// The mode of what everybody may read.
const READABLE: u32 = 0o644;

/// More folders within folders than this are not looked into.
const MAX_DEPTH: usize = 32;

/// Every file below `path`, or `path` itself where it is a file, sorted. What is hidden is left
/// out, and links to folders are not followed.
///
/// # Errors
/// When `path` does not exist, or a folder cannot be read.
pub fn files_below(path: &Path) -> Result<Vec<PathBuf>, FileError> {
    let metadata = fs::metadata(path).map_err(|error| FileError::io(path, "look at", error))?;
    if !metadata.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let mut found = Vec::new();
    descend(path, MAX_DEPTH, &mut found)?;
    found.sort();
    Ok(found)
}

fn descend(folder: &Path, depth: usize, found: &mut Vec<PathBuf>) -> Result<(), FileError> {
    let failed = |error| FileError::io(folder, "list the folder", error);
    for entry in fs::read_dir(folder).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        if entry.file_name().as_encoded_bytes().starts_with(b".") {
            continue;
        }
        let kind = entry.file_type().map_err(failed)?;
        if kind.is_dir() && depth > 0 {
            descend(&entry.path(), depth - 1, found)?;
        } else if !kind.is_dir() {
            found.push(entry.path());
        }
    }
    Ok(())
}

/// Creates or replaces a document whole: a reader sees the old text or the new.
///
/// # Errors
/// When the disk refuses.
pub fn replace_document(path: &Path, text: &str) -> Result<(), FileError> {
    let replaced = temporary_beside(path).and_then(|temporary| {
        let written = create_new(&temporary, text).and_then(|()| fs::rename(&temporary, path));
        written.inspect_err(|_| drop(fs::remove_file(&temporary)))
    });
    replaced.map_err(|error| FileError::io(path, "write", error))
}

/// Whether that very document stands there, for everybody to read.
#[must_use]
pub fn is_document(path: &Path, text: &str) -> bool {
    let is_open = |about: fs::Metadata| about.is_file() && about.permissions().mode() & 0o777 == READABLE;
    fs::symlink_metadata(path).is_ok_and(is_open)
        && fs::read(path).is_ok_and(|found| found == text.as_bytes())
}

/// Creates or replaces a document that everybody may read and its owner change, and the folders above it.
///
/// # Errors
/// When the disk refuses.
pub fn place_document(path: &Path, text: &str) -> Result<(), FileError> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(|error| FileError::io(folder, "create the folder", error))?;
    }
    replace_document(path, text)?;
    fs::set_permissions(path, fs::Permissions::from_mode(READABLE))
        .map_err(|error| FileError::io(path, "let others read", error))
}

/// Creates a document and the folders above it; never overwrites.
///
/// # Errors
/// When something stands at `path`, or the disk refuses.
pub fn create_document(path: &Path, text: &str) -> Result<(), FileError> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(|error| FileError::io(folder, "create the folder", error))?;
    }
    match create_new(path, text) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            Err(FileError::new(path, "create", Problem::AlreadyExists))
        }
        created => created.map_err(|error| FileError::io(path, "create", error)),
    }
}

fn create_new(path: &Path, text: &str) -> io::Result<()> {
    let mut file: File = OpenOptions::new().write(true).create_new(true).open(path)?;
    file.write_all(text.as_bytes())
}

fn temporary_beside(path: &Path) -> io::Result<PathBuf> {
    let unique = u64::from_ne_bytes(entropy::bytes().map_err(io::Error::other)?);
    let name = path.file_name().ok_or(io::ErrorKind::InvalidFilename)?.to_string_lossy();
    Ok(path.with_file_name(format!(".{name}.{unique:016x}.tmp")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_found_and_never_overwritten_by_creating() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("a/b/one.yaml");
        create_document(&path, "old").unwrap();
        assert!(matches!(create_document(&path, "new").unwrap_err().problem, Problem::AlreadyExists));
        replace_document(&path, "new").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "new");
        create_document(&root.path().join(".hidden/x"), "").unwrap();
        assert_eq!(
            files_below(root.path()).unwrap(),
            std::slice::from_ref(&path),
            "no temporary file is left"
        );
        assert_eq!(files_below(&path).unwrap(), [path]);
        assert!(files_below(&root.path().join("none")).unwrap_err().is_missing());
    }

    #[test]
    fn a_linked_folder_is_no_way_round() {
        let root = tempfile::tempdir().unwrap();
        create_document(&root.path().join("x"), "").unwrap();
        std::os::unix::fs::symlink(root.path(), root.path().join("loop")).unwrap();
        assert_eq!(files_below(root.path()).unwrap().len(), 2);
    }
}
