//! What providers claim for themselves: names of secrets, and hosts. No two may claim the same.
//!
//! All claims are put in order once, so that each provider is compared with those alone that it can
//! collide with, however many there are.

use std::collections::HashMap;

use super::code::Code;
use super::compile::Checked;
use super::diagnostic::{Finding, Place};
use super::document::ProviderDocument;
use super::host::HostPattern;

/// Who claims what, of all files.
pub struct Claimed<'a> {
    secrets: HashMap<&'a str, Vec<&'a Checked>>,
    /// By the last two labels, which are literal in each pattern: only such have hosts in common.
    hosts: HashMap<&'a str, Vec<(HostPattern, &'a Checked)>>,
}

impl<'a> Claimed<'a> {
    #[must_use]
    pub fn of(all: &'a [Checked]) -> Self {
        let mut claimed = Self { secrets: HashMap::new(), hosts: HashMap::new() };
        for one in all {
            let Some(document) = &one.document else { continue };
            for name in document.secrets.keys() {
                claimed.secrets.entry(name).or_default().push(one);
            }
            for (_, host) in document.places() {
                // What is malformed is told elsewhere.
                if let Ok(pattern) = HostPattern::parse(host) {
                    claimed.hosts.entry(domain(host)).or_default().push((pattern, one));
                }
            }
        }
        claimed
    }

    /// What `one` claims and another does too.
    #[must_use]
    pub fn twice(&self, one: &Checked, document: &ProviderDocument) -> Vec<Finding> {
        let mut findings = self.secrets_of_others(one, document);
        for (place, host) in document.places().filter(|(_, host)| !document.shared_hosts.contains_key(*host))
        {
            findings.extend(self.others_at(one, host).map(|(id, file)| {
                let message = format!("`{host}` is also a host of `{id}` ({file})");
                let help = format!("say why under `shared_hosts: {{ {host}: … }}`, in both files");
                Finding::new(Code::SharedHost, place.clone(), message).help(help)
            }));
        }
        findings
    }

    fn secrets_of_others(&self, one: &Checked, document: &ProviderDocument) -> Vec<Finding> {
        let mut findings = Vec::new();
        for name in document.secrets.keys() {
            let claimants = self.secrets.get(name.as_str()).into_iter().flatten();
            for (id, file) in claimants.copied().filter(|other| is_other(one, other)).filter_map(named) {
                let place = Place::root().key("secrets").name(name);
                let message = format!("`{name}` is already claimed by `{id}` ({file})");
                let finding = Finding::new(Code::ClaimedTwice, place, message);
                findings.push(finding.help("a secret belongs to one provider"));
            }
        }
        findings
    }

    /// The other providers that have hosts in common with a pattern, each once.
    fn others_at(&self, one: &Checked, host: &str) -> impl Iterator<Item = (&'a str, &'a str)> {
        let near = self.hosts.get(domain(host)).map_or(&[][..], Vec::as_slice);
        let pattern = HostPattern::parse(host).ok();
        let shares = |there: &HostPattern| pattern.as_ref().is_some_and(|here| here.overlaps(there));
        let mut others: Vec<_> =
            near.iter().filter(|(there, other)| is_other(one, other) && shares(there)).collect();
        // Claims stand in the order of their files.
        others.dedup_by(|(_, a), (_, b)| a.source.name == b.source.name);
        others.into_iter().filter_map(|(_, other)| named(other)).collect::<Vec<_>>().into_iter()
    }
}

fn is_other(one: &Checked, other: &Checked) -> bool {
    one.source.name != other.source.name
}

/// What a provider is called, and the file that it stands in.
fn named(checked: &Checked) -> Option<(&str, &str)> {
    let document = checked.document.as_ref()?;
    Some((document.provider.as_str(), checked.source.name.as_str()))
}

/// The last two labels.
fn domain(host: &str) -> &str {
    let second = host.rmatch_indices('.').nth(1);
    second.map_or(host, |(at, _)| &host[at + 1..])
}

#[cfg(test)]
mod tests {
    use super::domain;

    #[test]
    fn a_domain_is_two_labels() {
        for (host, wanted) in [
            ("api.example.com", "example.com"),
            ("example.com", "example.com"),
            ("*.a.example.com", "example.com"),
            ("com", "com"),
            ("", ""),
        ] {
            assert_eq!(domain(host), wanted, "{host}");
        }
    }
}
