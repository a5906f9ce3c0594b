//! The demo is the first thing that people run: it must show the broker at work, and
//! fail when what it promises does not hold.
#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a test runs the program and fails by panicking"
)]

use std::path::Path;
use std::process::{Command, Output};

/// Runs the demo of `program`, in an environment of its own.
fn demo(program: &Path) -> Output {
    let folder = tempfile::tempdir().unwrap();
    let mut command = Command::new(program);
    command.arg("demo").env_clear().env("HOME", folder.path()).env("TMPDIR", "/tmp");
    let output = command.output().unwrap();
    // It works in a folder of its own: the account that it was run in has no vault now.
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    output
}

fn holds(output: &Output) -> String {
    let text = String::from_utf8(output.stdout.clone()).unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{text}\n{errors}");
    assert!(text.contains('✓') && !text.contains('✗'), "{text}");
    assert!(!text.contains('\u{1b}'), "no colours when piped: {text}");
    text
}

#[test]
fn it_holds_through_the_daemon() {
    holds(&demo(Path::new(env!("CARGO_BIN_EXE_aivault"))));
    // The two programs stand beside each other.
    assert!(Path::new(env!("CARGO_BIN_EXE_aivaultd")).exists());
}

#[test]
fn it_holds_without_a_daemon() {
    let folder = tempfile::tempdir().unwrap();
    let alone = folder.path().join("aivault");
    std::fs::copy(env!("CARGO_BIN_EXE_aivault"), &alone).unwrap();
    let text = holds(&demo(&alone));
    assert!(text.contains("in process") || text.contains("AIVAULTD_DISABLE"), "{text}");
}
