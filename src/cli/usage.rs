//! Wrong usage, and help when it was asked for.

use std::ffi::OsString;
use std::io::{self, Write as _};
use std::process::ExitCode;

use clap::Parser as _;
use clap::error::ErrorKind as ClapKind;

use super::arguments::Arguments;
use super::escape;
use super::report::{self, ErrorObject};
use super::screen::Paint;
use crate::platform::terminal;
use crate::service::ErrorKind;
use crate::settings::Settings;

/// Prints what the parser has to say: help to the standard output, a mistake to the other.
pub(super) fn report(error: clap::Error, argv: &[OsString]) -> ExitCode {
    let no_color = Settings::read().is_ok_and(|settings| settings.no_color);
    let error = printable(error, argv);
    if !error.use_stderr() {
        let paint = Paint::for_stream(terminal::stdout_is_terminal(), no_color);
        let text = rendered(&error, paint);
        return report::written(io::stdout().write_all(text.as_bytes()).and_then(|()| io::stdout().flush()));
    }
    if error.kind() != ClapKind::DisplayHelpOnMissingArgumentOrSubcommand && wants_json(argv) {
        as_object(&error);
    } else {
        let paint = Paint::for_stream(terminal::stderr_is_terminal(), no_color);
        // Nobody is left to be told when the standard error cannot be written.
        let _ = io::stderr().write_all(rendered(&error, paint).as_bytes());
    }
    ExitCode::from(ErrorKind::InvalidRequest.exit_code())
}

/// The parser repeats what was typed: of a line with control characters in it, the same
/// error without them.
fn printable(error: clap::Error, argv: &[OsString]) -> clap::Error {
    let texts: Vec<String> = argv.iter().map(|word| word.to_string_lossy().into_owned()).collect();
    let escaped: Vec<_> = texts.iter().map(|text| escape::line(text)).collect();
    if texts.iter().zip(&escaped).all(|(text, escaped)| text == escaped) {
        return error;
    }
    Arguments::try_parse_from(escaped.iter().map(AsRef::as_ref)).err().unwrap_or(error)
}

fn rendered(error: &clap::Error, paint: Paint) -> String {
    let styled = error.render();
    if paint.is_on() { styled.ansi().to_string() } else { styled.to_string() }
}

fn wants_json(argv: &[OsString]) -> bool {
    argv.iter().take_while(|word| *word != "--").any(|word| word == "--json")
}

fn as_object(error: &clap::Error) {
    let text = error.render().to_string();
    let (message, help) = text.split_once("\n\n").unwrap_or((&text, ""));
    let (message, help) = (message.trim(), help.trim());
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
    use super::*;

    #[test]
    fn a_mistake_cannot_carry_escape_sequences() {
        let argv = ["aivault", "sta\u{1b}[2Jtus"].map(OsString::from);
        let error = Arguments::try_parse_from(&argv).err().unwrap();
        let error = printable(error, &argv);
        let plain = rendered(&error, Paint::plain());
        assert!(plain.starts_with("error: unrecognized subcommand 'sta\\u{1b}[2Jtus'"), "{plain}");
        assert!(!rendered(&error, Paint::for_stream(true, false)).contains("\u{1b}[2J"));
    }

    #[test]
    fn json_is_asked_for_before_the_double_dash() {
        let asked = |words: &[&str]| wants_json(&words.iter().map(OsString::from).collect::<Vec<_>>());
        assert!(asked(&["aivault", "secrets", "list", "--json"]));
        assert!(!asked(&["aivault", "invoke", "--", "--json"]));
    }
}
