//! D2: headers of an answer that carry a credential, a session or a challenge, or belong to one
//! connection. A program at the socket does not get them.

use crate::case::{Case, Findings, Name, call, names as names_of};
use crate::stage::{Stage, Way};
use crate::support::Answer;

const DROPPED: &[&str] = &[
    "set-cookie",
    "Set-Cookie",
    "SET-COOKIE2",
    "cookie",
    "authorization",
    "Proxy-Authorization",
    "proxy-authenticate",
    "proxy-authentication-info",
    "www-authenticate",
    "WWW-Authenticate",
    "authentication-info",
    "x-api-key",
    "X-Api-Key",
    "x_api_key",
    "xi-api-key",
    "x-goog-api-key",
    "api-key",
    "x-auth-token",
    "x-access-token",
    "x-refresh-token",
    "id-token",
    "x-subject-token",
    "x-amz-security-token",
    "x-vault-token",
    "private-token",
    "x-csrf-token",
    "x-xsrf-token",
    "x-session-token",
    "x-client-cert",
    "sec-websocket-accept",
    "keep-alive",
    "proxy-connection",
    "te",
    "upgrade",
    "http2-settings",
    "trailer",
    "refresh",
    "alt-svc",
    "strict-transport-security",
    "clear-site-data",
    "nel",
    "report-to",
    "via",
    "server",
    "x-powered-by",
    "proxy-status",
    "x-listed",
];

const KEPT: &[&str] = &["x-request-id", "retry-after", "x-ratelimit-remaining", "etag", "content-language"];

fn cases() -> Vec<Case<&'static str>> {
    DROPPED.iter().map(|name| Case::new("D2", *name, *name)).collect()
}

pub fn names() -> Vec<Name> {
    names_of(&cases())
}

#[test]
fn a_header_that_is_not_for_callers_does_not_come_back() {
    let stage = Stage::new();
    stage.upstream.answers(|_| {
        let answer = Answer::text("body").with("connection", "close, X-Listed");
        DROPPED.iter().chain(KEPT).fold(answer, |answer, name| answer.with(name, "a-value"))
    });
    let shown = stage.send_to_see(Way::Socket, &call("openai/models", "GET", "/v1/models")).to_lowercase();
    let mut findings = Findings::default();
    let has = |name: &str| shown.contains(&format!("\"{}\", \"a-value\"", name.to_lowercase()));
    for case in cases() {
        findings.hold(!has(case.attack), &case.name(), || shown.clone());
    }
    findings.end();
    assert!(KEPT.iter().all(|name| has(name)), "{shown}");
}
