//! A provider that offers several ways to authenticate: which one serves a call, what each needs to be
//! stored, and what no caller may set whichever it is.
#![allow(clippy::disallowed_methods, clippy::unwrap_used, reason = "tests prepare and look at the machine")]

mod support;

use support::issuer::{CLIENT_ID, CLIENT_SECRET, Issuer};
use support::{Answer, Done, Door, Home, Upstream};

const API: &str = "api.acme.example";
const LOGIN: &str = "login.acme.example";
const ENDPOINT: &str = "/token";
/// A key, or a login; each way keeps something from callers that the other does not.
const ACME: &str = r#"provider: acme
name: Acme
category: test
docs: https://docs.acme.example/api
secrets:
  ACME_API_KEY: { as: key }
  ACME_CLIENT_ID: { as: client_id, identifier: true }
  ACME_CLIENT_SECRET: { as: client_secret }
  ACME_REFRESH_TOKEN: { as: refresh_token }
hosts: [api.acme.example]
auth: { type: header, name: x-acme-key, value: "{{key}}" }
alternatives:
  oauth:
    auth:
      type: oauth2
      grant: refresh_token
      token_endpoint: https://login.acme.example/token
      authorize_endpoint: https://login.acme.example/consent
      client_id: "{{client_id}}"
      client_secret: "{{client_secret}}"
      refresh_token: "{{refresh_token}}"
capabilities:
  widgets:
    summary: Read and make widgets
    allow:
      - { methods: [GET, POST], paths: [/v1/widgets] }
    example: { method: GET, path: /v1/widgets }
    examples: { deny: [DELETE /v1/widgets] }
"#;
const KEY: &str = "acme-0123456789abcdef0123456789abcdef";
/// What access tokens of the issuer begin with.
const ACCESS: &str = "ya29.access-";
const CALL: [&str; 4] = ["invoke", "acme/widgets", "--method", "GET"];

/// A vault that knows Acme, whose servers `issuer` plays. The API repeats all that it is sent.
fn home(door: Door, issuer: &Issuer) -> (Home, Upstream) {
    let upstream = Upstream::serving(&[API, LOGIN]);
    let server = issuer.clone();
    upstream.answers(move |request| match request.target.as_str() {
        ENDPOINT => server.token(request),
        _ => Answer::text(request.headers_as_text()),
    });
    let home = Home::test(door);
    home.add_provider(ACME).ok().says("Store ACME_API_KEY (default), or ACME_CLIENT_ID, ");
    home.send_to(&upstream);
    (home, upstream)
}

fn store_key(home: &Home) -> Done {
    home.store("ACME_API_KEY", KEY)
}

fn store_login(home: &Home, issuer: &Issuer) -> Done {
    home.store("ACME_CLIENT_ID", CLIENT_ID);
    home.store("ACME_CLIENT_SECRET", CLIENT_SECRET);
    home.store("ACME_REFRESH_TOKEN", &issuer.lock().refresh.clone())
}

/// How the only call that reached the API was authenticated; nothing of that comes back to its caller.
#[track_caller]
fn authenticated(done: &Done, upstream: &Upstream) -> &'static str {
    let calls: Vec<_> = upstream.take().into_iter().filter(|one| one.target != ENDPOINT).collect();
    let [call] = &calls[..] else { panic!("{} calls", calls.len()) };
    for secret in [KEY, ACCESS, CLIENT_SECRET] {
        assert!(!done.text().contains(secret), "{}", done.text());
    }
    let names = call.header_names();
    match (names.contains("x-acme-key"), names.contains("authorization")) {
        (true, false) if call.header("x-acme-key") == KEY => "key",
        (false, true) if call.header("authorization").starts_with(&format!("Bearer {ACCESS}")) => "oauth",
        _ => panic!("{}", call.headers_as_text()),
    }
}

#[test]
fn a_way_needs_its_own_secrets_and_no_others() {
    for door in Door::BOTH {
        let issuer = Issuer::new();
        let (home, upstream) = home(door, &issuer);
        let told = home.run(&CALL).ends(5).errors();
        assert!(
            told.contains(
                "`aivault secrets create --name ACME_API_KEY`; or with `aivault secrets create --name ACME_CLIENT_ID` \
                 and `ACME_CLIENT_SECRET`, and then `aivault oauth login acme`"
            ),
            "{told}"
        );
        store_key(&home).says("→ Credential auto-provisioned: acme (1 capability enabled)\n");
        assert_eq!(authenticated(&home.run(&CALL).ok(), &upstream), "key");
        assert_eq!(issuer.lock().count, 0);

        let issuer = Issuer::new();
        let (home, upstream) = self::home(door, &issuer);
        home.store("ACME_CLIENT_ID", CLIENT_ID).says("Waiting for ACME_CLIENT_SECRET and ACME_REFRESH_TOKEN");
        store_rest(&home, &issuer).says("auto-provisioned: acme-oauth (1 capability enabled, by oauth)\n");
        assert_eq!(authenticated(&home.run(&CALL).ok(), &upstream), "oauth");
    }
}

fn store_rest(home: &Home, issuer: &Issuer) -> Done {
    home.store("ACME_CLIENT_SECRET", CLIENT_SECRET);
    home.store("ACME_REFRESH_TOKEN", &issuer.lock().refresh.clone())
}

#[test]
fn priority_chooses_unless_the_caller_does_whatever_was_stored_first() {
    for (door, key_first) in [(Door::Daemon, true), (Door::InProcess, false)] {
        let issuer = Issuer::new();
        let (home, upstream) = home(door, &issuer);
        if key_first {
            store_key(&home);
            store_login(&home, &issuer);
        } else {
            store_login(&home, &issuer);
            assert_eq!(authenticated(&home.run(&CALL).ok(), &upstream), "oauth");
            store_key(&home);
        }
        assert_eq!(authenticated(&home.run(&CALL).ok(), &upstream), "key");
        let by = |account| home.run(&[&CALL[..], &["--credential", account]].concat()).ok();
        assert_eq!(authenticated(&by("acme-oauth"), &upstream), "oauth");
        assert_eq!(authenticated(&by("acme"), &upstream), "key");
        assert_eq!(issuer.lock().count, 1);
        let listed = home.run(&["credential", "list"]).ok();
        assert!(listed.text().contains("acme-oauth  acme      global  oauth"), "{}", listed.text());
        // A binding chooses too; and the first way gone, the next one serves.
        home.run(&["capability", "bind", "--capability", "acme/*", "--credential", "acme-oauth"]).ok();
        assert_eq!(authenticated(&home.run(&CALL).ok(), &upstream), "oauth");
        home.run(&["capability", "unbind", "--capability", "acme/*"]).ok();
        home.run(&["secrets", "delete", "--name", "ACME_API_KEY"]).ok();
        assert_eq!(authenticated(&home.run(&CALL).ok(), &upstream), "oauth");
    }
}

#[test]
fn all_at_once_is_an_account_of_each() {
    let issuer = Issuer::new();
    let (home, _upstream) = home(Door::InProcess, &issuer);
    let refresh = format!("ACME_REFRESH_TOKEN={}", issuer.lock().refresh);
    let (key, id) = (format!("ACME_API_KEY={KEY}"), format!("ACME_CLIENT_ID={CLIENT_ID}"));
    let secret = format!("ACME_CLIENT_SECRET={CLIENT_SECRET}");
    let entries = [&key, &id, &secret, &refresh].map(|entry| ["--entry", entry.as_str()]);
    let done = home.run(&[&["secrets", "import"], &entries.concat()[..]].concat()).ok();
    done.says("auto-provisioned: acme (1 capability").says("auto-provisioned: acme-oauth (1 capability");
}

#[test]
fn what_any_of_the_ways_sets_is_nobody_elses_to_set() {
    let issuer = Issuer::new();
    let (home, upstream) = home(Door::Daemon, &issuer);
    store_key(&home);
    store_login(&home, &issuer);
    let with = |more: &[&str]| home.run(&[&CALL[..], more].concat());
    for account in ["acme", "acme-oauth"] {
        for (more, told) in [
            (["--header", "x-acme-key=mine"], "x-acme-key"),
            (["--header", "x_acme_key=mine"], "x_acme_key"),
            (["--header", "authorization=Bearer mine"], "authorization"),
            (["--path", "/v1/widgets?access_token=mine"], "access_token"),
        ] {
            let done = with(&[&more[..], &["--credential", account]].concat()).ends(3);
            assert!(done.errors().contains(told), "{}", done.errors());
        }
        let form = ["invoke", "acme/widgets", "--method", "POST", "--credential", account, "--header"];
        let typed = "content-type=application/x-www-form-urlencoded";
        home.run(&[&form[..], &[typed, "--body", "a=1&access_token=mine"]].concat()).ends(3);
    }
    assert!(upstream.take().is_empty());
}

#[test]
fn an_account_made_by_hand_may_say_its_way() {
    let issuer = Issuer::new();
    let (home, upstream) = home(Door::InProcess, &issuer);
    store_key(&home);
    store_login(&home, &issuer);
    let create = |name: &str, more: &[&str]| {
        home.run(&[&["credential", "create", name, "--provider", "acme"], more].concat())
    };
    let login = [
        ["--secret", "client_id=ACME_CLIENT_ID"],
        ["--secret", "client_secret=ACME_CLIENT_SECRET"],
        ["--secret", "refresh_token=ACME_REFRESH_TOKEN"],
    ]
    .concat();
    create("second", &[&["--auth", "oauth"], &login[..]].concat()).ok().says("second of acme by oauth (1 ");
    create("third", &login).ok().says("third of acme by oauth");
    create("fourth", &["--secret", "ACME_API_KEY"]).ok().says("fourth of acme (1 capability");
    create("fifth", &["--auth", "default", "--secret", "key=ACME_API_KEY"]).ok();
    for (account, way) in [("second", "oauth"), ("third", "oauth"), ("fourth", "key"), ("fifth", "key")] {
        let done = home.run(&[&CALL[..], &["--credential", account]].concat()).ok();
        assert_eq!(authenticated(&done, &upstream), way, "{account}");
    }
    // Several of the way that goes first, and none of them named.
    home.run(&CALL).ends(3);
    for (more, told) in [
        (vec!["--auth", "saml", "--secret", "ACME_API_KEY"], "there is default, oauth"),
        (
            vec!["--auth", "oauth", "--secret", "ACME_API_KEY"],
            "the way `oauth` of `acme` needs several secrets",
        ),
        (vec!["--auth", "oauth", "--secret", "key=ACME_API_KEY"], "has no secret `key`"),
        (vec!["--auth", "default", "--secret", "client_id=ACME_CLIENT_ID"], "has no secret `client_id`"),
        (vec!["--auth", "oauth", "--secret", "client_id=ACME_CLIENT_ID"], "no secret is named for"),
        (vec!["--secret", "client_id=ACME_CLIENT_ID"], "default takes key; oauth takes "),
    ] {
        let done = create("sixth", &more).ends(2);
        assert!(done.errors().contains(told), "{more:?}: {}", done.errors());
    }
}

/// The way stands in the account: when its provider's file offers it no more, no other takes its place.
#[test]
fn an_account_of_a_way_that_is_gone_serves_nobody() {
    let issuer = Issuer::new();
    let (home, upstream) = home(Door::Daemon, &issuer);
    store_login(&home, &issuer);
    assert_eq!(authenticated(&home.run(&CALL).ok(), &upstream), "oauth");
    home.add_provider(&ACME.replace("  oauth:\n", "  consent:\n")).ok();
    let done = home.run(&CALL).ends(3);
    assert!(
        done.errors().contains("authenticates by `oauth`, which `acme` does not offer"),
        "{}",
        done.errors()
    );
    assert!(upstream.take().is_empty());
    home.run(&["capability", "describe", "acme/widgets"]).ok().says("needs ");
}

#[test]
fn who_asks_is_told_of_each_way_and_what_it_lacks() {
    let issuer = Issuer::new();
    let (home, _upstream) = home(Door::InProcess, &issuer);
    let describe = || home.run(&["capability", "describe", "acme/widgets"]).ok();
    home.store("ACME_CLIENT_ID", CLIENT_ID);
    // The way that was begun, though another lacks less.
    describe()
        .says("auth        header or oauth2\n")
        .says("readiness   needs ACME_CLIENT_SECRET +1\n")
        .says("Secrets of the way default (header), which lacks 1 of 1\n")
        .says("Secrets of the way oauth (oauth2), which lacks 2 of 3\n");
    store_key(&home);
    let told = describe();
    told.says("readiness   ready\n").says("(header), complete\n").says("(oauth2), which lacks 2 of 3\n");
    let json = home.run(&["capability", "describe", "acme/widgets", "--json"]).ok().json();
    assert_eq!(json["ways"][0]["missing"], serde_json::json!([]));
    assert_eq!(json["ways"][1]["name"], "oauth");
    home.run(&["provider", "show", "acme"]).ok().says("default (header), with ACME_API_KEY\n");
    home.run(&["provider", "list"]).ok().says("header or oauth2");
}

/// Logging in finds its way wherever it stands, and stores for that one.
#[test]
fn a_login_goes_by_the_way_that_people_consent_to() {
    let issuer = Issuer::new();
    let (home, _upstream) = home(Door::InProcess, &issuer);
    store_key(&home);
    home.store("ACME_CLIENT_ID", CLIENT_ID);
    home.run(&["oauth", "setup", "acme"]).ok().says("https://login.acme.example/consent?response_type=code&");
    home.run(&["oauth", "setup", "openai"]).ends(2);
}

/// Only where its own way fetches tokens may a secret go, besides the API.
#[test]
fn a_key_is_kept_for_the_hosts_of_its_own_way() {
    let issuer = Issuer::new();
    let (home, upstream) = home(Door::InProcess, &issuer);
    store_key(&home);
    let moved = ACME.replace("https://login.acme.example/token", "https://evil.example/token");
    let done = home.add_provider(&moved).ok();
    assert!(!done.errors().contains("ACME_API_KEY"), "{}", done.errors());
    assert_eq!(authenticated(&home.run(&CALL).ok(), &upstream), "key");
    // What was stored for the login does not follow it.
    home.add_provider(ACME).ok();
    store_login(&home, &issuer);
    let done = home.add_provider(&moved).ok();
    assert!(done.errors().contains("ACME_CLIENT_SECRET was stored for other hosts"), "{}", done.errors());
    home.run(&[&CALL[..], &["--credential", "acme-oauth"]].concat()).ends(3);
    assert!(upstream.take().is_empty());
}
