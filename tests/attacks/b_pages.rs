//! B7: a web page that drives the listener on loopback, as browsers let it, with and without a name of its own that
//! resolves there. It is refused before its token is looked at, and gets no leave to read the refusal.

use crate::case::{Case, Findings, Name, names as names_of};
use crate::stage::Stage;
use crate::support::gateway::{exchange, request, whole};

/// What a browser says beside the request.
type Fields = Vec<(&'static str, &'static str)>;

fn cases() -> Vec<Case<(&'static str, Fields)>> {
    let one = |spelling: &str, method, fields: &[(&'static str, &'static str)]| {
        Case::new("B7", spelling, (method, fields.to_vec()))
    };
    let page = ("origin", "https://evil.example");
    vec![
        one(
            "fetch from a page",
            "POST",
            &[page, ("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "cors")],
        ),
        one("a form", "POST", &[page, ("content-type", "application/x-www-form-urlencoded")]),
        one("a form of plain text", "POST", &[page, ("content-type", "text/plain")]),
        one("a page without an origin", "POST", &[("origin", "null")]),
        one("an extension's page", "POST", &[("origin", "chrome-extension://abcdefgh")]),
        one("a page of ours", "POST", &[("origin", "http://127.0.0.1:8700")]),
        one("a preflight", "OPTIONS", &[page, ("access-control-request-method", "POST")]),
        one("an image", "GET", &[("sec-fetch-site", "cross-site"), ("sec-fetch-dest", "image")]),
        one("a link that is followed", "GET", &[("sec-fetch-site", "none"), ("sec-fetch-mode", "navigate")]),
        one("a page of the same site", "GET", &[("sec-fetch-site", "same-site")]),
        one("a name that was bound anew", "POST", &[("host", "evil.example:{port}")]),
        one("the same without a port", "POST", &[("host", "evil.example")]),
        one("a name that begins like ours", "POST", &[("host", "127.0.0.1.evil.example:{port}")]),
        one("a name that ends like ours", "POST", &[("host", "evil.localhost:{port}")]),
        one("our name with a user", "POST", &[("host", "a@127.0.0.1:{port}")]),
        one("our address as a number", "POST", &[("host", "2130706433:{port}")]),
        one("our address in short", "POST", &[("host", "127.1:{port}")]),
        one("every address", "POST", &[("host", "0.0.0.0:{port}")]),
        one("our name at another port", "POST", &[("host", "127.0.0.1:1")]),
        one("no name", "POST", &[("host", "")]),
        one("a WebSocket of a page", "GET", &[page, ("connection", "Upgrade"), ("upgrade", "websocket")]),
    ]
}

pub fn names() -> Vec<Name> {
    names_of(&cases())
}

#[test]
fn no_page_is_served_whatever_token_it_has() {
    let stage = Stage::new();
    let gateway = stage.home.gateway("openai/*");
    let bearer = format!("Bearer {}", gateway.token);
    let envelope = br#"{"capability":"openai/models","request":{"method":"GET","path":"/v1/models"}}"#;
    let (accepted, last) = (stage.upstream.accepted(), stage.last_event());
    let mut findings = Findings::default();
    for case in cases() {
        let (method, fields) = &case.attack;
        let port = gateway.address.port().to_string();
        let fields: Vec<_> =
            fields.iter().map(|(name, value)| (*name, value.replace("{port}", &port))).collect();
        let mut fields: Vec<(&str, &str)> =
            fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
        fields.push(("authorization", &bearer));
        for target in ["/aivault/proxy", "/v/openai/v1/models", "/aivault/ws", "/healthz"] {
            let heard = whole(&exchange(
                gateway.address,
                &request(
                    gateway.address,
                    method,
                    target,
                    &fields,
                    if *method == "POST" { envelope } else { b"" },
                ),
            ));
            let reason = heard.reason().unwrap_or_default();
            let is_refused =
                heard.status == 403 && ["origin.not_allowed", "host.not_allowed"].contains(&reason);
            let allows = heard.head.fields.iter().any(|(name, _)| name.starts_with("access-control-"));
            findings.hold(is_refused && !allows, &case.name(), || format!("{target}: {heard:?}"));
        }
    }
    findings.end();
    assert_eq!((stage.upstream.take(), stage.upstream.accepted()), (Vec::new(), accepted));
    assert!(stage.calls_since(last).is_empty(), "no call came of it");
    // It is on record, but nobody floods the log so.
    let told =
        stage.home.events().into_iter().filter(|one| one.seq > last && one.is("gateway.refuse", "denied"));
    let told: Vec<_> = told.map(|one| one.event["reason"].clone()).collect();
    assert!(!told.is_empty() && told.len() < 4 * cases().len() / 2, "{told:?}");
    assert!(told.contains(&"origin.not_allowed".into()), "{told:?}");
    // By itself the same is a call that is made.
    gateway.send("POST", "/aivault/proxy", &[("authorization", &bearer)], envelope).ok();
    stage.upstream.take_one();
}
