//! C7: text that looks like a template, wherever a caller or a secret can hold it. It stays text.

use crate::c_operators::EVIL;
use crate::case::{Case, Findings, Name, names as names_of};
use crate::support::{Door, Home, Upstream, secrets};

const TEXTS: &[&str] = &[
    "{{secret}}",
    "{{ secret }}",
    "{{OPENAI_API_KEY}}",
    "{{secret.length}}",
    "${OPENAI_API_KEY}",
    "$OPENAI_API_KEY",
    "$(cat kek.key)",
    "%s%s%n",
    "{}{:?}{0}",
    "{secret:>99}",
    "<secret:OPENAI_API_KEY>",
    "[redacted]",
];

/// Values of an auth header in a provider of the operator's own.
const TEMPLATES: &[&str] = &[
    "{{secret.length}}",
    "{{secret|base64}}",
    "{{ secret }}",
    "{{secret:4}}",
    "{{secret[0]}}",
    "{{secret}} {{#if secret}}",
    "{{secret",
    "secret}}",
    "{secret}",
    "${secret}",
    "Bearer",
    "{{}}",
    "{{{secret}}}",
    "{{other}}",
    "{{SECRET}}",
    "{{OPENAI_API_KEY}}",
    "{{secret}}{{openai}}",
    "{{secret}}\r\nx-evil: 1",
    "{{secret}}\u{e9}",
    "{{secret}}\0",
];

/// Values that would end a header.
const BREAKING: &[&str] =
    &["sk-a\r\nx-evil: 1", "sk-a\nx-evil: 1", "sk-a\rx", "sk-a\u{1}b", "sk-a\r\n\r\nGET / HTTP/1.1"];

/// Values that would change a path or a query, and how they go out.
const IN_URLS: &[(&str, &str)] = &[
    ("123456:a/../../evil", "/bot123456:a%2F..%2F..%2Fevil/getMe"),
    ("123456:a?b=c#d", "/bot123456:a%3Fb%3Dc%23d/getMe"),
    ("123456:a%2e%2e", "/bot123456:a%252e%252e/getMe"),
    ("123456:a\\b", "/bot123456:a%5Cb/getMe"),
];

fn texts(what: &'static str, texts: &[&'static str]) -> Vec<Case<&'static str>> {
    texts.iter().map(|text| Case::new("C7", format!("{what} {text}"), *text)).collect()
}

fn in_urls() -> Vec<Case<(&'static str, &'static str)>> {
    IN_URLS
        .iter()
        .map(|(secret, path)| Case::new("C7", format!("in a path {secret}"), (*secret, *path)))
        .collect()
}

pub fn names() -> Vec<Name> {
    [
        names_of(&texts("a secret", TEXTS)),
        names_of(&texts("a request with", TEXTS)),
        names_of(&texts("a template", TEMPLATES)),
        names_of(&texts("a secret that breaks", BREAKING)),
        names_of(&in_urls()),
    ]
    .concat()
}

const MODELS: [&str; 6] = ["invoke", "openai/models", "--method", "GET", "--path", "/v1/models"];

#[test]
fn a_secret_is_never_a_template() {
    let upstream = Upstream::serving(&["api.openai.com"]);
    let home = Home::with_openai(Door::InProcess, &upstream, secrets::OPENAI);
    let mut findings = Findings::default();
    for case in texts("a secret", TEXTS) {
        home.run(&["secrets", "rotate", "--name", "OPENAI_API_KEY", "--value", case.attack]).ok();
        home.run(&MODELS).ok();
        let sent = upstream.take_one();
        let expected = format!("Bearer {}", case.attack);
        findings.hold(sent.header("authorization") == expected, &case.name(), || format!("{sent:?}"));
    }
    for case in texts("a secret that breaks", BREAKING) {
        home.run(&["secrets", "rotate", "--name", "OPENAI_API_KEY", "--value", case.attack]).ok();
        let done = home.run(&MODELS);
        let refused = done.code == Some(1) && upstream.take().is_empty() && !done.errors().contains("sk-a");
        findings.hold(refused, &case.name(), || format!("{:?} {}", done.code, done.errors()));
    }
    findings.end();
}

#[test]
fn a_request_is_never_a_template() {
    let upstream = Upstream::serving(&["api.openai.com"]);
    let home = Home::with_openai(Door::Daemon, &upstream, secrets::OPENAI);
    let mut findings = Findings::default();
    for case in texts("a request with", TEXTS) {
        let text = case.attack;
        let escaped = percent_encoding::percent_encode(text.as_bytes(), percent_encoding::NON_ALPHANUMERIC);
        let (path, header) = (format!("/v1/chat/completions?q={escaped}"), format!("x-note: {text}"));
        let words =
            ["invoke", "openai/chat-completions", "--path", &path, "--header", &header, "--body", text];
        home.run(&words).ok();
        let sent = upstream.take_one();
        let same = sent.target == path && sent.header("x-note") == text && sent.body == text.as_bytes();
        findings.hold(same, &case.name(), || format!("{sent:?}"));
    }
    findings.end();
}

#[test]
fn a_template_says_no_more_than_where_the_secret_goes() {
    const TEMPLATE: &str = "\"Bearer {{secret}}\"";
    let home = Home::test(Door::InProcess);
    let mut findings = Findings::default();
    for case in texts("a template", TEMPLATES) {
        let quoted = serde_json::to_string(case.attack).unwrap();
        let done = home.add_provider(&EVIL.replace(TEMPLATE, &quoted));
        findings.hold(done.code == Some(2), &case.name(), || format!("{:?} {}", done.code, done.errors()));
    }
    findings.end();
    home.add_provider(EVIL).ok();
}

#[test]
fn a_secret_in_a_url_stays_one_piece_of_it() {
    let upstream = Upstream::serving(&["api.telegram.org"]);
    let home = Home::with(Door::InProcess, &upstream);
    home.store("TELEGRAM_BOT_TOKEN", "123456:first");
    let mut findings = Findings::default();
    for case in in_urls() {
        let (secret, path) = case.attack;
        home.run(&["secrets", "rotate", "--name", "TELEGRAM_BOT_TOKEN", "--value", secret]).ok();
        home.run(&["invoke", "telegram/get-me", "--method", "GET", "--path", "/getMe"]).ok();
        let sent = upstream.take_one();
        findings.hold(sent.target == path, &case.name(), || sent.target.clone());
    }
    findings.end();
}
