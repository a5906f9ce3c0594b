//! The stored key appears nowhere: in no output, file, process or answer, whatever the
//! caller's environment says and however the upstream echoes it.
#![allow(clippy::disallowed_methods, clippy::unwrap_used, reason = "tests prepare and look at the machine")]

mod support;

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::MetadataExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use bytes::Bytes;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_encode};
use support::secrets::{OPENAI, assert_absent};
use support::{Answer, Done, Door, Home, Upstream, home, socket};

const CHAT: &str = "openai/chat-completions";
const INVOKE: &[&str] = &["invoke", CHAT, "--body", "{}"];
/// What stands in an answer where the key stood.
const MARK: &str = "[redacted]";

fn echoing() -> Upstream {
    let upstream = Upstream::serving(&["api.openai.com"]);
    upstream.answers(|received| Answer::text(received.headers_as_text()));
    upstream
}

#[track_caller]
fn assert_silent(done: &Done, words: &[&str]) {
    assert_absent(OPENAI, &done.stdout, &format!("the output of {words:?}"));
    assert_absent(OPENAI, &done.stderr, &format!("the errors of {words:?}"));
}

#[test]
fn no_command_shows_it() {
    for door in Door::BOTH {
        let upstream = echoing();
        let home = Home::with(door, &upstream);
        let steps: &[&[&str]] = &[
            &["secrets", "create", "--name", "OPENAI_API_KEY", "--value", OPENAI],
            &["secrets", "create", "--name", "OPENAI_API_KEY", "--value", OPENAI],
            &["secrets", "create", "--name", "lower", "--value", OPENAI],
            &["secrets", "create", "--name", "A", "--value", OPENAI, "--scope", "nowhere"],
            &["secrets", "rotate", "--name", "OPENAI_API_KEY", "--value", OPENAI],
            &["secrets", "rotate", "--name", "NONE", "--value", OPENAI],
            &["secrets", "import", "--entry", &format!("OTHER_KEY={OPENAI}")],
            &["secrets", "import", "--entry", &format!("bad name={OPENAI}")],
            &["secrets", "import", "--entry", OPENAI],
            &["secrets", "update", "--name", "OTHER_KEY", "--new-name", "ANOTHER_KEY"],
            &["secrets", "attach-group", "--name", "ANOTHER_KEY", "--workspace-id", "w", "--group-id", "g"],
            &["secrets", "list"],
            &["secrets", "list", "--json"],
            &["secrets", "list", "-v"],
            &["status"],
            &["status", "--json"],
            &["status", "-v"],
            &["capability", "list"],
            &["capability", "list", "--json"],
            &["capability", "describe", CHAT],
            &["capability", "describe", CHAT, "--json"],
            INVOKE,
            &["json", CHAT, "--body", "{}"],
            &["markdown", CHAT, "--body", "{}"],
            &["capability", "invoke", CHAT, "--body", "{}"],
            &["invoke", CHAT, "--method", "DELETE"],
            &["audit"],
            &["audit", "--json"],
            &["audit", "verify"],
            &["upstream", "list", "--json"],
            &["secrets", "detach-group", "--name", "ANOTHER_KEY", "--workspace-id", "w", "--group-id", "g"],
            &["secrets", "delete", "--name", "ANOTHER_KEY"],
        ];
        for words in steps {
            assert_silent(&home.run(words), words);
        }
        assert_eq!(upstream.take().len(), 4, "the key was in use meanwhile");
        no_file_holds_it(&home.vault());
    }
}

/// A header in which the caller repeats a key by mistake is refused without its text.
#[test]
fn no_error_repeats_a_value() {
    let upstream = echoing();
    let home = Home::with_openai(Door::InProcess, &upstream, OPENAI);
    for words in [
        &["invoke", CHAT, "--body", "{}", "--header", &format!("authorization: Bearer {OPENAI}")][..],
        &["invoke", CHAT, "--body", "{}", "--header", OPENAI],
        &["invoke", CHAT, "--request", &format!("{{\"headers\":\"{OPENAI}\"}}")],
        &["invoke", CHAT, "--multipart-field", OPENAI],
    ] {
        let done = home.run(words);
        assert_ne!(done.code, Some(0), "{words:?}");
        assert_silent(&done, words);
    }
    no_file_holds_it(&home.vault());
}

fn no_file_holds_it(folder: &Path) {
    let files = files_under(folder);
    let names: Vec<_> = files.iter().filter_map(|path| path.file_name()?.to_str()).collect();
    assert!(names.contains(&"vault.db") && names.contains(&"log-000001.jsonl"), "{names:?}");
    for path in files {
        assert_absent(OPENAI, &fs::read(&path).unwrap(), &path.display().to_string());
    }
}

fn files_under(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let kind = fs::symlink_metadata(&path).unwrap().file_type();
        if kind.is_dir() {
            files.extend(files_under(&path));
        } else if kind.is_file() {
            files.push(path);
        }
    }
    files
}

/// Values that were replaced or deleted do not linger in free pages either.
#[test]
fn no_file_holds_a_former_one() {
    let home = Home::test(Door::InProcess);
    home.store("OPENAI_API_KEY", OPENAI);
    home.run(&["secrets", "rotate", "--name", "OPENAI_API_KEY", "--value", "sk-another-one-0123456789"]).ok();
    home.run(&["secrets", "delete", "--name", "OPENAI_API_KEY"]).ok();
    no_file_holds_it(&home.vault());
}

/// Any bytes can be a secret, and they are the bytes that are used.
#[test]
fn the_ways_to_give_a_value() {
    let upstream = Upstream::serving(&["api.openai.com"]);
    let home = Home::with(Door::InProcess, &upstream);
    let file = home.path("key");
    fs::write(&file, OPENAI).unwrap();
    let file = file.to_str().unwrap();
    let create = ["secrets", "create", "--name", "OPENAI_API_KEY"];
    let stored: [(&[&str], String); 4] = [
        (&["--value", OPENAI], String::new()),
        (&["--value-file", file], String::new()),
        (&["--value", "-"], format!("{OPENAI}\n")),
        (&[], format!("{OPENAI}\r\n")),
    ];
    for (arguments, input) in stored {
        home.run_with_input(&[&create[..], arguments].concat(), input.as_bytes()).ok();
        home.run(INVOKE).ok();
        assert_eq!(upstream.take_one().header("authorization"), format!("Bearer {OPENAI}"), "{arguments:?}");
        home.run(&["secrets", "delete", "--name", "OPENAI_API_KEY"]).ok();
    }
    home.run(&[&create[..], &["--value", ""]].concat()).ends(2);
    let mib = vec![b'x'; 1024 * 1024];
    home.run_with_input(&["secrets", "create", "--name", "LARGE", "--value", "-"], &mib).ok();
    let too_large = [mib, b"xx".to_vec()].concat();
    home.run_with_input(&["secrets", "create", "--name", "TOO_LARGE", "--value", "-"], &too_large).ends(2);
}

/// All but what RFC 3986, section 2.3, leaves plain.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Texts in which an upstream could give the header back.
fn echoes(header: &str) -> Vec<(&'static str, Vec<u8>)> {
    let key = header.strip_prefix("Bearer ").expect("a bearer token").to_owned();
    let percent = percent_encode(key.as_bytes(), ESCAPED).to_string();
    vec![
        ("the header", header.as_bytes().to_vec()),
        ("the key", key.clone().into_bytes()),
        ("base64", STANDARD.encode(&key).into_bytes()),
        ("base64 for URLs", URL_SAFE_NO_PAD.encode(&key).into_bytes()),
        ("base64 of the header", STANDARD.encode(header).into_bytes()),
        ("percent", percent.clone().into_bytes()),
        ("percent in lower case", lower_escapes(&percent).into_bytes()),
        ("JSON", serde_json::json!({ "echo": header }).to_string().into_bytes()),
    ]
}

fn lower_escapes(text: &str) -> String {
    text.split('%').enumerate().map(|(i, part)| lower_part(i, part)).collect::<Vec<_>>().join("%")
}

fn lower_part(index: usize, part: &str) -> String {
    match part.get(..2) {
        Some(digits) if index > 0 => digits.to_lowercase() + &part[2..],
        _ => part.to_owned(),
    }
}

/// Echoes what `echo` makes of the authorization header, in the chunks that `split` makes of that.
fn echo_in_chunks(
    upstream: &Upstream,
    number: usize,
    split: impl Fn(&[u8]) -> Vec<Bytes> + Send + Sync + 'static,
) {
    upstream.answers(move |received| {
        let (_, text) = echoes(received.header("authorization")).swap_remove(number);
        let between = [Bytes::from_static(b"before "), Bytes::from_static(b" after\n")];
        Answer::chunks([&between[..1], &split(&text), &between[1..]].concat())
    });
}

fn at_every_position(text: &[u8]) -> Vec<Bytes> {
    let pair = |at| [&text[..at], &text[at..], b" "].map(Bytes::copy_from_slice);
    (0..=text.len()).flat_map(pair).collect()
}

fn byte_by_byte(text: &[u8]) -> Vec<Bytes> {
    text.chunks(1).map(Bytes::copy_from_slice).collect()
}

#[test]
fn an_echo_is_replaced_wherever_it_is_split() {
    for door in Door::BOTH {
        let upstream = Upstream::serving(&["api.openai.com"]);
        let home = Home::with_openai(door, &upstream, OPENAI);
        for (number, (name, text)) in echoes(&format!("Bearer {OPENAI}")).into_iter().enumerate() {
            echo_in_chunks(&upstream, number, at_every_position);
            let done = home.run(INVOKE).ok();
            let place = format!("an answer with {name}, {door:?}");
            assert_absent(OPENAI, &done.stdout, &place);
            assert_eq!(done.text().matches(MARK).count(), text.len() + 1, "{place}: {}", done.text());
            assert!(done.text().starts_with("before ") && done.text().ends_with(" after\n"), "{place}");

            echo_in_chunks(&upstream, number, byte_by_byte);
            let done = home.run(INVOKE).ok();
            assert_absent(OPENAI, &done.stdout, &place);
            assert_eq!(done.text().matches(MARK).count(), 1, "{place}: {}", done.text());
        }
    }
}

/// Some encoders escape more than they must.
#[test]
fn an_echo_that_escapes_more_than_it_must_is_replaced() {
    let upstream = Upstream::serving(&["api.openai.com"]);
    upstream.answers(|received| {
        let header = received.header("authorization").as_bytes();
        Answer::text(percent_encode(header, NON_ALPHANUMERIC).to_string())
    });
    let home = Home::with_openai(Door::InProcess, &upstream, OPENAI);
    assert_silent(&home.run(INVOKE).ok(), INVOKE);
}

/// The other schemes put the secret elsewhere; it comes back from nowhere.
#[test]
fn an_echo_of_other_schemes_is_replaced() {
    let hosts =
        ["generativelanguage.googleapis.com", "api.telegram.org", "api.mailgun.net", "api.trello.com"];
    let upstream = Upstream::serving(&hosts);
    upstream.answers(|received| Answer::text(format!("{}\n{}", received.target, received.headers_as_text())));
    for door in Door::BOTH {
        let home = Home::with(door, &upstream);
        let secret = "kZ8+wq/V0rT5yL2n:Xc4Jd7Gh1Bm9Se3";
        for name in
            ["GEMINI_API_KEY", "TELEGRAM_BOT_TOKEN", "MAILGUN_API_KEY", "TRELLO_API_KEY", "TRELLO_TOKEN"]
        {
            home.store(name, secret);
        }
        for call in [
            ["gemini/models", "/v1beta/models"],
            ["telegram/get-me", "/getMe"],
            ["mailgun/domains-read", "/v4/domains"],
            ["trello/boards", "/1/boards/a"],
        ] {
            let done = home.run(&["invoke", call[0], "--method", "GET", "--path", call[1]]).ok();
            assert_absent(secret, &done.stdout, &format!("the answer of {}", call[0]));
            let pair = STANDARD.encode(format!("api:{secret}"));
            assert!(
                !done.text().contains(&pair) && done.text().contains(MARK),
                "{}: {}",
                call[0],
                done.text()
            );
        }
    }
}

/// What reads like an answer stays one: only the key is replaced.
#[test]
fn an_honest_answer_is_left_alone() {
    let upstream = Upstream::serving(&["api.openai.com"]);
    let honest = format!("Bearer sk-proj- {} [redacted", &OPENAI[..12]);
    let text = honest.clone();
    upstream.answers(move |_| Answer::chunks(byte_by_byte(text.as_bytes())));
    let home = Home::with_openai(Door::InProcess, &upstream, OPENAI);
    assert_eq!(home.run(INVOKE).ok().text(), honest);
}

/// The command line shows no headers; a program at the socket would see them.
#[test]
fn headers_that_could_carry_a_credential_do_not_come_back() {
    let upstream = Upstream::serving(&["api.openai.com"]);
    upstream.answers(|received| {
        Answer::text("body")
            .with("Authorization", received.header("authorization"))
            .with("x-api-key", "k")
            .with("Set-Cookie", "session=1")
            .with("set-cookie2", "session=2")
            .with("www-authenticate", "Bearer")
            .with("connection", "keep-alive, x-hop")
            .with("x-hop", "1")
            .with("x-echo", received.header("authorization"))
            .with("x-request-id", "req_1")
            .with("retry-after", "7")
    });
    let home = Home::with_openai(Door::Daemon, &upstream, OPENAI);
    home.run(INVOKE).ok();
    upstream.take();
    let (head, body) = socket::invoke(&home.socket(), &socket::chat());
    assert!(head.first_line.starts_with("HTTP/1.1 200"), "{head:?}");
    for name in ["authorization", "x-api-key", "set-cookie", "set-cookie2", "www-authenticate", "x-hop"] {
        assert!(!head.has(name), "{name} in {head:?}");
    }
    assert_eq!((head.all("x-request-id"), head.all("retry-after")), (vec!["req_1"], vec!["7"]));
    let text = format!("{head:?}{}", String::from_utf8_lossy(&body));
    assert_absent(OPENAI, text.as_bytes(), "what the socket gives");
}

/// Variables with which a caller would like to be in the middle.
fn hostile(proxy: &str, home: &Home) -> Vec<(&'static str, String)> {
    let missing = home.path("nowhere").display().to_string();
    let url = format!("http://{proxy}");
    let mut all: Vec<_> =
        ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"]
            .map(|name| (name, url.clone()))
            .into();
    all.extend(
        ["SSL_CERT_FILE", "SSL_CERT_DIR", "SSLKEYLOGFILE", "HOSTALIASES"].map(|name| (name, missing.clone())),
    );
    all.extend([
        ("NO_PROXY", String::new()),
        ("RES_OPTIONS", format!("nameserver:{proxy}")),
        ("LOCALDOMAIN", "evil.example".to_owned()),
        ("LD_LIBRARY_PATH", missing.clone()),
        ("RUST_LOG", "trace".to_owned()),
        ("RUST_BACKTRACE", "full".to_owned()),
        ("PATH", missing.clone()),
        ("HOME", missing.clone()),
        ("TMPDIR", missing),
    ]);
    all
}

#[test]
fn the_callers_environment_changes_nothing() {
    for door in Door::BOTH {
        let proxy = TcpListener::bind("127.0.0.1:0").unwrap();
        proxy.set_nonblocking(true).unwrap();
        let upstream = echoing();
        let home = Home::with_openai(door, &upstream, OPENAI);
        let variables = hostile(&proxy.local_addr().unwrap().to_string(), &home);
        // With the daemon, the first of these calls starts it.
        for _ in 0..2 {
            let mut command = home.command(door, INVOKE);
            let done = Done::of(command.envs(variables.iter().map(|(name, value)| (name, value))), b"").ok();
            assert!(done.text().contains(MARK) && done.stderr.is_empty(), "{}{}", done.text(), done.errors());
            assert_silent(&done, INVOKE);
        }
        assert_eq!(upstream.take().len(), 2);
        let asked = proxy.accept().map(|_| ()).map_err(|error| error.kind());
        assert_eq!(asked, Err(std::io::ErrorKind::WouldBlock), "nobody asked the proxy");
        assert!(!home.path("nowhere").exists());
        if door == Door::Daemon {
            let pid = home.daemon().expect("a daemon");
            // Only root can look.
            let environment = fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
            let environment = String::from_utf8_lossy(&environment).into_owned();
            for (name, _) in &variables {
                assert!(!environment.contains(&format!("{name}=")), "{name} in {environment:?}");
            }
        }
    }
}

/// What the system itself keeps from others of the same user. As root everything can be read,
/// so that the programs then run as somebody else.
#[cfg(target_os = "linux")]
#[test]
fn the_daemon_keeps_its_memory_to_itself() {
    let upstream = echoing();
    let home = Home::empty(Door::Daemon).with_own_programs();
    let user =
        if rustix::process::geteuid().is_root() { home::NOBODY } else { rustix::process::geteuid().as_raw() };
    home.give_to(user);
    let run = |words: &[&str]| Done::of(home.command(Door::Daemon, words).uid(user).gid(user), b"");
    run(&["init", "--test"]).ok();
    let ca = home.path("ca.pem");
    fs::write(&ca, &upstream.ca_pem).unwrap();
    let address = upstream.address.to_string();
    run(&["upstream", "set", "api.openai.com", "--to", &address, "--ca", ca.to_str().unwrap()]).ok();
    run(&["secrets", "create", "--name", "OPENAI_API_KEY", "--value", OPENAI]).ok();
    run(INVOKE).ok();
    let pid = run(&["status", "--json"]).ok().json()["daemon"].as_u64().expect("a daemon");
    let process = PathBuf::from(format!("/proc/{pid}"));

    let limits = fs::read_to_string(process.join("limits")).unwrap();
    let core = limits.lines().find(|line| line.starts_with("Max core file size")).unwrap();
    assert_eq!(core.split_whitespace().collect::<Vec<_>>()[4..6], ["0", "0"], "{core}");
    // proc(5): the files of a process that is not dumpable belong to root, whoever runs it.
    assert_eq!(fs::metadata(process.join("environ")).unwrap().uid(), 0, "the daemon is dumpable");
    for file in ["environ", "mem", "maps"] {
        let read = Command::new("/bin/cat").arg(process.join(file)).uid(user).gid(user).output().unwrap();
        assert!(!read.status.success() && read.stdout.is_empty(), "{file} can be read by the same user");
    }
    for file in ["cmdline", "environ", "status"] {
        let content = fs::read(process.join(file)).unwrap_or_default();
        assert_absent(OPENAI, &content, file);
    }
}

/// The process list shows arguments to everybody: the programs hand no secret to each other there.
#[test]
fn the_daemons_command_line_says_nothing() {
    let upstream = echoing();
    let home = Home::with_openai(Door::Daemon, &upstream, OPENAI);
    home.run(INVOKE).ok();
    let pid = home.daemon().expect("a daemon");
    let line = fs::read(format!("/proc/{pid}/cmdline")).unwrap();
    let program = home::program().with_file_name("aivaultd");
    assert_eq!(String::from_utf8_lossy(&line).trim_end_matches('\0'), program.to_str().unwrap());
}
