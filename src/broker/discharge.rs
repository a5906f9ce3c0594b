//! What must happen between judgement and permit: people are asked, limits are charged.
//!
//! Who was asked, who decided, and when, is on record before the request goes on.

use std::time::Duration;

use super::approvals::{ApprovalError, AskingRule, Question, Settled};
use super::error::BrokerError;
use super::invoke::Desk;
use super::limits::{self, Reserved};
use super::standing::refuse_ended;
use crate::audit::{Action, Event, Outcome};
use crate::platform::{clock, entropy};
use crate::policy::{
    Allowed, Approval, Body, Caller, Conditional, Denial, Facts, Met, Reason, approval_refused,
    approval_timed_out, patience,
};
use crate::spec::RuleId;
use crate::vault::CredentialMeta;

/// Everything about a request that its conditions are met with.
#[derive(Clone, Copy)]
pub(super) struct Circumstances<'a> {
    pub(super) desk: &'a Desk,
    pub(super) caller: &'a Caller,
    pub(super) facts: Facts<'a>,
    pub(super) credential: &'a CredentialMeta,
    pub(super) body: &'a Body,
}

/// Meets the conditions of a request, one kind after the other.
pub(super) async fn discharge<'a>(
    conditional: Conditional<'a>,
    around: Circumstances<'_>,
) -> Result<(Allowed<'a>, Reserved), BrokerError> {
    let conditional = match conditional.unconditional() {
        Ok(allowed) => return Ok((allowed, Reserved::default())),
        Err(conditional) => conditional,
    };
    let approved = approved(&conditional, around).await?;
    if let Met::No(denial) = approved {
        return Err(denial.into());
    }
    // A person may have taken longer than the caller's token holds.
    refuse_ended(around.desk, around.caller)?;
    // Last: what a person refuses is not charged.
    let reserved = limits::charge(&conditional, around)??;
    Ok((conditional.discharge(approved, Met::Yes)?, reserved))
}

/// One question for all rules that want a person asked, with the shortest of their patience.
async fn approved(conditional: &Conditional<'_>, around: Circumstances<'_>) -> Result<Met, BrokerError> {
    let approvals = &conditional.verdict().approvals;
    let Some(seconds) = patience(approvals) else { return Ok(Met::Yes) };
    let rules: Vec<RuleId> = approvals.iter().map(|one| one.rule.clone()).collect();
    let question = question(conditional, approvals, seconds, around)?;
    let event = event(&question, &rules, Action::ApprovalAsk, Outcome::Requested);
    let asked = match around.desk.approvals.ask(question) {
        Ok(asked) => asked,
        Err(error) => return Ok(Met::No(not_asked(error, rules))),
    };
    let seq = around.desk.journal.append(&event)?;
    let settled = asked.wait(Duration::from_secs(seconds)).await;
    around.desk.journal.append(&answered(event, seq, &settled))?;
    Ok(match settled {
        Settled::Answered(answer) if answer.approved => Met::Yes,
        Settled::Answered(_) => Met::No(approval_refused(approvals)),
        Settled::TimedOut => Met::No(approval_timed_out(approvals)),
    })
}

fn question(
    conditional: &Conditional<'_>,
    approvals: &[Approval],
    seconds: u64,
    around: Circumstances<'_>,
) -> Result<Question, BrokerError> {
    let admitted = conditional.admitted();
    let request = admitted.request();
    let asked_ms = around.facts.now.0;
    let pointers = approvals.iter().flat_map(|one| &one.show);
    let headers = request.headers().iter();
    Ok(Question {
        id: id()?,
        asked_ms,
        until_ms: asked_ms.saturating_add(seconds * 1000),
        caller: around.caller.to_string(),
        rules: approvals
            .iter()
            .map(|one| AskingRule { id: one.rule.clone(), why: one.why.clone() })
            .collect(),
        capability: admitted.capability().id.clone(),
        credential: around.credential.name.clone(),
        scope: around.credential.scope.clone(),
        method: request.method().to_string(),
        url: format!("https://{}{}", conditional.host(), request.target().as_str()),
        headers: headers.map(|field| (field.name().to_owned(), field.value().to_owned())).collect(),
        body_bytes: around.body.length,
        shown: pointers.map(|pointer| (pointer.to_string(), around.body.shown(pointer))).collect(),
    })
}

/// Short enough to type, and not to be guessed before it is asked.
fn id() -> Result<String, BrokerError> {
    let bytes = entropy::bytes::<4>().map_err(crate::vault::VaultError::from)?;
    Ok(format!("ask_{:08x}", u32::from_be_bytes(bytes)))
}

fn event(question: &Question, rules: &[RuleId], action: Action, outcome: Outcome) -> Event {
    Event {
        provider: None,
        capability: Some(question.capability.to_string()),
        credential: Some(question.credential.to_string()),
        scope: Some(question.scope.clone()),
        method: Some(question.method.clone()),
        rules: rules.to_vec(),
        detail: Some(question.id.clone()),
        ..Event::new(clock::now_ms(), question.caller.clone(), action, outcome)
    }
}

fn answered(asked: Event, seq: u64, settled: &Settled) -> Event {
    let (caller, outcome, reason) = match settled {
        Settled::Answered(answer) if answer.approved => (answer.by.clone(), Outcome::Allowed, None),
        Settled::Answered(answer) => (answer.by.clone(), Outcome::Denied, Some(Reason::ApprovalRefused)),
        Settled::TimedOut => ("nobody".to_owned(), Outcome::Denied, Some(Reason::ApprovalTimedOut)),
    };
    Event {
        ts_ms: clock::now_ms(),
        action: Action::ApprovalAnswer,
        outcome,
        caller,
        decision: Some(seq),
        reason: reason.map(|reason| reason.as_str().to_owned()),
        ..asked
    }
}

fn not_asked(error: ApprovalError, rules: Vec<RuleId>) -> Denial {
    let help = match error {
        ApprovalError::NobodyAsked => "unset AIVAULTD_DISABLE, so that the daemon makes the call",
        ApprovalError::TooMany => "an operator answers them: aivault approvals list",
        ApprovalError::NotWaiting => "try again",
    };
    Denial::new(Reason::ApprovalRefused, error.to_string()).help(help).by(rules)
}
