//! `docs/keys.md`, block by block as it is printed, within a session that has a keychain.
#![cfg(target_os = "linux")]
#![allow(clippy::disallowed_methods, clippy::unwrap_used, reason = "tests prepare and look at the machine")]

#[path = "support/keychain.rs"]
mod keychain;
mod support;

use std::fs;
use std::path::Path;
use std::process::Command;

use keychain::Session;
use support::{Done, Door, Home, home};

/// Stands for the password manager.
const PASS: &str = "#!/bin/sh\n[ \"$1 $2\" = 'show aivault' ] && echo 0707070707070707070707070707070707070707070707070707070707070707\n";

/// The kind of each block, and what stands in it.
fn blocks(page: &str) -> Vec<(&str, &str)> {
    let fenced = page.split("```").skip(1).step_by(2);
    fenced.map(|block| block.split_once('\n').unwrap()).collect()
}

#[test]
fn every_block_does_what_it_says() {
    let Some(session) = Session::begin() else { return };
    let home = Home::empty(Door::Daemon);
    let own = home.path("bin");
    fs::create_dir(&own).unwrap();
    fs::write(own.join("pass"), PASS).unwrap();
    home::set_mode(&own.join("pass"), 0o755);
    let credentials = home.path("credentials");
    fs::create_dir(&credentials).unwrap();
    fs::write(credentials.join("aivault.key"), "09".repeat(32)).unwrap();
    home::set_mode(&credentials.join("aivault.key"), 0o400);
    let program = home::program();
    let folders = [program.parent().unwrap(), &own, Path::new("/usr/bin"), Path::new("/bin")];
    let path = std::env::join_paths(folders).unwrap();

    let page = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/keys.md")).unwrap();
    let (mut said, mut key) = (Vec::new(), None);
    for (_, text) in blocks(&page).into_iter().filter(|(kind, _)| *kind == "sh") {
        // A variable that one block exports is there for the next.
        let script = format!("{text}\nprintf %s \"${{AIVAULT_KEY-}}\" > exported\n");
        let mut shell = Command::new("sh");
        shell.args(["-euc", &script]).env_clear().env("PATH", &path).env("AIVAULT_DIR", home.vault());
        shell
            .env("HOME", home.path("."))
            .env("CREDENTIALS_DIRECTORY", &credentials)
            .envs(session.variables());
        if let Some(key) = &key {
            shell.env("AIVAULT_KEY", key);
        }
        said.push(Done::of(shell.current_dir(home.path(".")), b"").ok().text());
        key = Some(fs::read_to_string(home.path("exported")).unwrap()).filter(|key| !key.is_empty());
    }
    let wanted = [
        "key:          file (",
        "The vault is unlocked.",
        "with a new key: passphrase",
        "key:          env (",
        "key:          keychain (",
        "key:          command (printed by `",
        "key:          systemd (the credential `aivault.key`",
        "key:          file (",
    ];
    assert_eq!(said.len(), wanted.len(), "{said:#?}");
    for (said, wanted) in said.iter().zip(wanted) {
        assert!(said.contains(wanted), "no {wanted:?} in {said}");
    }
}
