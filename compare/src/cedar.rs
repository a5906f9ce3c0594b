//! `cedar-policy`: one `permit` a grant.
//!
//! Its `like` lets `*` run across `/`. Where a pattern holds as many slashes as the path, though, no `*` is left with
//! one to match, so `context.segments == 4 && context.path like "/v1/threads/*/messages"` is that pattern in segments.
//! Before a last `**` the same is done with the path's beginning, of which the host hands over as many segments as
//! the capability's patterns need.

use std::collections::HashMap;
use std::rc::Rc;
use std::str::FromStr;

use aivault::spec::{Capability, Grant, Method, PathPattern, Provider};
use cedar_policy::{
    Authorizer, Context, Decision, Entities, EntityUid, PolicySet, Request, RestrictedExpression,
};

use crate::Decider;
use crate::asked::{Asked, CALLER, segments};

/// Policies, and what decides by them.
pub struct Policies {
    sets: Sets,
    authorizer: Authorizer,
    entities: Entities,
}

/// Which policies a request is held against.
enum Sets {
    /// Those of its capability, found by the host.
    Narrowed(HashMap<String, PolicySet>),
    /// All there are.
    Whole(PolicySet),
}

/// What requests are made of: names that were parsed beforehand.
pub struct Names {
    caller: EntityUid,
    methods: HashMap<&'static str, EntityUid>,
    capabilities: HashMap<String, (EntityUid, Vec<usize>)>,
}

/// A decision from the raw request on.
pub struct Cedar {
    pub name: &'static str,
    pub policies: Rc<Policies>,
    pub names: Rc<Names>,
    pub asked: Rc<[Asked]>,
}

/// A decision on requests that are Cedar's already.
pub struct Prepared {
    name: &'static str,
    policies: Rc<Policies>,
    asked: Vec<(String, Request)>,
}

impl Policies {
    pub fn narrowed(providers: &[Provider], rules: &str) -> Self {
        let set = |one: &Capability| PolicySet::from_str(&(permits(one) + rules)).unwrap();
        let each = capabilities(providers).map(|one| (one.id.to_string(), set(one)));
        Self::new(Sets::Narrowed(each.collect()))
    }

    pub fn whole(providers: &[Provider]) -> Self {
        let text: String = capabilities(providers).map(permits).collect();
        Self::new(Sets::Whole(PolicySet::from_str(&text).unwrap()))
    }

    fn new(sets: Sets) -> Self {
        Self { sets, authorizer: Authorizer::new(), entities: Entities::empty() }
    }

    fn permit(&self, capability: &str, request: &Request) -> bool {
        let set = match &self.sets {
            Sets::Narrowed(sets) => sets.get(capability),
            Sets::Whole(set) => Some(set),
        };
        let response = set.map(|set| self.authorizer.is_authorized(request, set, &self.entities));
        response.is_some_and(|response| response.decision() == Decision::Allow)
    }
}

fn capabilities(providers: &[Provider]) -> impl Iterator<Item = &Capability> {
    providers.iter().flat_map(|provider| provider.capabilities.iter())
}

/// What is off by default is granted by nothing.
fn permits(one: &Capability) -> String {
    let grants = one.grants.iter().filter(|_| !one.is_administrative());
    grants.map(|grant| permit(one.id.as_str(), grant)).collect()
}

fn permit(id: &str, grant: &Grant) -> String {
    let methods: Vec<String> = grant.methods.iter().map(|method| format!("Action::\"{method}\"")).collect();
    let action = match &methods[..] {
        [only] => format!("action == {only}"),
        all => format!("action in [{}]", all.join(", ")),
    };
    let paths: Vec<String> = grant.paths.iter().map(condition).collect();
    format!(
        "permit(principal, {action}, resource == Capability::\"{id}\") when {{ {} }};\n",
        paths.join(" || ")
    )
}

fn condition(pattern: &PathPattern) -> String {
    let (text, bare) = (pattern.as_str(), pattern.bare());
    let count = segments(bare);
    if pattern.is_exact() {
        return format!("context.path == \"{text}\"");
    }
    assert!(count > 0, "`{text}` matches paths that end in a slash");
    if pattern.has_rest() {
        format!("(context.segments >= {count} && context.head{count} like \"{bare}\")")
    } else {
        format!("(context.segments == {count} && context.path like \"{text}\")")
    }
}

impl Names {
    pub fn of(providers: &[Provider]) -> Self {
        let uid = |kind: &str, id: &str| EntityUid::from_str(&format!("{kind}::\"{id}\"")).unwrap();
        let capability = |one: &Capability| (uid("Capability", one.id.as_str()), heads(one));
        Self {
            caller: uid("Caller", CALLER),
            methods: Method::ALL.map(|method| (method.as_str(), uid("Action", method.as_str()))).into(),
            capabilities: capabilities(providers).map(|one| (one.id.to_string(), capability(one))).collect(),
        }
    }

    fn request(&self, asked: &Asked) -> Request {
        let (resource, heads) = &self.capabilities[asked.capability()];
        let context = Context::from_pairs(context(asked, heads)).unwrap();
        let action = self.methods[asked.method()].clone();
        Request::new(self.caller.clone(), action, resource.clone(), context, None).unwrap()
    }
}

/// The numbers of segments before `**` in the capability's patterns.
fn heads(one: &Capability) -> Vec<usize> {
    let patterns =
        one.grants.iter().flat_map(|grant| grant.paths.iter()).filter(|pattern| pattern.has_rest());
    let mut counts: Vec<usize> = patterns.map(|pattern| segments(pattern.bare())).collect();
    counts.sort_unstable();
    counts.dedup();
    counts
}

type Pair = (String, RestrictedExpression);

fn context(asked: &Asked, heads: &[usize]) -> Vec<Pair> {
    let path = asked.path();
    let count = segments(path);
    let mut pairs =
        vec![pair("path", text(path)), pair("segments", RestrictedExpression::new_long(count as i64))];
    let heads = heads.iter().filter(|head| **head <= count);
    pairs.extend(heads.map(|head| (format!("head{head}"), text(beginning(path, *head)))));
    if !asked.body.is_empty() {
        pairs.push(pair("caller", text(CALLER)));
        of_body(&asked.body, &mut pairs);
    }
    pairs
}

/// The first `count` segments of a path.
fn beginning(path: &str, count: usize) -> &str {
    path.match_indices('/').nth(count).map_or(path, |(end, _)| &path[..end])
}

/// What the six rules look at.
fn of_body(body: &[u8], pairs: &mut Vec<Pair>) {
    let body: serde_json::Value = serde_json::from_slice(body).unwrap();
    for key in ["model", "service_tier"] {
        pairs.extend(body[key].as_str().map(|value| pair(key, text(value))));
    }
    for key in ["max_tokens", "n"] {
        pairs.extend(body[key].as_i64().map(|value| pair(key, RestrictedExpression::new_long(value))));
    }
    pairs.extend(body["stream"].as_bool().map(|value| pair("stream", RestrictedExpression::new_bool(value))));
    let messages = body["messages"].as_array().into_iter().flatten();
    let roles = messages.map(|message| text(message["role"].as_str().unwrap_or_default()));
    pairs.push(pair("roles", RestrictedExpression::new_set(roles)));
}

fn pair(name: &str, value: RestrictedExpression) -> Pair {
    (name.to_owned(), value)
}

fn text(text: &str) -> RestrictedExpression {
    RestrictedExpression::new_string(text.to_owned())
}

impl Decider for Cedar {
    fn name(&self) -> &'static str {
        self.name
    }

    fn requests(&self) -> usize {
        self.asked.len()
    }

    fn decide(&mut self, at: usize) -> bool {
        let asked = &self.asked[at];
        self.policies.permit(asked.capability(), &self.names.request(asked))
    }
}

impl Prepared {
    pub fn new(name: &'static str, from: &Cedar) -> Self {
        let request = |asked: &Asked| (asked.capability().to_owned(), from.names.request(asked));
        Self { name, policies: Rc::clone(&from.policies), asked: from.asked.iter().map(request).collect() }
    }
}

impl Decider for Prepared {
    fn name(&self) -> &'static str {
        self.name
    }

    fn requests(&self) -> usize {
        self.asked.len()
    }

    fn decide(&mut self, at: usize) -> bool {
        let (capability, request) = &self.asked[at];
        self.policies.permit(capability, request)
    }
}
