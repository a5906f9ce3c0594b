//! C6: files that a caller names, and files that stand where the vault's own should. The daemon opens
//! none of the former; of the latter none that is not what it was.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use crate::case::{Case, Findings, Name, names as names_of};
use crate::support::{Done, Door, Home, Upstream, home::set_mode, secrets, socket};

/// Commands whose last word names a file that has no end, or is none.
const NAMED: &[&[&str]] = &[
    &["invoke", "openai/chat-completions", "--body-file-path", "/dev/zero"],
    &["invoke", "openai/chat-completions", "--body-file-path", "/dev/tty"],
    &["invoke", "openai/chat-completions", "--body-file-path", "/proc/self/fd"],
    &["invoke", "openai/chat-completions", "--multipart-file", "file=/dev/zero"],
    &["invoke", "openai/chat-completions", "--multipart-file", "file=/dev/stdin"],
    &["invoke", "openai/chat-completions", "--request-file", "/dev/zero"],
    &["invoke", "openai/chat-completions", "--request-file", "/"],
    &["secrets", "create", "--name", "LARGE", "--value-file", "/dev/zero"],
    &["secrets", "create", "--name", "LARGE", "--value-file", "/dev/null"],
    &["secrets", "create", "--name", "LARGE", "--value-file", "/proc/self/fd"],
    &["provider", "add", "/dev/zero"],
    &["provider", "validate", "/dev/zero"],
    &["policy", "apply", "/dev/zero"],
    &["policy", "lint", "/dev/zero"],
    &["upstream", "set", "api.openai.com", "--to", "127.0.0.1:8443", "--ca", "/dev/zero"],
];

/// Commands on the operators' socket that would have the daemon open a file.
const ASKED: &[&str] = &[
    r#"{"command":"secret-create","name":"TAKEN","value":{"file":"/etc/passwd"},"scope":{"scope":"global"},"aliases":[]}"#,
    r#"{"command":"secret-create","name":"TAKEN","value_file":"/etc/passwd","scope":{"scope":"global"},"aliases":[]}"#,
    r#"{"command":"provider-add","file":"/etc/passwd"}"#,
    r#"{"command":"provider-add","file":{"name":"/etc/passwd","text":""}}"#,
    r#"{"command":"provider-add","file":{"name":"/etc/passwd","path":"/etc/passwd"}}"#,
    r#"{"command":"policy-apply","files":["/etc/passwd"],"dry_run":true}"#,
    r#"{"command":"policy-apply","files":[{"name":"/etc/passwd","text":""}],"dry_run":true}"#,
    r#"{"command":"upstream-set","host":"api.openai.com","address":"127.0.0.1:1","ca_pem":"/etc/passwd"}"#,
    r#"{"command":"upstream-set","host":"api.openai.com","address":"/etc/passwd","ca_pem":""}"#,
    r#"{"command":"audit-read","limit":1,"file":"/etc/passwd"}"#,
    r#"{"command":"init","request":{"provider":"file","test":true}}"#,
    r#"{"command":"unlock","with":{"file":"/etc/passwd"}}"#,
];

/// What is put in the place of a file of the vault.
#[derive(Debug, Clone, Copy)]
enum Instead {
    Link,
    LinkToNothing,
    Fifo,
    Folder,
    OpenToAll,
}

const SWAPPED: &[(&str, Instead)] = &[
    ("kek.key", Instead::Link),
    ("kek.key", Instead::LinkToNothing),
    ("kek.key", Instead::Fifo),
    ("kek.key", Instead::Folder),
    ("kek.key", Instead::OpenToAll),
    ("vault.db", Instead::Link),
    ("vault.db", Instead::LinkToNothing),
    ("vault.db", Instead::Fifo),
    ("vault.db", Instead::Folder),
    ("vault.db", Instead::OpenToAll),
    ("audit/log-000001.jsonl", Instead::Link),
    ("audit/log-000001.jsonl", Instead::LinkToNothing),
    ("audit/log-000001.jsonl", Instead::Fifo),
    ("audit/log-000001.jsonl", Instead::Folder),
    ("audit", Instead::Link),
    ("run", Instead::Link),
    ("run", Instead::OpenToAll),
];

fn named() -> Vec<Case<&'static [&'static str]>> {
    NAMED.iter().map(|words| Case::new("C6", words.join(" "), *words)).collect()
}

fn asked() -> Vec<Case<&'static str>> {
    ASKED.iter().map(|command| Case::new("C6", *command, *command)).collect()
}

fn swapped() -> Vec<Case<(&'static str, Instead)>> {
    SWAPPED
        .iter()
        .map(|(file, instead)| Case::new("C6", format!("{file} is {instead:?}"), (*file, *instead)))
        .collect()
}

pub fn names() -> Vec<Name> {
    [names_of(&named()), names_of(&asked()), names_of(&swapped())].concat()
}

#[test]
fn a_file_without_an_end_is_refused_by_whoever_is_told_its_name() {
    let upstream = Upstream::serving(&["api.openai.com"]);
    let home = Home::with_openai(Door::Daemon, &upstream, secrets::OPENAI);
    let mut findings = Findings::default();
    for case in named() {
        let done = home.run(case.attack);
        let refused = matches!(done.code, Some(1 | 2)) && done.stdout.is_empty();
        findings.hold(refused, &case.name(), || format!("{:?} {}{}", done.code, done.text(), done.errors()));
    }
    findings.end();
    assert!(upstream.take().is_empty());
}

#[test]
fn the_daemon_opens_no_file_that_it_is_told() {
    let upstream = Upstream::serving(&["api.openai.com"]);
    let home = Home::with_openai(Door::Daemon, &upstream, secrets::OPENAI);
    home.run(&["invoke", "openai/chat-completions", "--body", "{}"]).ok();
    let operators = home.socket().with_extension("operator.sock");
    let mut findings = Findings::default();
    for case in asked() {
        let head = format!(
            "POST /command HTTP/1.1\r\nhost: a\r\nconnection: close\r\ncontent-length: {}\r\n\r\n",
            case.attack.len()
        );
        let (head, body) = socket::exchange(&operators, format!("{head}{}", case.attack).as_bytes());
        let body = String::from_utf8_lossy(&body).into_owned();
        let refused = head.first_line.starts_with("HTTP/1.1 4") && !body.contains("root:");
        findings.hold(refused, &case.name(), || format!("{} {body}", head.first_line));
    }
    findings.end();
}

fn swap(vault: &Path, (file, instead): (&str, Instead)) {
    let path = vault.join(file);
    let aside = vault.with_file_name("aside");
    match instead {
        Instead::OpenToAll => return set_mode(&path, if path.is_dir() { 0o777 } else { 0o666 }),
        Instead::LinkToNothing => fs::remove_file(&path).unwrap(),
        _ => fs::rename(&path, &aside).unwrap(),
    }
    match instead {
        Instead::Link => symlink(&aside, &path).unwrap(),
        Instead::LinkToNothing => symlink(vault.with_file_name("nothing"), &path).unwrap(),
        Instead::Fifo => {
            rustix::fs::mknodat(rustix::fs::CWD, &path, rustix::fs::FileType::Fifo, 0o600.into(), 0).unwrap();
        }
        Instead::Folder => {
            fs::create_dir(&path).unwrap();
            set_mode(&path, 0o700);
        }
        Instead::OpenToAll => {}
    }
}

#[test]
fn what_stands_in_the_place_of_the_vaults_own_files_is_not_used() {
    let upstream = Upstream::serving(&["api.openai.com"]);
    let mut findings = Findings::default();
    for case in swapped() {
        let home = Home::with_openai(Door::InProcess, &upstream, secrets::OPENAI);
        let run = home.vault().join("run");
        fs::create_dir_all(&run).unwrap();
        set_mode(&run, 0o700);
        swap(&home.vault(), case.attack);
        for door in Door::BOTH {
            // The folder of the sockets is the daemon's alone.
            if case.attack.0 == "run" && door == Door::InProcess {
                continue;
            }
            let done: Done = home.run_through(door, &["invoke", "openai/chat-completions", "--body", "{}"]);
            let refused = matches!(done.code, Some(1 | 4)) && upstream.take().is_empty();
            findings.hold(refused, &case.name(), || {
                format!("{door:?} {:?} {}{}", done.code, done.text(), done.errors())
            });
        }
    }
    findings.end();
}
