//! A name that a provider claims means that provider's secret and nothing else. An alias that
//! took it over would send one provider's key to another's host.
#![allow(clippy::disallowed_methods, clippy::unwrap_used, reason = "tests prepare and look at the machine")]

mod support;

use aivault::vault::{self, Alias, KeyMaterial, SecretChange, SecretRef, VaultPaths};
use support::{Done, Door, Home, Upstream, secrets};

const OTHERS: &str = "sk-ant-made-up-for-tests-0123456789";

fn openai(upstream: &Upstream) -> Home {
    Home::with_openai(Door::InProcess, upstream, secrets::OPENAI)
}

fn alias(home: &Home, alias: &str) -> Done {
    home.run(&["secrets", "update", "--name", "OPENAI_API_KEY", "--alias", alias])
}

#[test]
fn a_claimed_name_is_no_alias() {
    let upstream = Upstream::serving(&["api.openai.com"]);
    let home = openai(&upstream);
    for name in ["ANTHROPIC_API_KEY", "anthropic_api_key", "OPENAI_API_KEY"] {
        let done = alias(&home, name).ends(2);
        assert!(done.errors().contains(name) && done.errors().contains("help: "), "{}", done.errors());
    }
    let new = ["secrets", "create", "--name", "MINE", "--value", "x", "--alias", "ANTHROPIC_API_KEY"];
    home.run(&new).ends(2);
    alias(&home, "work").ok();
    home.run(&["secrets", "rotate", "--name", "work", "--value", "sk-another-0123456789abcdef"]).ok();
}

/// Such an alias may stand in a vault from before the provider was known.
#[test]
fn an_old_alias_yields_to_the_claim() {
    let upstream = Upstream::serving(&["api.openai.com"]);
    let home = openai(&upstream);
    plant(&home, "ANTHROPIC_API_KEY");
    let by_name = |words: &[&str]| home.run(&[&["secrets"], words].concat());
    let claimed = "ANTHROPIC_API_KEY";
    by_name(&["rotate", "--name", claimed, "--value", OTHERS]).ends(5);
    by_name(&["update", "--name", claimed, "--alias", "x"]).ends(5);
    by_name(&["delete", "--name", claimed]).ends(5);
    by_name(&["attach-group", "--name", claimed, "--workspace-id", "w", "--group-id", "g"]).ends(5);
    by_name(&["detach-group", "--name", claimed, "--workspace-id", "w", "--group-id", "g"]).ends(5);

    by_name(&["import", "--entry", &format!("{claimed}={OTHERS}")]).ok();
    by_name(&["rotate", "--name", claimed, "--value", OTHERS]).ok();
    by_name(&["attach-group", "--name", "OPENAI_API_KEY", "--workspace-id", "w", "--group-id", "g"]).ok();
    by_name(&["attach-group", "--name", claimed, "--workspace-id", "w", "--group-id", "g"]).ok();
    home.run(&["invoke", "openai/chat-completions", "--body", "{}"]).ok();
    let received = upstream.take();
    assert_eq!(received[0].header("authorization"), format!("Bearer {}", secrets::OPENAI));
}

/// Gives the stored key an alias as a program did that knew of no claim to it.
fn plant(home: &Home, text: &str) {
    let paths = VaultPaths {
        folder: home.vault(),
        key_file: home.vault().join("kek.key"),
        audit_dir: home.vault().join("audit"),
    };
    let mut vault = vault::open(&paths, &KeyMaterial::File).unwrap();
    let secret = SecretRef::Name { name_or_alias: "OPENAI_API_KEY".to_owned(), scope: None };
    let aliases = Some(vec![Alias::parse(text, None).unwrap()]);
    vault.update_secret(&secret, SecretChange { name: None, aliases }, None).unwrap();
}
