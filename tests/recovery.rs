//! Every error that says how to go on names something that works.
#![allow(clippy::disallowed_methods, clippy::unwrap_used, reason = "tests prepare and look at the machine")]

mod support;

use std::fs;

use rusqlite::Connection;
use support::{Door, Home, Upstream, secrets};

const INVOKE: &[&str] = &["invoke", "openai/chat-completions", "--body", "{}"];
const PASSPHRASE: &str = "a long enough passphrase";

fn ready(door: Door) -> (Upstream, Home) {
    let upstream = Upstream::serving(&["api.openai.com"]);
    let home = Home::with_openai(door, &upstream, secrets::OPENAI);
    (upstream, home)
}

#[test]
fn a_broken_log_is_set_aside_and_another_begun() {
    for door in Door::BOTH {
        let (_upstream, home) = ready(door);
        home.run(INVOKE).ok();
        let path = home.vault().join("audit/log-000001.jsonl");
        let cut = fs::read_to_string(&path).unwrap().lines().next().unwrap().to_owned() + "\n";
        fs::write(&path, &cut).unwrap();
        let refused = home.run(INVOKE).ends(4);
        assert!(refused.errors().contains("aivault audit restart"), "{}", refused.errors());
        let restarted = home.run(&["audit", "restart"]).ok();
        restarted.says("audit-set-aside-");
        home.run(INVOKE).ok();
        home.run(&["audit", "verify"]).ok();
        let events = home.events();
        let first = events.last().unwrap();
        assert!(first.seq == 1 && first.is("audit.restart", "ok"), "{first:?}");
        assert!(first.event["detail"].as_str().unwrap().contains("audit-set-aside-"));
        let aside = fs::read_dir(home.vault()).unwrap().map(|entry| entry.unwrap().path());
        let aside = aside.filter(|path| path.to_string_lossy().contains("audit-set-aside-"));
        let aside: Vec<_> = aside.collect();
        assert_eq!(fs::read_to_string(aside[0].join("log-000001.jsonl")).unwrap(), cut, "{aside:?}");
    }
}

#[test]
fn a_lost_log_is_begun_again_at_an_operators_word_only() {
    let (_upstream, home) = ready(Door::InProcess);
    fs::remove_dir_all(home.vault().join("audit")).unwrap();
    let refused = home.run(INVOKE).ends(4);
    assert!(refused.errors().contains("aivault audit restart"), "{}", refused.errors());
    home.run(&["audit", "restart"]).ok().says("There was no audit log before.");
    home.run(INVOKE).ok();
}

#[test]
fn a_vault_that_was_set_back_is_accepted_at_an_operators_word() {
    for door in Door::BOTH {
        let (upstream, home) = ready(door);
        let (database, old) = (home.vault().join("vault.db"), home.path("old"));
        fs::copy(&database, &old).unwrap();
        home.run(&["secrets", "rotate", "--name", "OPENAI_API_KEY", "--value", "sk-the-newer-one"]).ok();
        fs::rename(&old, &database).unwrap();
        home.run(INVOKE).ends(4);
        home.run(&["repair"]).ok().says("Wrong: vault.db is older than its audit log");
        home.run(INVOKE).ends(4);
        home.run(&["repair", "--accept"]).ok().says("The vault was accepted as it is, with 1 secret.");
        home.run(INVOKE).ok();
        assert_eq!(upstream.take_one().header("authorization"), format!("Bearer {}", secrets::OPENAI));
        home.run(&["repair"]).ok().says("Nothing is wrong");
        assert!(home.events().iter().any(|entry| entry.is("vault.repair", "ok")));
    }
}

#[test]
fn a_damaged_record_is_named_and_deleted_when_accepted() {
    let (_upstream, home) = ready(Door::InProcess);
    home.store("OTHER", "value");
    let sql = Connection::open(home.vault().join("vault.db")).unwrap();
    sql.execute("UPDATE record SET blob = x'00' WHERE kind = 'credential'", []).unwrap();
    drop(sql);
    let looked = home.run(&["repair"]).ok();
    looked.says("Damaged: credential ").says("Left: OTHER in global (version 1)");
    let refused = home.run(INVOKE).ends(4);
    assert!(refused.errors().contains("aivault repair"), "{}", refused.errors());
    home.run(&["repair", "--accept"]).ok().says("(deleted)");
    home.run(&["repair", "--json"]).ok();
    home.run(&["secrets", "list"]).ok().says("OTHER");
}

#[test]
fn a_locked_vault_takes_its_passphrase_for_both() {
    let home = Home::empty(Door::InProcess);
    home.run_with_input(&["init", "--test", "--provider", "passphrase"], PASSPHRASE.as_bytes()).ok();
    home.run(&["repair", "--passphrase", PASSPHRASE]).ok().says("Nothing is wrong");
    fs::write(home.path("file"), format!("{PASSPHRASE}\n")).unwrap();
    home.run(&["audit", "restart", "--passphrase-file", "../file"]).ends(2);
    home.run(&["audit", "restart", "--passphrase-file", home.path("file").to_str().unwrap()]).ok();
    assert!(home.events()[0].is("audit.restart", "ok"));
}

#[test]
fn a_passphrase_can_be_piped_and_a_short_one_is_told() {
    let home = Home::empty(Door::Daemon);
    let made = home.run_with_input(&["init", "--test", "--passphrase", "-"], b"short\n").ok();
    assert!(made.errors().contains("very short"), "{}", made.errors());
    home.run(&["lock"]).ok();
    home.run(&["unlock", "--passphrase", "-"]).ends(2);
    home.run_with_input(&["unlock", "--passphrase", "-"], b"short").ok();
    home.run(&["lock"]).ok();
    home.run_with_input(&["unlock"], b"short\n").ok();
}

#[test]
fn a_vault_that_only_a_daemon_could_keep_open_says_what_switches_it_off() {
    let home = Home::empty(Door::InProcess);
    let made = home.run(&["init", "--test", "--passphrase", PASSPHRASE]).ok();
    assert!(made.errors().contains("AIVAULTD_DISABLE"), "{}", made.errors());
    for command in [&["secrets", "list"][..], INVOKE] {
        let refused = home.run(command).ends(4);
        assert!(refused.errors().contains("unset AIVAULTD_DISABLE"), "{}", refused.errors());
    }
}
