//! Changes by rows, and the search held against trying everything.

mod settings;

use std::collections::BTreeSet;
use std::sync::LazyLock;

use proptest::prelude::*;

use super::{Cause, Change, Direction, Side, What, diff};
use crate::policy::{Admitted, Body, Call, Facts, Parts, RuleSet, Subject, Wanted, authorise, verdict};
use crate::spec::policy::{
    Absent, BodyWhen, Decimal, Effect, Fields, Glob, Instant, Kind, Pointer, Policy, Pred, Rule, RuleId,
    Scalar, Select, When, compile_policy,
};
use crate::spec::{Method, MethodSet, PathPattern, PolicyId, Provider, Scope, Source, compile_provider};
use crate::suite::known::Known;

const ACME: &str = r#"
provider: acme
name: Acme
category: test
docs: https://acme.example/docs
secrets: { ACME_KEY: { as: key } }
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
"#;

fn provider(text: &str) -> Provider {
    let checked = compile_provider(Source { name: "acme.yaml".to_owned(), text: text.to_owned() });
    let mistakes: Vec<String> = checked.diagnostics.iter().map(ToString::to_string).collect();
    checked.provider.unwrap_or_else(|| panic!("{mistakes:?}"))
}

static PROVIDER: LazyLock<Provider> = LazyLock::new(|| provider(ACME));

/// 2026-11-23T10:00:00Z, a Monday.
const NOW: Instant = Instant(1_795_428_000_000);

/// Rules about things, each by its effect and the rest of it.
fn rules(rules: &[&str]) -> RuleSet {
    if rules.is_empty() {
        return RuleSet::default();
    }
    let mut text = "policy: p\nversion: 1\nrules:\n".to_owned();
    for (index, rule) in rules.iter().enumerate() {
        text += &format!("  - {{ id: r{index}, why: w, capabilities: [\"acme/*\"], effect: {rule} }}\n");
    }
    let checked = compile_policy(Source { name: "p.policy.yaml".to_owned(), text });
    let mistakes: Vec<String> = checked.diagnostics.iter().map(ToString::to_string).collect();
    RuleSet::new([checked.policy.unwrap_or_else(|| panic!("{mistakes:?}"))], Vec::new())
}

fn changes(old: &[&str], new: &[&str]) -> Vec<Change> {
    let known = Known::new([&*PROVIDER]);
    let (old, new) = (rules(old), rules(new));
    let (old, new) = (Side { rules: &old, known: &known }, Side { rules: &new, known: &known });
    let comparison = diff(old, new, NOW);
    assert!(comparison.unfinished.is_empty());
    comparison.changes.iter().for_each(|change| confirm(change, old, new));
    comparison.changes
}

/// What is reported is so.
fn confirm(change: &Change, old: Side<'_>, new: Side<'_>) {
    let (old, new) = (change.witness.held_against(old), change.witness.held_against(new));
    let (strict, free) = match change.direction {
        Direction::Widens => (old, new),
        Direction::Narrows => (new, old),
    };
    match change.what {
        What::Permit => assert!(strict.is_denied() && !free.is_denied(), "{change:?}"),
        _ => assert!(!strict.is_denied() && !free.is_denied(), "{change:?}"),
    }
}

fn told(old: &[&str], new: &[&str]) -> Vec<(Direction, What)> {
    changes(old, new).iter().map(|change| (change.direction, change.what)).collect()
}

use Direction::{Narrows, Widens};
use What::{Approval, Limit, Permit, Redaction};

#[test]
fn a_bound_that_moves_is_shown_by_the_value_beside_it() {
    let bound = |most| format!("require, when: {{ body: {{ json: {{ /n: {{ lte: {most} }} }} }} }}");
    let found = changes(&[&bound(4096)], &[&bound(8192)]);
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!((found[0].direction, found[0].what), (Widens, Permit));
    let body: serde_json::Value = serde_json::from_str(found[0].witness.body.as_deref().unwrap()).unwrap();
    let number = body["n"].as_f64().unwrap();
    assert!(number > 4096.0 && number <= 8192.0, "{body}");
    assert_eq!(told(&[&bound(8192)], &[&bound(4096)]), [(Narrows, Permit)]);
}

#[test]
fn rules_that_come_and_go() {
    for rule in [
        "forbid",
        "forbid, when: { methods: [POST] }",
        "forbid, callers: [\"agent:research-*\"]",
        "forbid, scopes: [\"group:w/*\"]",
        "forbid, credentials: [work]",
        "forbid, not_before: \"2027-01-01T00:00:00Z\"",
        "forbid, when: { time: { days: [sat], utc: \"08:00-09:00\" } }",
        "forbid, when: { paths: [\"/v1/things/*/secret\"] }",
        "forbid, when: { query: { a: { glob: \"*-pro*\", absent: skip } } }",
        "require, when: { query: { only: [page] } }",
        "require, when: { headers: { only: [accept] } }",
        "require, when: { body: { max_bytes: 100 } }",
        "require, when: { body: { content_types: [application/json] } }",
        "require, when: { body: { form: { a: { eq: x } } } }",
        "require, when: { body: { multipart: { only: [file] } } }",
        "require, when: { body: { json: { /a/*/b: { in: [x, y] }, /a: { max_len: 3 } } } }",
        "require, any: [{ query: { q: { eq: a } } }, { query: { q: { not_in: [a] } } }]",
        "limit, limit: { max: 1, per: 1m, by: caller, cost: \"body:/n\" }",
    ] {
        assert!(told(&[rule], &[]).contains(&(Widens, Permit)), "{rule}");
        assert!(told(&[], &[rule]).contains(&(Narrows, Permit)), "{rule}");
        assert_eq!(told(&[rule], &[rule]), [], "{rule}");
    }
}

#[test]
fn effects_that_come_go_and_change() {
    let limit = |max| format!("limit, limit: {{ max: {max}, per: 1m, by: caller, cost: requests }}");
    assert_eq!(told(&[&limit(5)], &[&limit(9)]), [(Widens, Limit)]);
    assert_eq!(told(&[&limit(9)], &[&limit(5)]), [(Narrows, Limit)]);
    assert_eq!(told(&[], &["approve, when: { methods: [POST] }"]), [(Narrows, Approval)]);
    let redact = |fields| format!("redact, redact: {{ fields: [{fields}] }}");
    assert_eq!(told(&[&redact("a, b")], &[&redact("a")]), [(Widens, Redaction)]);
    let by = |by| format!("limit, limit: {{ max: 5, per: 1m, by: {by}, cost: requests }}");
    assert_eq!(told(&[&by("caller")], &[&by("rule")]), [(Widens, Limit), (Narrows, Limit)]);
    // What is denied all along is not counted, so that nothing changes.
    assert_eq!(told(&["forbid", &limit(5)], &["forbid", &limit(9)]), []);
}

#[test]
fn what_makes_no_difference_is_no_change() {
    for (old, new) in [
        ("forbid, when: { methods: [POST, DELETE] }", "forbid, when: { methods: [POST] }"),
        (
            "require, when: { query: { n: { in: [a, b] } } }",
            "require, when: { query: { n: { in: [b, a] } } }",
        ),
        ("forbid, shadow: true", "forbid, shadow: true, when: { methods: [GET] }"),
        (
            "limit, shadow: true, limit: { max: 1, per: 1m, by: rule, cost: \"body:/n\" }",
            "forbid, shadow: true",
        ),
    ] {
        assert_eq!(told(&[old], &[new]), [], "{old} {new}");
    }
}

#[test]
fn a_rule_that_is_tried_out_has_no_effect_until_it_is_put_to_work() {
    for (rule, what) in [
        ("forbid, when: { methods: [POST] }", Permit),
        ("require, when: { body: { json: { /n: { lte: 5 } } } }", Permit),
        ("approve, when: { methods: [POST] }", Approval),
        ("limit, limit: { max: 1, per: 1m, by: caller, cost: requests }", Limit),
        ("redact, redact: { fields: [a] }", Redaction),
    ] {
        let shadow = rule.replacen(',', ", shadow: true,", 1);
        assert_eq!(told(&[&shadow], &[rule]), [(Narrows, what)], "{rule}");
        assert_eq!(told(&[rule], &[&shadow]), [(Widens, what)], "{rule}");
    }
}

#[test]
fn grants_that_change() {
    let wider = provider(&ACME.replace("paths: [/v1/things] }", "paths: [/v1/things, /v1/others] }"));
    let rules = rules(&["forbid, when: { paths: [/v1/things] }"]);
    let (before, after) = (Known::new([&*PROVIDER]), Known::new([&wider]));
    let (old, new) = (Side { rules: &rules, known: &before }, Side { rules: &rules, known: &after });
    let found = diff(old, new, NOW).changes;
    assert_eq!(found.len(), 1);
    assert_eq!((found[0].direction, &found[0].cause), (Widens, &Cause::Grant));
    assert_eq!((found[0].witness.path.as_str(), found[0].witness.method), ("/v1/others", Method::Post));
    let gone = diff(new, Side { known: &Known::new([]), ..new }, NOW).changes;
    assert_eq!((gone.len(), gone[0].direction, &gone[0].cause), (1, Narrows, &Cause::Grant));
}

/// A request of a small world, granted and read.
struct Asked {
    caller: &'static str,
    admitted: Admitted<'static>,
    body: Body,
}

static KNOWN: LazyLock<Known<'static>> = LazyLock::new(|| Known::new([&*PROVIDER]));

static WORLD: LazyLock<Vec<Asked>> = LazyLock::new(|| {
    let mut all = Vec::new();
    for (method, path) in [("GET", "/v1/things"), ("GET", "/v1/things/a"), ("POST", "/v1/things")] {
        for query in ["", "?n=1", "?n=5", "?m=1"] {
            for body in ["", "{}", "{\"a\":1}", "{\"a\":5}", "{\"a\":\"x\"}"] {
                for caller in ["uid:1000", "agent:a"] {
                    all.push(asked(caller, method, format!("{path}{query}"), body));
                }
            }
        }
    }
    all
});

fn asked(caller: &'static str, method: &str, path: String, body: &str) -> Asked {
    let announced = || ("content-type".to_owned(), "application/json".to_owned());
    let call = Call {
        capability: "acme/things".to_owned(),
        credential: None,
        scope: Scope::Global,
        method: Some(method.to_owned()),
        path: Some(path),
        headers: (!body.is_empty()).then(announced).into_iter().collect(),
        has_body: !body.is_empty(),
    };
    let admitted = authorise(&*KNOWN, &call).unwrap();
    let needed = Parts { outline: true, json: true, ..Parts::default() };
    let wanted = Wanted { needed, shadow: Parts::default() };
    let body = Body::read(admitted.request(), body.as_bytes(), wanted).unwrap();
    Asked { caller, admitted, body }
}

impl Asked {
    /// The rules that deny it; none where it passes.
    fn denied_by(&self, rules: &RuleSet) -> Vec<RuleId> {
        let facts = Facts { caller: self.caller, scope: &Scope::Global, credential: "acme", now: NOW };
        let applicable = rules.applicable(&self.admitted, &facts).unwrap();
        let subject = Subject { request: self.admitted.request(), facts, body: &self.body };
        verdict(applicable.rules(), &subject).err().map(|denial| denial.rules).unwrap_or_default()
    }
}

fn blank(absent: Absent) -> Pred {
    Pred {
        eq: None,
        one_of: None,
        not_in: None,
        lte: None,
        gte: None,
        max_len: None,
        glob: None,
        kind: None,
        absent,
    }
}

fn number(number: u64) -> Scalar {
    Scalar::Number(Decimal::from(number))
}

fn pred(scalar: fn(u64) -> Scalar) -> impl Strategy<Value = Pred> {
    (0_usize..7, any::<bool>()).prop_map(move |(which, holds)| {
        let blank = blank(if holds { Absent::Holds } else { Absent::Fails });
        match which {
            0 => Pred { eq: Some(scalar(1)), ..blank },
            1 => Pred { one_of: Some(vec![scalar(1), scalar(5)]), ..blank },
            2 => Pred { not_in: Some(vec![scalar(1)]), ..blank },
            3 => Pred { lte: Some(Decimal::from(3)), ..blank },
            4 => Pred { gte: Some(Decimal::from(3)), ..blank },
            5 => Pred { kind: Some(Kind::String), ..blank },
            _ => blank,
        }
    })
}

fn text(number: u64) -> Scalar {
    Scalar::Text(number.to_string())
}

fn when() -> impl Strategy<Value = When> {
    let methods = prop::option::of((0_usize..3).prop_map(|which| match which {
        0 => MethodSet::of(&[Method::Get]),
        1 => MethodSet::of(&[Method::Post]),
        _ => MethodSet::of(&[Method::Get, Method::Post]),
    }));
    let paths = prop::option::weighted(
        0.3,
        any::<bool>().prop_map(|exact| {
            vec![PathPattern::parse(if exact { "/v1/things" } else { "/v1/things/*" }).unwrap()]
        }),
    );
    let query =
        prop::option::of((prop::option::of(pred(text)), any::<bool>()).prop_map(|(pred, only)| Fields {
            only: only.then(Vec::new),
            preds: pred.into_iter().map(|pred| ("n".to_owned(), pred)).collect(),
        }));
    let body = prop::option::of(pred(number).prop_map(|pred| BodyWhen {
        json: vec![(Pointer::parse("/a").unwrap(), pred)],
        ..BodyWhen::default()
    }));
    (methods, paths, query, body).prop_map(|(methods, paths, query, body)| When {
        methods,
        paths,
        query,
        body,
        ..When::default()
    })
}

fn rule() -> impl Strategy<Value = Rule> {
    (any::<bool>(), prop::option::weighted(0.3, Just("agent:*")), prop::collection::vec(when(), 1..3))
        .prop_map(|(forbids, callers, any)| Rule {
            id: RuleId::parse("p/r").unwrap(),
            position: 0,
            why: "w".to_owned(),
            effect: if forbids { Effect::Forbid } else { Effect::Require },
            shadow: false,
            select: Select {
                callers: callers.map(|glob| vec![Glob::parse(glob).unwrap()]),
                ..Select::default()
            },
            any,
            says_any: true,
            wait_seconds: 300,
        })
}

fn set(all: &[Rule], bits: u8) -> RuleSet {
    let chosen = all.iter().enumerate().filter(|(index, _)| bits & (1 << index) != 0);
    let named = chosen
        .map(|(index, rule)| Rule { id: RuleId::parse(&format!("p/r{index}")).unwrap(), ..rule.clone() });
    RuleSet::new([Policy { id: PolicyId::parse("p").unwrap(), rules: named.collect() }], Vec::new())
}

/// The rules that stop some request of the small world on the one side, while the other lets it
/// pass: from old to new, and from new to old.
fn by_trying_all(old: &RuleSet, new: &RuleSet) -> [BTreeSet<RuleId>; 2] {
    let (mut widening, mut narrowing) = (BTreeSet::new(), BTreeSet::new());
    for asked in WORLD.iter() {
        let (before, after) = (asked.denied_by(old), asked.denied_by(new));
        match (before.is_empty(), after.is_empty()) {
            (false, true) => widening.extend(before),
            (true, false) => narrowing.extend(after),
            _ => {}
        }
    }
    [widening, narrowing]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(10_000))]

    /// Whatever trying every request of a small world finds, the search finds too, with the rule
    /// that did it; and whatever the search reports is so.
    #[test]
    fn nothing_that_changes_is_missed(all in prop::collection::vec(rule(), 1..4), old in 0_u8..8, new in 0_u8..8) {
        let (before, after) = (set(&all, old), set(&all, new));
        let (old, new) = (Side { rules: &before, known: &KNOWN }, Side { rules: &after, known: &KNOWN });
        let comparison = diff(old, new, NOW);
        prop_assert!(comparison.unfinished.is_empty());
        for change in &comparison.changes {
            confirm(change, old, new);
        }
        for (direction, found) in [Widens, Narrows].into_iter().zip(by_trying_all(&before, &after)) {
            let mine = comparison.changes.iter().filter(|change| change.direction == direction);
            let told: BTreeSet<&Cause> = mine.map(|change| &change.cause).collect();
            for rule in found {
                prop_assert!(told.contains(&Cause::Rule(rule.clone())), "{direction:?} by {rule}: {:?}", all);
            }
        }
    }
}
