//! The search for a request that meets one barrier and none of others: backtracking over the
//! values of each part, where what is settled already cuts off the rest.

use super::barrier::{Acts, Atom, Barrier, Possible};
use super::space::{KIND, Space};

/// Choices that are looked at before the search is cut short.
const BUDGET: usize = 50_000;

pub(super) struct Search<'s> {
    space: &'s Space<'s>,
    wanted: &'s Barrier<'s>,
    unwanted: &'s [&'s Barrier<'s>],
    /// The parts that any barrier looks at, those of the wanted one first.
    parts: Vec<usize>,
    left: usize,
}

impl<'s> Search<'s> {
    pub(super) fn new(
        space: &'s Space<'s>,
        wanted: &'s Barrier<'s>,
        unwanted: &'s [&'s Barrier<'s>],
    ) -> Self {
        let mut parts = Vec::new();
        for atom in wanted.atoms().chain(unwanted.iter().flat_map(|barrier| barrier.atoms())) {
            let looked_at = atom.by_kind.iter().any(Option::is_some).then_some(KIND);
            for part in looked_at.into_iter().chain([atom.part]) {
                if !parts.contains(&part) {
                    parts.push(part);
                }
            }
        }
        Self { space, wanted, unwanted, parts, left: BUDGET }
    }

    pub(super) fn is_cut_short(&self) -> bool {
        self.left == 0
    }

    /// The first choice, a value for each part, that `accepted` takes.
    pub(super) fn first(&mut self, accepted: &impl Fn(&[usize]) -> bool) -> Option<Vec<usize>> {
        let mut chosen = vec![None; self.space.parts()];
        self.descend(0, &mut chosen, accepted)
    }

    fn descend(
        &mut self,
        depth: usize,
        chosen: &mut Vec<Option<usize>>,
        accepted: &impl Fn(&[usize]) -> bool,
    ) -> Option<Vec<usize>> {
        self.left = self.left.checked_sub(1)?;
        let settled = self.settled(chosen)?;
        let part = if settled { None } else { self.parts.get(depth).copied() };
        let Some(part) = part else {
            let choice: Vec<usize> = chosen.iter().map(|value| value.unwrap_or(0)).collect();
            return accepted(&choice).then_some(choice);
        };
        for value in 0..self.space.values(part) {
            chosen[part] = Some(value);
            if let Some(found) = self.descend(depth + 1, chosen, accepted) {
                return Some(found);
            }
        }
        chosen[part] = None;
        None
    }

    /// None where no completion can do; else whether every one does.
    fn settled(&self, chosen: &[Option<usize>]) -> Option<bool> {
        let possible = |atom: &Atom| possible(atom, chosen);
        let wanted = self.wanted.acts(&possible);
        if wanted == Acts::No {
            return None;
        }
        let mut settled = wanted == Acts::Yes;
        for barrier in self.unwanted {
            match barrier.acts(&possible) {
                Acts::Yes => return None,
                Acts::No => {}
                Acts::Open => settled = false,
            }
        }
        Some(settled)
    }
}

/// What a condition may still come to.
fn possible(atom: &Atom, chosen: &[Option<usize>]) -> Possible {
    let by_table = || match chosen[atom.part] {
        Some(value) => Possible::only(atom.table[value]),
        None => atom.table.iter().fold(Possible::NONE, |all, truth| all.or_be(*truth)),
    };
    let under = |kind: &Option<crate::policy::Truth>| kind.map_or_else(by_table, Possible::only);
    match chosen[KIND] {
        Some(kind) => under(&atom.by_kind[kind]),
        None => atom.by_kind.iter().fold(Possible::NONE, |all, kind| all.union(under(kind))),
    }
}
