//! The key in a real Secret Service: made, found again, changed, and missed when the session is gone.
#![cfg(target_os = "linux")]
#![allow(clippy::disallowed_methods, clippy::unwrap_used, reason = "tests prepare and look at the machine")]

#[path = "support/keychain.rs"]
mod keychain;
mod support;

use keychain::Session;
use support::{Answer, Done, Door, Home, Upstream, secrets};

const INVOKE: &[&str] = &["invoke", "openai/chat-completions", "--body", "{}"];

fn within(session: &Session, home: &Home, door: Door, words: &[&str]) -> Done {
    Done::of(home.command(door, words).envs(session.variables()), b"")
}

/// A vault whose key the session keeps, with an OpenAI key that is sent to `upstream`.
fn of_keychain(session: &Session, upstream: &Upstream) -> Home {
    let home = Home::empty(Door::Daemon);
    within(session, &home, home.door, &["init", "--provider", "keychain", "--test"]).ok();
    let ca = home.path("ca.pem");
    std::fs::write(&ca, &upstream.ca_pem).unwrap();
    let address = upstream.address.to_string();
    let words = ["upstream", "set", "api.openai.com", "--to", &address, "--ca", ca.to_str().unwrap()];
    within(session, &home, home.door, &words).ok();
    let words = ["secrets", "create", "--name", "OPENAI_API_KEY", "--value", secrets::OPENAI];
    within(session, &home, home.door, &words).ok();
    home
}

#[test]
fn the_key_is_kept_by_the_session_and_serves_through_both_doors() {
    let Some(session) = Session::begin() else { return };
    let upstream = Upstream::serving(&["api.openai.com"]);
    upstream.answers(|_| Answer::text("hello"));
    let home = of_keychain(&session, &upstream);
    assert!(!home.vault().join("kek.key").exists());
    for door in Door::BOTH {
        assert_eq!(within(&session, &home, door, INVOKE).ok().text(), "hello", "{door:?}");
    }
    within(&session, &home, Door::Daemon, &["key", "status"]).ok().says("key:          keychain (");
    assert_eq!(upstream.take().len(), 2);
}

#[test]
fn without_the_session_there_is_no_key_and_no_new_one() {
    let Some(session) = Session::begin() else { return };
    let upstream = Upstream::serving(&["api.openai.com"]);
    let home = of_keychain(&session, &upstream);
    let without = home.run_through(Door::InProcess, &["secrets", "list"]).ends(4);
    assert!(without.errors().contains("keychain"), "{}", without.errors());
    within(&session, &home, Door::InProcess, &["secrets", "list"]).ok().says("OPENAI_API_KEY");
}

#[test]
fn another_session_does_not_know_the_key() {
    let (Some(session), Some(other)) = (Session::begin(), Session::begin()) else { return };
    let upstream = Upstream::serving(&["api.openai.com"]);
    let home = of_keychain(&session, &upstream);
    let refused = within(&other, &home, Door::InProcess, &["secrets", "list"]).ends(4);
    assert!(refused.errors().contains("holds no key"), "{}", refused.errors());
}

#[test]
fn a_new_key_has_an_entry_of_its_own_and_the_key_can_move_on() {
    let Some(session) = Session::begin() else { return };
    let upstream = Upstream::serving(&["api.openai.com"]);
    upstream.answers(|_| Answer::text("hello"));
    let home = of_keychain(&session, &upstream);
    within(&session, &home, Door::Daemon, INVOKE).ok();
    within(&session, &home, Door::Daemon, &["rotate-master"]).ok().says("The daemon has the new key.");
    within(&session, &home, Door::Daemon, INVOKE).ok();

    within(&session, &home, Door::Daemon, &["key", "migrate", "--to", "file"]).ok();
    assert_eq!(home.run_through(Door::InProcess, INVOKE).ok().text(), "hello", "no session is needed");
    within(&session, &home, Door::Daemon, &["key", "migrate", "--to", "keychain"]).ok();
    assert!(!home.vault().join("kek.key").exists());
    within(&session, &home, Door::InProcess, INVOKE).ok();
    assert_eq!(upstream.take().len(), 4);
}
