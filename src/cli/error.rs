//! Why a command line did not do what it was asked: one enum, each variant with its
//! kind, and what to do next.

use std::io;

use thiserror::Error;

use super::setup::SetupError;
use crate::platform::files::FileError;
use crate::service::multipart::UploadError;
use crate::service::{ErrorKind, ServiceError};
use crate::settings::SettingsError;
use crate::spec::{HostError, NameError};

/// A failure before, in or after the service. Never holds a secret.
#[derive(Debug, Error)]
pub(crate) enum CliError {
    #[error(transparent)]
    Service(#[from] ServiceError),
    #[error(transparent)]
    Settings(#[from] SettingsError),
    #[error(transparent)]
    File(#[from] FileError),
    #[error(transparent)]
    Upload(#[from] UploadError),
    #[error(transparent)]
    Setup(#[from] SetupError),
    #[error(transparent)]
    Name(#[from] NameError),
    #[error(transparent)]
    Host(#[from] HostError),
    /// Well-formed flags that make no sense together, or a text within one that cannot be read.
    #[error("{message}")]
    Usage { message: String, help: Option<String> },
    /// What is wrong with files, each mistake as a person reads it, safe to show.
    #[error("{}", .0.join("\n\n"))]
    Mistakes(Vec<String>),
    #[error("could not read the standard input: {0}")]
    Input(#[source] io::Error),
    #[error("could not wait at port {port} of 127.0.0.1: {source}")]
    Listen { port: u16, source: io::Error },
    #[error("nobody logged in within {seconds} s")]
    NobodyCame { seconds: u64 },
    #[error("no consent was given: {}", error.escape_debug())]
    NotConsented { error: String },
    #[error("could not read from the terminal: {0}")]
    Prompt(#[source] io::Error),
    #[error("could not write the output: {0}")]
    Output(#[from] io::Error),
    /// What has to be there whole to be shown is too much to be held.
    #[error("the answer is longer than {0} MiB, too long to be shown in this form")]
    TooLong(usize),
    #[error("could not start the network runtime: {0}")]
    Runtime(#[source] io::Error),
}

impl CliError {
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self::Usage { message: message.into(), help: None }
    }

    pub(crate) fn with_help(message: impl Into<String>, help: impl Into<String>) -> Self {
        Self::Usage { message: message.into(), help: Some(help.into()) }
    }

    /// Whether the reader of the output went away, which is no error.
    pub(crate) fn is_closed_pipe(&self) -> bool {
        matches!(self, Self::Output(error) if error.kind() == io::ErrorKind::BrokenPipe)
    }

    /// The same error as every surface tells it.
    pub(crate) fn into_service_error(self) -> ServiceError {
        let (kind, help) = match self {
            Self::Service(error) => return error,
            Self::Settings(_) => (ErrorKind::VaultUnavailable, None),
            Self::Output(_) | Self::Runtime(_) => (ErrorKind::Conflict, None),
            Self::TooLong(_) => {
                let help = "`aivault invoke` passes an answer of any length on as it comes";
                (ErrorKind::Conflict, Some(help.to_owned()))
            }
            Self::File(ref error) => (ErrorKind::InvalidRequest, Some(error.help())),
            Self::Setup(ref error) => (ErrorKind::Conflict, Some(error.help())),
            Self::Upload(ref error) => (ErrorKind::InvalidRequest, error.help()),
            Self::Usage { help: Some(ref help), .. } => (ErrorKind::InvalidRequest, Some(help.clone())),
            Self::Usage { help: None, .. } | Self::Name(_) | Self::Host(_) => {
                (ErrorKind::InvalidRequest, Some("see the command with --help".to_owned()))
            }
            Self::Listen { .. } => (ErrorKind::Conflict, Some("say another with --port".to_owned())),
            Self::NobodyCame { .. } => {
                (ErrorKind::Conflict, Some("start again; --wait SECONDS gives more time".to_owned()))
            }
            Self::NotConsented { .. } => (ErrorKind::AuthFailed, None),
            Self::Input(_) | Self::Prompt(_) | Self::Mistakes(_) => (ErrorKind::InvalidRequest, None),
        };
        ServiceError { kind, reason: None, message: self.to_string(), help, retry_after_s: None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_reader_that_left_is_quiet() {
        assert!(CliError::from(io::Error::from(io::ErrorKind::BrokenPipe)).is_closed_pipe());
        assert!(!CliError::from(io::Error::from(io::ErrorKind::StorageFull)).is_closed_pipe());
        assert!(!CliError::Input(io::Error::from(io::ErrorKind::BrokenPipe)).is_closed_pipe());
    }

    #[test]
    fn each_kind_has_its_exit_code() {
        let code = |error: CliError| error.into_service_error().kind.exit_code();
        assert_eq!(code(CliError::usage("x")), 2);
        assert_eq!(code(CliError::Output(io::Error::from(io::ErrorKind::StorageFull))), 1);
        assert_eq!(code(CliError::TooLong(64)), 1);
        assert_eq!(code(SettingsError::NoHome.into()), 4);
        assert_eq!(code(ServiceError::new(ErrorKind::VaultLocked, "x").into()), 4);
    }
}
