//! D4: what is no secret stays in an answer, and a secret cannot be found out by what is taken out of
//! one: only who knows all of it sees a difference.

use bytes::Bytes;

use crate::case::{Case, Findings, Name, names as names_of};
use crate::support::{Answer, Door, Home, Upstream};

const KEY: &str = "sk-proj-Zq9-Lm_3xV2mLd8Yc4Hb6";

/// Short or common secrets, and answers that they must leave alone.
const COMMON: &[(&str, &str)] = &[
    ("a", "a banana and a pear"),
    ("true", "{\"ok\":true,\"more\":true}"),
    ("null", "{\"a\":null,\"b\":[null,null]}"),
    ("id", "{\"id\":\"id\",\"idle\":1}"),
    ("200", "HTTP 200 200 200"),
    ("data", "data: {\"data\":1}\n\ndata: [DONE]\n\n"),
    ("{\"", "{\"a\":{\"b\":{\"c\":1}}}"),
    ("     ", "a     b     c"),
    ("\n\n", "a\n\nb\n\nc"),
    ("12345", "12345678901234567890"),
];

/// Guesses at the key, none of them all of it: each comes back as it was.
fn guesses() -> Vec<String> {
    let mut all: Vec<String> = (1..KEY.len()).step_by(3).map(|end| KEY[..end].to_owned()).collect();
    all.extend((1..KEY.len()).step_by(5).map(|start| KEY[start..].to_owned()));
    all.push(KEY.to_lowercase());
    all.push(KEY.to_uppercase());
    all.push(KEY.chars().rev().collect());
    all.push(format!("{}x{}", &KEY[..14], &KEY[15..]));
    all.push(format!("{} {}", &KEY[..14], &KEY[14..]));
    all
}

fn common() -> Vec<Case<(&'static str, &'static str)>> {
    COMMON
        .iter()
        .map(|(secret, answer)| Case::new("D4", format!("the secret {secret}"), (*secret, *answer)))
        .collect()
}

fn guessed() -> Vec<Case<String>> {
    guesses().into_iter().map(|guess| Case::new("D4", format!("the guess {guess}"), guess)).collect()
}

pub fn names() -> Vec<Name> {
    [names_of(&common()), names_of(&guessed())].concat()
}

#[test]
fn a_short_secret_does_not_eat_the_answer() {
    let upstream = Upstream::serving(&["api.openai.com"]);
    let home = Home::with_openai(Door::InProcess, &upstream, KEY);
    let mut findings = Findings::default();
    for case in common() {
        let (secret, text) = case.attack;
        home.run_with_input(&["secrets", "rotate", "--name", "OPENAI_API_KEY", "--value", secret], b"").ok();
        upstream.answers(move |_| Answer::chunks(text.as_bytes().chunks(3).map(Bytes::copy_from_slice)));
        let done = home.run(&["invoke", "openai/models", "--method", "GET", "--path", "/v1/models"]);
        // A secret that no header can hold is not sent at all.
        let fine = if secret.contains('\n') { done.code != Some(0) } else { done.text() == text };
        findings.hold(fine, &case.name(), || format!("{:?} {}{}", done.code, done.text(), done.errors()));
    }
    findings.end();
}

#[test]
fn a_guess_is_not_answered_unless_it_is_all_of_the_key() {
    let upstream = Upstream::serving(&["api.openai.com"]);
    upstream.answers(|received| Answer::text(received.body.clone()));
    let home = Home::with_openai(Door::Daemon, &upstream, KEY);
    let mut findings = Findings::default();
    for case in guessed() {
        let done = home.run(&["invoke", "openai/chat-completions", "--body", &case.attack]).ok();
        findings.hold(done.text() == case.attack, &case.name(), || done.text());
    }
    findings.end();
    assert_eq!(home.run(&["invoke", "openai/chat-completions", "--body", KEY]).ok().text(), "[redacted]");
}
