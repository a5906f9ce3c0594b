//! What can be wrong with a file, where, and what to do about it.

use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

/// An action on a path that did not happen. The path is printed quoted and escaped.
#[derive(Debug, Error)]
#[error("could not {action} {path:?}: {problem}")]
pub struct FileError {
    pub path: PathBuf,
    /// A verb phrase: "read", "create the folder".
    pub action: &'static str,
    #[source]
    pub problem: Problem,
}

/// Why it did not happen.
#[derive(Debug, Error)]
pub enum Problem {
    #[error("{0}")]
    Io(#[source] io::Error),
    #[error("it is a symbolic link")]
    SymbolicLink,
    #[error("it is not a regular file")]
    NotAFile,
    /// The same of what a person named to be read, and did not mean to put there.
    #[error("it is not a regular file")]
    NotReadable,
    #[error("it is not a program")]
    NotAProgram,
    #[error("it is not a folder")]
    NotAFolder,
    #[error("it belongs to user {owner}, not to user {user}")]
    ForeignOwner { owner: u32, user: u32 },
    #[error("its mode {mode:03o} lets other users in")]
    OpenToOthers { mode: u32 },
    #[error("it is larger than {limit} bytes")]
    TooLarge { limit: usize },
    #[error("it exists already")]
    AlreadyExists,
}

impl FileError {
    pub(in crate::platform) fn new(path: &Path, action: &'static str, problem: Problem) -> Self {
        Self { path: path.to_owned(), action, problem }
    }

    pub(in crate::platform) fn io(path: &Path, action: &'static str, error: io::Error) -> Self {
        // What `O_NOFOLLOW` answers to a link.
        let refused_link = Some(rustix::io::Errno::LOOP.raw_os_error());
        let problem = match error.kind() {
            io::ErrorKind::AlreadyExists => Problem::AlreadyExists,
            _ if error.raw_os_error() == refused_link => Problem::SymbolicLink,
            _ => Problem::Io(error),
        };
        Self::new(path, action, problem)
    }

    /// Whether the path does not exist.
    #[must_use]
    pub fn is_missing(&self) -> bool {
        matches!(&self.problem, Problem::Io(error) if error.kind() == io::ErrorKind::NotFound)
    }

    /// What the person at the shell can do next.
    #[must_use]
    pub fn help(&self) -> String {
        let path = &self.path;
        match &self.problem {
            Problem::Io(error) => help_for_io(path, error),
            Problem::SymbolicLink => format!("name the real path instead of the link {path:?}"),
            Problem::NotAFile => format!("move {path:?} away, or name another file"),
            Problem::NotReadable => {
                "name a regular file, or `-` for the standard input where that is taken".to_owned()
            }
            Problem::NotAProgram => format!("name a file that can be run instead of {path:?}"),
            Problem::NotAFolder => format!("move {path:?} away, or name another folder"),
            Problem::ForeignOwner { user, .. } => {
                format!("run as the owner of {path:?}, or use a path that belongs to user {user}")
            }
            Problem::OpenToOthers { .. } => format!("close it to other users: chmod go= {path:?}"),
            Problem::TooLarge { limit } => format!("give at most {limit} bytes"),
            Problem::AlreadyExists => format!("move {path:?} away first; it is never overwritten"),
        }
    }
}

fn help_for_io(path: &Path, error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => format!("check that {path:?} exists"),
        io::ErrorKind::PermissionDenied => format!("check who may use {path:?} and the folders above it"),
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            "free some disk space and try again".to_owned()
        }
        io::ErrorKind::ReadOnlyFilesystem => format!("use a folder on a writable disk instead of {path:?}"),
        _ => format!("check the disk and folder that hold {path:?}"),
    }
}
