//! A daemon under a user of its own, as `aivault setup agent-access` prepares it: the members of a group
//! make calls, and nobody but that user has anything else of the vault. Needs root, to make users.
#![allow(clippy::disallowed_methods, clippy::unwrap_used, reason = "tests prepare and look at the machine")]

mod support;

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::os::unix::net::UnixDatagram;
use std::path::Path;

use aivault::service::wire;
use serde_json::json;
use support::accounts::{self, Accounts};
use support::{Done, Door, Home, Upstream, home, secrets, socket};

const MODELS: &[&str] = &["invoke", "openai/models", "--method", "GET", "--path", "/v1/models"];

/// The accounts, unless there can be none; says why then.
fn machine(users: &[&str]) -> Option<Accounts> {
    match accounts::missing() {
        None => Some(Accounts::of(users)),
        Some(why) => {
            eprintln!("skipped: {why}");
            None
        }
    }
}

fn prepare(machine: &Accounts, more: &[&str]) -> Done {
    let (state, run) = (machine.path("state"), machine.path("run"));
    let mut arguments = vec!["setup", "agent-access", "--service-user", &machine.service];
    arguments.extend(["--callers-group", &machine.group]);
    arguments.extend(["--state-dir", state.to_str().unwrap(), "--run-dir", run.to_str().unwrap()]);
    arguments.extend(["--caller", machine.user(0), "--caller", machine.user(1)]);
    arguments.extend(more);
    machine.as_root(&arguments)
}

/// A vault of the service user's with a key, and its daemon.
fn serving(machine: &mut Accounts, upstream: &Upstream) {
    prepare(machine, &[]).ok();
    let ca = machine.path("ca.pem");
    fs::write(&ca, &upstream.ca_pem).unwrap();
    home::set_mode(&ca, 0o644);
    machine.serve(&["init", "--test"]).ok();
    let (ca, address) = (ca.to_str().unwrap(), upstream.address.to_string());
    machine.serve(&["upstream", "set", "api.openai.com", "--to", &address, "--ca", ca]).ok();
    machine.serve(&["secrets", "create", "--name", "OPENAI_API_KEY", "--value", secrets::OPENAI]).ok();
    begin(machine);
}

/// Starts the daemon, which says when it is ready.
fn begin(machine: &mut Accounts) {
    let path = machine.path("notify");
    let _ = fs::remove_file(&path);
    let manager = UnixDatagram::bind(&path).unwrap();
    home::set_mode(&path, 0o777);
    manager.set_read_timeout(Some(support::wait::LIMIT)).unwrap();
    machine.start(&[("NOTIFY_SOCKET", path.to_str().unwrap())]);
    let mut said = [0; 64];
    let length = manager.recv(&mut said).unwrap();
    assert_eq!(&said[..length], b"READY=1");
}

fn mode(path: &Path) -> u32 {
    fs::symlink_metadata(path).unwrap().permissions().mode() & 0o7777
}

#[test]
fn setup_makes_what_it_says_once() {
    let Some(machine) = machine(&["a", "b"]) else { return };
    let plan = prepare(&machine, &["--dry-run"]).ok().text();
    for line in
        ["groupadd --system", "useradd --system", "install -d -m 0700", "install -d -m 0750", "usermod"]
    {
        assert!(plan.contains(line), "{plan}");
    }
    let exists = |what: &str, name: &str| fs::read_to_string(what).unwrap().contains(&format!("{name}:"));
    let is_there = || exists("/etc/group", &machine.group) || exists("/etc/passwd", &machine.service);
    assert!(!is_there() && !machine.path("state").exists(), "a dry run does nothing");
    prepare(&machine, &[]).ok();
    assert!(is_there());
    assert_eq!((mode(&machine.path("state")), mode(&machine.path("run"))), (0o700, 0o750));
    let before = fs::metadata(machine.path("state")).unwrap().ctime_nsec();
    prepare(&machine, &[]).ok().says("nothing was changed");
    assert_eq!(fs::metadata(machine.path("state")).unwrap().ctime_nsec(), before);
    // Whoever may not do it is told what it was.
    let user = machine.user(0);
    let mut command = machine.command_as(user, &machine.path(user), &machine.program(), &[]);
    let refused =
        Done::of(command.args(["setup", "agent-access", "--callers-group", "avt-of-nobody"]), b"").ends(1);
    for said in ["only root may do this: groupadd --system avt-of-nobody", "sudo", "--dry-run"] {
        assert!(refused.errors().contains(said), "{}", refused.errors());
    }
}

#[test]
fn members_of_the_group_make_calls_and_nothing_else() {
    let Some(mut machine) = machine(&["in", "too", "out"]) else { return };
    let upstream = Upstream::serving(&["api.openai.com"]);
    serving(&mut machine, &upstream);
    assert_eq!((mode(&machine.socket()), mode(&machine.path("run"))), (0o660, 0o750));
    let (member, stranger) = (machine.user(0).to_owned(), machine.user(2).to_owned());

    machine.call(&member, MODELS).ok();
    assert_eq!(upstream.take_one().header("authorization"), format!("Bearer {}", secrets::OPENAI));
    machine.call(&member, &["capability", "list", "--ready"]).ok().says("openai/models");
    machine.call(&member, &["capability", "describe", "openai/models"]).ok().says("api.openai.com");
    let status = machine.call(&member, &["status", "--json"]).ok().json();
    assert_eq!((&status["state"], &status["user"]), (&json!("running"), &json!(machine.service)));

    let refused = machine.call(&stranger, MODELS).ends(4);
    for said in ["you may not connect", "--caller"] {
        assert!(refused.errors().contains(said), "{}", refused.errors());
    }

    // Operators' commands: refused before they are sent, and refused where they come all the same.
    let operator: [&[&str]; 6] = [
        &["secrets", "list"],
        &["secrets", "create", "--name", "MINE", "--value", "a value of its own"],
        &["token", "mint", "--capability", "openai/*"],
        &["config", "set", "egress-proxy", "http://proxy.example:3128"],
        &["audit"],
        &["lock"],
    ];
    for command in operator {
        let refused = machine.call(&member, command).ends(3);
        assert!(refused.errors().contains("sudo -H -u"), "{command:?}: {}", refused.errors());
    }
    for (path, body) in [(wire::COMMAND, r#"{"command":"secret-list","scope":null}"#), (wire::RETIRE, "")] {
        let length = body.len();
        let request = format!(
            "POST {path} HTTP/1.1\r\nhost: aivault\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n{body}"
        );
        let (head, answer) = socket::exchange(&machine.socket(), request.as_bytes());
        assert!(head.first_line.starts_with("HTTP/1.1 403"), "{path}: {head:?}");
        assert!(String::from_utf8_lossy(&answer).contains("operator.only"), "{path}");
    }
    machine.call(&member, MODELS).ok();

    // The vault's files and the operators' socket.
    let own = machine.path("state/.aivault");
    for file in ["data/vault/vault.db", "keys/kek.key", "data/vault/audit", "run"] {
        let path = own.join(file);
        assert!(path.exists(), "{file}");
        let mut look = machine.command_as(&member, &machine.path(&member), Path::new("ls"), &[]);
        assert_ne!(Done::of(look.arg(&path), b"").code, Some(0), "{file}");
    }
    let private = own.join("run/aivaultd.sock");
    let more = [("AIVAULTD_SOCKET", private.to_str().unwrap()), ("AIVAULTD_AUTOSTART", "0")];
    let mut command = machine.command_as(&member, &machine.path(&member), &machine.program(), &more);
    Done::of(command.args(MODELS), b"").ends(4);

    // Who it was stands in the log, by name and number.
    let log = machine.serve(&["audit", "--json", "--limit", "1000"]).ok().json();
    let calls = log.as_array().unwrap().iter().filter(|event| event["action"] == "invoke");
    let uid = fs::metadata(machine.path(&member)).unwrap().uid();
    for call in calls {
        assert_eq!(call["user"], json!(member));
        assert!(call["caller"].as_str().unwrap().starts_with(&format!("uid:{uid} pid:")), "{call}");
    }
    machine.serve(&["audit"]).ok().says(&member);
    let protection = machine.serve(&["status"]).ok();
    for said in ["best against programs of other users", &machine.group, &machine.service] {
        protection.says(said);
    }
}

#[test]
fn limits_by_caller_are_each_users_own() {
    let Some(mut machine) = machine(&["in", "too"]) else { return };
    let upstream = Upstream::serving(&["api.openai.com"]);
    serving(&mut machine, &upstream);
    let policy = machine.path("policy.yaml");
    let text = "policy: one-an-hour\nversion: 1\nrules:\n  - id: one\n    effect: limit\n    why: One is enough.\n    \
                capabilities: [openai/models]\n    limit: { max: 1, per: 1h, by: caller, cost: requests }\n";
    fs::write(&policy, text).unwrap();
    home::set_mode(&policy, 0o644);
    machine.serve(&["policy", "apply", policy.to_str().unwrap()]).ok();
    for user in [machine.user(0), machine.user(1)] {
        machine.call(user, MODELS).ok();
        let limited = machine.call(user, MODELS).ends(3);
        let uid = fs::metadata(machine.path(user)).unwrap().uid();
        assert!(
            limited.errors().contains(&format!("allows 1 a hour to `uid:{uid}`")),
            "{}",
            limited.errors()
        );
    }
    assert_eq!(upstream.take().len(), 2);
}

#[test]
fn a_daemon_of_another_user_is_neither_started_nor_trusted_unseen() {
    let Some(mut machine) = machine(&["in", "too"]) else { return };
    let upstream = Upstream::serving(&["api.openai.com"]);
    serving(&mut machine, &upstream);
    let (member, other) = (machine.user(0).to_owned(), machine.user(1).to_owned());

    // A socket that another user planted, and one in a folder where others could have.
    let planted = machine.path(&other).join("callers.sock");
    let _listener = std::os::unix::net::UnixListener::bind(&planted).unwrap();
    home::set_mode(&machine.path(&other), 0o755);
    home::set_mode(&planted, 0o666);
    let open = machine.path("open");
    fs::create_dir(&open).unwrap();
    home::set_mode(&open, 0o777);
    std::os::unix::fs::symlink(machine.socket(), open.join("callers.sock")).unwrap();
    for socket in [planted, open.join("callers.sock")] {
        let refused = machine.call_at(&member, socket.to_str().unwrap(), MODELS).ends(4);
        assert!(refused.errors().contains("is not trusted"), "{}", refused.errors());
    }

    machine.end_daemon();
    let refused = machine.call(&member, MODELS).ends(4);
    for said in ["not yours to start", "systemctl start aivault"] {
        assert!(refused.errors().contains(said), "{}", refused.errors());
    }
    machine.call(&member, &["restart"]).ends(3);
    let status = machine.call(&member, &["status"]).ok();
    status.says("not running");
    assert!(!machine.path(&member).join(".aivault").exists(), "nothing was made in its stead");
    // Whoever is left of it: the next one takes over the name.
    begin(&mut machine);
    machine.call(&member, MODELS).ok();
}

/// Without root nobody can be somebody else, but the socket and its folder are as they must be.
#[test]
fn a_group_that_is_not_there_is_told() {
    let home = Home::test(Door::Daemon);
    let socket = home.path("shared/callers.sock");
    let mut command = std::process::Command::new(home.daemon_program());
    command.args([&format!("--shared={}", socket.display()), "--callers-group", "no-such-group-here"]);
    let refused = Done::of(command.env_clear().env("AIVAULT_DIR", home.vault()), b"").ends(1);
    for said in ["no-such-group-here", "setup agent-access"] {
        assert!(refused.errors().contains(said), "{}", refused.errors());
    }
    assert!(!socket.exists());
}
