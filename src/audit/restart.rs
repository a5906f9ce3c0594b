//! Setting a log aside, so that another can be begun: for a log that was broken or lost. Nothing
//! of it is changed or deleted.

use std::path::{Path, PathBuf};

use crate::platform::append::RecordFile;
use crate::platform::files;

use super::error::AuditError;
use super::names::HEAD;

/// Gives the log in `folder` another name, which `mark` tells from earlier ones, and says which;
/// none when there is nothing in its place.
///
/// # Errors
/// When it cannot be renamed, or somebody keeps its lock.
pub fn set_aside(folder: &Path, mark: &str) -> Result<Option<PathBuf>, AuditError> {
    // Nobody is in the middle of a line meanwhile, and whoever comes later notices. A log whose
    // head is gone has no writers.
    let head_file = RecordFile::open_existing(&folder.join(HEAD)).ok();
    let _lock = head_file.as_ref().map(RecordFile::lock).transpose()?;
    Ok(files::set_aside(folder, mark)?)
}
