//! What rules take out of answers, end to end: documents and streams lose what is named and
//! nothing else, and what cannot be looked into is an error, not an answer.
#![allow(clippy::disallowed_methods, clippy::unwrap_used, reason = "tests prepare and look at the machine")]

mod support;

use std::fs;

use bytes::Bytes;
use serde_json::json;
use support::{Answer, Done, Door, Home, Upstream, secrets};

const CHAT: &str = "openai/chat-completions";
const NAMES: &str = "{ pointers: [/user/email], fields: [phone] }";

/// A home with one rule that redacts.
fn home(door: Door, upstream: &Upstream, redact: &str) -> Home {
    let home = Home::with_openai(door, upstream, secrets::OPENAI);
    let file = home.path("privacy.policy.yaml");
    let rule = "{ id: people, effect: redact, why: Not for agents., capabilities: [\"openai/*\"], redact: ";
    fs::write(&file, format!("policy: privacy\nversion: 1\nrules:\n  - {rule}{redact} }}\n")).unwrap();
    home.run(&["policy", "apply", file.to_str().unwrap()]).ok();
    home
}

fn call(home: &Home) -> Done {
    home.run(&["invoke", CHAT, "--body", r#"{"model":"gpt-5","messages":[]}"#])
}

#[track_caller]
fn assert_withheld(done: Done, message: &str) {
    let done = done.ends(3);
    assert!(done.stdout.is_empty(), "{}", done.text());
    let said = done.errors();
    assert!(said.contains("`privacy/people`") && said.contains(message), "{said}");
    assert!(said.contains("help: the request was carried out; only its answer is withheld"), "{said}");
}

#[test]
fn a_document_loses_what_is_named_and_nothing_else() {
    for door in Door::BOTH {
        let upstream = Upstream::serving(&["api.openai.com"]);
        let home = home(door, &upstream, NAMES);
        upstream.answers(|_| {
            let text = r#"{ "n":1.50,"user":{"email":"a@b.c","name":"A"}, "list":[{"phone":[1,2]}] }"#;
            Answer::status(404, text).with("content-type", "application/json").with("content-md5", "xyz")
        });
        let done = call(&home);
        assert_eq!(done.code, Some(22), "the status is the upstream's");
        assert_eq!(
            done.text(),
            r#"{ "n":1.50,"user":{"email":"[redacted]","name":"A"}, "list":[{"phone":"[redacted]"}] }"#
        );
    }
}

#[test]
fn a_stream_is_redacted_event_by_event() {
    let upstream = Upstream::serving(&["api.openai.com"]);
    let home = home(Door::Daemon, &upstream, NAMES);
    upstream.answers(|_| {
        let pieces =
            ["data: {\"user\":{\"em", "ail\":\"a@b.c\"}}\n\ndata: {\"pho", "ne\":7}\n\ndata: [DONE]\n\n"];
        Answer::chunks(pieces.map(|text| Bytes::from_static(text.as_bytes())))
            .with("content-type", "text/event-stream")
    });
    assert_eq!(
        call(&home).ok().text(),
        "data: {\"user\":{\"email\":\"[redacted]\"}}\n\ndata: {\"phone\":\"[redacted]\"}\n\ndata: [DONE]\n\n"
    );
}

#[test]
fn what_cannot_be_looked_into_is_withheld_and_said_so() {
    for door in Door::BOTH {
        let upstream = Upstream::serving(&["api.openai.com"]);
        let home = home(door, &upstream, NAMES);
        upstream.answers(|_| Answer::text("phone: 7"));
        assert_withheld(call(&home), "neither JSON");
        upstream.answers(|_| {
            Answer::chunks(["{\"phone\":", "7"].map(|text| Bytes::from_static(text.as_bytes())))
                .with("content-type", "application/json")
        });
        assert_withheld(call(&home), "is not");
        let ended = home.events().into_iter().find(|entry| entry.is("response", "failed")).unwrap();
        assert_eq!(ended.event["reason"], json!("answer.unreadable"));
        upstream.answers(|_| Answer::text(""));
        assert_eq!(call(&home).ok().text(), "");
    }
}

#[test]
fn an_answer_that_announces_too_much_is_refused_and_another_is_cut_off() {
    let upstream = Upstream::serving(&["api.openai.com"]);
    let home = home(Door::Daemon, &upstream, "{ max_bytes: 10 }");
    upstream.answers(|_| Answer::text("0123456789a"));
    assert_withheld(call(&home), "10 bytes");
    upstream
        .answers(|_| Answer::chunks(["01234", "56789", "a"].map(|text| Bytes::from_static(text.as_bytes()))));
    let cut = call(&home);
    assert_ne!(cut.code, Some(0));
    assert!(!cut.text().contains('a'), "{}", cut.text());
    upstream.answers(|_| Answer::text("0123456789"));
    assert_eq!(call(&home).ok().text(), "0123456789");
}

#[test]
fn the_secret_is_scrubbed_from_what_is_redacted() {
    let upstream = Upstream::serving(&["api.openai.com"]);
    let home = home(Door::Daemon, &upstream, NAMES);
    upstream.answers(|received| {
        let key = received.header("authorization").to_owned();
        Answer::json(&json!({ "echo": key, "user": { "email": "a@b.c" } }))
    });
    let done = call(&home).ok();
    assert!(!done.text().contains(secrets::OPENAI), "{}", done.text());
    assert_eq!(done.json()["user"]["email"], json!("[redacted]"));
}
