//! Why a question is decided as it is: every rule, whether it is about the question at all, how
//! each of its conditions comes out, and what would have to change.

use serde::Serialize;

use super::conditions::{self, Condition};
use super::counters::Counters;
use super::decide::{Outcome, decide};
use super::policies::Policies;
use super::question::Question;
use crate::policy::owned::refuse_owned;
use crate::policy::{Admitted, Body, Catalog, Facts, RuleSet, Subject, Truth, authorise, selects};
use crate::spec::policy::{Effect, Rule, Select};
use crate::spec::{CredentialName, Finding, Place, Source};

/// A decision with its reasons.
#[derive(Debug)]
pub struct Explanation {
    pub outcome: Outcome,
    /// Of the capability's grants those that mattered, in words.
    pub grants: Vec<String>,
    /// All rules, by id.
    pub rules: Vec<RuleView>,
    /// What would have to change for the request to pass, in words.
    pub changes: Vec<String>,
}

/// A rule in the light of one question.
#[derive(Debug, Clone, Serialize)]
pub struct RuleView {
    pub rule: String,
    pub effect: &'static str,
    pub shadow: bool,
    pub why: String,
    pub at: Spot,
    /// The first of its selectors that leaves the question out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub passed_over: Option<&'static str>,
    /// How its conditions come out together; none where it is passed over or nothing could be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub truth: Option<&'static str>,
    /// Whether it denies, asks, counts or redacts.
    pub acts: bool,
    /// The first of its conditions that fails.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failing: Option<Condition>,
}

/// Where something stands: file, line and column from 1.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Spot {
    pub file: String,
    pub line: usize,
    pub column: usize,
}

impl Spot {
    pub(super) fn of(source: &Source, place: Place) -> Self {
        let at = Finding::new(crate::spec::Code::Syntax, place, "").locate(source);
        Self { file: source.name.clone(), line: at.line, column: at.column }
    }
}

/// Explains one question, all of `policies` being in force.
#[must_use]
pub fn explain(
    catalog: &dyn Catalog,
    policies: &Policies,
    counters: &Counters,
    question: &Question,
) -> Explanation {
    let rules = policies.all_in_force();
    let outcome = decide(catalog, &rules, counters, question);
    let switched = question.switched(catalog);
    let admitted = question.call(&switched).and_then(|call| authorise(&switched, &call));
    let (grants, views) = match &admitted {
        Err(denial) => {
            let granted = outcome.capability.as_ref().and_then(|id| catalog.capability(id.as_str()));
            let words = granted.map(|granted| denial.trace.explain(granted.capability));
            (words.unwrap_or_default(), Vec::new())
        }
        Ok(admitted) => {
            let grants = admitted.trace().explain(admitted.capability());
            (grants, views(admitted, &rules, policies, question))
        }
    };
    let mut changes: Vec<String> = views.iter().flat_map(|(_, changes)| changes.clone()).collect();
    changes.extend(outcome.help.clone().filter(|_| admitted.is_err() || changes.is_empty()));
    Explanation { outcome, grants, rules: views.into_iter().map(|(view, _)| view).collect(), changes }
}

fn views(
    admitted: &Admitted<'_>,
    rules: &RuleSet,
    policies: &Policies,
    question: &Question,
) -> Vec<(RuleView, Vec<String>)> {
    let usual = CredentialName::from(&admitted.provider().id);
    let facts = Facts {
        caller: &question.caller,
        scope: &question.scope,
        credential: question.credential.as_ref().unwrap_or(&usual).as_str(),
        now: question.now,
    };
    // Where the body cannot be read, no rule was judged, and the outcome says why.
    let body = rules
        .applicable(admitted, &facts)
        .and_then(|applicable| {
            refuse_owned(admitted.provider(), admitted.request(), &question.body).map(|()| applicable)
        })
        .and_then(|applicable| Body::read(admitted.request(), &question.body, applicable.wanted()))
        .ok();
    let one = |rule: &Rule| {
        let source = policies.source(rule.id.policy())?;
        let mut view = unjudged(rule, source);
        view.passed_over = passed_over(&rule.select, admitted, &facts);
        let (None, Some(body)) = (view.passed_over, &body) else { return Some((view, Vec::new())) };
        let subject = Subject { request: admitted.request(), facts, body };
        let judged = conditions::judged(rule, &subject, source);
        view.acts = acts(rule, judged.truth);
        view.truth = Some(in_words(judged.truth));
        view.failing = judged.failing;
        let denies = view.acts && !rule.shadow && matches!(rule.effect, Effect::Forbid | Effect::Require);
        Some((view, if denies { judged.changes } else { Vec::new() }))
    };
    rules.rules().filter_map(|rule| one(rule)).collect()
}

fn unjudged(rule: &Rule, source: &Source) -> RuleView {
    RuleView {
        rule: rule.id.to_string(),
        effect: rule.effect.name(),
        shadow: rule.shadow,
        why: rule.why.clone(),
        at: Spot::of(source, conditions::place_of(rule)),
        passed_over: None,
        truth: None,
        acts: false,
        failing: None,
    }
}

fn acts(rule: &Rule, truth: Truth) -> bool {
    if matches!(rule.effect, Effect::Require) { truth != Truth::True } else { truth != Truth::False }
}

fn in_words(truth: Truth) -> &'static str {
    match truth {
        Truth::True => "true",
        Truth::False => "false",
        Truth::Unknown => "unknown",
    }
}

/// The first selector, taken by itself, that leaves the question out.
fn passed_over(select: &Select, admitted: &Admitted<'_>, facts: &Facts<'_>) -> Option<&'static str> {
    let Select { callers, scopes, credentials, capabilities, risk, not_before, not_after } = select.clone();
    let alone = [
        ("capabilities", Select { capabilities, ..Select::default() }),
        ("risk", Select { risk, ..Select::default() }),
        ("callers", Select { callers, ..Select::default() }),
        ("scopes", Select { scopes, ..Select::default() }),
        ("credentials", Select { credentials, ..Select::default() }),
        ("not_before", Select { not_before, ..Select::default() }),
        ("not_after", Select { not_after, ..Select::default() }),
    ];
    let left_out = |(_, select): &&(&str, Select)| !selects(select, admitted.capability(), facts);
    alone.iter().find(left_out).map(|(name, _)| *name)
}
