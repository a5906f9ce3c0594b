//! The vault's key goes to a daemon that the client itself has just started, and to nobody who
//! merely listens at the socket: any program of the same user can do that.
#![allow(clippy::disallowed_methods, clippy::unwrap_used, reason = "tests prepare and look at the machine")]

mod support;

use std::thread;

use support::impostor::{Impostor, Manners};
use support::{Answer, Done, Door, Home, Upstream, secrets, socket, wait};

const INVOKE: &[&str] = &["invoke", "openai/chat-completions", "--body", "{}"];
const PASSPHRASE: &str = "a passphrase of some length";
const INIT: &[&str] = &["init", "--provider", "passphrase", "--passphrase", PASSPHRASE, "--test"];
const UNLOCK: &[&str] = &["unlock", "--passphrase", PASSPHRASE];
const KEY: &str = "a0b1c2d3e4f5a0b1c2d3e4f5a0b1c2d3e4f5a0b1c2d3e4f5a0b1c2d3e4f5a0b1";

fn parrot() -> Upstream {
    let upstream = Upstream::serving(&["api.openai.com"]);
    upstream.answers(|received| Answer::text(received.body.clone()));
    upstream
}

/// A locked vault with an OpenAI key, and no daemon.
fn locked(upstream: &Upstream) -> Home {
    let home = Home::empty(Door::Daemon);
    home.run(INIT).ok();
    home.send_to(upstream);
    home.store("OPENAI_API_KEY", secrets::OPENAI);
    end_daemon(&home);
    home
}

fn end_daemon(home: &Home) {
    let pid = home.daemon().expect("a daemon");
    support::processes::kill(pid);
    wait::until("the daemon is gone", || (!support::processes::is_alive(pid)).then_some(()));
    for name in ["aivaultd.sock", "aivaultd.operator.sock"] {
        let _ = std::fs::remove_file(home.vault().join("run").join(name));
    }
}

/// Whether a text has 64 hexadecimal digits in a row, as the key had on its way.
fn has_key(text: &str) -> bool {
    text.split(|c: char| !c.is_ascii_hexdigit()).any(|run| run.len() >= 64)
}

#[track_caller]
fn heard_no_key(impostor: &Impostor) {
    let heard = impostor.heard();
    assert!(!has_key(&heard) && !heard.contains(PASSPHRASE) && !heard.contains("/command"), "{heard}");
}

#[test]
fn who_does_not_make_room_gets_no_key() {
    let upstream = parrot();
    let home = locked(&upstream);
    for manners in [Manners::Stays, Manners::Silent] {
        let impostor = Impostor::at(&home, manners);
        let done = home.run(UNLOCK).ends(4);
        let own = std::process::id().to_string();
        assert!(done.errors().contains(&own), "it says who listens: {}", done.errors());
        assert!(done.errors().contains("help: "), "{}", done.errors());
        heard_no_key(&impostor);
    }
    assert!(upstream.take().is_empty());
}

#[test]
fn who_makes_room_is_replaced() {
    let upstream = parrot();
    let home = locked(&upstream);
    let impostor = Impostor::at(&home, Manners::Goes);
    home.run(UNLOCK).ok();
    heard_no_key(&impostor);
    assert_ne!(socket::listener(&home.socket()), Some(std::process::id()));
    home.run(INVOKE).ok();
    assert_eq!(upstream.take().len(), 1);
}

#[test]
fn a_new_vaults_key_is_not_sent_either() {
    let home = Home::empty(Door::Daemon);
    let impostor = Impostor::at(&home, Manners::Stays);
    home.run(INIT).ends(4);
    heard_no_key(&impostor);
}

fn with_key(home: &Home, words: &[&str]) -> Done {
    Done::of(home.command(Door::Daemon, words).env("AIVAULT_KEY", KEY), b"")
}

/// A vault whose key is in the environment, with an OpenAI key.
fn of_environment(upstream: &Upstream) -> Home {
    let home = Home::empty(Door::Daemon);
    with_key(&home, &["init", "--provider", "env", "--test"]).ok();
    let ca = home.path("ca.pem");
    std::fs::write(&ca, &upstream.ca_pem).unwrap();
    let address = upstream.address.to_string();
    let words = ["upstream", "set", "api.openai.com", "--to", &address, "--ca", ca.to_str().unwrap()];
    with_key(&home, &words).ok();
    with_key(&home, &["secrets", "create", "--name", "OPENAI_API_KEY", "--value", secrets::OPENAI]).ok();
    home
}

#[test]
fn a_call_does_not_hand_the_environments_key_to_a_stranger() {
    let upstream = parrot();
    let home = of_environment(&upstream);
    let impostor = Impostor::at(&home, Manners::Stays);
    with_key(&home, INVOKE).ends(4);
    heard_no_key(&impostor);
    drop(impostor);
    let impostor = Impostor::at(&home, Manners::Goes);
    with_key(&home, INVOKE).ok();
    heard_no_key(&impostor);
    assert_eq!(upstream.take().len(), 1);
}

#[test]
fn the_environments_key_is_handed_over_once_however_many_call() {
    let upstream = parrot();
    let home = of_environment(&upstream);
    let call_often = || {
        thread::scope(|scope| {
            for _ in 0..12 {
                scope.spawn(|| with_key(&home, INVOKE).ok());
            }
        });
        assert_eq!(upstream.take().len(), 12);
    };
    call_often();
    let pid = home.daemon().expect("a daemon");
    call_often();
    assert_eq!(home.daemon(), Some(pid));
    // Once it is locked, the next call replaces it.
    home.run(&["lock"]).ok();
    home.run(INVOKE).ends(4);
    call_often();
    assert_ne!(home.daemon(), Some(pid));
}

/// Where no daemon may be started, there is none to hand the key to.
#[test]
fn a_key_waits_for_a_start_that_is_allowed() {
    let upstream = parrot();
    let home = of_environment(&upstream);
    let with_no_start = |words: &[&str]| {
        let mut command = home.command(Door::Daemon, words);
        Done::of(command.env("AIVAULT_KEY", KEY).env("AIVAULTD_AUTOSTART", "0"), b"")
    };
    with_no_start(INVOKE).ends(4);
    let refused = with_no_start(&["unlock"]).ends(1);
    assert!(refused.errors().contains("AIVAULTD_AUTOSTART"), "{}", refused.errors());
    with_key(&home, &["unlock"]).ok();
    with_no_start(INVOKE).ok();
    home.run(&["lock"]).ok();
    with_no_start(INVOKE).ends(4);
}

/// What the old daemon has begun, it finishes; who comes meanwhile waits for the new one.
#[test]
fn unlocking_again_disturbs_nobody() {
    let upstream = parrot();
    let home = locked(&upstream);
    home.run(UNLOCK).ok();
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| (0..10).for_each(|_| drop(home.run(INVOKE).ok())));
        }
        for _ in 0..5 {
            home.run(UNLOCK).ok();
        }
    });
    assert_eq!(upstream.take().len(), 40);
    home.run(&["audit", "verify"]).ok();
}

#[test]
fn a_key_on_the_named_socket_is_no_command() {
    let home = Home::test(Door::Daemon);
    home.run(INVOKE).ends(5);
    let command = format!(r#"{{"command":"unlock","with":{{"key":"{KEY}"}}}}"#);
    let request = format!(
        "POST /command HTTP/1.1\r\nhost: a\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{command}",
        command.len()
    );
    let operators = home.socket().with_extension("operator.sock");
    let (head, _) = socket::exchange(&operators, request.as_bytes());
    assert!(head.first_line.starts_with("HTTP/1.1 400"), "{head:?}");
}
