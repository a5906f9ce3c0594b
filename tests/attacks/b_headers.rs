//! B1 to B4: headers that say who is calling, act for others, frame the message, or break it.

use aivault::service::Call;

use crate::case::{Case, Name, Refused, call, names as names_of, refused, refused_with};
use crate::stage::{Stage, Way};

const NOT_ALLOWED: &str = "header.not_allowed";

/// How the name is written does not matter.
const AUTH: &[&str] = &[
    "authorization",
    "AUTHORIZATION",
    "aUtHoRiZaTiOn",
    "authorization ",
    " authorization",
    "\tauthorization",
    "authorization\t",
    "authorization\u{a0}",
    "authorization\0",
    "authorization:",
    "authorization\r",
    "author\u{131}zation",
    "\u{ff41}uthorization",
    "proxy-authorization",
    "Proxy_Authorization",
    "cookie",
    "Cookie2",
    "set-cookie",
    "x-api-key",
    "X-API-Key",
    "x_api_key",
    "X_API-KEY",
    "x.api.key",
    "x-api-key\u{200b}",
    "x-apikey",
    "xi-api-key",
    "xi_api_key",
    "x-goog-api-key",
    "X-Goog_Api-Key",
    "api-key",
    "API_KEY",
    "apikey",
    "x-auth-token",
    "x-access-token",
    "private-token",
    "job-token",
    "x-amz-security-token",
    "x-vault-token",
    "x-csrf-token",
    "sec-websocket-protocol",
    "x-ssl-client-cert",
    "ocp-apim-subscription-key",
    "dd-api-key",
];

const ACT_AS: &[&str] = &[
    "stripe-account",
    "Stripe_Account",
    "stripe-context",
    "on-behalf-of",
    "as-user",
    "As_User",
    "sudo",
    "impersonate-user",
    "impersonate-extra-scopes",
    "x-goog-user-project",
    "dropbox-api-select-user",
    "dropbox-api-select-admin",
    "openai-organization",
    "OpenAI_Organization",
    "openai-project",
    "paypal-auth-assertion",
];

const FRAMING: &[&str] = &[
    "host",
    "Host",
    ":authority",
    ":path",
    ":method",
    ":scheme",
    "content-length",
    "Content_Length",
    "transfer-encoding",
    "Transfer-Encoding ",
    "transfer_encoding",
    "te",
    "trailer",
    "connection",
    "Connection",
    "keep-alive",
    "proxy-connection",
    "upgrade",
    "http2-settings",
    "expect",
    "accept-encoding",
];

/// Names and values that would end the header, or the head.
const BROKEN: &[(&str, &str)] = &[
    ("x-a\r\nauthorization", "mine"),
    ("x-a\nauthorization", "mine"),
    ("x-a\rauthorization", "mine"),
    ("x-a: b\r\nauthorization", "mine"),
    ("x-a\0", "b"),
    ("x a", "b"),
    ("x-a(b)", "c"),
    ("x-a/b", "c"),
    ("x-\u{e9}", "c"),
    ("x@a", "c"),
    ("", "c"),
    ("\r\n", "c"),
    ("GET /v1/files HTTP/1.1", "c"),
    ("x-b", "c\r\nauthorization: mine"),
    ("x-b", "c\nauthorization: mine"),
    ("x-b", "c\rauthorization: mine"),
    ("x-b", "c\r\n\r\nGET /v1/files HTTP/1.1"),
    ("x-b", "c\r\n folded"),
    ("x-b", "c\0d"),
    ("x-b", "c\u{1}d"),
    ("x-b", "c\u{1b}[2J"),
    ("x-b", "c\u{7f}d"),
    ("x-b", "\u{8}c"),
    ("x-b", " c"),
    ("x-b", "c\t"),
];

fn with(headers: &[(&str, &str)]) -> Call {
    let mut call = call("openai/chat-completions", "GET", "/v1/chat/completions");
    call.headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    call
}

fn one(row: &'static str, name: &str, value: &str) -> Case<Refused> {
    refused(row, &format!("{name}={value}"), with(&[(name, value)]), NOT_ALLOWED)
}

fn doubled() -> Vec<Case<Refused>> {
    let twice = |row, spelling, headers: &[(&str, &str)]| refused(row, spelling, with(headers), NOT_ALLOWED);
    vec![
        twice("B1", "twice", &[("authorization", "a"), ("Authorization", "b")]),
        twice("B1", "behind an honest one", &[("accept", "*/*"), ("authorization", "b")]),
        twice("B1", "empty", &[("authorization", "")]),
        twice("B1", "one name twice", &[("accept", "a"), ("Accept", "b")]),
        twice("B1", "one name twice, once with an underscore", &[("x-a-b", "a"), ("x_a_b", "b")]),
    ]
}

/// Each scheme's own header, where it is none of the well-known ones; and a part of a form.
fn of_schemes() -> Vec<Case<Refused>> {
    let mut gemini = call("gemini/models", "GET", "/v1beta/models");
    gemini.headers.push(("x-goog-api-client-key".to_owned(), "mine".to_owned()));
    gemini.headers.push(("X-Goog-Api-Key".to_owned(), "mine".to_owned()));
    let mut slack = call("slack/chat", "POST", "/api/chat.postMessage");
    slack.headers.push(("content-type".to_owned(), "multipart/form-data; boundary=b".to_owned()));
    let part = "--b\r\nAuthorization: Bearer mine\r\nContent-Disposition: form-data; name=\"access_token\"\r\n\r\nmine\r\n--b--\r\n";
    vec![
        refused("B1", "beside a key in the query", gemini, NOT_ALLOWED),
        refused_with("B1", "in a part of a form", slack, part, "body.owned_by_auth"),
    ]
}

/// More than a request may have.
fn oversized() -> Vec<Case<Refused>> {
    let header = |name: String, value: String| Call { headers: vec![(name, value)], ..with(&[]) };
    let mib = 1 << 20;
    let many =
        Call { headers: (0..10_000).map(|n| (format!("x-{n}"), "a".to_owned())).collect(), ..with(&[]) };
    let just = Call { headers: (0..101).map(|n| (format!("x-{n}"), "a".to_owned())).collect(), ..with(&[]) };
    let sum = Call { headers: (0..70).map(|n| (format!("x-{n}"), "a".repeat(1000))).collect(), ..with(&[]) };
    vec![
        refused("B4", "65 KiB in one value", header("x-a".to_owned(), "a".repeat(65 * 1024)), NOT_ALLOWED),
        refused("B4", "a name of 65 KiB", header("x".repeat(65 * 1024), "a".to_owned()), NOT_ALLOWED),
        refused("B4", "101 headers", just, NOT_ALLOWED),
        refused("B4", "70 KB in 70 values", sum, NOT_ALLOWED),
        refused("B4", "1 MiB in one value", header("x-a".to_owned(), "a".repeat(mib)), NOT_ALLOWED),
        refused("B4", "10,000 headers", many, NOT_ALLOWED),
    ]
}

/// An argument of a program has at most 128 KiB: only the socket, and files, hold these.
pub fn is_too_large_for_an_argument(case: &Case<Refused>) -> bool {
    case.spelling.starts_with("1 MiB") || case.spelling.starts_with("10,000")
}

pub fn cases() -> Vec<Case<Refused>> {
    let auth = AUTH.iter().map(|name| one("B1", name, "Bearer mine"));
    let act_as = ACT_AS.iter().map(|name| one("B2", name, "acct_other"));
    let framing = FRAMING.iter().map(|name| one("B3", name, "1"));
    let broken = BROKEN.iter().map(|(name, value)| one("B4", name, value));
    auth.chain(act_as)
        .chain(framing)
        .chain(broken)
        .chain(doubled())
        .chain(of_schemes())
        .chain(oversized())
        .collect()
}

pub fn names() -> Vec<Name> {
    names_of(&cases())
}

#[test]
fn headers_that_are_not_the_callers_are_refused() {
    let (large, rest): (Vec<_>, Vec<_>) = cases().into_iter().partition(is_too_large_for_an_argument);
    let stage = Stage::new();
    stage.refuse(&rest);
    stage.refuse_by(&[Way::Socket], &large);
}
