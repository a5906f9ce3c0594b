//! Logging in: the consent of a person, played by the test, becomes a refresh token in the vault,
//! and nobody else's does.
#![allow(clippy::disallowed_methods, clippy::unwrap_used, reason = "tests prepare and look at the machine")]

mod support;

use std::sync::Mutex;

use serde_json::json;
use support::issuer::{CLIENT_ID, CLIENT_SECRET, Issuer, refresh_token};
use support::login::{CODE, Waiting, exchanging};
use support::{Answer, Door, Home, Received, Upstream};

const API: &str = "gmail.googleapis.com";
const AUTH: &str = "oauth2.googleapis.com";
const ENDPOINT: &str = "/token";
const CALL: [&str; 6] =
    ["invoke", "google-gmail/labels", "--method", "GET", "--path", "/gmail/v1/users/me/labels"];

fn home(door: Door) -> (Home, Upstream) {
    let upstream = Upstream::serving(&[API, AUTH]);
    let home = Home::with(door, &upstream);
    home.store("GOOGLE_GMAIL_CLIENT_ID", CLIENT_ID);
    home.store("GOOGLE_GMAIL_CLIENT_SECRET", CLIENT_SECRET);
    (home, upstream)
}

#[test]
fn a_consent_becomes_an_account() {
    for door in Door::BOTH {
        let (home, upstream) = home(door);
        let done = home.run(&CALL).ends(5);
        assert!(done.errors().contains("`aivault oauth login google-gmail`"), "{}", done.errors());
        let login = Waiting::begin(&home, &[]);
        assert_eq!(login.place, "https://accounts.google.com/o/oauth2/v2/auth");
        for (name, value) in [
            ("access_type", "offline"),
            ("response_type", "code"),
            ("client_id", CLIENT_ID),
            ("code_challenge_method", "S256"),
        ] {
            assert_eq!(login.parameter(name), value);
        }
        assert!(login.parameter("scope").starts_with("https://mail.google.com/ "));
        assert!(login.parameter("redirect_uri").starts_with("http://127.0.0.1:"));
        let exchanged = exchanging(
            &upstream,
            ENDPOINT,
            login.parameter("code_challenge"),
            login.parameter("redirect_uri"),
        );
        // Others who knock are turned away, and it is waited on.
        let state = login.parameter("state").to_owned();
        for (host, query) in [
            ("", format!("code={CODE}&state=other")),
            ("", format!("code={CODE}")),
            ("evil.example", format!("code={CODE}&state={state}")),
        ] {
            assert!(login.bring(host, &query).starts_with("HTTP/1.1 400"));
        }
        let answer = login.bring("", &format!("code={CODE}&state={state}"));
        assert!(answer.starts_with("HTTP/1.1 200") && answer.contains("close this page"), "{answer}");
        let done = login.end().ok();
        let text = done.text();
        assert!(text.contains("Logged in to google-gmail: GOOGLE_GMAIL_REFRESH_TOKEN stored\n"), "{text}");
        assert!(text.contains("→ Credential ready: google-gmail\n"), "{text}");
        assert!(!text.contains(&refresh_token(0)) && !text.contains(CODE), "{text}");
        assert!(exchanged.lock().unwrap().is_some());
        assert!(home.events().iter().any(|entry| entry.is("oauth.login", "ok")));
        let issuer = Issuer::new();
        issuer.serve(&upstream, ENDPOINT);
        home.run(&CALL).ok();
    }
}

#[test]
fn a_second_login_replaces_the_first() {
    let (home, upstream) = home(Door::InProcess);
    home.store("GOOGLE_GMAIL_REFRESH_TOKEN", "1//old-0123456789abcdefghijklmnop");
    let login = Waiting::begin(&home, &["--scopes", "https://mail.google.com/,openid"]);
    assert_eq!(login.parameter("scope"), "https://mail.google.com/ openid");
    exchanging(&upstream, ENDPOINT, login.parameter("code_challenge"), login.parameter("redirect_uri"));
    let state = login.parameter("state").to_owned();
    login.bring("", &format!("state={state}&code={CODE}"));
    login.end().ok();
    let issuer = Issuer::new();
    issuer.serve(&upstream, ENDPOINT);
    home.run(&CALL).ok();
}

#[test]
fn a_refusal_ends_the_login_and_stores_nothing() {
    let (home, upstream) = home(Door::InProcess);
    let login = Waiting::begin(&home, &[]);
    let state = login.parameter("state").to_owned();
    login.bring("", &format!("error=access_denied%1b&state={state}"));
    let done = login.end().ends(1);
    assert!(done.errors().contains("no consent was given: access_denied\\u{1b}"), "{}", done.errors());
    // A code that the server does not know.
    let login = Waiting::begin(&home, &[]);
    upstream.answers(|_: &Received| Answer::status(400, "{\"error\":\"invalid_grant\"}"));
    let state = login.parameter("state").to_owned();
    login.bring("", &format!("code=stolen&state={state}"));
    let done = login.end().ends(1);
    assert!(done.errors().contains("invalid_grant"), "{}", done.errors());
    home.run(&CALL).ends(5);
    let done = Waiting::begin(&home, &["--wait", "1"]).end().ends(1);
    assert!(done.errors().contains("nobody logged in within 1 s"), "{}", done.errors());
}

#[test]
fn what_cannot_be_logged_in_to_says_so() {
    let home = Home::test(Door::InProcess);
    for (arguments, code, wanted) in [
        (&["oauth", "login", "openai"][..], 2, "nobody logs in to `openai`"),
        (&["oauth", "login", "nobody"], 5, "there is no provider `nobody`"),
        (&["oauth", "login", "google-gmail"], 5, "aivault secrets create --name GOOGLE_GMAIL_CLIENT_ID"),
        (&["oauth", "login", "google-gmail", "--device"], 2, "lets nobody log in by a device"),
        (
            &["oauth", "login", "google-gmail", "--redirect-uri", "http://example.com:80/"],
            2,
            "no address of this machine",
        ),
    ] {
        let done = home.run(arguments).ends(code);
        assert!(done.errors().contains(wanted), "{}", done.errors());
    }
    home.store("GOOGLE_GMAIL_CLIENT_ID", CLIENT_ID);
    let done = home.run(&["oauth", "setup", "google-gmail", "--redirect-uri", "https://app.example/cb"]).ok();
    let text = done.text();
    assert!(text.starts_with("https://accounts.google.com/") && text.lines().count() == 1, "{text}");
    assert!(
        text.contains("redirect_uri=https%3A%2F%2Fapp.example%2Fcb") && !text.contains("challenge"),
        "{text}"
    );
}

#[test]
fn a_device_is_let_in_when_the_person_has_typed_its_code() {
    let (host, api) = ("login.microsoftonline.com", "graph.microsoft.com");
    let upstream = Upstream::serving(&[host, api]);
    let home = Home::with(Door::Daemon, &upstream);
    home.store("AZURE_TENANT_ID", "contoso.example");
    home.store("AZURE_CLIENT_ID", CLIENT_ID);
    home.store("AZURE_CLIENT_SECRET", CLIENT_SECRET);
    let asked = Mutex::new(0);
    upstream.answers(move |request| match request.target.as_str() {
        "/contoso.example/oauth2/v2.0/devicecode" => Answer::json(&json!({
            "device_code": "dev-0123456789", "user_code": "ABCD-EFGH\u{1b}[2J",
            "verification_uri": "https://microsoft.com/devicelogin", "expires_in": 900, "interval": 1,
        })),
        "/contoso.example/oauth2/v2.0/token" => {
            let body = String::from_utf8(request.body.clone()).unwrap();
            assert!(body.contains("device_code=dev-0123456789"), "{body}");
            let mut asked = asked.lock().unwrap();
            *asked += 1;
            if *asked < 2 {
                return Answer::status(400, json!({ "error": "authorization_pending" }).to_string());
            }
            Answer::json(&json!({ "access_token": "at", "refresh_token": refresh_token(0) }))
        }
        _ => Answer::status(404, "?"),
    });
    let done = home.run(&["oauth", "login", "microsoft-graph", "--device"]).ok();
    let text = done.text();
    assert!(
        text.contains("https://microsoft.com/devicelogin\nand type the code ABCD-EFGH\\u{1b}[2J\n"),
        "{text}"
    );
    assert!(text.contains("MICROSOFT_GRAPH_REFRESH_TOKEN stored"), "{text}");
    assert!(!text.contains("dev-0123456789") && !text.contains(&refresh_token(0)), "{text}");
}
