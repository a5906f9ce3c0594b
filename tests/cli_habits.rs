//! What people expect of a command-line tool: quiet with a closed pipe, plain when piped,
//! helpful when misused, and never a panic.
#![allow(clippy::disallowed_methods, clippy::unwrap_used, reason = "tests prepare and look at the machine")]

mod support;

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt as _;
use std::process::{Command, Stdio};

use proptest::prelude::{
    ProptestConfig, Strategy, TestCaseError, any, prop_assert, prop_assert_eq, prop_oneof,
};
use proptest::test_runner::TestRunner;
use proptest::{collection, sample};
use support::{Done, Door, Home, Upstream, home, secrets};

const LISTS: &[&[&str]] = &[
    &["capability", "list"],
    &["capability", "describe", "openai/chat-completions"],
    &["secrets", "list"],
    &["status"],
    &["audit"],
    &["audit", "verify"],
    &["upstream", "list"],
];

fn furnished() -> (Home, Upstream) {
    let upstream = Upstream::serving(&["api.openai.com"]);
    let home = Home::with_openai(Door::InProcess, &upstream, secrets::OPENAI);
    (home, upstream)
}

/// Typed as people type it; `pipefail` makes the shell tell of any program that failed.
#[test]
fn head_takes_one_line() {
    let (home, _upstream) = furnished();
    for words in LISTS {
        let line = format!("set -o pipefail; \"$0\" {} | head -1", words.join(" "));
        let mut shell = Command::new("bash");
        shell
            .args(["-c", &line])
            .arg(home::program())
            .env("AIVAULT_DIR", home.vault())
            .env("AIVAULTD_DISABLE", "1");
        let done = Done::of(&mut shell, b"").ok();
        assert!(done.text().lines().count() == 1 && done.stderr.is_empty(), "{line}: {done:?}");
    }
}

/// The reader is gone before anything is written, so that each write meets a closed pipe.
#[test]
fn a_reader_that_left_is_no_error() {
    let (home, _upstream) = furnished();
    let calls: &[&[&str]] = &[
        &["invoke", "openai/chat-completions", "--body", "{}"],
        &["json", "openai/chat-completions", "--body", "{}"],
        &["markdown", "openai/chat-completions", "--body", "{}"],
        &["--help"],
        &["--version"],
        &["secrets", "create", "--name", "PIPED", "--value", "x"],
    ];
    for words in LISTS.iter().chain(calls) {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let mut command = home.command(Door::InProcess, words);
        let child = command.stdin(Stdio::null()).stdout(writer).stderr(Stdio::piped()).spawn().unwrap();
        // The command keeps its copy of the pipe's end otherwise.
        drop(command);
        let done = Done::wait_for(child, b"").ok();
        assert!(done.stderr.is_empty(), "{words:?}: {}", done.errors());
    }
    let listed = home.run(&["secrets", "list"]).ok();
    listed.says("PIPED");
}

#[test]
fn wrong_usage_exits_2_with_help() {
    let (home, upstream) = furnished();
    let wrong: &[&[&str]] = &[
        &[],
        &["secrets"],
        &["capability"],
        &["stauts"],
        &["status", "--jsno"],
        &["secrets", "create"],
        &["secrets", "create", "--name", "lower-case", "--value", "x"],
        &["secrets", "create", "--name", "A", "--value", "x", "--value-file", "y"],
        &["secrets", "create", "--name", "A", "--value", "x", "--scope", "group"],
        &["secrets", "delete"],
        &["invoke"],
        &["invoke", "openai/models", "--body", "{}", "--request", "{}"],
        &["invoke", "openai/models", "--header", "nameless"],
        &["invoke", "openai/models", "--request", "not json"],
        &["invoke", "openai/models", "--request", r#"{"url":"https://evil.example"}"#],
        &["audit", "--limit", "many"],
        &["upstream", "set", "api.openai.com"],
        &["init", "--provider", "none"],
    ];
    let mut helpless = Vec::new();
    for words in wrong {
        let done = home.run(words).ends(2);
        assert!(done.stdout.is_empty(), "{words:?}: {}", done.text());
        let errors = done.errors();
        if !["Usage:", "help:", "--help"].iter().any(|word| errors.contains(word)) {
            helpless.push(format!("{words:?}: {errors}"));
        }
    }
    assert!(helpless.is_empty(), "no help for:\n{}", helpless.join(""));
    assert_eq!(upstream.accepted(), 0);
    let typo = home.run(&["stauts"]).ends(2);
    assert!(typo.errors().contains("status"), "{}", typo.errors());
    for words in [&["--help"][..], &["help"], &["-h"], &["secrets", "--help"], &["invoke", "--help"]] {
        home.run(words).ok().says("Usage:");
    }
    let version = home.run(&["--version"]).ok();
    assert_eq!(version.text(), format!("aivault {}\n", env!("CARGO_PKG_VERSION")));
}

#[test]
fn lists_are_json_when_asked() {
    let (home, _upstream) = furnished();
    for words in LISTS {
        for flag in ["--json", "-v"] {
            if *words == ["audit", "verify"] && flag == "-v" {
                continue;
            }
            let done = home.run(&[words, &[flag][..]].concat()).ok();
            let json = done.json();
            assert!(json.is_array() || json.is_object(), "{words:?}: {json}");
            assert!(done.stderr.is_empty(), "{words:?}: {}", done.errors());
        }
    }
    let rows = home.run(&["capability", "list", "--json"]).ok().json();
    let rows = rows.as_array().expect("a list");
    assert!(rows.len() > 200 && rows.iter().all(|row| row["id"].is_string() && row["readiness"].is_string()));
}

#[test]
fn errors_are_json_when_asked() {
    let (home, _upstream) = furnished();
    let done = home.run(&["capability", "describe", "openai/chat", "--json"]).ends(5);
    let error: serde_json::Value = serde_json::from_slice(&done.stderr).unwrap();
    assert_eq!(
        (error["error"].as_str(), error["reason"].as_str()),
        (Some("capability_not_found"), Some("capability.unknown"))
    );
    assert!(error["message"].is_string() && error.as_object().unwrap().contains_key("help"));
}

/// Nothing but text goes into a pipe, whatever the environment says of colours.
#[test]
fn a_pipe_gets_plain_text() {
    let (home, _upstream) = furnished();
    let failing: &[&[&str]] = &[&["stauts"], &["invoke", "openai/none"], &["--help"]];
    for words in LISTS.iter().chain(failing) {
        let plain = home.run(words);
        let text = [plain.stdout.as_slice(), &plain.stderr].concat();
        assert!(!text.is_empty() && !text.contains(&0x1b), "{words:?}: {}", String::from_utf8_lossy(&text));
        let mut command = home.command(Door::InProcess, words);
        let loud =
            command.envs([("TERM", "xterm-256color"), ("CLICOLOR_FORCE", "1"), ("COLORTERM", "truecolor")]);
        let loud = Done::of(loud, b"");
        assert!(![loud.stdout, loud.stderr].concat().contains(&0x1b), "{words:?}");
    }
}

/// A name from outside is shown escaped, so that it cannot draw on a terminal.
#[test]
fn names_from_outside_cannot_move_the_cursor() {
    let (home, _upstream) = furnished();
    home.run(&["invoke", "openai/\u{1b}[2J\u{9b}1m\u{202e}x", "--method", "\u{1b}]0;t\u{7}"]).ends(5);
    home.run(&["invoke", "openai/models", "--path", "/v1/\u{1b}[2J"]).ends(3);
    for words in [&["audit"][..], &["audit", "--json"], &["audit", "-v"]] {
        let done = home.run(words).ok();
        let unsafe_to_show = |c: char| (c.is_control() && c != '\n') || c == '\u{202e}';
        assert!(!done.text().contains(unsafe_to_show), "{words:?}: {:?}", done.text());
    }
}

/// What `describe` shows as an example can be pasted, for each capability.
#[test]
fn examples_run_when_pasted() {
    let upstream =
        Upstream::serving(&["api.openai.com", "api.trello.com", "api.github.com", "api.anthropic.com"]);
    let home = Home::with(Door::InProcess, &upstream);
    for name in ["OPENAI_API_KEY", "TRELLO_API_KEY", "TRELLO_TOKEN", "GITHUB_TOKEN", "ANTHROPIC_API_KEY"] {
        home.store(name, "made-up-for-tests-0123456789");
    }
    for file in ["notes.pdf", "speech.mp3", "image.png", "photo.png", "batch.jsonl"] {
        std::fs::write(home.path(file), "content").unwrap();
    }
    let ready = home.run(&["capability", "list", "--ready", "--json"]).ok().json();
    let ready: Vec<&str> = ready.as_array().unwrap().iter().map(|row| row["id"].as_str().unwrap()).collect();
    assert!(ready.len() > 40, "{ready:?}");
    for id in ready {
        let shown = home.run(&["capability", "describe", id]).ok().text();
        let example = pasted(&shown).unwrap_or_else(|| panic!("no example in {shown}"));
        let mut shell = Command::new("/bin/sh");
        shell.args(["-c", &format!("aivault() {{ '{}' \"$@\"; }}\n{example}", home::program().display())]);
        shell
            .current_dir(home.path(""))
            .env_clear()
            .env("AIVAULT_DIR", home.vault())
            .env("AIVAULTD_DISABLE", "1");
        let done = Done::of(&mut shell, b"");
        let file_is_missing = done.code == Some(2) && done.errors().contains("No such file");
        assert!(done.code == Some(0) || file_is_missing, "{id}: {example}\n{}{}", done.text(), done.errors());
        assert!(file_is_missing || upstream.take().len() == 1, "{id}: {example}");
    }
}

/// The command under `Example:`, with the lines that continue it.
fn pasted(shown: &str) -> Option<String> {
    let (_, behind) = shown.split_once("xample")?;
    let lines = behind.lines().skip_while(|line| !line.trim_start().starts_with("aivault "));
    let mut command = String::new();
    for line in lines {
        command.push_str(line);
        command.push('\n');
        if !line.ends_with('\\') {
            break;
        }
    }
    (!command.is_empty()).then_some(command)
}

const WORDS: &[&str] = &[
    "status",
    "unlock",
    "lock",
    "secrets",
    "list",
    "update",
    "rotate",
    "delete",
    "import",
    "capability",
    "describe",
    "json",
    "md",
    "audit",
    "verify",
    "policy",
    "check",
    "upstream",
    "remove",
    "--json",
    "-v",
    "--name",
    "--id",
    "--scope",
    "global",
    "group",
    "--workspace-id",
    "--group-id",
    "--alias",
    "--value",
    "--entry",
    "--limit",
    "--before-ts-ms",
    "--provider",
    "--passphrase",
    "--namespace",
    "--wrap-field",
    "--help",
    "--",
    "-",
    "",
    "OPENAI_API_KEY",
    "openai/none",
    "18446744073709551616",
    "-1",
    "0",
    "{}",
    "a=b",
    "=",
    ":",
    "sec_0",
    "../../x",
];

fn word() -> impl Strategy<Value = OsString> {
    prop_oneof![
        6 => sample::select(WORDS).prop_map(OsString::from),
        2 => "[^\0]{0,40}".prop_map(OsString::from),
        1 => collection::vec(1_u8..=255, 0..40).prop_map(OsString::from_vec),
    ]
}

/// Holds `check` against 64 inputs, with one vault for all of them; some change it, and that is fine.
fn with_odd_inputs<T: std::fmt::Debug>(
    inputs: impl Strategy<Value = T>,
    check: impl Fn(&Home, T) -> Result<(), TestCaseError>,
) {
    let home = Home::test(Door::InProcess);
    home.store("OPENAI_API_KEY", secrets::OPENAI);
    let config = ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() };
    TestRunner::new(config)
        .run(&inputs, |input| check(&home, input))
        .unwrap_or_else(|error| panic!("{error}"));
}

#[test]
fn no_input_panics() {
    let words = collection::vec(word(), 0..7);
    let input = collection::vec(any::<u8>(), 0..64);
    with_odd_inputs((words, input), |home, (words, input)| {
        let done = home.run_with_input(&words, &input);
        prop_assert!(matches!(done.code, Some(0..=6 | 22)), "{words:?}: {done:?}");
        prop_assert!(!done.errors().contains("panicked"), "{words:?}: {}", done.errors());
        Ok(())
    });
}

#[test]
fn no_call_panics() {
    let texts = ("[^\0]{0,12}", "/?[^\0]{0,40}", "[^\0]{0,24}:[^\0]{0,24}", "[^\0]{0,40}");
    with_odd_inputs(texts, |home, (method, path, header, body)| {
        let call = ["invoke", "anthropic/messages", "--method", &method, "--path", &path];
        let done = home.run(&[&call[..], &["--header", &header, "--body", &body]].concat());
        prop_assert!(matches!(done.code, Some(2 | 3 | 5)), "{call:?} {header:?} {body:?}: {done:?}");
        Ok(())
    });
}

#[test]
fn each_line_of_a_policy_check_has_an_answer() {
    with_odd_inputs(collection::vec("[^\n\0]{1,60}", 1..8), |home, lines| {
        let done = home.run_with_input(&["policy", "check", "--json"], lines.join("\n").as_bytes());
        prop_assert_eq!(done.code, Some(0));
        for line in done.text().lines() {
            prop_assert!(serde_json::from_str::<serde_json::Value>(line).is_ok(), "{}", line);
        }
        Ok(())
    });
}
