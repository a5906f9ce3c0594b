//! What one rule or alternative leaves for another to do: nothing, where it is covered (P004) or
//! where a forbid has denied all of it already (P003).

use super::Located;
use super::written::Written;
use crate::spec::policy::Effect;
use crate::spec::{Code, Finding};
use crate::suite::include;
use crate::suite::known::Known;

pub(super) fn check(written: &[Written<'_>], known: &Known<'_>) -> Vec<Located> {
    let alternatives =
        written.iter().flat_map(|one| alternatives(one).into_iter().map(|found| (one.file, found)));
    let mut found: Vec<Located> = alternatives.collect();
    for (index, one) in written.iter().enumerate() {
        let others = written.iter().enumerate().filter(|(other, _)| *other != index);
        let covering = others.clone().find(|(other, wide)| covers(wide, one, *other < index, known));
        if let Some((_, wide)) = covering {
            found.push((one.file, subsumed(one, wide)));
        } else if let Some((_, wall)) = others.clone().find(|(_, wall)| forbids_all(wall, one, known)) {
            found.push((one.file, unreachable(one, wall)));
        }
    }
    found
}

/// Of two that cover each other, the later one is told of.
fn covers(wide: &Written<'_>, narrow: &Written<'_>, is_earlier: bool, known: &Known<'_>) -> bool {
    include::rule(wide.rule, narrow.rule, known)
        && (is_earlier || !include::rule(narrow.rule, wide.rule, known))
}

fn subsumed(one: &Written<'_>, wide: &Written<'_>) -> Finding {
    let message = format!("`{}` adds nothing to `{}`", one.rule.id, wide.rule.id);
    Finding::new(Code::Subsumed, one.place.clone(), message).help("keep the one that is meant")
}

/// A forbid without conditions, about all that the other rule is about.
fn forbids_all(wall: &Written<'_>, one: &Written<'_>, known: &Known<'_>) -> bool {
    let total = matches!(wall.rule.effect, Effect::Forbid) && wall.rule.any.is_empty() && !wall.rule.shadow;
    total
        && !matches!(one.rule.effect, Effect::Forbid)
        && include::select(&wall.rule.select, &one.rule.select, known)
}

fn unreachable(one: &Written<'_>, wall: &Written<'_>) -> Finding {
    let message = format!("`{}` never matters: `{}` forbids all that it is about", one.rule.id, wall.rule.id);
    Finding::new(Code::Unreachable, one.place.clone(), message)
        .help("take one of the two out, or narrow the forbid")
}

/// Alternatives that lie within another one of the same rule.
fn alternatives(one: &Written<'_>) -> Vec<Finding> {
    let all = one.alternatives();
    let whens = &one.rule.any;
    let covering = |index: usize| {
        whens.iter().enumerate().find_map(|(other, wide)| {
            let within = other != index && include::when(wide, &whens[index]);
            (within && (other < index || !include::when(&whens[index], wide))).then_some(other)
        })
    };
    let finding = |(index, alternative): (usize, &super::written::Alternative<'_>)| {
        let other = covering(index)?;
        let message = format!("whatever satisfies this satisfies alternative {} already", other + 1);
        Some(
            Finding::new(Code::Unreachable, alternative.place.clone(), message)
                .help("keep the one that is meant"),
        )
    };
    all.iter().enumerate().filter_map(finding).collect()
}
