//! What the daemon counted: told to its operator, by command and on the operator's socket, and to nobody else.
#![allow(clippy::disallowed_methods, clippy::unwrap_used, reason = "tests prepare and look at the machine")]

mod support;

use std::path::PathBuf;

use serde_json::json;
use support::{Answer, Door, Home, Upstream, secrets, socket, wait};

const OWN: &str = "provider: acme\nname: Acme\ncategory: other\ndocs: https://acme.example/\n\
    secrets: { ACME_API_KEY: { as: secret } }\nhosts: [api.acme.example]\n\
    auth: { type: header, name: authorization, value: 'Bearer {{secret}}' }\ncapabilities:\n  widgets:\n    \
    summary: x\n    allow: [{ methods: [GET], paths: [/v1/widgets] }]\n    \
    example: { method: GET, path: /v1/widgets }\n    examples: { deny: [GET /v1/other] }\n";

fn operators(home: &Home) -> PathBuf {
    home.socket().with_extension("operator.sock")
}

fn get(socket: &std::path::Path) -> (String, String) {
    let (head, body) =
        socket::exchange(socket, b"GET /metrics HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n");
    (head.first_line.clone() + " " + &head.all("content-type").join(","), String::from_utf8(body).unwrap())
}

/// The value of one series, by its whole name with labels.
fn value(text: &str, series: &str) -> Option<f64> {
    text.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' ')?.parse().ok())
}

/// Each line is what the format has, and each family is told of once.
fn assert_well_formed(text: &str) {
    let mut families = Vec::new();
    for line in text.lines() {
        if let Some(behind) = line.strip_prefix("# TYPE ") {
            let (name, kind) = behind.split_once(' ').unwrap();
            assert!(["gauge", "counter", "histogram"].contains(&kind), "{line}");
            assert!(!families.contains(&name), "twice: {line}");
            families.push(name);
        } else if !line.starts_with("# HELP ") {
            let (series, value) = line.rsplit_once(' ').unwrap();
            value.parse::<f64>().unwrap_or_else(|error| panic!("{error}: {line}"));
            let family = families.last().expect("a family before its lines");
            assert!(series.starts_with(family), "{line} under {family}");
        }
    }
    assert!(text.ends_with('\n') && !text.contains("\n\n"));
}

#[test]
fn calls_are_counted_and_told_to_the_operator() {
    let upstream = Upstream::serving(&["api.openai.com"]);
    let home = Home::with_openai(Door::Daemon, &upstream, secrets::OPENAI);
    for _ in 0..3 {
        home.run(&["invoke", "openai/models"]).ok();
    }
    upstream.answers(|_| Answer::status(503, "{}"));
    home.run(&["invoke", "openai/models"]).ends(22);
    home.run(&["invoke", "openai/models", "--path", "/v1/files"]).ends(3);
    let text = wait::until("the last end is counted", || {
        let text = home.run(&["metrics"]).ok().text();
        (value(&text, "aivault_requests_in_flight") == Some(0.0)).then_some(text)
    });
    assert_well_formed(&text);
    let models = |more: &str| format!("{{capability=\"openai/models\",{more}}}");
    for (series, count) in [
        ("aivault_up".to_owned(), 1.0),
        ("aivault_vault_unlocked".to_owned(), 1.0),
        (format!("aivault_requests_total{}", models("outcome=\"ok\",reason=\"none\"")), 4.0),
        (format!("aivault_requests_total{}", models("outcome=\"denied\",reason=\"capability\"")), 1.0),
        (format!("aivault_upstream_responses_total{}", models("status=\"2xx\"")), 3.0),
        (format!("aivault_upstream_responses_total{}", models("status=\"5xx\"")), 1.0),
        (format!("aivault_request_duration_seconds_bucket{}", models("le=\"+Inf\"")), 4.0),
        ("aivault_request_duration_seconds_count{capability=\"openai/models\"}".to_owned(), 4.0),
        ("aivault_upstream_connections_total{outcome=\"failed\"}".to_owned(), 0.0),
    ] {
        assert_eq!(value(&text, &series), Some(count), "{series} in {text}");
    }
    let opened = value(&text, "aivault_upstream_connections_total{outcome=\"opened\"}").unwrap();
    assert!((1.0..=4.0).contains(&opened), "{opened}");
    assert!(value(&text, "aivault_vault_generation").is_some_and(|generation| generation > 0.0));
    // The operator's socket says the same, as a scraper wants it.
    let (head, scraped) = get(&operators(&home));
    assert_eq!(head, "HTTP/1.1 200 OK text/plain; version=0.0.4; charset=utf-8");
    assert_well_formed(&scraped);
    let lines = |text: &str| {
        text.lines().filter(|line| !line.contains("uptime")).map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(lines(&scraped), lines(&text));
}

#[test]
fn no_text_of_a_callers_becomes_a_name() {
    let (upstream, acme) = (Upstream::serving(&["api.openai.com"]), Upstream::serving(&["api.acme.example"]));
    let home = Home::with_openai(Door::Daemon, &upstream, secrets::OPENAI);
    home.add_provider(OWN).ok();
    home.send_to(&acme);
    home.store("ACME_API_KEY", "acme-key-0123456789");
    home.run(&["invoke", "acme/widgets"]).ok();
    let gateway = home.gateway("*");
    for capability in ["evil\"} 1\naivault_up 0\n#", "none/such", "", "openai/models\u{0}", &"x".repeat(5000)]
    {
        gateway.envelope(
            &json!({ "capability": capability, "request": { "path": "/v1/secret-path?a=hidden" } }),
        );
    }
    gateway.envelope(
        &json!({ "capability": "openai/models", "request": { "path": "/v1/secret-path?a=hidden" } }),
    );
    gateway.send(
        "GET",
        "/aivault/capabilities",
        &[("authorization", &format!("Bearer {}", "z".repeat(64)))],
        b"",
    );
    let text = home.run(&["metrics"]).ok().text();
    assert_well_formed(&text);
    assert_eq!(value(&text, "aivault_up"), Some(1.0));
    let unknown: f64 = text
        .lines()
        .filter(|line| line.starts_with("aivault_requests_total{capability=\"other\""))
        .map(|line| line.rsplit_once(' ').unwrap().1.parse::<f64>().unwrap())
        .sum();
    assert_eq!(unknown, 5.0, "{text}");
    let own = "aivault_requests_total{capability=\"acme/widgets\",outcome=\"ok\",reason=\"none\"}";
    assert_eq!(value(&text, own), Some(1.0), "{text}");
    assert_eq!(value(&text, "aivault_callers_refused_total"), Some(1.0));
    for hidden in
        ["evil", "none/such", "xxxx", "secret-path", "hidden", "zzzz", &gateway.token, secrets::OPENAI]
    {
        assert!(!text.contains(hidden), "{hidden} in {text}");
    }
}

#[test]
fn callers_are_not_told() {
    let upstream = Upstream::serving(&["api.openai.com"]);
    let home = Home::with_openai(Door::Daemon, &upstream, secrets::OPENAI);
    let gateway = home.gateway("*");
    let (head, body) = get(&home.socket());
    assert!(head.starts_with("HTTP/1.1 404 ") && !body.contains("aivault_up"), "{head} {body}");
    for target in ["/metrics", "/aivault/metrics", "/v/openai/metrics", "/v/aivault/metrics"] {
        let heard = gateway.ask("GET", target, b"");
        assert!((400..500).contains(&heard.status) && !heard.text().contains("aivault_up"), "{target}");
    }
    let command = json!({ "command": "metrics" }).to_string();
    for path in ["/command", "/metrics"] {
        let request = format!(
            "POST {path} HTTP/1.1\r\nhost: a\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{command}",
            command.len()
        );
        let (head, _) = socket::exchange(&home.socket(), request.as_bytes());
        let is_refused = [" 403 ", " 404 "].iter().any(|status| head.first_line.contains(status));
        assert!(is_refused, "{}", head.first_line);
    }
    assert!(upstream.take().is_empty());
}

#[test]
fn where_no_daemon_runs_that_is_told() {
    let home = Home::test(Door::Daemon);
    let text = home.run(&["metrics"]).ok().text();
    assert_eq!(value(&text, "aivault_up"), Some(0.0), "{text}");
    assert_well_formed(&text);
    assert!(home.daemon().is_none(), "and none is started to be asked");
}
