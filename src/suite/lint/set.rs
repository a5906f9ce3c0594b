//! What only the whole of the rules tells: money and administration without a bound (P010), and
//! rules that no test has seen at work (P014).

use super::written::Written;
use super::{Located, Tested};
use crate::spec::policy::Effect;
use crate::spec::{Capability, Code, Finding, Risk};
use crate::suite::include;
use crate::suite::known::{Known, is_about};

/// Rules that open something of `spend` or `admin` risk under conditions, while nothing bounds how
/// often or how long.
pub(super) fn unbounded(written: &[Written<'_>], known: &Known<'_>) -> Vec<Located> {
    let opening = written.iter().filter(|one| opens(one));
    let findings = opening.filter_map(|one| {
        let risky = known.selected(&one.rule.select).into_iter().map(|granted| granted.capability);
        let mut risky = risky.filter(|capability| matches!(capability.risk, Risk::Spend | Risk::Admin));
        let free = risky.find(|capability| !written.iter().any(|other| bounds(other, one, capability)))?;
        let (id, risk) = (&free.id, free.risk.as_str());
        let message =
            format!("`{}` lets `{id}` (risk: {risk}) be called without a limit or an end", one.rule.id);
        let help = "add a rule with `effect: limit` or `approve` about it, or give this one `not_after`";
        let place = one.place.clone();
        Some((one.file, Finding::new(Code::Unbounded, place, message).help(help)))
    });
    findings.collect()
}

fn opens(one: &Written<'_>) -> bool {
    let select = &one.rule.select;
    let named = select.capabilities.is_some() || select.risk.is_some();
    matches!(one.rule.effect, Effect::Require) && named && select.not_after.is_none()
}

/// Whether `other` counts, asks about or forbids every call of `capability` that `one` is about.
fn bounds(other: &Written<'_>, one: &Written<'_>, capability: &Capability) -> bool {
    let select = &other.rule.select;
    let acts = match other.rule.effect {
        Effect::Limit(_) | Effect::Approve(_) => true,
        Effect::Forbid => other.rule.any.is_empty(),
        Effect::Require | Effect::Redact(_) => false,
    };
    acts && !other.rule.shadow
        && is_about(select, capability)
        && include::globs(select.callers.as_deref(), one.rule.select.callers.as_deref())
}

pub(super) fn untested(written: &[Written<'_>], tested: Option<&Tested>) -> Vec<Located> {
    let Some(tested) = tested else { return Vec::new() };
    let judging =
        written.iter().filter(|one| !one.rule.shadow && !matches!(one.rule.effect, Effect::Redact(_)));
    let findings = judging.filter_map(|one| {
        let id = one.rule.id.as_str();
        // What an approve lets be, it has no say in.
        let passes = tested.passing.contains(id) || matches!(one.rule.effect, Effect::Approve(_));
        let missing = match (passes, tested.stopping.contains(id)) {
            (true, true) => return None,
            (true, false) => "no test sees it stop a request",
            (false, true) => "no test sees it let a request pass",
            (false, false) => "no test sees it at work",
        };
        let finding = Finding::new(Code::Untested, one.place.clone(), format!("`{id}`: {missing}"));
        Some((one.file, finding.help("write a case for each: `aivault policy new` begins a file of tests")))
    });
    findings.collect()
}
