//! C8: the redirection of a test vault, brought into a vault with real secrets, or these to it.

use rusqlite::Connection;

use crate::case::{Case, Findings, Name, names as names_of};
use crate::support::{Done, Door, Home, Upstream, secrets};

/// 32 bytes that both vaults have for a key: the strongest position of somebody who copies records.
const KEY: &str = "QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUE=";

/// What is done to the files of the real vault, or to those of the test vault.
#[derive(Debug, Clone, Copy)]
enum Swap {
    Command,
    Flag,
    FlagAndCommand,
    Redirection,
    RedirectionAndFlag,
    Header,
    HeaderAndManifest,
    Everything,
    SecretIntoTest,
    SecretAndCredentialIntoTest,
    AllIntoTest,
}

const SWAPS: &[Swap] = &[
    Swap::Command,
    Swap::Flag,
    Swap::FlagAndCommand,
    Swap::Redirection,
    Swap::RedirectionAndFlag,
    Swap::Header,
    Swap::HeaderAndManifest,
    Swap::Everything,
    Swap::SecretIntoTest,
    Swap::SecretAndCredentialIntoTest,
    Swap::AllIntoTest,
];

fn cases() -> Vec<Case<Swap>> {
    SWAPS.iter().map(|swap| Case::new("C8", format!("{swap:?}"), *swap)).collect()
}

pub fn names() -> Vec<Name> {
    names_of(&cases())
}

/// A vault whose key is in the environment.
struct Keyed {
    home: Home,
}

impl Keyed {
    fn new(arguments: &[&str]) -> Self {
        let keyed = Self { home: Home::empty(Door::InProcess) };
        keyed.run(&[&["init", "--provider", "env"], arguments].concat()).ok();
        keyed
    }

    fn run(&self, words: &[&str]) -> Done {
        let mut command = self.home.command(Door::InProcess, words);
        Done::of(command.env("AIVAULT_KEY", KEY), b"")
    }

    fn redirect(&self, upstream: &Upstream) -> Done {
        let ca = self.home.path("ca.pem");
        std::fs::write(&ca, &upstream.ca_pem).unwrap();
        let address = upstream.address.to_string();
        self.run(&["upstream", "set", "api.openai.com", "--to", &address, "--ca", ca.to_str().unwrap()])
    }

    fn sql(&self) -> Connection {
        Connection::open(self.home.vault().join("vault.db")).unwrap()
    }

    /// Takes over what another vault's table has where `condition` holds.
    fn take(&self, other: &Self, table: &str, condition: &str) {
        let sql = self.sql();
        let path = other.home.vault().join("vault.db");
        sql.execute("ATTACH ?1 AS other", [path.to_str().unwrap()]).unwrap();
        let taken = format!("REPLACE INTO main.{table} SELECT * FROM other.{table} WHERE {condition}");
        assert!(sql.execute(&taken, []).unwrap() > 0, "{taken}");
    }

    /// Edits the header, in which the flag stands.
    fn flag(&self) {
        let sql = self.sql();
        let edit = format!(
            "UPDATE {HEADER} SET {BLOB} = CAST(replace({BLOB}, '\"test\":false', '\"test\":true') AS BLOB)"
        );
        assert_eq!(sql.execute(&edit, []).unwrap(), 1);
        let read: Vec<u8> =
            sql.query_row(&format!("SELECT {BLOB} FROM {HEADER}"), [], |row| row.get(0)).unwrap();
        assert!(String::from_utf8(read).unwrap().contains("\"test\":true"));
    }
}

const HEADER: &str = "header";
const BLOB: &str = "bytes";

fn do_it(swap: Swap, real: &Keyed, test: &Keyed, upstream: &Upstream) {
    match swap {
        Swap::Command => assert_ne!(real.redirect(upstream).code, Some(0)),
        Swap::Flag => real.flag(),
        Swap::FlagAndCommand => {
            real.flag();
            assert_ne!(real.redirect(upstream).code, Some(0));
        }
        Swap::Redirection => real.take(test, "record", "kind = 'upstream'"),
        Swap::RedirectionAndFlag => {
            real.flag();
            real.take(test, "record", "kind = 'upstream'");
        }
        Swap::Header => real.take(test, HEADER, "1"),
        Swap::HeaderAndManifest => {
            real.take(test, HEADER, "1");
            real.take(test, "record", "kind = 'manifest'");
        }
        Swap::Everything => {
            real.take(test, HEADER, "1");
            real.take(test, "record", "kind != 'secret'");
        }
        Swap::SecretIntoTest => test.take(real, "record", "kind = 'secret'"),
        Swap::SecretAndCredentialIntoTest => test.take(real, "record", "kind IN ('secret', 'credential')"),
        Swap::AllIntoTest => test.take(real, "record", "kind != 'upstream'"),
    }
}

#[test]
fn no_redirection_meets_a_real_secret() {
    let upstream = Upstream::serving(&["api.openai.com"]);
    let mut findings = Findings::default();
    for case in cases() {
        let (real, test) = (Keyed::new(&[]), Keyed::new(&["--test"]));
        real.run(&["secrets", "create", "--name", "OPENAI_API_KEY", "--value", secrets::OPENAI]).ok();
        test.redirect(&upstream).ok();
        do_it(case.attack, &real, &test, &upstream);
        for vault in [&real, &test] {
            let done = vault.run(&["invoke", "openai/models", "--method", "GET", "--path", "/v1/models"]);
            let received = upstream.take();
            let kept = done.code != Some(0)
                && received.is_empty()
                && upstream.accepted() == 0
                && !String::from_utf8_lossy(&done.stdout).contains(secrets::OPENAI);
            findings.hold(kept, &case.name(), || format!("{:?} {} {received:?}", done.code, done.errors()));
        }
    }
    findings.end();
    // A secret of the test vault's own is sent there.
    let test = Keyed::new(&["--test"]);
    test.redirect(&upstream).ok();
    test.run(&["secrets", "create", "--name", "OPENAI_API_KEY", "--value", "sk-of-a-test-0123456789"]).ok();
    test.run(&["invoke", "openai/models", "--method", "GET", "--path", "/v1/models"]).ok();
    assert_eq!(upstream.take_one().header("authorization"), "Bearer sk-of-a-test-0123456789");
}
