//! A policy that stands in the vault and that this program cannot compile, as after an upgrade: it
//! refuses what it may apply to, names itself, and leaves everything else alone.
#![allow(clippy::disallowed_methods, clippy::unwrap_used, reason = "tests prepare and look at the machine")]

mod support;

use aivault::spec::PolicyId;
use aivault::vault::{self, KeyMaterial, StoredPolicy, VaultPaths};
use support::{Door, Home, Upstream, secrets};

/// Puts a policy into the vault as a program did that understood it.
fn plant(home: &Home, text: &str) {
    let paths = VaultPaths {
        folder: home.vault(),
        key_file: home.vault().join("kek.key"),
        audit_dir: home.vault().join("audit"),
    };
    let mut vault = vault::open(&paths, &KeyMaterial::File).unwrap();
    let id = PolicyId::parse("another").unwrap();
    vault.apply_policies(&[StoredPolicy { id, text: text.to_owned(), applied_ms: 1 }]).unwrap();
}

fn policy(version: u32, rule: &str) -> String {
    format!("policy: another\nversion: {version}\nrules:\n  - {{ id: r, why: w, effect: {rule} }}\n")
}

const CHAT: &[&str] = &["invoke", "openai/chat-completions", "--body", "{}"];
const MODELS: &[&str] = &["invoke", "openai/models"];

#[track_caller]
fn assert_broken(home: &Home, call: &[&str]) {
    let error = home.run(call).ends(3).errors();
    assert!(error.contains("the policy `another` cannot be read, and may apply here"), "{error}");
    assert!(error.contains("aivault policy remove another"), "{error}");
    let denied = home.events().into_iter().find(|entry| entry.is("invoke", "denied")).unwrap();
    assert_eq!(denied.event["reason"], "policy.broken");
}

#[test]
fn it_refuses_what_it_selects_and_nothing_else() {
    for door in Door::BOTH {
        let upstream = Upstream::serving(&["api.openai.com"]);
        let home = Home::with_openai(door, &upstream, secrets::OPENAI);
        home.run(CHAT).ok();
        for (text, refused, served) in [
            // A later version of the language.
            (policy(2, "forbid, capabilities: [openai/chat-completions]"), CHAT, MODELS),
            // What was a lapse once is a mistake now.
            (
                policy(1, "forbid, capabilities: [openai/models], when: { query: { a: { eq: b } } }"),
                MODELS,
                CHAT,
            ),
        ] {
            plant(&home, &text);
            assert_broken(&home, refused);
            home.run(served).ok();
        }
        assert_eq!(upstream.take().len(), 3);
    }
}

/// Where it cannot be told whom it is about, it is about everybody, until an operator mends it.
#[test]
fn what_nobody_understands_refuses_everything() {
    for door in Door::BOTH {
        let upstream = Upstream::serving(&["api.openai.com"]);
        let home = Home::with_openai(door, &upstream, secrets::OPENAI);
        for text in [
            policy(1, "delay, capabilities: [openai/models]"),
            policy(1, "forbid, capabilities: [openai/models], phase_of_the_moon: full"),
            policy(1, "forbid, capabilities: [\"openai/[models\"]"),
            "no policy at all".to_owned(),
        ] {
            plant(&home, &text);
            assert_broken(&home, CHAT);
            assert_broken(&home, MODELS);
        }
        assert!(upstream.take().is_empty());
        let shown = home.run(&["policy", "show", "another"]).ok();
        assert_eq!(shown.text().trim_end(), "no policy at all");
        home.run(&["policy", "remove", "another"]).ok();
        home.run(CHAT).ok();
        assert_eq!(upstream.take().len(), 1);
    }
}
