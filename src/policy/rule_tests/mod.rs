//! What rules promise, over rules and requests drawn at random: they only narrow, their order
//! means nothing, and a second implementation reads them alike.

mod generate;
mod naive;

use std::sync::LazyLock;

use proptest::prelude::{Just, ProptestConfig, Strategy, prop_assert, prop_assert_eq, proptest};
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;
use proptest::{collection, sample};
use serde_json::{Value, json};

use super::tests::{call, catalog_once};
use super::{Admitted, Body, Denial, Facts, RuleSet, Verdict, authorise, judge};
use crate::spec::policy::{Instant, Policy, Rule, compile_policy};
use crate::spec::{PolicyId, RuleId, Scope, Source};
use generate::{Asked, Content};

/// How a request is decided by rules, for comparison.
#[derive(Debug, PartialEq, Eq)]
struct Decided {
    denied: bool,
    reason: Option<&'static str>,
    rules: Vec<String>,
    approvals: Vec<String>,
    charges: Vec<String>,
    redactions: Vec<String>,
    shadows: Vec<String>,
}

/// A rule as written, and as compiled.
#[derive(Debug, Clone)]
struct Written {
    document: Value,
    rule: Rule,
}

impl Written {
    /// The rule of this document, as the rule `name` of the policy `p`.
    fn new(name: &str, mut document: Value) -> Self {
        document["id"] = json!(name);
        let text = json!({ "policy": "p", "version": 1, "rules": [document] }).to_string();
        let checked = compile_policy(Source { name: "p.policy.yaml".to_owned(), text });
        let mistakes: Vec<String> = checked.diagnostics.iter().map(ToString::to_string).collect();
        let policy = checked.policy.unwrap_or_else(|| panic!("{mistakes:?}"));
        Self { document, rule: policy.rules[0].clone() }
    }

    fn shadow(mut self) -> Self {
        self.rule.shadow = true;
        self
    }
}

/// Compiling takes far longer than judging, so cases draw from rules that are compiled once.
static POOL: LazyLock<Vec<Written>> = LazyLock::new(|| {
    let mut runner =
        TestRunner::new(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() });
    let mut draw = || generate::rule().new_tree(&mut runner).unwrap().current();
    (0..2_000).map(|number| Written::new(&format!("r{number}"), draw())).collect()
});

fn rule() -> impl Strategy<Value = Written> {
    (0..POOL.len()).prop_map(|index| POOL[index].clone())
}

/// Up to so many different rules.
fn rules(most: usize) -> impl Strategy<Value = Vec<Written>> {
    collection::btree_set(0..POOL.len(), 0..=most)
        .prop_map(|set| set.into_iter().map(|index| POOL[index].clone()).collect())
}

fn in_force(rules: &[Written]) -> RuleSet {
    let id = PolicyId::from_static("p");
    let one = |written: &Written| Policy { id: id.clone(), rules: vec![written.rule.clone()] };
    RuleSet::new(rules.iter().map(one), Vec::new())
}

fn bytes(asked: &Asked) -> (Vec<u8>, Option<&'static str>) {
    match &asked.body {
        Content::None => (Vec::new(), None),
        Content::Json(json) => (json.to_string().into_bytes(), Some("application/json")),
        Content::Form(pairs) => {
            let text: Vec<String> = pairs.iter().map(|(name, value)| format!("{name}={value}")).collect();
            (text.join("&").into_bytes(), Some("application/x-www-form-urlencoded"))
        }
        Content::Text(text) => (text.clone().into_bytes(), Some("text/plain")),
    }
}

fn admitted(asked: &Asked, content_type: Option<&str>) -> Admitted<'static> {
    let query: Vec<String> = asked.query.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let target =
        if query.is_empty() { asked.path.clone() } else { format!("{}?{}", asked.path, query.join("&")) };
    let mut call = call("acme/anything", Some(&asked.method), Some(&target));
    call.headers = asked.headers.clone();
    call.headers.extend(content_type.map(|value| ("content-type".to_owned(), value.to_owned())));
    authorise(catalog_once(), &call).unwrap()
}

fn decide(rules: &RuleSet, asked: &Asked, bytes: &[u8], content_type: Option<&str>) -> Decided {
    let admitted = admitted(asked, content_type);
    let facts = Facts { caller: &asked.caller, scope: &Scope::Global, credential: "acme", now: Instant(0) };
    let judged = rules.applicable(&admitted, &facts).and_then(|applicable| {
        let body = Body::read(admitted.request(), bytes, applicable.wanted())?;
        judge(admitted, &applicable, facts, &body, None).map(|conditional| decided(conditional.verdict()))
    });
    judged.unwrap_or_else(|denial| denied(&denial))
}

fn decided(verdict: &Verdict) -> Decided {
    let names = |ids: &[RuleId]| ids.iter().map(ToString::to_string).collect();
    Decided {
        denied: false,
        reason: None,
        rules: names(&verdict.rules),
        approvals: verdict.approvals.iter().map(|one| one.rule.to_string()).collect(),
        charges: verdict.charges.iter().map(|one| one.rule.to_string()).collect(),
        redactions: verdict.redactions.iter().map(|one| one.rule.to_string()).collect(),
        shadows: names(&verdict.shadows),
    }
}

fn denied(denial: &Denial) -> Decided {
    Decided {
        denied: true,
        reason: Some(denial.reason.as_str()),
        rules: denial.rules.iter().map(ToString::to_string).collect(),
        approvals: Vec::new(),
        charges: Vec::new(),
        redactions: Vec::new(),
        shadows: Vec::new(),
    }
}

/// Bodies as clients send them, and as nobody should.
fn any_bytes() -> impl Strategy<Value = (Vec<u8>, Option<&'static str>)> {
    let kinds = vec![
        None,
        Some("application/json"),
        Some("application/x-www-form-urlencoded"),
        Some("multipart/form-data; boundary=b"),
        Some("text/plain; charset=latin1"),
    ];
    ("[{}\\[\\]\",:ab1=&;%]{0,12}", sample::select(kinds)).prop_map(|(text, kind)| (text.into_bytes(), kind))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 10_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn two_implementations_read_rules_alike(rules in rules(4), mut asked in generate::asked()) {
        let (bytes, content_type) = bytes(&asked);
        let found = decide(&in_force(&rules), &asked, &bytes, content_type);
        asked.headers.extend(content_type.map(|value| ("content-type".to_owned(), value.to_owned())));
        let acting = |effects: &[&str], shadow: bool| {
            let acting = rules.iter().map(|written| &written.document).filter(|rule| {
                rule["shadow"] == shadow
                    && effects.iter().any(|effect| rule["effect"] == **effect)
                    && naive::selects(rule, &asked, "acme/anything")
                    && naive::acts(rule, &asked, bytes.len() as u64)
            });
            let mut ids: Vec<String> =
                acting.map(|rule| format!("p/{}", rule["id"].as_str().unwrap())).collect();
            ids.sort();
            ids
        };
        let denying = acting(&["forbid", "require"], false);
        prop_assert_eq!(found.denied, !denying.is_empty(), "{:?}", found);
        if found.denied {
            prop_assert_eq!(found.rules, denying);
        } else {
            prop_assert_eq!(found.approvals, acting(&["approve"], false));
            prop_assert_eq!(found.charges, acting(&["limit"], false));
            prop_assert_eq!(found.redactions, acting(&["redact"], false));
            let all = ["forbid", "require", "approve", "limit", "redact"];
            prop_assert_eq!(found.shadows, acting(&all, true));
        }
    }

    #[test]
    fn another_rule_never_permits_what_was_denied(
        mut rules in rules(3), more in rule(), asked in generate::asked(),
        (bytes, content_type) in any_bytes(),
    ) {
        let before = decide(&in_force(&rules), &asked, &bytes, content_type);
        rules.push(more);
        let after = decide(&in_force(&rules), &asked, &bytes, content_type);
        let keeps = |before: &[String], after: &[String]| before.iter().all(|one| after.contains(one));
        prop_assert!(!before.denied || after.denied, "{:?} {:?}", before, after);
        prop_assert!(after.denied || keeps(&before.approvals, &after.approvals));
        prop_assert!(after.denied || keeps(&before.charges, &after.charges));
        prop_assert!(after.denied || keeps(&before.redactions, &after.redactions));
    }

    #[test]
    fn a_shadow_rule_changes_nothing(
        mut rules in rules(2), more in rule(), asked in generate::asked(),
        (bytes, content_type) in any_bytes(),
    ) {
        let before = decide(&in_force(&rules), &asked, &bytes, content_type);
        rules.push(more.shadow());
        let after = decide(&in_force(&rules), &asked, &bytes, content_type);
        prop_assert_eq!(Decided { shadows: Vec::new(), ..before }, Decided { shadows: Vec::new(), ..after });
    }

    #[test]
    fn the_order_of_rules_and_files_means_nothing(
        (rules, shuffled) in rules(5).prop_flat_map(|rules| (Just(rules.clone()), Just(rules).prop_shuffle())),
        asked in generate::asked(),
    ) {
        let (bytes, content_type) = bytes(&asked);
        prop_assert_eq!(
            decide(&in_force(&rules), &asked, &bytes, content_type),
            decide(&in_force(&shuffled), &asked, &bytes, content_type)
        );
    }
}

#[test]
fn a_cost_that_is_not_there_denies_beside_others() {
    let limit = json!({ "max": 1, "per": "1m", "by": "rule", "cost": "body:/n" });
    let rules = [
        Written::new("a-cost", json!({ "effect": "limit", "why": "w", "limit": limit })),
        Written::new("b-forbid", json!({ "effect": "forbid", "why": "w" })),
    ];
    let asked = Asked {
        caller: "agent:a".to_owned(),
        method: "POST".to_owned(),
        path: "/v1/rules".to_owned(),
        query: Vec::new(),
        headers: Vec::new(),
        body: Content::None,
    };
    let found = decide(&in_force(&rules), &asked, b"{}", Some("application/json"));
    assert_eq!(found.reason, Some("body.required"));
    assert_eq!(found.rules, ["p/a-cost", "p/b-forbid"]);
}
