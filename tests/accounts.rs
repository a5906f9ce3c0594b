//! Accounts with a host of their own, further accounts, what is bound to serve whom, and what an
//! operator adds, turns on and bounds by one command.
#![allow(clippy::disallowed_methods, clippy::unwrap_used, reason = "tests prepare and look at the machine")]

mod support;

use support::{Door, Home, Upstream};

const SHOP: &str = r#"provider: shop
name: Shop
category: test
docs: https://docs.shop.example/api
secrets: { SHOP_TOKEN: { as: secret } }
hosts: ["*.shop.example"]
auth: { type: header, name: x-shop-token, value: "{{secret}}" }
capabilities:
  orders:
    summary: Read orders
    allow:
      - { methods: [GET], paths: [/orders] }
    example: { method: GET, path: /orders }
    examples: { deny: [DELETE /orders] }
"#;
const ONE: &str = "token-of-shop-one-0123456789";
const TWO: &str = "token-of-shop-two-0123456789";

/// A vault with the shop, whose key was given for shop one.
fn shop(door: Door) -> (Home, Upstream) {
    let upstream = Upstream::serving(&["one.shop.example", "two.shop.example", "evil.shop.example"]);
    let home = Home::test(door);
    home.add_provider(SHOP).ok();
    home.run(&["secrets", "create", "--name", "SHOP_TOKEN", "--value", ONE, "--host", "one.shop.example"])
        .ok();
    home.send_to(&upstream);
    (home, upstream)
}

fn second_account(home: &Home) {
    let create = ["secrets", "create", "--name", "SHOP_TWO", "--value", TWO, "--provider", "shop"];
    home.run(&[&create[..], &["--host", "two.shop.example"]].concat()).ok();
    home.run(&["credential", "create", "two", "--provider", "shop", "--secret", "SHOP_TWO"]).ok();
}

#[test]
fn a_key_goes_to_its_own_shop_and_to_no_other() {
    for door in Door::BOTH {
        let (home, upstream) = shop(door);
        home.run(&["invoke", "shop/orders"]).ok();
        let sent = upstream.take_one();
        assert_eq!((sent.header("host"), sent.header("x-shop-token")), ("one.shop.example", ONE));
        let listed = home.run(&["secrets", "list"]).ok();
        assert!(listed.text().contains("one.shop.example"), "{}", listed.text());
        assert!(home.run(&["audit"]).ok().text().contains("one.shop.example/orders"));

        // Nobody can say later that it is for another: neither by a credential nor by a path.
        let make = ["credential", "create", "evil", "--provider", "shop", "--secret", "SHOP_TOKEN"];
        home.run(&[&make[..], &["--host", "evil.shop.example"]].concat()).ends(3);
        home.run(&["invoke", "shop/orders", "--path", "//evil.shop.example/orders"]).ends(3);
        home.run(&["invoke", "shop/orders", "--header", "host: evil.shop.example"]).ends(3);
        // A provider that has come to mean other hosts does not take it along either.
        home.add_provider(&SHOP.replace("*.shop.example", "*.evil.example")).ok();
        home.run(&["invoke", "shop/orders"]).ends(3);
        assert!(upstream.take().is_empty());
    }
}

#[test]
fn a_key_without_its_host_is_not_stored() {
    let home = Home::test(Door::InProcess);
    home.add_provider(SHOP).ok();
    let store = ["secrets", "create", "--name", "SHOP_TOKEN", "--value", ONE];
    let done = home.run(&store).ends(2);
    assert!(done.errors().contains("--host example.shop.example"), "{}", done.errors());
    for wrong in ["evil.example", "shop.example", "a.b.shop.example"] {
        home.run(&[&store[..], &["--host", wrong]].concat()).ends(2);
    }
    assert!(home.run(&["secrets", "list", "--json"]).ok().text().starts_with("[]"));
    // One that no provider claims has no host to go to.
    let done =
        home.run(&["secrets", "create", "--name", "OTHER", "--value", "x", "--host", "a.shop.example"]);
    done.ends(2);
}

#[test]
fn a_value_given_again_may_go_elsewhere() {
    let (home, upstream) = shop(Door::Daemon);
    let rotate = ["secrets", "rotate", "--name", "SHOP_TOKEN", "--value", TWO];
    home.run(&rotate).ok();
    home.run(&["invoke", "shop/orders"]).ok();
    assert_eq!(upstream.take_one().header("host"), "one.shop.example");
    home.run(&[&rotate[..], &["--host", "two.shop.example"]].concat()).ok();
    home.run(&["invoke", "shop/orders"]).ok();
    assert_eq!(upstream.take_one().header("host"), "two.shop.example");
}

#[test]
fn of_several_accounts_the_named_or_bound_one_serves() {
    for door in Door::BOTH {
        let (home, upstream) = shop(door);
        second_account(&home);
        let done = home.run(&["invoke", "shop/orders"]).ends(3);
        assert!(done.errors().contains("--credential: shop, two"), "{}", done.errors());
        home.run(&["invoke", "shop/orders", "--credential", "two"]).ok();
        let sent = upstream.take_one();
        assert_eq!((sent.header("host"), sent.header("x-shop-token")), ("two.shop.example", TWO));

        let bind = ["capability", "bind", "--capability", "shop/*", "--credential"];
        home.run(&[&bind[..], &["shop"]].concat()).ok();
        home.run(&["invoke", "shop/orders"]).ok();
        assert_eq!(upstream.take_one().header("host"), "one.shop.example");
        let me = format!("uid:{}", rustix::process::getuid().as_raw());
        home.run(&[&bind[..], &["two", "--consumer", &me]].concat()).ok();
        home.run(&["invoke", "shop/orders"]).ok();
        assert_eq!(upstream.take_one().header("host"), "two.shop.example");
        let bindings = home.run(&["capability", "bindings"]).ok();
        assert_eq!(bindings.text().lines().count(), 3, "{}", bindings.text());

        // What a binding names and nobody has is no reason to use another account.
        home.run(&["credential", "delete", "two"]).ok();
        home.run(&["invoke", "shop/orders"]).ends(5);
        home.run(&["capability", "unbind", "--capability", "shop/*", "--consumer", &me]).ok();
        home.run(&["invoke", "shop/orders"]).ok();
        assert_eq!(upstream.take_one().header("host"), "one.shop.example");
        home.run(&["capability", "unbind", "--capability", "shop/*", "--consumer", &me]).ends(5);
        home.run(&[&bind[..], &["nobody"]].concat()).ends(5);
    }
}

#[test]
fn a_credential_takes_no_secret_of_another_provider() {
    let (home, upstream) = shop(Door::InProcess);
    home.store("OPENAI_API_KEY", "sk-0123456789abcdefghijklmnop");
    home.store("UNCLAIMED", "whatever");
    for secret in ["OPENAI_API_KEY", "UNCLAIMED"] {
        let done = home.run(&["credential", "create", "x", "--provider", "shop", "--secret", secret]);
        assert!(done.ends(3).errors().contains("not for shop"));
    }
    assert_eq!(home.run(&["credential", "list"]).ok().text().lines().count(), 3);
    assert!(upstream.take().is_empty());
}

#[test]
fn a_capability_of_ones_own_provider_is_added_and_taken_away() {
    let (home, upstream) = shop(Door::Daemon);
    home.run(&["invoke", "shop/items", "--path", "/items/7"]).ends(5);
    home.run(&["capability", "create", "shop/items", "--method", "GET", "--path", "/items/*"]).ok();
    home.run(&["invoke", "shop/items", "--path", "/items/7"]).ok();
    assert_eq!(upstream.take_one().target, "/items/7");
    home.run(&["invoke", "shop/items", "--path", "/items/7/x"]).ends(3);
    home.run(&["capability", "create", "shop/items", "--method", "GET", "--path", "/items/*"]).ends(1);
    // What the compiler refuses in a file it refuses here.
    let wide = home.run(&["capability", "create", "shop/all", "--method", "GET", "--path", "/**"]).ends(2);
    assert!(wide.errors().contains("P007"), "{}", wide.errors());
    home.run(&["capability", "create", "openai/all", "--method", "GET", "--path", "/v1/x"]).ends(2);
    home.run(&["capability", "delete", "shop/items"]).ok();
    home.run(&["invoke", "shop/items", "--path", "/items/7"]).ends(5);
    assert_eq!(home.run(&["provider", "export", "shop"]).ok().text(), SHOP);
}

#[test]
fn what_is_off_is_turned_on_by_name_and_the_other_way_round() {
    for door in Door::BOTH {
        let upstream = Upstream::serving(&["slack.com"]);
        let home = Home::test(door);
        home.send_host_to("slack.com", &upstream);
        home.store("SLACK_BOT_TOKEN", "xoxb-made-up-for-tests");
        let call = ["invoke", "slack/admin", "--method", "GET", "--path", "/api/admin.teams.list"];
        let off = home.run(&call).ends(3);
        assert!(off.errors().contains("aivault capability enable slack/admin"), "{}", off.errors());
        home.run(&["capability", "enable", "slack/admin"]).ok();
        home.run(&call).ok();
        assert_eq!(upstream.take_one().target, "/api/admin.teams.list");
        let described = home.run(&["capability", "describe", "slack/admin"]).ok();
        assert!(described.text().contains("readiness   ready"), "{}", described.text());

        home.run(&["capability", "disable", "slack/api"]).ok();
        home.run(&["invoke", "slack/api", "--method", "POST", "--path", "/api/api.test"]).ends(3);
        home.run(&["capability", "disable", "slack/admin"]).ok();
        home.run(&call).ends(3);
        home.run(&["capability", "enable", "slack/none"]).ends(5);
        assert!(upstream.take().is_empty());
    }
}

#[test]
fn a_capability_is_bounded_in_one_line() {
    for door in Door::BOTH {
        let (home, upstream) = shop(door);
        let set = ["capability", "policy", "set", "--capability", "shop/orders"];
        home.run(&[&set[..], &["--rate-limit-per-minute", "2"]].concat()).ok();
        let calls: Vec<Option<i32>> = (0..3).map(|_| home.run(&["invoke", "shop/orders"]).code).collect();
        // A minute may begin between two of them.
        assert!(calls[..2] == [Some(0); 2] && [Some(0), Some(3)].contains(&calls[2]), "{calls:?}");
        upstream.take();
        home.run(&[&set[..], &["--max-response-body-bytes", "1", "--response-block", "secret"]].concat())
            .ok();
        let shown = home.run(&["policy", "show", "set-shop-orders"]).ok();
        assert!(
            shown.text().contains("max_bytes: 1") && !shown.text().contains("limit:"),
            "{}",
            shown.text()
        );
        let done = home.run(&["invoke", "shop/orders"]).ends(3);
        assert!(done.errors().contains("set-shop-orders/answer"), "{}", done.errors());
        home.run(&["capability", "policy", "clear", "--capability", "shop/orders"]).ok();
        home.run(&["invoke", "shop/orders"]).ok();
        home.run(&set).ends(2);
        home.run(&[
            "capability",
            "policy",
            "set",
            "--capability",
            "shop/none",
            "--rate-limit-per-minute",
            "2",
        ])
        .ends(5);
    }
}

const REGIONS: &str = r#"provider: regions
name: Regions
category: test
docs: https://docs.regions.example/api
secrets:
  REGIONS_EMAIL: { as: email, identifier: true }
  REGIONS_KEY: { as: key }
hosts: [api.regions.example, intake.regions.example]
mirrors:
  api.regions.example: [eu.regions.example]
  intake.regions.example: [intake.eu.regions.example]
auth: { type: basic, username: "{{email}}", password: "{{key}}" }
capabilities:
  logs:
    host: intake.regions.example
    summary: Send logs
    allow:
      - { methods: [POST], paths: [/logs] }
    example: { method: POST, path: /logs, body: {} }
    examples: { deny: [GET /logs] }
  things:
    host: api.regions.example
    summary: Read things
    allow:
      - { methods: [GET], paths: [/things] }
    example: { method: GET, path: /things }
    examples: { deny: [DELETE /things] }
"#;

#[test]
fn a_key_of_one_region_goes_to_no_other() {
    for door in Door::BOTH {
        let hosts = ["api.regions.example", "intake.regions.example", "eu.regions.example"];
        let upstream = Upstream::serving(&hosts);
        let home = Home::test(door);
        home.add_provider(REGIONS).ok();
        home.send_to(&upstream);
        home.run(&["secrets", "create", "--name", "REGIONS_EMAIL", "--value", "ada@example.com"]).ok();
        let key =
            ["secrets", "create", "--name", "REGIONS_KEY", "--value", ONE, "--host", "eu.regions.example"];
        home.run(&key).ok();
        home.run(&["invoke", "regions/things"]).ok();
        assert_eq!(upstream.take_one().header("host"), "eu.regions.example");
        // An operator's own provider names its other host itself; nothing takes the place of the chosen one.
        let credential =
            ["credential", "create", "usual", "--provider", "regions", "--secret", "email=REGIONS_EMAIL"];
        let usual =
            [&credential[..], &["--secret", "key=REGIONS_KEY", "--host", "api.regions.example"]].concat();
        home.run(&usual).ends(3);
        assert!(upstream.take().is_empty());
    }
}

#[test]
fn a_builtin_mirror_that_was_not_chosen_is_not_reached() {
    let upstream = Upstream::serving(&["http-intake.logs.datadoghq.com", "api.datadoghq.eu"]);
    let home = Home::test(Door::InProcess);
    home.send_to(&upstream);
    for name in ["DD_API_KEY", "DD_APP_KEY"] {
        home.run(&["secrets", "create", "--name", name, "--value", ONE, "--host", "api.datadoghq.eu"]).ok();
    }
    let submit =
        ["invoke", "datadog/logs-submit", "--method", "POST", "--path", "/api/v2/logs", "--body", "[{}]"];
    let done = home.run(&submit).ends(3);
    assert!(done.errors().contains("bound to none of these"), "{}", done.errors());
    assert!(upstream.take().is_empty());
    let make = ["credential", "create", "us", "--provider", "datadog", "--secret", "api_key=DD_API_KEY"];
    home.run(&[&make[..], &["--secret", "app_key=DD_APP_KEY", "--host", "api.datadoghq.com"]].concat())
        .ends(3);
}

#[test]
fn no_provider_of_ones_own_takes_anothers_host_by_a_capability() {
    let (home, upstream) = shop(Door::InProcess);
    let thief = SHOP
        .replace("shop.example", "thief.example")
        .replace("SHOP_TOKEN", "THIEF_TOKEN")
        .replace("provider: shop", "provider: thief")
        .replace("\"*.thief.example\"", "api.thief.example, one.shop.example")
        .replace("    summary", "    host: api.thief.example\n    summary");
    // A host that nothing stands at would only keep others from it.
    let idle = home.add_provider(&thief).ends(2);
    assert!(idle.errors().contains("no capability stands at `one.shop.example`"), "{}", idle.errors());
    home.run(&["invoke", "shop/orders"]).ok();
    upstream.take();
}

#[test]
fn what_an_operator_made_is_not_pointed_elsewhere() {
    let upstream = Upstream::serving(&["api.openai.com"]);
    let home = Home::with(Door::Daemon, &upstream);
    home.run(&["secrets", "create", "--name", "MINE", "--value", TWO, "--provider", "openai"]).ok();
    home.run(&["credential", "create", "openai", "--provider", "openai", "--secret", "MINE"]).ok();
    home.store("OPENAI_API_KEY", "sk-0123456789abcdefghijklmnop");
    home.run(&["invoke", "openai/models", "--method", "GET", "--path", "/v1/models"]).ok();
    assert_eq!(upstream.take_one().header("authorization"), format!("Bearer {TWO}"));
}
