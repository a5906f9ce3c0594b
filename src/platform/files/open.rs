//! Opening what the caller's own user names, to be read piece by piece.

use std::fs::{File, OpenOptions};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use rustix::fs::OFlags;

use super::error::{FileError, Problem};

/// A regular file (links to one are followed), opened for reading, and its length in bytes.
///
/// A FIFO is refused rather than waited for. Never for a path that a less trusted party chose.
///
/// # Errors
/// When it is missing, may not be read, or is a folder, device, socket or FIFO.
pub fn open_regular(path: &Path) -> Result<(File, u64), FileError> {
    const ACTION: &str = "open";
    // `open` takes the flags as a C int; the bit pattern is what counts.
    let flags = (OFlags::NONBLOCK | OFlags::CLOEXEC).bits().cast_signed();
    let opened = OpenOptions::new().read(true).custom_flags(flags).open(path);
    let file = opened.map_err(|error| FileError::io(path, ACTION, error))?;
    let metadata = file.metadata().map_err(|error| FileError::io(path, ACTION, error))?;
    if !metadata.is_file() {
        return Err(FileError::new(path, ACTION, Problem::NotReadable));
    }
    Ok((file, metadata.len()))
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use super::*;

    #[test]
    fn a_regular_file_is_opened_with_its_length() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("five");
        std::fs::write(&path, b"five!").unwrap();
        let (mut file, length) = open_regular(&path).unwrap();
        let mut text = String::new();
        file.read_to_string(&mut text).unwrap();
        assert_eq!((text.as_str(), length), ("five!", 5));
    }

    #[test]
    fn folders_devices_and_missing_files_are_refused() {
        let root = tempfile::tempdir().unwrap();
        for odd in [root.path(), Path::new("/dev/null")] {
            assert!(matches!(open_regular(odd).unwrap_err().problem, Problem::NotReadable), "{odd:?}");
        }
        assert!(open_regular(&root.path().join("none")).unwrap_err().is_missing());
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_fifo_is_refused_without_waiting() {
        let root = tempfile::tempdir().unwrap();
        let fifo = root.path().join("fifo");
        rustix::fs::mknodat(rustix::fs::CWD, &fifo, rustix::fs::FileType::Fifo, 0o600.into(), 0).unwrap();
        assert!(matches!(open_regular(&fifo).unwrap_err().problem, Problem::NotReadable));
    }
}
