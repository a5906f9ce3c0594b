//! Conditions held against what the selected capabilities grant at all: entries that can never
//! matter (P002), lists of which nothing is left (P005), paths that hardly narrow (P007), and
//! headers that no caller can set (P002, P012).

use super::written::{Alternative, Written};
use crate::policy::Granted;
use crate::spec::header::{reserved, same_header};
use crate::spec::policy::Effect;
use crate::spec::{Code, Finding, Method, MethodSet, PathPattern, Place, lint};
use crate::suite::known::Known;

pub(super) fn check(one: &Written<'_>, known: &Known<'_>) -> Vec<Finding> {
    let selected = known.selected(&one.rule.select);
    // A rule about nothing is told of by its selection.
    if selected.is_empty() {
        return Vec::new();
    }
    let mut findings = Vec::new();
    for alternative in one.alternatives() {
        let methods = methods(&alternative, &selected);
        if !methods.iter().any(|finding| finding.code == Code::Contradiction) {
            findings.extend(paths(&alternative, &selected));
        }
        findings.extend(methods);
        findings.extend(headers(&alternative, &selected));
        findings.extend(queries(&alternative, &selected));
        if matches!(one.rule.effect, Effect::Require) {
            findings.extend(over_broad(&alternative));
        }
    }
    findings
}

fn methods(alternative: &Alternative<'_>, selected: &[Granted<'_>]) -> Vec<Finding> {
    let granted =
        selected.iter().fold(MethodSet::default(), |all, granted| all.union(granted.capability.methods()));
    let written = alternative.document.methods.as_deref().unwrap_or_default();
    let idle: Vec<(usize, Method)> =
        written.iter().copied().enumerate().filter(|(_, method)| !granted.contains(*method)).collect();
    let place = alternative.place.key("methods");
    let help = format!("they grant {granted}");
    if idle.len() == written.len() && !written.is_empty() {
        let message = "no selected capability grants any of these methods";
        return vec![Finding::new(Code::Contradiction, place, message).help(help)];
    }
    let finding = |(index, method): (usize, Method)| {
        let message = format!("no selected capability grants {method}");
        Finding::new(Code::NeverMatters, place.index(index), message).help(help.clone())
    };
    idle.into_iter().map(finding).collect()
}

fn paths(alternative: &Alternative<'_>, selected: &[Granted<'_>]) -> Vec<Finding> {
    let methods = alternative.when.methods.unwrap_or(MethodSet::of(&Method::ALL));
    let written = alternative.document.paths.as_deref().unwrap_or_default();
    let idle: Vec<(usize, &String)> =
        written.iter().enumerate().filter(|(_, text)| !is_granted(text, methods, selected)).collect();
    let place = alternative.place.key("paths");
    let help = match selected {
        [only] => format!("see `aivault capability describe {}`", only.capability.id),
        _ => "see the paths of each with `aivault capability describe`".to_owned(),
    };
    if idle.len() == written.len() && !written.is_empty() {
        let message = "no selected capability grants any of these paths with these methods";
        return vec![Finding::new(Code::Contradiction, place, message).help(help)];
    }
    let finding = |(index, text): (usize, &String)| {
        let message = format!("no selected capability grants a path like `{text}`");
        Finding::new(Code::NeverMatters, place.index(index), message).help(help.clone())
    };
    idle.into_iter().map(finding).collect()
}

/// Whether one of the methods is granted on a path that the text stands for.
fn is_granted(text: &str, methods: MethodSet, selected: &[Granted<'_>]) -> bool {
    let patterns = PathPattern::parse_all(text).unwrap_or_default();
    let grants = selected.iter().flat_map(|granted| granted.capability.grants.iter());
    let mut fitting = grants.filter(|grant| grant.methods.iter().any(|method| methods.contains(method)));
    fitting.any(|grant| {
        grant.paths.iter().any(|path| patterns.iter().any(|pattern| pattern.overlap(path).is_some()))
    })
}

fn over_broad(alternative: &Alternative<'_>) -> Vec<Finding> {
    let place = alternative.place.key("paths");
    let written = alternative.document.paths.iter().flatten().enumerate();
    let broad = written.filter_map(|(index, text)| {
        let patterns = PathPattern::parse_all(text).unwrap_or_default();
        patterns.iter().find_map(|pattern| lint::over_broad(&place.index(index), pattern))
    });
    broad.collect()
}

fn headers(alternative: &Alternative<'_>, selected: &[Granted<'_>]) -> Vec<Finding> {
    let Some(document) = &alternative.document.headers else { return Vec::new() };
    let place = alternative.place.key("headers");
    let listed = document.only.iter().flatten().enumerate().filter_map(|(index, name)| {
        let why = unsettable(name, selected)?;
        let message = format!("`{name}` is not for callers to set: {why}");
        let finding = Finding::new(Code::AuthHeader, place.key("only").index(index), message);
        Some(finding.help("leave it out; the broker adds what the provider needs"))
    });
    let named = document.fields.keys().filter_map(|name| {
        let why = unsettable(name, selected)?;
        let message = format!("`{name}` is never there, since callers may not set it: {why}");
        Some(Finding::new(Code::NeverMatters, place.name(name), message))
    });
    listed.chain(named).collect()
}

/// Why no caller can set a header with any of the selected capabilities.
fn unsettable(name: &str, selected: &[Granted<'_>]) -> Option<String> {
    if let Some(why) = reserved(name) {
        return Some(why.to_string());
    }
    let owned = |granted: &Granted<'_>| {
        let auth = granted.provider.own_headers().any(|one| same_header(one, name));
        auth || granted.provider.act_as.iter().any(|one| same_header(one.as_str(), name))
    };
    selected.iter().all(owned).then(|| "the provider's file keeps it for the broker".to_owned())
}

fn queries(alternative: &Alternative<'_>, selected: &[Granted<'_>]) -> Vec<Finding> {
    let Some(document) = &alternative.document.query else { return Vec::new() };
    let owned = |name: &str| {
        let carries = |granted: &Granted<'_>| {
            granted.provider.own_parameters().any(|one| one.eq_ignore_ascii_case(name))
        };
        selected.iter().all(carries)
    };
    let place = alternative.place.key("query");
    let finding = |place: Place, name: &str| {
        let message = format!("`{name}` is never there: it carries the secret, and only the broker sets it");
        Finding::new(Code::NeverMatters, place, message)
    };
    let listed = document.only.iter().flatten().enumerate().filter(|(_, name)| owned(name));
    let listed = listed.map(|(index, name)| finding(place.key("only").index(index), name));
    let named = document.fields.keys().filter(|name| owned(name)).map(|name| finding(place.name(name), name));
    listed.chain(named).collect()
}
