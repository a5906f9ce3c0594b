//! What an autostarted daemon takes over from the one who happened to call first: nothing.
#![allow(clippy::disallowed_methods, clippy::unwrap_used, reason = "tests prepare and look at the machine")]

mod support;

use std::fs;
use std::io::{PipeWriter, Read as _};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use support::{Door, Home, Upstream, processes, secrets, wait};

/// Runs a script whose first argument is the program; gives its output, if that comes to an end.
fn output_of(home: &Home, script: &str) -> Option<String> {
    let (mut reader, writer) = std::io::pipe().unwrap();
    let mut shell = start(home, script, writer);
    let (ended, end) = mpsc::channel();
    thread::spawn(move || {
        let mut text = String::new();
        reader.read_to_string(&mut text).unwrap();
        // Nobody waits for it any more when it took too long.
        let _ = ended.send(text);
    });
    let text = end.recv_timeout(Duration::from_secs(20)).ok();
    let _ = shell.wait();
    text
}

/// This process's end of the pipe is closed with the command.
fn start(home: &Home, script: &str, output: PipeWriter) -> Child {
    let program = home.daemon_program().with_file_name("aivault");
    let mut shell = Command::new("/bin/sh");
    shell.args(["-c", script, "sh"]).arg(program).env_clear().env("AIVAULT_DIR", home.vault());
    shell.stdin(Stdio::null()).stdout(output).stderr(Stdio::null()).spawn().unwrap()
}

fn ready() -> (Upstream, Home) {
    let upstream = Upstream::serving(&["api.openai.com"]);
    let home = Home::with_openai(Door::Daemon, &upstream, secrets::OPENAI);
    (upstream, home)
}

#[test]
fn a_callers_pipe_is_not_held_open() {
    let (_upstream, home) = ready();
    let script = r#"exec 3>&1; "$1" invoke openai/chat-completions --body '{}' > /dev/null; echo done"#;
    let text = output_of(&home, script);
    assert!(home.daemon().is_some(), "the call started one");
    assert_eq!(text.as_deref(), Some("done\n"), "somebody still holds the pipe");
}

#[test]
fn a_low_limit_of_open_files_is_not_taken_over() {
    let (_upstream, home) = ready();
    let script = r#"ulimit -S -n 100; "$1" invoke openai/chat-completions --body '{}'"#;
    output_of(&home, script).unwrap();
    let pid = home.daemon().expect("a daemon");
    let limits = fs::read_to_string(format!("/proc/{pid}/limits")).unwrap();
    let line = limits.lines().find(|line| line.starts_with("Max open files")).unwrap();
    let soft: u64 = line.split_whitespace().nth(3).unwrap().parse().unwrap();
    assert!(soft > 100, "{line}");
}

#[test]
fn signals_that_the_caller_ignores_still_end_it() {
    let (_upstream, home) = ready();
    let script = r#"trap '' TERM INT; "$1" invoke openai/chat-completions --body '{}'"#;
    output_of(&home, script).unwrap();
    let pid = home.daemon().expect("a daemon");
    let id = i32::try_from(pid).ok().and_then(rustix::process::Pid::from_raw).unwrap();
    rustix::process::kill_process(id, rustix::process::Signal::TERM).unwrap();
    wait::until("the daemon is gone", || (!processes::is_alive(pid)).then_some(()));
    assert!(!home.socket().exists());
}
