//! `policy lint` and `policy diff` as people and pipelines run them: what is said, where, and with
//! which exit code. Neither needs a vault.
#![allow(clippy::disallowed_methods, clippy::unwrap_used, reason = "tests prepare and look at the machine")]

mod support;

use std::fs;

use support::{Door, Home};

const NOW: &str = "2026-11-23T10:00:00Z";

fn policy(most: u32, more: &str) -> String {
    format!(
        "policy: research\nversion: 1\nrules:\n  - id: bounded\n    effect: require\n    why: Bounded output.\n    \
         capabilities: [openai/chat-completions]\n    when: {{ body: {{ json: {{ /max_tokens: {{ lte: {most} }} }} }} }}\n{more}"
    )
}

#[test]
fn findings_stand_at_their_place_and_set_the_exit_code() {
    let home = Home::empty(Door::InProcess);
    let file = home.path("a.policy.yaml");
    let path = file.to_str().unwrap();
    let lint = |more: &str, flags: &[&str]| {
        fs::write(&file, policy(10, more)).unwrap();
        home.run(&[&["policy", "lint", path, "--now", NOW], flags].concat())
    };
    let clean = lint("", &[]);
    assert_eq!((clean.code, clean.text().as_str()), (Some(0), "Nothing found.\n"), "{clean:?}");

    let warned = lint("  - { id: freeze, effect: forbid, why: w, when: { methods: [PUT] } }\n", &[]);
    assert_eq!(warned.code, Some(0), "{warned:?}");
    assert!(warned.text().contains(&format!("{path}:9:5")) && warned.text().contains("P009"), "{warned:?}");
    let denied =
        lint("  - { id: freeze, effect: forbid, why: w, when: { methods: [PUT] } }\n", &["--deny-warnings"]);
    assert_eq!(denied.code, Some(1));

    let wrong = "  - { id: typo, effect: forbid, why: w, capabilities: [openai/chat-completion] }\n";
    let refused = lint(wrong, &["--format", "github"]);
    assert_eq!(refused.code, Some(1), "{refused:?}");
    assert!(
        refused.text().starts_with("::error file=") && refused.text().contains("line=9,col="),
        "{refused:?}"
    );
    let sarif: serde_json::Value = serde_json::from_str(&lint(wrong, &["--format", "sarif"]).text()).unwrap();
    assert_eq!(sarif["runs"][0]["results"][0]["ruleId"], "P001");
}

#[test]
fn a_wider_policy_is_shown_by_a_request_that_it_lets_through() {
    let home = Home::empty(Door::InProcess);
    let (old, new) = (home.path("old.policy.yaml"), home.path("new.policy.yaml"));
    fs::write(&old, policy(10, "")).unwrap();
    fs::write(&new, policy(20, "")).unwrap();
    let (old, new) = (old.to_str().unwrap(), new.to_str().unwrap());
    let wider = home.run(&["policy", "diff", old, new, "--fail-on", "widen", "--now", NOW]);
    assert_eq!(wider.code, Some(1), "{wider:?}");
    assert!(
        wider.text().contains("\"max_tokens\":20") && wider.text().contains("1 wider, 0 narrower."),
        "{wider:?}"
    );
    let narrower = home.run(&["policy", "diff", new, old, "--fail-on", "widen", "--format", "json"]);
    assert_eq!(narrower.code, Some(0), "{narrower:?}");
    let json = narrower.json();
    assert_eq!(json["changes"][0]["rule"], "research/bounded");
    let same = home.run(&["policy", "diff", new, new, "--fail-on", "any"]);
    assert_eq!((same.code, same.text().as_str()), (Some(0), "Nothing changes.\n"));
}

const ACME: &str = "\
provider: acme
name: Acme
category: test
docs: https://acme.example/docs
secrets: { ACME_KEY: { as: key } }
hosts: [api.acme.example]
auth: { type: header, name: acme-key, value: \"{{key}}\" }
act_as: [acme-account]
capabilities:
  things:
    summary: Read things
    allow: [{ methods: [GET], paths: [/v1/things] }]
    example: { method: GET, path: /v1/things }
    examples: { deny: [POST /v1/things] }
";

/// A host that a secret never went to is as much as a wider grant.
#[test]
fn a_secret_that_goes_elsewhere_is_told_and_fails() {
    let home = Home::empty(Door::InProcess);
    let file = home.path("same.policy.yaml");
    fs::write(&file, policy(10, "")).unwrap();
    let same = file.to_str().unwrap();
    let diff = |old: &str, new: &str| {
        for (folder, text) in [("old", old), ("new", new)] {
            fs::create_dir_all(home.path(folder)).unwrap();
            fs::write(home.path(folder).join("acme.yaml"), text).unwrap();
        }
        let (old, new) = (home.path("old"), home.path("new"));
        let folders = ["--providers-old", old.to_str().unwrap(), "--providers-new", new.to_str().unwrap()];
        let words = [&["policy", "diff", same, same, "--fail-on", "widen", "--now", NOW], &folders[..]];
        home.run(&words.concat())
    };
    let moved = diff(ACME, &ACME.replace("api.acme.example", "api.evil.example")).ends(1);
    assert_eq!(
        moved.text(),
        "changed acme/things: the secret now goes to api.evil.example, instead of to api.acme.example\n\
         0 wider, 0 narrower, 1 otherwise.\n"
    );
    let freed = diff(ACME, &ACME.replace("act_as: [acme-account]\n", "")).ends(1);
    let text = freed.text();
    assert!(text.starts_with("wider acme/things: the header `acme-account`, denied before\n"), "{text}");
    assert!(
        text.contains("    acme-account: x\n  old: denied (header.not_allowed)\n  new: allowed"),
        "{text}"
    );
    let sent = diff(ACME, &ACME.replace("{{key}}", "Key {{key}}")).ok();
    assert!(sent.text().contains("secrets now go in the header `acme-key: Key {{key}}`"), "{}", sent.text());
}
