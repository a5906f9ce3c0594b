//! What must not stand in how a provider authenticates: secrets that nothing uses or that are not
//! there, and ways to authenticate that are none. Each of its ways is held to all of it.

use std::collections::BTreeSet;

use super::auth::Auth;
use super::code::Code;
use super::diagnostic::{Finding, Place};
use super::model::{Provider, SecretClaim};
use super::way::AuthWay;

/// Everything that is unwise in a provider's ways to authenticate.
pub(super) fn check(provider: &Provider) -> Vec<Finding> {
    let ways: Vec<AuthWay<'_>> = provider.ways().collect();
    let mut findings = Vec::new();
    ways.iter().for_each(|way| findings.extend(undefined(provider, way)));
    findings.extend(needed_after_all(provider, &ways));
    ways.iter().for_each(|way| findings.extend(shown_to_people(provider, way)));
    findings.extend(unused(provider, &ways));
    if let [_, _, ..] = ways[..] {
        findings.extend(ways.iter().filter_map(|way| free(provider, way)));
        findings.extend(twice(&ways));
    }
    findings
}

/// Where a way is written.
fn place(way: &AuthWay<'_>) -> Place {
    match way.name {
        None => Place::root().key("auth"),
        Some(name) => Place::root().key("alternatives").key(name.as_str()).key("auth"),
    }
}

fn undefined(provider: &Provider, way: &AuthWay<'_>) -> Vec<Finding> {
    let used: BTreeSet<&str> = way.placeholders().into_iter().collect();
    let defined: BTreeSet<&str> = provider.secrets.iter().map(|claim| claim.placeholder.as_ref()).collect();
    let known = defined.iter().map(|name| format!("`{{{{{name}}}}}`")).collect::<Vec<_>>().join(", ");
    let finding = |name: &&str| {
        let message = format!("`{{{{{name}}}}}` is not the `as:` of any secret");
        let finding = Finding::new(Code::Placeholder, place(way), message);
        finding.help(format!("the secrets here are {known}"))
    };
    used.difference(&defined).map(finding).collect()
}

/// Secrets that are said to be optional, where a way cannot do without.
fn needed_after_all(provider: &Provider, ways: &[AuthWay<'_>]) -> Vec<Finding> {
    let uses = |way: &&AuthWay<'_>, name: &str| way.placeholders().contains(&name);
    let can_lack = |claim: &&SecretClaim| {
        let name = claim.placeholder.as_str();
        let mut using = ways.iter().filter(|way| uses(way, name)).peekable();
        using.peek().is_some() && using.all(|way| way.optional_placeholders().contains(&name))
    };
    let needed = provider.secrets.iter().filter(|claim| claim.optional && !can_lack(claim));
    let finding = |claim: &SecretClaim| {
        let message = format!("no request can be authenticated without `{}`", claim.name);
        let place = Place::root().key("secrets").key(claim.name.as_str()).key("optional");
        let help = "leave `optional` out; the `session_token` of `aws-sigv4` is what can be lacking, and the `private_key` and `passphrase` of `mtls`";
        Finding::new(Code::WrongValue, place, message).help(help)
    };
    needed.map(finding).collect()
}

/// What stands in an address that people see can be no secret.
fn shown_to_people(provider: &Provider, way: &AuthWay<'_>) -> Vec<Finding> {
    let Auth::OAuth2(oauth) = way.auth else { return Vec::new() };
    let endpoints = oauth.endpoints().map(|endpoint| &endpoint.path);
    let shown = endpoints.chain([&oauth.client_id]).flat_map(|template| template.placeholders());
    let is_secret =
        |name: &&str| provider.secrets.iter().any(|claim| claim.placeholder == **name && !claim.identifier);
    let secret: BTreeSet<&str> = shown.filter(is_secret).collect();
    let finding = |name: &str| {
        let message = format!("`{{{{{name}}}}}` stands in an address that people see");
        Finding::new(Code::Placeholder, place(way), message)
            .help("say `identifier: true` of it, if it is an account's name and no key")
    };
    secret.into_iter().map(finding).collect()
}

fn unused(provider: &Provider, ways: &[AuthWay<'_>]) -> Vec<Finding> {
    let used: BTreeSet<&str> = ways.iter().flat_map(AuthWay::placeholders).collect();
    let where_to = if ways.len() > 1 { "`auth` or of `alternatives`" } else { "`auth`" };
    let finding = |claim: &SecretClaim| {
        let message = format!("`{}` is claimed but no template of {where_to} uses it", claim.name);
        let place = Place::root().key("secrets").name(claim.name.as_str());
        let help = format!("write `{{{{{}}}}}` under `auth` where it goes", claim.placeholder);
        Finding::new(Code::Placeholder, place, message).help(help)
    };
    let idle = provider.secrets.iter().filter(|claim| !used.contains(claim.placeholder.as_ref()));
    idle.map(finding).collect()
}

/// A way that takes no secret would be everybody's before anything is stored.
fn free(provider: &Provider, way: &AuthWay<'_>) -> Option<Finding> {
    let message = format!("the way `{}` authenticates nobody: it takes no secret", way.label());
    way.needed(provider).is_empty().then(|| {
        let help = "write the `{{placeholder}}` of a secret where it goes, or leave this way out";
        Finding::new(Code::Placeholder, place(way), message).help(help)
    })
}

/// Ways that do what one before them does.
fn twice(ways: &[AuthWay<'_>]) -> Vec<Finding> {
    let same = |one: &AuthWay<'_>, other: &AuthWay<'_>| {
        (one.auth, one.client_certificate) == (other.auth, other.client_certificate)
    };
    let repeated = ways.iter().enumerate().filter_map(|(at, way)| {
        let before = ways[..at].iter().find(|before| same(before, way))?;
        let message = format!("the way `{}` authenticates as `{}` does", way.label(), before.label());
        Some(Finding::new(Code::DuplicateKey, place(way), message).help("leave one of them out"))
    });
    repeated.collect()
}
