//! Operator policies, end to end: what is put in force narrows what goes out, through both doors;
//! what is wrong with a file is shown where it stands; what cannot be read refuses.
#![allow(clippy::disallowed_methods, clippy::unwrap_used, reason = "tests prepare and look at the machine")]

mod support;

use std::fs;

use support::{Door, Home, Upstream, secrets};

const CHAT: &str = "openai/chat-completions";

const RESEARCH: &str = r#"
policy: research
version: 1
rules:
  - id: small-models
    effect: require
    why: Callers may use small chat models, with bounded output.
    capabilities: [openai/chat-completions]
    when:
      methods: [POST]
      query: { only: [] }
      body:
        max_bytes: 4096
        json:
          /model: { in: [gpt-4o-mini, gpt-4.1-mini] }
          /max_tokens: { lte: 4096 }
          /stream: { eq: false, absent: ok }
          /messages/*/role: { in: [system, user, assistant] }
  - id: no-pro-models
    effect: forbid
    why: Pro models need a ticket.
    capabilities: ["openai/*"]
    when: { body: { json: { /model: { glob: "*-pro*", absent: skip } } } }
"#;

fn apply(home: &Home, name: &str, text: &str) -> support::Done {
    let file = home.path(name);
    fs::write(&file, text).unwrap();
    home.run(&["policy", "apply", file.to_str().unwrap()])
}

fn with_research(door: Door, upstream: &Upstream) -> Home {
    let home = Home::with_openai(door, upstream, secrets::OPENAI);
    let done = apply(&home, "research.policy.yaml", RESEARCH).ok();
    assert_eq!(done.text(), "Policy research: applied, with 2 rules\n");
    home
}

fn chat(home: &Home, body: &str) -> support::Done {
    home.run(&["invoke", CHAT, "--body", body])
}

const SMALL: &str = r#"{"model":"gpt-4o-mini","max_tokens":256,"messages":[{"role":"user","content":"hi"}]}"#;

#[test]
fn what_the_rules_permit_goes_out_as_it_was_judged() {
    for door in Door::BOTH {
        let upstream = Upstream::serving(&["api.openai.com"]);
        let home = with_research(door, &upstream);
        chat(&home, SMALL).ok();
        let received = upstream.take();
        assert_eq!(received.len(), 1);
        assert_eq!(received[0].body, SMALL.as_bytes());
        let entries = home.events();
        let allowed = entries.iter().find(|entry| entry.is("invoke", "allowed")).unwrap();
        assert_eq!(
            allowed.event["rules"],
            serde_json::json!(["research/no-pro-models", "research/small-models"])
        );
    }
}

#[test]
fn what_the_rules_deny_never_reaches_the_upstream() {
    let cases = [
        (r#"{"model":"gpt-5","max_tokens":256,"messages":[]}"#, "require.failed"),
        (r#"{"model":"gpt-4o-mini","max_tokens":4097,"messages":[{"role":"user"}]}"#, "require.failed"),
        (r#"{"model":"gpt-4o-mini","max_tokens":1e400,"messages":[{"role":"user"}]}"#, "require.failed"),
        (
            r#"{"model":"gpt-4o-mini","max_tokens":1,"messages":[{"role":"user"},{"role":"tool"}]}"#,
            "require.failed",
        ),
        (
            r#"{"model":"gpt-4o-mini","max_tokens":1,"messages":[{"role":"user"}],"stream":true}"#,
            "require.failed",
        ),
        (
            r#"{"model":"gpt-4o-mini","model":"o1-pro","max_tokens":1,"messages":[{"role":"user"}]}"#,
            "body.duplicate_key",
        ),
        (r#"{"model":"o1-pro","max_tokens":1,"messages":[{"role":"user"}]}"#, "forbid.matched"),
        (r#"{"model":["o1-pro"],"max_tokens":1,"messages":[{"role":"user"}]}"#, "forbid.matched"),
        (r#"{"model":"gpt-4o-mini""#, "body.content_type"),
    ];
    for door in Door::BOTH {
        let upstream = Upstream::serving(&["api.openai.com"]);
        let home = with_research(door, &upstream);
        for (body, reason) in cases {
            let done = chat(&home, body).ends(3);
            let entries = home.events();
            let denied = entries.iter().find(|entry| entry.is("invoke", "denied")).unwrap();
            assert_eq!(denied.event["reason"], reason, "{body}: {}", done.errors());
        }
        let long = format!("{{\"x\":\"{}\"}}", "y".repeat(5000));
        chat(&home, &long).ends(3);
        home.run(&["invoke", CHAT, "--body", SMALL, "--header", "content-type: text/plain"]).ends(3);
        home.run(&[
            "invoke",
            CHAT,
            "--method",
            "POST",
            "--path",
            "/v1/chat/completions?a=1",
            "--body",
            SMALL,
        ])
        .ends(3);
        assert!(upstream.take().is_empty());
    }
}

#[test]
fn rules_are_for_what_they_select() {
    let upstream = Upstream::serving(&["api.openai.com"]);
    let home = with_research(Door::Daemon, &upstream);
    home.run(&["invoke", "openai/models"]).ok();
    home.run(&["policy", "remove", "research"]).ok();
    chat(&home, r#"{"model":"o1-pro"}"#).ok();
    assert_eq!(upstream.take().len(), 2);
}

#[test]
fn a_mistake_is_shown_where_it_stands_and_nothing_is_applied() {
    let home = Home::test(Door::InProcess);
    let done = apply(&home, "bad.policy.yaml", &RESEARCH.replace("effect: forbid", "effect: forbd")).ends(2);
    let shown = done.errors();
    assert!(shown.contains("bad.policy.yaml:20:13") && shown.contains("did you mean `forbid`?"), "{shown}");
    let done = apply(&home, "bad.policy.yaml", &RESEARCH.replace(", absent: skip", "")).ends(2);
    assert!(done.errors().contains("P011") && done.errors().contains("absent: skip"), "{}", done.errors());
    assert_eq!(home.run(&["policy", "list", "--json"]).ok().text(), "[]\n");
}

#[test]
fn policies_are_listed_shown_and_compared() {
    let home = Home::test(Door::InProcess);
    apply(&home, "research.policy.yaml", RESEARCH).ok();
    let file = home.path("research.policy.yaml");
    let file = file.to_str().unwrap();
    assert_eq!(home.run(&["policy", "show", "research"]).ok().text(), RESEARCH);
    assert_eq!(home.run(&["policy", "apply", file]).ok().text(), "Policy research: unchanged\n");
    fs::write(file, RESEARCH.replace("lte: 4096", "lte: 10").replace("id: no-pro-models", "id: no-pro"))
        .unwrap();
    let dry = home.run(&["policy", "apply", "--dry-run", file]).ok();
    let text = dry.text();
    assert!(
        text.starts_with(
            "Policy research: would be applied: adds research/no-pro; changes research/small-models; removes \
             research/no-pro-models\nnarrower openai/chat-completions: research/small-models"
        ),
        "{text}"
    );
    // The request that shows it: allowed before, and with more tokens than would be allowed now.
    assert!(text.contains("\"max_tokens\":4096") && text.ends_with("0 wider, 1 narrower.\n"), "{text}");
    assert_eq!(home.run(&["policy", "show", "research"]).ok().text(), RESEARCH);
    let list = home.run(&["policy", "list"]).ok();
    assert!(
        list.text().contains("research/small-models") && list.text().contains("require"),
        "{}",
        list.text()
    );
    home.run(&["policy", "remove", "none"]).ends(5);
    home.run(&["policy", "show", "none"]).ends(5);
}
