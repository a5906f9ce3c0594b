//! Retention, checkpoints, and what whoever may write the folder makes of them.
#![allow(clippy::disallowed_methods, reason = "tests change the files as an intruder or a crash would")]

use std::fs;

use super::anchor::Anchor;
use super::chain::Chain;
use super::checkpoint::checkpoint;
use super::error::{AuditError, Problem};
use super::event::{Action, Event};
use super::names::ANCHOR;
use super::query::Query;
use super::read::read;
use super::test_folder::{Folder, broken, event, key};
use super::verify::{Retired, check_from, verify};

/// Older than any retention: the events of these tests are of 1970.
const KEEP_MS: u64 = 1000;

fn files(folder: &Folder) -> Vec<String> {
    let names =
        fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = names.filter(|name| name.starts_with("log-")).collect();
    names.sort();
    names
}

fn seqs(folder: &Folder) -> Vec<u64> {
    let all = Query { limit: usize::MAX, ..Query::default() };
    read(&folder.path(), &all).unwrap().entries.iter().map(|entry| entry.seq).collect()
}

#[test]
fn old_files_go_and_the_rest_still_holds() {
    let folder = Folder::with_files(20);
    let before = files(&folder);
    let log = folder.open_small();
    let done = log.retire(KEEP_MS, "uid:0").unwrap().unwrap();
    assert_eq!((done.entries, done.upto_seq, done.files as usize), (20, 20, before.len()));
    let report = folder.verify().unwrap();
    let Retired { upto_seq, files: gone, .. } = report.retired.unwrap();
    assert_eq!((upto_seq, gone), (20, done.files));
    assert_eq!((report.events, report.head_seq), (2, 22), "what was done is on record");
    assert_eq!(seqs(&folder), [22, 21]);
    assert!(before.iter().all(|name| !files(&folder).contains(name)));
    folder.fill(&log, 23, 30);
    folder.fill(&folder.open(), 31, 33);
    assert_eq!(folder.verify().unwrap().events, 13);
    assert_eq!(log.retire(u64::MAX, "uid:0").unwrap(), None);
}

#[test]
fn what_is_young_stays_however_much_of_it_there_is() {
    let folder = Folder::new();
    let log = folder.open_rotating_at(512);
    for _ in 0..60 {
        log.append(&Event { ts_ms: crate::platform::clock::now_ms(), ..event(1) }).unwrap();
    }
    assert!(files(&folder).len() > 10);
    assert_eq!(log.retire(3_600_000, "uid:0").unwrap(), None);
    assert_eq!(seqs(&folder).len(), 60);
}

#[test]
fn a_file_goes_only_once_its_newest_entry_is_old() {
    let folder = Folder::with_files(12);
    let log = folder.open_small();
    // In the middle: a clock that was set forth and back.
    log.append(&Event { ts_ms: u64::MAX, ..event(13) }).unwrap();
    folder.fill(&log, 14, 24);
    let done = log.retire(KEEP_MS, "uid:0").unwrap().unwrap();
    assert!(done.upto_seq < 13 && folder.verify().is_ok());
    assert!(seqs(&folder).contains(&13));
}

#[test]
fn nothing_that_does_not_hold_is_retired() {
    let folder = Folder::with_files(12);
    let mut bytes = folder.log_bytes();
    bytes[20] ^= 1;
    folder.set_log_bytes(&bytes);
    let before = files(&folder);
    assert_eq!(broken(folder.open_small().retire(KEEP_MS, "uid:0")).file, "log-000001.jsonl");
    assert!(before.iter().all(|name| files(&folder).contains(name)));
    assert!(!folder.file(ANCHOR).exists());
}

#[test]
fn whoever_has_the_log_open_goes_on_behind_what_was_retired() {
    let folder = Folder::with_files(3);
    let idle = folder.open_small();
    folder.fill(&idle, 4, 4);
    let busy = folder.open_small();
    folder.fill(&busy, 5, 20);
    busy.retire(KEEP_MS, "uid:0").unwrap().unwrap();
    folder.fill(&idle, 23, 24);
    folder.fill(&busy, 25, 26);
    assert_eq!(folder.verify().unwrap().events, 6);
}

#[test]
fn a_retirement_that_broke_off_is_finished_and_nothing_is_missed_meanwhile() {
    let folder = Folder::with_files(9);
    let kept: Vec<(String, Vec<u8>)> =
        files(&folder).iter().map(|name| (name.clone(), folder.bytes(name))).collect();
    let log = folder.open_small();
    log.retire(KEEP_MS, "uid:0").unwrap().unwrap();
    // As if the crash came behind the anchor, before the files were gone.
    let private = |name: &str| {
        use std::os::unix::fs::PermissionsExt as _;
        fs::set_permissions(folder.file(name), fs::Permissions::from_mode(0o600)).unwrap();
    };
    for (name, bytes) in &kept {
        fs::write(folder.file(name), bytes).unwrap();
        private(name);
    }
    assert_eq!(folder.verify().unwrap().events, 2);
    assert_eq!(seqs(&folder), [11, 10]);
    assert_eq!(log.retire(u64::MAX, "uid:0").unwrap(), None);
    assert!(kept.iter().all(|(name, _)| !folder.file(name).exists()));
}

#[test]
fn an_anchor_that_is_gone_edited_or_older_is_found() {
    let folder = Folder::with_files(9);
    let log = folder.open_small();
    log.retire(KEEP_MS, "uid:0").unwrap().unwrap();
    let newer = folder.bytes(ANCHOR);
    fs::remove_file(folder.file(ANCHOR)).unwrap();
    assert_eq!(broken(folder.verify()).problem, Problem::FileMissing);
    for place in 0..newer.len() {
        let mut changed = newer.clone();
        changed[place] ^= 1;
        fs::write(folder.file(ANCHOR), &changed).unwrap();
        use std::os::unix::fs::PermissionsExt as _;
        fs::set_permissions(folder.file(ANCHOR), fs::Permissions::from_mode(0o600)).unwrap();
        assert_eq!(broken(folder.verify()).problem, Problem::AnchorEdited, "byte {place}");
    }
    folder.set_bytes(ANCHOR, &newer);
    let chain = Chain::new(&key());
    let anchor = Anchor::load(&folder.path(), &chain).unwrap();
    Anchor { first: anchor.first - 1, ..anchor }.store(&folder.path(), &chain).unwrap();
    assert_eq!(broken(folder.verify()).problem, Problem::FileMissing);
    anchor.store(&folder.path(), &chain).unwrap();
    folder.verify().unwrap();
}

#[test]
fn a_checkpoint_holds_as_long_as_the_log_does() {
    let folder = Folder::with_files(9);
    let kept = checkpoint(&folder.path(), key(), 5).unwrap();
    assert_eq!(kept.seq(), 9);
    folder.fill(&folder.open_small(), 10, 15);
    assert_eq!(verify(&folder.path(), key(), Some(&kept)).unwrap().events, 15);

    let shorter = Folder::with(5);
    let problem = broken(verify(&shorter.path(), key(), Some(&kept))).problem;
    assert_eq!(problem, Problem::BeforeCheckpoint { seq: 9 });
    let other = Folder::new();
    other.open().append(&event(77)).unwrap();
    other.fill(&other.open(), 2, 12);
    let problem = broken(verify(&other.path(), key(), Some(&kept))).problem;
    assert_eq!(problem, Problem::OtherThanCheckpoint { seq: 9 });
}

#[test]
fn a_checkpoint_of_what_was_retired_cannot_be_compared_and_one_of_its_last_entry_can() {
    let folder = Folder::with_files(9);
    let early = checkpoint(&folder.path(), key(), 5).unwrap();
    folder.fill(&folder.open_small(), 10, 10);
    let last = checkpoint(&folder.path(), key(), 5).unwrap();
    folder.open_small().retire(KEEP_MS, "uid:0").unwrap().unwrap();
    let result = verify(&folder.path(), key(), Some(&early));
    assert!(matches!(result, Err(AuditError::CheckpointRetired { seq: 9, retired: 10 })));
    verify(&folder.path(), key(), Some(&last)).unwrap();
}

#[test]
fn of_a_log_that_does_not_hold_there_is_no_checkpoint() {
    let folder = Folder::with(5);
    let bytes = folder.log_bytes();
    folder.set_log_bytes(&bytes[..bytes.len() - 1]);
    assert!(matches!(checkpoint(&folder.path(), key(), 5), Err(AuditError::Broken(_))));
}

#[test]
fn what_was_looked_at_is_checked_from_there_on() {
    let folder = Folder::with_files(12);
    let from = |limit| read(&folder.path(), &Query { limit, ..Query::default() }).unwrap().from.unwrap();
    let good: Vec<_> = (1..=12).map(from).collect();
    let check = |limit: usize| check_from(&folder.path(), key(), &good[limit - 1]);
    (1..=12).for_each(|limit| check(limit).unwrap());
    let mut lines = folder.lines();
    let looked_back = 13 - lines.len();
    lines.last_mut().unwrap()[20] ^= 1;
    folder.set_lines(&lines);
    // The edited line is not the chain's any more, nor what is built upon it; what was not looked at is not checked.
    assert!((looked_back..=12).all(|limit| check(limit).is_err()));
    assert!((1..looked_back - 1).all(|limit| check(limit).is_ok()));
    fs::remove_file(folder.file("log-000001.jsonl")).unwrap();
    assert_eq!(broken(check(1)).problem, Problem::FileMissing);
}

#[test]
fn entries_are_filtered() {
    let folder = Folder::new();
    let log = folder.open_small();
    let call = |seq: u64, capability: &str, outcome| {
        let event = Event {
            capability: Some(capability.to_owned()),
            ..Event::new(
                seq * 10,
                if seq.is_multiple_of(2) { "cli" } else { "token:a" },
                Action::Invoke,
                outcome,
            )
        };
        assert_eq!(log.append(&event).unwrap(), seq);
    };
    use super::event::Outcome::{Allowed, Denied};
    for (seq, capability, outcome) in [
        (1, "openai/models", Allowed),
        (2, "openai/x\"y", Denied),
        (3, "github/repos", Denied),
        (4, "openai/models", Denied),
    ] {
        call(seq, capability, outcome);
    }
    let glob = |text: &str| Some(crate::spec::policy::Glob::parse(text).unwrap());
    let found = |query: Query| -> Vec<u64> {
        let query = Query { limit: 10, ..query };
        read(&folder.path(), &query).unwrap().entries.iter().map(|entry| entry.seq).collect()
    };
    assert_eq!(found(Query { capability: glob("openai/*"), ..Query::default() }), [4, 2, 1]);
    assert_eq!(found(Query { outcomes: vec![Denied], caller: glob("cli"), ..Query::default() }), [4, 2]);
    assert_eq!(found(Query { since_ms: Some(20), before_ms: Some(40), ..Query::default() }), [3, 2]);
    assert_eq!(found(Query { after_seq: 2, ..Query::default() }), [4, 3]);
    assert_eq!(
        found(Query {
            capability: glob("openai/*"),
            after_seq: 1,
            outcomes: vec![Allowed],
            ..Query::default()
        }),
        [0; 0]
    );
}
