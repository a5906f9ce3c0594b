//! How requests leave the machine, where the operator says so in the vault: through a proxy, and trusting an
//! authority of the operator's own. Real vaults, since nothing of this is for tests alone.
#![allow(clippy::disallowed_methods, clippy::unwrap_used, reason = "tests prepare and look at the machine")]

mod support;

use std::fs;

use support::proxy::Proxy;
use support::{Done, Door, Home, Upstream, secrets};

const HOST: &str = "api.openai.com";
const INVOKE: &[&str] = &["invoke", "openai/chat-completions", "--body", "{}"];

/// A vault that holds real keys, as far as it knows, and is told to trust the upstream's authority.
fn setting(door: Door) -> (Upstream, Home) {
    let upstream = Upstream::serving(&[HOST]);
    let home = Home::empty(door);
    trust(&home, &upstream.ca_pem).ok();
    home.store("OPENAI_API_KEY", secrets::OPENAI);
    (upstream, home)
}

fn trust(home: &Home, pem: &str) -> Done {
    let file = home.path("extra.pem");
    fs::write(&file, pem).unwrap();
    home.run(&["config", "set", "extra-ca", file.to_str().unwrap()])
}

fn go_through(home: &Home, proxy: &Proxy) -> Done {
    home.run(&["config", "set", "egress-proxy", &proxy.url()])
}

#[test]
fn calls_go_through_the_proxy_and_their_tls_through_to_the_upstream() {
    for door in Door::BOTH {
        let (upstream, home) = setting(door);
        let first = Proxy::leading_to(upstream.address);
        go_through(&home, &first).ok();
        // Variables of the caller name another one.
        let elsewhere = Proxy::leading_to(upstream.address);
        let call = || Done::of(home.command(door, INVOKE).env("HTTPS_PROXY", elsewhere.url()), b"");
        call().ok();
        let received = upstream.take_one();
        assert_eq!(received.header("authorization"), format!("Bearer {}", secrets::OPENAI));
        let asked = first.take();
        assert_eq!(asked.len(), 1);
        assert_eq!(asked[0].first_line, "CONNECT api.openai.com:443 HTTP/1.1");
        assert!(!first.carried().is_empty());
        secrets::assert_absent(secrets::OPENAI, &first.carried(), "what the proxy carried");

        // A daemon that runs hears of a change at once, and a connection through the old one serves nobody.
        let second = Proxy::leading_to(upstream.address);
        go_through(&home, &second).ok();
        call().ok();
        assert_eq!((first.take().len(), second.take().len(), upstream.take().len()), (0, 1, 1));
        assert!(elsewhere.take().is_empty());
    }
}

#[test]
fn an_authority_is_trusted_once_it_is_set_and_no_longer() {
    for door in Door::BOTH {
        let (upstream, home) = setting(door);
        go_through(&home, &Proxy::refusing()).ok();
        let proxy = Proxy::leading_to(upstream.address);
        go_through(&home, &proxy).ok();
        home.run(INVOKE).ok();
        home.run(&["config", "unset", "extra-ca"]).ok();
        upstream.take();
        let done = home.run(INVOKE).ends(6);
        assert!(done.errors().contains("unknown issuer"), "{}", done.errors());
        assert!(upstream.take().is_empty());
        // Another authority than the one that signed.
        trust(&home, &Upstream::unbound(&[HOST]).ca_pem).ok();
        home.run(INVOKE).ends(6);
        assert!(upstream.take().is_empty());
    }
}

#[test]
fn a_proxy_that_does_not_let_a_call_through_is_named() {
    for door in Door::BOTH {
        let (_upstream, home) = setting(door);
        let proxy = Proxy::refusing();
        go_through(&home, &proxy).ok();
        let done = home.run(INVOKE).ends(6);
        assert!(done.errors().contains("the egress proxy"), "{}", done.errors());
        assert_eq!(proxy.take().len(), 1);
        let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        home.run(&["config", "set", "egress-proxy", &format!("http://{closed}")]).ok();
        let done = home.run(INVOKE).ends(6);
        assert!(done.errors().contains("the egress proxy"), "{}", done.errors());
    }
}

const LOCAL: &str = r#"
provider: corp
name: Corp
category: developer
docs: https://docs.corp.example/api
secrets:
  CORP_API_KEY:
    as: secret
    help: https://corp.example/keys
hosts: [api.corp.internal]
auth:
  type: header
  name: authorization
  value: "Bearer {{secret}}"
capabilities:
  things:
    summary: Read things
    allow:
      - methods: [GET]
        paths: [/v1/things]
    example:
      method: GET
      path: /v1/things
    examples:
      deny:
        - DELETE /v1/things
"#;

/// Nobody here could look where the proxy would connect to.
#[test]
fn a_proxy_is_not_asked_for_a_local_name() {
    for door in Door::BOTH {
        let (upstream, home) = setting(door);
        let proxy = Proxy::leading_to(upstream.address);
        go_through(&home, &proxy).ok();
        home.add_provider(LOCAL).ok();
        home.store("CORP_API_KEY", "corp-0123456789abcdef");
        let done = home.run(&["invoke", "corp/things"]).ends(3);
        assert!(done.errors().contains("local networks"), "{}", done.errors());
        assert!(proxy.take().is_empty());
    }
}

#[test]
fn what_is_set_can_be_seen_and_taken_back_and_is_on_record() {
    let (upstream, home) = setting(Door::InProcess);
    let set = home.run(&["config", "set", "egress-proxy", "http://proxy.corp.example:3128/"]).ok();
    assert_eq!(set.text(), "Calls to public hosts now go through http://proxy.corp.example:3128.\n");
    let list = "egress-proxy     http://proxy.corp.example:3128\nextra-ca         1 certificate\n";
    assert_eq!(home.run(&["config", "list"]).ok().text(), list);
    let json = home.run(&["config", "list", "--json"]).ok().json();
    assert_eq!(json[0]["name"], "egress-proxy");
    let get = |name| home.run(&["config", "get", name]).ok().text();
    assert_eq!(get("egress-proxy"), "http://proxy.corp.example:3128\n");
    assert_eq!(get("extra-ca").trim(), upstream.ca_pem.replace("\r\n", "\n").trim());

    let status = home.run(&["status"]).ok();
    status.says("egress:       through the proxy http://proxy.corp.example:3128\n");
    status.says("egress:       1 certificate trusted beside the built-in authorities\n");

    home.run(&["config", "unset", "egress-proxy"]).ok();
    home.run(&["config", "unset", "egress-proxy"]).ends(5);
    assert_eq!(home.run(&["config", "list"]).ok().text(), "extra-ca         1 certificate\n");
    let events = home.events();
    let done: Vec<_> = events
        .iter()
        .filter(|entry| entry.is("config.set", "ok") || entry.is("config.unset", "ok"))
        .map(|entry| entry.event["detail"].as_str().unwrap())
        .collect();
    let told = ["egress-proxy", "egress-proxy: http://proxy.corp.example:3128", "extra-ca: 1 certificate"];
    assert!(told.iter().all(|one| done.contains(one)), "{done:?}");
    home.run(&["audit", "verify"]).ok();
}

/// Whoever may run the program may add an authority and a proxy, and so stand in the middle. What was
/// stored before that does not come by.
#[test]
fn an_authority_that_came_later_sees_no_key_that_was_given_before() {
    for door in Door::BOTH {
        let upstream = Upstream::serving(&[HOST]);
        let home = Home::empty(door);
        home.store("OPENAI_API_KEY", secrets::OPENAI);
        trust(&home, &upstream.ca_pem).ok();
        let proxy = Proxy::leading_to(upstream.address);
        go_through(&home, &proxy).ok();
        home.run(INVOKE).ends(6);
        assert!(upstream.take().is_empty());
        // The operator gives the key again, and so says that it may.
        home.run(&["secrets", "rotate", "--name", "OPENAI_API_KEY", "--value", secrets::OPENAI]).ok();
        home.run(INVOKE).ok();
        upstream.take_one();
        // Set anew, it is another one.
        trust(&home, &upstream.ca_pem).ok();
        home.run(INVOKE).ends(6);
        assert!(upstream.take().is_empty());
    }
}

/// Only the daemon has the key of such a vault, so that it is the one who sets.
#[test]
fn a_vault_that_only_the_daemon_can_open_takes_settings_too() {
    let upstream = Upstream::serving(&[HOST]);
    let home = Home::empty(Door::Daemon);
    home.run(&["init", "--provider", "passphrase", "--passphrase", "correct horse battery staple"]).ok();
    trust(&home, &upstream.ca_pem).ok();
    home.store("OPENAI_API_KEY", secrets::OPENAI);
    let proxy = Proxy::leading_to(upstream.address);
    go_through(&home, &proxy).ok();
    home.run(&["config", "set", "egress-proxy", "no proxy"]).ends(2);
    assert_eq!(home.run(&["config", "get", "egress-proxy"]).ok().text().trim(), proxy.url());
    home.run(INVOKE).ok();
    assert_eq!((proxy.take().len(), upstream.take().len()), (1, 1));
    home.run(&["config", "unset", "extra-ca"]).ok();
    home.run(INVOKE).ends(6);
}

#[test]
fn what_could_not_be_used_is_not_set() {
    let home = Home::empty(Door::InProcess);
    for proxy in [
        "proxy:3128",
        "https://proxy:3128",
        "socks5://proxy:1080",
        "http://me:pw@proxy:3128",
        "http://proxy:3128/path",
        "http://169.254.169.254:3128",
        "",
    ] {
        let done = home.run(&["config", "set", "egress-proxy", proxy]).ends(2);
        assert!(done.errors().contains("help: "), "{proxy}: {}", done.errors());
        assert!(!done.errors().contains("me:pw"), "{}", done.errors());
    }
    for pem in ["", "words", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"] {
        trust(&home, pem).ends(2);
    }
    home.run(&["config", "set", "extra-ca", "/nowhere/ca.pem"]).ends(2);
    assert_eq!(
        home.run(&["config", "list"]).ok().text(),
        "Nothing is set: calls go straight to their hosts, and the audit log is kept for ever.\n"
    );
}
