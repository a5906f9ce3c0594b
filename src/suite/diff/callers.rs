//! What a provider's settings change for callers: headers and parameters that they may newly set,
//! or no longer, each shown by a request with it.

use std::collections::BTreeSet;

use super::barrier::{Barrier, Label};
use super::space::Space;
use super::witness::Witness;
use super::{About, Cause, Change, Comparison, Direction, Side, What, search};
use crate::policy::{Request, Truth};
use crate::spec::policy::Instant;
use crate::spec::{CapabilityId, Method, Provider};

/// Something that a caller may try to set.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Extra {
    Header { name: String, value: String },
    Parameter(String),
}

/// Looks through the providers that both sides have.
pub(super) fn changes(old: Side<'_>, new: Side<'_>, now: Instant, comparison: &mut Comparison) {
    for before in old.known.providers() {
        let Some(after) = new.known.providers().iter().find(|one| one.id == before.id) else { continue };
        for extra in extras(before, after) {
            let (strict, free, direction) = match (is_refused(before, &extra), is_refused(after, &extra)) {
                (true, false) => (old, new, Direction::Widens),
                (false, true) => (new, old, Direction::Narrows),
                _ => continue,
            };
            let is_told = |change: &Change| change.direction == direction && change.cause == extra.cause();
            if !comparison.changes.iter().any(is_told) {
                let ids = before.capabilities.iter().map(|capability| &capability.id);
                let found = ids.filter_map(|id| Shown { id, strict, free, direction }.by(&extra, now)).next();
                comparison.changes.extend(found);
            }
        }
    }
}

/// Every name that one of both keeps to the broker, with values that they may tell apart.
fn extras(before: &Provider, after: &Provider) -> BTreeSet<Extra> {
    let mut all = BTreeSet::new();
    for provider in [before, after] {
        let mut header = |name: &str, value: &str| {
            all.insert(Extra::Header { name: name.to_owned(), value: value.to_owned() });
        };
        for default in provider.headers.iter() {
            let patterns = default.allow.iter().map(|pattern| pattern.replace('*', "x"));
            let values = patterns.chain([default.value.to_string(), "other".to_owned()]);
            values.for_each(|value| header(default.name.as_str(), &value));
        }
        provider.act_as.iter().for_each(|name| header(name.as_str(), "x"));
        provider.own_headers().for_each(|name| header(name, "x"));
        let owned = provider.own_parameters();
        let owned = owned.chain(provider.owned_parameters.iter().map(AsRef::as_ref));
        all.extend(owned.map(|name| Extra::Parameter(name.to_owned())));
    }
    all
}

fn is_refused(provider: &Provider, extra: &Extra) -> bool {
    let (mut path, mut headers) = ("/".to_owned(), Vec::new());
    extra.put(&mut path, &mut headers);
    Request::canonical(provider, Method::Get, &path, &headers).is_err()
}

impl Extra {
    fn put(&self, path: &mut String, headers: &mut Vec<(String, String)>) {
        match self {
            Self::Header { name, value } => headers.push((name.clone(), value.clone())),
            Self::Parameter(name) => {
                let joint = if path.contains('?') { '&' } else { '?' };
                let name = percent_encoding::utf8_percent_encode(name, percent_encoding::NON_ALPHANUMERIC);
                *path += &format!("{joint}{name}=x");
            }
        }
    }

    fn cause(&self) -> Cause {
        match self {
            Self::Header { name, .. } => Cause::Header(name.clone()),
            Self::Parameter(name) => Cause::Parameter(name.clone()),
        }
    }
}

/// A capability on which a change may show.
struct Shown<'s> {
    id: &'s CapabilityId,
    strict: Side<'s>,
    free: Side<'s>,
    direction: Direction,
}

impl Shown<'_> {
    /// A request that the free side lets pass and the strict side, for `extra`, does not.
    fn by(&self, extra: &Extra, now: Instant) -> Option<Change> {
        let (strict, free) = (About::new(self.strict, self.id), About::new(self.free, self.id));
        let space = Space::of(&strict, &free, now);
        let with_it = |choice: &[usize]| {
            let mut witness = space.witness(choice)?;
            extra.put(&mut witness.path, &mut witness.headers);
            Some(witness)
        };
        let shows = |witness: &Witness| {
            witness.held_against(self.strict).is_denied() && !witness.held_against(self.free).is_denied()
        };
        let accepted = |choice: &[usize]| with_it(choice).is_some_and(|witness| shows(&witness));
        let (select, any) = (Vec::new(), Vec::new());
        let anything = Barrier { label: Label::Grant, select, any, spares: Truth::False };
        let denying = space.denying(&free);
        let denying: Vec<&Barrier<'_>> = denying.iter().collect();
        let choice = search::Search::new(&space, &anything, &denying).first(&accepted)?;
        let witness = with_it(&space.simplest(choice, &accepted))?;
        let (strict, free) = (witness.held_against(self.strict), witness.held_against(self.free));
        let (old, new) = match self.direction {
            Direction::Widens => (strict, free),
            Direction::Narrows => (free, strict),
        };
        let (capability, cause) = (self.id.clone(), extra.cause());
        Some(Change { direction: self.direction, what: What::Permit, capability, cause, witness, old, new })
    }
}
