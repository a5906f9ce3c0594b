//! A daemon notices that its vault's file is no longer the one that it opened.
#![allow(clippy::disallowed_methods, clippy::unwrap_used, reason = "tests prepare and look at the machine")]

mod support;

use std::fs;
use std::path::{Path, PathBuf};

use support::{Door, Home, Upstream, secrets};

const INVOKE: &[&str] = &["invoke", "openai/chat-completions", "--body", "{}"];
const OLD: &str = secrets::OPENAI;
const NEW: &str = "sk-the-one-that-was-rotated-to";

/// The vault's database and log, as a backup has them.
fn back_up(home: &Home) -> PathBuf {
    let backup = home.path("backup");
    fs::create_dir(&backup).unwrap();
    fs::copy(home.vault().join("vault.db"), backup.join("vault.db")).unwrap();
    copy_folder(&home.vault().join("audit"), &backup.join("audit"));
    backup
}

fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        fs::copy(&path, to.join(path.file_name().unwrap())).unwrap();
    }
}

/// Puts the backup in place of what is there.
fn restore(home: &Home, backup: &Path) {
    fs::remove_dir_all(home.vault().join("audit")).unwrap();
    fs::rename(backup.join("audit"), home.vault().join("audit")).unwrap();
    for companion in ["vault.db-wal", "vault.db-shm"] {
        let _ = fs::remove_file(home.vault().join(companion));
    }
    fs::rename(backup.join("vault.db"), home.vault().join("vault.db")).unwrap();
}

fn sent_key(home: &Home, upstream: &Upstream) -> String {
    home.run(INVOKE).ok();
    upstream.take_one().header("authorization").to_owned()
}

#[test]
fn what_was_restored_is_used_once_it_is_accepted() {
    let upstream = Upstream::serving(&["api.openai.com"]);
    let home = Home::with_openai(Door::Daemon, &upstream, OLD);
    let backup = back_up(&home);
    home.run(&["secrets", "rotate", "--name", "OPENAI_API_KEY", "--value", NEW]).ok();
    assert_eq!(sent_key(&home, &upstream), format!("Bearer {NEW}"));
    let daemon = home.daemon();
    restore(&home, &backup);
    let refused = home.run(INVOKE).ends(4);
    assert!(refused.errors().contains("set back"), "the note beside the key is later: {}", refused.errors());
    home.run(&["repair", "--accept"]).ok();
    assert_eq!(sent_key(&home, &upstream), format!("Bearer {OLD}"));
    assert_eq!(home.daemon(), daemon, "it is the same daemon");
    home.run(&["audit", "verify"]).ok();
}

#[test]
fn a_vault_that_is_gone_is_an_error_until_it_is_back() {
    let upstream = Upstream::serving(&["api.openai.com"]);
    let home = Home::with_openai(Door::Daemon, &upstream, OLD);
    home.run(INVOKE).ok();
    upstream.take();
    let (database, aside) = (home.vault().join("vault.db"), home.path("aside"));
    fs::rename(&database, &aside).unwrap();
    for _ in 0..2 {
        let done = home.run(INVOKE).ends(4);
        assert!(done.errors().contains("restore the missing vault.db"), "{}", done.errors());
    }
    assert!(upstream.take().is_empty());
    fs::rename(&aside, &database).unwrap();
    assert_eq!(sent_key(&home, &upstream), format!("Bearer {OLD}"));
}

/// The log is not set back with it, and knows of a later change.
#[test]
fn a_vault_that_was_set_back_alone_is_refused() {
    for door in Door::BOTH {
        let upstream = Upstream::serving(&["api.openai.com"]);
        let home = Home::with_openai(door, &upstream, OLD);
        let backup = back_up(&home);
        home.run(&["secrets", "rotate", "--name", "OPENAI_API_KEY", "--value", NEW]).ok();
        assert_eq!(sent_key(&home, &upstream), format!("Bearer {NEW}"));
        fs::rename(home.vault().join("audit"), home.path("later-log")).unwrap();
        restore_beside(&home, &backup, &home.path("later-log"));
        for command in [&["status"][..], &["secrets", "list"], INVOKE] {
            let done = home.run(command).ends(4);
            assert!(
                done.errors().contains("change 3") && done.errors().contains("change 4"),
                "{}",
                done.errors()
            );
            assert!(done.errors().contains("aivault repair --accept"), "{}", done.errors());
        }
        assert!(upstream.take().is_empty());
    }
}

/// Puts the backup's database beside a log of another time.
fn restore_beside(home: &Home, backup: &Path, log: &Path) {
    fs::remove_dir_all(backup.join("audit")).unwrap();
    fs::rename(log, backup.join("audit")).unwrap();
    fs::create_dir(home.vault().join("audit")).unwrap();
    restore(home, backup);
}

/// Nobody types the passphrase again for the same vault.
#[test]
fn a_restored_vault_stays_unlocked() {
    let upstream = Upstream::serving(&["api.openai.com"]);
    let home = Home::empty(Door::Daemon);
    home.run(&["init", "--test", "--passphrase", "a long enough passphrase"]).ok();
    home.send_to(&upstream);
    home.store("OPENAI_API_KEY", OLD);
    home.run(INVOKE).ok();
    upstream.take();
    let (database, copy) = (home.vault().join("vault.db"), home.path("copy"));
    // Another file with the same content.
    rusqlite::Connection::open(&database).unwrap().execute_batch("PRAGMA wal_checkpoint(TRUNCATE)").unwrap();
    fs::copy(&database, &copy).unwrap();
    fs::rename(&copy, &database).unwrap();
    assert_eq!(sent_key(&home, &upstream), format!("Bearer {OLD}"));
}
