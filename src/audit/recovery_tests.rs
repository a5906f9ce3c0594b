//! What a crash leaves: mended and told when it can only be a crash, an error otherwise.
#![allow(clippy::disallowed_methods, reason = "tests look at the files and change them as a crash would")]

use std::fs;

use super::error::Problem;
use super::event::{Action, Event};
use super::head::Position;
use super::query::Query;
use super::read::read;
use super::test_folder::{Folder, broken, event};

fn last_entry(folder: &Folder) -> Event {
    let query = Query { limit: 1, ..Query::default() };
    read(&folder.path(), &query).unwrap().entries.remove(0).event
}

/// A log of `synced` entries on the disk and `count` written, on a machine that was then started again.
fn after_a_restart(synced: u64, count: u64) -> Folder {
    let folder = Folder::with(synced);
    folder.fill(&folder.open(), synced + 1, count);
    folder.restart_machine();
    folder
}

#[test]
fn a_line_without_its_head_is_kept() {
    let folder = Folder::with(3);
    let head = folder.bytes("head");
    folder.fill(&folder.open(), 4, 5);
    folder.set_bytes("head", &head);
    let report = folder.verify().unwrap();
    assert_eq!((report.events, report.head_seq), (5, 3));
    folder.fill(&folder.open(), 6, 6);
    let report = folder.verify().unwrap();
    assert_eq!((report.events, report.head_seq, report.repairs), (6, 6, vec![]));
}

#[test]
fn half_a_line_is_cut_and_told_whatever_its_length() {
    let whole = Folder::with(4).lines();
    for length in 1..whole[3].len() {
        let folder = Folder::with(3);
        folder.set_log_bytes(&[&whole[..3].concat()[..], &whole[3][..length]].concat());
        let report = folder.verify().unwrap();
        assert!(report.unfinished && report.events == 3);
        let log = folder.open();
        let note = last_entry(&folder);
        assert_eq!((note.action, note.reason.as_deref()), (Action::AuditRepair, Some("unfinished-entry")));
        folder.fill(&log, 5, 5);
        let report = folder.verify().unwrap();
        assert_eq!((report.events, report.repairs, report.unfinished), (5, vec![4], false));
    }
}

#[test]
fn a_process_that_is_running_mends_what_another_left() {
    let folder = Folder::with(3);
    let log = folder.open();
    folder.set_log_bytes(&[&folder.log_bytes()[..], b"{\"seq\":4,\"ts"].concat());
    assert_eq!(log.append(&event(5)).unwrap(), 5);
    assert_eq!(folder.verify().unwrap().repairs, [4]);
}

#[test]
fn half_a_line_that_was_whole_is_no_crash() {
    let folder = Folder::with(3);
    let log = folder.open();
    let bytes = folder.log_bytes();
    for cut in 1..folder.lines()[2].len() {
        folder.set_log_bytes(&bytes[..bytes.len() - cut]);
        assert_eq!(broken(log.append(&event(4))).problem, Problem::Truncated { written: 3 });
        assert_eq!(broken(folder.try_open()).problem, Problem::Truncated { written: 3 });
        assert_eq!(folder.log_bytes().len(), bytes.len() - cut, "evidence is left alone");
    }
}

#[test]
fn a_beginning_can_end_after_each_step() {
    let genesis = {
        let folder = Folder::new();
        folder.open();
        folder.bytes("head")
    };
    for head in [None, Some(&b""[..]), Some(&[0; 180][..]), Some(&genesis[..])] {
        let folder = Folder::new();
        fs::create_dir(folder.path()).unwrap();
        if let Some(head) = head {
            drop(folder.open());
            fs::remove_file(folder.file("log-000001.jsonl")).unwrap();
            folder.set_bytes("head", head);
        }
        folder.fill(&folder.open(), 1, 2);
        assert_eq!(folder.verify().unwrap().events, 2);
    }
}

#[test]
fn a_log_file_without_a_head_is_no_beginning() {
    for head in [None, Some(&b""[..]), Some(&[0; 180][..])] {
        for count in [0, 2] {
            let folder = Folder::with(count);
            match head {
                None => fs::remove_file(folder.file("head")).unwrap(),
                Some(head) => folder.set_bytes("head", head),
            }
            assert_eq!(broken(folder.try_open()).problem, Problem::HeadMissing);
            assert_eq!(broken(folder.verify()).problem, Problem::HeadMissing);
        }
    }
}

#[test]
fn a_change_of_file_can_end_after_each_step() {
    // The next file was made, but the head does not name it yet.
    let folder = Folder::with(3);
    drop(folder.open_small());
    fs::copy(folder.file("head"), folder.file("log-000002.jsonl")).unwrap();
    folder.set_bytes("log-000002.jsonl", b"");
    assert_eq!(folder.verify().unwrap().files, 1);
    folder.fill(&folder.open_small(), 4, 6);
    assert_eq!(folder.verify().unwrap().files, 2);

    // The head names it, but no line has come there.
    let folder = Folder::with(3);
    folder.change_head(|head| {
        head.written = Position { file: 2, end: 0, link: head.written.link };
        head.synced = head.written;
    });
    let log = folder.open();
    assert_eq!(folder.verify().unwrap().files, 2);
    folder.fill(&log, 4, 6);
    assert_eq!((folder.verify().unwrap().events, folder.lines().len()), (6, 3));
}

#[test]
fn a_machine_that_went_down_may_lose_what_was_not_synced() {
    let bytes = after_a_restart(3, 6).log_bytes();
    let line_ends: Vec<usize> = (0..bytes.len()).filter(|&at| bytes[at] == b'\n').map(|at| at + 1).collect();
    for length in line_ends[2]..bytes.len() {
        let folder = after_a_restart(3, 6);
        folder.set_log_bytes(&bytes[..length]);
        let kept = line_ends.iter().filter(|&&end| end <= length).count() as u64;
        // A reader cannot tell; a writer can, and says so.
        assert_eq!(broken(folder.verify()).problem, Problem::Truncated { written: 6 });
        let log = folder.open();
        let note = last_entry(&folder);
        assert_eq!(note.reason.as_deref(), Some("entries-lost"));
        assert!(note.detail.unwrap().starts_with(&format!("{} entries after {kept} ", 6 - kept)));
        folder.fill(&log, kept + 2, kept + 3);
        assert_eq!(folder.verify().unwrap().repairs, [kept + 1]);
    }
}

#[test]
fn blocks_that_never_reached_the_disk_read_as_zeros() {
    for (from, to) in [(0, 10), (5, 400), (100, 101)] {
        let folder = after_a_restart(3, 6);
        let mut bytes = folder.log_bytes();
        let synced = folder.lines()[..3].concat().len();
        let to = (synced + to).min(bytes.len());
        bytes[synced + from..to].fill(0);
        folder.set_log_bytes(&bytes);
        folder.open();
        assert_eq!(folder.verify().unwrap().repairs, [4]);
    }
}

#[test]
fn zeros_on_a_machine_that_stayed_up_are_no_crash() {
    let folder = Folder::with(3);
    let log = folder.open();
    folder.fill(&log, 4, 6);
    let mut bytes = folder.log_bytes();
    let synced = folder.lines()[..3].concat().len();
    bytes[synced + 5..synced + 40].fill(0);
    folder.set_log_bytes(&bytes);
    assert_eq!(broken(folder.verify()).line, 4);
    drop(log);
    // Whoever opens the log again trusts what the head says was written; its lines are for `verify`.
    bytes.extend_from_slice(&[0; 50]);
    bytes.push(b'\n');
    folder.set_log_bytes(&bytes);
    assert_eq!(broken(folder.try_open()).problem, Problem::Malformed);
}

#[test]
fn a_machine_that_went_down_excuses_nothing_else() {
    // What was synced is gone.
    let folder = after_a_restart(3, 6);
    folder.set_lines(&folder.lines()[..2]);
    assert_eq!(broken(folder.try_open()).problem, Problem::Truncated { written: 6 });

    // A line behind the last sync was edited.
    let folder = after_a_restart(3, 6);
    let mut lines = folder.lines();
    lines[4][20] ^= 1;
    folder.set_lines(&lines);
    let broken = broken(folder.try_open());
    assert_eq!((broken.line, broken.seq, broken.problem), (5, 5, Problem::Edited));

    // All is there: nothing to tell.
    let folder = after_a_restart(3, 6);
    let log = folder.open();
    assert!(log.dirty());
    log.sync().unwrap();
    assert!(folder.verify().unwrap().repairs.is_empty());
}
