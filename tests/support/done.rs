//! A program that has ended, and what it said.

use std::io::Write as _;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::thread;

use serde_json::Value;

use super::processes;
use super::wait::LIMIT;

/// The end of a program's run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Done {
    /// None when a signal ended it.
    pub code: Option<i32>,
    pub stdout: Vec<u8>,
    pub stderr: Vec<u8>,
}

impl Done {
    /// Runs a command to its end, with `input` on its standard input.
    pub fn of(command: &mut Command, input: &[u8]) -> Self {
        let stdin = if input.is_empty() { Stdio::null() } else { Stdio::piped() };
        let child = command.stdin(stdin).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        Self::wait_for(child, input)
    }

    /// Waits for a child whose output is piped; one that takes too long is killed.
    pub fn wait_for(mut child: Child, input: &[u8]) -> Self {
        let pid = child.id();
        let (ended, end) = mpsc::channel::<()>();
        let watchdog = thread::spawn(move || {
            if end.recv_timeout(LIMIT) == Err(mpsc::RecvTimeoutError::Timeout) {
                processes::kill(pid);
            }
        });
        let writer = child.stdin.take().map(|mut stdin| {
            let input = input.to_vec();
            // A program that does not read to the end is no mistake of the test.
            thread::spawn(move || drop(stdin.write_all(&input)))
        });
        let output = child.wait_with_output().unwrap();
        drop(ended);
        watchdog.join().unwrap();
        writer.into_iter().for_each(|writer| writer.join().unwrap());
        Self { code: output.status.code(), stdout: output.stdout, stderr: output.stderr }
    }

    /// Itself, when it ended with `code`.
    #[track_caller]
    pub fn ends(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "stdout: {}\nstderr: {}", self.text(), self.errors());
        self
    }

    /// Itself, when it ended well.
    #[track_caller]
    pub fn ok(self) -> Self {
        self.ends(0)
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.stdout).into_owned()
    }

    pub fn errors(&self) -> String {
        String::from_utf8_lossy(&self.stderr).into_owned()
    }

    /// The standard output as one JSON value.
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.stdout)
            .unwrap_or_else(|error| panic!("{error} in {}\nstderr: {}", self.text(), self.errors()))
    }

    #[track_caller]
    pub fn says(&self, wanted: &str) -> &Self {
        assert!(self.text().contains(wanted), "no `{wanted}` in:\n{}", self.text());
        self
    }
}
