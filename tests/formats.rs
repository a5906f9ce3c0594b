//! A vault of each format that was ever released opens, and holds what it held.
//!
//! The folders of `tests/fixtures/vaults` are such vaults, as the program of their time made them; their keys open nothing
//! else. A new format adds a folder and changes none.
#![allow(clippy::disallowed_methods, clippy::unwrap_used, reason = "tests prepare and look at the machine")]

mod support;

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use support::{Door, Home, Upstream, secrets};

const FORMATS: &[&str] = &["format-1", "format-2"];

fn fixtures() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/vaults")
}

/// A private copy: what is kept with the source is readable by all.
fn copy(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        let to = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            fs::create_dir(&to).unwrap();
            fs::set_permissions(&to, fs::Permissions::from_mode(0o700)).unwrap();
            copy(&entry.path(), &to);
        } else {
            fs::copy(entry.path(), &to).unwrap();
            fs::set_permissions(&to, fs::Permissions::from_mode(0o600)).unwrap();
        }
    }
}

#[test]
fn a_vault_of_each_format_opens_and_is_used() {
    let mut kept: Vec<String> = fs::read_dir(fixtures())
        .unwrap()
        .map(|one| one.unwrap().file_name().into_string().unwrap())
        .collect();
    kept.sort();
    assert_eq!(kept, FORMATS, "each folder is tried");
    for format in FORMATS {
        let home = Home::empty(Door::InProcess);
        copy(&fixtures().join(format), &home.vault());
        let said = home.run(&["doctor"]).ok().text();
        assert!(said.contains(&format!("of {}", format.replace('-', " "))), "{said}");
        let listed = home.run(&["secrets", "list"]).ok();
        listed.says("OPENAI_API_KEY").says("OTHER");
        home.run(&["doctor"]).ok();
        home.run(&["audit", "verify"]).ok();
        home.run(&["config", "list"]).ok().says("proxy.example");
        home.run(&["config", "unset", "egress-proxy"]).ok();
        let upstream = Upstream::serving(&["api.openai.com"]);
        home.send_to(&upstream);
        home.run(&["invoke", "openai/models"]).ok();
        assert_eq!(
            upstream.take_one().header("authorization"),
            format!("Bearer {}", secrets::OPENAI),
            "{format}"
        );
        home.run(&["secrets", "rotate", "--name", "OTHER", "--value", "the next value"]).ok();
        // With another key it is of the newest format, and all the rest is as it was.
        home.run(&["rotate-master"]).ok();
        home.run(&["doctor"]).ok().says("of format 2");
        home.run(&["audit", "verify"]).ok();
        home.run(&["invoke", "openai/models"]).ok();
        assert_eq!(
            upstream.take_one().header("authorization"),
            format!("Bearer {}", secrets::OPENAI),
            "{format}"
        );
    }
}
