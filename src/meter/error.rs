//! Why use could not be counted. What cannot be counted is refused.

use std::path::PathBuf;

use rusqlite::ErrorCode;
use thiserror::Error;

use crate::platform::files::FileError;

/// The counters cannot be used.
#[derive(Debug, Error)]
pub enum MeterError {
    #[error(transparent)]
    File(#[from] FileError),
    /// Limits were counted there before.
    #[error("the counters of the limits are gone: there is no {path:?}")]
    Missing { path: PathBuf },
    #[error("the counters of the limits were replaced: {path:?} is another file than this process opened")]
    Replaced { path: PathBuf },
    #[error("the counters of the limits in {path:?} are not those last written")]
    Tampered { path: PathBuf },
    #[error("the counters of the limits in {path:?} were set back from change {seen} to change {epoch}")]
    SetBack { path: PathBuf, epoch: u64, seen: u64 },
    #[error("the counters of the limits are damaged: {detail}")]
    Corrupt { detail: String },
    #[error("another process keeps the counters of the limits busy")]
    Busy,
    #[error("the counters of the limits could not be used: {detail}")]
    Unavailable { detail: String },
}

impl MeterError {
    /// Whether somebody changed the counters, rather than that they could not be reached.
    #[must_use]
    pub fn is_tampering(&self) -> bool {
        match self {
            Self::Missing { .. }
            | Self::Replaced { .. }
            | Self::Tampered { .. }
            | Self::SetBack { .. }
            | Self::Corrupt { .. } => true,
            Self::File(_) | Self::Busy | Self::Unavailable { .. } => false,
        }
    }

    /// What an operator can do next.
    #[must_use]
    pub fn help(&self) -> String {
        match self {
            Self::File(error) => error.help(),
            Self::Busy => "try again".to_owned(),
            Self::Unavailable { .. } => "check the disk and folder that hold the vault".to_owned(),
            _ => "find out who changed usage.db in the vault's folder; to count from nothing again, remove \
                  every policy, move the file away, and apply the policies again"
                .to_owned(),
        }
    }
}

impl From<rusqlite::Error> for MeterError {
    fn from(error: rusqlite::Error) -> Self {
        let detail = error.to_string();
        match error.sqlite_error_code() {
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::Busy,
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => Self::Corrupt { detail },
            Some(_) => Self::Unavailable { detail },
            // Not SQLite but the binding: a value of another type, or none, where the schema has one.
            None => Self::Corrupt { detail },
        }
    }
}
