//! Tests put to the test: each rule and condition is left out or turned round in turn, and what no
//! case notices is named. A rule that can be changed without a failing test may be wrong already.

use serde::Serialize;

use super::conditions::{place, place_of};
use super::coverage::each_condition;
use super::decide::decide;
use super::explain::Spot;
use super::file::TestFile;
use super::golden::Record;
use super::mutants;
use super::observe::Tests;
use crate::policy::RuleSet;
use crate::spec::policy::{Policy, Rule};
use crate::spec::policy_test::DecisionName;
use crate::spec::{Place, PolicyId};

/// How many changes were made, and those that nothing noticed.
#[derive(Debug, Serialize)]
pub struct Mutation {
    pub made: usize,
    pub survivors: Vec<Survivor>,
}

/// A change that no case notices.
#[derive(Debug, Serialize)]
pub struct Survivor {
    pub rule: String,
    pub at: Spot,
    /// What was done, in words.
    pub change: String,
}

/// A rule changed, or taken out.
struct Mutant {
    place: Place,
    change: String,
    rule: Option<Rule>,
}

impl Mutation {
    /// How many of the changes were noticed, in whole percent; all of none is 100.
    #[must_use]
    pub fn percent(&self) -> usize {
        (self.noticed() * 100).checked_div(self.made).unwrap_or(100)
    }

    #[must_use]
    pub fn noticed(&self) -> usize {
        self.made - self.survivors.len()
    }
}

/// Changes every rule in turn, and runs the cases that it is in force for.
#[must_use]
pub fn mutate(tests: &Tests<'_>) -> Mutation {
    let before: Vec<Vec<Record>> = tests
        .files
        .iter()
        .map(|file| records(tests, file, &tests.policies.in_force(&file.policies)).collect())
        .collect();
    let mut mutation = Mutation { made: 0, survivors: Vec::new() };
    // A shadow rule has no effect that a case could miss.
    for rule in tests.policies.rules().filter(|rule| !rule.shadow) {
        let Some(source) = tests.policies.source(rule.id.policy()) else { continue };
        for mutant in mutants_of(rule) {
            mutation.made += 1;
            if !is_noticed(tests, rule, &mutant, &before) {
                let at = Spot::of(source, mutant.place);
                mutation.survivors.push(Survivor { rule: rule.id.to_string(), at, change: mutant.change });
            }
        }
    }
    mutation
}

fn mutants_of(rule: &Rule) -> Vec<Mutant> {
    let mut all = vec![Mutant { place: place_of(rule), change: "without the rule".to_owned(), rule: None }];
    for (alternative, at, _) in each_condition(rule) {
        let place = place(rule, alternative, at);
        let gone = mutants::without(rule, alternative, at);
        all.push(Mutant { place: place.clone(), change: format!("without {at}"), rule: Some(gone) });
        for (words, turned) in mutants::turned(rule, alternative, at) {
            all.push(Mutant { place: place.clone(), change: format!("{at} {words}"), rule: Some(turned) });
        }
    }
    all
}

fn is_noticed(tests: &Tests<'_>, rule: &Rule, mutant: &Mutant, before: &[Vec<Record>]) -> bool {
    let files = tests.files.iter().zip(before);
    let mut concerned = files.filter(|(file, _)| file.policies.iter().any(|id| id == rule.id.policy()));
    concerned.any(|(file, before)| {
        let rules = with(tests, file, rule, mutant.rule.as_ref());
        records(tests, file, &rules).zip(before).any(|(after, before)| after != *before)
    })
}

/// The rules of a file's policies, one of them changed or taken out.
fn with(tests: &Tests<'_>, file: &TestFile, rule: &Rule, changed: Option<&Rule>) -> RuleSet {
    let others = tests.policies.in_force(&file.policies);
    let others = others.rules().filter(|one| one.id != rule.id).map(|one| Rule::clone(one));
    let rules: Vec<Rule> = others.chain(changed.cloned()).collect();
    // Rules carry their full names; which policy they are handed over in means nothing.
    PolicyId::parse(rule.id.policy())
        .map_or_else(|_| RuleSet::default(), |id| RuleSet::new([Policy { id, rules }], Vec::new()))
}

/// What a case tells: not which rules it passed, or every rule taken out would be noticed.
fn records<'t>(
    tests: &'t Tests<'_>,
    file: &'t TestFile,
    rules: &'t RuleSet,
) -> impl Iterator<Item = Record> + 't {
    file.cases.iter().map(move |case| {
        let outcome = decide(tests.catalog, rules, &case.counters, &case.question);
        let mut record = Record::of(&case.name, &outcome);
        if record.decision == DecisionName::Allow {
            record.rules.clear();
        }
        record
    })
}

#[cfg(test)]
mod tests {
    use super::mutate;
    use crate::spec::Source;
    use crate::suite::coverage;
    use crate::suite::observe::Tests;
    use crate::suite::{Lowered, Policies, TestFile, lower};

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
    allow: [{ methods: [GET, POST], paths: [/v1/things] }]
    example: { method: GET, path: /v1/things }
    examples: { deny: [DELETE /v1/things] }
"#;

    const POLICY: &str = "\
policy: a
version: 1
rules:
  - id: bounded
    effect: require
    why: w
    capabilities: [acme/things]
    when:
      methods: [GET]
      query: { n: { lte: 5 } }
";

    const PASSING: &str =
        "  - { name: few, request: { path: \"/v1/things?n=5\" }, expect: { decision: allow } }\n";
    const MANY: &str =
        "  - { name: many, request: { path: \"/v1/things?n=6\" }, expect: { decision: deny } }\n";
    const POST: &str = "  - { name: post, request: { method: POST, path: \"/v1/things?n=1\" }, expect: { decision: deny } }\n";
    const NONE: &str = "  - { name: none, request: { path: /v1/things }, expect: { decision: deny } }\n";

    fn source(name: &str, text: &str) -> Source {
        Source { name: name.to_owned(), text: text.to_owned() }
    }

    fn with<T>(cases: &[&str], then: impl Fn(&Tests<'_>) -> T) -> T {
        let broken = |mistakes: Vec<crate::spec::Diagnostic>| -> Lowered {
            panic!("{:?}", mistakes.iter().map(ToString::to_string).collect::<Vec<_>>())
        };
        let catalog = lower(vec![source("acme.yaml", ACME)]).unwrap_or_else(broken);
        let policies = Policies::compile(vec![source("a.policy.yaml", POLICY)]);
        let policies = policies.map_err(|mistakes| mistakes[0].to_string()).unwrap();
        let head =
            "suite: s\npolicies: [a]\nwith: { capability: acme/things, request: { method: GET } }\ncases:\n";
        let text = format!("{head}{}", cases.concat());
        let file = TestFile::parse(source("a.test.yaml", &text), &catalog, &policies);
        let file = file.map_err(|mistakes| mistakes[0].to_string()).unwrap();
        then(&Tests { catalog: &catalog, policies: &policies, files: &[file] })
    }

    fn survivors(cases: &[&str]) -> Vec<(usize, String)> {
        with(cases, |tests| {
            mutate(tests).survivors.into_iter().map(|one| (one.at.line, one.change)).collect()
        })
    }

    #[test]
    fn a_change_that_no_case_notices_is_named_where_it_stands() {
        let all = survivors(&[PASSING]);
        assert!(all.contains(&(4, "without the rule".to_owned())), "{all:?}");
        assert!(all.contains(&(10, "without the query's `n`".to_owned())), "{all:?}");
        let fewer = survivors(&[PASSING, MANY, POST]);
        assert_eq!(fewer, [(10, "the query's `n` with `absent` turned round".to_owned())]);
        assert_eq!(survivors(&[PASSING, MANY, POST, NONE]), []);
    }

    #[test]
    fn what_was_seen_is_told_by_the_case_that_showed_it() {
        let seen = |cases: &[&str]| {
            with(cases, |tests| {
                let all = coverage(tests);
                let rule = &all.rules[0];
                let n = rule.conditions.iter().find(|one| one.condition.contains("`n`")).unwrap();
                let parts = [&rule.acted, &rule.spared, &n.held, &n.failed, &n.decided];
                (parts.map(|part| part.clone().unwrap_or_default()), all.percent(), all.lcov())
            })
        };
        let (parts, percent, lcov) = seen(&[PASSING]);
        assert_eq!((parts, percent), (["", "s: few", "s: few", "", ""].map(str::to_owned), 50));
        assert!(lcov.contains("SF:a.policy.yaml\n") && lcov.contains("DA:10,1\n"), "{lcov}");
        let (parts, percent, _) = seen(&[PASSING, MANY, POST]);
        let all = ["s: many", "s: few", "s: few", "s: many", "s: many"].map(str::to_owned);
        assert_eq!((parts, percent), (all, 100));
    }
}
