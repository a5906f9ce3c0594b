//! All cases of a file, each decided and held against what is expected and what was recorded.

use std::collections::{BTreeMap, BTreeSet};

use super::compare::{Change, unified};
use super::decide::{Outcome, decide};
use super::file::{Case, Expectation, TestFile};
use super::golden::{self, Record};
use super::policies::Policies;
use crate::policy::Catalog;
use crate::spec::policy_test::DecisionName;

/// How one case went.
#[derive(Debug)]
pub struct CaseResult {
    /// Its position in the file.
    pub index: usize,
    pub name: String,
    pub outcome: Outcome,
    pub record: Record,
    pub failures: Vec<Failure>,
}

/// Why a case fails.
#[derive(Debug, PartialEq, Eq)]
pub enum Failure {
    Decision {
        expected: DecisionName,
        got: DecisionName,
    },
    Reason {
        expected: String,
        got: String,
    },
    Rules {
        expected: Vec<String>,
        got: Vec<String>,
    },
    /// The golden file does not have it.
    Unrecorded,
    /// The golden file has it otherwise.
    Recorded {
        changes: Vec<Change>,
    },
}

impl Failure {
    /// Whether it contradicts what the author wrote, rather than what was recorded.
    #[must_use]
    pub fn contradicts(&self) -> bool {
        !matches!(self, Self::Unrecorded | Self::Recorded { .. })
    }
}

/// Decides the cases of `file` that are `wanted`, in their order.
pub fn run(
    file: &TestFile,
    catalog: &dyn Catalog,
    policies: &Policies,
    wanted: impl Fn(&Case) -> bool,
) -> Vec<CaseResult> {
    let rules = policies.in_force(&file.policies);
    let cases = file.cases.iter().enumerate().filter(|(_, case)| wanted(case));
    let results = cases.map(|(index, case)| {
        let outcome = decide(catalog, &rules, &case.counters, &case.question);
        let record = Record::of(&case.name, &outcome);
        let failures = contradictions(&case.expect, &outcome);
        CaseResult { index, name: case.name.clone(), outcome, record, failures }
    });
    results.collect()
}

fn contradictions(expect: &Expectation, outcome: &Outcome) -> Vec<Failure> {
    let mut failures = Vec::new();
    if expect.decision != outcome.decision {
        failures.push(Failure::Decision { expected: expect.decision, got: outcome.decision });
    }
    if let Some(expected) = expect.reason.as_ref().filter(|expected| *expected != outcome.reason) {
        failures.push(Failure::Reason { expected: expected.clone(), got: outcome.reason.to_owned() });
    }
    let got: Vec<String> = outcome.rules.iter().map(ToString::to_string).collect();
    if let Some(expected) = expect.rules.as_ref().filter(|expected| **expected != got) {
        failures.push(Failure::Rules { expected: expected.clone(), got });
    }
    failures
}

/// Adds to `results` where they differ from `recorded`; gives the recorded names that have no
/// case in `file` any more.
pub fn compare(results: &mut [CaseResult], recorded: Vec<Record>, file: &TestFile) -> Vec<String> {
    let mut by_name: BTreeMap<String, Record> =
        recorded.into_iter().map(|record| (record.name.clone(), record)).collect();
    for result in results.iter_mut() {
        match by_name.remove(&result.name) {
            None => result.failures.push(Failure::Unrecorded),
            Some(before) if before == result.record => {}
            Some(before) => {
                let changes = unified(&golden::text(&before), &golden::text(&result.record));
                result.failures.push(Failure::Recorded { changes });
            }
        }
    }
    let known: BTreeSet<&str> = file.cases.iter().map(|case| case.name.as_str()).collect();
    by_name.into_keys().filter(|name| !known.contains(name.as_str())).collect()
}
