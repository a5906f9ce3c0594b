//! What was acknowledged stays, whoever writes beside or is killed; and what was
//! tampered with is an error, never a wrong answer.
#![allow(clippy::disallowed_methods, clippy::unwrap_used, reason = "tests prepare and look at the machine")]

mod support;

use std::collections::BTreeSet;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::process::Stdio;
use std::thread;
use std::time::{Duration, Instant};

use aivault::registry;
use aivault::spec::{CredentialName, ProviderId, Scope, SecretName};
use aivault::vault::{
    self, Claim, ClaimedWay, Destination, KeyMaterial, NewSecret, SecretId, SecretInput, VaultPaths,
};
use rusqlite::{Connection, params};
use support::random::Random;
use support::{Done, Door, Home, Upstream, secrets};
use tempfile::TempDir;

const INVOKE: &[&str] = &["invoke", "openai/chat-completions", "--body", "{}"];

fn create(home: &Home, name: &str) -> std::process::Command {
    home.command(home.door, &["secrets", "create", "--name", name, "--value", &value_of(name)])
}

fn value_of(name: &str) -> String {
    format!("value of {name}")
}

fn names(home: &Home) -> BTreeSet<String> {
    let list = home.run(&["secrets", "list", "--json"]).ok().json();
    let list = list.as_array().or_else(|| list["secrets"].as_array()).cloned().unwrap_or_default();
    list.iter().map(|secret| secret["name"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn eight_writers_at_once_lose_nothing() {
    let home = Home::test(Door::InProcess);
    thread::scope(|scope| {
        for writer in 0..8 {
            let home = &home;
            scope.spawn(move || {
                for number in (writer..100).step_by(8) {
                    Done::of(&mut create(home, &format!("KEY_{number}")), b"").ok();
                }
            });
        }
    });
    let expected: BTreeSet<String> = (0..100).map(|number| format!("KEY_{number}")).collect();
    assert_eq!(names(&home), expected);
    let created = home.events().iter().filter(|entry| entry.is("secret.create", "ok")).count();
    assert_eq!(created, 100, "each is in the log once");
    home.run(&["audit", "verify"]).ok();
}

/// Many at once on a folder where there is no vault yet: all get the same one.
#[test]
fn first_commands_at_once_make_one_vault() {
    let home = Home::empty(Door::InProcess);
    thread::scope(|scope| {
        for number in 0..16 {
            let home = &home;
            scope.spawn(move || Done::of(&mut create(home, &format!("KEY_{number}")), b"").ok());
        }
    });
    assert_eq!(names(&home).len(), 16);
    home.run(&["audit", "verify"]).ok();
}

#[test]
fn a_killed_writer_loses_nothing_that_was_acknowledged() {
    let home = Home::test(Door::InProcess);
    let usual = longest_create(&home);
    let mut random = Random::seeded(20_261_123);
    let mut acknowledged = BTreeSet::new();
    let mut killed = 0;
    let mut number = 0;
    while killed < 200 {
        assert!(number < 2000, "only {killed} writers were killed in time");
        number += 1;
        let name = format!("KEY_{number}");
        let instant = Duration::from_nanos(random.below(u64::try_from(usual.as_nanos()).unwrap()));
        let mut child = create(&home, &name)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // The instant is what is tested, so there is nothing to wait for.
        thread::sleep(instant);
        child.kill().unwrap();
        let done = Done::wait_for(child, b"");
        match done.code {
            // It was faster; then it must have done what it was asked, whatever befell those before it.
            Some(_) => assert_eq!(done.clone().ok().code, Some(0)),
            None => killed += 1,
        }
        if done.text().contains("Secret created") {
            acknowledged.insert(name);
        }
    }
    let found = names(&home);
    let lost: Vec<_> = acknowledged.difference(&found).collect();
    assert!(lost.is_empty(), "acknowledged and gone: {lost:?}");
    assert!(found.len() > 200 / 20, "some were written before the kill, so this tests something");
    home.run(&["audit", "verify"]).ok();
    let paths = VaultPaths {
        folder: home.vault(),
        key_file: home.vault().join("kek.key"),
        audit_dir: home.vault().join("audit"),
    };
    let mut vault = vault::open(&paths, &KeyMaterial::File).unwrap();
    assert_eq!(vault.check_values().unwrap(), Vec::new(), "all values open");
}

/// How long a writer takes, with some room, so that kills fall all over its life.
fn longest_create(home: &Home) -> Duration {
    let once = |number| {
        let start = Instant::now();
        Done::of(&mut create(home, &format!("FIRST_{number}")), b"").ok();
        start.elapsed()
    };
    (0..5).map(once).max().unwrap()
}

/// A vault made in this process, with two secrets of known values.
struct Sample {
    _folder: TempDir,
    paths: VaultPaths,
    secrets: Vec<(SecretId, ProviderId, String)>,
}

impl Sample {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let paths = paths_in(folder.path());
        let mut vault = vault::init(&paths, &KeyMaterial::File, true).unwrap();
        let stored = [
            ("OPENAI_API_KEY", "openai", secrets::OPENAI),
            ("GEMINI_API_KEY", "gemini", "AIzaSyD-made-up-for-tests"),
        ];
        let secrets = stored.map(|(name, provider, value)| {
            let name = SecretName::parse(name).unwrap();
            let provider = ProviderId::parse(provider).unwrap();
            let way = ClaimedWay {
                name: None,
                account: CredentialName::from(&provider),
                secrets: vec![(name.clone(), "secret".to_owned())],
                optional: Vec::new(),
            };
            let claim = Claim { provider: provider.clone(), ways: vec![way] };
            let value_bytes = SecretInput::new(value.as_bytes().to_vec()).unwrap();
            let new = NewSecret {
                name,
                value: value_bytes,
                scope: Scope::Global,
                aliases: Vec::new(),
                provider: None,
                hosts: Vec::new(),
            };
            let created = vault.create_secret(new, Some(&claim), 1).unwrap();
            (created.meta.id, provider, value.to_owned())
        });
        Self { _folder: folder, paths, secrets: secrets.into() }
    }

    /// A connection that leaves nothing behind for the next one.
    fn database(&self) -> Connection {
        Connection::open(self.paths.folder.join("vault.db")).unwrap()
    }

    /// What the vault says now: each value is the true one, or there is an error.
    fn says_nothing_wrong(&self) -> Verdict {
        let looked = catch_unwind(AssertUnwindSafe(|| {
            let mut vault = match vault::open(&self.paths, &KeyMaterial::File) {
                Ok(vault) => vault,
                Err(error) => return Verdict::Error(error.to_string()),
            };
            let mut verdict = Verdict::True;
            for (id, provider, value) in &self.secrets {
                let capability = registry::provider(provider.as_str()).unwrap().capabilities.first().unwrap();
                let host = capability.host.exact().unwrap();
                match vault.reveal(
                    id,
                    Destination {
                        provider,
                        capability: Some(capability),
                        host: &host,
                        own: false,
                        identifier: false,
                    },
                ) {
                    Ok(secret) if secret.expose() == value.as_bytes() => {}
                    Ok(_) => return Verdict::Wrong,
                    Err(error) => verdict = Verdict::Error(error.to_string()),
                }
            }
            verdict
        }));
        looked.unwrap_or(Verdict::Panic)
    }
}

fn paths_in(folder: &Path) -> VaultPaths {
    let folder = folder.join("vault");
    VaultPaths { key_file: folder.join("kek.key"), audit_dir: folder.join("audit"), folder }
}

#[derive(Debug, PartialEq, Eq)]
enum Verdict {
    True,
    Error(String),
    Wrong,
    Panic,
}

struct Blob {
    kind: String,
    id: String,
    bytes: Vec<u8>,
}

fn blobs(database: &Connection) -> Vec<Blob> {
    let mut statement = database.prepare("SELECT kind, id, blob FROM record ORDER BY kind, id").unwrap();
    let rows =
        statement.query_map([], |row| Ok(Blob { kind: row.get(0)?, id: row.get(1)?, bytes: row.get(2)? }));
    rows.unwrap().collect::<Result<_, _>>().unwrap()
}

fn put(database: &Connection, blob: &Blob, bytes: &[u8]) {
    let update = "UPDATE record SET blob = ?3 WHERE kind = ?1 AND id = ?2";
    assert_eq!(database.execute(update, params![blob.kind, blob.id, bytes]).unwrap(), 1);
}

/// Calls `check` with each of a sample of the sealed bytes changed, one at a time.
fn each_flip(sample: &Sample, wanted: usize, mut check: impl FnMut(&Blob, usize)) -> usize {
    let database = sample.database();
    let blobs = blobs(&database);
    let total: usize = blobs.iter().map(|blob| blob.bytes.len()).sum();
    let step = (total / wanted).max(1);
    let mut random = Random::seeded(7);
    let mut flipped = 0;
    for blob in &blobs {
        for at in (0..blob.bytes.len()).step_by(step) {
            let mut bytes = blob.bytes.clone();
            bytes[at] ^= u8::try_from(1 + random.below(255)).unwrap();
            put(&database, blob, &bytes);
            check(blob, at);
            flipped += 1;
        }
        put(&database, blob, &blob.bytes);
    }
    flipped
}

#[test]
fn a_changed_byte_is_an_error_or_changes_nothing() {
    let sample = Sample::new();
    assert_eq!(sample.says_nothing_wrong(), Verdict::True);
    let flipped = each_flip(&sample, 700, |blob, at| match sample.says_nothing_wrong() {
        Verdict::Error(message) => assert!(!message.is_empty()),
        // What seals the set is opened by every look, and so are the values.
        Verdict::True => {
            assert!(!["manifest", "secret"].contains(&blob.kind.as_str()), "{} {at} was not seen", blob.kind)
        }
        verdict => panic!("byte {at} of {} {}: {verdict:?}", blob.kind, blob.id),
    });
    assert!(flipped >= 500, "{flipped}");
    assert_eq!(sample.says_nothing_wrong(), Verdict::True, "each byte was put back");
}

#[test]
fn records_of_another_length_swapped_or_missing_are_errors() {
    let sample = Sample::new();
    let database = sample.database();
    let all = blobs(&database);
    for blob in &all {
        let twice = [blob.bytes.as_slice(), &blob.bytes].concat();
        for bytes in [&blob.bytes[..0], &blob.bytes[..blob.bytes.len() - 1], &twice] {
            put(&database, blob, bytes);
            assert!(matches!(sample.says_nothing_wrong(), Verdict::Error(_) | Verdict::True));
        }
        put(&database, blob, &blob.bytes);
    }
    let of_secrets: Vec<&Blob> = all.iter().filter(|blob| blob.kind == "secret").collect();
    put(&database, of_secrets[0], &of_secrets[1].bytes);
    put(&database, of_secrets[1], &of_secrets[0].bytes);
    assert!(matches!(sample.says_nothing_wrong(), Verdict::Error(_)), "swapped");
    of_secrets.iter().for_each(|blob| put(&database, blob, &blob.bytes));
    assert_eq!(sample.says_nothing_wrong(), Verdict::True);
    database.execute("DELETE FROM record WHERE kind = 'secret' AND id = ?1", [&of_secrets[0].id]).unwrap();
    assert!(matches!(sample.says_nothing_wrong(), Verdict::Error(_)), "deleted");
}

/// A record as it was before a rotation is not taken for the current one.
#[test]
fn an_older_record_is_an_error() {
    let home = Home::test(Door::InProcess);
    home.store("OPENAI_API_KEY", secrets::OPENAI);
    let file = home.vault().join("vault.db");
    let read =
        || blobs(&Connection::open(&file).unwrap()).into_iter().find(|blob| blob.kind == "secret").unwrap();
    let old = read();
    home.run(&["secrets", "rotate", "--name", "OPENAI_API_KEY", "--value", "sk-the-next-one-0123456789"])
        .ok();
    put(&Connection::open(&file).unwrap(), &old, &old.bytes);
    let upstream = Upstream::serving(&["api.openai.com"]);
    home.send_to(&upstream);
    let done = home.run(INVOKE);
    assert_ne!(done.code, Some(0));
    assert!(upstream.take().is_empty());
}

#[test]
fn a_changed_byte_through_the_program() {
    let upstream = Upstream::serving(&["api.openai.com"]);
    let home = Home::with_openai(Door::InProcess, &upstream, secrets::OPENAI);
    let database = Connection::open(home.vault().join("vault.db")).unwrap();
    let mut random = Random::seeded(9);
    for blob in blobs(&database) {
        for _ in 0..4 {
            let mut bytes = blob.bytes.clone();
            let at = usize::try_from(random.below(bytes.len() as u64)).unwrap();
            bytes[at] ^= 1 << random.below(8);
            put(&database, &blob, &bytes);
            for words in [&["secrets", "list"], INVOKE] {
                let done = home.run(words);
                assert!(matches!(done.code, Some(0 | 1 | 3 | 4 | 5)), "{words:?}: {done:?}");
                assert!(!done.errors().contains("panicked"), "{}", done.errors());
                assert!(done.code == Some(0) || done.errors().starts_with("error: "), "{}", done.errors());
            }
            for received in upstream.take() {
                assert_eq!(received.header("authorization"), format!("Bearer {}", secrets::OPENAI));
            }
        }
        put(&database, &blob, &blob.bytes);
    }
    home.run(INVOKE).ok();
    assert_eq!(upstream.take().len(), 1);
}

#[test]
fn a_vault_that_went_away_is_not_answered_by_a_new_one() {
    for door in Door::BOTH {
        let upstream = Upstream::serving(&["api.openai.com"]);
        let home = Home::with_openai(door, &upstream, secrets::OPENAI);
        for file in ["vault.db", "vault.db-wal", "vault.db-shm"] {
            let _ = fs::remove_file(home.vault().join(file));
        }
        let create = ["secrets", "create", "--name", "A", "--value", "x"];
        let mut complaints = Vec::new();
        for words in [&["status"][..], &["secrets", "list"], &create, INVOKE] {
            let done = home.run(words);
            if done.code != Some(4) || !done.errors().contains("audit") {
                complaints.push(format!("{words:?} ends with {:?}: {}", done.code, done.errors()));
            }
        }
        assert_ne!(home.run(&["init"]).code, Some(0));
        assert!(!home.vault().join("vault.db").exists());
        assert!(upstream.take().is_empty());
        assert!(complaints.is_empty(), "{}", complaints.join(""));
    }
}
