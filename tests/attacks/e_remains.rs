//! E4, E8, E9 and E10: parts of the vault are gone, the key is not what it was, names and values are
//! odd, and the clock jumps.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::os::unix::ffi::OsStrExt as _;

use aivault::spec::{Scope, SecretName};
use aivault::vault::{self, KeyMaterial, NewSecret, SecretInput, SecretRef, VaultPaths};

use crate::case::{Case, Findings, Name, names as names_of};
use crate::support::{Door, Home, home::set_mode};
use crate::vault_files::Sound;

/// What is deleted, of which no new vault may come to be.
const GONE: &[&[&str]] = &[
    &["vault.db"],
    &["vault.db", "kek.epoch"],
    &["vault.db", "kek.key"],
    &["vault.db", "kek.key", "kek.epoch", "usage.db"],
    &["kek.key"],
    &["audit"],
];

fn gone() -> Vec<Case<&'static [&'static str]>> {
    GONE.iter().map(|files| Case::new("E4", files.join(" and "), *files)).collect()
}

#[test]
fn no_new_vault_comes_in_the_place_of_one_that_lost_a_part() {
    let sound = Sound::new();
    let mut findings = Findings::default();
    for case in gone() {
        let copy = sound.copy();
        let vault = copy.home.vault();
        for name in case.attack {
            let path = vault.join(name);
            let _ = if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) };
        }
        let create = ["secrets", "create", "--name", "A", "--value", "x"];
        for words in [&["init"][..], &create, &["status"], &["invoke", "openai/models"]] {
            let done = copy.home.run(words);
            // A lost log or key is missed by whatever needs it; a look at what is there is not.
            let only_looks = words == ["status"] && matches!(case.attack, ["audit"] | ["kek.key"]);
            let refused = done.code != Some(0) || only_looks;
            findings.hold(refused, &case.name(), || format!("{words:?}: {}", done.text()));
        }
        for name in case.attack.iter().filter(|name| name.ends_with(".db") || name.ends_with(".key")) {
            findings.hold(!vault.join(name).exists(), &case.name(), || format!("{name} came to be"));
        }
        let (code, wrong) = copy.doctor();
        findings.hold(code == Some(1) && !wrong.is_empty(), &case.name(), || format!("doctor: {wrong:?}"));
        assert!(copy.upstream.take().is_empty());
    }
    findings.end();
}

#[derive(Debug, Clone, Copy)]
enum KeyFile {
    Missing,
    Empty,
    Short,
    Long,
    Another,
    NotText,
    OpenToAll,
    Link,
    OpenFolder,
}

const KEY_FILES: &[KeyFile] = &[
    KeyFile::Missing,
    KeyFile::Empty,
    KeyFile::Short,
    KeyFile::Long,
    KeyFile::Another,
    KeyFile::NotText,
    KeyFile::OpenToAll,
    KeyFile::Link,
    KeyFile::OpenFolder,
];

fn key_files() -> Vec<Case<KeyFile>> {
    KEY_FILES.iter().map(|attack| Case::new("E8", format!("key file {attack:?}"), *attack)).collect()
}

#[test]
fn a_key_file_that_is_not_what_it_was_opens_nothing() {
    let sound = Sound::new();
    let mut findings = Findings::default();
    for case in key_files() {
        let copy = sound.copy();
        let path = copy.home.vault().join("kek.key");
        let line = fs::read_to_string(&path).unwrap();
        match case.attack {
            KeyFile::Missing => fs::remove_file(&path).unwrap(),
            KeyFile::Empty => fs::write(&path, "").unwrap(),
            KeyFile::Short => fs::write(&path, &line[..20]).unwrap(),
            KeyFile::Long => fs::write(&path, format!("{line}{line}")).unwrap(),
            KeyFile::Another => {
                fs::write(&path, line.chars().rev().skip(2).collect::<String>() + "=\n").unwrap()
            }
            KeyFile::NotText => fs::write(&path, [0xff; 45]).unwrap(),
            KeyFile::OpenToAll => set_mode(&path, 0o644),
            KeyFile::Link => {
                fs::rename(&path, copy.home.path("key")).unwrap();
                std::os::unix::fs::symlink(copy.home.path("key"), &path).unwrap();
            }
            KeyFile::OpenFolder => set_mode(&copy.home.vault(), 0o777),
        }
        let done = copy.used();
        findings
            .hold(done.code == Some(4), &case.name(), || format!("use: {:?} {}", done.code, done.errors()));
        let (code, wrong) = copy.doctor();
        findings.hold(code == Some(1) && !wrong.is_empty(), &case.name(), || format!("doctor: {wrong:?}"));
        if matches!(case.attack, KeyFile::OpenToAll | KeyFile::OpenFolder) {
            copy.home.run(&["doctor", "--fix"]).ok().says("repaired");
            findings.hold(copy.used().code == Some(0), &case.name(), || "it is not repaired".to_owned());
        }
        set_mode(&copy.home.vault(), 0o700);
    }
    findings.end();
}

fn passphrases() -> Vec<Case<&'static str>> {
    let wrong =
        ["a long enough passphrasf", "A long enough passphrase", "a long enough passphrase ", "x", "\u{7f}"];
    wrong.iter().map(|one| Case::new("E8", format!("passphrase {one:?}"), *one)).collect()
}

/// How near it is cannot be told: each wrong one has the same answer.
#[test]
fn a_wrong_passphrase_says_nothing_but_that() {
    let home = Home::empty(Door::InProcess);
    home.run(&["init", "--test", "--passphrase", "a long enough passphrase"]).ok();
    let mut findings = Findings::default();
    let mut answers = Vec::new();
    for case in passphrases() {
        let done = home.run(&["doctor", "--json", "--passphrase", case.attack]);
        let wrong = done.text().contains("does not open this vault");
        findings.hold(done.code == Some(1) && wrong, &case.name(), || done.text());
        answers.push(done.json()["findings"].clone());
    }
    findings.end();
    // The free space of the disk is no part of it.
    let keys =
        answers.iter().map(|all| all.as_array().unwrap().iter().find(|one| one["check"] == "key").cloned());
    let keys: Vec<_> = keys.collect();
    assert!(keys.windows(2).all(|pair| pair[0] == pair[1]), "{keys:?}");
    home.run(&["doctor", "--passphrase", "a long enough passphrase"]).ok();
}

/// Names that mean nothing, or something to a file system or a terminal.
const ODD_NAMES: &[&[u8]] = &[
    b"",
    b" ",
    b"a",
    b"../../x",
    b"A/B",
    b"A\nB",
    b"A\x1b[2J",
    b"A\xff",
    "ÄÖ".as_bytes(),
    b".",
    b"-",
    b"A=B",
    b"A B",
];

fn odd_names() -> Vec<Case<&'static [u8]>> {
    ODD_NAMES.iter().map(|name| Case::new("E9", format!("name {}", name.escape_ascii()), *name)).collect()
}

fn odd_values() -> Vec<Case<Vec<u8>>> {
    let values: [(&str, Vec<u8>); 6] = [
        ("empty", Vec::new()),
        ("a line break", b"\n".to_vec()),
        ("NUL within", b"a\0b".to_vec()),
        ("not UTF-8", vec![0xff; 100]),
        ("1 MiB", vec![b'v'; 1 << 20]),
        ("more than a record holds", vec![b'v'; 8 << 20]),
    ];
    values.map(|(what, value)| Case::new("E9", format!("value: {what}"), value)).into()
}

#[test]
fn odd_names_are_refused_and_odd_values_kept_whole_or_refused() {
    let home = Home::test(Door::InProcess);
    let mut findings = Findings::default();
    for case in odd_names() {
        let name = OsStr::from_bytes(case.attack).to_owned();
        let words = ["secrets", "create", "--value", "v", "--name"].map(OsString::from);
        let done = home.run(&[words.to_vec(), vec![name.clone()]].concat());
        findings.hold(done.code == Some(2), &case.name(), || format!("{:?} {}", done.code, done.text()));
        findings.hold(!done.errors().contains('\x1b'), &case.name(), || "it reaches the terminal".to_owned());
        let by_id = ["secrets", "delete", "--id"].map(OsString::from);
        let done = home.run(&[by_id.to_vec(), vec![name]].concat());
        findings.hold(matches!(done.code, Some(2 | 5)), &case.name(), || format!("{:?}", done.code));
    }
    for (number, case) in odd_values().into_iter().enumerate() {
        let file = home.path("value");
        fs::write(&file, &case.attack).unwrap();
        let name = format!("VALUE_{number}");
        let words = ["secrets", "create", "--name", &name, "--value-file", file.to_str().unwrap()];
        let done = home.run(&words);
        let listed = home.run(&["secrets", "list"]).ok().text().contains(&name);
        let refused = matches!(done.code, Some(1 | 2)) && !listed;
        findings.hold(refused || done.code == Some(0) && listed, &case.name(), || format!("{done:?}"));
    }
    home.run(&["doctor"]).ok();
    findings.end();
}

fn clocks() -> Vec<Case<u64>> {
    let year = 365 * 24 * 3_600_000;
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    let now = u64::try_from(now.as_millis()).unwrap();
    [("1970", 0), ("last year", now - year), ("next year", now + year), ("the end of time", u64::MAX / 2)]
        .map(|(what, at)| Case::new("E10", format!("rotated in {what}"), at))
        .into()
}

/// Versions and changes are counted, not timed: a clock that jumps puts nothing in another order.
#[test]
fn a_clock_that_jumps_changes_no_order_and_is_told() {
    let home = Home::test(Door::InProcess);
    let folder = home.vault();
    let paths = VaultPaths { key_file: folder.join("kek.key"), audit_dir: folder.join("audit"), folder };
    let open = || vault::open(&paths, &KeyMaterial::File).unwrap();
    let input = || SecretInput::new(b"value".to_vec()).unwrap();
    let new = NewSecret {
        name: SecretName::from_static("TIMED"),
        value: input(),
        scope: Scope::Global,
        aliases: Vec::new(),
        provider: None,
        hosts: Vec::new(),
    };
    let id = open().create_secret(new, None, 1).unwrap().meta.id;
    let mut findings = Findings::default();
    for (number, case) in clocks().into_iter().enumerate() {
        let before = open().epoch();
        let meta = open().rotate_secret(&SecretRef::Id(id), &input(), case.attack).unwrap();
        let counted = meta.version as usize == number + 2 && open().epoch() == before + 1;
        findings.hold(counted, &case.name(), || format!("version {}", meta.version));
        let done = home.run(&["doctor", "--json"]);
        let told = done.text().contains("the clock stands");
        findings.hold(
            told == case.name().spelling.contains("next") || told == case.name().spelling.contains("end"),
            &case.name(),
            || done.text(),
        );
        home.run(&["secrets", "list"]).ok();
    }
    findings.end();
}

pub fn names() -> Vec<Name> {
    [
        names_of(&gone()),
        names_of(&key_files()),
        names_of(&passphrases()),
        names_of(&odd_names()),
        names_of(&odd_values()),
        names_of(&clocks()),
    ]
    .concat()
}
