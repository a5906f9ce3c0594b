//! What everybody is asked.

use aivault::policy::{Call, Catalog, authorise};
use aivault::spec::{Capability, Grant, Host, Method, PathPattern, Provider, Scope};

/// Who asks.
pub const CALLER: &str = "agent:research-7";

/// One request, with its body.
#[derive(Clone)]
pub struct Asked {
    pub call: Call,
    pub body: Vec<u8>,
    /// The hosts that the account is bound to, of a provider with a host for each.
    pub bound: Vec<Host>,
}

impl Asked {
    /// Of a capability, as an account that is bound where that matters.
    fn of(one: &Capability, method: Method, target: &str) -> Self {
        Self { bound: vec![one.host.example()], ..Self::new(one.id.as_str(), method, target, "") }
    }

    pub fn new(capability: &str, method: Method, target: &str, body: &str) -> Self {
        let call = Call {
            capability: capability.to_owned(),
            credential: None,
            scope: Scope::Global,
            method: Some(method.to_string()),
            path: Some(target.to_owned()),
            headers: vec![("content-type".to_owned(), "application/json".to_owned())],
            has_body: !body.is_empty(),
        };
        Self { call, body: body.as_bytes().to_vec(), bound: Vec::new() }
    }

    pub fn capability(&self) -> &str {
        &self.call.capability
    }

    pub fn method(&self) -> &str {
        self.call.method.as_deref().unwrap_or_default()
    }

    /// The path without its query.
    pub fn path(&self) -> &str {
        let target = self.call.path.as_deref().unwrap_or_default();
        target.split_once('?').map_or(target, |(path, _)| path)
    }
}

/// How many segments the path has. None are counted in one that ends in a slash: no pattern of the registry with a
/// `*` in it fits such a path.
pub fn segments(path: &str) -> usize {
    if path.ends_with('/') { 0 } else { path.matches('/').count() }
}

fn enabled(providers: &[Provider]) -> impl Iterator<Item = &Capability> {
    providers.iter().flat_map(|one| one.capabilities.iter()).filter(|one| !one.is_administrative())
}

/// The example of each capability.
pub fn granted(providers: &[Provider]) -> Vec<Asked> {
    enabled(providers).map(|one| Asked::of(one, one.example.method, &one.example.path)).collect()
}

/// Beside each example one with a method, and one with a path, that the capability does not grant.
pub fn denied(catalog: &dyn Catalog, providers: &[Provider]) -> Vec<Asked> {
    let is_denied = |asked: &Asked| authorise(catalog, &asked.call).is_err();
    enabled(providers)
        .flat_map(|one| [other_methods(one), other_paths(one)].map(|mut all| all.find(is_denied)))
        .flatten()
        .collect()
}

/// Everything that is worth asking once: each pattern filled in, paths beside it, and all of them with all methods.
pub fn thorough(providers: &[Provider]) -> Vec<Asked> {
    let all = providers.iter().flat_map(|provider| provider.capabilities.iter());
    all.flat_map(|one| {
        let targets = one.grants.iter().flat_map(|grant: &Grant| grant.paths.iter()).flat_map(targets);
        targets.flat_map(|target| Method::ALL.map(|method| Asked::of(one, method, &target)))
    })
    .collect()
}

fn other_methods(one: &Capability) -> Box<dyn Iterator<Item = Asked> + '_> {
    Box::new(Method::ALL.into_iter().map(|method| Asked::of(one, method, &one.example.path)))
}

fn other_paths(one: &Capability) -> Box<dyn Iterator<Item = Asked> + '_> {
    let paths = beside(example_path(one)).into_iter();
    Box::new(paths.map(|path| Asked::of(one, one.example.method, &path)))
}

fn example_path(one: &Capability) -> &str {
    one.example.path.split_once('?').map_or(&*one.example.path, |(path, _)| path)
}

fn targets(pattern: &PathPattern) -> Vec<String> {
    let filled = pattern.bare().replace('*', "x");
    beside(&filled).into_iter().chain([filled]).collect()
}

/// Paths that are much like `path`.
fn beside(path: &str) -> [String; 5] {
    let parent =
        path.rsplit_once('/').map_or("/", |(parent, _)| if parent.is_empty() { "/" } else { parent });
    [
        format!("{path}-evil"),
        format!("{path}/x"),
        parent.to_owned(),
        format!("{path}/"),
        format!("{path}/x/y/z"),
    ]
}
