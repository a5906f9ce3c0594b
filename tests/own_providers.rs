//! Providers of the operator's own: as good as the registry's, and never in their place; and a
//! secret that goes to no host but those that it was given for.
#![allow(clippy::disallowed_methods, clippy::unwrap_used, reason = "tests prepare and look at the machine")]

mod support;

use std::fs;

use support::{Door, Home, Upstream};

const ACME: &str = r#"provider: acme
name: Acme
category: test
docs: https://docs.acme.example/api
secrets: { ACME_API_KEY: { as: secret } }
hosts: [api.acme.example]
auth: { type: header, name: authorization, value: "Bearer {{secret}}" }
capabilities:
  widgets:
    summary: Read widgets
    allow:
      - { methods: [GET], paths: [/v1/widgets] }
    example: { method: GET, path: /v1/widgets }
    examples: { deny: [DELETE /v1/widgets] }
"#;
const KEY: &str = "acme-0123456789abcdef0123456789abcdef";

#[test]
fn one_of_the_operators_own_works_like_one_of_the_registry() {
    for door in Door::BOTH {
        let upstream = Upstream::serving(&["api.acme.example"]);
        let home = Home::test(door);
        home.run(&["invoke", "acme/widgets"]).ends(5);
        let done = home.add_provider(ACME).ok();
        assert!(done.text().starts_with("Provider added: acme (1 capability)\n"), "{}", done.text());
        home.send_host_to("api.acme.example", &upstream);
        let stored = home.store("ACME_API_KEY", KEY);
        assert!(stored.text().contains("pinned to provider: acme"), "{}", stored.text());
        home.run(&["invoke", "acme/widgets"]).ok();
        assert_eq!(upstream.take_one().header("authorization"), format!("Bearer {KEY}"));
        home.run(&["invoke", "acme/widgets", "--method", "DELETE"]).ends(3);
        home.run(&["capability", "describe", "acme/widgets"]).ok();
        assert_eq!(home.run(&["provider", "export", "acme"]).ok().text(), ACME);
        home.run(&["provider", "remove", "acme"]).ok();
        home.run(&["invoke", "acme/widgets"]).ends(5);
        assert!(upstream.take().is_empty());
    }
}

#[test]
fn a_stored_secret_does_not_follow_its_provider_to_another_host() {
    for door in Door::BOTH {
        let upstream = Upstream::serving(&["evil.example", "api.acme.example"]);
        let home = Home::test(door);
        home.add_provider(ACME).ok();
        home.store("ACME_API_KEY", KEY);
        let moved = ACME.replace("hosts: [api.acme.example]", "hosts: [evil.example]");
        let done = home.add_provider(&moved).ok();
        assert!(done.errors().contains("stored for other hosts"), "{}", done.errors());
        home.send_host_to("evil.example", &upstream);
        home.run(&["invoke", "acme/widgets"]).ends(3);
        // Neither does taking the provider away and bringing it back.
        home.run(&["provider", "remove", "acme"]).ok();
        home.add_provider(&moved).ok();
        home.run(&["invoke", "acme/widgets"]).ends(3);
        assert!(upstream.take().is_empty());
        // Its value given again, it may go there: whoever knows it sends it.
        home.run(&["secrets", "rotate", "--name", "ACME_API_KEY", "--value", "given-again-0123456789"]).ok();
        home.run(&["invoke", "acme/widgets"]).ok();
        assert_eq!(upstream.take_one().header("authorization"), "Bearer given-again-0123456789");
    }
}

#[test]
fn nothing_of_the_registrys_can_be_taken() {
    let home = Home::test(Door::InProcess);
    for (from, to, what) in [
        ("provider: acme", "provider: openai", "there is a provider `openai` already"),
        ("ACME_API_KEY", "OPENAI_API_KEY", "already claimed by `openai`"),
        ("[api.acme.example]", "[api.openai.com]", "is a host of `openai`"),
    ] {
        let done = home.add_provider(&ACME.replace(from, to)).ends(2);
        assert!(done.errors().contains(what), "{}", done.errors());
    }
    // A second one can take nothing of the first either.
    home.add_provider(ACME).ok();
    let done = home.add_provider(&ACME.replace("provider: acme", "provider: other")).ends(2);
    assert!(done.errors().contains("claimed by `acme`"), "{}", done.errors());
    let file = home.path("acme.yaml");
    fs::write(&file, ACME.replace("methods: [GET]", "methods: [GTE]")).unwrap();
    let done = home.run(&["provider", "validate", file.to_str().unwrap()]).ends(2);
    assert!(done.errors().contains("did you mean `GET`?"), "{}", done.errors());
    fs::write(&file, ACME).unwrap();
    home.run(&["provider", "validate", file.to_str().unwrap()]).ok();
    home.run(&["provider", "remove", "openai"]).ends(5);
}

#[test]
fn a_secret_stored_before_its_name_was_claimed_serves_nobody() {
    let home = Home::test(Door::InProcess);
    home.store("ACME_API_KEY", KEY);
    home.add_provider(ACME).ok();
    home.run(&["invoke", "acme/widgets"]).ends(5);
}

/// A key does not become an account's name, which is shown and sent about freely, by what its provider's
/// file says later.
#[test]
fn a_stored_key_stays_a_key_whatever_its_file_says_later() {
    const CLIENT: &str = r#"auth:
  type: oauth2
  grant: refresh_token
  token_endpoint: https://api.acme.example/token
  authorize_endpoint: https://api.acme.example/authorize
  device_endpoint: https://evil.example/device
  client_id: "{{secret}}"
  client_auth: none
  refresh_token: "{{refresh}}"
"#;
    for door in Door::BOTH {
        let upstream = Upstream::serving(&["api.acme.example", "evil.example"]);
        let home = Home::test(door);
        home.add_provider(ACME).ok();
        home.store("ACME_API_KEY", KEY);
        let secrets =
            "secrets:\n  ACME_API_KEY: { as: secret, identifier: true }\n  ACME_REFRESH: { as: refresh }\n";
        let turned = ACME
            .replace("secrets: { ACME_API_KEY: { as: secret } }\n", secrets)
            .replace("auth: { type: header, name: authorization, value: \"Bearer {{secret}}\" }\n", CLIENT);
        home.add_provider(&turned).ok();
        home.send_to(&upstream);
        home.store("ACME_REFRESH", "refresh-0123456789abcdef");
        for words in [
            &["oauth", "setup", "acme"][..],
            &["oauth", "login", "acme", "--device"],
            &["oauth", "login", "acme", "--wait", "1"],
            &["invoke", "acme/widgets"],
        ] {
            let done = home.run(words);
            let shown = done.text() + &done.errors();
            assert!(shown.contains("was stored as a key"), "{words:?}: {shown}");
            assert!(!shown.contains(KEY), "{words:?}: {shown}");
            assert!(upstream.take().is_empty(), "{words:?}");
        }
    }
}
