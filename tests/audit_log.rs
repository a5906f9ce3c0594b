//! The audit log: what was changed in it is found and named, and without it nothing is
//! done.
#![allow(clippy::disallowed_methods, clippy::unwrap_used, reason = "tests prepare and look at the machine")]

mod support;

use std::fs;
use std::path::PathBuf;

use support::{Door, Home, Upstream, home, secrets};

const INVOKE: &[&str] = &["invoke", "openai/chat-completions", "--body", "{}"];

/// A log with some entries, and its file.
fn logged() -> (Home, PathBuf, String) {
    let home = Home::test(Door::InProcess);
    for number in 0..5 {
        home.store(&format!("KEY_{number}"), "value");
    }
    home.run(&["audit", "verify"]).ok();
    let path = home.vault().join("audit/log-000001.jsonl");
    let text = fs::read_to_string(&path).unwrap();
    assert!(text.lines().count() >= 6, "{text}");
    (home, path, text)
}

/// Why `audit verify` does not tell that the log is wrong, and first at `line`; none when it does.
fn complaint(home: &Home, line: Option<usize>, what: &str) -> Option<String> {
    let done = home.run(&["audit", "verify"]);
    let as_json = home.run(&["audit", "verify", "--json"]);
    let place = line.map_or("log-000001.jsonl".to_owned(), |line| format!("log-000001.jsonl:{line}:"));
    let told = done.code.is_some_and(|code| code != 0) && done.errors().contains(&place);
    let told_as_json = as_json.code == done.code
        && serde_json::from_slice::<serde_json::Value>(&as_json.stderr)
            .is_ok_and(|error| error["message"].as_str().is_some_and(|message| message.contains(&place)));
    let said = || format!("{what} is at {place}, and verify says: {}{}", done.text(), done.errors());
    (!told || !told_as_json).then(said)
}

#[test]
fn verify_names_the_first_wrong_line() {
    let (home, path, text) = logged();
    let lines: Vec<&str> = text.lines().collect();
    let last = lines.len();
    let joined = |lines: &[&str]| lines.iter().map(|line| format!("{line}\n")).collect::<String>();
    let longer = lines[2].replacen("\"ok\"", "\"failed\"", 1);
    let as_long = lines[2].replacen("secret.create", "secret.delete", 1);
    assert!(longer != lines[2] && as_long != lines[2]);
    let cases = [
        ("an edited line", 3, joined(&[&lines[..2], &[&longer], &lines[3..]].concat())),
        ("a line edited to the same length", 3, joined(&[&lines[..2], &[&as_long], &lines[3..]].concat())),
        ("a deleted line", 4, joined(&[&lines[..3], &lines[4..]].concat())),
        ("a pair of swapped lines", 2, joined(&[&lines[..1], &[lines[2], lines[1]], &lines[3..]].concat())),
        ("a line that is there twice", 5, joined(&[&lines[..4], &lines[3..]].concat())),
        ("a missing end", last, joined(&lines[..last - 1])),
        ("a torn end", last, text[..text.len() - 10].to_owned()),
        ("an emptied log", 1, String::new()),
    ];
    let mut complaints = Vec::new();
    for (what, line, wrong) in cases {
        fs::write(&path, wrong).unwrap();
        complaints.extend(complaint(&home, Some(line), what));
    }
    fs::remove_file(&path).unwrap();
    complaints.extend(complaint(&home, None, "a deleted log"));

    fs::write(&path, &text).unwrap();
    home::set_mode(&path, 0o600);
    home.run(&["audit", "verify"]).ok();
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}

#[test]
fn nothing_is_done_upon_a_log_that_was_cut() {
    let (home, path, text) = logged();
    let upstream = Upstream::serving(&["api.openai.com"]);
    home.send_to(&upstream);
    home.store("OPENAI_API_KEY", secrets::OPENAI);
    let all = fs::read_to_string(&path).unwrap();
    assert!(all.starts_with(&text));
    fs::write(&path, &text).unwrap();
    home.run(INVOKE).ends(4);
    home.run(&["secrets", "create", "--name", "LATER", "--value", "x"]).ends(4);
    assert!(upstream.take().is_empty());
    fs::write(&path, &all).unwrap();
    assert!(!home.run(&["secrets", "list"]).ok().text().contains("LATER"));
}

/// The outcomes of the newest entries of an action, oldest first, and whether each belongs to the one before.
fn ends_of(home: &Home, action: &str) -> Vec<(String, bool)> {
    let mut entries = home.events();
    entries.retain(|entry| entry.event["action"] == action);
    entries.reverse();
    let linked = |at: usize| at > 0 && entries[at].event["decision"] == entries[at - 1].seq;
    let outcome = |at: usize| entries[at].event["outcome"].as_str().unwrap().to_owned();
    (0..entries.len()).map(|at| (outcome(at), linked(at))).collect()
}

#[test]
fn what_is_done_is_logged_before_as_requested_and_after_as_it_ended() {
    let home = Home::test(Door::InProcess);
    home.store("KEY", "value");
    home.run(&["secrets", "rotate", "--name", "KEY", "--value", "other"]).ok();
    home.run(&["secrets", "create", "--name", "KEY", "--value", "again"]).ends(1);
    let all = |words: &[(&str, bool)]| -> Vec<(String, bool)> {
        words.iter().map(|(word, linked)| ((*word).to_owned(), *linked)).collect()
    };
    assert_eq!(ends_of(&home, "secret.rotate"), all(&[("requested", false), ("ok", true)]));
    let created = all(&[("requested", false), ("ok", true), ("requested", false), ("failed", true)]);
    assert_eq!(ends_of(&home, "secret.create"), created);
    let table = home.run(&["audit"]).ok();
    assert!(!table.text().contains("requested"), "each is one line for people:\n{}", table.text());
}

#[test]
fn an_unlock_is_logged_once() {
    let home = Home::empty(Door::Daemon);
    home.run(&["init", "--test", "--passphrase", "a long enough passphrase"]).ok();
    let unlocked = |home: &Home| ends_of(home, "vault.unlock").len();
    let before = unlocked(&home);
    home.run(&["lock"]).ok();
    home.run(&["unlock", "--passphrase", "a long enough passphrase"]).ok();
    assert_eq!(unlocked(&home), before + 1);
}

/// No log, no call: here the folder is a file.
fn without_a_log(door: Door, daemon_runs: bool) {
    let upstream = Upstream::serving(&["api.openai.com"]);
    let home = Home::with_openai(door, &upstream, secrets::OPENAI);
    if daemon_runs {
        home.run(INVOKE).ok();
        upstream.take();
    }
    let (folder, aside) = (home.vault().join("audit"), home.path("audit-aside"));
    fs::rename(&folder, &aside).unwrap();
    fs::write(&folder, "").unwrap();
    let done = home.run(INVOKE);
    let sent = upstream.take();
    fs::remove_file(&folder).unwrap();
    fs::rename(&aside, &folder).unwrap();
    assert!(sent.is_empty(), "a call went out that the log does not have");
    let done = done.ends(4);
    assert!(done.errors().contains("audit"), "{}", done.errors());
    home.run(INVOKE).ok();
}

#[test]
fn without_a_log_nothing_is_sent() {
    without_a_log(Door::InProcess, false);
}

#[test]
fn without_a_log_no_daemon_sends() {
    without_a_log(Door::Daemon, false);
}

#[test]
fn a_running_daemon_misses_its_log() {
    without_a_log(Door::Daemon, true);
}
