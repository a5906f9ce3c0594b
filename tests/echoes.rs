//! What an upstream can make of the key that it was sent: escaped in part, compressed twice, trimmed, in pieces, in a
//! header's name. None of it reaches the caller as the key.
#![allow(clippy::disallowed_methods, clippy::unwrap_used, reason = "tests prepare and look at the machine")]

mod support;

use std::io::Read as _;
use std::process::Stdio;
use std::sync::Mutex;

use bytes::Bytes;
use support::{Answer, Done, Door, Home, Received, Upstream, gzip, socket};

const CHAT: &str = "openai/chat-completions";
const KEY: &str = "sk-proj-Zq9-Lm_3xV2mLd8Yc4Hb6";
/// What stands in an answer where the key stood.
const MARK: &str = "[redacted]";

fn setting(door: Door, key: &str) -> (Upstream, Home) {
    let upstream = Upstream::serving(&["api.openai.com"]);
    let home = Home::with_openai(door, &upstream, key);
    (upstream, home)
}

fn key_of(received: &Received) -> String {
    received.header("authorization").trim_start_matches("Bearer ").trim().to_owned()
}

/// The key with each character of `escaped` as JSON can write it.
fn json_escaped(key: &str, escaped: impl Fn(usize, char) -> bool) -> String {
    let escape = |(i, c): (usize, char)| {
        if escaped(i, c) { format!("\\u{:04x}", u32::from(c)) } else { c.to_string() }
    };
    key.chars().enumerate().map(escape).collect()
}

#[track_caller]
fn assert_hidden(done: &Done, count: usize, place: &str) {
    assert!(!done.text().contains(KEY), "{place}: {}", done.text());
    assert_eq!(done.text().matches(MARK).count(), count, "{place}: {}", done.text());
}

#[test]
fn a_key_that_is_escaped_in_part_is_replaced_in_each_form_of_the_answer() {
    type Choice = fn(usize, char) -> bool;
    let choices: [Choice; 3] = [|_, c| !c.is_alphanumeric(), |i, _| i % 2 == 0, |i, _| i == 28];
    let (upstream, home) = setting(Door::InProcess, KEY);
    for escaped in choices {
        upstream.answers(move |received| {
            let text = format!("{{\"k\":\"{}\"}}", json_escaped(&key_of(received), escaped));
            Answer::chunks(text.as_bytes().chunks(7).map(Bytes::copy_from_slice))
        });
        for form in ["json", "markdown", "invoke"] {
            let done = home.run(&[form, CHAT, "--body", "{}"]).ok();
            assert_hidden(&done, 1, form);
        }
    }
}

/// What the client does not decode, somebody else will.
#[test]
fn other_notations_may_be_mixed() {
    let (upstream, home) = setting(Door::InProcess, KEY);
    upstream.answers(|received| {
        let key = key_of(received);
        let url = key.replace('-', "%2D").replacen('p', "%70", 1);
        let page = key.replace('-', "&#45;").replace('_', "&lowbar;").replacen("sk", "&#x73;k", 1);
        Answer::text(format!("{url} {page}"))
    });
    assert_hidden(&home.run(&["invoke", CHAT, "--body", "{}"]).ok(), 2, "a mixture");
}

#[test]
fn an_answer_that_is_compressed_twice_is_refused() {
    for door in Door::BOTH {
        let (upstream, home) = setting(door, KEY);
        upstream.answers(|received| {
            let twice = gzip::stored(&gzip::stored(key_of(received).as_bytes()));
            Answer::text(twice).with("content-encoding", "gzip").with("Content-Encoding", "gzip")
        });
        let done = home.run(&["invoke", CHAT, "--body", "{}"]).ends(6);
        assert!(done.stdout.is_empty() && done.errors().contains("encoding"), "{}", done.errors());
    }
}

#[test]
fn every_member_of_a_compressed_answer_is_read_and_scrubbed() {
    let (upstream, home) = setting(Door::InProcess, KEY);
    upstream.answers(|received| {
        let key = key_of(received);
        let members = [&key[..5], &key[5..], " and ", &key].map(|part| gzip::stored(part.as_bytes()));
        Answer::text(members.concat()).with("content-encoding", "gzip")
    });
    let done = home.run(&["invoke", CHAT, "--body", "{}"]).ok();
    assert_eq!(done.text(), format!("{MARK} and {MARK}"));
}

#[test]
fn a_key_stored_with_blanks_around_it_is_replaced_without_them() {
    let (upstream, home) = setting(Door::InProcess, &format!("{KEY}\t"));
    upstream.answers(|received| Answer::text(format!("{{\"key\": \"{}\"}}", key_of(received))));
    assert_hidden(&home.run(&["invoke", CHAT, "--body", "{}"]).ok(), 1, "a trimmed key");
}

#[test]
fn a_key_in_a_path_is_replaced_however_the_path_is_written() {
    let upstream = Upstream::serving(&["api.telegram.org"]);
    let home = Home::with(Door::InProcess, &upstream);
    home.store("TELEGRAM_BOT_TOKEN", "123456789:AAF+Zq9/Lm_3xV2mLd8Yc4Hb6\n");
    upstream.answers(|received| {
        let sent = received.target.trim_start_matches("/bot").split_once("/getMe").unwrap().0.to_owned();
        assert_eq!(sent, "123456789:AAF%2BZq9%2FLm_3xV2mLd8Yc4Hb6%0A");
        let token = sent.trim_end_matches("%0A");
        Answer::text(format!("{sent} {token} {}", token.replace("%2F", "/").replace(':', "%3A")))
    });
    let done = home.run(&["invoke", "telegram/get-me", "--method", "GET", "--path", "/getMe"]).ok();
    assert_eq!(done.text(), format!("{MARK}%0A {MARK} {MARK}"));
}

#[test]
fn headers_show_no_key_in_their_names_or_from_line_to_line() {
    let (upstream, home) = setting(Door::Daemon, KEY);
    upstream.answers(|received| {
        let key = key_of(received);
        Answer::text("body")
            .with(&format!("x-name-{}", key.to_lowercase().replace('_', "-")), "v")
            .with("x-split", &key[..10])
            .with("X-Split", &key[10..])
            .with("x-request-id", "req_1")
    });
    home.run(&["invoke", CHAT, "--body", "{}"]).ok();
    let (head, _) = socket::invoke(&home.socket(), &socket::chat());
    assert!(head.fields.iter().all(|(name, _)| !name.starts_with("x-name")), "{head:?}");
    assert_eq!((head.all("x-split"), head.all("x-request-id")), (vec![MARK], vec!["req_1"]));
}

#[test]
fn a_redirect_is_told_without_the_key_in_its_location() {
    for door in Door::BOTH {
        let (upstream, home) = setting(door, KEY);
        upstream.answers(|received| {
            let location = format!("https://elsewhere.example/?key={}", key_of(received));
            Answer::status(302, "").with("location", &location)
        });
        let done = home.run(&["invoke", CHAT, "--body", "{}"]).ok();
        let told =
            "the upstream answered 302 to https://elsewhere.example/?key=[redacted]; it was not followed";
        assert_eq!((done.text(), done.errors()), (String::new(), format!("warning: {told}\n")));
    }
}

#[test]
fn a_switch_of_protocols_is_no_answer() {
    for door in Door::BOTH {
        let (upstream, home) = setting(door, KEY);
        upstream.answers(|_| Answer::status(101, "").with("connection", "upgrade").with("upgrade", "x"));
        let done = home.run(&["invoke", CHAT, "--body", "{}"]).ends(6);
        assert!(done.stdout.is_empty() && done.errors().contains("HTTP"), "{}", done.errors());
    }
}

/// What is held back when an answer breaks off says nothing by being lost, and is not.
#[test]
fn what_came_before_a_break_is_shown_to_its_end() {
    let (upstream, home) = setting(Door::InProcess, KEY);
    let (feed, answer) = Answer::fed();
    let answer = Mutex::new(Some(answer));
    upstream.answers(move |_| answer.lock().unwrap().take().expect("one request"));
    let mut command = home.command(home.door, &["invoke", CHAT, "--body", "{}"]);
    let mut child =
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut output = child.stdout.take().unwrap();
    feed.send(Bytes::from_static(b"half a s")).unwrap();
    let mut seen = vec![0; 7];
    output.read_exact(&mut seen).unwrap();
    drop(upstream);
    output.read_to_end(&mut seen).unwrap();
    assert_eq!(String::from_utf8(seen).unwrap(), "half a s");
    Done::wait_for(child, b"").ends(6);
}
