//! Requests that wait for a person: what the person sees, what each answer does, and that both
//! are on record.
#![allow(clippy::disallowed_methods, clippy::unwrap_used, reason = "tests prepare and look at the machine")]

mod support;

use std::fs;
use std::process::Stdio;
use std::time::Duration;

use serde_json::{Value, json};
use support::{Done, Door, Home, Upstream, secrets};

const POLICY: &str = r#"
policy: people
version: 1
rules:
  - id: deletes
    effect: approve
    why: Deleting is for people.
    capabilities: [openai/files, openai/chat-completions]
    when: { methods: [DELETE, POST] }
    show: [/model, /messages/*/role]
    wait_seconds: WAIT
"#;

fn home(door: Door, upstream: &Upstream, wait: u64) -> Home {
    let home = Home::with_openai(door, upstream, secrets::OPENAI);
    let file = home.path("people.policy.yaml");
    fs::write(&file, POLICY.replace("WAIT", &wait.to_string())).unwrap();
    home.run(&["policy", "apply", file.to_str().unwrap()]).ok();
    home
}

const BODY: &str = r#"{"model":"gpt-5","messages":[{"role":"user","content":"hello"}]}"#;

/// Starts a call that waits, and gives what waits once it does.
fn waiting(home: &Home) -> (std::process::Child, Value) {
    let mut command = home.command(home.door, &["invoke", "openai/chat-completions", "--body", BODY]);
    let mut child =
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let first = (0..500).find_map(|_| {
        std::thread::sleep(Duration::from_millis(20));
        home.run(&["approvals", "list", "--json"]).ok().json().as_array().unwrap().first().cloned()
    });
    match first {
        Some(first) => (child, first),
        None => {
            child.kill().unwrap();
            child.wait().unwrap();
            panic!("nothing waits");
        }
    }
}

#[test]
fn what_a_person_approves_goes_out() {
    let upstream = Upstream::serving(&["api.openai.com"]);
    let home = home(Door::Daemon, &upstream, 60);
    let (child, question) = waiting(&home);
    let id = question["id"].as_str().unwrap();
    assert_eq!(question["url"], "https://api.openai.com/v1/chat/completions");
    assert_eq!(question["shown"], json!([["/model", ["\"gpt-5\""]], ["/messages/*/role", ["\"user\""]]]));
    assert!(upstream.take().is_empty(), "nothing leaves before the answer");
    let shown = home.run(&["approvals", "show", id]).ok();
    assert!(shown.text().contains("people/deletes: Deleting is for people."), "{}", shown.text());
    secrets::assert_absent(secrets::OPENAI, &shown.stdout, "the question");

    assert_eq!(home.run(&["approvals", "approve", id]).ok().text(), format!("Approved: {id}\n"));
    Done::wait_for(child, b"").ok();
    assert_eq!(upstream.take_one().body, BODY.as_bytes());
    home.run(&["approvals", "approve", id]).ends(5);

    let events = home.events();
    let asked = events.iter().find(|entry| entry.is("approval.ask", "requested")).unwrap();
    let answered = events.iter().find(|entry| entry.is("approval.answer", "allowed")).unwrap();
    assert_eq!(answered.event["decision"], asked.seq);
    assert_eq!(answered.event["rules"], json!(["people/deletes"]));
    assert!(answered.event["caller"].as_str().unwrap().starts_with("uid:"));
    home.run(&["audit", "verify"]).ok();
}

#[test]
fn what_a_person_refuses_does_not() {
    let upstream = Upstream::serving(&["api.openai.com"]);
    let home = home(Door::Daemon, &upstream, 60);
    let (child, question) = waiting(&home);
    home.run(&["approvals", "deny", question["id"].as_str().unwrap()]).ok();
    let done = Done::wait_for(child, b"").ends(3);
    assert!(done.errors().contains("refused") && done.errors().contains("Deleting is for people."));
    assert!(upstream.take().is_empty());
    let denied = home.events().into_iter().find(|entry| entry.is("invoke", "denied")).unwrap();
    assert_eq!(denied.event["reason"], "approval.refused");
}

#[test]
fn what_nobody_answers_does_not() {
    let upstream = Upstream::serving(&["api.openai.com"]);
    let home = home(Door::Daemon, &upstream, 1);
    let done = home.run(&["invoke", "openai/chat-completions", "--body", BODY]).ends(3);
    assert!(done.errors().contains("nobody answered within 1 s"), "{}", done.errors());
    assert!(upstream.take().is_empty());
    assert_eq!(home.run(&["approvals", "list"]).ok().text(), "No request waits for approval.\n");
}

#[test]
fn a_caller_who_leaves_takes_the_request_along() {
    let upstream = Upstream::serving(&["api.openai.com"]);
    let home = home(Door::Daemon, &upstream, 60);
    let (mut child, question) = waiting(&home);
    child.kill().unwrap();
    child.wait().unwrap();
    let gone = || home.run(&["approvals", "list", "--json"]).ok().text() == "[]\n";
    assert!((0..500).any(|_| gone() || {
        std::thread::sleep(Duration::from_millis(20));
        false
    }));
    home.run(&["approvals", "approve", question["id"].as_str().unwrap()]).ends(5);
    assert!(upstream.take().is_empty());
}

#[test]
fn without_a_daemon_nobody_can_be_asked() {
    let upstream = Upstream::serving(&["api.openai.com"]);
    let home = home(Door::InProcess, &upstream, 60);
    let done = home.run(&["invoke", "openai/chat-completions", "--body", BODY]).ends(3);
    assert!(done.errors().contains("AIVAULTD_DISABLE"), "{}", done.errors());
    assert_eq!(home.run(&["approvals", "list"]).ok().text(), "No request waits for approval.\n");
    assert!(upstream.take().is_empty());
}
