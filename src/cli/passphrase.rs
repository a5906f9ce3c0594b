//! Passphrases: from a flag, a file, a pipe or a hidden prompt, as values are.

use std::io::{self, Read};

use zeroize::Zeroizing;

use super::arguments::PassphraseArguments;
use super::error::CliError;
use super::input;
use super::report;
use super::screen::Paint;
use crate::platform::{files, terminal};
use crate::service::SecretText;

/// Longer texts are no passphrases but a mistake.
const LONGEST: usize = 4096;
/// With fewer characters, trying all of them is worth somebody's while.
const SHORT: usize = 12;

/// A passphrase, and whether it is too short to be of much use.
pub(super) struct Passphrase {
    pub(super) text: SecretText,
    pub(super) is_short: bool,
}

/// The passphrase of a new vault; typed twice where it is asked for.
pub(super) fn new(arguments: PassphraseArguments) -> Result<Passphrase, CliError> {
    match given(arguments)? {
        Some(text) => {
            let is_short = text.chars().count() < SHORT;
            Ok(Passphrase { text: SecretText::new(text), is_short })
        }
        // What was typed twice, unseen, was thought about.
        None => Ok(Passphrase { text: input::new_passphrase()?, is_short: false }),
    }
}

/// The passphrase of the vault.
pub(super) fn existing(arguments: PassphraseArguments) -> Result<SecretText, CliError> {
    given(arguments)?.map_or_else(input::passphrase, |text| Ok(SecretText::new(text)))
}

/// The passphrase for one command of an operator's, from whoever is at the terminal.
pub(super) fn of_operator() -> Option<SecretText> {
    if !terminal::stdin_is_terminal() {
        return None;
    }
    report::line("note", "this changes the vault, and no operator's session is open here", Paint::plain());
    input::passphrase().ok()
}

/// What the flags or a pipe give; none when it is to be asked for.
fn given(arguments: PassphraseArguments) -> Result<Option<String>, CliError> {
    match (arguments.passphrase, arguments.passphrase_file) {
        (_, Some(path)) => line(files::read_bounded(&path, LONGEST)?).map(Some),
        (Some(text), None) if text != "-" => Ok(Some(text)),
        (None, None) if terminal::stdin_is_terminal() => Ok(None),
        _ => piped(io::stdin().lock()).map(Some),
    }
}

fn piped(pipe: impl Read) -> Result<String, CliError> {
    line(input::bounded(pipe, LONGEST)?)
}

/// The text less one line break, which `echo` and editors put at its end.
fn line(bytes: Vec<u8>) -> Result<String, CliError> {
    let bytes = Zeroizing::new(bytes);
    let text = std::str::from_utf8(&bytes).map_err(|_| CliError::usage("the passphrase is no UTF-8 text"))?;
    let text = text.strip_suffix('\n').map_or(text, |text| text.strip_suffix('\r').unwrap_or(text));
    if text.is_empty() {
        return Err(CliError::with_help(
            "a passphrase is needed, and none was given",
            "give it with --passphrase, with --passphrase-file PATH, or pipe it in; on a terminal it is asked for",
        ));
    }
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_line_break_is_taken_off() {
        for (bytes, text) in [("a b", "a b"), ("a\n", "a"), ("a\r\n", "a"), ("a\n\n", "a\n"), (" a ", " a ")]
        {
            assert_eq!(piped(bytes.as_bytes()).unwrap(), text);
        }
        for bad in [&b""[..], b"\n", b"\r\n", b"\xff", &[b'x'; LONGEST + 1]] {
            assert!(piped(bad).is_err());
        }
    }

    #[test]
    fn a_flag_is_taken_as_it_is_and_a_short_one_is_noticed() {
        let flag =
            |text: &str| PassphraseArguments { passphrase: Some(text.to_owned()), passphrase_file: None };
        assert!(new(flag("short")).is_ok_and(|passphrase| passphrase.is_short));
        assert!(new(flag("correct horse battery")).is_ok_and(|passphrase| !passphrase.is_short));
        let missing = PassphraseArguments { passphrase: None, passphrase_file: Some("/nowhere/file".into()) };
        assert!(matches!(existing(missing), Err(CliError::File(_))));
    }
}
