//! What a person's answer, or none, makes of a request that waits for one.

use super::denial::{Denial, Reason};
use super::judge::Approval;
use crate::spec::RuleId;

/// How long is waited for an answer, in seconds: one question is asked for all rules, with the
/// shortest of their patience. None where no rule asks.
#[must_use]
pub fn patience(approvals: &[Approval]) -> Option<u64> {
    approvals.iter().map(|one| one.wait_seconds).min()
}

/// The denial where a person said no.
#[must_use]
pub fn approval_refused(approvals: &[Approval]) -> Denial {
    let why: Vec<&str> = approvals.iter().map(|one| one.why.as_str()).collect();
    Denial::new(Reason::ApprovalRefused, "a person was asked about this and refused it")
        .help(why.join("; "))
        .by(rules(approvals))
}

/// The denial where nobody answered.
#[must_use]
pub fn approval_timed_out(approvals: &[Approval]) -> Denial {
    let seconds = patience(approvals).unwrap_or_default();
    let message = format!("a person had to approve this, and nobody answered within {seconds} s");
    Denial::new(Reason::ApprovalTimedOut, message)
        .help("when a person is there to answer `aivault approvals watch`, ask again")
        .by(rules(approvals))
}

fn rules(approvals: &[Approval]) -> Vec<RuleId> {
    approvals.iter().map(|one| one.rule.clone()).collect()
}
