//! `docs/security.md` names tests that exist; the commands of `docs/backup.md` do what they say.
#![allow(clippy::disallowed_methods, clippy::unwrap_used, reason = "tests prepare and look at the machine")]

mod support;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use support::{Done, Door, Home, home};

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn page(name: &str) -> String {
    fs::read_to_string(root().join("docs").join(name)).unwrap()
}

#[test]
fn every_promise_has_a_test_that_exists() {
    let page = page("security.md");
    let mut checked = 0;
    for row in page.lines().filter(|line| line.contains("tests/") && line.starts_with('|')) {
        let named: Vec<&str> =
            row.split('`').skip(1).step_by(2).filter(|text| text.contains("tests/")).collect();
        assert!(!named.is_empty(), "no test in: {row}");
        for name in named {
            let (file, test) = name.split_once("::").unwrap_or((name, ""));
            let text =
                fs::read_to_string(root().join(file)).unwrap_or_else(|error| panic!("{name}: {error}"));
            let function = if test.is_empty() { "#[test]".to_owned() } else { format!("\nfn {test}(") };
            assert!(text.contains(&function), "{name} does not exist");
            checked += 1;
        }
    }
    assert!(checked >= 20, "{checked} tests are named");
}

#[test]
fn every_block_of_the_page_on_backups_works() {
    let home = Home::test(Door::InProcess);
    home.store("FIRST", "value");
    let mut path = std::ffi::OsString::from(home::program().parent().unwrap());
    path.push(":/usr/bin:/bin");
    let page = page("backup.md");
    let blocks = page.split("```sh\n").skip(1).map(|rest| rest.split("```").next().unwrap());
    let said: Vec<String> = blocks
        .map(|block| {
            let mut shell = Command::new("sh");
            shell.args(["-euc", block]).env_clear().env("PATH", &path).env("AIVAULTD_DISABLE", "1");
            shell.env("AIVAULT_DIR", home.vault()).current_dir(Path::new(&home.path(".")));
            Done::of(&mut shell, b"").ok().text()
        })
        .collect();
    let wanted = [
        "is backed up to vault.backup",
        "encrypted, and sealed within",
        "with 1 secret",
        "Nothing is wrong.",
    ];
    assert_eq!(said.len(), wanted.len(), "{said:?}");
    for (said, wanted) in said.iter().zip(wanted) {
        assert!(said.contains(wanted), "no {wanted:?} in {said}");
    }
}
