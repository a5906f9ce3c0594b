//! G6: what operators may ask for, asked by others: at the callers' socket, on loopback, with a token, by another user.
//! There is no way to it, and nothing of it is done.

use std::os::unix::net::UnixStream;
use std::process::Command;

use aivault::service::wire;

use crate::case::{Case, Findings, Name, names as names_of};
use crate::g_doors::{Entry, House};
use crate::support::home::{NOBODY, set_mode};

/// Commands that would be seen in the vault, were they carried out.
const COMMANDS: &[&str] = &[
    r#"{"command":"status"}"#,
    r#"{"command":"lock"}"#,
    r#"{"command":"secret-list","scope":null}"#,
    r#"{"command":"token-list"}"#,
    r#"{"command":"token-mint","name":"mine","capabilities":["*"],"credential":null,"scope":{"scope":"global"},"ttl":"1h"}"#,
    r#"{"command":"gateway-open","credential":null}"#,
];

/// Where a request for a command might be let in.
const TARGETS: &[&str] = &[
    "POST /command",
    "POST //command",
    "POST /command/",
    "POST /COMMAND",
    "POST /./command",
    "POST /v/../command",
    "POST /v/openai/../../command",
    "POST /v/%2e%2e/command",
    "POST /aivault/../command",
    "POST /aivault/proxy/../../command",
    "POST /command?x=/aivault/proxy",
    "PUT /command",
    "POST /aivault/command",
    "POST /v/openai/command",
];

const RETIREMENTS: &[&str] =
    &["POST /retire", "GET /retire", "POST /v/../retire", "POST /retire/", "POST /aivault/retire"];

fn cases() -> Vec<Case<(Entry, String)>> {
    let mut all = Vec::new();
    for entry in [Entry::Callers, Entry::Loopback] {
        let place =
            if entry == Entry::Callers { "at the callers' socket" } else { "on loopback, with a token" };
        for command in COMMANDS {
            let case = format!("POST /command\n{command}");
            all.push(Case::new("G6", format!("{command} {place}"), (entry, case)));
        }
        for target in TARGETS {
            let case = format!("{target}\n{}", COMMANDS[2]);
            all.push(Case::new("G6", format!("{target} {place}"), (entry, case)));
        }
        for target in RETIREMENTS {
            all.push(Case::new("G6", format!("{target} {place}"), (entry, format!("{target}\n"))));
        }
    }
    all
}

pub fn names() -> Vec<Name> {
    let others =
        STRANGERS.iter().map(|entry| Case::new("G6", format!("another user at {entry:?}"), ()).name());
    names_of(&cases()).into_iter().chain(others).collect()
}

#[test]
fn operators_are_heard_at_their_own_socket_alone() {
    let house = House::new();
    let tokens = || house.home().run(&["token", "list", "--json"]).ok().json();
    let before = tokens();
    let mut findings = Findings::default();
    for case in cases() {
        let (entry, text) = &case.attack;
        let (target, body) = text.split_once('\n').unwrap();
        let request = format!(
            "{target} HTTP/1.1\r\nhost: {}\r\nauthorization: Bearer {}\r\nconnection: close\r\n{}: {}\r\n\
             content-length: {}\r\n\r\n{body}",
            house.gateway.address,
            house.gateway.token,
            wire::VERSION_HEADER,
            wire::VERSION,
            body.len()
        );
        let answer = house.exchange(*entry, request.as_bytes());
        let answer = String::from_utf8_lossy(&answer).into_owned();
        let is_refused = answer.starts_with("HTTP/1.1 4") && !answer.contains("\"outcome\"");
        findings.hold(is_refused, &case.name(), || answer.clone());
    }
    findings.end();
    assert_eq!(house.home().daemon(), Some(house.daemon), "nobody has it make room");
    assert_eq!(tokens(), before);
    assert!(house.upstream().take().is_empty());
    house.stage.reaches();
    // What was refused elsewhere is no nonsense.
    let socket = house.home().socket().with_extension("operator.sock");
    let body = COMMANDS[2];
    let asked = format!(
        "POST /command HTTP/1.1\r\nhost: a\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    let (head, _) = crate::support::socket::exchange(&socket, asked.as_bytes());
    assert!(head.first_line.starts_with("HTTP/1.1 200"), "{head:?}");
}

const STRANGERS: [Entry; 2] = [Entry::Callers, Entry::Operators];
const SOCKET: &str = "ATTACKED_SOCKET";

/// Even where an operator has opened the folders to him, another user is not answered.
#[test]
fn another_user_is_not_answered() {
    if !rustix::process::geteuid().is_root() {
        // Only root can run a program as somebody else.
        return;
    }
    let house = House::new();
    let home = house.home();
    let sockets = [home.socket(), home.socket().with_extension("operator.sock")];
    for (folder, mode) in [(home.path(""), 0o755), (home.vault(), 0o755), (home.vault().join("run"), 0o755)] {
        set_mode(&folder, mode);
    }
    let program = home.path("stranger");
    let own = std::env::current_exe().unwrap();
    if std::fs::hard_link(&own, &program).is_err() {
        std::fs::copy(&own, &program).unwrap();
    }
    for socket in &sockets {
        set_mode(socket, 0o666);
        let done = knock_as(NOBODY, &program, socket);
        assert!(done.contains("connected, and heard 0 bytes"), "{}: {done}", socket.display());
    }
    // The same by its own user is answered.
    let done = knock_as(0, &program, &sockets[0]);
    assert!(done.contains("connected, and heard ") && !done.contains("heard 0 bytes"), "{done}");
}

fn knock_as(user: u32, program: &std::path::Path, socket: &std::path::Path) -> String {
    use std::os::unix::process::CommandExt as _;
    let mut command = Command::new(program);
    command.args(["--exact", "g_operators::knocks", "--ignored", "--nocapture"]);
    command.env_clear().env(SOCKET, socket).current_dir("/").uid(user).gid(user);
    let output = command.output().unwrap();
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Is run as another user by the test above.
#[test]
#[ignore = "is what the test of another user runs"]
fn knocks() {
    use std::io::{Read as _, Write as _};
    let socket = std::env::var_os(SOCKET).expect("where to knock");
    let mut stream = UnixStream::connect(socket).unwrap();
    stream.set_read_timeout(Some(crate::support::wait::LIMIT)).unwrap();
    let _ = stream.write_all(b"GET /healthz HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n");
    let mut heard = Vec::new();
    let _ = stream.read_to_end(&mut heard);
    println!("connected, and heard {} bytes", heard.len());
}
