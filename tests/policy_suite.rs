//! The project's own tests of policies, run as contributors run them, and what the commands
//! around them promise: `policy test`, `new`, `explain` and `check`.
#![allow(clippy::disallowed_methods, clippy::unwrap_used, reason = "tests prepare and look at the machine")]

mod support;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use aivault::policy::Reason;
use serde_json::Value;
use support::{Done, home};
use tempfile::TempDir;

fn run_in(folder: &Path, words: &[&str], input: &str) -> Done {
    let mut command = Command::new(home::program());
    command.args(words).env_clear().env("AIVAULT_DIR", folder.join("vault")).current_dir(folder);
    let done = Done::of(&mut command, input.as_bytes());
    assert!(!folder.join("vault").exists(), "no vault is made for it");
    done
}

fn of_the_project(words: &[&str]) -> Done {
    let folder = tempfile::tempdir().unwrap();
    let mut command = Command::new(home::program());
    command.args(words).env_clear().env("AIVAULT_DIR", folder.path()).current_dir(env!("CARGO_MANIFEST_DIR"));
    Done::of(&mut command, b"")
}

const POLICY: &str = "\
policy: research
version: 1
rules:
  - id: small-models
    effect: require
    why: Small models only.
    callers: [\"agent:*\"]
    capabilities: [openai/chat-completions]
    when:
      body: { json: { /model: { in: [gpt-4o-mini, gpt-4.1-mini] }, /max_tokens: { lte: 4096 } } }
  - id: rpm
    effect: limit
    why: Sixty a minute.
    limit: { max: 60, per: 1m, by: caller, cost: requests }
";

const TEST: &str = "\
suite: chat
policies: [research]
with:
  caller: agent:a
  capability: openai/chat-completions
  request: { method: POST }
cases:
  - name: a small model
    request: { json: { model: gpt-4o-mini, max_tokens: 1 } }
    expect: { decision: allow }
  - name: a large one
    request: { json: { model: gpt-5.2, max_tokens: 1 } }
    expect: { decision: deny, reason: require.failed, rules: [research/small-models] }
";

/// A folder with one policy and one file of tests.
struct Folder(TempDir);

impl Folder {
    fn new() -> Self {
        let folder = Self(tempfile::tempdir().unwrap());
        folder.write("policies/research.yaml", POLICY);
        folder.write("policy-tests/chat.test.yaml", TEST);
        folder
    }

    fn blessed() -> Self {
        let folder = Self::new();
        folder.run(&["policy", "test", "--policies", "policies", "--bless"]).ok();
        folder
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, name: &str, text: &str) {
        fs::create_dir_all(self.path(name).parent().unwrap()).unwrap();
        fs::write(self.path(name), text).unwrap();
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    fn edit(&self, name: &str, from: &str, to: &str) {
        let text = self.read(name);
        assert!(text.contains(from), "no `{from}` in {text}");
        self.write(name, &text.replace(from, to));
    }

    fn run(&self, words: &[&str]) -> Done {
        run_in(self.0.path(), words, "")
    }

    fn test(&self, more: &[&str]) -> Done {
        self.run(&[&["policy", "test", "--policies", "policies"], more].concat())
    }
}

const GOLDEN: &str = "policy-tests/chat.golden.yaml";

#[test]
fn the_projects_tests_pass_and_leave_nothing_untested() {
    let done = of_the_project(&["policy", "test", "--require-tests", "--coverage", "--min", "100"]).ok();
    let text = done.text();
    let lines: Vec<&str> = text.lines().collect();
    assert!(lines[0].ends_with(" passed, 0 failed") && lines.len() == 2, "{text}");
    assert!(lines[1].ends_with("(100%)"), "{text}");
}

/// Reasons that no file of tests can show, and why.
const NOT_IN_FILES: [(Reason, &str); 7] = [
    (Reason::CredentialMissing, "a test has no vault: tests/denials.rs"),
    (Reason::CredentialAmbiguous, "a test has no vault, and so no two credentials: tests/accounts.rs"),
    (Reason::AuthUnsupported, "every scheme that a file can name is there"),
    (Reason::PolicyBroken, "a file with a mistake is not run at all: tests/policy_broken.rs"),
    (Reason::TokenScope, "a test has no vault, and so no tokens: tests/caller_tokens.rs"),
    (Reason::TokenExpired, "a test has no vault, and so no tokens: tests/caller_tokens.rs"),
    (Reason::Internal, "what it stands for must not occur"),
];

#[test]
fn the_projects_tests_show_every_reason_there_is() {
    let report = of_the_project(&["policy", "test", "--format", "json"]).ok().json();
    let cases = report["files"].as_array().unwrap().iter().flat_map(|file| file["cases"].as_array().unwrap());
    let shown: BTreeSet<&str> = cases.map(|case| case["reason"].as_str().unwrap()).collect();
    let elsewhere = NOT_IN_FILES.map(|(reason, _)| reason.as_str());
    let all = Reason::ALL.map(Reason::as_str).into_iter().chain(["approval.pending"]);
    let expected: BTreeSet<&str> = all.filter(|reason| !elsewhere.contains(reason)).collect();
    assert_eq!(shown, expected);
}

/// What people read of a reason stands in the documentation, and nothing that is none does.
#[test]
fn the_documentation_names_every_reason() {
    let page = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/policy.md")).unwrap();
    let (_, section) = page.split_once("\n## Reasons\n").unwrap();
    let (section, _) = section.split_once("\n## ").unwrap();
    let mut named = BTreeSet::new();
    for row in section.lines().filter(|line| line.starts_with("| `")) {
        let codes = row.split('|').nth(1).unwrap();
        let mut family = "";
        for code in codes.split(',').map(|code| code.trim().trim_matches('`')) {
            family = if code.starts_with('.') { family } else { code.split('.').next().unwrap() };
            named.insert(if code.starts_with('.') { format!("{family}{code}") } else { code.to_owned() });
        }
    }
    let all = Reason::ALL.map(Reason::as_str).into_iter().chain(["approval.pending"]);
    assert_eq!(named, all.map(str::to_owned).collect());
}

/// `--providers` reads the very files that the binary was built from.
#[test]
fn providers_read_at_run_time_decide_as_the_built_in_ones() {
    let done = of_the_project(&["policy", "test", "--require-tests", "--providers", "providers"]).ok();
    done.says(" passed, 0 failed");
}

#[test]
fn goldens_never_hold_a_place_or_a_secret() {
    let folder = Folder::blessed();
    let golden = folder.read(GOLDEN);
    assert!(golden.contains("authorization: Bearer <secret:OPENAI_API_KEY>"), "{golden}");
    assert!(!golden.contains("chat.test.yaml") && !golden.contains("line"), "{golden}");
    folder.edit("policy-tests/chat.test.yaml", "cases:", "# moved down\n\ncases:");
    folder.test(&[]).ok().says("2 passed, 0 failed");
}

#[test]
fn an_unrecorded_case_fails_until_it_is_blessed() {
    let folder = Folder::new();
    folder.test(&[]).ends(1).says("run with --bless to record it");
    folder.test(&["--bless"]).ok().says("2 passed, 0 failed");
    let before = folder.read(GOLDEN);
    folder.test(&["--bless"]).ok();
    assert_eq!(folder.read(GOLDEN), before);
}

#[test]
fn blessing_refuses_what_its_author_did_not_expect() {
    let folder = Folder::blessed();
    let before = folder.read(GOLDEN);
    folder.edit("policies/research.yaml", "gpt-4o-mini, ", "");
    let done = folder.test(&["--bless"]).ends(1);
    done.says("decision: expected allow, got deny").says("not blessed");
    assert_eq!(folder.read(GOLDEN), before);
}

#[test]
fn a_changed_plan_is_shown_line_by_line() {
    let folder = Folder::blessed();
    folder.edit(GOLDEN, "used: 1", "used: 7");
    let done = folder.test(&[]).ends(1);
    done.says("policy-tests/chat.test.yaml:8:5")
        .says("-     used: 7")
        .says("+     used: 1")
        .says("1 passed, 1 failed");
    assert!(!done.text().contains('\u{1b}'));
}

#[test]
fn a_golden_case_without_a_test_is_named() {
    let folder = Folder::blessed();
    folder.edit("policy-tests/chat.test.yaml", "name: a large one", "name: another");
    folder.test(&[]).ends(1).says("the golden file has `a large one`, the test file does not");
}

#[test]
fn a_filter_selects_cases_by_suite_and_name() {
    let folder = Folder::blessed();
    folder.test(&["--filter", "^chat: a small"]).ok().says("1 passed, 0 failed");
    folder.test(&["--filter", "large one$", "-v"]).ok().says("a large one").says("deny require.failed");
    folder.test(&["--filter", "("]).ends(2);
    assert!(folder.test(&["--filter", "nothing"]).ends(2).errors().contains("no case"));
    folder.test(&["--filter", "x", "--bless"]).ends(2);
}

#[test]
fn what_is_required_and_missing_is_named() {
    let folder = Folder::blessed();
    let done = folder.test(&["--require-tests"]).ends(1);
    done.says("openai/models has no case that is allowed").says("openai/models has no case that is denied");
    assert!(
        !done.text().contains("chat-completions") && !done.text().contains("research/"),
        "{}",
        done.text()
    );
}

#[test]
fn mistakes_have_a_place_and_a_suggestion() {
    let folder = Folder::blessed();
    for (from, to, place, help) in [
        ("policies: [research]", "policies: [reserch]", "policy-tests/chat.test.yaml:2:12", "`research`"),
        (
            "/chat-completions",
            "/chat-completion",
            "policy-tests/chat.test.yaml:5:15",
            "`openai/chat-completions`",
        ),
        ("reason: require.failed", "reason: require.faild", ":13:39", "`require.failed`"),
        ("[research/small-models]", "[research/small-model]", ":13:63", "`research/small-models`"),
        ("decision: allow", "decision: alow", ":10:25", "`allow`"),
        ("request: { method", "reqest: { method", ":6:3", "`request`"),
        ("name: a large one", "name: a small model", ":11:11", "a second time"),
        ("caller: agent:a", "scope: nowhere", ":8:5", "group:w/g"),
    ] {
        let wrong = Folder::blessed();
        wrong.edit("policy-tests/chat.test.yaml", from, to);
        let done = wrong.test(&[]).ends(2);
        let errors = done.errors();
        assert!(errors.contains(place) && errors.contains(help), "{to}: {errors}");
        assert!(done.stdout.is_empty());
    }
    folder.edit("policies/research.yaml", "effect: require", "effect: requir");
    assert!(folder.test(&[]).ends(2).errors().contains("policies/research.yaml:5:13"));
    folder.run(&["policy", "test", "nowhere"]).ends(2);
    folder.test(&["--providers", "nowhere"]).ends(2);
}

#[test]
fn each_format_tells_of_the_failure() {
    let folder = Folder::blessed();
    folder.edit("policies/research.yaml", "gpt-4o-mini, ", "");
    let json = folder.test(&["--format", "json"]).ends(1).json();
    assert_eq!((json["passed"].as_u64(), json["failed"].as_u64()), (Some(1), Some(1)));
    assert_eq!(json["files"][0]["cases"][0]["line"], 8);
    folder
        .test(&["--format", "junit"])
        .ends(1)
        .says("tests=\"2\" failures=\"1\"")
        .says("<failure>decision: expected");
    folder
        .test(&["--format", "github"])
        .ends(1)
        .says("::error file=policy-tests/chat.test.yaml,line=8,col=5,title=a small");
    folder
        .test(&["--format", "tap"])
        .ends(1)
        .says("1..2")
        .says("not ok 1 - chat: a small model")
        .says("ok 2 -");
}

#[test]
fn new_tests_pass_at_once_and_overwrite_nothing() {
    let folder = Folder::new();
    fs::remove_dir_all(folder.path("policy-tests")).unwrap();
    let new = ["policy", "new", "openai/chat-completions"];
    folder.run(&new).ok().says("wrote policy-tests/openai/chat-completions.test.yaml");
    folder.run(&["policy", "test"]).ok().says("3 passed, 0 failed");
    let written = folder.read("policy-tests/openai/chat-completions.test.yaml");
    assert!(written.contains("# Another method on the same path."), "{written}");
    folder.edit("policy-tests/openai/chat-completions.test.yaml", "suite:", "# mine\nsuite:");
    let refused = folder.run(&new).ends(1);
    assert!(refused.errors().contains("not overwritten"), "{}", refused.errors());
    assert!(folder.read("policy-tests/openai/chat-completions.test.yaml").contains("# mine"));
    let unknown = folder.run(&["policy", "new", "openai/chat"]).ends(5);
    assert!(unknown.errors().contains("did you mean"), "{}", unknown.errors());
    folder.run(&["policy", "new"]).ends(2);
}

fn explain(folder: &Folder, model: &str, more: &[&str]) -> Done {
    let body = format!(r#"{{"model":"{model}","max_tokens":9000}}"#);
    let words = ["policy", "explain", "--capability", "openai/chat-completions", "--method", "POST"];
    let rest = ["--caller", "agent:a", "--body", &body, "--policies", "policies"];
    folder.run(&[&words[..], &rest, more].concat()).ok()
}

#[test]
fn an_explanation_names_the_condition_its_place_and_what_would_pass() {
    let folder = Folder::new();
    let done = explain(&folder, "o1-pro", &[]);
    done.says("deny  require.failed").says("policies/research.yaml:10:68");
    done.says("observed  9000").says("wanted    at most 4096");
    done.says("make the body's `/model` one of").says("make the body's `/max_tokens` at most 4096");
    let json = explain(&folder, "o1-pro", &["--json"]).json();
    let rule = &json["candidates"][1];
    assert_eq!(
        (rule["rule"].as_str(), rule["truth"].as_str()),
        (Some("research/small-models"), Some("false"))
    );
    assert_eq!(rule["failing"]["at"]["line"], 10);
}

#[test]
fn an_explanation_shows_the_plan_and_who_is_not_meant() {
    let folder = Folder::new();
    let words = ["policy", "explain", "--capability", "openai/chat-completions", "--body", "{}"];
    let done = folder.run(&[&words[..], &["--policies", "policies"]].concat()).ok();
    done.says("allow  grant.matched").says("research/rpm for uid:1000: 1 of 60");
    done.says("research/small-models: its callers select other requests");
    done.says("POST https://api.openai.com/v1/chat/completions").says("Bearer <secret:OPENAI_API_KEY>");
    let denied = folder.run(&["policy", "explain", "--capability", "openai/models", "--method", "PUT"]).ok();
    denied.says("deny  capability.method").says("allowed: GET");
    let rude = explain(&folder, "\u{202e}\\u001b[2J", &[]);
    assert!(!rude.text().contains(['\u{1b}', '\u{202e}']), "{}", rude.text());
}

#[test]
fn lines_are_checked_by_an_operators_rules() {
    let folder = Folder::new();
    let line = |body: &str, caller: &str| {
        format!(
            "{{\"capability\":\"openai/chat-completions\",\"method\":\"POST\",\"path\":\"/v1/chat/completions\",\
             \"caller\":\"{caller}\",\"body\":{body}}}\n"
        )
    };
    let small = r#"{"model":"gpt-4o-mini","max_tokens":1}"#;
    let lines = [line(small, "agent:a"), line("{}", "agent:a"), line("{}", "uid:1000")].concat();
    let words = ["policy", "check", "--json", "--policies", "policies"];
    let done = run_in(folder.0.path(), &words, &lines).ok();
    let answers: Vec<Value> = done.text().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let allowed: Vec<bool> = answers.iter().map(|answer| answer["allowed"].as_bool().unwrap()).collect();
    assert_eq!(allowed, [true, false, true]);
    assert_eq!(answers[1]["reason"], "require.failed");
    assert_eq!(answers[1]["rules"], serde_json::json!(["research/small-models"]));
    let plain = run_in(
        folder.0.path(),
        &words[..3],
        "{\"capability\":\"openai/models\",\"method\":\"GET\",\"path\":\"/v1/models\"}\n",
    );
    assert_eq!(
        plain.ok().text(),
        "{\"allowed\":true,\"capability\":\"openai/models\",\"reason\":\"grant.matched\"}\n"
    );
}

#[test]
fn a_case_can_say_what_a_person_answers() {
    let folder = Folder::new();
    folder.edit(
        "policies/research.yaml",
        "rules:\n",
        "rules:\n  - { id: ask, effect: approve, why: w, show: [/model] }\n",
    );
    folder.edit("policies/research.yaml", "max: 60", "max: 0");
    folder.edit("policy-tests/chat.test.yaml", "decision: allow", "decision: ask");
    folder.test(&["--bless"]).ok();
    let answered = |answer: &str, expected: &str| {
        let one = folder.read("policy-tests/chat.test.yaml");
        folder.edit(
            "policy-tests/chat.test.yaml",
            "small model\n",
            &format!("small model\n    answer: {answer}\n"),
        );
        folder.edit("policy-tests/chat.test.yaml", "decision: ask", &format!("decision: {expected}"));
        let done = folder.test(&["--bless"]);
        folder.write("policy-tests/chat.test.yaml", &one);
        done
    };
    // Only then is it charged.
    answered("approved", "deny, reason: limit.exceeded, rules: [research/rpm]").ok();
    answered("refused", "deny, reason: approval.refused, rules: [research/ask]").ok();
    assert!(!folder.read(GOLDEN).contains("limits:"), "{}", folder.read(GOLDEN));
    answered("timed_out", "deny, reason: approval.timed_out").ok();
    assert!(answered("refused", "ask").ends(2).errors().contains("chat.test.yaml:9:13"));
    assert!(answered("refusd", "deny").ends(2).errors().contains("`refused`"));
}

/// The worked policies of the documentation: what it prints is what stands in the files, and they
/// do what their tests say.
#[test]
fn the_worked_policies_are_tested_and_printed_as_they_are() {
    of_the_project(&["policy", "test", "docs/policies"]).ok();
    of_the_project(&["policy", "lint", "docs/policies", "--deny-warnings"]).ok();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let page = fs::read_to_string(root.join("docs/policy.md")).unwrap();
    for name in ["chat-budget", "stripe-read-only", "github-one-repository"] {
        let text = fs::read_to_string(root.join(format!("docs/policies/{name}.policy.yaml"))).unwrap();
        assert!(page.contains(&format!("```yaml\n{text}```")), "{name}");
    }
}

#[test]
fn what_tests_have_seen_is_told_beside_how_they_went_and_has_a_floor() {
    let folder = Folder::blessed();
    folder.test(&["--coverage"]).ok().says("2 passed, 0 failed\n").says("6 of 7 outcomes seen (85%)");
    folder.test(&["--coverage", "--min", "85"]).ok();
    let below = folder.test(&["--coverage", "--min", "86"]).ends(1);
    below.says("policies/research.yaml:10:68: research/small-models: the body's `/max_tokens` never failed");
    let json = folder.test(&["--coverage", "--min", "86", "--format", "json"]).ends(1).json();
    assert_eq!((json["passed"].as_u64(), json["coverage"]["percent"].as_u64()), (Some(2), Some(85)));
    assert!(folder.test(&["--format", "json"]).ok().json()["coverage"].is_null());
    folder.test(&["--min", "10"]).ends(2);
    folder.test(&["--coverage", "--filter", "chat"]).ends(2);
}
