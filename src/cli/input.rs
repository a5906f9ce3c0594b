//! Values and passphrases: from a flag, a file, a pipe or a hidden prompt.

use std::ffi::OsString;
use std::io::{self, BufRead as _, Read, Write as _};
use std::os::unix::ffi::OsStringExt as _;

use super::arguments::ValueArguments;
use super::error::CliError;
use crate::platform::{files, terminal};
use crate::service::{SecretInput, SecretText};
use crate::spec::{Host, SecretName};

pub(super) const MIB: usize = 1 << 20;

/// Where a value is to be found.
#[derive(Debug, PartialEq, Eq)]
enum Source {
    Given(OsString),
    File(std::path::PathBuf),
    Pipe,
    Prompt,
}

/// The value of the secret called `name`.
pub(super) fn value(arguments: ValueArguments, name: &str) -> Result<SecretInput, CliError> {
    let bytes = match source(arguments, terminal::stdin_is_terminal()) {
        Source::Given(value) => value.into_vec(),
        Source::File(path) => without_line_break(files::read_bounded(&path, MIB + 2)?)?,
        Source::Pipe => without_line_break(bounded(io::stdin().lock(), MIB + 2)?)?,
        Source::Prompt => hidden(&format!("Value of {name} (not shown): "))?.into_bytes(),
    };
    secret(bytes)
}

/// The value as the service takes it.
pub(super) fn secret(bytes: Vec<u8>) -> Result<SecretInput, CliError> {
    SecretInput::new(bytes).map_err(|error| CliError::with_help(error.to_string(), error.help()))
}

/// The host of an account, asked for on a terminal; else none, and the service says what is missing.
pub(super) fn host(name: &SecretName, example: &Host) -> Result<Vec<Host>, CliError> {
    if !terminal::stdin_is_terminal() {
        return Ok(Vec::new());
    }
    let mut line = String::new();
    let mut screen = io::stderr();
    write!(screen, "Host that {name} is for, such as {example}: ").map_err(CliError::Prompt)?;
    io::stdin().lock().take(1024).read_line(&mut line).map_err(CliError::Input)?;
    Ok(vec![Host::parse(line.trim())?])
}

/// A new passphrase, typed twice.
pub(super) fn new_passphrase() -> Result<SecretText, CliError> {
    let first = passphrase_text("New passphrase (not shown): ")?;
    if first.is_empty() {
        return Err(CliError::usage("the passphrase is empty"));
    }
    if hidden("The same again: ")? != first {
        return Err(CliError::usage("the two passphrases differ"));
    }
    Ok(SecretText::new(first))
}

/// The passphrase of the vault.
pub(super) fn passphrase() -> Result<SecretText, CliError> {
    passphrase_text("Passphrase (not shown): ").map(SecretText::new)
}

/// At most `limit` bytes of `pipe`; what is more is an error.
pub(super) fn bounded(pipe: impl Read, limit: usize) -> Result<Vec<u8>, CliError> {
    let one_more = u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(1);
    let mut bytes = Vec::new();
    pipe.take(one_more).read_to_end(&mut bytes).map_err(CliError::Input)?;
    if bytes.len() > limit {
        return Err(CliError::usage(format!("the standard input has more than {limit} bytes")));
    }
    Ok(bytes)
}

fn source(arguments: ValueArguments, on_terminal: bool) -> Source {
    match (arguments.value, arguments.value_file) {
        (_, Some(path)) => Source::File(path),
        (Some(value), None) if value != "-" => Source::Given(value),
        (Some(_), None) => Source::Pipe,
        (None, None) if on_terminal => Source::Prompt,
        (None, None) => Source::Pipe,
    }
}

/// A value from a pipe or file: `echo` and editors end text with a line break that is not meant. What is
/// no text, such as a PKCS#12 file, ends as it ends.
fn without_line_break(mut bytes: Vec<u8>) -> Result<Vec<u8>, CliError> {
    if str::from_utf8(&bytes).is_ok() && bytes.pop_if(|last| *last == b'\n').is_some() {
        bytes.pop_if(|last| *last == b'\r');
    }
    if bytes.is_empty() {
        return Err(CliError::with_help(
            "no value was given",
            "give it with --value VALUE, with --value-file PATH, or pipe it in; on a terminal it is asked for",
        ));
    }
    Ok(bytes)
}

fn passphrase_text(prompt: &str) -> Result<String, CliError> {
    if !terminal::stdin_is_terminal() {
        return Err(CliError::with_help(
            "a passphrase is needed, and there is no terminal to ask on",
            "give it with --passphrase",
        ));
    }
    hidden(prompt)
}

fn hidden(prompt: &str) -> Result<String, CliError> {
    rpassword::prompt_password(prompt).map_err(CliError::Prompt)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn given(value: Option<&str>, file: Option<&str>) -> ValueArguments {
        ValueArguments { value: value.map(OsString::from), value_file: file.map(Into::into) }
    }

    #[test]
    fn a_flag_goes_before_a_pipe_and_a_pipe_before_a_prompt() {
        assert_eq!(source(given(Some("v"), None), true), Source::Given("v".into()));
        assert_eq!(source(given(Some("-"), None), true), Source::Pipe);
        assert_eq!(source(given(None, Some("f")), true), Source::File("f".into()));
        assert_eq!(source(given(None, None), true), Source::Prompt);
        assert_eq!(source(given(None, None), false), Source::Pipe);
    }

    #[test]
    fn one_line_break_is_taken_off_a_piped_value() {
        let read = |text: &str| String::from_utf8(without_line_break(text.into()).unwrap()).unwrap();
        assert_eq!(read("value\n"), "value");
        assert_eq!(read("value\r\n"), "value");
        assert_eq!(read("value\n\n"), "value\n");
        assert_eq!(read("value\r"), "value\r");
        assert_eq!(read(" v "), " v ");
        for file in [&[0x30, 0x82, b'\n'][..], &[0xff, b'\r', b'\n']] {
            assert_eq!(without_line_break(file.to_vec()).unwrap(), file);
        }
        for empty in ["", "\n", "\r\n"] {
            assert!(without_line_break(empty.into()).is_err(), "{empty:?}");
        }
    }

    #[test]
    fn a_file_loses_its_last_line_break_as_a_pipe_does() {
        let folder = tempfile::tempdir().unwrap();
        for (text, length) in [("value\n", 5), ("value", 5), ("value\n\n", 6)] {
            let path = folder.path().join(text.len().to_string());
            files::write_private_new(&path, text.as_bytes()).unwrap();
            let read = value(given(None, path.to_str()), "X").unwrap();
            assert!(read.matches(|text| text.len() == length), "{text:?}");
        }
    }

    #[test]
    fn an_endless_pipe_ends_at_the_limit() {
        assert!(bounded(io::repeat(b'x'), MIB).is_err());
        assert_eq!(bounded(&b"12345"[..], 5).unwrap(), b"12345");
        assert!(bounded(&b"123456"[..], 5).is_err());
    }
}
