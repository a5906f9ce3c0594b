//! What can keep the demo from coming to a verdict.

use thiserror::Error;

use super::upstream::UpstreamError;
use crate::platform::child::ChildError;
use crate::platform::entropy::EntropyError;
use crate::platform::files::FileError;
use crate::platform::process::ProcessError;

/// Why the demo broke off.
#[derive(Debug, Error)]
pub(super) enum DemoError {
    #[error(transparent)]
    Entropy(#[from] EntropyError),
    #[error(transparent)]
    File(#[from] FileError),
    #[error(transparent)]
    Process(#[from] ProcessError),
    #[error(transparent)]
    Child(#[from] ChildError),
    #[error(transparent)]
    Upstream(#[from] UpstreamError),
    #[error("the asynchronous runtime could not be started: {0}")]
    StartRuntime(#[source] std::io::Error),
    #[error("`aivault {typed}` failed, and nothing further can be shown without it")]
    Prepare { typed: String },
    #[error("the daemon with process id {pid} did not end")]
    StopDaemon { pid: u32 },
    #[error("interrupted; the test vault and its folder are removed")]
    Interrupted,
}

impl DemoError {
    /// What to do next, where the error does not say so.
    pub(super) fn help(&self) -> Option<String> {
        match self {
            Self::File(error) => Some(error.help()),
            Self::Child(_) => Some("run `aivault status` to see whether the program works here".to_owned()),
            Self::Prepare { .. } => Some("what it printed is above".to_owned()),
            Self::StopDaemon { pid } => Some(format!("stop it: kill {pid}")),
            _ => None,
        }
    }
}
