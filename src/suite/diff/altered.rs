//! What is done otherwise with requests that are granted as before: above all, where secrets go.

use std::collections::BTreeSet;

use super::Side;
use crate::spec::policy::{Effect, Rule};
use crate::spec::{Auth, AuthWay, Capability, DefaultHeader, Host, HostPattern, Provider};

/// A change that lets callers do neither more nor less.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alteration {
    /// The provider, capability or rule.
    pub about: String,
    pub what: String,
    /// A secret may go where it could not go before.
    pub reaches_further: bool,
}

/// All alterations of what both sides have, in the order of what they are about.
pub(super) fn all(old: Side<'_>, new: Side<'_>) -> Vec<Alteration> {
    let known = reach(old.known.providers());
    let mut all = Vec::new();
    for before in old.known.providers() {
        if let Some(after) = new.known.providers().iter().find(|one| one.id == before.id) {
            Pair { before, after, known: &known }.alterations(&mut all);
        }
    }
    for before in old.rules.rules() {
        let after = new.rules.rules().find(|one| one.id == before.id);
        all.extend(after.and_then(|after| waiting(before, after)));
    }
    all.sort_by(|one, other| one.about.cmp(&other.about));
    all
}

/// Every secret with every host that it may be sent to.
fn reach<'p>(providers: &[&'p Provider]) -> BTreeSet<(&'p str, &'p str)> {
    let of_one = |provider: &&'p Provider| {
        let provider = *provider;
        let hosts = provider.capabilities.iter().flat_map(Capability::hosts).map(HostPattern::as_str);
        hosts.flat_map(|host| provider.secrets.iter().map(move |claim| (claim.name.as_str(), host)))
    };
    providers.iter().flat_map(of_one).collect()
}

fn waiting(before: &Rule, after: &Rule) -> Option<Alteration> {
    let asks = |rule: &Rule| matches!(rule.effect, Effect::Approve(_)) && !rule.shadow;
    let (old, new) = (before.wait_seconds, after.wait_seconds);
    (asks(before) && asks(after) && old != new).then(|| Alteration {
        about: before.id.to_string(),
        what: format!("a person now has {new} s to answer, instead of {old} s"),
        reaches_further: false,
    })
}

/// A provider before and after.
struct Pair<'p> {
    before: &'p Provider,
    after: &'p Provider,
    /// What could be reached before.
    known: &'p BTreeSet<(&'p str, &'p str)>,
}

impl Pair<'_> {
    fn alterations(&self, all: &mut Vec<Alteration>) {
        let (before, after) = (self.before, self.after);
        self.hosts(all);
        self.secrets(all);
        let mut add = |what: String, reaches_further| {
            all.push(Alteration { about: after.id.to_string(), what, reaches_further });
        };
        if (&before.auth, &before.client_certificate) != (&after.auth, &after.client_certificate) {
            let (old, new) = (in_words(&before.first_way()), in_words(&after.first_way()));
            add(format!("secrets now go in {new}, instead of in {old}"), false);
        }
        self.alternatives().for_each(|(what, reaches_further)| add(what, reaches_further));
        match (before.private, after.private) {
            (false, true) => add("secrets may now go to private addresses".to_owned(), true),
            (true, false) => add("secrets go to private addresses no more".to_owned(), false),
            _ => {}
        }
        self.default_headers().for_each(|what| add(what, false));
    }

    fn hosts(&self, all: &mut Vec<Alteration>) {
        for after in self.after.capabilities.iter() {
            let before = self.before.capabilities.iter().find(|one| one.id == after.id);
            let Some(before) = before.filter(|before| !before.hosts().eq(after.hosts())) else { continue };
            let unknown = |host: &HostPattern| {
                let mut claims = self.after.secrets.iter();
                claims.any(|claim| !self.known.contains(&(claim.name.as_str(), host.as_str())))
            };
            let reaches_further = after.hosts().any(unknown);
            let what = format!("the secret now goes to {}, instead of to {}", hosts(after), hosts(before));
            all.push(Alteration { about: after.id.to_string(), what, reaches_further });
        }
    }

    /// Secrets that the provider newly takes for itself, or lets go.
    fn secrets(&self, all: &mut Vec<Alteration>) {
        let names = |provider: &Provider| -> BTreeSet<String> {
            provider.secrets.iter().map(|claim| claim.name.to_string()).collect()
        };
        let (before, after) = (names(self.before), names(self.after));
        let about = self.after.id.to_string();
        for name in after.difference(&before) {
            let hosts = self.after.capabilities.iter().flat_map(Capability::hosts);
            let mut hosts = hosts.map(HostPattern::as_str);
            let reaches_further = hosts.any(|host| !self.known.contains(&(name.as_str(), host)));
            let what = format!("the secret `{name}` now goes to its hosts");
            all.push(Alteration { about: about.clone(), what, reaches_further });
        }
        for name in before.difference(&after) {
            let what = format!("the secret `{name}` goes to its hosts no more");
            all.push(Alteration { about: about.clone(), what, reaches_further: false });
        }
    }

    /// Further ways to authenticate that come, change and go, and whether one fetches tokens elsewhere.
    fn alternatives(&self) -> impl Iterator<Item = (String, bool)> {
        let (before, after) = (self.before, self.after);
        let known: Vec<&Host> = before.ways().flat_map(|way| way.auth.hosts()).collect();
        let elsewhere = move |way: &AuthWay<'_>| way.auth.hosts().iter().any(|host| !known.contains(host));
        let come = after.ways().skip(1).filter_map(move |way| {
            let (label, new) = (way.label(), in_words(&way));
            let what = match before.way(way.name) {
                None => format!("accounts may now be of the way `{label}`: secrets then go in {new}"),
                Some(old) if old != way => {
                    format!("by the way `{label}`, secrets now go in {new}, instead of in {}", in_words(&old))
                }
                Some(_) => return None,
            };
            Some((what, elsewhere(&way)))
        });
        let gone = before.ways().filter(move |way| after.way(way.name).is_none());
        come.chain(gone.map(|way| (format!("no account is of the way `{}` any more", way.label()), false)))
    }

    fn default_headers(&self) -> impl Iterator<Item = String> {
        let of = |provider: &Provider, name: &DefaultHeader| {
            let found = provider.headers.iter().find(|header| header.name == name.name);
            found.map(|header| header.value.to_string())
        };
        let added = self.after.headers.iter().filter_map(move |header| {
            let (name, new) = (&header.name, &header.value);
            match of(self.before, header) {
                Some(old) if *new == old => None,
                Some(old) => {
                    Some(format!("the header `{name}` is now sent as `{new}`, instead of as `{old}`"))
                }
                None => Some(format!("the header `{name}` is now sent as `{new}`")),
            }
        });
        let gone = self.before.headers.iter().filter(move |header| of(self.after, header).is_none());
        added.chain(gone.map(|header| format!("the header `{}` is sent no more", header.name)))
    }
}

fn hosts(capability: &Capability) -> String {
    capability.hosts().map(HostPattern::as_str).collect::<Vec<_>>().join(" or ")
}

fn in_words(way: &AuthWay<'_>) -> String {
    let Some(certificate) = way.client_certificate else { return of_requests(way.auth) };
    let parts: Vec<String> = certificate.templates().map(|part| format!("`{part}`")).collect();
    let certificate = format!("the client certificate of {}", parts.join(" and "));
    match way.auth {
        Auth::Nothing => certificate,
        beside => format!("{certificate}, and in {}", of_requests(beside)),
    }
}

fn of_requests(auth: &Auth) -> String {
    let joined = |all: Vec<String>| all.join(" and ");
    match auth {
        Auth::Headers(list) => {
            joined(list.iter().map(|(name, text)| format!("the header `{name}: {text}`")).collect())
        }
        Auth::Query(list) => {
            joined(list.iter().map(|(name, text)| format!("the parameter `{name}={text}`")).collect())
        }
        Auth::Path { segment, after } if after.is_empty() => format!("the path's segment `{segment}`"),
        Auth::Path { segment, after } => {
            format!("the path's segment `{segment}` behind `{}`", after.join("` or `"))
        }
        Auth::Basic { username, password } => format!("basic auth as `{username}:{password}`"),
        Auth::Hmac(hmac) => {
            let headers = hmac.headers.iter().map(|(name, value)| format!("the header `{name}: {value}`"));
            let query = hmac.query.iter().map(|(name, value)| format!("the parameter `{name}={value}`"));
            format!("{}, signed by `{}`", joined(headers.chain(query).collect()), hmac.key)
        }
        signed => format!("requests by `{}`", signed.scheme()),
    }
}
