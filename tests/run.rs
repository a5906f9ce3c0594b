//! `aivault run`: what the program gets, what it does not get, and what is left when it has ended.
#![allow(clippy::disallowed_methods, clippy::unwrap_used, reason = "tests prepare and look at the machine")]

mod support;

use std::fs;
use std::io::Write as _;
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::json;
use support::gateway::{Gateway, Heard};
use support::{Done, Door, Home, Upstream, processes, secrets, wait};

/// Says who it is and waits until it is told to end.
const WAITING: &str = "echo $$ > pid; echo $OPENAI_API_KEY > key.new; mv key.new key; \
                       while ! test -e stop; do sleep 0.02; done; exit 3";

fn setting() -> (Upstream, Home) {
    let upstream = Upstream::serving(&["api.openai.com"]);
    let home = Home::with_openai(Door::Daemon, &upstream, secrets::OPENAI);
    (upstream, home)
}

/// `aivault run` in a group of its own, so that no terminal is in front of it.
fn started(home: &Home, script: &str) -> Child {
    let line = ["run", "--capability", "openai/*", "--", "sh", "-c", script];
    let mut command = home.command(Door::Daemon, &line);
    command.env("PATH", "/usr/bin:/bin").process_group(0);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

/// The token that the program was given.
fn token(home: &Home) -> String {
    wait::until("the program has its token", || fs::read_to_string(home.path("key")).ok()).trim().to_owned()
}

fn models(home: &Home, token: &str) -> Heard {
    Gateway { address: home.listener(&[]), token: token.to_owned() }.ask("GET", "/v/openai/v1/models", b"")
}

fn send(child: &Child, signal: Signal) {
    kill_process(Pid::from_child(child), signal).unwrap();
}

#[test]
fn the_token_serves_while_the_program_runs_and_no_longer() {
    let (upstream, home) = setting();
    let child = started(&home, WAITING);
    let token = token(&home);
    models(&home, &token).ok();
    assert_eq!(upstream.take_one().header("authorization"), format!("Bearer {}", secrets::OPENAI));
    fs::write(home.path("stop"), "").unwrap();
    Done::wait_for(child, b"").ends(3);
    assert_eq!(models(&home, &token).status, 401);
    assert_eq!(home.run(&["token", "list", "--json"]).ok().json(), json!([]));
    let recorded = |action: &str| home.events().into_iter().any(|one| one.is(action, "ok"));
    assert!(recorded("token.mint") && recorded("token.revoke"));
}

#[test]
fn a_token_ends_with_aivault_run_however_that_ends() {
    let (upstream, home) = setting();
    let mut child = started(&home, WAITING);
    let token = token(&home);
    models(&home, &token).ok();
    child.kill().unwrap();
    child.wait().unwrap();
    let program = fs::read_to_string(home.path("pid")).unwrap().trim().parse().unwrap();
    assert!(processes::is_alive(program), "only its token has ended");
    upstream.take();
    let heard = models(&home, &token);
    assert_eq!((heard.status, heard.reason()), (401, Some("token.expired")), "{heard:?}");
    assert!(upstream.take().is_empty());
    fs::write(home.path("stop"), "").unwrap();
}

#[test]
fn signals_are_the_programs_and_its_end_is_aivaults() {
    let (_upstream, home) = setting();
    for (signal, name) in
        [(Signal::TERM, "TERM"), (Signal::INT, "INT"), (Signal::HUP, "HUP"), (Signal::QUIT, "QUIT")]
    {
        let _ = fs::remove_file(home.path("key"));
        let trapping =
            format!("n=0; trap 'n=$((n+1)); echo got' {name}; {}", WAITING.replace("exit 3", "exit $n"));
        let child = started(&home, &trapping);
        token(&home);
        send(&child, signal);
        // The shell acts on it between two of its sleeps; a second one would have been counted by then.
        std::thread::sleep(Duration::from_millis(200));
        fs::write(home.path("stop"), "").unwrap();
        let done = Done::wait_for(child, b"").ends(1);
        assert_eq!(done.text(), "got\n", "{name}");
        fs::remove_file(home.path("stop")).unwrap();
        fs::remove_file(home.path("key")).unwrap();
        let child = started(&home, WAITING);
        token(&home);
        send(&child, signal);
        let ended = Done::wait_for(child, b"");
        assert_eq!(ended.code, Some(128 + signal.as_raw()), "{name}: {}", ended.errors());
    }
    assert_eq!(home.run(&["token", "list", "--json"]).ok().json(), json!([]));
}

#[test]
fn a_terminal_interrupts_the_program_once() {
    if !["/usr/bin/script", "/bin/script"].iter().any(|path| std::path::Path::new(path).is_file()) {
        return eprintln!("skipped: there is no `script` to make a terminal with");
    }
    let (_upstream, home) = setting();
    let counting = format!("n=0; trap 'n=$((n+1))' INT; {}", WAITING.replace("exit 3", "exit $((40+n))"));
    fs::write(home.path("count.sh"), counting).unwrap();
    let line = format!("exec '{}' run --all -- sh count.sh", support::home::program().display());
    let mut command = std::process::Command::new("script");
    command
        .args(["-qec", &line, "/dev/null"])
        .env_clear()
        .env("PATH", "/usr/bin:/bin")
        .env("SHELL", "/bin/sh");
    command.env("AIVAULT_DIR", home.vault()).current_dir(home.path(".")).stdin(Stdio::piped());
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    token(&home);
    let mut keyboard = child.stdin.take().unwrap();
    keyboard.write_all(b"\x03").unwrap();
    // As above: a second one would have been counted by then.
    std::thread::sleep(Duration::from_millis(300));
    fs::write(home.path("stop"), "").unwrap();
    Done::wait_for(child, b"").ends(41);
    drop(keyboard);
}

#[test]
fn real_keys_stay_behind_and_are_named_but_not_shown() {
    let (_upstream, home) = setting();
    let mut command = home.command(Door::Daemon, &["run", "--all", "--", "/usr/bin/env"]);
    for (name, value) in [
        ("OPENAI_API_KEY", "sk-real-1"),
        ("STRIPE_API_KEY", "sk-real-2"),
        ("GH_TOKEN", "sk-real-3"),
        ("MY_OWN", "kept"),
        ("HTTPS_PROXY", "http://proxy.example:1"),
        ("no_proxy", "a.example"),
    ] {
        command.env(name, value);
    }
    let done = Done::of(&mut command, b"").ok();
    assert!(!done.text().contains("sk-real") && !done.errors().contains("sk-real"), "{done:?}");
    assert!(done.errors().contains("GH_TOKEN, OPENAI_API_KEY, STRIPE_API_KEY"), "{}", done.errors());
    let gateway = format!("http://{}", home.listener(&[]));
    done.says("\nMY_OWN=kept\n").says("\nHTTPS_PROXY=http://proxy.example:1\n");
    done.says("NO_PROXY=a.example,127.0.0.1,localhost\n").says("no_proxy=a.example,127.0.0.1,localhost\n");
    done.says(&format!("OPENAI_BASE_URL={gateway}/v/openai/v1\n")).says("OPENAI_API_KEY=aiv_");
    done.says(&format!("AIVAULT_GATEWAY_URL={gateway}\n")).says("AIVAULT_TOKEN=aiv_");
    assert!(!done.text().contains("STRIPE_API_KEY") && !done.text().contains("GH_TOKEN"), "{}", done.text());
}

#[test]
fn what_looks_like_a_key_is_named_unless_that_is_meant() {
    let (_upstream, home) = setting();
    let run = |more: &[&str]| {
        let line = [&["run", "--all"], more, &["--", "/usr/bin/env"]].concat();
        let mut command = home.command(Door::Daemon, &line);
        for name in ["MY_API_KEY", "DB_PASSWORD", "AWS_SECRET_ACCESS_KEY", "CLAUDE_CODE_OAUTH_TOKEN"] {
            command.env(name, "real-key");
        }
        Done::of(&mut command, b"").ok()
    };
    let done = run(&[]);
    let errors = done.errors();
    assert!(
        errors.contains("keys that the command does not get: AWS_SECRET_ACCESS_KEY, CLAUDE_CODE_OAUTH_TOKEN"),
        "{errors}"
    );
    assert!(
        errors.contains("look like keys: DB_PASSWORD, MY_API_KEY; leave them out with --unset NAME"),
        "{errors}"
    );
    assert!(!errors.contains("real-key"), "{errors}");
    done.says("\nMY_API_KEY=real-key\n").says("DB_PASSWORD=real-key\n");
    assert_eq!(done.text().matches("real-key").count(), 2, "{}", done.text());
    let done = run(&["--unset", "DB_PASSWORD", "--keep", "MY_API_KEY"]);
    assert!(!done.errors().contains("look like keys"), "{}", done.errors());
    done.says("\nMY_API_KEY=real-key\n");
    assert!(!done.text().contains("DB_PASSWORD"), "{}", done.text());
}

#[test]
fn a_key_that_opens_the_vault_is_nobody_elses() {
    let home = Home::empty(Door::Daemon);
    let key = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";
    let run = |line: &[&str]| Done::of(home.command(Door::Daemon, line).env("AIVAULT_KEY", key), b"");
    run(&["init", "--provider", "env"]).ok();
    run(&["secrets", "create", "--name", "OPENAI_API_KEY", "--value", secrets::OPENAI]).ok();
    let done = run(&["run", "--all", "--", "/usr/bin/env"]).ok();
    assert!(!done.text().contains("AIVAULT_KEY") && !done.text().contains(key), "{}", done.text());
    done.says("OPENAI_API_KEY=aiv_");
}

#[test]
fn a_credential_and_a_shape_are_the_programs() {
    let (_upstream, home) = setting();
    home.store("GITHUB_TOKEN", "ghp_0123456789abcdefghijklmnopqrstuvwxyz");
    let secret = ["secrets", "create", "--name", "WORK_KEY", "--value", "sk-work-0123456789abcdefghij"];
    home.run(&[&secret[..], &["--provider", "openai"]].concat()).ok();
    let account = ["credential", "create", "work", "--provider", "openai", "--secret", "WORK_KEY"];
    home.run(&account).ok();
    let bounds = ["run", "--capability", "openai/*", "--credential", "work", "--", "/usr/bin/env"];
    let done = home.run(&bounds).ok();
    assert!(done.text().contains("/v/work/v1\n") && !done.text().contains("GITHUB_TOKEN"), "{}", done.text());
    let done = home.run(&["run", "--capability", "github/*", "--", "/usr/bin/env"]).ok();
    done.says("GITHUB_TOKEN=ghp_aiv_");
    assert!(!done.text().contains("OPENAI_API_KEY"), "{}", done.text());
}

#[test]
fn open_files_and_the_standard_streams_are_the_programs() {
    let (_upstream, home) = setting();
    fs::write(home.path("five"), "five\n").unwrap();
    let script = "exec 5< five; exec \"$0\" run --all -- sh -c 'cat; cat <&5; echo err >&2'";
    assert_eq!(home.daemon(), None, "one is started, which is to have none of it");
    let mut outer = std::process::Command::new("/bin/sh");
    outer.args(["-c", script]).arg(support::home::program()).env_clear().env("PATH", "/usr/bin:/bin");
    outer.env("AIVAULT_DIR", home.vault()).current_dir(home.path("."));
    let done = Done::of(&mut outer, b"in\n").ok();
    assert_eq!((done.text().as_str(), done.errors().as_str()), ("in\nfive\n", "err\n"));
}

#[test]
fn what_cannot_be_run_says_so_and_leaves_nothing() {
    let (_upstream, home) = setting();
    let unbounded = home.run(&["run", "--", "true"]).ends(2);
    assert!(unbounded.errors().contains("--capability 'openai/*'"), "{}", unbounded.errors());
    home.run(&["run", "--capability", "opnai/*", "--", "true"]).ends(5);
    home.run(&["run", "--all", "--", "/nowhere/program"]).ends(127);
    home.run(&["run", "--all", "--", "/etc/passwd"]).ends(126);
    assert_eq!(home.run(&["token", "list", "--json"]).ok().json(), json!([]));
    home.run_through(Door::InProcess, &["run", "--all", "--", "true"]).ends(1);
}
