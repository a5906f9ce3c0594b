//! The getting-started guide, command by command as it is printed, in a fresh account:
//! it does what it says, with the daemon and without.
#![allow(clippy::disallowed_methods, clippy::unwrap_used, reason = "tests prepare and look at the machine")]

mod support;

use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};
use support::{Answer, Done, Door, Home, Upstream, home, processes, socket};
use tempfile::TempDir;

const INIT_WITH_PASSPHRASE: &str = r#"aivault init --provider passphrase --passphrase "your-passphrase""#;
const STORE: &str = r#"aivault secrets create \
  --name OPENAI_API_KEY \
  --value "sk-..." \
  --scope global"#;
const BROWSE: &str = "# List all capabilities and their readiness
aivault capability list

# Inspect a specific capability
aivault capability describe openai/chat-completions";
const INVOKE: &str = r#"aivault invoke openai/chat-completions \
  --method POST \
  --body '{"model":"gpt-5.2","messages":[{"role":"user","content":"hello"}]}'"#;
const JSON: &str = r#"# JSON output
aivault json openai/chat-completions \
  --method POST \
  --body '{"model":"gpt-5.2","messages":[{"role":"user","content":"hello"}]}'"#;
const MARKDOWN: &str = r#"# Markdown output
aivault markdown openai/chat-completions \
  --method POST \
  --body '{"model":"gpt-5.2","messages":[{"role":"user","content":"hello"}]}'"#;
const VERIFY: &str = "# View audit log
aivault audit

# Confirm secrets are never printed
aivault secrets list";
const TRELLO_KEY: &str = r#"aivault secrets create --name TRELLO_API_KEY --value "your-key" --scope global"#;
const TRELLO_TOKEN: &str =
    r#"aivault secrets create --name TRELLO_TOKEN --value "your-token" --scope global"#;
const IMPORT: &str = r"aivault secrets import \
  --entry OPENAI_API_KEY=sk-... \
  --entry ANTHROPIC_API_KEY=sk-ant-... \
  --entry GITHUB_TOKEN=ghp-... \
  --scope global";
const MAKE_TEST_FOLDER: &str = r#"export AIVAULT_DIR="$(mktemp -d)""#;
const USE_TEST_FOLDER: &str = "aivault status
aivault secrets create --name OPENAI_API_KEY --value sk-test --scope global
aivault invoke openai/chat-completions --body '...'";

const SENT: &str = r#"{"model":"gpt-5.2","messages":[{"role":"user","content":"hello"}]}"#;

/// A person's account: a home folder, and `aivault` on the search path.
struct Account {
    home: TempDir,
    door: Door,
}

impl Account {
    fn fresh(door: Door) -> Self {
        support::home::lead_session();
        Self { home: tempfile::tempdir().unwrap(), door }
    }

    /// With a test vault, whose `api.openai.com` is the upstream.
    fn with_upstream(door: Door, upstream: &Upstream) -> Self {
        let account = Self::fresh(door);
        account.types("aivault init --test").ok();
        account.types(&account.point_to(upstream)).ok();
        account
    }

    fn point_to(&self, upstream: &Upstream) -> String {
        fs::write(self.home.path().join("ca.pem"), &upstream.ca_pem).unwrap();
        format!("aivault upstream set api.openai.com --to {} --ca \"$HOME/ca.pem\"", upstream.address)
    }

    /// Has the shell do what was typed.
    fn types(&self, text: &str) -> Done {
        self.types_through(self.door, text)
    }

    fn types_through(&self, door: Door, text: &str) -> Done {
        let mut shell = Command::new("/bin/sh");
        shell.args(["-c", &format!("set -e\n{text}")]).current_dir(self.home.path()).env_clear();
        shell.env("HOME", self.home.path()).env("TMPDIR", self.home.path()).env("PATH", search_path());
        shell.envs(door.variables().iter().copied());
        Done::of(&mut shell, b"")
    }

    fn socket(&self) -> PathBuf {
        self.home.path().join(".aivault/run/aivaultd.sock")
    }
}

impl Drop for Account {
    fn drop(&mut self) {
        end_daemon(&self.socket());
    }
}

fn end_daemon(socket: &Path) {
    socket::listener(socket).into_iter().for_each(processes::kill);
}

/// The built programs first, then what the system has.
fn search_path() -> OsString {
    let folder = home::program().parent().unwrap().to_owned();
    let rest = env::var_os("PATH").unwrap_or_default();
    env::join_paths(std::iter::once(folder).chain(env::split_paths(&rest))).unwrap()
}

fn openai() -> Upstream {
    let upstream = Upstream::serving(&["api.openai.com"]);
    let message = json!({ "role": "assistant", "content": "Hello there" });
    let answer = json!({ "id": "chatcmpl-1", "choices": [{ "index": 0, "message": message }] });
    upstream.answers(move |_| Answer::json(&answer).with("x-api-key", "echoed").with("set-cookie", "a=b"));
    upstream
}

#[test]
fn steps_1_to_5_work_as_printed() {
    for door in Door::BOTH {
        let upstream = openai();
        let account = Account::with_upstream(door, &upstream);

        let status = account.types("aivault status").ok();
        assert!(status.text().to_lowercase().contains("test"), "a test vault says so:\n{}", status.text());

        let stored = account.types(STORE).ok();
        stored.says("Secret created: OPENAI_API_KEY (pinned to provider: openai)");
        stored.says("→ Credential auto-provisioned: openai (17 capabilities enabled)");
        assert!(stored.text().to_lowercase().contains("test vault"), "{}", stored.text());

        let browsed = account.types(BROWSE).ok();
        for word in
            ["openai/chat-completions", "POST", "/v1/chat/completions", "api.openai.com", "aivault invoke"]
        {
            browsed.says(word);
        }
        assert_eq!(ready_capabilities(&account, "openai"), 17);

        let answer = json!({
            "id": "chatcmpl-1",
            "choices": [{ "index": 0, "message": { "role": "assistant", "content": "Hello there" } }]
        });
        let invoked = account.types(INVOKE).ok();
        assert_eq!(invoked.json(), answer);
        let pretty = account.types(JSON).ok();
        assert_eq!(pretty.json(), answer);
        assert!(pretty.text().lines().count() > 5, "indented:\n{}", pretty.text());
        let markdown = account.types(MARKDOWN).ok();
        markdown.says("Hello there");
        assert!(serde_json::from_slice::<Value>(&markdown.stdout).is_err(), "not JSON:\n{}", markdown.text());

        for received in upstream.take() {
            assert_eq!(
                (received.method.as_str(), received.target.as_str()),
                ("POST", "/v1/chat/completions")
            );
            assert_eq!(received.header("host"), "api.openai.com");
            assert_eq!(received.header("authorization"), "Bearer sk-...");
            assert_eq!(received.header("content-type"), "application/json");
            assert_eq!(received.body, SENT.as_bytes());
        }

        let verified = account.types(VERIFY).ok();
        for word in ["secret.create", "invoke", "openai/chat-completions", "OPENAI_API_KEY"] {
            verified.says(word);
        }
        assert!(!verified.text().contains("sk-..."), "{}", verified.text());
        account.types("aivault audit verify").ok();
    }
}

fn ready_capabilities(account: &Account, provider: &str) -> usize {
    let list = account.types(&format!("aivault capability list --json --provider {provider}")).ok().json();
    let rows = list.as_array().cloned().unwrap_or_default();
    rows.iter().filter(|row| row["readiness"] == "ready").count()
}

#[test]
fn both_doors_give_the_same_bytes() {
    let upstream = openai();
    let every_byte: Vec<u8> = (0..=255).cycle().take(70_000).collect();
    let raw = every_byte.clone();
    let account = Account::with_upstream(Door::Daemon, &upstream);
    account.types(STORE).ok();
    for command in [INVOKE, JSON, MARKDOWN] {
        let [through, within] = Door::BOTH.map(|door| account.types_through(door, command).ok());
        assert_eq!(through, within, "{command}");
    }
    upstream.answers(move |_| Answer::status(200, every_byte.clone()));
    let [through, within] = Door::BOTH.map(|door| account.types_through(door, INVOKE).ok());
    assert!(through.stdout == raw && within.stdout == raw, "the body is passed on as it is");
}

#[test]
fn a_provider_with_two_secrets_waits_for_the_second() {
    for door in Door::BOTH {
        let account = Account::fresh(door);
        account.types("aivault init --test").ok();
        account.types(TRELLO_KEY).ok().says("→ Waiting for TRELLO_TOKEN to complete trello credential\n");
        assert_eq!(ready_capabilities(&account, "trello"), 0);
        let second = account.types(TRELLO_TOKEN).ok();
        second.says("→ Credential auto-provisioned: trello (17 capabilities enabled)\n");
        assert_eq!(ready_capabilities(&account, "trello"), 17);
    }
}

#[test]
fn several_secrets_are_imported_at_once() {
    for door in Door::BOTH {
        let account = Account::fresh(door);
        account.types("aivault init --test").ok();
        let imported = account.types(IMPORT).ok();
        imported.says("→ Credential auto-provisioned: openai (17 capabilities enabled)");
        for name in ["OPENAI_API_KEY", "ANTHROPIC_API_KEY", "GITHUB_TOKEN"] {
            imported.says(&format!("Secret created: {name} (pinned to provider: "));
            account.types("aivault secrets list").ok().says(name);
        }
    }
}

/// Read from top to bottom, the guide imports a key that it has stored before, with the same value.
#[test]
fn the_whole_guide_in_one_account() {
    for door in Door::BOTH {
        let upstream = openai();
        let account = Account::with_upstream(door, &upstream);
        let all = [
            "aivault status",
            STORE,
            BROWSE,
            INVOKE,
            JSON,
            MARKDOWN,
            VERIFY,
            TRELLO_KEY,
            TRELLO_TOKEN,
            IMPORT,
        ];
        for commands in all {
            let done = account.types(commands);
            assert_eq!(done.code, Some(0), "{commands}\n{}", done.errors());
        }
        let listed = account.types("aivault secrets list").ok();
        for name in ["OPENAI_API_KEY", "TRELLO_API_KEY", "TRELLO_TOKEN", "ANTHROPIC_API_KEY", "GITHUB_TOKEN"]
        {
            listed.says(name);
        }
    }
}

#[test]
fn test_data_is_kept_apart() {
    for door in Door::BOTH {
        let upstream = openai();
        let account = Account::fresh(door);
        let point = account.point_to(&upstream);
        let script = format!(
            "{MAKE_TEST_FOLDER}\naivault init --test >&2\n{point} >&2\n{USE_TEST_FOLDER}\necho\necho \"$AIVAULT_DIR\""
        );
        let done = account.types(&script);
        let folder = PathBuf::from(done.text().lines().last().unwrap_or_default());
        if door == Door::Daemon {
            end_daemon(&folder.join("run/aivaultd.sock"));
        }
        let done = done.ok();
        done.says("Hello there");
        assert_eq!(upstream.take_one().header("authorization"), "Bearer sk-test");
        assert!(folder.starts_with(account.home.path()) && folder.join("vault.db").exists());
        assert!(!account.home.path().join(".aivault").exists(), "the account's own vault is untouched");
    }
}

#[test]
fn the_first_command_makes_a_vault_with_safe_defaults() {
    let account = Account::fresh(Door::InProcess);
    account.types("aivault status").ok();
    let root = account.home.path().join(".aivault");
    if cfg!(not(target_os = "macos")) {
        assert!(root.join("keys/kek.key").exists());
    }
    assert!(root.join("data/vault/vault.db").exists());
    let again = account.types("aivault status --json").ok().json();
    assert_eq!((again["created"].as_bool(), again["test"].as_bool()), (Some(false), Some(false)));
}

#[test]
fn a_passphrase_locks_the_vault_until_it_is_given() {
    let upstream = openai();
    let account = Account::fresh(Door::Daemon);
    account.types(&format!("{INIT_WITH_PASSPHRASE} --test")).ok();
    account.types(&account.point_to(&upstream)).ok();
    account.types(STORE).ok();
    account.types(INVOKE).ok().says("Hello there");

    account.types("aivault lock").ok();
    let locked = account.types("aivault status --json").ok().json();
    assert_eq!(
        (locked["state"].as_str(), locked["key_provider"].as_str()),
        (Some("locked"), Some("passphrase"))
    );
    upstream.take();
    for command in [INVOKE, JSON, STORE, "aivault secrets list"] {
        let refused = account.types(command).ends(4);
        assert!(
            refused.errors().contains("aivault unlock"),
            "{command} says what to do: {}",
            refused.errors()
        );
    }
    account.types_through(Door::InProcess, INVOKE).ends(4);
    let wrong = account.types("aivault unlock --passphrase wrong");
    assert_ne!(wrong.code, Some(0));
    account.types(INVOKE).ends(4);
    assert!(upstream.take().is_empty());

    account.types("aivault unlock --passphrase your-passphrase").ok();
    account.types(INVOKE).ok().says("Hello there");
    account.types("aivault secrets list").ok().says("OPENAI_API_KEY");
}

#[test]
fn the_key_of_a_passphrase_dies_with_the_daemon() {
    let account = Account::fresh(Door::Daemon);
    account.types(INIT_WITH_PASSPHRASE).ok();
    account.types(STORE).ok();
    let pid = socket::listener(&account.socket()).unwrap();
    processes::kill(pid);
    support::wait::until("the daemon is gone", || (!processes::is_alive(pid)).then_some(()));
    account.types("aivault secrets list").ends(4);
    account.types("aivault unlock --passphrase your-passphrase").ok();
    account.types("aivault secrets list").ok().says("OPENAI_API_KEY");
}

/// Only a test vault can be pointed elsewhere, so nothing else leads out of this machine.
#[test]
fn a_vault_for_real_keys_cannot_be_redirected() {
    let upstream = openai();
    let home = Home::empty(Door::InProcess);
    home.run(&["init"]).ok();
    let ca = home.path("ca.pem");
    fs::write(&ca, &upstream.ca_pem).unwrap();
    let address = upstream.address.to_string();
    let refused =
        home.run(&["upstream", "set", "api.openai.com", "--to", &address, "--ca", ca.to_str().unwrap()]);
    assert_ne!(refused.code, Some(0));
    assert!(refused.errors().contains("test vault"), "{}", refused.errors());
}
