//! Two vaults and one socket: nothing is done with the keys of the wrong one.
#![allow(clippy::disallowed_methods, clippy::unwrap_used, reason = "tests prepare and look at the machine")]

mod support;

use support::{Done, Door, Home, Upstream, secrets};

const INVOKE: &[&str] = &["invoke", "openai/chat-completions", "--body", "{}"];

fn through(socket: &std::path::Path, home: &Home, words: &[&str]) -> Done {
    Done::of(home.command(Door::Daemon, words).env("AIVAULTD_SOCKET", socket), b"")
}

#[test]
fn a_daemon_refuses_calls_and_commands_for_another_vault() {
    let upstream = Upstream::serving(&["api.openai.com"]);
    let first = Home::with_openai(Door::Daemon, &upstream, secrets::OPENAI);
    let second = Home::empty(Door::Daemon);
    second.run(&["init", "--test", "--passphrase", "a long enough passphrase"]).ok();
    second.send_to(&upstream);
    second.store("OPENAI_API_KEY", "sk-of-the-second-vault");
    first.run(INVOKE).ok();
    upstream.take();
    let socket = first.socket();
    // The second one's own daemon holds its key; this one is not asked to.
    for words in [INVOKE, &["secrets", "list"]] {
        let done = through(&socket, &second, words).ends(4);
        let folder = first.vault().display().to_string();
        assert!(
            done.errors().contains("another vault") && done.errors().contains(&folder),
            "{}",
            done.errors()
        );
    }
    assert!(upstream.take().is_empty());
    first.run(INVOKE).ok();
    second.run(INVOKE).ok();
    let keys: Vec<String> =
        upstream.take().iter().map(|one| one.header("authorization").to_owned()).collect();
    assert_eq!(keys, [format!("Bearer {}", secrets::OPENAI), "Bearer sk-of-the-second-vault".to_owned()]);
}
