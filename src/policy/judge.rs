//! The decision: an admitted request, and the rules that it meets, become `Allowed` or a `Denial`.
//!
//! Rules only narrow, and their order means nothing: any `forbid` that is true or unknown
//! denies, any `require` that is not true denies, and what remains to be done before the request
//! may go out (people to ask, limits to charge) is handed to the broker as `Conditional`.

use std::sync::Arc;

use super::authorise::{Admitted, Granted};
use super::body::{Body, Content};
use super::condition::{At, Seen, Subject, conditions};
use super::denial::{Denial, Reason};
use super::request::Request;
use super::rules::Applicable;
use super::trace::Trace;
use super::truth::Truth;
use crate::spec::policy::{Cost, Decimal, Effect, Limit, Pointer, Redact, Rule};
use crate::spec::{Host, RuleId};

/// A request that no rule denies, and what must happen before it may go out.
#[derive(Debug)]
pub struct Conditional<'a> {
    admitted: Admitted<'a>,
    host: Host,
    verdict: Verdict,
}

/// What rules make of a request that none of them denies.
#[derive(Debug, Default)]
pub struct Verdict {
    /// Every rule that had a say, sorted.
    pub rules: Vec<RuleId>,
    pub charges: Vec<Charge>,
    pub approvals: Vec<Approval>,
    pub redactions: Vec<Redaction>,
    /// Shadow rules that would have denied or asked, sorted.
    pub shadows: Vec<RuleId>,
}

/// A limit that the request uses up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Charge {
    pub rule: RuleId,
    pub limit: Limit,
    /// What it costs; of a cost that only the answer tells, none yet.
    pub cost: Option<u64>,
}

/// A person must say yes first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Approval {
    pub rule: RuleId,
    pub why: String,
    pub show: Vec<Pointer>,
    pub wait_seconds: u64,
}

/// What is taken out of the answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Redaction {
    pub rule: RuleId,
    pub redact: Redact,
}

/// Proof that policy permits a request: granted, judged, and with every condition met. It cannot
/// be copied, and the plan consumes it.
#[derive(Debug)]
pub struct Allowed<'a> {
    admitted: Admitted<'a>,
    host: Host,
    rules: Vec<RuleId>,
    redactions: Vec<Redaction>,
}

/// How a condition came out, as whoever carried it out says.
#[derive(Debug)]
pub enum Met {
    Yes,
    No(Denial),
}

/// Judges an admitted request by the rules that it meets. `bound` are the hosts of tenants and mirrors
/// that the credential is bound to.
///
/// # Errors
/// The denial, with every rule that denies.
pub fn judge<'a>(
    admitted: Admitted<'a>,
    applicable: &Applicable,
    facts: super::Facts<'_>,
    body: &Body,
    bound: Option<&[Host]>,
) -> Result<Conditional<'a>, Denial> {
    let host = admitted.place(bound)?;
    let subject = Subject { request: admitted.request(), facts, body };
    let verdict = verdict(applicable.rules(), &subject)?;
    Ok(Conditional { admitted, host, verdict })
}

/// What `rules` make of a request.
///
/// # Errors
/// The denial, with every rule that denies.
pub fn verdict<'r>(
    rules: impl Iterator<Item = &'r Arc<Rule>>,
    subject: &Subject<'_>,
) -> Result<Verdict, Denial> {
    let mut verdict = Verdict::default();
    let mut denying: Vec<Denial> = Vec::new();
    for rule in rules {
        let seen = conditions(rule, subject);
        let acts = match rule.effect {
            Effect::Require => seen.truth != Truth::True,
            _ => seen.truth != Truth::False,
        };
        if rule.shadow {
            verdict.shadows.extend(acts.then(|| rule.id.clone()));
            continue;
        }
        match &rule.effect {
            Effect::Forbid | Effect::Require if acts => denying.push(denial(rule, &seen, subject)),
            Effect::Forbid | Effect::Require => verdict.rules.push(rule.id.clone()),
            effect if acts => denying.extend(verdict.add(rule, effect, subject.body).err()),
            _ => {}
        }
    }
    let ids = denying.iter().flat_map(|denial| denial.rules.iter().cloned()).collect();
    match denying.into_iter().next() {
        None => Ok(verdict),
        Some(first) => Err(first.by(ids)),
    }
}

impl Verdict {
    fn add(&mut self, rule: &Rule, effect: &Effect, body: &Body) -> Result<(), Denial> {
        let id = rule.id.clone();
        match effect {
            Effect::Limit(limit) => {
                let cost = cost(rule, limit, body)?;
                self.charges.push(Charge { rule: id.clone(), limit: limit.clone(), cost });
            }
            Effect::Approve(show) => {
                let (why, show, wait_seconds) = (rule.why.clone(), show.clone(), rule.wait_seconds);
                self.approvals.push(Approval { rule: id.clone(), why, show, wait_seconds });
            }
            Effect::Redact(redact) => {
                self.redactions.push(Redaction { rule: id.clone(), redact: redact.clone() });
            }
            Effect::Forbid | Effect::Require => {}
        }
        self.rules.push(id);
        Ok(())
    }
}

/// A cost that the body should tell and does not counts against the request.
fn cost(rule: &Rule, limit: &Limit, body: &Body) -> Result<Option<u64>, Denial> {
    match &limit.cost {
        Cost::Requests => Ok(Some(1)),
        Cost::Bytes => Ok(Some(body.length)),
        Cost::Response(_) => Ok(None),
        Cost::Body(pointer) => {
            let number = match &body.content {
                Content::Json(json) => {
                    super::pointing::single(json, pointer.tokens()).and_then(super::Json::number)
                }
                _ => None,
            };
            number.and_then(Decimal::round_up).map(Some).ok_or_else(|| {
                let message = format!(
                    "the rule `{}` counts `{pointer}` of the body, which is not a number there",
                    rule.id
                );
                Denial::new(Reason::BodyRequired, message).help(rule.why.clone()).by(vec![rule.id.clone()])
            })
        }
    }
}

fn denial(rule: &Rule, seen: &Seen<'_>, subject: &Subject<'_>) -> Denial {
    let reason = reason(rule, seen, subject.body);
    let what = match (&rule.effect, seen.truth) {
        (Effect::Forbid, Truth::True) => "forbids this".to_owned(),
        (Effect::Forbid, _) => format!("cannot tell this from what it forbids: {}", failing(seen)),
        _ => format!("is not met: {}", failing(seen)),
    };
    let message = format!("the rule `{}` {what}", rule.id);
    Denial::new(reason, message).help(rule.why.clone()).by(vec![rule.id.clone()])
}

fn failing(seen: &Seen<'_>) -> String {
    seen.failing.map_or_else(|| "it has no conditions".to_owned(), |(_, at)| at.to_string())
}

fn reason(rule: &Rule, seen: &Seen<'_>, body: &Body) -> Reason {
    let forbids = matches!(rule.effect, Effect::Forbid);
    match seen.failing {
        Some((_, at)) if of_another_type(at, body) && body.length == 0 => Reason::BodyRequired,
        Some((_, at)) if of_another_type(at, body) => Reason::BodyContentType,
        Some((_, At::ContentTypes)) if !forbids => Reason::BodyContentType,
        Some((_, At::MaxBytes)) if !forbids => Reason::BodyTooLarge,
        _ if forbids => Reason::ForbidMatched,
        _ => Reason::RequireFailed,
    }
}

/// Whether a condition looks into a kind of body that this one is not of, whatever other rules
/// made of it.
fn of_another_type(at: At<'_>, body: &Body) -> bool {
    match at {
        At::Json(_) => !matches!(body.content, Content::Json(_)),
        At::Form(_) | At::FormOnly => !matches!(body.content, Content::Form(_)),
        At::Multipart(_) | At::MultipartOnly => !matches!(body.content, Content::Multipart(_)),
        _ => false,
    }
}

impl<'a> Conditional<'a> {
    #[must_use]
    pub fn admitted(&self) -> &Admitted<'a> {
        &self.admitted
    }

    /// The host that it would go to.
    #[must_use]
    pub fn host(&self) -> &Host {
        &self.host
    }

    #[must_use]
    pub fn verdict(&self) -> &Verdict {
        &self.verdict
    }

    /// The permit, once people were asked and limits were charged.
    ///
    /// # Errors
    /// The denial of the condition that was not met.
    pub fn discharge(self, approved: Met, charged: Met) -> Result<Allowed<'a>, Denial> {
        for met in [approved, charged] {
            if let Met::No(denial) = met {
                return Err(denial);
            }
        }
        let Verdict { rules, redactions, .. } = self.verdict;
        Ok(Allowed { admitted: self.admitted, host: self.host, rules, redactions })
    }

    /// The permit of a request that no rule puts a condition upon.
    ///
    /// # Errors
    /// Itself, where there is one.
    pub fn unconditional(self) -> Result<Allowed<'a>, Box<Self>> {
        if self.verdict.approvals.is_empty() && self.verdict.charges.is_empty() {
            let Verdict { rules, redactions, .. } = self.verdict;
            Ok(Allowed { admitted: self.admitted, host: self.host, rules, redactions })
        } else {
            Err(Box::new(self))
        }
    }
}

impl<'a> Allowed<'a> {
    #[must_use]
    pub fn admitted(&self) -> &Admitted<'a> {
        &self.admitted
    }

    #[must_use]
    pub fn trace(&self) -> &Trace {
        self.admitted.trace()
    }

    /// Every rule that had a say, sorted.
    #[must_use]
    pub fn rules(&self) -> &[RuleId] {
        &self.rules
    }

    /// The host that it goes to.
    #[must_use]
    pub fn host(&self) -> &Host {
        &self.host
    }

    /// The permitted request, what permits it, where it goes, and what is taken out of its answer, for
    /// the plan.
    #[must_use]
    pub fn into_parts(self) -> (Granted<'a>, Request, Host, Vec<Redaction>) {
        let (granted, request) = self.admitted.into_parts();
        (granted, request, self.host, self.redactions)
    }
}
