//! How long a call may take, where its caller says so; and that the upstream is let go when it is over.
#![allow(clippy::disallowed_methods, clippy::unwrap_used, reason = "tests prepare and look at the machine")]

mod support;

use std::fs;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use bytes::Bytes;
use support::upstream::Feed;
use support::{Answer, Done, Door, Home, Upstream, secrets, socket, wait};

const CHAT: &str = "openai/chat-completions";

fn setting(door: Door) -> (Upstream, Home) {
    let upstream = Upstream::serving(&["api.openai.com"]);
    let home = Home::with_openai(door, &upstream, secrets::OPENAI);
    // The daemon is up before time is measured.
    home.run(&["invoke", CHAT, "--body", "{}"]).ok();
    upstream.take();
    (upstream, home)
}

fn call(home: &Home, limit: &str) -> (Done, Duration) {
    let begun = Instant::now();
    (home.run(&["invoke", CHAT, "--body", "{}", "--timeout-ms", limit]), begun.elapsed())
}

#[track_caller]
fn assert_late(home: &Home, done: &Done, limit: &str) {
    let told = done.errors();
    let message =
        format!("error: the call did not end within its {limit} ms; it may have been carried out\n");
    assert!(told.starts_with(&message) && told.contains("help: allow it more time"), "{told}");
    let last = &home.events()[0];
    assert!(last.is("response", "failed"), "{last:?}");
    assert_eq!(last.event["reason"], "call.timeout");
}

fn feeding(upstream: &Upstream) -> Feed {
    let (feed, answer) = Answer::fed();
    let answer = Mutex::new(Some(answer));
    upstream.answers(move |_| answer.lock().unwrap().take().expect("one request"));
    feed
}

#[test]
fn an_upstream_that_says_nothing_is_let_go() {
    for door in Door::BOTH {
        let (upstream, home) = setting(door);
        upstream.answers(|_| Answer::silence());
        let ended = upstream.ended();
        let (done, took) = call(&home, "600");
        assert!(took >= Duration::from_millis(600) && took < Duration::from_secs(10), "{took:?}");
        assert_late(&home, &done.ends(6), "600");
        assert_eq!(upstream.take().len(), 1, "it is not sent again");
        wait::until("the upstream's connection ends", || (upstream.ended() > ended).then_some(()));
    }
}

#[test]
fn an_answer_that_goes_on_for_too_long_is_cut_off() {
    for door in Door::BOTH {
        let (upstream, home) = setting(door);
        let feed = feeding(&upstream);
        let ended = upstream.ended();
        // Never silent for long, and never done.
        let feeder = std::thread::spawn(move || {
            while feed.send(Bytes::from("more\n")).is_ok() {
                std::thread::sleep(Duration::from_millis(20));
            }
        });
        let (done, took) = call(&home, "900");
        assert!(took < Duration::from_secs(10), "{took:?}");
        let done = done.ends(6);
        assert!(done.text().starts_with("more\n") && done.text().ends_with("more\n"), "{}", done.text());
        assert_late(&home, &done, "900");
        wait::until("the upstream's connection ends", || (upstream.ended() > ended).then_some(()));
        feeder.join().unwrap();
    }
}

#[test]
fn a_call_in_time_is_not_hurried() {
    let (upstream, home) = setting(Door::Daemon);
    let feed = feeding(&upstream);
    let feeder = std::thread::spawn(move || {
        for _ in 0..5 {
            feed.send(Bytes::from("more\n")).unwrap();
            std::thread::sleep(Duration::from_millis(20));
        }
    });
    assert_eq!(call(&home, "30000").0.ok().text(), "more\n".repeat(5));
    feeder.join().unwrap();
}

/// A person's time is the call's time too.
#[test]
fn a_call_that_waits_for_a_person_is_given_up_and_not_sent() {
    let (upstream, home) = setting(Door::Daemon);
    let file = home.path("people.policy.yaml");
    let rule =
        "{ id: all, effect: approve, why: Ask., capabilities: [openai/chat-completions], wait_seconds: 60 }";
    fs::write(&file, format!("policy: people\nversion: 1\nrules:\n  - {rule}\n")).unwrap();
    home.run(&["policy", "apply", file.to_str().unwrap()]).ok();
    let (done, _) = call(&home, "500");
    let told = done.ends(6).errors();
    assert!(told.starts_with("error: the call did not end within its 500 ms; nothing was sent\n"), "{told}");
    let last = &home.events()[0];
    assert!(last.is("invoke", "denied"), "{last:?}");
    assert_eq!(last.event["reason"], "call.timeout");
    assert_eq!(home.run(&["approvals", "list", "--json"]).ok().text(), "[]\n");
    assert!(upstream.take().is_empty());
}

#[test]
fn a_time_that_is_none_is_refused_at_the_socket() {
    let (upstream, home) = setting(Door::Daemon);
    let call = support::socket::chat();
    let body = aivault::service::wire::encode_call(&call).unwrap();
    for time in ["0", "-1", "soon", "86400001", ""] {
        let head = format!(
            "POST /invoke HTTP/1.1\r\nhost: a\r\nconnection: close\r\naivault-timeout-ms: {time}\r\n\
             content-length: {}\r\n\r\n",
            body.len()
        );
        let (head, _) = socket::exchange(&home.socket(), &[head.as_bytes(), &body].concat());
        assert!(head.first_line.starts_with("HTTP/1.1 400"), "{time}: {head:?}");
        assert_eq!(home.events()[0].event["reason"], "request.malformed");
    }
    assert!(upstream.take().is_empty());
}
