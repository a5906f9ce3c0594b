//! What is found, by rows: a policy, and the code and line of each finding.

use super::{Context, Tested, policies, provider_files};
use crate::spec::policy::Instant;
use crate::spec::{Diagnostic, Provider, Source, compile_provider};
use crate::suite::known::Known;

pub(super) const ACME: &str = r#"
provider: acme
name: Acme
category: test
docs: https://acme.example/docs
secrets: { ACME_KEY: { as: key, pattern: "^ak-[a-z0-9]{16,}$" } }
hosts: [api.acme.example]
auth: { type: header, name: acme-key, value: "{{key}}" }
capabilities:
  things:
    summary: Read and make things
    allow:
      - { methods: [GET], paths: ["/v1/things/**"] }
      - { methods: [POST], paths: [/v1/things] }
    example: { method: GET, path: /v1/things }
    examples: { deny: [DELETE /v1/things] }
  payouts:
    summary: Pay
    risk: spend
    allow: [{ methods: [GET, POST], paths: [/v1/payouts, /v1/things/payout] }]
    example: { method: POST, path: /v1/payouts }
    examples: { deny: [DELETE /v1/payouts] }
"#;

fn source(name: &str, text: &str) -> Source {
    Source { name: name.to_owned(), text: text.to_owned() }
}

fn acme() -> Provider {
    let checked = compile_provider(source("acme.yaml", ACME));
    let mistakes: Vec<String> = checked.diagnostics.iter().map(ToString::to_string).collect();
    checked.provider.unwrap_or_else(|| panic!("{mistakes:?}"))
}

fn found_with(text: &str, tested: Option<&Tested>) -> Vec<Diagnostic> {
    let acme = acme();
    let known = Known::new([&acme]);
    let now = Instant::parse("2026-11-23T10:00:00Z").unwrap();
    policies(vec![source("a.policy.yaml", text)], &Context { known: &known, now, tested })
}

/// Code and line of each finding; the rules begin on line 4.
fn found(rules: &str) -> Vec<(&'static str, usize)> {
    let found = found_with(&format!("policy: a\nversion: 1\nrules:\n{rules}"), None);
    found.iter().map(|one| (one.finding.code.as_str(), one.line)).collect()
}

/// A rule about things, with more of it.
fn rule(effect: &str, more: &str) -> String {
    format!("  - {{ id: a, effect: {effect}, why: w, capabilities: [acme/things], {more} }}\n")
}

#[test]
fn a_sound_policy_is_not_blamed() {
    let rules = rule("require", "when: { methods: [GET], query: { only: [page] } }");
    assert_eq!(found(&rules), []);
}

#[test]
fn names_that_nobody_has() {
    for select in [
        "capabilities: [acme/thing]",
        "capabilities: [\"acmee/*\"]",
        "callers: [\"agnet:x\"]",
        "callers: [research]",
        "callers: [\"research-*\"]",
        "scopes: [\"workspce:w\"]",
        "scopes: [globl]",
    ] {
        let rule = format!("  - {{ id: a, effect: forbid, why: w, {select} }}\n");
        assert!(found(&rule).contains(&("P001", 4)), "{select}: {:?}", found(&rule));
    }
    for select in [
        "callers: [\"*\", \"a*\", \"agent:*\", \"uid:1000\", \"[a-z]*\"]",
        "scopes: [global, \"group:w/*\", \"g*\"]",
    ] {
        assert_eq!(found(&rule("forbid", select)), [], "{select}");
    }
    let text =
        "policy: a\nversion: 1\nrules:\n  - { id: a, effect: forbid, why: w, capabilities: [acme/thing] }\n";
    assert_eq!(found_with(text, None)[0].finding.help.as_deref(), Some("did you mean `acme/things`?"));
}

#[test]
fn what_can_never_matter() {
    for (when, code) in [
        ("methods: [GET, DELETE]", "P002"),
        ("paths: [/v1/things, /v2/things]", "P002"),
        ("headers: { acme-key: { eq: x, absent: skip } }", "P002"),
        ("headers: { host: { eq: x, absent: skip } }", "P002"),
        ("methods: [DELETE]", "P005"),
        ("paths: [/v2/things]", "P005"),
        ("methods: [POST], paths: [\"/v1/things/*\"]", "P005"),
        ("headers: { only: [accept, authorization] }", "P012"),
        ("headers: { only: [acme-key] }", "P012"),
    ] {
        assert_eq!(found(&rule("forbid", &format!("when: {{ {when} }}"))), [(code, 4)], "{when}");
    }
    assert_eq!(found(&rule("forbid", "risk: [write, spend]")), [("P002", 4)]);
}

#[test]
fn predicates_that_contradict_themselves() {
    for pred in [
        "gte: 5, lte: 4",
        "eq: a, in: [b, c]",
        "in: [a, b], not_in: [b, a]",
        "eq: 5, lte: 4",
        "eq: abc, max_len: 2",
        "eq: abc, glob: \"x*\"",
        "eq: 5, type: string",
        "type: number, glob: \"x*\"",
        "type: boolean, lte: 4",
    ] {
        let json = rule("require", &format!("when: {{ body: {{ json: {{ /a: {{ {pred} }} }} }} }}"));
        assert_eq!(found(&json), [("P005", 4)], "{pred}");
    }
    assert_eq!(found(&rule("require", "when: { query: { a: { type: array } } }")), [("P005", 4)]);
    for pred in ["gte: 4, lte: 4", "in: [a, b], not_in: [b]", "eq: 4, lte: 4", "type: array, max_len: 2"] {
        let json = rule("require", &format!("when: {{ body: {{ json: {{ /a: {{ {pred} }} }} }} }}"));
        assert_eq!(found(&json), [], "{pred}");
    }
}

#[test]
fn a_path_that_hardly_narrows() {
    let broad = rule("require", "when: { paths: [\"/v1/**\"] }");
    assert_eq!(found(&broad), [("P007", 4)]);
    assert_eq!(found(&rule("forbid", "when: { paths: [\"/v1/**\"] }")), []);
}

fn two(first: &str, second: &str) -> Vec<(&'static str, usize)> {
    let second = second.replace("id: a,", "id: b,");
    found(&format!("{first}{second}"))
}

#[test]
fn a_rule_that_another_covers() {
    let forbid =
        |max: u32| rule("forbid", &format!("when: {{ query: {{ n: {{ lte: {max}, absent: skip }} }} }}"));
    assert_eq!(two(&forbid(5), &forbid(5)), [("P004", 5)]);
    assert_eq!(two(&forbid(3), &forbid(5)), [("P004", 4)]);
    let require = |max: u32| rule("require", &format!("when: {{ query: {{ n: {{ lte: {max} }} }} }}"));
    assert_eq!(two(&require(3), &require(5)), [("P004", 5)]);
    let limit =
        |max: u32| rule("limit", &format!("limit: {{ max: {max}, per: 1m, by: caller, cost: requests }}"));
    assert_eq!(two(&limit(3), &limit(5)), [("P004", 5)]);
    let shadow = forbid(5).replace("why: w", "why: w, shadow: true");
    assert_eq!(two(&shadow, &forbid(3)), []);
    let narrower = forbid(3).replace("why: w", "why: w, callers: [\"agent:a-1\"]");
    assert_eq!(two(&forbid(5), &narrower), [("P004", 5)]);
}

#[test]
fn what_a_forbid_leaves_unreachable() {
    let wall = rule("forbid", "callers: [\"agent:*\"]");
    let behind = rule("require", "callers: [\"agent:a*\"], when: { methods: [GET] }");
    assert_eq!(two(&wall, &behind), [("P003", 5)]);
    let beside = rule("require", "callers: [\"uid:*\"], when: { methods: [GET] }");
    assert_eq!(two(&wall, &beside), []);
    let any = rule("require", "any: [{ methods: [GET] }, { methods: [GET], query: { only: [] } }]");
    assert_eq!(found(&any), [("P003", 4)]);
}

#[test]
fn everyone_and_everything() {
    assert_eq!(found("  - { id: a, effect: forbid, why: w, when: { methods: [POST] } }\n"), [("P009", 4)]);
    assert_eq!(
        found("  - { id: a, effect: forbid, why: w, risk: [spend], when: { methods: [POST] } }\n"),
        []
    );
}

#[test]
fn money_without_a_bound() {
    let require = "  - { id: a, effect: require, why: w, capabilities: [acme/payouts], when: { query: { only: [] } } }\n";
    assert_eq!(found(require), [("P010", 4)]);
    let limit = "  - { id: b, effect: limit, why: w, risk: [spend], limit: { max: 9, per: 1d, by: rule, cost: requests } }\n";
    assert_eq!(found(&format!("{require}{limit}")), []);
    let of_others = limit.replace("why: w", "why: w, callers: [\"agent:x\"]");
    assert_eq!(found(&format!("{require}{of_others}")), [("P010", 4)]);
    assert_eq!(found(&require.replace("why: w", "why: w, not_after: 2026-12-01T00:00:00Z")), []);
}

#[test]
fn times_that_are_over_or_far() {
    for (not_after, expected) in [
        ("2026-11-23T10:00:00Z", vec![("P013", 4)]),
        ("2026-12-23T10:00:00Z", vec![]),
        ("2027-12-23T10:00:00Z", vec![("P013", 4)]),
    ] {
        assert_eq!(found(&rule("forbid", &format!("not_after: \"{not_after}\""))), expected, "{not_after}");
    }
}

#[test]
fn rules_that_no_test_has_seen() {
    let text = format!("policy: a\nversion: 1\nrules:\n{}", rule("forbid", "when: { methods: [POST] }"));
    let mut tested = Tested::default();
    tested.passing.insert("a/a".to_owned());
    assert_eq!(found_with(&text, Some(&tested))[0].finding.message, "`a/a`: no test sees it stop a request");
    tested.stopping.insert("a/a".to_owned());
    assert!(found_with(&text, Some(&tested)).is_empty());
}

#[test]
fn a_secret_is_found_and_never_shown() {
    // Put together here, so that no scanner takes this file for a leak.
    let secret = format!("ak-{}", "0a1b2c3d".repeat(3));
    let random = ["Zx8Qw3Er", "Ty7Ui2Op", "As6Df1Gh"].concat();
    for value in [&secret, &random] {
        for text in [
            format!(
                "policy: a\nversion: 1\nrules:\n{}",
                rule("forbid", &format!("when: {{ query: {{ n: {{ eq: {value}, absent: skip }} }} }}"))
            ),
            format!("policy: a\nversion: 1 # {value}\nrules: nonsense\n"),
        ] {
            let found = found_with(&text, None);
            assert!(found.iter().any(|one| one.finding.code.as_str() == "P015"), "{text}");
            assert!(found.iter().all(|one| !one.render(false).contains(value.as_str())
                && !one.to_string().contains(value.as_str())));
        }
    }
    let named = "  - { id: a, effect: forbid, why: see claude-3-5-sonnet-20241022 and 2b1c0c6e-8c1d-4d0e-9a3f-111122223333, capabilities: [acme/things] }\n";
    assert_eq!(found(named), []);
}

#[test]
fn an_ignore_drops_what_it_names_and_nothing_else() {
    let finding = "  - { id: a, effect: forbid, why: w, when: { methods: [POST] } }";
    assert_eq!(found(&format!("{finding} # aivault-ignore: P009 a freeze\n")), []);
    assert_eq!(found(&format!("  # aivault-ignore: P009 a freeze\n\n  # for all\n{finding}\n")), []);
    assert_eq!(found(&format!("{finding} # aivault-ignore: P009\n")), [("P009", 4), ("P118", 4)]);
    assert_eq!(found(&format!("{finding} # aivault-ignore: P002 x\n")), [("P009", 4), ("P118", 4)]);
    assert_eq!(found(&format!("{finding} # aivault-ignore: P999 x\n")), [("P009", 4), ("P118", 4)]);
    let quoted = finding.replace("why: w", "why: 'see # aivault-ignore: P009 x'");
    assert_eq!(found(&format!("{quoted}\n")), [("P009", 4)]);
}

#[test]
fn provider_files_are_looked_at_too() {
    let found = provider_files(&[compile_provider(source("providers/acme.yaml", ACME))]);
    let codes: Vec<_> = found.iter().map(|one| (one.finding.code.as_str(), one.line)).collect();
    assert_eq!(codes, [("P006", 13), ("P008", 20)]);
    assert!(found[0].finding.message.contains("GET /v1/things/payout"), "{}", found[0].finding.message);
    let typo = ACME.replace("methods: [POST]", "methods: [POTS]");
    let found = provider_files(&[compile_provider(source("providers/acme.yaml", &typo))]);
    assert_eq!(found[0].finding.code.as_str(), "P103");
}

/// Every code that a person can meet can be looked up.
#[test]
fn each_code_has_its_section() {
    let page = include_str!("../../../docs/lints.md");
    let wanted: Vec<String> =
        crate::spec::Code::ALL.iter().map(|code| format!("## {}: {}", code.as_str(), code.title())).collect();
    let headings: Vec<&str> = page.lines().filter(|line| line.starts_with("## P")).collect();
    assert_eq!(headings, wanted);
}
