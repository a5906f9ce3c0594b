//! Programs that this one runs to their end, and the ones it asks to end.
//!
//! A child gets no input and no environment but what is given here, and does not outlive the wait
//! for it.

use std::ffi::OsStr;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use thiserror::Error;
use tokio::process::Command;

/// Something about another process that did not work.
#[derive(Debug, Error)]
pub enum ChildError {
    #[error("could not run {program:?}: {source}")]
    Run { program: PathBuf, source: io::Error },
    #[error("{program:?} was still running after {} seconds and was stopped", patience.as_secs())]
    TakeTooLong { program: PathBuf, patience: Duration },
    #[error("{program:?} failed{}", code.map_or_else(String::new, |code| format!(" with code {code}")))]
    Fail { program: PathBuf, code: Option<i32> },
    #[error("{program:?} printed more than {limit} bytes")]
    PrintTooMuch { program: PathBuf, limit: usize },
    #[error("could not ask process {pid} to end: {source}")]
    Terminate { pid: u32, source: io::Error },
}

/// What a program that ended left.
#[derive(Debug, PartialEq, Eq)]
pub struct Finished {
    /// The exit code; none when a signal ended it.
    pub code: Option<i32>,
    pub stdout: Vec<u8>,
    pub stderr: Vec<u8>,
}

/// Runs a program and waits for its end, for `patience` at most. Needs a tokio runtime with its
/// drivers on. Dropping the future stops the program.
///
/// # Errors
/// When the program cannot be run, or takes longer.
pub async fn run_to_end<A, K, V>(
    program: &Path,
    arguments: impl IntoIterator<Item = A>,
    environment: impl IntoIterator<Item = (K, V)>,
    patience: Duration,
) -> Result<Finished, ChildError>
where
    A: AsRef<OsStr>,
    K: AsRef<OsStr>,
    V: AsRef<OsStr>,
{
    let mut command = Command::new(program);
    command.args(arguments).env_clear().envs(environment).stdin(Stdio::null()).kill_on_drop(true);
    match tokio::time::timeout(patience, command.output()).await {
        Ok(Ok(output)) => {
            let (stdout, stderr) = (output.stdout, output.stderr);
            Ok(Finished { code: output.status.code(), stdout, stderr })
        }
        Ok(Err(source)) => Err(ChildError::Run { program: program.to_owned(), source }),
        Err(_) => Err(ChildError::TakeTooLong { program: program.to_owned(), patience }),
    }
}

/// Asks a process to end (SIGTERM). One that is gone already is not an error.
///
/// # Errors
/// When the process is not ours to signal, or there is no such number.
pub fn ask_to_end(pid: u32) -> Result<(), ChildError> {
    use rustix::io::Errno;
    use rustix::process::{Pid, Signal, kill_process};

    let failed = |errno: Errno| ChildError::Terminate { pid, source: errno.into() };
    // Zero would name a group, so it is no process.
    let target = i32::try_from(pid).ok().and_then(Pid::from_raw).ok_or_else(|| failed(Errno::INVAL))?;
    match kill_process(target, Signal::TERM) {
        Ok(()) | Err(Errno::SRCH) => Ok(()),
        Err(errno) => Err(failed(errno)),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::process::ExitStatusExt as _;

    use super::*;

    const SHELL: &str = "/bin/sh";
    const LONG: Duration = Duration::from_secs(60);

    #[tokio::test]
    async fn output_code_and_environment_are_the_childs_own() {
        let script = "echo out-$GIVEN-$CARGO_MANIFEST_DIR; echo err >&2; read line; exit 7";
        let finished = run_to_end(Path::new(SHELL), ["-c", script], [("GIVEN", "yes")], LONG).await.unwrap();
        let expected = Finished { code: Some(7), stdout: b"out-yes-\n".to_vec(), stderr: b"err\n".to_vec() };
        assert_eq!(finished, expected);
    }

    #[tokio::test]
    async fn patience_ends_and_a_missing_program_is_told() {
        let none: [(&str, &str); 0] = [];
        let slow = run_to_end(Path::new(SHELL), ["-c", "exec sleep 60"], none, Duration::ZERO).await;
        assert!(matches!(slow, Err(ChildError::TakeTooLong { .. })), "{slow:?}");
        let missing = run_to_end(Path::new("/nowhere/sh"), ["-c", "true"], none, LONG).await;
        assert!(matches!(missing, Err(ChildError::Run { .. })), "{missing:?}");
    }

    #[test]
    fn a_process_is_asked_and_a_gone_one_is_fine() {
        let mut child = std::process::Command::new(SHELL).args(["-c", "exec sleep 60"]).spawn().unwrap();
        ask_to_end(child.id()).unwrap();
        assert_eq!(child.wait().unwrap().signal(), Some(rustix::process::Signal::TERM.as_raw()));
        ask_to_end(child.id()).unwrap();
        assert!(ask_to_end(0).is_err(), "zero is this process's own group");
        assert!(ask_to_end(u32::MAX).is_err());
    }
}
