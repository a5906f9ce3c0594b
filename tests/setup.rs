//! `aivault setup … --dry-run` prints every command and file, and does nothing; the checkers of the
//! system find nothing wrong with its units.
#![allow(clippy::disallowed_methods, clippy::unwrap_used, reason = "tests prepare and look at the machine")]

mod support;

use std::fs;
use std::path::Path;
use std::process::Command;

use support::{Done, home};
use tempfile::TempDir;

const PROGRAM: [&str; 2] = ["--program", "/usr/local/bin/aivaultd"];

/// Runs it for a user whose folder is a temporary one, which the text calls by another name.
fn dry_run(arguments: &[&str]) -> (TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    let mut command = Command::new(home::program());
    command.arg("setup").args(arguments).arg("--dry-run").env_clear().env("HOME", folder.path());
    let text = Done::of(&mut command, b"").ok().text();
    let uid = rustix::process::geteuid().as_raw();
    let text = text.replace(folder.path().to_str().unwrap(), "/home/alice");
    (folder, text.replace(&format!("gui/{uid}"), "gui/1000"))
}

fn golden(name: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/setup").join(name)).unwrap()
}

/// The file that a script would write.
fn file(script: &str) -> &str {
    let (_, behind) = script.split_once("<<'END'\n").unwrap();
    behind.split_once("END\n").unwrap().0
}

#[test]
fn a_dry_run_prints_all_of_it_and_does_nothing() {
    let cases: [(&str, &[&str]); 4] = [
        ("systemd.txt", &["systemd"]),
        ("systemd-user.txt", &["systemd", "--user"]),
        ("launchd.txt", &["launchd"]),
        ("launchd-user.txt", &["launchd", "--user"]),
    ];
    for (name, arguments) in cases {
        let (folder, text) = dry_run(&[arguments, &PROGRAM].concat());
        assert_eq!(text, golden(name), "{name}");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0, "{name}");
    }
    if cfg!(target_os = "linux") {
        let (_folder, text) = dry_run(&["agent-access", "--caller", "alice", "--caller", "agent"]);
        assert_eq!(text, golden("agent-access.txt"));
    }
}

#[test]
fn a_program_that_the_unit_keeps_out_of_reach_is_refused() {
    for program in ["/home/alice/.cargo/bin/aivaultd", "/root/aivaultd", "/tmp/aivaultd"] {
        let mut command = Command::new(home::program());
        command.args(["setup", "systemd", "--dry-run", "--program", program]).env_clear().env("HOME", "/");
        let refused = Done::of(&mut command, b"").ends(1);
        assert!(refused.errors().contains("/usr/local/bin"), "{}", refused.errors());
    }
}

/// With a program and a user that are there, and nothing of a machine that runs.
#[test]
fn systemd_finds_nothing_wrong_with_the_units() {
    if !Path::new("/usr/bin/systemd-analyze").exists() {
        eprintln!("skipped: systemd-analyze is not there");
        return;
    }
    for user in [&[][..], &["--user"]] {
        let (folder, text) = dry_run(&[&["systemd"], user, &PROGRAM].concat());
        let unit = file(&text).replace("/usr/local/bin/aivaultd", "/bin/true");
        let unit =
            unit.replace("User=aivault", "User=daemon").replace("Group=aivault-callers", "Group=daemon");
        let path = folder.path().join("aivault.service");
        fs::write(&path, unit).unwrap();
        let mut verify = Command::new("systemd-analyze");
        verify.args(user).arg("verify").arg(&path).env("XDG_RUNTIME_DIR", folder.path());
        let found = Done::of(&mut verify, b"").ok();
        assert_eq!(found.errors(), "", "{user:?}");
    }
}

/// As every reader of property lists takes them.
#[test]
fn the_property_lists_are_well_formed() {
    for user in [&[][..], &["--user"]] {
        let (folder, text) = dry_run(&[&["launchd"], user, &PROGRAM].concat());
        let path = folder.path().join("list.plist");
        fs::write(&path, file(&text)).unwrap();
        let script =
            "import plistlib, sys; print(plistlib.load(open(sys.argv[1], 'rb'))['ProgramArguments'][0])";
        let mut read = Command::new("python3");
        match read.args(["-c", script]).arg(&path).output() {
            Ok(output) => assert_eq!(String::from_utf8_lossy(&output.stdout).trim(), PROGRAM[1]),
            Err(error) => eprintln!("skipped: no Python to read them with: {error}"),
        }
    }
}
