//! Whether a standard stream is a person at a terminal.

use std::io::{IsTerminal as _, stderr, stdin, stdout};

#[must_use]
pub fn stdin_is_terminal() -> bool {
    stdin().is_terminal()
}

#[must_use]
pub fn stdout_is_terminal() -> bool {
    stdout().is_terminal()
}

#[must_use]
pub fn stderr_is_terminal() -> bool {
    stderr().is_terminal()
}
