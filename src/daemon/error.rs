//! Why there is no daemon, and what to do about it.

use std::path::PathBuf;

use thiserror::Error;

use crate::platform::files::FileError;
use crate::service::ServiceError;

/// Why there is no daemon.
#[derive(Debug, Error)]
pub enum DaemonError {
    #[error(transparent)]
    File(#[from] FileError),
    #[error("{socket:?} cannot be listened on: {cause}")]
    Socket { socket: PathBuf, cause: std::io::Error },
    #[error("{0:?} is no socket, and is left as it is")]
    NotASocket(PathBuf),
    #[error("another process listens at {0:?}")]
    Taken(PathBuf),
    #[error("{0:?} is too long for a socket's path, which has at most 103 bytes")]
    PathTooLong(PathBuf),
    #[error("there is no group {0:?} of callers on this machine")]
    NoGroup(String),
    #[error("the asynchronous runtime could not be started: {0}")]
    Runtime(std::io::Error),
    #[error("the daemon that runs did not hand its sockets on: {0}")]
    Succession(std::io::Error),
    /// What is served beside the sockets cannot be.
    #[error("{what}")]
    Beside { what: String, help: String },
    #[error("the key that was handed over is of no use: {0}")]
    Key(ServiceError),
}

impl DaemonError {
    /// What the person at the shell can do next.
    #[must_use]
    pub fn help(&self) -> String {
        match self {
            Self::File(error) => error.help(),
            Self::Socket { .. } => "set AIVAULTD_SOCKET to a path in a folder of yours".to_owned(),
            Self::NotASocket(_) => {
                "set AIVAULTD_SOCKET to a path where nothing stands, or unset it".to_owned()
            }
            Self::Taken(path) => {
                format!("end that process (lsof {path:?} names it), or set AIVAULTD_SOCKET to another path")
            }
            Self::Key(error) => error.help.clone().unwrap_or_else(|| "run `aivault unlock` again".to_owned()),
            Self::NoGroup(_) => {
                "make it (aivault setup agent-access --dry-run shows how), or name another with --callers-group".to_owned()
            }
            Self::PathTooLong(_) => "set AIVAULTD_SOCKET to a shorter path".to_owned(),
            Self::Succession(_) => "run `aivault restart`".to_owned(),
            Self::Beside { help, .. } => help.clone(),
            Self::Runtime(_) => "see whether the system has threads and files left, and try again".to_owned(),
        }
    }
}
