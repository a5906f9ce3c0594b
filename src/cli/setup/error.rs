//! Why a setup stopped, and what to do.

use std::path::PathBuf;

use thiserror::Error;

use crate::platform::commands::CommandError;
use crate::platform::process::ProcessError;

#[derive(Debug, Error)]
pub(in crate::cli) enum SetupError {
    #[error("{0:?} is in a folder that the daemon of a service manager is kept out of")]
    InClosedFolder(PathBuf),
    #[error("that service manager is another system's")]
    OtherSystem,
    #[error("only root may do this: {0}")]
    NeedsRoot(String),
    #[error("{command}: it failed{}", told(.said))]
    Failed { command: String, said: String },
    #[error(transparent)]
    Command(#[from] CommandError),
    #[error(transparent)]
    Process(#[from] ProcessError),
}

fn told(said: &str) -> String {
    if said.is_empty() { String::new() } else { format!(": {said}") }
}

impl SetupError {
    pub(in crate::cli) fn help(&self) -> String {
        match self {
            Self::InClosedFolder(_) => {
                "install aivault and aivaultd into /usr/local/bin, say, and run setup from there; or name the program \
                 with --program"
                    .to_owned()
            }
            Self::OtherSystem => "use the setup of this one, or --dry-run to see what it would do".to_owned(),
            Self::NeedsRoot(_) => {
                "run the same with sudo; --dry-run prints all that it would do, to be read or done by hand".to_owned()
            }
            Self::Failed { .. } => {
                "nothing after it was done; what was done before it stays, and is found done when you run this again"
                    .to_owned()
            }
            Self::Command(_) | Self::Process(_) => {
                "see that the program is there; --dry-run prints what to do by hand".to_owned()
            }
        }
    }
}
