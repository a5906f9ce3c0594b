//! The end of a command that failed: one error, told once, as text or as JSON.

use std::io::{self, Write as _};
use std::process::ExitCode;

use serde::Serialize;

use super::error::CliError;
use super::escape;
use super::screen::Paint;
use crate::service::ServiceError;

/// An error as scripts read it (DESIGN §7).
#[derive(Serialize)]
pub(super) struct ErrorObject<'a> {
    pub(super) error: &'a str,
    pub(super) reason: Option<&'a str>,
    pub(super) message: &'a str,
    pub(super) help: Option<&'a str>,
}

impl<'a> From<&'a ServiceError> for ErrorObject<'a> {
    fn from(error: &'a ServiceError) -> Self {
        Self {
            error: error.kind.code(),
            reason: error.reason.as_deref(),
            message: &error.message,
            help: error.help.as_deref(),
        }
    }
}

/// Tells of `error` on the standard error, and gives its exit code. A closed pipe is no error.
pub(super) fn failure(error: CliError, as_json: bool, paint: Paint) -> ExitCode {
    if error.is_closed_pipe() {
        return ExitCode::SUCCESS;
    }
    if let CliError::Mistakes(mistakes) = &error
        && !as_json
    {
        mistakes.iter().for_each(|mistake| say(&format!("{mistake}\n")));
        let s = if mistakes.len() == 1 { "" } else { "s" };
        line("error", &format!("{} mistake{s}; nothing was changed", mistakes.len()), paint);
        return ExitCode::from(error.into_service_error().kind.exit_code());
    }
    let error = error.into_service_error();
    if as_json {
        object(&ErrorObject::from(&error));
    } else {
        line("error", &error.message, paint);
        if let Some(help) = &error.help {
            line("help", help, paint);
        }
    }
    ExitCode::from(error.kind.exit_code())
}

/// The standard error's last line as JSON.
pub(super) fn object(object: &ErrorObject<'_>) {
    if let Ok(text) = serde_json::to_string(object) {
        say(&text);
    }
}

/// One line of the standard error, such as `error: …`.
pub(super) fn line(label: &str, message: &str, paint: Paint) {
    let message = escape::line(message);
    match label {
        "error" => say(&format!("{} {message}", paint.red("error:"))),
        label => say(&format!("{} {message}", paint.bold(format_args!("{label}:")))),
    }
}

/// `aivault 1.2.3`, without building anything first.
pub(super) fn version() -> ExitCode {
    let text = concat!("aivault ", env!("CARGO_PKG_VERSION"), "\n");
    written(io::stdout().write_all(text.as_bytes()).and_then(|()| io::stdout().flush()))
}

/// The exit code after writing all there was to write.
pub(super) fn written(result: io::Result<()>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => failure(error.into(), false, Paint::plain()),
    }
}

/// Nobody is left to be told when the standard error cannot be written.
fn say(text: &str) {
    let _ = writeln!(io::stderr(), "{text}");
}
