//! What a person is told when something is locked, missing or mistyped.
#![allow(clippy::disallowed_methods, clippy::unwrap_used, reason = "tests prepare and look at the machine")]

mod support;

use std::fs;

use support::{Done, Door, Home, home};

const PASSPHRASE: &str = "a long enough passphrase";

fn locked() -> Home {
    let home = Home::empty(Door::InProcess);
    home.run(&["init", "--test", "--passphrase", PASSPHRASE]).ok();
    home
}

#[test]
fn what_cannot_be_known_while_locked_is_not_claimed() {
    let home = locked();
    let described = home.run(&["capability", "describe", "openai/models"]).ok();
    described.says("OPENAI_API_KEY: unknown while the vault is locked");
    assert!(!described.text().contains("missing"), "{}", described.text());
    let ready = home.run(&["capability", "list", "--ready"]).ok();
    assert!(ready.errors().contains("the vault is locked"), "{}", ready.errors());
}

#[test]
fn status_says_why_a_vault_does_not_open() {
    let home = Home::test(Door::InProcess);
    let key = home.vault().join("kek.key");
    let right = fs::read(&key).unwrap();
    let said = |what: &str| {
        let status = home.run(&["status"]).ok();
        assert!(status.text().contains("locked") && status.errors().contains("does not open"), "{what}");
        status.errors()
    };
    home::set_mode(&key, 0o644);
    assert!(said("an open key").contains("chmod"));
    home::set_mode(&key, 0o600);
    fs::write(&key, &right[..10]).unwrap();
    assert!(said("a short key").contains("holds no key"));
    fs::write(&key, "A".repeat(43) + "=\n").unwrap();
    assert!(said("a wrong key").contains("does not open this vault"));
    fs::remove_file(&key).unwrap();
    assert!(said("a missing key").contains("put the vault's key back"));
    fs::write(&key, &right).unwrap();
    home::set_mode(&key, 0o600);
    assert_eq!(home.run(&["status"]).ok().errors(), "");
}

#[test]
fn a_forged_line_is_not_shown_without_a_word() {
    let home = Home::test(Door::InProcess);
    home.store("KEY", "value");
    assert_eq!(home.run(&["audit"]).ok().errors(), "");
    let path = home.vault().join("audit/log-000001.jsonl");
    let forged = fs::read_to_string(&path).unwrap().replacen("\"KEY\"", "\"KEZ\"", 1);
    fs::write(&path, forged).unwrap();
    let shown = home.run(&["audit"]).ok();
    assert!(shown.errors().contains("not as it was written"), "{}", shown.errors());
    let locked = locked().run(&["audit"]).ok();
    assert!(locked.errors().contains("not verified"), "{}", locked.errors());
}

#[test]
fn a_scope_without_secrets_is_not_a_vault_without_any() {
    let home = Home::test(Door::InProcess);
    home.store("KEY", "value");
    home.run(&["secrets", "list", "--workspace-id", "zz"]).ok().says("No secrets there; 1 secret elsewhere");
}

#[test]
fn a_command_without_a_secret_names_both_ways_to_give_one() {
    let home = Home::test(Door::InProcess);
    for command in ["rotate", "delete", "update"] {
        let done = home.run(&["secrets", command]).ends(2);
        assert!(done.errors().contains("--name") && done.errors().contains("--id"), "{}", done.errors());
    }
}

#[test]
fn an_unusable_key_or_socket_says_how_to_get_a_usable_one() {
    let home = Home::empty(Door::Daemon);
    let mut init = home.command(Door::Daemon, &["init", "--test", "--provider", "env"]);
    let done = Done::of(init.env("AIVAULT_KEY", "zz"), b"");
    assert!(done.errors().contains("head -c 32 /dev/urandom | base64"), "{}", done.errors());
    assert!(done.errors().contains("hexadecimal"), "{}", done.errors());

    home.run(&["init", "--test"]).ok();
    let mut invoke = home.command(Door::Daemon, &["invoke", "openai/models"]);
    let long = home.path(&"x".repeat(120));
    let done = Done::of(invoke.env("AIVAULTD_SOCKET", long.join("socket")), b"").ends(4);
    assert!(
        done.errors().contains("help: ") && done.errors().contains("AIVAULTD_SOCKET"),
        "{}",
        done.errors()
    );
}
