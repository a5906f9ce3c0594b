//! Client certificates, against an upstream that demands them and checks them as a real one does: by the chain to
//! its root, their time, and the signature of their key.
#![allow(clippy::disallowed_methods, clippy::unwrap_used, reason = "tests prepare and look at the machine")]

mod support;

use std::fs;

use serde_json::json;
use support::{Answer, Client, Clients, Done, Door, Home, Received, Upstream};

const HOST: &str = "api.acme.example";
const TOKEN: &str = "token-0123456789abcdefghijklmnopqrstuv";
const PASSPHRASE: &str = "correct horse battery";
const CALL: [&str; 2] = ["invoke", "acme/things"];

/// A provider whose accounts have these secrets, by the placeholders that `auth` has.
fn provider(secrets: &str, auth: &str) -> String {
    format!(
        "provider: acme
name: Acme
category: test
docs: https://docs.acme.example/api
secrets: {{ {secrets} }}
hosts: [{HOST}]
auth: {{ type: mtls, certificate: \"{{{{certificate}}}}\", {auth} }}
capabilities:
  things:
    summary: Read things
    allow: [{{ methods: [GET], paths: [/v1/things] }}]
    example: {{ method: GET, path: /v1/things }}
    examples: {{ deny: [DELETE /v1/things] }}
"
    )
}

const KEYED: (&str, &str) =
    ("ACME_CERTIFICATE: { as: certificate }, ACME_KEY: { as: key }", "private_key: \"{{key}}\"");

fn home(door: Door, upstream: &Upstream, (secrets, auth): (&str, &str)) -> Home {
    let home = Home::test(door);
    home.add_provider(&provider(secrets, auth)).ok();
    home.send_to(upstream);
    home
}

/// A home with the account of `client`, its chain and key in PEM.
fn keyed(door: Door, upstream: &Upstream, client: &Client) -> Home {
    let home = home(door, upstream, KEYED);
    home.store("ACME_CERTIFICATE", &client.chain_pem());
    home.store("ACME_KEY", &client.key_pem());
    home
}

/// The request of one call through each door, which must not depend on it.
#[track_caller]
fn sent(home: &Home, upstream: &Upstream) -> Received {
    let [through, within] = Door::BOTH.map(|door| {
        home.run_through(door, &CALL).ok();
        upstream.take_one()
    });
    assert_eq!(through, within);
    through
}

#[track_caller]
fn shows(received: &Received, client: &Client) {
    assert_eq!(received.client.as_deref(), Some(client.leaf.der().as_ref()));
}

/// What one call through each door says, none of which is answered; nothing of `client`'s key stands in it.
#[track_caller]
fn refused(home: &Home, upstream: &Upstream, client: &Client) -> [String; 2] {
    let key = client.key_pem();
    let key = key.lines().nth(1).unwrap();
    Door::BOTH.map(|door| {
        let done: Done = home.run_through(door, &CALL).ends(1);
        assert!(upstream.take().is_empty());
        let said = done.errors();
        assert!(!said.contains(key) && !said.contains("BEGIN") && !said.contains(PASSPHRASE), "{said}");
        said
    })
}

/// The same, where each says `what`.
#[track_caller]
fn refused_as(what: &str, home: &Home, upstream: &Upstream, client: &Client) {
    for said in refused(home, upstream, client) {
        assert!(said.contains(what), "{said}");
    }
}

#[test]
fn a_certificate_in_pem_with_its_chain_and_key() {
    let clients = Clients::new();
    let client = clients.issue("one");
    let upstream = Upstream::demanding(&[HOST], &clients);
    let home = keyed(Door::Daemon, &upstream, &client);
    let received = sent(&home, &upstream);
    shows(&received, &client);
    assert!(!received.head.has("authorization"));
    assert_eq!(received.target, "/v1/things");
}

#[test]
fn one_file_may_hold_all() {
    let clients = Clients::new();
    let client = clients.issue("one");
    let upstream = Upstream::demanding(&[HOST], &clients);
    let home = home(Door::Daemon, &upstream, ("ACME_CERTIFICATE: { as: certificate }", "format: pem"));
    let file = home.path("client.pem");
    fs::write(&file, [client.key_pem(), client.chain_pem()].concat()).unwrap();
    let create = ["secrets", "create", "--name", "ACME_CERTIFICATE", "--value-file"];
    home.run(&[&create[..], &[file.to_str().unwrap()]].concat()).ok();
    shows(&sent(&home, &upstream), &client);
}

const PKCS12: (&str, &str) = (
    "ACME_CERTIFICATE: { as: certificate }, ACME_PASSPHRASE: { as: passphrase }",
    "format: pkcs12, passphrase: \"{{passphrase}}\"",
);

#[test]
fn a_pkcs12_file() {
    let clients = Clients::new();
    let client = clients.issue("one");
    let upstream = Upstream::demanding(&[HOST], &clients);
    let home = home(Door::Daemon, &upstream, PKCS12);
    home.store("ACME_PASSPHRASE", PASSPHRASE);
    // From a pipe, as it is.
    let create = ["secrets", "create", "--name", "ACME_CERTIFICATE"];
    home.run_with_input(&create, &client.pkcs12(PASSPHRASE)).ok();
    shows(&sent(&home, &upstream), &client);

    home.run(&["secrets", "rotate", "--name", "ACME_PASSPHRASE", "--value", "another"]).ok();
    refused_as("the stored passphrase does not open", &home, &upstream, &client);
}

#[test]
fn a_header_beside_the_certificate() {
    let clients = Clients::new();
    let client = clients.issue("one");
    let upstream = Upstream::demanding(&[HOST], &clients);
    let (secrets, auth) = KEYED;
    let secrets = format!("{secrets}, ACME_TOKEN: {{ as: token }}");
    let auth = format!("{auth}, with: {{ type: header, name: x-acme-token, value: \"{{{{token}}}}\" }}");
    let home = home(Door::Daemon, &upstream, (&secrets, &auth));
    home.store("ACME_CERTIFICATE", &client.chain_pem());
    home.store("ACME_KEY", &client.key_pem());
    home.store("ACME_TOKEN", TOKEN);
    home.run(&["capability", "describe", "acme/things"]).ok().says("mtls with header");
    // The token is scrubbed; the certificate is public, and an honest answer may repeat it.
    let (certificate, repeated) = (client.leaf.pem(), client.leaf.pem());
    upstream.answers(move |_| Answer::text(format!("{TOKEN} {repeated}")));
    for door in Door::BOTH {
        let said = home.run_through(door, &CALL).ok().text();
        assert!(!said.contains(TOKEN) && said.ends_with(&certificate), "{said}");
        let received = upstream.take_one();
        shows(&received, &client);
        assert_eq!(received.header("x-acme-token"), TOKEN);
        // The header is the scheme's, and no caller's.
        let own = [&CALL[..], &["--header", "X-Acme-Token: mine"]].concat();
        home.run_through(door, &own).ends(3);
        assert!(upstream.take().is_empty());
    }
}

/// What is planned names the secrets of the certificate, without a vault.
#[test]
fn a_plan_names_what_the_certificate_is_made_of() {
    let home = Home::empty(Door::InProcess);
    fs::create_dir(home.path("providers")).unwrap();
    fs::write(home.path("providers/acme.yaml"), provider(KEYED.0, KEYED.1)).unwrap();
    let words = ["policy", "explain", "--capability", "acme/things", "--providers", "providers"];
    let done = home.run(&words).ok();
    assert!(!done.text().contains("authorization"), "{}", done.text());
    done.says("client certificate <secret:ACME_CERTIFICATE>, <secret:ACME_KEY>");
}

#[test]
fn tokens_are_fetched_with_the_certificate_too() {
    let clients = Clients::new();
    let client = clients.issue("one");
    let upstream = Upstream::demanding(&[HOST, "auth.acme.example"], &clients);
    upstream.answers(|request| match request.target.as_str() {
        "/token" => Answer::json(&json!({ "access_token": TOKEN, "expires_in": 3600 })),
        _ => Answer::text("answered"),
    });
    let (secrets, auth) = KEYED;
    let secrets = format!("{secrets}, ACME_CLIENT: {{ as: client, identifier: true }}");
    let auth = format!(
        "{auth}, with: {{ type: oauth2, grant: client_credentials, client_auth: none, \
         token_endpoint: \"https://auth.acme.example/token\", client_id: \"{{{{client}}}}\" }}"
    );
    let home = home(Door::Daemon, &upstream, (&secrets, &auth));
    home.store("ACME_CERTIFICATE", &client.chain_pem());
    home.store("ACME_KEY", &client.key_pem());
    home.store("ACME_CLIENT", "client-0123456789");
    for door in Door::BOTH {
        home.run_through(door, &CALL).ok();
    }
    let received = upstream.take();
    let targets: Vec<&str> = received.iter().map(|one| one.target.as_str()).collect();
    assert_eq!(targets, ["/token", "/v1/things", "/v1/things"]);
    received.iter().for_each(|one| shows(one, &client));
    assert_eq!(received[1].header("authorization"), format!("Bearer {TOKEN}"));
}

#[test]
fn a_key_of_another_certificate_stops_the_call_before_a_connection_is_made() {
    let clients = Clients::new();
    let (client, other) = (clients.issue("one"), clients.issue("two"));
    let upstream = Upstream::demanding(&[HOST], &clients);
    let home = keyed(Door::Daemon, &upstream, &client);
    home.run(&["secrets", "rotate", "--name", "ACME_KEY", "--value", &other.key_pem()]).ok();
    refused_as("belongs to none of the stored certificates", &home, &upstream, &other);
    assert_eq!(upstream.accepted(), 0);
    let failed = home.events().into_iter().filter(|one| one.event["reason"] == "auth").count();
    assert_eq!(failed, 2);
}

#[test]
fn an_expired_certificate_is_not_shown() {
    let clients = Clients::new();
    let client = clients.issue_until("one", 2020);
    let upstream = Upstream::demanding(&[HOST], &clients);
    let home = keyed(Door::Daemon, &upstream, &client);
    refused_as("expired on 2020-01-01", &home, &upstream, &client);
    assert_eq!(upstream.accepted(), 0);
}

/// Only the upstream knows what it trusts: what it says of the certificate is told.
#[test]
fn what_the_upstream_holds_against_a_certificate_is_told() {
    let clients = Clients::new();
    let client = clients.issue("one");
    let upstream = Upstream::demanding(&[HOST], &clients);
    let home = keyed(Door::Daemon, &upstream, &client);
    // Without the chain there is no way from the certificate to the root.
    home.run(&["secrets", "rotate", "--name", "ACME_CERTIFICATE", "--value", &client.leaf.pem()]).ok();
    refused_as("store it with the whole chain behind it", &home, &upstream, &client);

    let clients = Clients::whose_issuer_ends_in(2020);
    let client = clients.issue("one");
    let upstream = Upstream::demanding(&[HOST], &clients);
    let home = keyed(Door::Daemon, &upstream, &client);
    refused_as("one in the chain behind it, has expired", &home, &upstream, &client);
}

#[test]
fn a_call_without_a_certificate_says_what_is_wanted() {
    let upstream = Upstream::demanding(&["api.openai.com"], &Clients::new());
    let home = Home::with_openai(Door::InProcess, &upstream, "sk-proj-0123456789abcdefghijklmnop");
    let call = ["invoke", "openai/models", "--method", "GET", "--path", "/v1/models"];
    let said = home.run(&call).ends(1).errors();
    assert!(said.contains("api.openai.com asks for a client certificate"), "{said}");
}

/// Made by `openssl pkcs8 -topk8`, from the key beside it.
const ENCRYPTED: &str = include_str!("../src/broker/identity/tests/openssl/key-aes.pem");
const PLAIN: &str = include_str!("../src/broker/identity/tests/openssl/key.pem");

#[test]
fn an_encrypted_key_needs_its_passphrase() {
    let clients = Clients::new();
    let client = clients.issue_for(rcgen::KeyPair::from_pem(PLAIN).unwrap());
    let upstream = Upstream::demanding(&[HOST], &clients);
    let (secrets, auth) = KEYED;
    // What an account may lack: not every key is encrypted.
    let secrets = format!("{secrets}, ACME_PASSPHRASE: {{ as: passphrase, optional: true }}");
    let auth = format!("{auth}, passphrase: \"{{{{passphrase}}}}\"");
    let home = home(Door::Daemon, &upstream, (&secrets, &auth));
    home.store("ACME_CERTIFICATE", &client.chain_pem());
    home.store("ACME_KEY", ENCRYPTED);
    refused_as("`openssl pkey -in KEY -out PLAIN`", &home, &upstream, &client);
    home.store("ACME_PASSPHRASE", "correct horse");
    shows(&sent(&home, &upstream), &client);
}

#[test]
fn a_rotated_certificate_is_shown_on_a_new_connection() {
    let clients = Clients::new();
    let (old, new) = (clients.issue("one"), clients.issue("one"));
    let upstream = Upstream::demanding(&[HOST], &clients);
    let home = home(Door::Daemon, &upstream, ("ACME_CERTIFICATE: { as: certificate }", "format: pem"));
    let file = |client: &Client| [client.chain_pem(), client.key_pem()].concat();
    home.store("ACME_CERTIFICATE", &file(&old));
    for _ in 0..2 {
        home.run(&CALL).ok();
        shows(&upstream.take_one(), &old);
    }
    assert_eq!(upstream.accepted(), 1, "one connection serves both calls");
    home.run(&["secrets", "rotate", "--name", "ACME_CERTIFICATE", "--value", &file(&new)]).ok();
    for _ in 0..2 {
        home.run(&CALL).ok();
        shows(&upstream.take_one(), &new);
    }
    assert_eq!(upstream.accepted(), 2);
}

/// Neither a kept connection nor a TLS session that is taken up again carries one account's certificate into
/// another account's call.
#[test]
fn two_accounts_share_nothing() {
    let clients = Clients::new();
    let both = [clients.issue("one"), clients.issue("two")];
    let upstream = Upstream::demanding(&[HOST], &clients);
    let home = keyed(Door::Daemon, &upstream, &both[0]);
    for (name, value) in [("CERTIFICATE_TWO", both[1].chain_pem()), ("KEY_TWO", both[1].key_pem())] {
        home.run(&["secrets", "create", "--name", name, "--provider", "acme", "--value", &value]).ok();
    }
    let create = ["credential", "create", "two", "--provider", "acme"];
    let secrets = ["--secret", "certificate=CERTIFICATE_TWO", "--secret", "key=KEY_TWO"];
    home.run(&[&create[..], &secrets].concat()).ok();
    let round = || {
        for (name, client) in ["acme", "two"].iter().zip(&both) {
            home.run(&[&CALL[..], &["--credential", name]].concat()).ok();
            shows(&upstream.take_one(), client);
        }
    };
    round();
    round();
    assert_eq!(upstream.accepted(), 2);
    upstream.answers(|_| Answer::text("answered").with("connection", "close"));
    round();
    round();
    round();
    assert_eq!(upstream.accepted(), 6, "none is kept, and sessions may be taken up again");
}
