//! The system's own programs for administrators, run to their end.
//!
//! They are looked for where a system keeps them, whatever search path the caller has.

use std::io;
use std::process::{Command, Stdio};

use thiserror::Error;

const SEARCH_PATH: &str = "/usr/sbin:/usr/bin:/sbin:/bin";
/// No more of what one says is kept.
const MOST: usize = 2000;

#[derive(Debug, Error)]
#[error("could not run {program:?}: {source}")]
pub struct CommandError {
    pub program: String,
    pub source: io::Error,
}

/// A program that has ended.
#[derive(Debug, PartialEq, Eq)]
pub struct Ran {
    pub is_ok: bool,
    /// What it said on the standard error.
    pub said: String,
}

/// Runs a command without any input.
///
/// # Errors
/// When there is no such program, or it may not be run.
pub fn run(command: &[String]) -> Result<Ran, CommandError> {
    let Some((program, arguments)) = command.split_first() else {
        return Err(failed("", io::ErrorKind::InvalidInput.into()));
    };
    let found = SEARCH_PATH.split(':').map(|folder| format!("{folder}/{program}"));
    let found = found.into_iter().find(|path| std::fs::metadata(path).is_ok_and(|about| about.is_file()));
    let path = found.ok_or_else(|| failed(program, io::ErrorKind::NotFound.into()))?;
    let mut command = Command::new(path);
    command.args(arguments).env("PATH", SEARCH_PATH).env("LC_ALL", "C").stdin(Stdio::null());
    let output = command.output().map_err(|source| failed(program, source))?;
    let said = String::from_utf8_lossy(&output.stderr);
    let said: String = said.trim().chars().take(MOST).collect();
    Ok(Ran { is_ok: output.status.success(), said })
}

fn failed(program: &str, source: io::Error) -> CommandError {
    CommandError { program: program.to_owned(), source }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(words: &[&str]) -> Vec<String> {
        words.iter().map(|word| (*word).to_owned()).collect()
    }

    #[test]
    fn what_a_program_says_is_kept() {
        let ran = run(&words(&["sh", "-c", "echo out; echo err >&2; exit 3"])).unwrap();
        assert_eq!(ran, Ran { is_ok: false, said: "err".to_owned() });
        assert!(run(&words(&["true"])).unwrap().is_ok);
        assert_eq!(
            run(&words(&["no-such-program-here"])).unwrap_err().source.kind(),
            io::ErrorKind::NotFound
        );
        assert!(run(&[]).is_err());
    }
}
