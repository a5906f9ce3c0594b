//! Limits, end to end: what is used up is counted across callers, processes and restarts, and
//! counters that somebody touched refuse.
#![allow(clippy::disallowed_methods, clippy::unwrap_used, reason = "tests prepare and look at the machine")]

mod support;

use std::fs;
use std::process::{Child, Stdio};

use bytes::Bytes;
use serde_json::json;
use support::{Answer, Done, Door, Home, Upstream, processes, secrets, wait};

const CHAT: &str = "openai/chat-completions";
const BODY: &str = r#"{"model":"gpt-5","messages":[]}"#;

/// A home with one limit in force.
fn home(door: Door, upstream: &Upstream, limit: &str) -> Home {
    let home = Home::with_openai(door, upstream, secrets::OPENAI);
    apply(&home, limit);
    home
}

fn apply(home: &Home, limit: &str) {
    let file = home.path("budget.policy.yaml");
    let rule = "{ id: much, effect: limit, why: Enough is enough., capabilities: [\"openai/*\"], limit: ";
    fs::write(&file, format!("policy: budget\nversion: 1\nrules:\n  - {rule}{limit} }}\n")).unwrap();
    home.run(&["policy", "apply", file.to_str().unwrap()]).ok();
}

fn chat(home: &Home) -> Done {
    home.run(&["invoke", CHAT, "--body", BODY])
}

fn start(home: &Home) -> Child {
    let mut command = home.command(home.door, &["invoke", CHAT, "--body", BODY]);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
}

#[track_caller]
fn assert_full(done: Done) -> String {
    done.ends(3).errors()
}

#[track_caller]
fn assert_unusable(done: Done) -> String {
    done.ends(4).errors()
}

#[test]
fn a_limit_holds_for_each_way_of_calling_and_says_when_there_is_room() {
    for door in Door::BOTH {
        let upstream = Upstream::serving(&["api.openai.com"]);
        let home = home(door, &upstream, "{ max: 3, per: 1d, by: caller, cost: requests }");
        for _ in 0..3 {
            chat(&home).ok();
        }
        let error = assert_full(chat(&home));
        assert!(error.contains("`budget/much` allows 3 a day to `uid:"), "{error}");
        assert!(error.contains("`, of which 3 are used; this takes 1"), "{error}");
        assert!(error.contains("help: there is room again in "), "{error}");
        assert_eq!(upstream.take().len(), 3);
        let denied = home.events().into_iter().find(|entry| entry.is("invoke", "denied")).unwrap();
        assert_eq!(denied.event["rules"], json!(["budget/much"]));
        assert_eq!(denied.event["reason"], json!("limit.exceeded"));
    }
}

#[test]
fn callers_and_processes_at_once_get_exactly_what_there_is() {
    for door in Door::BOTH {
        let upstream = Upstream::serving(&["api.openai.com"]);
        let home = home(door, &upstream, "{ max: 7, per: 1d, by: rule, cost: requests }");
        let calls: Vec<Child> = (0..12).map(|_| start(&home)).collect();
        let codes: Vec<i32> =
            calls.into_iter().map(|mut call| call.wait().unwrap().code().unwrap()).collect();
        assert_eq!(codes.iter().filter(|code| **code == 0).count(), 7, "{codes:?}");
        assert_eq!(codes.iter().filter(|code| **code == 3).count(), 5, "{codes:?}");
        assert_eq!(upstream.take().len(), 7);
    }
}

#[test]
fn a_daemon_that_is_killed_forgets_nothing() {
    let upstream = Upstream::serving(&["api.openai.com"]);
    let home = home(Door::Daemon, &upstream, "{ max: 2, per: 1d, by: credential, cost: requests }");
    for _ in 0..2 {
        chat(&home).ok();
        let daemon = home.daemon().unwrap();
        processes::kill(daemon);
        wait::until("the daemon is gone", || (!processes::is_alive(daemon)).then_some(()));
    }
    assert_full(chat(&home));
}

#[test]
fn what_an_answer_says_it_cost_is_what_counts() {
    for door in Door::BOTH {
        let upstream = Upstream::serving(&["api.openai.com"]);
        upstream.answers(|_| Answer::json(&json!({ "usage": { "total_tokens": 40 } })));
        let limit = "{ max: 100, per: 1d, by: credential, cost: \"response:/usage/total_tokens\" }";
        let home = home(door, &upstream, limit);
        chat(&home).ok();
        chat(&home).ok();
        let error = assert_full(chat(&home));
        assert!(error.contains("80 are used; this takes 40"), "{error}");
    }
}

#[test]
fn a_stream_tells_in_its_last_event() {
    let upstream = Upstream::serving(&["api.openai.com"]);
    upstream.answers(|_| {
        let events = [
            "data: {\"usage\":null}\n\n",
            "data: {\"usage\":{\"total_",
            "tokens\":60}}\n\n",
            "data: [DONE]\n\n",
        ];
        Answer::chunks(events.map(|text| Bytes::from_static(text.as_bytes())))
            .with("content-type", "text/event-stream")
    });
    let limit = "{ max: 100, per: 1d, by: credential, cost: \"response:/usage/total_tokens\" }";
    let home = home(Door::Daemon, &upstream, limit);
    chat(&home).ok();
    let error = assert_full(chat(&home));
    assert!(error.contains("60 are used; this takes 60"), "{error}");
}

#[test]
fn an_answer_that_nobody_reads_to_its_end_keeps_what_was_reserved() {
    let upstream = Upstream::serving(&["api.openai.com"]);
    upstream.answers(|_| Answer::json(&json!({ "usage": { "total_tokens": 70 } })));
    let limit = "{ max: 200, per: 1d, by: credential, cost: \"response:/usage/total_tokens\" }";
    let home = home(Door::Daemon, &upstream, limit);
    chat(&home).ok();
    upstream.take();
    let (feed, fed) = Answer::fed();
    let fed = std::sync::Mutex::new(Some(fed.with("content-type", "text/event-stream")));
    upstream.answers(move |_| fed.lock().unwrap().take().unwrap());
    let mut call = start(&home);
    while feed.send(Bytes::from_static(b"data: {\"usage\":{\"total_tokens\":2}}\n\n")).is_ok()
        && upstream.take().is_empty()
    {
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    call.kill().unwrap();
    call.wait().unwrap();
    let error = assert_full(chat(&home));
    assert!(error.contains("140 are used"), "{error}");
}

#[test]
fn counters_that_are_gone_or_edited_refuse_until_the_policies_are_applied_anew() {
    for door in Door::BOTH {
        let upstream = Upstream::serving(&["api.openai.com"]);
        let limit = "{ max: 3, per: 1d, by: caller, cost: requests }";
        let home = home(door, &upstream, limit);
        chat(&home).ok();
        let counters = home.vault().join("usage.db");
        let edit = rusqlite::Connection::open(&counters).unwrap();
        edit.execute("UPDATE counter SET used = 0", []).unwrap();
        drop(edit);
        assert_unusable(chat(&home));
        for suffix in ["", "-wal", "-shm"] {
            let _ = fs::remove_file(home.vault().join(format!("usage.db{suffix}")));
        }
        let error = assert_unusable(chat(&home));
        assert!(error.contains("are gone"), "{error}");
        assert!(error.contains("remove every policy"), "{error}");
        assert_eq!(upstream.take().len(), 1, "what cannot be counted is not sent");
        home.run(&["policy", "remove", "budget"]).ok();
        apply(&home, limit);
        chat(&home).ok();
        assert!(counters.exists());
    }
}
