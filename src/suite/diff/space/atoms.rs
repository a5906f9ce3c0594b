//! The conditions of a rule, each upon one part of a request, and their truth for each value of
//! that part: asked of the very code that judges requests.

use std::rc::Rc;

use super::{In, KIND, Part, Space, lone, only};
use crate::policy::{Body, Request, Subject, Truth, conditions, of_path, selects};
use crate::spec::PathPattern;
use crate::spec::policy::{BodyWhen, Cost, Effect, Fields, Rule, Select, When};
use crate::suite::diff::barrier::{Atom, Barrier, Label};
use crate::suite::diff::values::{Family, Kind};
use crate::suite::diff::witness::Witness;

/// A rule to be taken apart.
pub(super) struct Pieces<'s, 'r> {
    pub(super) space: &'s Space<'s>,
    pub(super) rule: &'r Rule,
}

impl<'r> Pieces<'_, 'r> {
    /// Whom the rule is about, beside the capability.
    pub(super) fn select(&self) -> Vec<Atom> {
        let select = &self.rule.select;
        let own = |one: Select| {
            move |space: &Space<'_>, shown: &Shown| {
                let granted = space.example_capability();
                Truth::of(granted.is_none_or(|capability| selects(&one, capability, &shown.witness.facts())))
            }
        };
        let callers = Select { callers: select.callers.clone(), ..Select::default() };
        let scopes = Select { scopes: select.scopes.clone(), ..Select::default() };
        let credentials = Select { credentials: select.credentials.clone(), ..Select::default() };
        let times =
            Select { not_before: select.not_before, not_after: select.not_after, ..Select::default() };
        let mut atoms = Vec::new();
        for (part, one) in [
            (Part::Caller, callers),
            (Part::Scope, scopes),
            (Part::Credential, credentials),
            (Part::Time, times),
        ] {
            if one != Select::default() {
                atoms.extend(self.space.atom(&part, own(one)));
            }
        }
        atoms
    }

    /// Every condition of an alternative.
    pub(super) fn when(&self, when: &When) -> Vec<Atom> {
        let alone = |one: When| self.truth(one);
        let mut atoms = of_outline(
            self.space,
            &When { methods: when.methods, paths: when.paths.clone(), ..When::default() },
            of_path,
        );
        if when.time.is_some() {
            atoms.extend(self.space.atom(&Part::Time, alone(When { time: when.time, ..When::default() })));
        }
        if let Some(query) = &when.query {
            atoms.extend(
                self.fields(In::Query, query, |query| When { query: Some(query), ..When::default() }),
            );
        }
        if let Some(headers) = &when.headers {
            let within = |headers| When { headers: Some(headers), ..When::default() };
            atoms.extend(self.fields(In::Headers, headers, within));
        }
        if let Some(body) = &when.body {
            atoms.extend(self.body(body));
        }
        atoms
    }

    fn body(&self, body: &BodyWhen) -> Vec<Atom> {
        let within = |body: BodyWhen| When { body: Some(body), ..When::default() };
        let mut atoms = Vec::new();
        if body.max_bytes.is_some() {
            let one = within(BodyWhen { max_bytes: body.max_bytes, ..BodyWhen::default() });
            atoms.extend(self.space.gated(&Part::Size, |kind| !matches!(kind, Kind::Empty), self.truth(one)));
        }
        if body.content_types.is_some() {
            let one = within(BodyWhen { content_types: body.content_types.clone(), ..BodyWhen::default() });
            atoms.extend(self.space.atom(&Part::Kind, self.truth(one)));
        }
        for (pointer, pred) in &body.json {
            let one = within(BodyWhen { json: vec![(pointer.clone(), pred.clone())], ..BodyWhen::default() });
            let part = self.space.json_part(pointer);
            atoms.extend(self.space.gated(&part, |kind| matches!(kind, Kind::Json(_)), self.truth(one)));
        }
        if let Some(form) = &body.form {
            let within = |form| within(BodyWhen { form: Some(form), ..BodyWhen::default() });
            atoms.extend(self.fields(In::Form, form, within));
        }
        if let Some(fields) = &body.multipart {
            let within = |fields| within(BodyWhen { multipart: Some(fields), ..BodyWhen::default() });
            atoms.extend(self.fields(In::Multipart, fields, within));
        }
        atoms
    }

    /// Predicates one by one; `only`, upon each name by itself, since all of them must be admitted.
    fn fields(&self, place: In, fields: &Fields, within: impl Fn(Fields) -> When) -> Vec<Atom> {
        let mut atoms = Vec::new();
        for (name, pred) in &fields.preds {
            let one = within(Fields { only: None, preds: vec![(name.clone(), pred.clone())] });
            atoms.extend(self.space.gated(&part_of(place, name), gate(place), self.truth(one)));
        }
        let names = self.space.parts.iter().map(|(part, _)| part);
        let own: Vec<&Part> = names.filter(|part| is_in(place, part)).collect();
        if let Some(only) = only(fields) {
            for part in own {
                atoms.extend(self.space.gated(part, gate(place), self.truth(within(only.clone()))));
            }
            if place == In::Headers {
                // A body comes with its content-type.
                atoms.extend(self.space.atom(&Part::Kind, self.truth(within(only))));
            }
        } else if place == In::Query {
            // A `;` makes every query unknown to whoever looks into it.
            let part = Part::Named(In::Query, super::parts::OTHER.to_owned());
            atoms.extend(self.space.atom(&part, self.truth(within(Fields::default()))));
        }
        atoms
    }

    /// The truth of one alternative, held against a request.
    fn truth(&self, when: When) -> impl Fn(&Space<'_>, &Shown) -> Truth + use<> {
        let rule = lone(self.rule, when);
        move |_, shown| shown.holds(|subject| conditions(&rule, subject).truth)
    }

    /// Of a limit that counts a number in the body: a request without one is denied.
    pub(super) fn uncounted(&self) -> Option<Barrier<'r>> {
        let Effect::Limit(limit) = &self.rule.effect else { return None };
        let Cost::Body(pointer) = &limit.cost else { return None };
        let counting =
            std::sync::Arc::new(Rule { any: Vec::new(), select: Select::default(), ..self.rule.clone() });
        let uncounted = move |_: &Space<'_>, shown: &Shown| {
            shown.holds(|subject| {
                Truth::of(crate::policy::verdict(std::iter::once(&counting), subject).is_err())
            })
        };
        let part = self.space.json_part(pointer);
        let atom = self.space.gated(&part, |kind| matches!(kind, Kind::Json(_)), uncounted)?;
        let mut any: Vec<Vec<Atom>> = self.rule.any.iter().map(|when| self.when(when)).collect();
        if any.is_empty() {
            any.push(Vec::new());
        }
        any.iter_mut().for_each(|atoms| atoms.push(atom.clone()));
        Some(Barrier { label: Label::Rule(self.rule), select: self.select(), any, spares: Truth::False })
    }

    /// A body that the rule must read and cannot is denied, whatever else the rule says.
    pub(super) fn unreadable(&self) -> Option<Barrier<'r>> {
        let families = Family::read_by(self.rule);
        if families.is_empty() {
            return None;
        }
        let kinds: Vec<Kind> = self.space.kinds().cloned().collect();
        let broken = |kind: &Kind| matches!(kind, Kind::Broken(family) if families.contains(family));
        let table: Vec<Truth> = kinds.iter().map(|kind| Truth::of(broken(kind))).collect();
        let by_kind = vec![None; kinds.len()];
        let any = vec![vec![Atom { part: KIND, table, by_kind }]];
        Some(Barrier { label: Label::Rule(self.rule), select: self.select(), any, spares: Truth::False })
    }
}

/// Methods and paths of a grant, which matches to the letter.
pub(super) fn of_grant(space: &Space<'_>, when: &When) -> Vec<Atom> {
    let matches = |paths: &[PathPattern], path: &str| Truth::of(paths.iter().any(|one| one.matches(path)));
    of_outline(space, when, matches)
}

/// Methods and paths, which grants and rules have.
fn of_outline(space: &Space<'_>, when: &When, of_path: impl Fn(&[PathPattern], &str) -> Truth) -> Vec<Atom> {
    let mut atoms = Vec::new();
    if let Some(methods) = when.methods {
        atoms.extend(space.atom(&Part::Method, |_: &Space<'_>, shown: &Shown| {
            Truth::of(methods.contains(shown.witness.method))
        }));
    }
    if let Some(paths) = &when.paths {
        atoms.extend(space.atom(&Part::Path, |_: &Space<'_>, shown: &Shown| {
            let path = shown.witness.path.split('?').next().unwrap_or_default();
            of_path(paths, path)
        }));
    }
    atoms
}

/// A request of the space, read once for all conditions that are held against it.
pub(super) struct Shown {
    witness: Witness,
    /// None where it is no request that a caller may send, or cannot be read.
    read: Option<(Request, Body)>,
}

impl Shown {
    fn of(space: &Space<'_>, witness: Witness) -> Self {
        let request = space.provider.and_then(|provider| witness.canonical(provider));
        let read = request.and_then(|request| {
            let mut body = Body::read(&request, witness.bytes(), Family::all()).ok()?;
            body.length = witness.body_bytes.unwrap_or(body.length);
            Some((request, body))
        });
        Self { witness, read }
    }

    fn holds(&self, truth: impl Fn(&Subject<'_>) -> Truth) -> Truth {
        let Some((request, body)) = &self.read else { return Truth::Unknown };
        truth(&Subject { request, facts: self.witness.facts(), body })
    }
}

fn part_of(place: In, name: &str) -> Part {
    if place == In::Headers && name == "content-type" {
        Part::Kind
    } else {
        Part::Named(place, name.to_owned())
    }
}

fn is_in(place: In, part: &Part) -> bool {
    matches!(part, Part::Named(one, _) if *one == place)
}

/// Whether a body of that kind has the values at all.
fn gate(place: In) -> impl Fn(&Kind) -> bool {
    move |kind| match place {
        In::Query | In::Headers => true,
        In::Form => matches!(kind, Kind::Form),
        In::Multipart => matches!(kind, Kind::Multipart),
    }
}

impl Space<'_> {
    /// A condition that looks at one part alone.
    fn atom(&self, part: &Part, truth: impl Fn(&Space<'_>, &Shown) -> Truth) -> Option<Atom> {
        self.gated(part, |_| true, truth)
    }

    /// A condition upon one part of a body of some kinds; of others the kind decides.
    fn gated(
        &self,
        part: &Part,
        gate: impl Fn(&Kind) -> bool,
        truth: impl Fn(&Space<'_>, &Shown) -> Truth,
    ) -> Option<Atom> {
        let part = self.part(part)?;
        let kinds: Vec<&Kind> = self.kinds().collect();
        let open = kinds.iter().position(|kind| gate(kind)).unwrap_or(KIND);
        let told = |part, value, kind| {
            self.shown(part, value, kind).map_or(Truth::Unknown, |shown| truth(self, &shown))
        };
        let table = (0..self.values(part)).map(|value| told(part, value, open)).collect();
        let by_kind = kinds.iter().enumerate();
        let by_kind = by_kind.map(|(kind, one)| (!gate(one)).then(|| told(KIND, kind, kind))).collect();
        Some(Atom { part, table, by_kind })
    }

    /// The request with one value of one part, in a body of that kind, and all else at its simplest.
    fn shown(&self, part: usize, value: usize, kind: usize) -> Option<Rc<Shown>> {
        let kind = if part == KIND { value } else { kind };
        let key = (part, value, kind);
        if let Some(shown) = self.shown.borrow().get(&key) {
            return Some(Rc::clone(shown));
        }
        let mut choice = vec![0; self.parts()];
        choice[KIND] = kind;
        choice[part] = value;
        let shown = Rc::new(Shown::of(self, self.witness(&choice)?));
        self.shown.borrow_mut().insert(key, Rc::clone(&shown));
        Some(shown)
    }

    fn example_capability(&self) -> Option<&crate::spec::Capability> {
        self.provider?.capabilities.iter().find(|capability| capability.id == self.capability)
    }
}
