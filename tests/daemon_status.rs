//! `status` says who is at the daemon's socket, whether or not it is of any use.
#![allow(clippy::disallowed_methods, clippy::unwrap_used, reason = "tests prepare and look at the machine")]

mod support;

use std::fs;
use std::io::{Read as _, Write as _};
use std::os::unix::net::UnixListener;
use std::thread;

use rustix::process::{Pid, Signal, kill_process};
use support::{Door, Home, Upstream, home, secrets};

fn state(home: &Home) -> (String, Option<u64>) {
    let status = home.run(&["status", "--json"]).ok().json();
    (status["daemon_state"].as_str().unwrap().to_owned(), status["daemon"].as_u64())
}

#[test]
fn a_frozen_daemon_is_told_with_its_process() {
    let upstream = Upstream::serving(&["api.openai.com"]);
    let home = Home::with_openai(Door::Daemon, &upstream, secrets::OPENAI);
    assert_eq!(state(&home), ("absent".to_owned(), None));
    home.run(&["invoke", "openai/chat-completions", "--body", "{}"]).ok();
    let (running, pid) = state(&home);
    assert_eq!(running, "running");
    let id = pid.and_then(|pid| i32::try_from(pid).ok()).and_then(Pid::from_raw).unwrap();
    kill_process(id, Signal::STOP).unwrap();
    let found = state(&home);
    kill_process(id, Signal::CONT).unwrap();
    assert_eq!(found, ("silent".to_owned(), pid));
}

#[test]
fn a_daemon_of_another_version_is_told_with_its_process() {
    let home = Home::test(Door::Daemon);
    let run = home.vault().join("run");
    fs::create_dir(&run).unwrap();
    home::set_mode(&run, 0o700);
    let listener = UnixListener::bind(home.socket()).unwrap();
    let other = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let _ = stream.read(&mut [0; 4096]).unwrap();
        stream.write_all(b"HTTP/1.1 200 OK\r\naivault-wire: 0\r\ncontent-length: 2\r\n\r\n{}").unwrap();
    });
    let found = state(&home);
    other.join().unwrap();
    assert_eq!(found, ("other-version".to_owned(), Some(u64::from(std::process::id()))));
}

#[test]
fn a_daemon_that_was_just_started_for_the_passphrase_is_running() {
    let home = Home::empty(Door::Daemon);
    let made = home.run(&["init", "--test", "--passphrase", "a long enough passphrase"]).ok();
    made.says("daemon:       running, pid ");
}
