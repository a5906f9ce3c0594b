//! What stops a request, or acts upon it, told in conditions on single parts of a request.

use super::Cause;
use crate::policy::Truth;
use crate::spec::policy::Rule;

/// Selected by all of `select`; then it acts, unless the alternatives come out as `spares` says.
pub(super) struct Barrier<'a> {
    pub(super) label: Label<'a>,
    pub(super) select: Vec<Atom>,
    /// Of several conditions each, of which one is enough; none at all: always true.
    pub(super) any: Vec<Vec<Atom>>,
    pub(super) spares: Truth,
}

#[derive(Clone, Copy)]
pub(super) enum Label<'a> {
    Grant,
    Rule(&'a Rule),
}

/// A condition on one part of a request, as a table over the values of that part. Of a body of
/// another kind than the condition looks into, the kind alone decides.
#[derive(Clone)]
pub(super) struct Atom {
    pub(super) part: usize,
    pub(super) table: Vec<Truth>,
    /// By kind of body: the truth, or none where the table holds.
    pub(super) by_kind: Vec<Option<Truth>>,
}

/// A set of truths that are still possible.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Possible(u8);

const ALL: [Truth; 3] = [Truth::True, Truth::False, Truth::Unknown];

impl Possible {
    pub(super) const NONE: Self = Self(0);

    pub(super) const fn only(truth: Truth) -> Self {
        Self(1 << truth as u8)
    }

    pub(super) const fn or_be(self, truth: Truth) -> Self {
        Self(self.0 | Self::only(truth).0)
    }

    pub(super) const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    pub(super) const fn may_be(self, truth: Truth) -> bool {
        self.0 & Self::only(truth).0 != 0
    }

    fn joined(self, other: Self, join: fn(Truth, Truth) -> Truth) -> Self {
        let mut joined = Self::NONE;
        for a in ALL.into_iter().filter(|truth| self.may_be(*truth)) {
            for b in ALL.into_iter().filter(|truth| other.may_be(*truth)) {
                joined = joined.or_be(join(a, b));
            }
        }
        joined
    }

    pub(super) fn and(self, other: Self) -> Self {
        self.joined(other, Truth::and)
    }

    pub(super) fn or(self, other: Self) -> Self {
        self.joined(other, Truth::or)
    }
}

/// Whether a barrier acts, as far as that is settled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Acts {
    Yes,
    No,
    Open,
}

impl Barrier<'_> {
    pub(super) fn cause(&self) -> Cause {
        match self.label {
            Label::Grant => Cause::Grant,
            Label::Rule(rule) => Cause::Rule(rule.id.clone()),
        }
    }

    /// Whether it acts, where `possible` tells what each condition may still come to.
    pub(super) fn acts(&self, possible: &impl Fn(&Atom) -> Possible) -> Acts {
        let all = |atoms: &[Atom]| {
            atoms.iter().fold(Possible::only(Truth::True), |joined, atom| joined.and(possible(atom)))
        };
        let selected = all(&self.select);
        if !selected.may_be(Truth::True) {
            return Acts::No;
        }
        let met = if self.any.is_empty() {
            Possible::only(Truth::True)
        } else {
            self.any.iter().fold(Possible::only(Truth::False), |joined, atoms| joined.or(all(atoms)))
        };
        if met == Possible::only(self.spares) {
            Acts::No
        } else if !met.may_be(self.spares) && selected == Possible::only(Truth::True) {
            Acts::Yes
        } else {
            Acts::Open
        }
    }

    pub(super) fn atoms(&self) -> impl Iterator<Item = &Atom> {
        self.select.iter().chain(self.any.iter().flatten())
    }
}
