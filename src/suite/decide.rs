//! One question, decided as the broker decides a call, up to the point where effects begin.

use super::counters::{Counters, LimitUse};
use super::question::Question;
use super::upstream::{Upstream, render};
use crate::plan::Plan;
use crate::policy::{
    Allowed, Approval, Body, Catalog, Conditional, Denial, Facts, FullLimit, Met, NEVER_ROOM, Reason,
    Redaction, RuleSet, Subject, Verdict, approval_refused, approval_timed_out, authorise, judge,
    limit_exceeded, owned::refuse_owned, verdict,
};
use crate::spec::policy_test::{AnswerName, DecisionName};
use crate::spec::{CapabilityId, CredentialName, RuleId};

/// The reason of what waits for a person.
pub const PENDING: &str = "approval.pending";

/// How a question was decided, and everything that an author of policies wants to see of it.
#[derive(Debug, Clone)]
pub struct Outcome {
    pub decision: DecisionName,
    pub reason: &'static str,
    /// The rules that decide: of a denial those that deny, of a question to a person those that
    /// ask, of a permit all that had a say. Sorted.
    pub rules: Vec<RuleId>,
    pub limits: Vec<LimitUse>,
    /// Shadow rules that would have denied or asked.
    pub shadows: Vec<RuleId>,
    pub redactions: Vec<Redaction>,
    /// What would be sent; none where it is denied.
    pub upstream: Option<Upstream>,
    /// The capability that was asked for, or that was found for the provider.
    pub capability: Option<CapabilityId>,
    /// Every rule that had a say in any way.
    pub heard: Vec<RuleId>,
    pub message: Option<String>,
    pub help: Option<String>,
}

/// Decides one question.
#[must_use]
pub fn decide(catalog: &dyn Catalog, rules: &RuleSet, counters: &Counters, question: &Question) -> Outcome {
    let catalog = &question.switched(catalog);
    let call = match question.call(catalog) {
        Ok(call) => call,
        Err(denial) => return Outcome::denied(denial),
    };
    let capability = catalog.capability(&call.capability).map(|granted| granted.capability.id.clone());
    let admitted = match authorise(catalog, &call) {
        Ok(admitted) => admitted,
        Err(denial) => return Outcome { capability, ..Outcome::denied(denial) },
    };
    let credential = call.credential.unwrap_or_else(|| CredentialName::from(&admitted.provider().id));
    let facts = Facts {
        caller: &question.caller,
        scope: &question.scope,
        credential: credential.as_str(),
        now: question.now,
    };
    let bound = question.bound(admitted.capability());
    let mut shadows = Vec::new();
    let judged = rules.applicable(&admitted, &facts).and_then(|applicable| {
        refuse_owned(admitted.provider(), admitted.request(), &question.body)?;
        let body = Body::read(admitted.request(), &question.body, applicable.wanted())?;
        let subject = Subject { request: admitted.request(), facts, body: &body };
        // A denial does not tell of shadow rules, and none of them denies.
        let of_shadows = verdict(applicable.rules().filter(|rule| rule.shadow), &subject);
        shadows = of_shadows.map(|verdict| verdict.shadows).unwrap_or_default();
        judge(admitted, &applicable, facts, &body, Some(&bound))
    });
    let outcome = judged.map(|conditional| settle(conditional, counters, &facts, question));
    let mut outcome = outcome.unwrap_or_else(Outcome::denied);
    outcome.heard.extend_from_slice(&shadows);
    Outcome { capability, shadows, ..outcome }
}

/// What is left to people and limits: of both, what is preset is taken, and how they stand told.
fn settle(
    conditional: Conditional<'_>,
    counters: &Counters,
    facts: &Facts<'_>,
    question: &Question,
) -> Outcome {
    let Verdict { rules, charges, approvals, .. } = conditional.verdict();
    let (heard, approvals) = (rules.clone(), approvals.clone());
    let approved = answered(&approvals, question.answer);
    let limits = match &approved {
        Met::Yes => counters.uses(charges, facts, conditional.admitted().capability().id.as_str()),
        // A person is asked first, and what is refused then is not charged.
        Met::No(_) => Vec::new(),
    };
    let waits = !approvals.is_empty() && question.answer.is_none();
    let charged = if waits { Met::Yes } else { exceeded(&limits) };
    let waiting = if waits { approvals.as_slice() } else { &[] };
    let outcome = match conditional.discharge(approved, charged) {
        Ok(allowed) => permitted(allowed, waiting, &question.body),
        Err(denial) => Outcome::denied(denial),
    };
    Outcome { limits, heard, ..outcome }
}

/// What comes of the question to a person, where there is one.
fn answered(approvals: &[Approval], answer: Option<AnswerName>) -> Met {
    match answer.filter(|_| !approvals.is_empty()) {
        None | Some(AnswerName::Approved) => Met::Yes,
        Some(AnswerName::Refused) => Met::No(approval_refused(approvals)),
        Some(AnswerName::TimedOut) => Met::No(approval_timed_out(approvals)),
    }
}

fn exceeded(limits: &[LimitUse]) -> Met {
    let full: Vec<FullLimit<'_>> = limits.iter().filter(|one| !one.has_room).map(LimitUse::full).collect();
    if full.is_empty() {
        return Met::Yes;
    }
    let denial = limit_exceeded(&full);
    let never = full.iter().any(|one| one.cost > one.limit.max);
    Met::No(if never { denial.help(NEVER_ROOM) } else { denial })
}

/// A permit that nothing is sent upon: it only shows what would be.
fn permitted(allowed: Allowed<'_>, approvals: &[Approval], body: &[u8]) -> Outcome {
    let asks = !approvals.is_empty();
    let rules = if asks {
        approvals.iter().map(|approval| approval.rule.clone()).collect()
    } else {
        allowed.rules().to_vec()
    };
    let way = allowed.admitted().provider().first_way();
    let plan = Plan::of(allowed, way);
    Outcome {
        decision: if asks { DecisionName::Ask } else { DecisionName::Allow },
        reason: if asks { PENDING } else { Reason::GrantMatched.as_str() },
        rules,
        redactions: plan.redactions().to_vec(),
        upstream: Some(render(&plan, body)),
        message: approvals.first().map(|approval| approval.why.clone()),
        ..Outcome::blank()
    }
}

impl Outcome {
    fn denied(denial: Denial) -> Self {
        Self {
            decision: DecisionName::Deny,
            reason: denial.reason.as_str(),
            heard: denial.rules.clone(),
            rules: denial.rules,
            message: Some(denial.message),
            help: denial.help,
            ..Self::blank()
        }
    }

    /// What is not said otherwise denies.
    fn blank() -> Self {
        Self {
            decision: DecisionName::Deny,
            reason: Reason::Internal.as_str(),
            rules: Vec::new(),
            limits: Vec::new(),
            shadows: Vec::new(),
            redactions: Vec::new(),
            upstream: None,
            capability: None,
            heard: Vec::new(),
            message: None,
            help: None,
        }
    }
}
