//! The audit log as its operator keeps it: looked at, proven whole, counted, followed and retired; and `docs/audit.md`,
//! block by block as it is printed.
#![allow(clippy::disallowed_methods, clippy::unwrap_used, reason = "tests prepare and look at the machine")]

mod support;

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

use support::{Done, Door, Home, Upstream, home, secrets};

const MODELS: &[&str] = &["invoke", "openai/models", "--method", "GET", "--path", "/v1/models"];
const REFUSED: &[&str] = &["invoke", "openai/models", "--method", "GET", "--path", "/v1/files"];

fn called() -> Home {
    let upstream = Upstream::serving(&["api.openai.com"]);
    let home = Home::with_openai(Door::InProcess, &upstream, secrets::OPENAI);
    (0..3).for_each(|_| drop(home.run(MODELS).ok()));
    (0..2).for_each(|_| drop(home.run(REFUSED).ends(3)));
    home
}

fn seqs(home: &Home, filter: &[&str]) -> Vec<u64> {
    let done = home.run(&[&["audit", "--json"], filter].concat()).ok();
    assert_eq!(done.errors(), "");
    support::audit::entries(&done).into_iter().map(|entry| entry.seq).collect()
}

#[test]
fn filters_are_combined_and_the_counts_agree() {
    let home = called();
    let all = seqs(&home, &[]);
    assert_eq!(seqs(&home, &["--outcome", "denied"]).len(), 2);
    assert_eq!(seqs(&home, &["--capability", "openai/*"]).len(), 3 * 2 + 2);
    assert_eq!(
        seqs(&home, &["--capability", "openai/*", "--action", "invoke", "--outcome", "allowed"]).len(),
        3
    );
    assert_eq!(seqs(&home, &["--caller", "nobody"]), [0; 0]);
    assert_eq!(seqs(&home, &["--caller", "uid:*", "--since", "1h"]), all);
    assert_eq!(seqs(&home, &["--until", "1h"]), [0; 0]);
    assert_eq!(seqs(&home, &["--limit", "2"]), all[..2]);
    let stats = home.run(&["audit", "stats", "--json"]).ok().json();
    assert_eq!((&stats["allowed"], &stats["denied"], &stats["failed"]), (&3.into(), &2.into(), &0.into()));
    assert_eq!(stats["capabilities"]["openai/models"]["denied"], 2);
    let csv = home.run(&["audit", "--csv"]).ok().text();
    assert_eq!(csv.matches("\r\n").count(), all.len() + 1);
    assert!(csv.starts_with("seq,time,action,outcome,caller,"), "{csv}");
}

#[test]
fn a_checkpoint_tells_another_log_from_its_own() {
    let home = called();
    let checkpoint = home.run(&["audit", "checkpoint"]).ok().text();
    home.run(MODELS).ends(6);
    home.run(&["audit", "verify", "--since", checkpoint.trim()]).ok().says("Nothing up to event");
    let file = home.path("head.txt");
    fs::write(&file, &checkpoint).unwrap();
    let verified = home.run(&["audit", "verify", "--json", "--since", file.to_str().unwrap()]).ok().json();
    assert!(verified["since"].as_u64().unwrap() < verified["events"].as_u64().unwrap());

    let edited = checkpoint.trim().replacen(":1:", ":1:9", 1);
    home.run(&["audit", "verify", "--since", &edited]).ends(2);
    let other = called();
    let done = other.run(&["audit", "verify", "--since", checkpoint.trim()]).ends(2);
    assert!(done.errors().contains("did not sign"), "{}", done.errors());
    home.run(&["audit", "restart"]).ok();
    let done = home.run(&["audit", "verify", "--since", checkpoint.trim()]).ends(4);
    assert!(done.errors().contains("the log ends before entry"), "{}", done.errors());
}

#[test]
fn what_is_retired_is_said_and_the_rest_is_proven() {
    let home = called();
    let young = home.run(&["audit", "retire", "--older-than", "90d"]).ok();
    assert!(young.text().contains("nothing was retired"), "{}", young.text());
    support::wait::until("all entries are more than a second old", || {
        let young = home.run(&["audit", "--since", "1s", "--json"]).ok().json();
        young.as_array().unwrap().is_empty().then_some(())
    });
    let before = seqs(&home, &[]);
    let retired = home.run(&["audit", "retire", "--older-than", "1s", "--json"]).ok().json();
    assert_eq!(retired["entries"], before.len());
    let verified = home.run(&["audit", "verify", "--json"]).ok().json();
    assert_eq!((&verified["retired"]["upto_seq"], &verified["events"]), (&before[0].into(), &2.into()));
    home.run(&["audit", "verify"]).ok().says("Retired before: all up to event");
    assert!(!home.vault().join("audit/log-000001.jsonl").exists());
    home.store("LATER", "value");
    home.run(&["audit", "verify"]).ok();
    fs::remove_file(home.vault().join("audit/anchor")).unwrap();
    let done = home.run(&["audit", "verify"]).ends(4);
    assert!(done.errors().contains("log-000001.jsonl"), "{}", done.errors());
}

#[test]
fn only_operators_retire_and_the_setting_is_on_record() {
    let home = called();
    home.run(&["config", "set", "audit-retention", "never"]).ends(2);
    home.run(&["config", "set", "audit-retention", "90d"]).ok().says("older than 90d");
    assert_eq!(home.run(&["config", "get", "audit-retention"]).ok().text(), "90d\n");
    assert!(home.events().iter().any(|entry| entry.event["detail"] == "audit-retention: 90d"));
    home.run(&["config", "unset", "audit-retention"]).ok();
}

#[test]
fn the_log_is_followed() {
    let home = called();
    let mut command = home.command(Door::InProcess, &["audit", "--follow", "--json", "--limit", "1"]);
    let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut next = || -> serde_json::Value { serde_json::from_str(&lines.next().unwrap().unwrap()).unwrap() };
    let first = next()["seq"].as_u64().unwrap();
    home.store("FOLLOWED", "value");
    let second = next();
    assert_eq!((&second["seq"], &second["secret"]), (&(first + 1).into(), &"FOLLOWED".into()));
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn every_block_of_the_page_does_what_it_says() {
    let home = called();
    let page = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/audit.md")).unwrap();
    let blocks: Vec<&str> = page.split("```").skip(1).step_by(2).collect();
    assert_eq!(blocks.len(), 3);
    let folder = home::program().parent().unwrap().to_owned();
    for block in blocks {
        let text = block.strip_prefix("sh\n").unwrap();
        let mut shell = Command::new("sh");
        shell.args(["-euc", text]).env_clear().env("AIVAULT_DIR", home.vault()).env("AIVAULTD_DISABLE", "1");
        shell.env(
            "PATH",
            std::env::join_paths([folder.as_path(), Path::new("/usr/bin"), Path::new("/bin")]).unwrap(),
        );
        let done = Done::of(shell.current_dir(home.path(".")), b"").ok();
        assert!(!done.errors().contains("not as it was written"), "{}", done.errors());
    }
    assert!(fs::read_to_string(home.path("head.txt")).unwrap().starts_with("aivault-checkpoint:1:"));
}
