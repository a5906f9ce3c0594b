//! E5 and E6: a disk with a limit, and processes that write at once. What was acknowledged is there.
//! The crash harness kills at every system call; here the whole program meets a disk that refuses.

use std::process::Command;
use std::thread;

use crate::case::{Case, Findings, Name, names as names_of};
use crate::support::home::program;
use crate::support::{Done, Door, Home};

/// No file may grow beyond so many blocks of 512 bytes.
const LIMITS: &[u32] = &[0, 1, 8, 24, 32, 40, 48, 64];

fn limits() -> Vec<Case<u32>> {
    LIMITS
        .iter()
        .map(|blocks| Case::new("E5", format!("files of {blocks} blocks at most"), *blocks))
        .collect()
}

fn limited(home: &Home, blocks: u32, name: &str) -> Done {
    // The signal that a limit sends is ignored, as by a service manager, so that the write fails.
    let script = format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$@\"");
    let value = "v".repeat(4000);
    let mut command = Command::new("/bin/sh");
    command.args(["-c", &script, "sh"]).arg(program());
    command.args(["secrets", "create", "--name", name, "--value", &value]);
    command.env_clear().env("AIVAULT_DIR", home.vault()).envs(Door::InProcess.variables().iter().copied());
    Done::of(&mut command, b"")
}

#[test]
fn a_disk_with_a_limit_refuses_and_loses_nothing() {
    let home = Home::test(Door::InProcess);
    home.store("FIRST", "value");
    let mut findings = Findings::default();
    for case in limits() {
        let name = format!("LIMITED_{}", case.attack);
        let done = limited(&home, case.attack, &name);
        let listed = home.run(&["secrets", "list"]).ok().text();
        let acknowledged = done.code == Some(0);
        findings.hold(listed.contains("FIRST"), &case.name(), || listed.clone());
        findings.hold(!acknowledged || listed.contains(&name), &case.name(), || format!("{done:?}"));
        let told = acknowledged || done.errors().contains("error: ");
        findings.hold(told, &case.name(), || format!("{done:?}"));
        home.run(&["audit", "verify"]).ok();
        home.run(&["doctor"]).ok();
    }
    findings.end();
}

fn crowds() -> Vec<Case<usize>> {
    [2, 10, 50].map(|writers| Case::new("E6", format!("{writers} processes"), writers)).into()
}

/// They rotate one secret, and each makes one of its own.
#[test]
fn processes_that_write_at_once_lose_nothing() {
    let mut findings = Findings::default();
    for case in crowds() {
        let home = Home::test(Door::InProcess);
        home.store("SHARED", "value");
        thread::scope(|scope| {
            for number in 0..case.attack {
                let home = &home;
                scope.spawn(move || {
                    home.run(&[
                        "secrets",
                        "rotate",
                        "--name",
                        "SHARED",
                        "--value",
                        &format!("value {number}"),
                    ])
                    .ok();
                    home.store(&format!("OWN_{number}"), "value");
                });
            }
        });
        let list = home.run(&["secrets", "list", "--json"]).ok().json();
        let list = list.as_array().or_else(|| list["secrets"].as_array()).unwrap().clone();
        findings.hold(list.len() == case.attack + 1, &case.name(), || format!("{} are there", list.len()));
        let shared = list.iter().find(|one| one["name"] == "SHARED").unwrap();
        let version = shared["version"].as_u64();
        findings
            .hold(version == Some(case.attack as u64 + 1), &case.name(), || format!("version {version:?}"));
        home.run(&["doctor"]).ok();
    }
    findings.end();
}

pub fn names() -> Vec<Name> {
    [names_of(&limits()), names_of(&crowds())].concat()
}
