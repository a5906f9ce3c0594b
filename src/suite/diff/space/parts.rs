//! Which parts of a request two sets of rules look at, and the request that is made of a value for
//! each.

use super::{In, KIND, Part, Space, Value};
use crate::policy::Json;
use crate::spec::policy::{BodyWhen, Cost, Effect, Fields, Glob, Instant, Pointer, Pred, Rule, Token, When};
use crate::spec::{CapabilityId, CredentialName, Method, PathPattern, Scope, ScopeId};
use crate::suite::diff::About;
use crate::suite::diff::values::json::Tree;
use crate::suite::diff::values::{Family, Kind, paths, text};
use crate::suite::diff::witness::Witness;

/// A name that no rule names.
pub(super) const OTHER: &str = "x-other";
const BOUNDARY: &str = "boundary";
const DAY_MS: u64 = 86_400_000;
const MINUTE_MS: u64 = 60_000;

/// All parts, the kind of body first.
pub(super) fn of(one: &About<'_>, other: &About<'_>, now: Instant) -> Vec<(Part, Vec<Value>)> {
    let rules: Vec<&Rule> = one.rules.iter().chain(&other.rules).copied().collect();
    let whens: Vec<&When> = rules.iter().flat_map(|rule| &rule.any).collect();
    let bodies: Vec<&BodyWhen> = whens.iter().filter_map(|when| when.body.as_ref()).collect();
    let mut parts = vec![
        (Part::Kind, kinds(&rules, &bodies)),
        (Part::Size, sizes(&bodies)),
        (Part::Method, methods(one, other)),
        (Part::Path, granted_paths(one, other, &whens)),
        (Part::Caller, callers(&rules)),
        (Part::Scope, scopes(&rules)),
        (Part::Credential, credentials(&rules, one.id)),
        (Part::Time, times(&rules, &whens, now)),
    ];
    parts.extend(named(In::Query, whens.iter().filter_map(|when| when.query.as_ref())));
    parts.extend(named(In::Headers, whens.iter().filter_map(|when| when.headers.as_ref())));
    parts.extend(named(In::Form, bodies.iter().filter_map(|body| body.form.as_ref())));
    parts.extend(named(In::Multipart, bodies.iter().filter_map(|body| body.multipart.as_ref())));
    parts.extend(json(&rules, &bodies));
    parts
}

fn kinds(rules: &[&Rule], bodies: &[&BodyWhen]) -> Vec<Value> {
    let families: Vec<Family> = rules.iter().flat_map(|rule| Family::read_by(rule)).collect();
    let mut kinds = vec![Kind::Empty];
    if families.contains(&Family::Json) {
        let json = Kind::Json("application/json".to_owned());
        kinds.extend([json, Kind::JsonList, Kind::Broken(Family::Json)]);
    }
    if families.contains(&Family::Form) {
        kinds.extend([Kind::Form, Kind::Broken(Family::Form)]);
    }
    if families.contains(&Family::Multipart) {
        kinds.extend([Kind::Multipart, Kind::Broken(Family::Multipart)]);
    }
    for media in bodies.iter().filter_map(|body| body.content_types.as_ref()).flatten() {
        kinds.push(match media.as_str() {
            "application/x-www-form-urlencoded" => Kind::Form,
            "multipart/form-data" => Kind::Multipart,
            json if json == "application/json" || json.ends_with("+json") => Kind::Json(media.clone()),
            _ => Kind::Opaque(media.clone()),
        });
    }
    let looks_at_type = rules.iter().flat_map(|rule| &rule.any).any(|when| when.headers.is_some());
    if !bodies.is_empty() || kinds.len() > 1 || looks_at_type {
        kinds.push(Kind::Opaque("text/plain".to_owned()));
    }
    let mut distinct = Vec::new();
    for kind in kinds {
        if !distinct.contains(&kind) {
            distinct.push(kind);
        }
    }
    distinct.into_iter().map(Value::Kind).collect()
}

/// As long as the body is, and one byte too long for each limit.
fn sizes(bodies: &[&BodyWhen]) -> Vec<Value> {
    let too_long = bodies.iter().filter_map(|body| body.max_bytes?.checked_add(1));
    let possible = too_long.filter(|length| *length <= crate::policy::MAX_JUDGED);
    std::iter::once(None).chain(possible.map(Some)).map(Value::Size).collect()
}

fn methods(one: &About<'_>, other: &About<'_>) -> Vec<Value> {
    let granted =
        |about: &About<'_>, method| about.capability.is_some_and(|one| one.methods().contains(method));
    let all = Method::ALL.into_iter().filter(|method| granted(one, *method) || granted(other, *method));
    all.map(Value::Method).collect()
}

fn granted_paths(one: &About<'_>, other: &About<'_>, whens: &[&When]) -> Vec<Value> {
    let grants = [one, other].into_iter().filter_map(|about| about.capability);
    let granted: Vec<&PathPattern> =
        grants.flat_map(|capability| capability.grants.iter()).flat_map(|grant| grant.paths.iter()).collect();
    let named = whens.iter().filter_map(|when| when.paths.as_ref()).flatten();
    let all: Vec<&PathPattern> = granted.iter().copied().chain(named).collect();
    let is_granted = |path: &String| granted.iter().any(|pattern| pattern.matches(path));
    paths::of(&all).into_iter().filter(is_granted).map(Value::Text).collect()
}

fn callers(rules: &[&Rule]) -> Vec<Value> {
    let globs: Vec<&Glob> = rules.iter().filter_map(|rule| rule.select.callers.as_ref()).flatten().collect();
    let mut all = vec!["uid:1000".to_owned(), "agent:x".to_owned(), "token:x".to_owned()];
    for text in text::of_globs(globs.iter().copied()) {
        let with_class = ["agent:", "uid:", "token:"].map(|class| format!("{class}{text}"));
        all.extend(std::iter::once(text).chain(with_class).filter(|name| is_caller(name)));
    }
    all.into_iter().map(Value::Text).collect()
}

fn is_caller(name: &str) -> bool {
    match name.split_once(':') {
        Some(("uid", number)) => number.parse::<u32>().is_ok(),
        Some(("agent" | "token", name)) => !name.is_empty(),
        _ => false,
    }
}

fn scopes(rules: &[&Rule]) -> Vec<Value> {
    let globs = rules.iter().filter_map(|rule| rule.select.scopes.as_ref()).flatten();
    let texts = ["global", "workspace:w", "group:w/g"].map(str::to_owned).into_iter();
    texts.chain(text::of_globs(globs)).filter_map(|text| scope(&text)).map(Value::Scope).collect()
}

fn scope(text: &str) -> Option<Scope> {
    match text.split_once(':') {
        None => (text == "global").then_some(Scope::Global),
        Some(("workspace", id)) => Some(Scope::Workspace { workspace: ScopeId::parse(id).ok()? }),
        Some(("group", ids)) => {
            let (workspace, group) = ids.split_once('/')?;
            Some(Scope::Group {
                workspace: ScopeId::parse(workspace).ok()?,
                group: ScopeId::parse(group).ok()?,
            })
        }
        Some(_) => None,
    }
}

fn credentials(rules: &[&Rule], id: &CapabilityId) -> Vec<Value> {
    let globs = rules.iter().filter_map(|rule| rule.select.credentials.as_ref()).flatten();
    let texts = [id.provider().to_owned(), "other".to_owned()].into_iter().chain(text::of_globs(globs));
    texts.filter(|text| CredentialName::parse(text).is_ok()).map(Value::Text).collect()
}

/// Now, and the moments at which a rule begins, ends, or changes within a week from any of them.
fn times(rules: &[&Rule], whens: &[&When], now: Instant) -> Vec<Value> {
    let bounds =
        rules.iter().flat_map(|rule| rule.select.not_before.into_iter().chain(rule.select.not_after));
    let mut moments = vec![now.0];
    moments.extend(bounds.flat_map(|bound| [bound.0, bound.0.saturating_sub(1)]));
    let minutes: Vec<u64> =
        whens.iter().filter_map(|when| when.time).flat_map(|time| time.bounds()).collect();
    let starts = moments.clone();
    for start in starts {
        for day in 0..=7 {
            let midnight = start - start % DAY_MS + day * DAY_MS;
            let changes = minutes.iter().map(|minute| midnight + minute * MINUTE_MS);
            moments.extend(changes.flat_map(|at| [at, at.saturating_sub(1)]));
            moments.extend((!minutes.is_empty()).then_some(midnight + DAY_MS / 2));
        }
    }
    moments.into_iter().map(|at| Value::Time(Instant(at))).collect()
}

/// A part for each name that is spoken of, and one for a name that is not.
fn named<'f>(place: In, all: impl Iterator<Item = &'f Fields>) -> Vec<(Part, Vec<Value>)> {
    let all: Vec<&Fields> = all.collect();
    if all.is_empty() {
        return Vec::new();
    }
    let mut names: Vec<&String> =
        all.iter().flat_map(|fields| fields.preds.iter().map(|(name, _)| name)).collect();
    names.extend(all.iter().filter_map(|fields| fields.only.as_ref()).flatten());
    names.sort();
    names.dedup();
    names
        .retain(|name| place != In::Headers || !matches!(name.as_str(), "content-type" | "content-encoding"));
    let part = |name: &String| {
        let preds = all.iter().flat_map(|fields| &fields.preds).filter(|(one, _)| one == name);
        let preds: Vec<&Pred> = preds.map(|(_, pred)| pred).collect();
        (Part::Named(place, name.clone()), texts(place, &preds))
    };
    let mut other = vec![Vec::new(), vec!["x".to_owned()]];
    other.extend((place == In::Query).then(|| vec![";".to_owned()]));
    let other = (Part::Named(place, OTHER.to_owned()), other.into_iter().map(Value::Texts).collect());
    names.into_iter().map(part).chain([other]).collect()
}

fn texts(place: In, preds: &[&Pred]) -> Vec<Value> {
    let plain = |text: &String| place != In::Headers || text.trim() == text && text.is_ascii();
    let all = text::of_preds(preds).into_iter().filter(plain).map(|text| vec![text]);
    std::iter::once(Vec::new()).chain(all).map(Value::Texts).collect()
}

fn json(rules: &[&Rule], bodies: &[&BodyWhen]) -> Vec<(Part, Vec<Value>)> {
    let tree = tree(rules, bodies);
    let values = |tree: &Tree<'_>| tree.values().into_iter().map(Value::Json).collect();
    if tree.has_every() {
        return vec![(Part::Json(None), values(&tree))];
    }
    tree.names().map(|(name, below)| (Part::Json(Some(name.clone())), values(below))).collect()
}

fn tree<'r>(rules: &[&'r Rule], bodies: &[&'r BodyWhen]) -> Tree<'r> {
    let mut tree = Tree::default();
    for (pointer, pred) in bodies.iter().flat_map(|body| &body.json) {
        tree.add(pointer, Some(pred));
    }
    for rule in rules {
        if let Effect::Limit(limit) = &rule.effect
            && let Cost::Body(pointer) = &limit.cost
        {
            tree.add(pointer, None);
        }
    }
    tree
}

impl Space<'_> {
    /// The part that a pointer goes through.
    pub(super) fn json_part(&self, pointer: &Pointer) -> Part {
        let whole = Part::Json(None);
        match pointer.tokens().first() {
            Some(Token::Name(name)) if self.part(&whole).is_none() => Part::Json(Some(name.clone())),
            _ => whole,
        }
    }
}

/// The request that a choice stands for; none where there is no method or path to choose.
pub(super) fn witness(space: &Space<'_>, choice: &[usize]) -> Option<Witness> {
    let mut made = Making::default();
    for (part, value) in space.chosen(choice) {
        made.take(part, value);
    }
    let kind = space.parts[KIND].1.get(*choice.first()?)?;
    let Value::Kind(kind) = kind else { return None };
    let (content_type, body) = made.body(kind);
    let mut headers = made.headers;
    headers.extend(content_type.map(|media| ("content-type".to_owned(), media)));
    let path =
        if made.query.is_empty() { made.path? } else { format!("{}?{}", made.path?, made.query.join("&")) };
    Some(Witness {
        capability: space.capability.clone(),
        caller: made.caller,
        scope: made.scope,
        credential: made.credential,
        now: made.now?,
        method: made.method?,
        path,
        headers,
        body_bytes: made.size.filter(|_| body.is_some()),
        body,
    })
}

#[derive(Default)]
struct Making {
    method: Option<Method>,
    path: Option<String>,
    query: Vec<String>,
    headers: Vec<(String, String)>,
    form: Vec<(String, String)>,
    multipart: Vec<(String, String)>,
    json: Option<Json>,
    members: std::collections::BTreeMap<String, Json>,
    size: Option<u64>,
    caller: String,
    scope: Scope,
    credential: String,
    now: Option<Instant>,
}

impl Making {
    fn take(&mut self, part: &Part, value: &Value) {
        match (part, value) {
            (_, Value::Size(size)) => self.size = *size,
            (_, Value::Method(method)) => self.method = Some(*method),
            (Part::Path, Value::Text(path)) => self.path = Some(path.clone()),
            (Part::Caller, Value::Text(caller)) => self.caller.clone_from(caller),
            (Part::Credential, Value::Text(credential)) => self.credential.clone_from(credential),
            (_, Value::Scope(scope)) => self.scope = scope.clone(),
            (_, Value::Time(now)) => self.now = Some(*now),
            (Part::Named(place, name), Value::Texts(texts)) => {
                texts.iter().for_each(|text| self.named(*place, name, text));
            }
            (Part::Json(Some(name)), Value::Json(Some(value))) => {
                self.members.insert(name.clone(), value.clone());
            }
            (Part::Json(None), Value::Json(value)) => self.json.clone_from(value),
            _ => {}
        }
    }

    fn named(&mut self, place: In, name: &str, text: &str) {
        match place {
            In::Query if text == ";" => self.query.push(format!("{name}=;")),
            In::Query => self.query.push(format!("{}={}", encoded(name), encoded(text))),
            In::Headers => self.headers.push((name.to_owned(), text.to_owned())),
            In::Form => self.form.push((name.to_owned(), text.to_owned())),
            In::Multipart => self.multipart.push((name.to_owned(), text.to_owned())),
        }
    }

    /// The content-type and the text of a body of that kind.
    fn body(&self, kind: &Kind) -> (Option<String>, Option<String>) {
        let multipart = format!("multipart/form-data; boundary={BOUNDARY}");
        let form = "application/x-www-form-urlencoded";
        let json = "application/json";
        let (media, text) = match kind {
            Kind::Empty => return (None, None),
            Kind::Json(media) => (media.as_str(), self.json_text()),
            Kind::JsonList => (json, "[]".to_owned()),
            Kind::Form => (form, self.form_text()),
            Kind::Multipart => (multipart.as_str(), self.multipart_text()),
            Kind::Opaque(media) => (media.as_str(), "x".to_owned()),
            Kind::Broken(Family::Json) => (json, "{".to_owned()),
            Kind::Broken(Family::Form) => (form, "a=%".to_owned()),
            Kind::Broken(Family::Multipart) => (multipart.as_str(), "x".to_owned()),
        };
        (Some(media.to_owned()), Some(text))
    }

    fn json_text(&self) -> String {
        match &self.json {
            Some(whole) => whole.to_string(),
            None => Json::Map(self.members.clone()).to_string(),
        }
    }

    /// A form without fields has no bytes, and so is no body: it gets one that is not named.
    fn form_text(&self) -> String {
        let pairs = self.form.iter().map(|(name, text)| format!("{}={}", encoded(name), encoded(text)));
        let text = pairs.collect::<Vec<_>>().join("&");
        if text.is_empty() { "&".to_owned() } else { text }
    }

    fn multipart_text(&self) -> String {
        let part = |(name, text): &(String, String)| {
            format!("--{BOUNDARY}\r\ncontent-disposition: form-data; name=\"{name}\"\r\n\r\n{text}\r\n")
        };
        self.multipart.iter().map(part).collect::<String>() + &format!("--{BOUNDARY}--\r\n")
    }
}

fn encoded(text: &str) -> String {
    percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
}
