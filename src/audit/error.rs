//! What can go wrong with the log, and what is then to be done.

use std::fmt;
use std::path::PathBuf;

use thiserror::Error;

use crate::platform::append::AppendError;
use crate::platform::files::FileError;

/// Why an entry could not be written, or the log not be read or believed.
#[derive(Debug, Error)]
pub enum AuditError {
    #[error("there is no audit log in {folder:?}")]
    Absent { folder: PathBuf },
    #[error("the audit log cannot be used: {0}")]
    Folder(#[from] FileError),
    #[error("the audit log cannot be used: {0}")]
    File(#[from] AppendError),
    #[error("the disk did not take what was logged in {folder:?}, and nothing more is logged there")]
    Unsynced { folder: PathBuf },
    #[error("an event has no form that could be logged: {0}")]
    Encoding(#[from] serde_json::Error),
    #[error("the audit log is not as it was written: {0}")]
    Broken(#[from] Broken),
    #[error("the checkpoint cannot be compared: entry {seq} was retired, with all up to {retired}")]
    CheckpointRetired { seq: u64, retired: u64 },
    #[error("this vault did not sign the checkpoint")]
    ForeignCheckpoint,
}

impl AuditError {
    /// What the person at the shell can do next.
    #[must_use]
    pub fn help(&self) -> String {
        match self {
            Self::Absent { folder } => {
                format!(
                    "a vault in use has one: find out who moved or deleted {folder:?}, and put it back; if it \
                     is lost, begin another: aivault audit restart"
                )
            }
            Self::Folder(error) => error.help(),
            Self::File(error) => error.help(),
            Self::Unsynced { folder } => format!("check the disk that holds {folder:?}, then restart"),
            Self::Encoding(_) => "this is a mistake of the program: please report it".to_owned(),
            Self::CheckpointRetired { .. } => {
                "what remains was checked and holds; compare a later checkpoint, and keep one after each retirement: \
                 aivault audit checkpoint"
                    .to_owned()
            }
            Self::ForeignCheckpoint => {
                "give a checkpoint that `aivault audit checkpoint` printed on this very vault".to_owned()
            }
            Self::Broken(_) => {
                "compare the audit folder with a backup; to go on meanwhile, set it aside as it is and begin \
                 another log: aivault audit restart"
                    .to_owned()
            }
        }
    }
}

/// The first place where the log is not as it was written.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub struct Broken {
    /// The file's name within the folder.
    pub file: String,
    /// Counts from 1 within the file; 0 when the problem is not in one line.
    pub line: u64,
    /// The entry that should be there.
    pub seq: u64,
    pub problem: Problem,
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { file, line, seq, problem } = self;
        match line {
            0 => write!(f, "{file}: {problem}"),
            line => write!(f, "{file}:{line}: entry {seq}: {problem}"),
        }
    }
}

/// What is wrong there.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Problem {
    #[error("this is no line of an audit log")]
    Malformed,
    #[error("this line was edited, or is spliced in from elsewhere")]
    Edited,
    #[error("it is missing: entry {next} stands in its place")]
    Deleted { next: u64 },
    #[error("it stands further down: entry {next} was put before it")]
    Reordered { next: u64 },
    #[error("entry {again} stands here once more")]
    Replayed { again: u64 },
    #[error("the log ends before it, though {written} entries were written")]
    Truncated { written: u64 },
    #[error("the log went another way than the record of its last entry: one of them is an older copy")]
    Forked,
    #[error("the checkpoint has another entry {seq}: the log was replaced since, or begun anew")]
    OtherThanCheckpoint { seq: u64 },
    #[error("the log ends before entry {seq}, which the checkpoint has")]
    BeforeCheckpoint { seq: u64 },
    #[error("the record of the first entry was edited, or the key is that of another vault")]
    AnchorEdited,
    #[error("the record of the last entry is missing")]
    HeadMissing,
    #[error("the record of the last entry was edited, or the key is that of another vault")]
    HeadEdited,
    #[error("this file is missing")]
    FileMissing,
    #[error("this file is not part of the log")]
    FileForeign,
}
