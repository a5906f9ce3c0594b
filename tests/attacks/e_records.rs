//! E1, E2, E3 and E7: records, the header and the whole file are edited, swapped, cut, doubled,
//! taken out and set back. `doctor` names what is wrong, and nothing that stands on it can be used.

use std::fs;

use crate::case::{Case, Findings, Name, names as names_of};
use crate::vault_files::{Copied, Row, Sound, copy_folder};

/// What is done to one record.
#[derive(Debug, Clone, Copy)]
enum Edit {
    /// A bit of the byte at so many hundredths.
    Flip(usize),
    CutTo(usize),
    Longer,
    Empty,
    Twice,
    Generation(i64),
    Gone,
    /// Under another name too.
    Doubled,
}

const EDITS: &[Edit] = &[
    Edit::Flip(0),
    Edit::Flip(3),
    Edit::Flip(20),
    Edit::Flip(50),
    Edit::Flip(80),
    Edit::Flip(99),
    Edit::CutTo(1),
    Edit::CutTo(50),
    Edit::CutTo(99),
    Edit::Longer,
    Edit::Empty,
    Edit::Twice,
    Edit::Generation(-1),
    Edit::Generation(1),
    Edit::Gone,
    Edit::Doubled,
];

/// The records that a call stands on.
const KINDS: &[&str] = &["secret", "credential", "upstream", "manifest"];

#[derive(Debug, Clone, Copy)]
struct Edited {
    kind: &'static str,
    edit: Edit,
}

fn edited() -> Vec<Case<Edited>> {
    let all = KINDS.iter().flat_map(|kind| EDITS.iter().map(move |edit| Edited { kind, edit: *edit }));
    // There is one manifest, so that another is of a kind that is not known there.
    let all = all.filter(|one| one.kind != "manifest" || !matches!(one.edit, Edit::Doubled));
    let row = |edit| match edit {
        Edit::Generation(_) => "E2",
        Edit::Gone => "E3",
        _ => "E1",
    };
    all.map(|one| Case::new(row(one.edit), format!("{} {:?}", one.kind, one.edit), one)).collect()
}

/// The record of the kind that a call stands on.
fn chosen(copy: &Copied<'_>, kind: &str) -> Row {
    if kind != "secret" {
        return copy.row(kind);
    }
    // The first that was stored.
    copy.rows().into_iter().filter(|row| row.kind == kind).min_by_key(|row| row.generation).unwrap()
}

fn perform(copy: &Copied<'_>, edit: Edit, row: &Row) {
    let mut edited = row.clone();
    let length = row.blob.len();
    match edit {
        Edit::Flip(hundredths) => edited.blob[length * hundredths / 100] ^= 0x10,
        Edit::CutTo(hundredths) => edited.blob.truncate(length * hundredths / 100),
        Edit::Longer => edited.blob.push(0),
        Edit::Empty => edited.blob.clear(),
        Edit::Twice => edited.blob.extend_from_slice(&row.blob),
        Edit::Generation(by) => edited.generation += by,
        Edit::Gone => return copy.delete(row),
        Edit::Doubled => edited.id = edited.id.replace(|digit: char| digit.is_ascii_digit(), "0"),
    }
    copy.put(&edited);
}

#[test]
fn an_edited_record_is_named_and_what_stands_on_it_is_refused() {
    let sound = Sound::new();
    let mut findings = Findings::default();
    for case in edited() {
        let copy = sound.copy();
        let row = chosen(&copy, case.attack.kind);
        perform(&copy, case.attack.edit, &row);
        let (code, wrong) = copy.doctor();
        let named = |one: &String| one.contains(&row.id) || one.contains("not those last written");
        findings
            .hold(code == Some(1) && wrong.iter().any(named), &case.name(), || format!("doctor: {wrong:?}"));
        let done = copy.used();
        let refused = done.code == Some(4) && done.errors().contains("aivault repair");
        findings.hold(refused, &case.name(), || format!("use: {:?} {}", done.code, done.errors()));
    }
    findings.end();
}

/// What is done to the whole file, or to several records at once.
#[derive(Debug, Clone, Copy)]
enum Broad {
    Swapped,
    Renamed,
    HeaderSays(&'static str, &'static str),
    FileCutTo(usize),
    FileLonger,
    Planted(&'static str),
    OlderRecord,
    Undeleted,
    SetBack,
    SetBackWithItsLog,
}

const BROAD: &[(&str, Broad)] = &[
    ("E2", Broad::Swapped),
    ("E2", Broad::Renamed),
    ("E2", Broad::HeaderSays("\"test\":true", "\"test\":false")),
    ("E2", Broad::HeaderSays("\"provider\":\"file\"", "\"provider\":\"env\"")),
    ("E2", Broad::HeaderSays("\"format\":2", "\"format\":9")),
    ("E2", Broad::HeaderSays("\"format\":2", "\"format\":1")),
    ("E1", Broad::FileCutTo(0)),
    ("E1", Broad::FileCutTo(30)),
    ("E1", Broad::FileCutTo(60)),
    ("E1", Broad::FileCutTo(95)),
    ("E1", Broad::Planted("CREATE TRIGGER undo AFTER UPDATE ON record BEGIN DELETE FROM record; END")),
    ("E1", Broad::Planted("INSERT INTO record VALUES ('secret', '../../x', 1, x'00')")),
    ("E1", Broad::Planted("DELETE FROM header")),
    ("E1", Broad::FileLonger),
    ("E3", Broad::OlderRecord),
    ("E3", Broad::Undeleted),
    ("E3", Broad::SetBack),
    ("E3", Broad::SetBackWithItsLog),
];

fn broad() -> Vec<Case<Broad>> {
    BROAD.iter().map(|(row, attack)| Case::new(row, format!("{attack:?}"), *attack)).collect()
}

fn secrets_of(copy: &Copied<'_>) -> [Row; 2] {
    let all: Vec<Row> = copy.rows().into_iter().filter(|row| row.kind == "secret").collect();
    all.try_into().unwrap_or_else(|_| panic!("there are two"))
}

fn perform_broad(copy: &Copied<'_>, attack: Broad) {
    let (vault, file) = (copy.home.vault(), copy.home.vault().join("vault.db"));
    let rotate = ["secrets", "rotate", "--name", "OTHER", "--value", "the next value"];
    match attack {
        Broad::Swapped => {
            let [one, two] = secrets_of(copy);
            copy.put(&Row { blob: two.blob.clone(), ..one.clone() });
            copy.put(&Row { blob: one.blob, ..two });
        }
        Broad::Renamed => {
            let [one, two] = secrets_of(copy);
            copy.delete(&two);
            copy.put(&Row { id: two.id, ..one });
        }
        Broad::HeaderSays(from, to) => {
            let sql = copy.sql();
            let edit = "UPDATE header SET bytes = CAST(replace(CAST(bytes AS TEXT), ?1, ?2) AS BLOB) \
                        WHERE instr(CAST(bytes AS TEXT), ?1) > 0";
            assert_eq!(sql.execute(edit, [from, to]).unwrap(), 1);
        }
        Broad::FileCutTo(hundredths) => {
            let bytes = fs::read(&file).unwrap();
            fs::write(&file, &bytes[..bytes.len() * hundredths / 100]).unwrap();
        }
        Broad::FileLonger => {
            // A page that the file's own count knows of, so that it is looked at.
            let mut bytes = fs::read(&file).unwrap();
            let pages = u32::from_be_bytes(bytes[28..32].try_into().unwrap()) + 1;
            bytes[28..32].copy_from_slice(&pages.to_be_bytes());
            bytes[100..108].copy_from_slice(&[0xff; 8]);
            bytes.extend_from_slice(&[0xff; 4096]);
            fs::write(&file, bytes).unwrap();
        }
        Broad::Planted(statement) => copy.sql().execute_batch(statement).unwrap(),
        Broad::OlderRecord => {
            let old = copy.rows();
            copy.home.run(&rotate).ok();
            old.iter().filter(|row| row.kind == "secret").for_each(|row| copy.put(row));
        }
        Broad::Undeleted => {
            let old = copy.rows();
            copy.home.run(&["secrets", "delete", "--name", "OTHER"]).ok();
            old.iter().filter(|row| row.kind == "secret").for_each(|row| copy.put(row));
        }
        Broad::SetBack | Broad::SetBackWithItsLog => {
            let before = copy.home.path("before");
            copy_folder(&vault, &before);
            copy.home.run(&rotate).ok();
            fs::copy(before.join("vault.db"), &file).unwrap();
            if matches!(attack, Broad::SetBackWithItsLog) {
                fs::remove_dir_all(vault.join("audit")).unwrap();
                copy_folder(&before.join("audit"), &vault.join("audit"));
            }
        }
    }
}

#[test]
fn what_is_done_to_the_whole_is_told_and_refused() {
    let sound = Sound::new();
    let mut findings = Findings::default();
    for case in broad() {
        let copy = sound.copy();
        perform_broad(&copy, case.attack);
        let (code, wrong) = copy.doctor();
        findings.hold(code == Some(1) && !wrong.is_empty(), &case.name(), || {
            format!("doctor: {code:?} {wrong:?}")
        });
        let done = copy.used();
        let refused = done.code == Some(4) && done.errors().starts_with("error: ");
        findings.hold(refused, &case.name(), || format!("use: {:?} {}", done.code, done.errors()));
        if matches!(case.attack, Broad::SetBackWithItsLog) {
            let named = wrong.iter().any(|one| one.starts_with("rollback: "));
            findings.hold(named, &case.name(), || format!("{wrong:?}"));
        }
    }
    findings.end();
}

fn alone() -> Vec<Case<&'static str>> {
    ["list", "doctor", "use of another", "deletion"].map(|what| Case::new("E7", what, what)).into()
}

/// One bad record harms no other, and is not left out in silence.
#[test]
fn a_bad_record_stands_alone() {
    let sound = Sound::new();
    let mut findings = Findings::default();
    for case in alone() {
        let copy = sound.copy();
        let bad = copy.rows().into_iter().filter(|row| row.kind == "secret").max_by_key(|row| row.generation);
        let bad = bad.unwrap();
        perform(&copy, Edit::Flip(20), &bad);
        let (holds, seen) = match case.attack {
            "list" => {
                let done = copy.home.run(&["secrets", "list"]);
                let told = done.text().contains("OPENAI_API_KEY") && done.errors().contains(&bad.id);
                (done.code == Some(0) && told, format!("{}{}", done.text(), done.errors()))
            }
            "doctor" => {
                let (code, wrong) = copy.doctor();
                (code == Some(1) && wrong.len() == 1 && wrong[0].contains(&bad.id), format!("{wrong:?}"))
            }
            "use of another" => {
                let done = copy.used();
                (done.code == Some(0), format!("{:?} {}", done.code, done.errors()))
            }
            _ => {
                copy.home.run(&["repair", "--accept"]).ok();
                let (code, wrong) = copy.doctor();
                (code == Some(0) && copy.used().code == Some(0), format!("{wrong:?}"))
            }
        };
        findings.hold(holds, &case.name(), || seen);
    }
    findings.end();
}

pub fn names() -> Vec<Name> {
    [names_of(&edited()), names_of(&broad()), names_of(&alone())].concat()
}
