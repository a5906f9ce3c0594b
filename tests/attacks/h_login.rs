//! H3: others who bring a code, or bring one again, while somebody logs in. Nothing of theirs is taken,
//! and what the person brings is taken all the same.

use crate::case::{Case, Findings, Name, names as names_of};
use crate::support::issuer::{CLIENT_ID, CLIENT_SECRET};
use crate::support::login::{CODE, Waiting, exchanging};
use crate::support::{Answer, Door, Home, Upstream};

const HOSTS: [&str; 2] = ["gmail.googleapis.com", "oauth2.googleapis.com"];
const ENDPOINT: &str = "/token";

/// What somebody else brings: the `host` (none: the right one) and a query, in which `{state}` is the login's.
const KNOCKS: &[(&str, &str)] = &[
    ("", "code=evil"),
    ("", "code=evil&state="),
    ("", "code=evil&state=guess"),
    ("", "code=evil&STATE={state}"),
    ("", "code=evil&state={state}x"),
    ("", "code=evil&state=x{state}"),
    ("", "code=evil&state=%00{state}"),
    ("", "code=evil&state={state}&state={state}"),
    ("", "code=evil&state=guess&state={state}"),
    ("", "code=evil&code=other&state={state}"),
    ("", "code=evil&error=access_denied&state={state}"),
    ("", "state={state}"),
    ("", "code=&state={state}"),
    ("", "error=access_denied"),
    ("", "error=access_denied&state=guess"),
    ("", "access_token=evil&state=guess"),
    ("evil.example", "code=evil&state={state}"),
    ("localhost", "code=evil&state={state}"),
    ("127.0.0.1", "code=evil&state={state}"),
    ("127.0.0.1:1", "code=evil&state={state}"),
    ("[::1]", "code=evil&state={state}"),
];

fn knocks() -> Vec<Case<(&'static str, &'static str)>> {
    KNOCKS.iter().map(|(host, query)| Case::new("H3", format!("{host} {query}"), (*host, *query))).collect()
}

fn injections() -> Vec<Case<()>> {
    vec![Case::new("H3", "a code of another login, brought with this one's state", ())]
}

pub fn names() -> Vec<Name> {
    [names_of(&knocks()), names_of(&injections())].concat()
}

fn home() -> (Home, Upstream) {
    let upstream = Upstream::serving(&HOSTS);
    let home = Home::with(Door::InProcess, &upstream);
    home.store("GOOGLE_GMAIL_CLIENT_ID", CLIENT_ID);
    home.store("GOOGLE_GMAIL_CLIENT_SECRET", CLIENT_SECRET);
    (home, upstream)
}

#[test]
fn who_else_knocks_is_turned_away() {
    let (home, upstream) = home();
    let login = Waiting::begin(&home, &[]);
    let state = login.parameter("state").to_owned();
    exchanging(&upstream, ENDPOINT, login.parameter("code_challenge"), login.parameter("redirect_uri"));
    let mut findings = Findings::default();
    for case in knocks() {
        let (host, query) = case.attack;
        let answer = login.bring(host, &query.replace("{state}", &state));
        findings.hold(answer.starts_with("HTTP/1.1 400"), &case.name(), || answer.clone());
    }
    findings.end();
    assert!(upstream.take().is_empty());
    login.bring("", &format!("code={CODE}&state={state}"));
    login.end().ok();
    assert_eq!(upstream.take().len(), 1);
}

#[test]
fn a_code_of_another_login_is_worth_nothing() {
    let (home, upstream) = home();
    let other = Waiting::begin(&home, &["--wait", "1"]);
    let login = Waiting::begin(&home, &[]);
    // The server gives this code for the other login's challenge alone.
    exchanging(&upstream, ENDPOINT, other.parameter("code_challenge"), login.parameter("redirect_uri"));
    login.bring("", &format!("code={CODE}&state={}", login.parameter("state")));
    let done = login.end().ends(1);
    assert!(done.errors().contains("invalid_grant"), "{}", done.errors());
    other.end().ends(1);
    upstream.answers(|_| Answer::status(500, "nobody comes"));
    assert!(!home.run(&["secrets", "list"]).ok().text().contains("GOOGLE_GMAIL_REFRESH_TOKEN"));
}
