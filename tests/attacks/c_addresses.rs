//! C3: addresses that a secret must not be sent to, however they are spelled, and whoever says that a
//! name is there.

use std::fs;
use std::process::Command;

use crate::c_operators::EVIL;
use crate::case::{Case, Findings, Name, names as names_of};
use crate::support::{Done, Door, Home, Upstream, secrets};

/// Spelled as the host of a provider.
const SPELLED: &[&str] = &[
    "127.0.0.1",
    "127.1",
    "127.0.1",
    "0",
    "0.0.0.0",
    "2130706433",
    "017700000001",
    "0x7f000001",
    "0x7f.1",
    "0177.0.0.1",
    "127.0.0.0x1",
    "1.0x7f",
    "evil.0x",
    "127.0.0.1.",
    "127.0.0.256",
    "1.2.3",
    "[::1]",
    "::1",
    "[::ffff:127.0.0.1]",
    "fe80::1%eth0",
    "[fe80::1%25eth0]",
    "169.254.169.254",
    "0xa9fea9fe",
    "100.100.100.200",
    "\u{2460}\u{2461}7.0.0.1",
    "\u{ff11}27.0.0.1",
    "127\u{3002}0\u{3002}0\u{3002}1",
    "localhost",
    "localhost.",
    "metadata",
    "8.8.8.8",
    "134744072",
];

/// Where a test vault is told to send a host.
const REDIRECTED: &[&str] = &[
    "8.8.8.8:443",
    "0.0.0.0:443",
    "10.0.0.1:443",
    "169.254.169.254:80",
    "192.168.0.1:443",
    "[::]:443",
    "[::ffff:127.0.0.1]:443",
    "[::ffff:8.8.8.8]:443",
    "[64:ff9b::7f00:1]:443",
    "[fe80::1]:443",
    "127.0.0.1:0",
    "127.0.0.1",
    "127.0.0.1:443/x",
    "localhost:443",
    "127.1:443",
    "2130706433:443",
    "127.0.0.1:99999",
    "evil.example:443",
    "",
];

/// What a resolver says that the provider's host is.
const RESOLVED: &[&str] = &[
    "0.0.0.0",
    "0.1.2.3",
    "10.0.0.1",
    "100.64.0.1",
    "100.100.100.200",
    "127.0.0.1",
    "127.255.255.254",
    "168.63.129.16",
    "169.254.0.1",
    "169.254.169.254",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.1",
    "192.0.0.192",
    "192.0.2.1",
    "192.88.99.1",
    "192.168.1.1",
    "198.18.0.1",
    "198.51.100.1",
    "203.0.113.1",
    "224.0.0.1",
    "239.255.255.250",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::7f00:1",
    "::ffff:127.0.0.1",
    "::ffff:169.254.169.254",
    "64:ff9b::7f00:1",
    "64:ff9b::a9fe:a9fe",
    "64:ff9b:1::1",
    "100::1",
    "2001::1",
    "2001:db8::1",
    "2002:7f00:1::1",
    "3fff::1",
    "4000::1",
    "5f00::1",
    "fc00::1",
    "fd00:ec2::254",
    "fe80::1",
    "fec0::1",
    "ff02::1",
];

fn of(what: &'static str, texts: &[&'static str]) -> Vec<Case<&'static str>> {
    texts.iter().map(|text| Case::new("C3", format!("{what} {text}"), *text)).collect()
}

fn spelled() -> Vec<Case<&'static str>> {
    of("a provider at", SPELLED)
}

fn redirected() -> Vec<Case<&'static str>> {
    of("a redirection to", REDIRECTED)
}

fn resolved() -> Vec<Case<&'static str>> {
    of("a name at", RESOLVED)
}

pub fn names() -> Vec<Name> {
    [names_of(&spelled()), names_of(&redirected()), names_of(&resolved())].concat()
}

#[test]
fn an_address_is_no_host() {
    let home = Home::test(Door::InProcess);
    let mut findings = Findings::default();
    for case in spelled() {
        let host = serde_json::to_string(case.attack).unwrap();
        let done = home.add_provider(&EVIL.replace("api.evil.example", &host));
        findings.hold(done.code == Some(2), &case.name(), || format!("{:?} {}", done.code, done.errors()));
    }
    findings.end();
}

#[test]
fn a_test_vault_sends_to_this_machine_alone() {
    let upstream = Upstream::serving(&["api.openai.com"]);
    let home = Home::with_openai(Door::InProcess, &upstream, secrets::OPENAI);
    let mut findings = Findings::default();
    for case in redirected() {
        let done = home.run(&["upstream", "set", "api.openai.com", "--to", case.attack, "--ca", "ca.pem"]);
        findings.hold(done.code == Some(2), &case.name(), || format!("{:?} {}", done.code, done.errors()));
    }
    findings.end();
    home.run(&["invoke", "openai/models", "--method", "GET", "--path", "/v1/models"]).ok();
    upstream.take_one();
}

/// A command that sees `hosts` in the place of the machine's own table of names; none where the
/// system gives nobody a view of files of his own.
fn with_names(home: &Home, hosts: &str, words: &[&str]) -> Option<Done> {
    let file = home.path("hosts");
    fs::write(&file, hosts).unwrap();
    let own = home.command(Door::InProcess, words);
    let script = r#"mount --bind "$0" /etc/hosts || exit 99; exec "$@""#;
    let mut command = Command::new("unshare");
    command.args(["--map-root-user", "--mount", "/bin/sh", "-c", script]).arg(&file);
    command.arg(own.get_program()).args(own.get_args()).current_dir(home.path(""));
    command.env("AIVAULT_DIR", home.vault()).env("AIVAULTD_DISABLE", "1");
    let done = command.output().ok()?;
    let code = done.status.code();
    let is_possible = code != Some(99) && !String::from_utf8_lossy(&done.stderr).starts_with("unshare: ");
    is_possible.then_some(Done { code, stdout: done.stdout, stderr: done.stderr })
}

/// In a vault of real secrets, where nothing is redirected: the address that a name stands for is
/// looked at before anything is sent to it.
#[test]
fn a_name_that_leads_to_such_an_address_gets_nothing() {
    let home = Home::empty(Door::InProcess);
    home.run(&["init"]).ok();
    home.store("OPENAI_API_KEY", secrets::OPENAI);
    let mut findings = Findings::default();
    for case in resolved() {
        let hosts = format!("{} api.openai.com\n", case.attack);
        let call = ["invoke", "openai/models", "--method", "GET", "--path", "/v1/models"];
        let Some(done) = with_names(&home, &hosts, &call) else {
            eprintln!("not tried: this system allows no mount namespaces");
            return;
        };
        let told = done.errors().contains("connects to public addresses only");
        findings.hold(done.code == Some(3) && told, &case.name(), || {
            format!("{:?} {}", done.code, done.errors())
        });
    }
    findings.end();
    let failed = home.events().iter().filter(|entry| entry.is("response", "failed")).count();
    assert_eq!(failed, RESOLVED.len(), "each is on record");
}
