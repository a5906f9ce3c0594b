//! The checks of ownership, kind and mode, always made on what was opened or not followed.

use std::fs::{File, Metadata, OpenOptions};
use std::io;
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::Path;

use rustix::fs::OFlags;

use super::error::{FileError, Problem};
use crate::platform::process::effective_uid;

const PERMISSION_BITS: u32 = 0o777;
pub(super) const ANY_ACCESS_OF_OTHERS: u32 = 0o077;
pub(super) const WRITE_ACCESS_OF_OTHERS: u32 = 0o022;

/// Not through a link, and not waiting for the other end of a FIFO.
fn no_surprises() -> i32 {
    // `open` takes the flags as a C int; the bit pattern is what counts.
    (OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC).bits().cast_signed()
}

/// Opens an existing private file for reading.
pub(super) fn open_private(path: &Path, action: &'static str) -> Result<(File, Metadata), FileError> {
    open_checked(path, action, private_file)
}

/// Opens an existing file for reading, if what was opened passes.
pub(super) fn open_checked(
    path: &Path,
    action: &'static str,
    check: fn(&Metadata) -> Result<(), Problem>,
) -> Result<(File, Metadata), FileError> {
    let opened = OpenOptions::new().read(true).custom_flags(no_surprises()).open(path);
    let file = opened.map_err(|error| FileError::io(path, action, error))?;
    let metadata = file.metadata().map_err(|error| FileError::io(path, action, error))?;
    check(&metadata).map_err(|problem| FileError::new(path, action, problem))?;
    Ok((file, metadata))
}

/// Opens a private file for reading and writing, creating an empty one when it is missing.
pub(in crate::platform) fn open_or_create_private(path: &Path) -> Result<File, FileError> {
    const ACTION: &str = "open";
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false).mode(0o600).custom_flags(no_surprises());
    let file = options.open(path).map_err(|error| FileError::io(path, ACTION, error))?;
    let metadata = file.metadata().map_err(|error| FileError::io(path, ACTION, error))?;
    private_file(&metadata).map_err(|problem| FileError::new(path, ACTION, problem))?;
    Ok(file)
}

/// Creates a private file that must not exist yet.
pub(super) fn create_private(path: &Path) -> io::Result<File> {
    OpenOptions::new().write(true).create_new(true).mode(0o600).custom_flags(no_surprises()).open(path)
}

pub(super) fn private_file(metadata: &Metadata) -> Result<(), Problem> {
    if metadata.is_symlink() {
        return Err(Problem::SymbolicLink);
    }
    if !metadata.is_file() {
        return Err(Problem::NotAFile);
    }
    ours_and_closed(metadata, ANY_ACCESS_OF_OTHERS)
}

/// A file that the service manager made for this user, who may be let in by an access list instead of as its owner:
/// then the mode shows the list's mask where the group's rights are.
pub(super) fn credential_file(metadata: &Metadata) -> Result<(), Problem> {
    const SYSTEM: u32 = 0;
    const READ_ACCESS_OF_GROUP: u32 = 0o040;
    if metadata.is_file() && metadata.uid() == SYSTEM && effective_uid() != SYSTEM {
        let forbidden = ANY_ACCESS_OF_OTHERS & !READ_ACCESS_OF_GROUP;
        return closed(metadata, forbidden);
    }
    private_file(metadata)
}

/// A program that nobody but this user and the system can have written.
pub(super) fn program_file(metadata: &Metadata) -> Result<(), Problem> {
    const EXECUTE_ACCESS: u32 = 0o111;
    let user = effective_uid();
    match metadata.uid() {
        _ if !metadata.is_file() || metadata.mode() & EXECUTE_ACCESS == 0 => Err(Problem::NotAProgram),
        owner if owner != user && owner != 0 => Err(Problem::ForeignOwner { owner, user }),
        _ => closed(metadata, WRITE_ACCESS_OF_OTHERS),
    }
}

pub(super) fn ours_and_closed(metadata: &Metadata, forbidden: u32) -> Result<(), Problem> {
    let user = effective_uid();
    if metadata.uid() != user {
        return Err(Problem::ForeignOwner { owner: metadata.uid(), user });
    }
    closed(metadata, forbidden)
}

fn closed(metadata: &Metadata, forbidden: u32) -> Result<(), Problem> {
    if metadata.mode() & forbidden != 0 {
        return Err(Problem::OpenToOthers { mode: metadata.mode() & PERMISSION_BITS });
    }
    Ok(())
}
