//! H1, H2, and the parts of C4 and D1 that are about token endpoints: a call whose token cannot be
//! had reaches nothing, and whatever the endpoint says, it learns and gives away nothing.

use std::thread;

use crate::case::{Case, Findings, Name, names as names_of};
use crate::support::issuer::{CLIENT_ID, CLIENT_SECRET, Issuer, refresh_token};
use crate::support::wait::until;
use crate::support::{Answer, Door, Home, Upstream, processes};

const API: &str = "gmail.googleapis.com";
const AUTH: &str = "oauth2.googleapis.com";
const ENDPOINT: &str = "/token";
const CALL: [&str; 6] =
    ["invoke", "google-gmail/labels", "--method", "GET", "--path", "/gmail/v1/users/me/labels"];

/// What an endpoint answers, and a header of it. `{}` is the refresh token that it was sent.
#[derive(Clone)]
struct Says {
    status: u16,
    header: (&'static str, &'static str),
    body: &'static str,
}

const PLAIN: (&str, &str) = ("content-type", "application/json");

fn answers() -> Vec<Case<Says>> {
    let says = |row, status, header: (&'static str, &'static str), body| {
        Case::new(row, format!("{status} {} {body}", header.1), Says { status, header, body })
    };
    let good = r#"{"access_token":"ya29.evil","expires_in":3600}"#;
    let mut cases: Vec<_> = [
        (200, r#"{"error":"invalid_grant"}"#),
        (200, r#"{"access_token":"ya29.evil","error":"invalid_grant"}"#),
        (200, "<html>sign in</html>"),
        (200, ""),
        (200, "null"),
        (200, "[]"),
        (200, r#""ya29.evil""#),
        (200, "{}"),
        (200, r#"{"access_token":null}"#),
        (200, r#"{"access_token":""}"#),
        (200, r#"{"access_token":["ya29.evil"]}"#),
        (200, r#"{"access_token":"a","access_token":"ya29.evil"}"#),
        (200, r#"{"access_token":"ya29.evil\r\nx-evil: 1"}"#),
        (200, r#"{"access_token":"ya29 evil"}"#),
        (200, r#"{"access_token":"ya29.evil","token_type":"mac"}"#),
        (200, r#"{"access_token":"ya29.evil","token_type":"DPoP"}"#),
        (200, r#"{"access_token":"ya29.evil","expires_in":{}}"#),
        (200, r#"{"access_token":"ya29.evil"} trailing"#),
        (201, r#"{"access_token":7}"#),
        (204, ""),
        (400, good),
        (401, good),
        (403, "{}"),
        (404, good),
        (429, r#"{"error":"slow_down"}"#),
        (500, good),
        (503, "busy"),
    ]
    .into_iter()
    .map(|(status, body)| says("H2", status, PLAIN, body))
    .collect();
    for to in [
        "https://evil.example/token",
        "https://gmail.googleapis.com/token",
        "https://oauth2.googleapis.com/token?again",
        "http://oauth2.googleapis.com/token",
        "/token2",
    ] {
        cases.extend([301, 302, 303, 307, 308].map(|status| says("C4", status, ("location", to), good)));
    }
    for body in [
        r#"{"error":"{}"}"#,
        r#"{"error":"invalid_grant","error_description":"{} is not known"}"#,
        r#"{"error":{"message":"{}"}}"#,
        "{}",
    ] {
        cases.extend([200, 400, 500].map(|status| says("D1", status, PLAIN, body)));
    }
    cases
}

#[derive(Clone, Copy)]
enum Race {
    Threads,
    Killed,
    Rotated,
}

fn races() -> Vec<Case<Race>> {
    vec![
        Case::new("H1", "fifty callers of an expired account, in three kinds of processes", Race::Threads),
        Case::new("H1", "the daemon is killed when the new token is used", Race::Killed),
        Case::new("H1", "the operator stores another token while one is fetched", Race::Rotated),
    ]
}

pub fn names() -> Vec<Name> {
    [names_of(&answers()), names_of(&races())].concat()
}

fn home(issuer: &Issuer) -> (Home, Upstream) {
    let upstream = Upstream::serving(&[API, AUTH]);
    issuer.serve(&upstream, ENDPOINT);
    let home = Home::with(Door::Daemon, &upstream);
    home.store("GOOGLE_GMAIL_CLIENT_ID", CLIENT_ID);
    home.store("GOOGLE_GMAIL_CLIENT_SECRET", CLIENT_SECRET);
    home.store("GOOGLE_GMAIL_REFRESH_TOKEN", &refresh_token(0));
    (home, upstream)
}

#[test]
fn an_answer_without_a_token_stops_the_call_and_gives_nothing_away() {
    let issuer = Issuer::new();
    let (home, upstream) = home(&issuer);
    let mut findings = Findings::default();
    for case in answers() {
        let Says { status, header: (name, value), body } = case.attack;
        upstream.answers(move |_| {
            Answer::status(status, body.replace("{}", &refresh_token(0))).with(name, value)
        });
        let done = home.run(&CALL);
        let shown = done.text() + &done.errors();
        let reached: Vec<String> = upstream.take().into_iter().map(|one| one.target).collect();
        let name = case.name();
        findings.hold(done.code == Some(1), &name, || format!("{:?}: {shown}", done.code));
        findings.hold(reached == [ENDPOINT], &name, || format!("reached {reached:?}"));
        let secrets = [refresh_token(0), CLIENT_SECRET.to_owned(), "ya29".to_owned()];
        findings.hold(secrets.iter().all(|secret| !shown.contains(secret)), &name, || shown.clone());
    }
    findings.end();
    let failed = home.events().iter().filter(|entry| entry.is("token.fetch", "failed")).count();
    assert_eq!(failed, answers().len());
    // What was stored still serves.
    issuer.serve(&upstream, ENDPOINT);
    home.run(&CALL).ok();
}

#[test]
fn a_one_use_token_is_used_once_and_its_successor_never_lost() {
    for case in races() {
        let issuer = Issuer::new();
        let (home, upstream) = home(&issuer);
        issuer.lock().seconds = 1;
        home.run(&CALL).ok();
        match case.attack {
            Race::Threads => {
                issuer.lock().seconds = 3600;
                thread::scope(|scope| {
                    for number in 0..50 {
                        let door = if number % 10 == 0 { Door::InProcess } else { Door::Daemon };
                        let home = &home;
                        scope.spawn(move || home.run_through(door, &CALL).ok());
                    }
                });
                assert_eq!(issuer.lock().count, 2, "{}", case.name());
            }
            Race::Killed => {
                let (server, daemon) = (issuer.clone(), home.daemon().unwrap());
                upstream.answers(move |request| match request.target.as_str() {
                    ENDPOINT => server.token(request),
                    _ => {
                        processes::kill(daemon);
                        Answer::status(200, "too late")
                    }
                });
                home.run(&CALL).ends(4);
                until("the daemon has gone", || (!processes::is_alive(daemon)).then_some(()));
            }
            Race::Rotated => {
                let server = issuer.clone();
                let home = std::sync::Arc::new(std::sync::Mutex::new(Some(home.command(
                    Door::InProcess,
                    &[
                        "secrets",
                        "rotate",
                        "--name",
                        "GOOGLE_GMAIL_REFRESH_TOKEN",
                        "--value",
                        "1//the-operators",
                    ],
                ))));
                upstream.answers(move |request| {
                    if request.target != ENDPOINT {
                        return server.api(request);
                    }
                    let answer = server.token(request);
                    if let Some(mut command) = home.lock().unwrap().take() {
                        assert!(command.output().unwrap().status.success());
                    }
                    answer
                });
            }
        }
        if let Race::Rotated = case.attack {
            // The operator's value stands: it is what the next fetch is made with, and is refused.
            let done = home.run(&CALL).ends(1);
            assert!(done.errors().contains("invalid_grant"), "{}: {}", case.name(), done.errors());
            let sent = String::from_utf8(upstream.take().pop().unwrap().body).unwrap();
            assert!(sent.contains("the-operators"), "{}: {sent}", case.name());
            continue;
        }
        issuer.serve(&upstream, ENDPOINT);
        home.run(&CALL).ok();
    }
}
