//! A program that stands in front of this one: same terminal, same streams, same process group. This
//! one waits, hands on the signals that reached it alone, and ends as the program did.

use std::ffi::{OsStr, OsString};
use std::io;
use std::process::ExitStatus;

use rustix::process::{Pid, Signal, kill_process};
use thiserror::Error;
use tokio::process::Command;
use tokio::signal::unix::{Signal as Arrivals, SignalKind, signal};

use super::descriptors;

/// Why a program did not get to its end.
#[derive(Debug, Error)]
pub enum ForegroundError {
    #[error("{program:?} was not found")]
    NotFound { program: OsString },
    #[error("{program:?} cannot be run: {source}")]
    NotExecutable { program: OsString, source: io::Error },
    #[error("could not wait for {program:?}: {source}")]
    Wait { program: OsString, source: io::Error },
    #[error("could not attend to signals: {0}")]
    Signals(#[source] io::Error),
}

impl ForegroundError {
    /// What shells say in this case.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::NotFound { .. } => 127,
            Self::NotExecutable { .. } => 126,
            Self::Wait { .. } | Self::Signals(_) => 1,
        }
    }
}

/// Runs a program in front until it ends, with that environment alone; its exit code, or 128 and the
/// signal's number where one ended it. Not to be called on a tokio runtime.
///
/// # Errors
/// When it cannot be run.
pub fn run<A: AsRef<OsStr>>(
    program: &OsStr,
    arguments: &[A],
    environment: impl IntoIterator<Item = (OsString, OsString)>,
) -> Result<u8, ForegroundError> {
    descriptors::hand_on_what_came();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let mut command = Command::new(program);
    command.args(arguments).env_clear().envs(environment);
    runtime.map_err(ForegroundError::Signals)?.block_on(attend(program, command)).map(code)
}

async fn attend(program: &OsStr, mut command: Command) -> Result<ExitStatus, ForegroundError> {
    // Before the program is there, so that no signal ends this process and leaves the other.
    let mut arrivals = PassedOn::attend().map_err(ForegroundError::Signals)?;
    let mut child = command.spawn().map_err(|source| not_run(program, source))?;
    // There until it was waited for, so that the number is nobody else's.
    let pid = child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
    loop {
        tokio::select! {
            biased;
            status = child.wait() => {
                return status.map_err(|source| ForegroundError::Wait { program: program.to_owned(), source });
            }
            arrived = arrivals.next() => {
                if let Some(pid) = pid.filter(|_| !came_from_terminal(arrived)) {
                    // One that has just ended needs no signal.
                    let _ = kill_process(pid, arrived);
                }
            }
        }
    }
}

fn not_run(program: &OsStr, source: io::Error) -> ForegroundError {
    let program = program.to_owned();
    match source.kind() {
        io::ErrorKind::NotFound => ForegroundError::NotFound { program },
        _ => ForegroundError::NotExecutable { program, source },
    }
}

fn code(status: ExitStatus) -> u8 {
    use std::os::unix::process::ExitStatusExt as _;
    let code = status.code().or_else(|| status.signal().map(|signal| 128 + signal));
    code.and_then(|code| u8::try_from(code).ok()).unwrap_or(1)
}

/// The signals that are handed on.
struct PassedOn([Option<Arrivals>; 4]);

impl PassedOn {
    const ALL: [Signal; 4] = [Signal::HUP, Signal::INT, Signal::QUIT, Signal::TERM];

    /// Attends to those that this process was not told to ignore, as `nohup` tells it: the program
    /// is to ignore these too.
    fn attend() -> io::Result<Self> {
        let ignored = ignored();
        let mut all = [const { None }; 4];
        for (slot, one) in all.iter_mut().zip(Self::ALL) {
            if ignored & (1 << (one.as_raw() - 1)) == 0 {
                *slot = Some(signal(SignalKind::from_raw(one.as_raw()))?);
            }
        }
        Ok(Self(all))
    }

    async fn next(&mut self) -> Signal {
        let [hup, int, quit, term] = &mut self.0;
        tokio::select! {
            () = arrival(hup) => Signal::HUP,
            () = arrival(int) => Signal::INT,
            () = arrival(quit) => Signal::QUIT,
            () = arrival(term) => Signal::TERM,
        }
    }
}

async fn arrival(arrivals: &mut Option<Arrivals>) {
    let arrived = match arrivals {
        Some(arrivals) => arrivals.recv().await,
        None => None,
    };
    if arrived.is_none() {
        std::future::pending::<()>().await;
    }
}

/// The signals that this process ignores, as bits.
#[cfg(any(target_os = "linux", target_os = "android"))]
fn ignored() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let bits = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    bits.and_then(|bits| u64::from_str_radix(bits.trim(), 16).ok()).unwrap_or_default()
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn ignored() -> u64 {
    0
}

/// Whether the program got the signal from the terminal as this process did: a terminal tells the
/// whole group in front of it. Being told twice would end programs that finish on the first one.
fn came_from_terminal(signal: Signal) -> bool {
    signal != Signal::TERM && is_in_front()
}

fn is_in_front() -> bool {
    let Ok(terminal) = std::fs::File::open("/dev/tty") else { return false };
    rustix::termios::tcgetpgrp(&terminal).is_ok_and(|group| group == rustix::process::getpgrp())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Result<u8, ForegroundError> {
        let environment = [("GIVEN".into(), "7".into())];
        run(OsStr::new("/bin/sh"), &["-c", script], environment)
    }

    #[test]
    fn the_programs_end_is_this_ones() {
        assert_eq!(shell("exit 0").unwrap(), 0);
        assert_eq!(shell("exit $GIVEN").unwrap(), 7);
        assert_eq!(shell("test -z \"$CARGO_MANIFEST_DIR\"").unwrap(), 0);
        assert_eq!(shell("kill -KILL $$").unwrap(), 128 + 9);
        assert_eq!(shell("kill -TERM $$").unwrap(), 128 + 15);
    }

    #[test]
    fn what_cannot_be_run_is_told_as_shells_tell_it() {
        let code = |program: &str| {
            let none: [&str; 0] = [];
            run(OsStr::new(program), &none, []).unwrap_err().exit_code()
        };
        assert_eq!(code("/nowhere/program"), 127);
        assert_eq!(code("/"), 126);
        assert_eq!(code("/etc/passwd"), 126);
    }
}
