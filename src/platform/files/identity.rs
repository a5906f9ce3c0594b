//! Which file a name stands for: a name outlives the file that bore it.

use std::fs::{self, File, Metadata};
use std::io;
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};

use super::error::FileError;

const ACTION: &str = "look at";

/// One file of this machine for as long as somebody has it open, whatever it is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Identity {
    device: u64,
    inode: u64,
    is_socket: bool,
}

impl Identity {
    /// What stands at `path` now, not through a link; none when nothing does.
    ///
    /// # Errors
    /// When that cannot be told, for instance for want of permission.
    pub fn at(path: &Path) -> Result<Option<Self>, FileError> {
        match fs::symlink_metadata(path) {
            Ok(about) => Ok(Some(Self::of(&about))),
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
                Ok(None)
            }
            Err(error) => Err(FileError::io(path, ACTION, error)),
        }
    }

    /// The file that was opened as `path`.
    pub(in crate::platform) fn of_open(file: &File, path: &Path) -> Result<Self, FileError> {
        file.metadata().map(|about| Self::of(&about)).map_err(|error| FileError::io(path, ACTION, error))
    }

    #[must_use]
    pub fn is_socket(self) -> bool {
        self.is_socket
    }

    fn of(about: &Metadata) -> Self {
        Self { device: about.dev(), inode: about.ino(), is_socket: about.file_type().is_socket() }
    }
}

/// A file under the name it was found by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedFile {
    path: PathBuf,
    identity: Identity,
}

impl NamedFile {
    /// What stands at `path` now; none when nothing does.
    ///
    /// # Errors
    /// As [`Identity::at`].
    pub fn at(path: &Path) -> Result<Option<Self>, FileError> {
        let found = Identity::at(path)?;
        Ok(found.map(|identity| Self { path: path.to_owned(), identity }))
    }

    /// Whether the name still stands for this file; not when that cannot be told.
    #[must_use]
    pub fn is_in_place(&self) -> bool {
        matches!(Identity::at(&self.path), Ok(Some(found)) if found == self.identity)
    }

    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::net::UnixListener;

    use super::*;

    #[test]
    fn a_name_can_come_to_stand_for_another_file() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("file");
        assert_eq!(Identity::at(&path).unwrap(), None);
        let file = File::create(&path).unwrap();
        let opened = Identity::of_open(&file, &path).unwrap();
        assert_eq!(Identity::at(&path).unwrap(), Some(opened));
        let named = NamedFile::at(&path).unwrap().unwrap();
        assert!(named.is_in_place());
        fs::rename(&path, root.path().join("aside")).unwrap();
        fs::write(&path, "").unwrap();
        assert_ne!(Identity::at(&path).unwrap(), Some(opened));
        assert!(!named.is_in_place());
        assert_eq!(Identity::at(&path.join("below")).unwrap(), None);
    }

    #[test]
    fn a_socket_is_told_from_a_file_and_from_a_link_to_one() {
        let root = tempfile::tempdir().unwrap();
        let [file, socket, link] = ["file", "socket", "link"].map(|name| root.path().join(name));
        fs::write(&file, "").unwrap();
        let _listener = UnixListener::bind(&socket).unwrap();
        std::os::unix::fs::symlink(&socket, &link).unwrap();
        let is_socket = |path| Identity::at(path).unwrap().unwrap().is_socket();
        assert_eq!([&file, &socket, &link].map(|path| is_socket(path)), [false, true, false]);
    }
}
