//! A vault with a passphrase that is unlocked for calls is not open to whatever runs as its user: what
//! changes it takes a session of the terminal where the passphrase was given, or the passphrase.
#![cfg(target_os = "linux")]
#![allow(clippy::disallowed_methods, clippy::unwrap_used, reason = "tests prepare and look at the machine")]

mod support;

use std::fs;
use std::process::Command;

use support::{Done, Door, Home, Upstream, secrets, wait};

const PASSPHRASE: &str = "a passphrase of some length";
const UNLOCK: &[&str] = &["unlock", "--passphrase", PASSPHRASE];
const INVOKE: &[&str] = &["invoke", "openai/models", "--method", "GET", "--path", "/v1/models"];

/// What an attacker would do with a vault that is merely unlocked, and nobody may without a session.
const DEEDS: &[&[&str]] = &[
    &["secrets", "create", "--name", "PLANTED", "--value", "planted"],
    &["secrets", "import", "--entry", "PLANTED=planted"],
    &["secrets", "rotate", "--name", "OPENAI_API_KEY", "--value", "planted"],
    &["secrets", "update", "--name", "OPENAI_API_KEY", "--alias", "PLANTED"],
    &["secrets", "delete", "--name", "OPENAI_API_KEY"],
    &["credential", "create", "planted", "--provider", "openai", "--secret", "OPENAI_API_KEY"],
    &["credential", "delete", "openai", "--provider", "openai"],
    &["capability", "bind", "--capability", "openai/*", "--credential", "openai"],
    &["capability", "unbind", "--capability", "openai/*"],
    &["capability", "enable", "openai/admin"],
    &["capability", "disable", "openai/models"],
    &["capability", "policy", "set", "--capability", "openai/models", "--rate-limit-per-minute", "1"],
    &["policy", "apply", "policy.yaml"],
    &["policy", "remove", "planted"],
    &["provider", "add", "provider.yaml"],
    &["provider", "remove", "planted"],
    &["config", "set", "extra-ca", "ca.pem"],
    &["config", "set", "egress-proxy", "http://proxy.example:3128"],
    &["config", "unset", "extra-ca"],
    &["upstream", "set", "api.openai.com", "--to", "127.0.0.1:1", "--ca", "ca.pem"],
    &["upstream", "remove", "api.openai.com"],
    &["token", "mint", "--capability", "openai/*"],
    &["approvals", "list"],
    &["approvals", "approve", "1"],
    &["audit", "restart"],
    &["run", "--all", "--", "true"],
];

/// What shows, calls or takes away, for whoever runs as the user.
const FREE: &[&[&str]] = &[
    &["status"],
    &["secrets", "list"],
    &["capability", "list", "--ready"],
    &["capability", "describe", "openai/models"],
    &["capability", "bindings"],
    &["credential", "list"],
    &["policy", "list"],
    &["provider", "list"],
    &["config", "list"],
    &["token", "list"],
    &["audit", "verify"],
    &["gateway", "status"],
    INVOKE,
];

/// A vault of a passphrase with an OpenAI key, made in this session.
fn of_passphrase(upstream: &Upstream) -> Home {
    let home = Home::empty(Door::Daemon);
    home.run(&["init", "--provider", "passphrase", "--passphrase", PASSPHRASE, "--test"]).ok();
    home.send_to(upstream);
    home.store("OPENAI_API_KEY", secrets::OPENAI);
    fs::write(home.path("policy.yaml"), POLICY).unwrap();
    fs::write(home.path("provider.yaml"), PROVIDER).unwrap();
    home
}

const POLICY: &str = "policy: planted\nversion: 1\nrules:\n  - id: one\n    effect: forbid\n    why: Planted.\n    \
                      capabilities: [openai/models]\n";
const PROVIDER: &str = r#"provider: planted
name: Planted
category: test
docs: https://docs.planted.example/api
secrets: { PLANTED_API_KEY: { as: secret } }
hosts: [api.planted.example]
auth: { type: header, name: authorization, value: "Bearer {{secret}}" }
capabilities:
  take:
    summary: Take what comes
    allow:
      - { methods: [GET], paths: [/v1/take] }
    example: { method: GET, path: /v1/take }
    examples: { deny: [DELETE /v1/take] }
"#;

/// The same user, in a session of its own.
fn elsewhere(home: &Home, arguments: &[&str]) -> Done {
    let own = home.command(Door::Daemon, arguments);
    let mut command = Command::new("setsid");
    command.arg("--wait").arg(own.get_program()).args(own.get_args()).env_clear();
    command.env("AIVAULT_DIR", home.vault()).current_dir(home.path(""));
    Done::of(&mut command, b"")
}

#[track_caller]
fn is_refused(done: Done, what: &str) {
    assert_eq!(done.code, Some(4), "{what}: {}{}", done.text(), done.errors());
    for said in ["unlocked for calls", "aivault unlock --for 15m"] {
        assert!(done.errors().contains(said), "{what}: {}", done.errors());
    }
}

#[test]
fn unlocked_for_calls_is_open_to_no_operators_command() {
    let upstream = Upstream::serving(&["api.openai.com"]);
    let home = of_passphrase(&upstream);
    let secrets = home.run(&["secrets", "list", "--json"]).ok().json();
    home.run(UNLOCK).ok();
    for deed in DEEDS {
        for (place, done) in [("here", home.run(deed)), ("elsewhere", elsewhere(&home, deed))] {
            is_refused(done, &format!("{place}: {}", deed.join(" ")));
        }
    }
    for command in FREE {
        home.run(command).ok();
        elsewhere(&home, command).ok();
    }
    assert_eq!(upstream.take().len(), 2);
    assert_eq!(home.run(&["secrets", "list", "--json"]).ok().json(), secrets, "nothing was changed");
    let refused = home.events().iter().filter(|event| event.is("operator.refuse", "denied")).count();
    assert_eq!(refused, 2 * DEEDS.len());
    let json = home.run(&["token", "mint", "--capability", "openai/*", "--json"]).ends(4);
    let error: serde_json::Value = serde_json::from_str(json.errors().trim()).unwrap();
    assert_eq!((&error["error"], &error["reason"]), (&"vault_locked".into(), &"operator.session".into()));
}

#[test]
fn a_session_is_of_one_terminal() {
    let upstream = Upstream::serving(&["api.openai.com"]);
    let home = of_passphrase(&upstream);
    home.run(&[UNLOCK, &["--for", "15m"]].concat()).ok().says("open to its operator in this terminal until");
    for deed in DEEDS {
        is_refused(elsewhere(&home, deed), &deed.join(" "));
    }
    home.run(&["token", "mint", "--capability", "openai/*"]).ok();
    home.run(&["status"]).ok().says("a session is open in this terminal until");
    elsewhere(&home, &["status"]).ok().says("a session is open in the terminal of process");
    // It goes to whoever gives the passphrase.
    elsewhere(&home, &[UNLOCK, &["--for", "15m"]].concat()).ok();
    is_refused(home.run(DEEDS[0]), "after another terminal took it");
}

#[test]
fn making_a_vault_opens_one() {
    let home = Home::empty(Door::Daemon);
    let init = ["init", "--provider", "passphrase", "--passphrase", PASSPHRASE];
    home.run(&init).ok().says("a session is open in this terminal until");
    home.store("OPENAI_API_KEY", secrets::OPENAI);
    is_refused(elsewhere(&home, DEEDS[0]), "elsewhere");
    assert!(home.events().iter().any(|event| event.is("operator.open", "ok")));
}

#[test]
fn it_ends_by_itself_and_with_lock() {
    let upstream = Upstream::serving(&["api.openai.com"]);
    let home = of_passphrase(&upstream);
    home.run(&[UNLOCK, &["--for", "1s"]].concat()).ok();
    wait::until("the session is over", || {
        let status = home.run(&["status", "--json"]).ok().json();
        status["operator"]["until_ms"].is_null().then_some(())
    });
    is_refused(home.run(DEEDS[0]), "after its time");
    home.run(INVOKE).ok();
    home.run(&[UNLOCK, &["--for", "15m"]].concat()).ok();
    home.run(&["lock"]).ok();
    home.run(UNLOCK).ok();
    is_refused(home.run(DEEDS[0]), "after lock");
}

/// In the same terminal, but not of those who work there.
#[test]
fn what_is_run_for_others_and_what_lost_its_parent_has_no_part() {
    let upstream = Upstream::serving(&["api.openai.com"]);
    let home = of_passphrase(&upstream);
    let program = support::home::program();
    let create = format!("'{}' secrets create --name PLANTED --value planted", program.display());
    is_refused(home.run(&["run", "--all", "--", "sh", "-c", &create]), "what `aivault run` runs");
    is_refused(
        home.run(&["run", "--all", "--", "sh", "-c", &format!("( {create}; exit $? )")]),
        "below that",
    );

    let (out, code) = (home.path("out"), home.path("code"));
    // The outer shell ends at once; what it leaves waits until it is an orphan.
    let script = format!(
        "( while [ $(cut -d' ' -f4 /proc/$(sh -c 'echo $PPID')/stat) = $$ ]; do :; done
           {create} >'{out}' 2>&1; echo $? >'{code}.new'; mv '{code}.new' '{code}' ) &",
        out = out.display(),
        code = code.display(),
    );
    let mut shell = Command::new("sh");
    shell.args(["-c", &script]).env("AIVAULT_DIR", home.vault());
    assert!(shell.status().unwrap().success());
    let code = wait::until("the orphan has ended", || fs::read_to_string(&code).ok());
    assert_eq!(code.trim(), "4", "{}", fs::read_to_string(&out).unwrap());
    // Its own shell has it all the while.
    home.run(DEEDS[0]).ok();
}

#[test]
fn other_vaults_have_none() {
    let home = Home::test(Door::Daemon);
    let refused = home.run(&["unlock", "--for", "15m"]).ends(1);
    assert!(refused.errors().contains("only a vault with a passphrase"), "{}", refused.errors());
    assert!(home.run(&["status", "--json"]).ok().json().get("operator").is_none());
    home.run(INVOKE).ends(5);
    elsewhere(&home, &["secrets", "create", "--name", "KEY", "--value", "value"]).ok();
}
