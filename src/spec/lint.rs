//! What is well-formed in a provider file and still must not stand.
//!
//! Errors all: a grant that is wider than it looks is worse than a missing one.
//! Checks over one file are here; those over all files together, in `across`.

use std::collections::{BTreeMap, BTreeSet};

use super::claimed::Claimed;
use super::code::Code;
use super::compile::Checked;
use super::diagnostic::{Diagnostic, Finding, Place};
use super::document::{CapabilityDocument, GrantDocument, ProviderDocument};
use super::host::HostPattern;
use super::lint_auth;
use super::method::{Method, MethodSet};
use super::model::{Capability, Provider};
use super::name::SecretName;
use super::path::{PathPattern, Segment};
use super::target::Target;

/// Everything that is unwise in one provider.
#[must_use]
pub fn provider(provider: &Provider, document: &ProviderDocument) -> Vec<Finding> {
    let mut findings = lint_auth::check(provider);
    findings.extend(idle_hosts(provider, document));
    findings.extend(overlapping_hosts(document));
    let place = Place::root().key("capabilities");
    for capability in provider.capabilities.iter() {
        let here = place.key(capability.id.name());
        if let Some(written) = document.capabilities.get(capability.id.name()) {
            findings.extend(grants(&here.key("allow"), &written.allow));
            findings.extend(examples(&here, capability, written));
        }
    }
    findings
}

/// Hosts that no capability stands at, which a provider would keep from others for nothing.
fn idle_hosts(provider: &Provider, document: &ProviderDocument) -> Vec<Finding> {
    // Where one stands is not known of a capability that did not compile.
    if provider.capabilities.len() < document.capabilities.len() {
        return Vec::new();
    }
    let place = Place::root().key("hosts");
    let is_idle = |host: &String| {
        HostPattern::parse(host).is_ok() && !provider.capabilities.iter().any(|one| one.host.as_str() == host)
    };
    let idle = document.hosts.iter().enumerate().filter(|(_, host)| is_idle(host));
    idle.map(|(index, host)| {
        let message = format!("no capability stands at `{host}`");
        Finding::new(Code::HostOfCapability, place.index(index), message).help("leave it out")
    })
    .collect()
}

/// Hosts and mirrors of which one reaches another: which of them a secret is bound to could not be told.
fn overlapping_hosts(document: &ProviderDocument) -> Vec<Finding> {
    let all: Vec<(Place, &str)> = document.places().collect();
    let mut findings = Vec::new();
    for (index, (place, host)) in all.iter().enumerate() {
        if let Some((_, other)) = all[..index].iter().find(|(_, other)| overlap(host, other)) {
            let message = format!("`{host}` and `{other}` have hosts in common");
            let help = "name each host once, and tenants' hosts apart from others";
            findings.push(Finding::new(Code::HostOfCapability, place.clone(), message).help(help));
        }
    }
    findings
}

/// Mistakes that only show when all providers are seen together.
#[must_use]
pub fn across(all: &[Checked]) -> Vec<Diagnostic> {
    let claimed = Claimed::of(all);
    let mut diagnostics = Vec::new();
    for checked in all {
        let Some(document) = &checked.document else { continue };
        let own = file_name(checked, document).into_iter().chain(private(document));
        let findings = own.chain(claimed.twice(checked, document));
        diagnostics.extend(findings.map(|finding| finding.locate(&checked.source)));
    }
    diagnostics
}

/// What keeps an operator's own provider from standing beside `others`: it can take nothing of
/// theirs, neither their names nor their secrets nor their hosts.
#[must_use]
pub fn beside<'a>(own: &Provider, others: impl Iterator<Item = &'a Provider>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for other in others {
        if own.id == other.id {
            let place = Place::root().key("provider");
            let message = format!("there is a provider `{}` already", other.id);
            findings.push(Finding::new(Code::ClaimedTwice, place, message).help("give it another id"));
        }
        let theirs = |name: &SecretName| other.secrets.iter().any(|claim| claim.name == *name);
        for claim in own.secrets.iter().filter(|claim| theirs(&claim.name)) {
            let place = Place::root().key("secrets").name(claim.name.as_str());
            let message = format!("`{}` is already claimed by `{}`", claim.name, other.id);
            findings.push(
                Finding::new(Code::ClaimedTwice, place, message).help("a secret belongs to one provider"),
            );
        }
        for host in shared_hosts(own, other) {
            let message = format!("`{host}` is a host of `{}`", other.id);
            findings.push(
                Finding::new(Code::SharedHost, Place::root().key("hosts"), message)
                    .help("use the capabilities of that provider"),
            );
        }
    }
    findings
}

/// Hosts of `own`, and where its API stands again, that are `other`'s too.
fn shared_hosts<'a>(own: &'a Provider, other: &'a Provider) -> BTreeSet<&'a str> {
    fn hosts(provider: &Provider) -> impl Iterator<Item = &HostPattern> {
        provider.capabilities.iter().flat_map(|capability| capability.hosts())
    }
    let theirs = |host: &&HostPattern| hosts(other).any(|other| other.overlaps(host));
    hosts(own).filter(theirs).map(HostPattern::as_str).collect()
}

/// The registry's providers are public services.
fn private(document: &ProviderDocument) -> Option<Finding> {
    let place = Place::root().key("private");
    document.private.then(|| {
        Finding::new(Code::WrongValue, place, "a provider of the registry stands at public addresses")
            .help("leave `private` out; operators may say it in providers of their own")
    })
}

/// Whether two hosts as written have one in common; what is malformed is told elsewhere.
fn overlap(one: &str, other: &str) -> bool {
    match (HostPattern::parse(one), HostPattern::parse(other)) {
        (Ok(one), Ok(other)) => one.overlaps(&other),
        _ => false,
    }
}

fn file_name(checked: &Checked, document: &ProviderDocument) -> Option<Finding> {
    let file = checked.source.name.rsplit('/').next()?;
    let wanted = format!("{}.yaml", document.provider);
    let message = format!("provider `{}` stands in a file named `{file}`", document.provider);
    (file != wanted).then(|| {
        Finding::new(Code::FileName, Place::root().key("provider"), message)
            .help(format!("name it `{wanted}`"))
    })
}

/// Patterns that grant too much, or nothing that another does not grant already.
fn grants(place: &Place, documents: &[GrantDocument]) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut before: Vec<(MethodSet, PathPattern)> = Vec::new();
    for (g, grant) in documents.iter().enumerate() {
        let methods = MethodSet::of(&grant.methods);
        for (p, written) in grant.paths.iter().enumerate() {
            let here = place.index(g).key("paths").index(p);
            for pattern in PathPattern::parse_all(written).unwrap_or_default() {
                findings.extend(over_broad(&here, &pattern));
                findings.extend(unreachable(&here, methods, &pattern, &before));
                before.push((methods, pattern));
            }
        }
    }
    findings
}

/// A pattern that names no product area, if it is one.
#[must_use]
pub fn over_broad(place: &Place, pattern: &PathPattern) -> Option<Finding> {
    let named = pattern.segments().into_iter().any(|segment| match segment {
        Segment::Literal(literal) => !is_version(literal),
        Segment::Any => false,
        Segment::Starts(_) | Segment::Ends(_) => true,
    });
    let message = format!("`{pattern}` grants more than one product area");
    (!named && !pattern.is_exact()).then(|| {
        Finding::new(Code::OverBroad, place.clone(), message).help("name the paths, segment by segment")
    })
}

/// `v1`, `v1beta`, `2010-04-01`, `1`: a segment that says nothing about what is behind it.
fn is_version(segment: &str) -> bool {
    let digits = segment.strip_prefix('v').unwrap_or(segment);
    digits.starts_with(|c: char| c.is_ascii_digit())
}

fn unreachable(
    place: &Place,
    methods: MethodSet,
    pattern: &PathPattern,
    before: &[(MethodSet, PathPattern)],
) -> Option<Finding> {
    let (_, wider) = before.iter().find(|(m, other)| {
        m.includes(methods) && other.includes(pattern) || methods.includes(*m) && pattern.includes(other)
    })?;
    let message = format!("`{pattern}` and `{wider}` cover each other for {methods}");
    Some(Finding::new(Code::Unreachable, place.clone(), message).help("keep the one that is meant"))
}

fn examples(place: &Place, capability: &Capability, document: &CapabilityDocument) -> Vec<Finding> {
    let mut findings = Vec::new();
    let shown = &document.example;
    findings.extend(judge(&place.key("example").key("path"), capability, shown.method, &shown.path, true));
    let place = place.key("examples");
    if document.examples.deny.is_empty() {
        let help = "name a neighbour that must stay out, such as `DELETE /v1/…`";
        findings
            .push(Finding::new(Code::NoExample, place.key("deny"), "at least one denied example").help(help));
    }
    for (key, list, allowed) in
        [("allow", &document.examples.allow, true), ("deny", &document.examples.deny, false)]
    {
        for (index, written) in list.iter().enumerate() {
            let here = place.key(key).index(index);
            findings.extend(match written.split_once(' ').map(|(m, path)| (Method::parse(m), path)) {
                Some((Some(method), path)) => judge(&here, capability, method, path, allowed),
                _ => Some(Finding::new(Code::WrongValue, here, "write `METHOD /path`")),
            });
        }
    }
    findings
}

fn judge(
    place: &Place,
    capability: &Capability,
    method: Method,
    target: &str,
    allowed: bool,
) -> Option<Finding> {
    let verdict = Target::parse(target);
    let permits =
        |target: &Target| capability.grants.iter().any(|grant| grant.permits(method, target.path()));
    match (&verdict, allowed) {
        (Ok(target), true) if !permits(target) => {
            let message = format!("`{}` denies its own example {method} {target:?}", capability.id);
            let help = format!("it allows {}", grants_in_words(capability));
            Some(Finding::new(Code::ExampleDenied, place.clone(), message).help(help))
        }
        (Ok(target), false) if permits(target) => {
            let message =
                format!("`{}` allows {method} {target:?}, which stands under `deny`", capability.id);
            Some(
                Finding::new(Code::ExampleAllowed, place.clone(), message)
                    .help("narrow the grant, or drop the example"),
            )
        }
        (Err(error), true) => Some(Finding::new(Code::ExampleDenied, place.clone(), error.to_string())),
        _ => None,
    }
}

fn grants_in_words(capability: &Capability) -> String {
    let mut by_methods: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for grant in capability.grants.iter() {
        by_methods
            .entry(grant.methods.to_string())
            .or_default()
            .extend(grant.paths.iter().map(PathPattern::as_str));
    }
    let words = by_methods.iter().map(|(methods, paths)| {
        let more = if paths.len() > 3 { " …" } else { "" };
        format!("{methods} on {}{more}", paths[..paths.len().min(3)].join(" "))
    });
    words.take(3).collect::<Vec<_>>().join("; ")
}
