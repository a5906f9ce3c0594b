//! What tests have seen of policies: each rule acting and not, each condition holding, failing and
//! deciding, and the case that was first to see it.

use std::collections::BTreeMap;

use serde::Serialize;

use super::conditions::{place, place_of, single_conditions};
use super::explain::Spot;
use super::mutants;
use super::observe::{Tests, acts};
use crate::policy::{At, Subject, Truth, conditions};
use crate::spec::RuleId;
use crate::spec::policy::{Rule, When};

/// What was seen of all rules, by id.
#[derive(Debug, Serialize)]
pub struct Coverage {
    pub rules: Vec<RuleCoverage>,
}

/// What was seen of one rule; each part names a case, or is none where no case shows it.
#[derive(Debug, Serialize)]
pub struct RuleCoverage {
    pub rule: String,
    pub at: Spot,
    /// It denied, counted, asked or redacted.
    pub acted: Option<String>,
    /// It was about a request, and let it be.
    pub spared: Option<String>,
    pub conditions: Vec<ConditionCoverage>,
}

/// What was seen of one condition.
#[derive(Debug, Serialize)]
pub struct ConditionCoverage {
    /// The alternative that it stands in, from 0.
    pub alternative: usize,
    pub condition: String,
    pub at: Spot,
    pub held: Option<String>,
    pub failed: Option<String>,
    /// Without it, the rule would have done otherwise.
    pub decided: Option<String>,
}

/// Runs all cases, and notes what each rule sees of them.
#[must_use]
pub fn coverage(tests: &Tests<'_>) -> Coverage {
    let mut all: BTreeMap<RuleId, RuleCoverage> =
        tests.policies.rules().filter_map(|rule| Some((rule.id.clone(), blank(tests, rule)?))).collect();
    tests.observe(|case, rule, subject| {
        if let Some(seen) = all.get_mut(&rule.id) {
            seen.note(case, rule, subject);
        }
    });
    Coverage { rules: all.into_values().collect() }
}

fn blank(tests: &Tests<'_>, rule: &Rule) -> Option<RuleCoverage> {
    let source = tests.policies.source(rule.id.policy())?;
    let conditions = each_condition(rule).into_iter().map(|(alternative, at, _)| ConditionCoverage {
        alternative,
        condition: at.to_string(),
        at: Spot::of(source, place(rule, alternative, at)),
        held: None,
        failed: None,
        decided: None,
    });
    Some(RuleCoverage {
        rule: rule.id.to_string(),
        at: Spot::of(source, place_of(rule)),
        acted: None,
        spared: None,
        conditions: conditions.collect(),
    })
}

/// Every condition of a rule, and an alternative that holds nothing else.
pub(super) fn each_condition(rule: &Rule) -> Vec<(usize, At<'_>, When)> {
    let alternatives = rule.any.iter().enumerate();
    let all = alternatives.flat_map(|(index, when)| {
        single_conditions(when).into_iter().map(move |(at, alone)| (index, at, alone))
    });
    all.collect()
}

impl RuleCoverage {
    fn note(&mut self, case: &str, rule: &Rule, subject: &Subject<'_>) {
        let acted = acts(rule, subject);
        first(if acted { &mut self.acted } else { &mut self.spared }, case);
        for (seen, (alternative, at, alone)) in self.conditions.iter_mut().zip(each_condition(rule)) {
            let single = Rule { any: vec![alone], ..rule.clone() };
            match conditions(&single, subject).truth {
                Truth::True => first(&mut seen.held, case),
                Truth::False => first(&mut seen.failed, case),
                Truth::Unknown => {}
            }
            if acts(&mutants::without(rule, alternative, at), subject) != acted {
                first(&mut seen.decided, case);
            }
        }
    }

    /// What could be seen of it, and how much was.
    fn counts(&self) -> (usize, usize) {
        let mut parts = vec![&self.acted];
        // Without conditions it acts upon whatever it is about.
        parts.extend((!self.conditions.is_empty()).then_some(&self.spared));
        parts.extend(self.conditions.iter().flat_map(|one| [&one.held, &one.failed]));
        (parts.iter().filter(|part| part.is_some()).count(), parts.len())
    }
}

fn first(slot: &mut Option<String>, case: &str) {
    slot.get_or_insert_with(|| case.to_owned());
}

impl Coverage {
    /// How much was seen of what could be, in whole percent; all of nothing is 100.
    #[must_use]
    pub fn percent(&self) -> usize {
        let (seen, all) = self.counts();
        (seen * 100).checked_div(all).unwrap_or(100)
    }

    /// How many outcomes were seen, of how many.
    #[must_use]
    pub fn counts(&self) -> (usize, usize) {
        let counts = self.rules.iter().map(RuleCoverage::counts);
        counts.fold((0, 0), |(seen, all), (more, of)| (seen + more, all + of))
    }

    /// As lcov reads it: a line for each rule and condition, with a branch for each of its outcomes.
    #[must_use]
    pub fn lcov(&self) -> String {
        let mut by_file: BTreeMap<&str, Vec<(usize, [bool; 2])>> = BTreeMap::new();
        for rule in &self.rules {
            let lines = by_file.entry(&rule.at.file).or_default();
            lines.push((rule.at.line, [rule.acted.is_some(), rule.spared.is_some()]));
            lines.extend(
                rule.conditions.iter().map(|one| (one.at.line, [one.held.is_some(), one.failed.is_some()])),
            );
        }
        let mut text = "TN:\n".to_owned();
        for (file, mut lines) in by_file {
            lines.sort_unstable();
            text += &section(file, &lines);
        }
        text
    }
}

fn section(file: &str, lines: &[(usize, [bool; 2])]) -> String {
    let mut text = format!("SF:{file}\n");
    for (block, (line, taken)) in lines.iter().enumerate() {
        for (branch, taken) in taken.iter().enumerate() {
            text += &format!("BRDA:{line},{block},{branch},{}\n", u8::from(*taken));
        }
    }
    // Several conditions may share a line, which is hit when one of them is.
    let mut hit: BTreeMap<usize, bool> = BTreeMap::new();
    for (line, taken) in lines {
        *hit.entry(*line).or_default() |= taken.contains(&true);
    }
    let hits = hit.iter().map(|(line, hit)| format!("DA:{line},{}\n", u8::from(*hit)));
    text + &hits.collect::<String>() + "end_of_record\n"
}
