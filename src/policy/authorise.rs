//! The ceiling: a total function from a call and what grants it to `Admitted` or a
//! `Denial`; deny is what is left when nothing permits. What operators' rules make of an
//! admitted request is for `judge` to say.

use super::bounds::TokenBounds;
use super::call::{Call, Defaults};
use super::denial::{Denial, Reason};
use super::request::Request;
use super::trace::Trace;
use crate::spec::{Capability, CapabilityId, Host, Method, PathPattern, Provider, Segment, Target};

/// Where capabilities are looked up: the registry, and what an operator added.
pub trait Catalog: Send + Sync {
    /// The capability of that full name, unless there is none.
    fn capability(&self, id: &str) -> Option<Granted<'_>>;
    /// The provider of that id, unless there is none.
    fn provider(&self, id: &str) -> Option<&Provider>;
    /// A capability's name that is spelled much like `id`.
    fn near_miss(&self, id: &str) -> Option<String>;
}

/// A capability with its provider, as a catalogue has them.
#[derive(Debug, Clone, Copy)]
pub struct Granted<'a> {
    pub provider: &'a Provider,
    pub capability: &'a Capability,
    /// Whether the provider is the operator's own rather than the registry's.
    pub own: bool,
    /// Whether calls may use it: off by default where it is administrative, or off by the operator.
    pub enabled: bool,
}

impl<'a> Granted<'a> {
    /// As it is where no operator turned anything on or off.
    #[must_use]
    pub fn by_default(provider: &'a Provider, capability: &'a Capability, own: bool) -> Self {
        Self { provider, capability, own, enabled: !capability.is_administrative() }
    }
}

/// Proof that a capability grants a request, whose rules are still to be judged. Only
/// `authorise` makes one, and it cannot be copied.
#[derive(Debug)]
pub struct Admitted<'a> {
    granted: Granted<'a>,
    request: Request,
    trace: Trace,
}

impl<'a> Admitted<'a> {
    #[must_use]
    pub fn provider(&self) -> &'a Provider {
        self.granted.provider
    }

    #[must_use]
    pub fn capability(&self) -> &'a Capability {
        self.granted.capability
    }

    #[must_use]
    pub fn request(&self) -> &Request {
        &self.request
    }

    #[must_use]
    pub fn trace(&self) -> &Trace {
        &self.trace
    }

    /// The host that the request goes to as an account that is bound to `bound`.
    ///
    /// # Errors
    /// The denial where each tenant has a host, and the account is bound to none.
    pub fn place(&self, bound: Option<&[Host]>) -> Result<Host, Denial> {
        let Capability { id, host, .. } = self.capability();
        self.capability().place(bound).ok_or_else(|| {
            let hosts: Vec<&str> = self.capability().hosts().map(|host| host.as_str()).collect();
            let message = format!(
                "`{id}` stands at {}, and the credential is bound to none of these",
                hosts.join(", ")
            );
            let keys = self.provider().secrets.iter().filter(|claim| !claim.identifier);
            let commands: Vec<String> = keys
                .map(|key| format!("aivault secrets rotate --name {} --host {}", key.name, host.example()))
                .collect();
            Denial::new(Reason::CredentialHost, message).help(format!(
                "an operator gives the value again, with every host that it is for: {}",
                commands.join("; "),
            ))
        })
    }

    pub(super) fn into_parts(self) -> (Granted<'a>, Request) {
        (self.granted, self.request)
    }
}

/// Holds one call against what grants it.
///
/// # Errors
/// The denial, with its reason code, when no grant reaches that far.
pub fn authorise<'a>(catalog: &'a dyn Catalog, call: &Call) -> Result<Admitted<'a>, Denial> {
    let granted =
        catalog.capability(&call.capability).ok_or_else(|| unknown_capability(catalog, &call.capability))?;
    let capability = granted.capability;
    if !granted.enabled {
        return Err(disabled(capability));
    }
    let method = match &call.method {
        None => Defaults::method(capability, call.has_body)?,
        Some(text) => Method::parse(text).ok_or_else(|| wrong_method(capability, text, Trace::default()))?,
    };
    let default_path;
    let target = match &call.path {
        Some(path) => path.as_str(),
        None => {
            default_path = Defaults::path(capability)?;
            &default_path
        }
    };
    let request = Request::canonical(granted.provider, method, target, &call.headers)?;
    let trace = find_grant(capability, method, &request)?;
    Ok(Admitted { granted, request, trace })
}

fn disabled(capability: &Capability) -> Denial {
    let message = if capability.is_administrative() {
        format!("`{}` administers the account and is off by default", capability.id)
    } else {
        format!("`{}` was turned off by the operator", capability.id)
    };
    let help = format!("an operator turns it on: aivault capability enable {}", capability.id);
    Denial::new(Reason::CapabilityDisabled, message).help(help)
}

fn find_grant(capability: &Capability, method: Method, request: &Request) -> Result<Trace, Denial> {
    let path = request.target().path();
    let mut trace = Trace::default();
    for (index, grant) in capability.grants.iter().enumerate() {
        if !grant.paths.iter().any(|pattern| pattern.matches(path)) {
            continue;
        }
        if grant.methods.contains(method) {
            trace.matched = Some(index);
            return Ok(trace);
        }
        trace.wrong_method.push(index);
    }
    if trace.wrong_method.is_empty() {
        return Err(wrong_path(capability, path).traced(trace));
    }
    Err(wrong_method(capability, method.as_str(), trace))
}

/// The denial of a capability that nobody has, with the name that was probably meant.
pub fn unknown_capability(catalog: &dyn Catalog, id: &str) -> Denial {
    let shown: String = id.chars().take(80).collect();
    let denial =
        Denial::new(Reason::CapabilityUnknown, format!("there is no capability `{}`", shown.escape_debug()));
    match catalog.near_miss(id) {
        Some(near) => denial.help(format!("did you mean {near}?")),
        None => denial.help("see `aivault capability list`"),
    }
}

fn wrong_method(capability: &Capability, method: &str, trace: Trace) -> Denial {
    let near: Vec<_> = trace.wrong_method.iter().filter_map(|index| capability.grants.get(*index)).collect();
    let allowed = if near.is_empty() {
        capability.methods()
    } else {
        near.iter().fold(Default::default(), |all: crate::spec::MethodSet, grant| all.union(grant.methods))
    };
    let shown: String = method.chars().take(20).collect();
    let message = format!("`{}` does not allow the method `{}` here", capability.id, shown.escape_debug());
    Denial::new(Reason::CapabilityMethod, message).help(format!("allowed: {allowed}")).traced(trace)
}

fn wrong_path(capability: &Capability, path: &str) -> Denial {
    let shown: String = path.chars().take(200).collect();
    let message = format!("`{}` does not allow the path `{shown}`", capability.id);
    let mut some: Vec<&str> =
        capability.grants.iter().flat_map(|grant| grant.paths.iter()).map(PathPattern::as_str).collect();
    if some.len() > 4 {
        some.splice(3.., ["…"]);
    }
    let help = format!("allowed: {}; see `aivault capability describe {}`", some.join(", "), capability.id);
    Denial::new(Reason::CapabilityPath, message).help(help)
}

/// Of a provider's capabilities that permit `method` on `target`, the one whose
/// pattern says most: the rule by which a call without a capability's name is named. Of a token's
/// caller, one that the token covers.
///
/// # Errors
/// A denial when the target is not canonical, or no capability permits it.
pub fn most_specific<'a>(
    catalog: &'a dyn Catalog,
    provider: &'a Provider,
    bounds: Option<&TokenBounds>,
    method: &str,
    target: &str,
) -> Result<&'a Capability, Denial> {
    let target = Target::parse(target).map_err(super::request::not_canonical)?;
    let parsed = Method::parse(method);
    let fitting = provider.capabilities.iter().flat_map(|capability| {
        let grants = capability.grants.iter();
        let patterns =
            grants.flat_map(|grant| grant.paths.iter().map(move |pattern| (grant.methods, pattern)));
        patterns.filter(|(_, pattern)| pattern.matches(target.path())).map(move |found| (capability, found))
    });
    let (permitting, others): (Vec<_>, Vec<_>) =
        fitting.partition(|(_, (methods, _))| parsed.is_some_and(|method| methods.contains(method)));
    let is_enabled = |id: &str| catalog.capability(id).is_some_and(|granted| granted.enabled);
    let (covered, beyond): (Vec<_>, Vec<_>) = permitting
        .iter()
        .partition(|(capability, _)| bounds.is_none_or(|bounds| bounds.permits(&capability.id)));
    let enabled = covered.iter().filter(|(capability, _)| is_enabled(capability.id.as_str()));
    let best =
        enabled.max_by(|a, b| precision(a.1.1).cmp(&precision(b.1.1)).then_with(|| b.0.id.cmp(&a.0.id)));
    match (best, covered.first(), beyond.first(), others.is_empty()) {
        (Some((capability, _)), ..) => Ok(capability),
        (None, Some((off, _)), ..) => Err(disabled(off)),
        (None, None, Some((needed, _)), _) => Err(beyond_token(&needed.id)),
        (None, None, None, false) => Err(Denial::new(
            Reason::CapabilityMethod,
            format!("no capability of `{}` allows the method here", provider.id),
        )),
        (None, None, None, true) => Err(Denial::new(
            Reason::CapabilityPath,
            format!("no capability of `{}` has the path", provider.id),
        )
        .help(format!("see what there is: aivault capability list --provider {}", provider.id))),
    }
}

fn beyond_token(needed: &CapabilityId) -> Denial {
    Denial::new(Reason::TokenScope, format!("the token does not cover `{needed}`"))
        .help(format!("an operator mints one that does: aivault token mint --capability {needed}"))
}

/// Literal segments first, then partial ones, then length; `**` says least.
fn precision(pattern: &PathPattern) -> (usize, usize, usize, bool) {
    let count = |wanted: fn(&Segment) -> bool| pattern.segments().iter().filter(|s| wanted(s)).count();
    let literal = count(|segment| matches!(segment, Segment::Literal(_)));
    let partial = count(|segment| matches!(segment, Segment::Starts(_) | Segment::Ends(_)));
    (literal, partial, pattern.segments().len(), !pattern.has_rest())
}
