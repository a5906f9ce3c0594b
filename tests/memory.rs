//! What a debugger with every right finds in the daemon's memory: the vault's key in locked pages and nowhere else, and
//! no value once the request that used it is over and its connection is closed. A connection that is kept for the next
//! request keeps the bytes that went over it last, in a buffer of the library's, and nothing else does.
//!
//! The daemon lets nobody of its own user look, so that only the system's own user can run these.
#![cfg(target_os = "linux")]
#![allow(clippy::disallowed_methods, clippy::unwrap_used, reason = "tests prepare and look at the machine")]

#[path = "support/process_memory.rs"]
mod process_memory;
mod support;

use std::fs;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use process_memory::Mapping;
use support::{Answer, Door, Home, Upstream};

/// A value that stands in no file of the program.
fn fresh(prefix: &str) -> String {
    let mut bytes = [0; 24];
    getrandom::fill(&mut bytes).unwrap();
    format!("{prefix}{}", bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>())
}

/// What the daemon holds; none where this user may not look.
fn memory_of(home: &Home) -> Option<Vec<Mapping>> {
    match process_memory::of(home.daemon().expect("a daemon")) {
        Ok(mappings) => Some(mappings),
        Err(reason) => {
            assert!(!rustix::process::geteuid().is_root(), "the system's own user must be able to look");
            eprintln!("skipped: only the system's own user may look at the daemon's memory: {reason}");
            None
        }
    }
}

/// Where the needle stands, with what is around it.
fn places(mappings: &[Mapping], needle: &[u8]) -> Vec<(bool, String)> {
    let mut found = Vec::new();
    for mapping in mappings {
        for at in memchr::memmem::find_iter(&mapping.bytes, needle) {
            let around =
                &mapping.bytes[at.saturating_sub(40)..(at + needle.len() + 40).min(mapping.bytes.len())];
            found.push((mapping.is_locked, format!("{} +{at:x}: {}", mapping.name, around.escape_ascii())));
        }
    }
    found
}

#[track_caller]
fn nowhere(mappings: &[Mapping], needle: &[u8], what: &str) {
    let found = places(mappings, needle);
    assert!(found.is_empty(), "{what} stands in {} places:\n{:#?}", found.len(), found);
}

#[test]
fn a_value_is_nowhere_once_its_request_is_over() {
    let upstream = Upstream::serving(&["api.openai.com", "api.mailgun.net"]);
    let home = Home::with(Door::Daemon, &upstream);
    let (bearer, basic) = (fresh("sk-proj-"), fresh("key-"));
    home.store("OPENAI_API_KEY", &bearer);
    home.store("MAILGUN_API_KEY", &basic);
    upstream.answers(|request| Answer::text(request.headers_as_text()).with("connection", "close"));
    for _ in 0..3 {
        home.run(&["invoke", "openai/chat-completions", "--body", "{\"q\": 1}"]).ok();
        home.run(&["invoke", "mailgun/domains-read", "--method", "GET", "--path", "/v4/domains"]).ok();
    }
    upstream.answers(|_| Answer::status(500, "no").with("connection", "close"));
    home.run(&["invoke", "openai/chat-completions", "--body", "{}"]).ends(22);
    assert_eq!(upstream.take().len(), 7, "the values were used");

    let Some(memory) = memory_of(&home) else { return };
    assert!(!places(&memory, b"api.openai.com").is_empty(), "the search finds what is there");
    nowhere(&memory, bearer.as_bytes(), "the value");
    nowhere(&memory, &bearer.as_bytes()[8..40], "a part of the value");
    nowhere(&memory, basic.as_bytes(), "the other value");
    nowhere(&memory, STANDARD.encode(format!("api:{basic}")).as_bytes(), "the other value in base64");
}

#[test]
fn a_connection_that_is_kept_holds_one_copy_until_it_is_used_again() {
    let upstream = Upstream::serving(&["api.openai.com"]);
    let (first, second) = (fresh("sk-proj-"), fresh("sk-proj-"));
    let home = Home::with_openai(Door::Daemon, &upstream, &first);
    upstream.answers(|_| Answer::text("done"));
    let invoke = ["invoke", "openai/chat-completions", "--body", "{}"];
    home.run(&invoke).ok();
    let Some(memory) = memory_of(&home) else { return };
    assert!(places(&memory, first.as_bytes()).len() <= 1, "{:#?}", places(&memory, first.as_bytes()));
    home.run(&["secrets", "rotate", "--name", "OPENAI_API_KEY", "--value", &second]).ok();
    home.run(&invoke).ok();
    assert_eq!(upstream.accepted(), 1, "the connection was used again");
    let Some(memory) = memory_of(&home) else { return };
    nowhere(&memory, first.as_bytes(), "the value before");
    assert!(places(&memory, second.as_bytes()).len() <= 1, "{:#?}", places(&memory, second.as_bytes()));
}

#[test]
fn a_daemon_that_is_locked_holds_no_value_on_any_connection() {
    let upstream = Upstream::serving(&["api.openai.com"]);
    let home = Home::empty(Door::Daemon);
    home.run(&["init", "--test", "--passphrase", "a long enough passphrase"]).ok();
    home.send_to(&upstream);
    let value = fresh("sk-proj-");
    home.store("OPENAI_API_KEY", &value);
    upstream.answers(|_| Answer::text("done"));
    home.run(&["invoke", "openai/chat-completions", "--body", "{}"]).ok();
    home.run(&["lock"]).ok();
    if memory_of(&home).is_none() {
        return;
    }
    let is_gone = || places(&memory_of(&home)?, value.as_bytes()).is_empty().then_some(());
    support::wait::until("the connections are closed", is_gone);
}

#[test]
fn a_value_that_the_daemon_is_given_is_nowhere_once_it_is_stored() {
    let home = Home::empty(Door::Daemon);
    home.run(&["init", "--test", "--passphrase", "a long enough passphrase"]).ok();
    let value = fresh("sk-proj-");
    home.store("OPENAI_API_KEY", &value);
    let Some(memory) = memory_of(&home) else { return };
    nowhere(&memory, value.as_bytes(), "the value");
    nowhere(&memory, STANDARD.encode(&value).as_bytes(), "the value as it travelled");
}

#[test]
fn the_vaults_key_is_in_locked_pages_alone() {
    let upstream = Upstream::serving(&["api.openai.com"]);
    let home = Home::with_openai(Door::Daemon, &upstream, &fresh("sk-proj-"));
    upstream.answers(|_| Answer::text("done"));
    home.run(&["invoke", "openai/chat-completions", "--body", "{}"]).ok();
    let line = fs::read_to_string(home.vault().join("kek.key")).unwrap();
    let key = STANDARD.decode(line.trim()).unwrap();
    let Some(memory) = memory_of(&home) else { return };
    let (locked, open): (Vec<_>, Vec<_>) = places(&memory, &key).into_iter().partition(|(locked, _)| *locked);
    assert_eq!(locked.len(), 1, "{locked:#?}");
    assert!(open.is_empty(), "the key stands in pages that are not locked: {open:#?}");
    nowhere(&memory, line.trim().as_bytes(), "the key's text");
}

#[test]
fn a_key_that_was_handed_over_is_in_locked_pages_alone() {
    let home = Home::empty(Door::Daemon);
    let mut key = [0; 32];
    getrandom::fill(&mut key).unwrap();
    let text: String = key.iter().map(|byte| format!("{byte:02x}")).collect();
    for words in [&["init", "--provider", "env", "--test"][..], &["unlock"]] {
        support::Done::of(home.command(Door::Daemon, words).env("AIVAULT_KEY", &text), b"").ok();
    }
    let Some(memory) = memory_of(&home) else { return };
    let (locked, open): (Vec<_>, Vec<_>) = places(&memory, &key).into_iter().partition(|(locked, _)| *locked);
    assert_eq!(locked.len(), 1, "{locked:#?}");
    assert!(open.is_empty(), "the key stands in pages that are not locked: {open:#?}");
    nowhere(&memory, text.as_bytes(), "the key as it was handed over");
}
