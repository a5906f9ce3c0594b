//! Wrong usage, and help when it was asked for.

use std::ffi::OsString;
use std::io::{self, Write as _};
use std::process::ExitCode;

use clap::error::ErrorKind as ClapKind;

use super::escape;
use super::report::{self, ErrorObject};
use super::screen::Paint;
use crate::platform::terminal;
use crate::service::ErrorKind;
use crate::settings::Settings;

/// Prints what the parser has to say: help to the standard output, a mistake to the other.
pub(super) fn report(error: &clap::Error, argv: &[OsString]) -> ExitCode {
    let no_color = Settings::read().is_ok_and(|settings| settings.no_color);
    if !error.use_stderr() {
        let paint = Paint::for_stream(terminal::stdout_is_terminal(), no_color);
        let text = rendered(error, paint);
        return report::written(io::stdout().write_all(text.as_bytes()).and_then(|()| io::stdout().flush()));
    }
    if error.kind() != ClapKind::DisplayHelpOnMissingArgumentOrSubcommand && wants_json(argv) {
        as_object(error);
    } else {
        let paint = Paint::for_stream(terminal::stderr_is_terminal(), no_color);
        let _ = io::stderr().write_all(rendered(error, paint).as_bytes());
    }
    ExitCode::from(ErrorKind::InvalidRequest.exit_code())
}

/// The parser repeats what was typed; only its own escape sequences may pass.
fn rendered(error: &clap::Error, paint: Paint) -> String {
    let styled = error.render();
    let plain = styled.to_string();
    let safe = escape::block(&plain);
    if paint.is_on() && safe == plain { styled.ansi().to_string() } else { safe.into_owned() }
}

fn wants_json(argv: &[OsString]) -> bool {
    argv.iter().take_while(|word| *word != "--").any(|word| word == "--json")
}

fn as_object(error: &clap::Error) {
    let text = error.render().to_string();
    let (message, help) = text.trim().split_once("\n\n").unwrap_or((text.trim(), ""));
    let message = message.strip_prefix("error: ").unwrap_or(message);
    report::object(&ErrorObject {
        error: ErrorKind::InvalidRequest.code(),
        reason: Some("usage"),
        message,
        help: (!help.is_empty()).then_some(help),
    });
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;
    use crate::cli::arguments::Arguments;

    #[test]
    fn a_mistake_cannot_carry_escape_sequences() {
        let error = Arguments::try_parse_from(["aivault", "sta\u{1b}[2Jtus"]).err().unwrap();
        let text = rendered(&error, Paint::for_stream(true, false));
        assert!(text.contains("sta\\u{1b}[2Jtus") && !text.contains('\u{1b}'), "{text}");
    }

    #[test]
    fn json_is_asked_for_before_the_double_dash() {
        let asked = |words: &[&str]| wants_json(&words.iter().map(OsString::from).collect::<Vec<_>>());
        assert!(asked(&["aivault", "secrets", "list", "--json"]));
        assert!(!asked(&["aivault", "invoke", "--", "--json"]));
    }
}
