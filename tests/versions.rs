//! A client that meets a daemon of another version: it says so, and replaces one that is its own and no newer, or says
//! what to do. Nothing is asked of it in words that it may read otherwise.
#![allow(clippy::disallowed_methods, clippy::unwrap_used, reason = "tests prepare and look at the machine")]

mod support;

use aivault::service::wire;
use support::impostor::{Impostor, Manners, Says};
use support::{Done, Door, Home, Upstream, secrets, socket, wait};

const INVOKE: &[&str] = &["invoke", "openai/chat-completions", "--body", "{}"];

fn ready() -> (Upstream, Home) {
    let upstream = Upstream::serving(&["api.openai.com"]);
    let home = Home::with_openai(Door::Daemon, &upstream, secrets::OPENAI);
    (upstream, home)
}

fn words(by: i64) -> String {
    let ours: i64 = wire::VERSION.split('-').next().unwrap().parse().unwrap();
    format!("{}-{}", ours + by, "0".repeat(16))
}

fn older() -> Says {
    Says { words: words(-1), version: "0.0.9".to_owned(), is_unlocked: true }
}

fn newer() -> Says {
    Says { words: words(1), version: "999.0.0".to_owned(), is_unlocked: true }
}

/// Nothing but how it is, and perhaps that it is to make room.
#[track_caller]
fn assert_told_nothing(impostor: &Impostor) {
    let heard = impostor.heard();
    for path in [wire::INVOKE, wire::COMMAND, wire::WEBSOCKET] {
        assert!(!heard.contains(&format!("POST {path} ")), "{heard}");
    }
    assert!(!heard.contains("openai"), "{heard}");
}

#[test]
fn an_older_daemon_is_replaced_and_that_is_said() {
    for command in [
        INVOKE,
        &["gateway", "open"],
        &["run", "--capability", "openai/*", "--", "true"],
        &["invoke", "openai/realtime", "--websocket", "--message", "x", "--path", "/v1/realtime"],
    ] {
        let (upstream, home) = ready();
        let impostor = Impostor::saying(&home, Manners::Goes, older());
        let done = home.run(command);
        let errors = done.errors();
        let told =
            errors.contains("note: the running daemon (0.0.9, process ") && errors.contains("was replaced");
        assert!(told, "{command:?}: {errors}");
        assert_told_nothing(&impostor);
        assert_ne!(home.daemon(), Some(std::process::id()), "{command:?}");
        if !command.contains(&"--websocket") {
            done.ok();
        }
        drop(upstream);
        let again = home.run(INVOKE);
        assert!(!again.errors().contains("replaced"), "{}", again.errors());
    }
}

#[test]
fn another_build_of_the_same_version_is_replaced_too() {
    let (upstream, home) = ready();
    let unlike = Says { words: words(0), ..Says::ours() };
    let _impostor = Impostor::saying(&home, Manners::Goes, unlike);
    let done = home.run(INVOKE).ok();
    assert!(done.errors().contains("was replaced"), "{}", done.errors());
    upstream.take_one();
}

#[test]
fn a_newer_daemon_is_left_alone() {
    let (upstream, home) = ready();
    let impostor = Impostor::saying(&home, Manners::Stays, newer());
    let done = home.run(INVOKE).ends(4);
    let errors = done.errors();
    assert!(
        errors.contains("(999.0.0, process ") && errors.contains("is newer than this program"),
        "{errors}"
    );
    assert!(errors.contains("help: use the `aivault` that came with it"), "{errors}");
    assert_told_nothing(&impostor);
    assert!(!impostor.heard().contains("POST /retire"), "{}", impostor.heard());
    assert_eq!(socket::listener(&home.socket()), Some(std::process::id()));
    assert!(upstream.take().is_empty());
}

#[test]
fn a_newer_one_is_replaced_by_who_says_so() {
    let (upstream, home) = ready();
    let _impostor = Impostor::saying(&home, Manners::Goes, newer());
    home.run(&["restart"]).ok();
    home.run(INVOKE).ok();
    upstream.take_one();
}

#[test]
fn who_may_start_none_replaces_none() {
    let (_upstream, home) = ready();
    let impostor = Impostor::saying(&home, Manners::Stays, older());
    let done = Done::of(home.command(Door::Daemon, INVOKE).env("AIVAULTD_AUTOSTART", "0"), b"").ends(4);
    let errors = done.errors();
    assert!(
        errors.contains("is older than this program") && errors.contains("AIVAULTD_AUTOSTART"),
        "{errors}"
    );
    assert_told_nothing(&impostor);
}

/// Its key would go with it.
#[test]
fn one_that_has_the_only_key_is_left_alone() {
    let home = Home::empty(Door::Daemon);
    home.run_through(Door::InProcess, &["init", "--test", "--passphrase", "a long enough passphrase"]).ok();
    let impostor = Impostor::saying(&home, Manners::Stays, older());
    let done = home.run(&["invoke", "openai/models"]).ends(4);
    assert!(done.errors().contains("it alone has the vault's key"), "{}", done.errors());
    assert_told_nothing(&impostor);
    assert!(!impostor.heard().contains("POST /retire"), "{}", impostor.heard());
}

/// Five who find it at once put one in its place.
#[test]
fn it_is_replaced_once() {
    let (upstream, home) = ready();
    let impostor = Impostor::saying(&home, Manners::Goes, older());
    let notes = std::thread::scope(|scope| {
        let calls: Vec<_> = (0..5).map(|_| scope.spawn(|| home.run(INVOKE).ok().errors())).collect();
        calls.into_iter().map(|call| call.join().unwrap()).filter(|text| text.contains("replaced")).count()
    });
    assert!(notes >= 1);
    assert_eq!(upstream.take().len(), 5);
    assert_eq!(impostor.heard().matches("POST /retire").count(), 1);
    wait::until("one is there", || home.daemon());
}
