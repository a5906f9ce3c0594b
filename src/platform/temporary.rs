//! A folder for a while: private from its first instant, and gone with its owner.

use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use super::entropy;
use super::files::FileError;

/// A folder (0700) under the system's folder for temporary files; dropping it removes it.
#[derive(Debug)]
pub struct TemporaryFolder {
    path: PathBuf,
}

impl TemporaryFolder {
    /// Makes a new folder, named `prefix` and some random digits.
    ///
    /// # Errors
    /// When there is no room for it.
    pub fn create(prefix: &str) -> Result<Self, FileError> {
        let system = std::env::temp_dir();
        Self::create_in(&system, prefix)
            .map_err(|error| FileError::io(&system, "create a temporary folder in", error))
    }

    fn create_in(system: &Path, prefix: &str) -> io::Result<Self> {
        // Few digits: the path of a socket within has some hundred bytes in all.
        let random = u32::from_ne_bytes(entropy::bytes().map_err(io::Error::other)?);
        let path = std::path::absolute(system)?.join(format!("{prefix}{random:08x}"));
        DirBuilder::new().mode(0o700).create(&path)?;
        Ok(Self { path })
    }

    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Every regular file beneath it, sorted; links are not followed.
    ///
    /// # Errors
    /// When a folder beneath it cannot be read.
    pub fn files(&self) -> Result<Vec<PathBuf>, FileError> {
        let mut found = Vec::new();
        let mut folders = vec![self.path.clone()];
        while let Some(folder) = folders.pop() {
            let failed = |error| FileError::io(&folder, "list the folder", error);
            for entry in fs::read_dir(&folder).map_err(failed)? {
                let entry = entry.map_err(failed)?;
                let kind = entry.file_type().map_err(failed)?;
                if kind.is_dir() {
                    folders.push(entry.path());
                } else if kind.is_file() {
                    found.push(entry.path());
                }
            }
        }
        found.sort();
        Ok(found)
    }

    /// Removes it and all that is in it.
    ///
    /// # Errors
    /// When something in it cannot be removed.
    pub fn remove(self) -> Result<(), FileError> {
        fs::remove_dir_all(&self.path)
            .map_err(|error| FileError::io(&self.path, "remove the temporary folder", error))
    }
}

impl Drop for TemporaryFolder {
    fn drop(&mut self) {
        // Whoever must know calls `remove`, after which there is nothing left to do here.
        let _ = fs::remove_dir_all(&self.path);
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    use super::*;

    #[test]
    fn it_is_private_and_goes_with_its_owner() {
        let folder = TemporaryFolder::create("aivault-test-").unwrap();
        let path = folder.path().to_owned();
        assert!(path.is_absolute());
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o700);
        fs::create_dir(path.join("a")).unwrap();
        fs::write(path.join("a/file"), "x").unwrap();
        drop(folder);
        assert!(!path.exists());

        let folder = TemporaryFolder::create("aivault-test-").unwrap();
        let path = folder.path().to_owned();
        folder.remove().unwrap();
        assert!(!path.exists());
    }

    #[test]
    fn files_are_found_at_any_depth_and_links_are_not_followed() {
        let outside = tempfile::tempdir().unwrap();
        fs::write(outside.path().join("other"), "x").unwrap();
        let folder = TemporaryFolder::create("aivault-test-").unwrap();
        let path = folder.path().to_owned();
        fs::create_dir_all(path.join("b/c")).unwrap();
        for name in ["b/c/deep", "a"] {
            fs::write(path.join(name), "x").unwrap();
        }
        symlink(outside.path(), path.join("link")).unwrap();
        assert_eq!(folder.files().unwrap(), [path.join("a"), path.join("b/c/deep")]);
        drop(folder);
        assert!(outside.path().join("other").exists());
    }
}
