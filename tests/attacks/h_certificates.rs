//! H5: a client certificate that does not hold opens nothing, whatever is wrong with it, and neither the message nor
//! the log has anything of the key.

use std::fs;

use crate::case::{Case, Findings, Name, names as names_of};
use crate::support::{Client, Clients, Door, Home, Upstream};

const HOST: &str = "api.acme.example";
const CALL: [&str; 2] = ["invoke", "acme/things"];
const PROVIDER: &str = r#"provider: acme
name: Acme
category: test
docs: https://docs.acme.example/api
secrets:
  ACME_CERTIFICATE: { as: certificate }
  ACME_KEY: { as: key }
  ACME_PASSPHRASE: { as: passphrase, optional: true }
hosts: [api.acme.example]
auth: { type: mtls, certificate: "{{certificate}}", private_key: "{{key}}", passphrase: "{{passphrase}}" }
capabilities:
  things:
    summary: Read things
    allow: [{ methods: [GET], paths: [/v1/things] }]
    example: { method: GET, path: /v1/things }
    examples: { deny: [DELETE /v1/things] }
"#;
const PLAIN: &str = include_str!("../../src/broker/identity/tests/openssl/key.pem");
const ENCRYPTED: &str = include_str!("../../src/broker/identity/tests/openssl/key-aes.pem");

#[derive(Clone, Copy)]
enum Wrong {
    OtherKey,
    KeyOfTheIssuersRival,
    Expired,
    ChainMissing,
    ChainExpired,
    OtherAuthority,
    Encrypted,
    Passphrase,
    NoKey,
    TwoKeys,
    NoCertificate,
    Truncated,
    OtherFormat,
}

fn cases() -> Vec<Case<Wrong>> {
    let cases = [
        ("a key that belongs to another certificate", Wrong::OtherKey),
        ("a key for the same name, of another authority", Wrong::KeyOfTheIssuersRival),
        ("a certificate that has expired", Wrong::Expired),
        ("a certificate without its chain", Wrong::ChainMissing),
        ("a chain of which one has expired", Wrong::ChainExpired),
        ("a whole chain of another authority", Wrong::OtherAuthority),
        ("an encrypted key and no passphrase", Wrong::Encrypted),
        ("an encrypted key and another passphrase", Wrong::Passphrase),
        ("a certificate in the key's place", Wrong::NoKey),
        ("two keys", Wrong::TwoKeys),
        ("a key in the certificate's place", Wrong::NoCertificate),
        ("half a key", Wrong::Truncated),
        ("a PKCS#12 file in the place of a PEM", Wrong::OtherFormat),
    ];
    cases.map(|(spelling, wrong)| Case::new("H5", spelling, wrong)).to_vec()
}

pub fn names() -> Vec<Name> {
    names_of(&cases())
}

/// What an account holds.
struct Stored {
    certificate: Vec<u8>,
    key: String,
    passphrase: Option<&'static str>,
}

fn stored(clients: &Clients, client: &Client, wrong: Wrong) -> Stored {
    let of = |client: &Client| (client.chain_pem(), client.key_pem());
    let (chain, key) = of(client);
    let (certificate, key, passphrase) = match wrong {
        Wrong::OtherKey => (chain, clients.issue("one").key_pem(), None),
        Wrong::KeyOfTheIssuersRival => (chain, Clients::new().issue("one").key_pem(), None),
        Wrong::Expired => {
            let (chain, key) = of(&clients.issue_until("one", 2020));
            (chain, key, None)
        }
        Wrong::ChainMissing => (client.leaf.pem(), key, None),
        Wrong::ChainExpired => {
            let (chain, key) = of(&clients.with_an_issuer_until(2020).issue("one"));
            (chain, key, None)
        }
        Wrong::OtherAuthority => {
            let (chain, key) = of(&Clients::new().issue("one"));
            (chain, key, None)
        }
        Wrong::Encrypted => (chain, ENCRYPTED.to_owned(), None),
        Wrong::Passphrase => (chain, ENCRYPTED.to_owned(), Some("incorrect horse")),
        Wrong::NoKey => (chain.clone(), chain, None),
        Wrong::TwoKeys => (chain, key.clone() + &clients.issue("one").key_pem(), None),
        Wrong::NoCertificate => (key.clone(), key, None),
        Wrong::Truncated => {
            let half = key[..key.len() / 2].to_owned();
            (chain, half, None)
        }
        Wrong::OtherFormat => {
            let certificate = client.pkcs12("");
            return Stored { certificate, key, passphrase: None };
        }
    };
    Stored { certificate: certificate.into_bytes(), key, passphrase }
}

fn rotate(home: &Home, stored: &Stored) {
    let file = home.path("certificate");
    fs::write(&file, &stored.certificate).unwrap();
    let verb = |verb, name, flag, value: &str| {
        home.run(&["secrets", verb, "--name", name, flag, value]);
    };
    verb("rotate", "ACME_CERTIFICATE", "--value-file", file.to_str().unwrap());
    verb("rotate", "ACME_KEY", "--value", &stored.key);
    match stored.passphrase {
        Some(passphrase) => verb("create", "ACME_PASSPHRASE", "--value", passphrase),
        None => _ = home.run(&["secrets", "delete", "--name", "ACME_PASSPHRASE"]),
    }
}

#[test]
fn a_certificate_that_does_not_hold_opens_nothing() {
    let clients = Clients::new();
    let client = clients.issue_for(rcgen::KeyPair::from_pem(PLAIN).unwrap());
    let upstream = Upstream::demanding(&[HOST], &clients);
    let home = Home::test(Door::Daemon);
    home.add_provider(PROVIDER).ok();
    home.send_to(&upstream);
    home.store("ACME_CERTIFICATE", &client.chain_pem());
    home.store("ACME_KEY", &client.key_pem());
    let reaches = || {
        for door in Door::BOTH {
            home.run_through(door, &CALL).ok();
            assert_eq!(upstream.take_one().client.as_deref(), Some(client.leaf.der().as_ref()));
        }
    };
    reaches();
    let mut findings = Findings::default();
    for case in cases() {
        let stored = stored(&clients, &client, case.attack);
        rotate(&home, &stored);
        let key_lines: Vec<&str> =
            stored.key.lines().filter(|line| line.len() > 20 && !line.contains("---")).collect();
        for door in Door::BOTH {
            let done = home.run_through(door, &CALL);
            let shown = done.text() + &done.errors();
            let ended = home.events().remove(0).event;
            let leaks =
                |text: &str| key_lines.iter().any(|line| text.contains(line)) || text.contains("incorrect");
            let holds = done.code == Some(1)
                && ended["reason"] == "auth"
                && upstream.take().is_empty()
                && !leaks(&shown)
                && !leaks(&ended.to_string());
            findings.hold(holds, &case.name(), || format!("{door:?} {:?} {shown} {ended}", done.code));
        }
    }
    findings.end();
    let good = Stored { certificate: client.chain_pem().into(), key: client.key_pem(), passphrase: None };
    rotate(&home, &good);
    reaches();
    home.run(&["audit", "verify"]).ok();
}
