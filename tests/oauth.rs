//! OAuth 2.0 against a server with one-use refresh tokens: one fetch however many ask, nothing lost
//! when a process is killed, and no token or secret where it does not belong.
#![allow(clippy::disallowed_methods, clippy::unwrap_used, reason = "tests prepare and look at the machine")]

mod support;

use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use support::issuer::{CLIENT_ID, CLIENT_SECRET, Issuer, access_token, refresh_token};
use support::wait::until;
use support::{Answer, Door, Home, Upstream, processes};

const API: &str = "gmail.googleapis.com";
const AUTH: &str = "oauth2.googleapis.com";
const ENDPOINT: &str = "/token";
const CALL: [&str; 6] =
    ["invoke", "google-gmail/labels", "--method", "GET", "--path", "/gmail/v1/users/me/labels"];

/// A vault with an account of Gmail, whose servers `issuer` plays.
fn home(door: Door, issuer: &Issuer) -> (Home, Upstream) {
    let upstream = Upstream::serving(&[API, AUTH]);
    issuer.serve(&upstream, ENDPOINT);
    let home = Home::with(door, &upstream);
    for (name, value) in [
        ("GOOGLE_GMAIL_CLIENT_ID", CLIENT_ID),
        ("GOOGLE_GMAIL_CLIENT_SECRET", CLIENT_SECRET),
        ("GOOGLE_GMAIL_REFRESH_TOKEN", &issuer.lock().refresh.clone()),
    ] {
        home.store(name, value);
    }
    (home, upstream)
}

/// What reached the token endpoint, and how many calls the API.
fn split(upstream: &Upstream) -> (Vec<String>, usize) {
    let all = upstream.take();
    let (tokens, calls): (Vec<_>, Vec<_>) = all.into_iter().partition(|one| one.target == ENDPOINT);
    (tokens.into_iter().map(|one| String::from_utf8(one.body).unwrap()).collect(), calls.len())
}

#[test]
fn a_token_is_fetched_once_and_serves_every_door() {
    let issuer = Issuer::new();
    let (home, upstream) = home(Door::Daemon, &issuer);
    for door in [Door::Daemon, Door::InProcess, Door::Daemon] {
        let done = home.run_through(door, &CALL).ok();
        assert!(!done.text().contains(&access_token(1)), "{}", done.text());
        assert!(done.text().contains("ok"), "{}", done.text());
    }
    let (tokens, calls) = split(&upstream);
    assert_eq!((tokens.len(), calls), (1, 3));
    let refresh = form_urlencoded::byte_serialize(refresh_token(0).as_bytes()).collect::<String>();
    assert!(tokens[0].contains(&format!("refresh_token={refresh}")), "{}", tokens[0]);
    for outcome in ["requested", "ok"] {
        assert_eq!(home.events().iter().filter(|entry| entry.is("token.fetch", outcome)).count(), 1);
    }
}

#[test]
fn a_replaced_refresh_token_is_kept() {
    let issuer = Issuer::new();
    let (home, upstream) = home(Door::Daemon, &issuer);
    // Each token serves one call.
    issuer.lock().seconds = 0;
    for _ in 0..3 {
        for door in Door::BOTH {
            home.run_through(door, &CALL).ok();
        }
    }
    assert_eq!(split(&upstream).0.len(), 6);
    assert_eq!(issuer.lock().count, 6);
}

#[test]
fn a_server_that_keeps_the_refresh_token_is_fine_too() {
    let issuer = Issuer::new();
    issuer.lock().rotates = false;
    issuer.lock().seconds = 59;
    let (home, _upstream) = home(Door::InProcess, &issuer);
    home.run(&CALL).ok();
    home.run(&CALL).ok();
    assert_eq!(issuer.lock().count, 2);
}

#[test]
fn many_callers_of_an_expired_account_cause_one_fetch() {
    let issuer = Issuer::new();
    let (home, upstream) = home(Door::Daemon, &issuer);
    issuer.lock().seconds = 1;
    home.run(&CALL).ok();
    issuer.lock().seconds = 3600;
    assert_eq!(split(&upstream), (vec![form_with(0)], 1));
    thread::scope(|scope| {
        for number in 0..64 {
            // Most by the daemon, some in processes of their own.
            let door = if number % 8 == 0 { Door::InProcess } else { Door::Daemon };
            let home = &home;
            scope.spawn(move || home.run_through(door, &CALL).ok());
        }
    });
    let (tokens, calls) = split(&upstream);
    assert_eq!((tokens.len(), calls), (1, 64));
}

fn form_with(number: u32) -> String {
    let escape = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    format!(
        "grant_type=refresh_token&refresh_token={}&client_secret={}&client_id={}",
        escape(&refresh_token(number)),
        escape(CLIENT_SECRET),
        escape(CLIENT_ID)
    )
}

#[test]
fn a_token_that_the_upstream_does_not_take_is_fetched_anew_once() {
    let issuer = Issuer::new();
    let (home, upstream) = home(Door::Daemon, &issuer);
    home.run(&CALL).ok();
    split(&upstream);
    issuer.lock().access = "withdrawn".to_owned();
    // One that was fetched a moment ago is believed in.
    home.run(&CALL).ends(22);
    assert_eq!(split(&upstream), (Vec::new(), 1));
    thread::sleep(Duration::from_secs(2));
    home.run(&CALL).ok();
    let (tokens, calls) = split(&upstream);
    assert_eq!((tokens.len(), calls), (1, 2));
    // Once a call, whatever the upstream says.
    thread::sleep(Duration::from_secs(2));
    let issuer = issuer.clone();
    upstream.answers(move |request| match request.target.as_str() {
        ENDPOINT => issuer.token(request),
        _ => Answer::status(401, "no"),
    });
    let done = home.run(&CALL).ends(22);
    assert_eq!(done.text(), "no");
    assert_eq!(split(&upstream).1, 2);
}

#[test]
fn a_process_killed_when_its_token_is_used_has_kept_what_replaced_the_old_one() {
    let issuer = Issuer::new();
    let (home, upstream) = home(Door::Daemon, &issuer);
    issuer.lock().seconds = 0;
    home.run(&CALL).ok();
    let daemon = home.daemon().unwrap();
    let server = issuer.clone();
    upstream.answers(move |request| {
        if request.target == ENDPOINT {
            return server.token(request);
        }
        // The first moment at which the access token is seen to be used.
        processes::kill(daemon);
        Answer::status(200, "too late")
    });
    home.run(&CALL).ends(4);
    until("the daemon has gone", || (!processes::is_alive(daemon)).then_some(()));
    assert_eq!(issuer.lock().count, 2);
    issuer.serve(&upstream, ENDPOINT);
    home.run(&CALL).ok();
    home.run_through(Door::InProcess, &CALL).ok();
}

#[test]
fn a_fetch_goes_on_when_its_caller_has_gone() {
    let issuer = Issuer::new();
    let (home, upstream) = home(Door::Daemon, &issuer);
    home.run(&["capability", "list", "--ready"]).ok();
    let (asked, was_asked) = mpsc::channel();
    let (go_on, may_go_on) = mpsc::channel::<()>();
    let (server, may_go_on) = (issuer.clone(), std::sync::Mutex::new(may_go_on));
    upstream.answers(move |request| {
        if request.target != ENDPOINT {
            return server.api(request);
        }
        asked.send(()).unwrap();
        may_go_on.lock().unwrap().recv_timeout(Duration::from_secs(20)).unwrap();
        server.token(request)
    });
    let mut caller = home.command(Door::Daemon, &CALL).spawn().unwrap();
    was_asked.recv_timeout(Duration::from_secs(20)).unwrap();
    caller.kill().unwrap();
    caller.wait().unwrap();
    go_on.send(()).unwrap();
    until("the token is kept", || home.events().into_iter().find(|entry| entry.is("token.fetch", "ok")));
    issuer.serve(&upstream, ENDPOINT);
    home.run(&CALL).ok();
    assert_eq!(issuer.lock().count, 1);
}

#[test]
fn what_is_no_token_stops_the_call_and_tells_nothing() {
    let issuer = Issuer::new();
    let (home, upstream) = home(Door::Daemon, &issuer);
    let refresh = refresh_token(0);
    let echo = format!("{{\"error\":\"invalid_grant\",\"error_description\":\"{refresh} {CLIENT_SECRET}\"}}");
    let huge = format!("{{\"access_token\":\"a\",\"pad\":\"{}\"}}", "x".repeat(300_000));
    for (status, body, wanted) in [
        (400, echo.as_str(), "invalid_grant"),
        (200, "{\"error\":\"server_error\"}", "server_error"),
        (500, "oops", "500"),
        (200, "<html>", "no JSON"),
        (200, huge.as_str(), "too long"),
        (200, "{\"access_token\":\"a\",\"token_type\":\"mac\"}", "another type"),
    ] {
        let body = body.to_owned();
        upstream.answers(move |_| Answer::status(status, body.clone()));
        for door in Door::BOTH {
            let done = home.run_through(door, &CALL).ends(1);
            assert!(done.errors().contains(wanted), "{}", done.errors());
            assert!(!done.errors().contains(&refresh) && !done.errors().contains(CLIENT_SECRET));
            assert_eq!(split(&upstream).1, 0, "the API was reached");
        }
    }
    assert_eq!(home.events().iter().filter(|entry| entry.is("token.fetch", "failed")).count(), 12);
}

#[test]
fn a_token_endpoint_that_redirects_is_not_followed() {
    let issuer = Issuer::new();
    let (home, upstream) = home(Door::InProcess, &issuer);
    for to in
        [format!("https://{API}/stolen"), format!("https://{AUTH}/other"), "http://evil.example/".to_owned()]
    {
        upstream.answers(move |_| Answer::redirect(307, &to));
        home.run(&CALL).ends(1);
        let all = upstream.take();
        assert_eq!(all.iter().map(|one| one.target.as_str()).collect::<Vec<_>>(), [ENDPOINT]);
    }
}

#[test]
fn a_rotated_secret_ends_the_token_that_was_fetched_with_it() {
    let issuer = Issuer::new();
    let (home, upstream) = home(Door::Daemon, &issuer);
    home.run(&CALL).ok();
    let newest = issuer.lock().refresh.clone();
    home.run(&["secrets", "rotate", "--name", "GOOGLE_GMAIL_REFRESH_TOKEN", "--value", &newest]).ok();
    split(&upstream);
    home.run(&CALL).ok();
    assert_eq!(split(&upstream).0, [form_with(1)]);
}
