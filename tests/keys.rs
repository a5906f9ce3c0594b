//! Where the vault's key comes from, through the programs: each provider, and from one to another while the daemon runs.
#![allow(clippy::disallowed_methods, clippy::unwrap_used, reason = "tests prepare and look at the machine")]

mod support;

use std::fs;
use std::path::PathBuf;

use support::{Answer, Done, Door, Home, Upstream, home, secrets, wait};

const KEY: &str = "0707070707070707070707070707070707070707070707070707070707070707";
const INVOKE: &[&str] = &["invoke", "openai/chat-completions", "--body", "{}"];

fn upstream() -> Upstream {
    let upstream = Upstream::serving(&["api.openai.com"]);
    upstream.answers(|_| Answer::text("hello"));
    upstream
}

/// A program that prints a key, and what it was run with.
fn printing(home: &Home) -> PathBuf {
    let path = home.path("print-key");
    fs::write(&path, format!("#!/bin/sh\nenv > {}\necho {KEY}\n", home.path("seen").display())).unwrap();
    home::set_mode(&path, 0o755);
    path
}

fn ends_of(home: &Home, action: &str) -> usize {
    home.events().iter().filter(|entry| entry.is(action, "ok")).count()
}

#[test]
fn a_running_daemon_goes_on_with_the_new_key() {
    let upstream = upstream();
    let home = Home::with_openai(Door::Daemon, &upstream, secrets::OPENAI);
    home.run(INVOKE).ok();
    let before = home.daemon().unwrap();
    home.run(&["rotate-master"]).ok().says("The daemon has the new key.");
    assert_eq!(home.run(INVOKE).ok().text(), "hello");
    assert_ne!(home.daemon().unwrap(), before);
    home.run(&["audit", "verify"]).ok();
    assert_eq!(ends_of(&home, "key.rotate"), 1);
}

/// Whoever changed the key could not reach the daemon: it must notice by itself, and lose no call for long.
#[test]
fn a_daemon_that_nobody_told_opens_the_vault_anew() {
    let upstream = upstream();
    let home = Home::with_openai(Door::Daemon, &upstream, secrets::OPENAI);
    home.run(INVOKE).ok();
    let told = home.run_through(Door::InProcess, &["rotate-master"]).ok();
    assert!(told.errors().contains("warning: the daemon that runs has the old key"), "{}", told.errors());
    assert_eq!(home.run(INVOKE).ok().text(), "hello");
}

#[test]
fn a_daemon_that_nobody_told_is_locked_where_a_person_must_say_the_key() {
    let upstream = upstream();
    let home = Home::empty(Door::Daemon);
    home.run(&["init", "--test", "--passphrase", "a long enough passphrase"]).ok();
    home.send_to(&upstream);
    home.store("OPENAI_API_KEY", secrets::OPENAI);
    home.run(INVOKE).ok();
    let change = [
        "rotate-master",
        "--passphrase",
        "a long enough passphrase",
        "--new-passphrase",
        "another, as long as that",
    ];
    home.run_through(Door::InProcess, &change).ok();
    let locked = home.run(INVOKE).ends(4);
    assert!(locked.errors().contains("aivault unlock"), "{}", locked.errors());
    home.run(&["unlock", "--passphrase", "a long enough passphrase"]).ends(4);
    home.run(&["unlock", "--passphrase", "another, as long as that"]).ok();
    assert_eq!(home.run(INVOKE).ok().text(), "hello");
}

/// Calls go on while the key changes again and again.
#[test]
fn no_call_is_lost_while_the_key_changes() {
    let upstream = upstream();
    let home = Home::with_openai(Door::Daemon, &upstream, secrets::OPENAI);
    home.run(INVOKE).ok();
    std::thread::scope(|scope| {
        let calls: Vec<_> = (0..3)
            .map(|_| scope.spawn(|| (0..4).for_each(|_| assert_eq!(home.run(INVOKE).ok().text(), "hello"))))
            .collect();
        for _ in 0..3 {
            home.run(&["rotate-master"]).ok();
        }
        calls.into_iter().for_each(|call| call.join().unwrap());
    });
    assert_eq!(ends_of(&home, "key.rotate"), 3);
    home.run(&["audit", "verify"]).ok();
}

#[test]
fn a_command_gives_the_key_at_unlock_and_at_no_other_time() {
    let upstream = upstream();
    let home = Home::empty(Door::Daemon);
    let program = printing(&home).display().to_string();
    home.run(&["init", "--test", "--provider", "command", "--command-env", "WANTED", "--", &program]).ok();
    home.send_to(&upstream);
    home.store("OPENAI_API_KEY", secrets::OPENAI);
    assert_eq!(home.run(INVOKE).ok().text(), "hello");
    let seen = home.path("seen");
    fs::remove_file(&seen).unwrap();
    home.run(&["lock"]).ok();
    home.run(INVOKE).ends(4);
    assert!(!seen.exists(), "a call runs nothing");

    let mut unlock = home.command(Door::Daemon, &["unlock"]);
    unlock.env("WANTED", "yes").env("OTHER", "no").env("LD_AUDIT", "no").env("SSH_AUTH_SOCK", "agent");
    Done::of(&mut unlock, b"").ok();
    let seen = fs::read_to_string(seen).unwrap();
    let has = |line: &str| seen.lines().any(|one| one == line);
    assert!(has("WANTED=yes") && has("SSH_AUTH_SOCK=agent"), "{seen}");
    assert!(!seen.contains("OTHER=") && !seen.contains("LD_AUDIT="), "{seen}");
    assert_eq!(home.run(INVOKE).ok().text(), "hello");
}

/// Whoever can write to the vault's folder alone puts a program of theirs into it.
#[test]
fn a_command_that_somebody_put_into_the_vault_is_not_run() {
    let home = Home::empty(Door::Daemon);
    let program = printing(&home).display().to_string();
    home.run(&["init", "--test", "--provider", "command", "--", &program]).ok();
    home.store("OPENAI_API_KEY", secrets::OPENAI);
    home.run(&["lock"]).ok();
    let theirs = home.path("theirs!!!");
    fs::write(&theirs, format!("#!/bin/sh\ntouch {}\necho {KEY}\n", home.path("ran").display())).unwrap();
    home::set_mode(&theirs, 0o755);
    let sql = rusqlite::Connection::open(home.vault().join("vault.db")).unwrap();
    let header: Vec<u8> = sql.query_row("SELECT bytes FROM header", [], |row| row.get(0)).unwrap();
    let edited = String::from_utf8(header).unwrap().replace("/print-key\"", "/theirs!!!\"");
    sql.execute("UPDATE header SET bytes = ?1", [edited.into_bytes()]).unwrap();
    drop(sql);

    let refused = home.run(&["unlock"]).ends(4);
    assert!(refused.errors().contains("theirs!!!"), "it is shown: {}", refused.errors());
    assert!(!home.path("ran").exists());
    // Even if its user falls for it, the vault opens no more.
    let refused = home.run(&["unlock", "--trust-command"]).ends(4);
    assert!(refused.errors().contains("edited"), "{}", refused.errors());
    home.run(&["unlock"]).ends(4);
}

#[test]
fn another_machine_asks_before_it_runs_the_command() {
    let home = Home::empty(Door::Daemon);
    let program = printing(&home).display().to_string();
    home.run(&["init", "--test", "--provider", "command", "--", &program]).ok();
    home.run(&["lock"]).ok();
    fs::remove_file(home.vault().join("kek.command")).unwrap();
    fs::remove_file(home.path("seen")).unwrap();
    home.run(&["unlock"]).ends(4).says("");
    assert!(!home.path("seen").exists());
    home.run(&["unlock", "--trust-command"]).ok();
    home.run(&["lock"]).ok();
    home.run(&["unlock"]).ok();
}

#[test]
fn a_credential_of_the_service_opens_the_vault_for_the_daemon_that_has_it() {
    let upstream = upstream();
    let home = Home::empty(Door::Daemon);
    let folder = home.path("credentials");
    fs::create_dir(&folder).unwrap();
    fs::write(folder.join("aivault.key"), KEY).unwrap();
    home::set_mode(&folder.join("aivault.key"), 0o400);
    let served = |words: &[&str]| {
        Done::of(home.command(Door::Daemon, words).env("CREDENTIALS_DIRECTORY", &folder), b"")
    };
    served(&["init", "--test", "--provider", "systemd", "--credential", "aivault.key"]).ok();
    home.run_through(Door::InProcess, &["secrets", "list"]).ends(4);

    let mut daemon = std::process::Command::new(home.daemon_program());
    daemon.env_clear().env("AIVAULT_DIR", home.vault()).env("CREDENTIALS_DIRECTORY", &folder);
    let mut daemon = daemon.spawn().unwrap();
    wait::until("the daemon listens", || home.socket().exists().then_some(()));
    home.send_to(&upstream);
    home.store("OPENAI_API_KEY", secrets::OPENAI);
    assert_eq!(home.run(INVOKE).ok().text(), "hello");
    daemon.kill().unwrap();
    daemon.wait().unwrap();

    home::set_mode(&folder.join("aivault.key"), 0o444);
    let refused = Done::of(
        home.command(Door::InProcess, &["secrets", "list"]).env("CREDENTIALS_DIRECTORY", &folder),
        b"",
    );
    assert!(refused.ends(4).errors().contains("lets other users in"));
}

#[test]
fn a_vault_that_is_there_is_not_converted_by_accident() {
    let home = Home::test(Door::InProcess);
    let program = printing(&home).display().to_string();
    for (words, next) in [
        (&["init", "--provider", "passphrase", "--passphrase", "p"][..], "key migrate --to passphrase"),
        (&["init", "--provider", "command", "--", &program], "key migrate --to command"),
        (&["init"], "key migrate --to file"),
    ] {
        let refused = home.run(words).ends(1);
        assert!(refused.errors().contains(next), "{}", refused.errors());
    }
    home.run(&["key", "status"]).ok().says("file (");
    assert!(!home.path("seen").exists());
}

#[test]
fn the_old_passphrase_is_needed_for_another_key() {
    let home = Home::empty(Door::InProcess);
    home.run(&["init", "--test", "--passphrase", "a long enough passphrase"]).ok();
    for words in [
        &["rotate-master", "--passphrase", "wrong", "--new-passphrase", "another, as long"][..],
        &["key", "migrate", "--to", "file", "--passphrase", "wrong"],
    ] {
        home.run(words).ends(4);
    }
    home.run(&["key", "migrate", "--to", "file", "--passphrase", "a long enough passphrase"]).ok();
    home.run(&["secrets", "list"]).ok();
}
