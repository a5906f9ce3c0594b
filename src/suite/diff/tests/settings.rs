//! Changes of a provider's settings, and of a rule's, that are no change of a grant.

use super::{ACME, NOW, confirm, provider, rules};
use crate::policy::RuleSet;
use crate::spec::Provider;
use crate::suite::diff::{Alteration, Cause, Change, Direction, Side, diff};
use crate::suite::known::Known;

/// Things, with whatever else a provider may say.
fn acme(more: &str) -> Provider {
    provider(&ACME.replace("capabilities:\n", &format!("{more}\ncapabilities:\n")))
}

fn compared(before: &Provider, after: &Provider, rules: &RuleSet) -> (Vec<Change>, Vec<Alteration>) {
    let (old, new) = (Known::new([before]), Known::new([after]));
    let (old, new) = (Side { rules, known: &old }, Side { rules, known: &new });
    let found = diff(old, new, NOW);
    found.changes.iter().for_each(|change| confirm(change, old, new));
    (found.changes, found.altered)
}

/// What callers may newly set, or no longer.
fn callers(before: &str, after: &str, rules: &RuleSet) -> Vec<(Direction, Cause)> {
    let (changes, _) = compared(&acme(before), &acme(after), rules);
    changes.into_iter().map(|change| (change.direction, change.cause)).collect()
}

fn header(name: &str) -> Cause {
    Cause::Header(name.to_owned())
}

use Direction::{Narrows, Widens};

#[test]
fn what_a_provider_no_longer_keeps_from_callers_is_wider() {
    for (more, cause) in [
        ("act_as: [acme-account]", header("acme-account")),
        ("owned_parameters: [token]", Cause::Parameter("token".to_owned())),
        ("headers: { acme-version: { value: \"1\" } }", header("acme-version")),
    ] {
        let none = RuleSet::default();
        assert_eq!(callers(more, "", &none), [(Widens, cause.clone())], "{more}");
        assert_eq!(callers("", more, &none), [(Narrows, cause)], "{more}");
        assert_eq!(callers(more, more, &none), [], "{more}");
        // A request that shows it also meets what the rules demand; where none does, nothing changes.
        let demanding = rules(&["require, when: { methods: [POST], body: { json: { /n: { gte: 3 } } } }"]);
        assert_eq!(callers(more, "", &demanding).len(), 1, "{more}");
        let closed = rules(&["require, when: { headers: { only: [] }, query: { only: [] } }"]);
        assert_eq!(callers(more, "", &closed), [], "{more}");
    }
}

#[test]
fn values_of_a_header_that_come_and_go() {
    let version = |allow: &str| format!("headers: {{ acme-version: {{ value: \"1\", allow: [{allow}] }} }}");
    let none = RuleSet::default();
    for (narrow, wide) in [("\"2\"", "\"2\", \"3\""), ("\"2-*\"", "\"2*\""), ("", "\"*\"")] {
        let (narrow, wide) = (version(narrow), version(wide));
        assert_eq!(callers(&narrow, &wide, &none), [(Widens, header("acme-version"))], "{wide}");
        assert_eq!(callers(&wide, &narrow, &none), [(Narrows, header("acme-version"))], "{wide}");
    }
    let both = callers(&version("\"2\""), &version("\"3\""), &none);
    assert_eq!(both, [(Widens, header("acme-version")), (Narrows, header("acme-version"))]);
}

fn altered(from: &str, to: &str) -> Vec<(String, String, bool)> {
    let two = ACME.replace("hosts: [api.acme.example]", "hosts: [api.acme.example, eu.acme.example]");
    let two = two.replace("    summary: Read", "    host: api.acme.example\n    summary: Read");
    let other = "  others:\n    host: eu.acme.example\n    summary: Read\n    allow: [{ methods: [GET], paths: [/v1/others] }]\n    \
                 example: { method: GET, path: /v1/others }\n    examples: { deny: [DELETE /v1/others] }\n  more:\n    host: \"api.acme.example\"\n    summary: Read\n    \
                 allow: [{ methods: [GET], paths: [/v1/more] }]\n    example: { method: GET, path: /v1/more }\n    \
                 examples: { deny: [DELETE /v1/more] }\n";
    let before = two + other;
    let after = before.replace(from, to);
    assert!(from == to || before != after, "{from}");
    let (changes, altered) = compared(&provider(&before), &provider(&after), &RuleSet::default());
    // What was auth's own is a caller's now, and what is auth's now is not; nothing else changes.
    assert!(
        changes.iter().all(|change| matches!(change.cause, Cause::Header(_) | Cause::Parameter(_))),
        "{changes:?}"
    );
    altered.into_iter().map(|one| (one.about, one.what, one.reaches_further)).collect()
}

#[test]
fn where_a_secret_goes_and_how_is_told() {
    assert_eq!(altered("acme", "acme"), []);
    let told = |about: &str, what: &str, further| (about.to_owned(), what.to_owned(), further);
    let elsewhere = "the secret now goes to us.acme.example, instead of to api.acme.example";
    let both = [told("acme/more", elsewhere, true), told("acme/things", elsewhere, true)];
    assert_eq!(altered("api.acme.example", "us.acme.example"), both);
    let known = "the secret now goes to eu.acme.example, instead of to api.acme.example";
    let moved = altered("host: api.acme.example\n", "host: eu.acme.example\n");
    assert_eq!(moved, [told("acme/things", known, false)]);
    let auth = "secrets now go in the parameter `key={{key}}`, instead of in the header `acme-key: {{key}}`";
    let to = "auth: { type: query, name: key, value";
    assert_eq!(altered("auth: { type: header, name: acme-key, value", to), [told("acme", auth, false)]);
    let auth =
        "secrets now go in the client certificate of `{{key}}`, instead of in the header `acme-key: {{key}}`";
    let to = "auth: { type: mtls, certificate";
    assert_eq!(altered("auth: { type: header, name: acme-key, value", to), [told("acme", auth, false)]);
    let claimed = altered("ACME_KEY", "OTHER_KEY");
    assert_eq!(claimed[0], told("acme", "the secret `OTHER_KEY` now goes to its hosts", true));
    assert_eq!(claimed[1], told("acme", "the secret `ACME_KEY` goes to its hosts no more", false));
    let private = altered("auth:", "private: true\nauth:");
    assert_eq!(private, [told("acme", "secrets may now go to private addresses", true)]);
    let sent = altered("auth:", "headers: { acme-version: { value: \"1\", allow: [\"*\"] } }\nauth:");
    assert_eq!(sent, [told("acme", "the header `acme-version` is now sent as `1`", false)]);
}

/// Ways to authenticate that come, change and go; what one newly keeps from callers is theirs no more.
#[test]
fn further_ways_to_authenticate_are_told() {
    let machine = |host: &str| {
        acme(&format!(
            "alternatives: {{ machine: {{ auth: {{ type: jwt-bearer, token_endpoint: \"https://{host}/token\", \
             key: \"{{{{key}}}}\", issuer: acme }} }} }}"
        ))
    };
    let told = |before: &Provider, after: &Provider| {
        let (changes, altered) = compared(before, after, &RuleSet::default());
        let causes: Vec<_> = changes.into_iter().map(|change| (change.direction, change.cause)).collect();
        let words: Vec<_> = altered.into_iter().map(|one| (one.what, one.reaches_further)).collect();
        (causes, words)
    };
    let (none, here, there) = (acme(""), machine("login.acme.example"), machine("evil.example"));
    let parameter = || Cause::Parameter("access_token".to_owned());
    let come =
        "accounts may now be of the way `machine`: secrets then go in requests by `jwt-bearer`".to_owned();
    assert_eq!(told(&none, &here), (vec![(Narrows, parameter())], vec![(come, true)]));
    let gone = "no account is of the way `machine` any more".to_owned();
    assert_eq!(told(&here, &none), (vec![(Widens, parameter())], vec![(gone, false)]));
    let by = "by the way `machine`, secrets now go in requests by `jwt-bearer`, instead of in requests by `jwt-bearer`";
    assert_eq!(told(&here, &there), (Vec::new(), vec![(by.to_owned(), true)]));
}

#[test]
fn the_time_that_a_person_has_is_told() {
    let waiting = |seconds: u32| rules(&[&format!("approve, wait_seconds: {seconds}, show: [/n]")]);
    let known = Known::new([&*super::PROVIDER]);
    let (old, new) = (waiting(60), waiting(600));
    let found = diff(Side { rules: &old, known: &known }, Side { rules: &new, known: &known }, NOW);
    assert!(found.changes.is_empty());
    assert_eq!(found.altered.len(), 1);
    assert_eq!(found.altered[0].what, "a person now has 600 s to answer, instead of 60 s");
    assert!(found.altered[0].about == "p/r0" && !found.altered[0].reaches_further);
}
