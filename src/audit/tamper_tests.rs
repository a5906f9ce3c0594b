//! Whoever can write the folder but has no key: each change is found, at its first line.
#![allow(clippy::disallowed_methods, reason = "tests change the files as an intruder would")]

use std::fs;

use super::error::{Broken, Problem};
use super::test_folder::{Folder, broken, event};

fn found(folder: &Folder) -> (u64, u64, Problem) {
    let Broken { file, line, seq, problem } = broken(folder.verify());
    assert_eq!(file, "log-000001.jsonl");
    (line, seq, problem)
}

#[test]
fn every_changed_byte_is_found_at_its_line() {
    let folder = Folder::with(6);
    let bytes = folder.log_bytes();
    let mut line = 1;
    for place in 0..bytes.len() {
        for flip in [0x01, 0x20, 0x80, bytes[place] ^ b'\n', bytes[place]] {
            let mut changed = bytes.clone();
            changed[place] ^= flip;
            if changed != bytes {
                folder.set_log_bytes(&changed);
                let (at, seq, _) = found(&folder);
                assert_eq!((at, seq), (line, line), "byte {place} ^ {flip:#x}");
            }
        }
        line += u64::from(bytes[place] == b'\n');
    }
}

#[test]
fn every_cut_is_found() {
    let folder = Folder::with(4);
    let bytes = folder.log_bytes();
    for length in 0..bytes.len() {
        folder.set_log_bytes(&bytes[..length]);
        let whole = bytes[..length].iter().filter(|&&byte| byte == b'\n').count() as u64;
        assert_eq!(found(&folder), (whole + 1, whole + 1, Problem::Truncated { written: 4 }));
    }
}

#[test]
fn every_inserted_or_deleted_byte_is_found_at_its_line() {
    let folder = Folder::with(3);
    let bytes = folder.log_bytes();
    let mut line = 1;
    for place in 0..bytes.len() {
        for insert in *b"\n x" {
            let mut changed = bytes.clone();
            changed.insert(place, insert);
            folder.set_log_bytes(&changed);
            // A second newline is a line of its own, behind a good one.
            let behind = u64::from(insert == b'\n' && bytes[place] == b'\n');
            assert_eq!(found(&folder).0, line + behind, "inserted at {place}");
        }
        let mut changed = bytes.clone();
        changed.remove(place);
        folder.set_log_bytes(&changed);
        assert_eq!(found(&folder).0, line, "deleted at {place}");
        line += u64::from(bytes[place] == b'\n');
    }
}

#[test]
fn lines_taken_out_moved_repeated_or_brought_in_are_named() {
    let folder = Folder::with(6);
    let good = folder.lines();
    let other = {
        let log = Folder::new();
        log.open().append(&event(77)).unwrap();
        log.fill(&log.open(), 2, 6);
        log.lines()
    };
    let check = |lines: &[&Vec<u8>], expected: (u64, Problem)| {
        folder.set_lines(&lines.iter().map(|line| (*line).clone()).collect::<Vec<_>>());
        let (line, seq, problem) = found(&folder);
        assert_eq!((line, seq, problem), (expected.0, expected.0, expected.1));
    };
    let [a, b, c, d, e, f] = &good[..] else { panic!("six lines") };
    check(&[b, c, d, e, f], (1, Problem::Deleted { next: 2 }));
    check(&[a, b, d, e, f], (3, Problem::Deleted { next: 4 }));
    check(&[a, b, f], (3, Problem::Deleted { next: 6 }));
    check(&[a, c, b, d, e, f], (2, Problem::Reordered { next: 3 }));
    check(&[f, b, c, d, e, a], (1, Problem::Reordered { next: 6 }));
    check(&[a, b, b, c, d, e, f], (3, Problem::Replayed { again: 2 }));
    check(&[a, b, c, d, e, f, a], (7, Problem::Replayed { again: 1 }));
    check(&[a, b, &other[2], d, e, f], (3, Problem::Edited));
    check(&[a, b, c, &other[3], e, f], (4, Problem::Edited));
    check(&[a, b, c, d, e], (6, Problem::Truncated { written: 6 }));
    check(&[], (1, Problem::Truncated { written: 6 }));
    // A whole other log of the same key, and a branch of it.
    check(&other.iter().collect::<Vec<_>>(), (6, Problem::Forked));
    // A line more, that no writer with the key wrote.
    let seventh = String::from_utf8(f.clone()).unwrap().replace("\"seq\":6", "\"seq\":7").into_bytes();
    check(&[a, b, c, d, e, f, &seventh], (7, Problem::Edited));
}

#[test]
fn every_changed_byte_of_the_head_is_found() {
    let folder = Folder::with(2);
    let head = folder.bytes("head");
    for place in 0..head.len() {
        let mut changed = head.clone();
        changed[place] ^= 1;
        folder.set_bytes("head", &changed);
        assert_eq!(broken(folder.verify()).problem, Problem::HeadEdited);
        assert_eq!(broken(folder.try_open()).problem, Problem::HeadEdited);
    }
    for short in 1..head.len() {
        folder.set_bytes("head", &head[..short]);
        assert_eq!(broken(folder.verify()).problem, Problem::HeadEdited);
    }
}

#[test]
fn an_older_copy_does_not_pass_for_the_log() {
    let folder = Folder::with(3);
    let old = (folder.log_bytes(), folder.bytes("head"));
    let running = folder.open();
    folder.fill(&running, 4, 6);

    // Without its head it is short.
    folder.set_log_bytes(&old.0);
    assert_eq!(found(&folder), (4, 4, Problem::Truncated { written: 6 }));
    assert_eq!(broken(folder.try_open()).problem, Problem::Truncated { written: 6 });

    // With its head it is consistent in itself, but not for who had the log open,
    folder.set_bytes("head", &old.1);
    assert_eq!(broken(running.append(&event(7))).problem, Problem::Forked);
    // also after others went on from there.
    folder.open().append(&event(77)).unwrap();
    folder.fill(&folder.open(), 5, 6);
    assert_eq!(broken(running.append(&event(7))).problem, Problem::Forked);
    folder.fill(&folder.open(), 7, 9);
    assert_eq!(broken(running.append(&event(7))).problem, Problem::Malformed);
}

#[test]
fn the_mac_of_the_last_entry_tells_an_older_copy_from_the_log() {
    let folder = Folder::with(3);
    let (log, head) = (folder.log_bytes(), folder.bytes("head"));
    folder.open().append(&event(4)).unwrap();
    let noted = folder.verify().unwrap();
    folder.set_log_bytes(&log);
    folder.set_bytes("head", &head);
    folder.open().append(&event(5)).unwrap();
    let now = folder.verify().unwrap();
    assert_eq!(now.events, noted.events);
    assert_ne!(now.last_mac, noted.last_mac);
}

#[test]
fn an_older_head_beside_a_longer_log_stops_who_had_it_open() {
    let folder = Folder::with(3);
    let head = folder.bytes("head");
    let running = folder.open();
    folder.fill(&running, 4, 6);
    folder.set_bytes("head", &head);
    assert_eq!(broken(running.append(&event(7))).problem, Problem::Forked);
    // To a new process it looks like a crash before the head was written; no entry is lost.
    assert_eq!(folder.open().append(&event(7)).unwrap(), 7);
    assert_eq!(folder.verify().unwrap().events, 7);
}

#[test]
fn an_edit_of_what_others_append_stops_the_next_writer() {
    let folder = Folder::with(3);
    let running = folder.open();
    folder.fill(&folder.open(), 4, 6);
    let mut lines = folder.lines();
    lines[4][20] ^= 1;
    folder.set_lines(&lines);
    let broken = broken(running.append(&event(7)));
    assert_eq!((broken.line, broken.seq, broken.problem), (5, 5, Problem::Edited));
}

#[test]
fn a_cut_of_what_others_append_stops_the_next_writer() {
    let folder = Folder::with(3);
    let running = folder.open();
    folder.fill(&folder.open(), 4, 6);
    let bytes = folder.log_bytes();
    let whole = folder.lines()[..4].concat().len();
    for length in [whole, whole + 10] {
        folder.set_log_bytes(&bytes[..length]);
        let broken = broken(running.append(&event(7)));
        assert_eq!((broken.line, broken.seq, broken.problem), (5, 5, Problem::Truncated { written: 6 }));
        assert_eq!(folder.log_bytes().len(), length, "evidence is left alone");
    }
}

#[test]
fn a_head_of_another_branch_stops_the_next_writer() {
    let folder = Folder::with(3);
    let running = folder.open();
    let (log, head) = (folder.log_bytes(), folder.bytes("head"));
    folder.open().append(&event(77)).unwrap();
    let other_head = folder.bytes("head");
    folder.set_log_bytes(&log);
    folder.set_bytes("head", &head);
    folder.fill(&folder.open(), 4, 4);
    folder.set_bytes("head", &other_head);
    assert_eq!(broken(running.append(&event(5))).problem, Problem::Forked);
    assert_eq!(broken(folder.verify()).problem, Problem::Forked);
}

#[test]
fn whole_files_are_checked_as_lines_are() {
    let missing = |folder: &Folder, name: &str| {
        let broken = broken(folder.verify());
        assert_eq!((broken.file.as_str(), broken.line, broken.problem), (name, 0, Problem::FileMissing));
    };
    for name in ["log-000001.jsonl", "log-000002.jsonl", "log-000003.jsonl"] {
        let folder = Folder::with_files(9);
        assert_eq!(folder.verify().unwrap().files, 3);
        fs::remove_file(folder.file(name)).unwrap();
        missing(&folder, name);
    }

    let folder = Folder::with_files(9);
    fs::remove_file(folder.file("log-000003.jsonl")).unwrap();
    assert_eq!(broken(folder.try_open()).problem, Problem::FileMissing);
    assert!(!folder.file("log-000003.jsonl").exists());

    let folder = Folder::with_files(9);
    let (one, two) = (folder.bytes("log-000001.jsonl"), folder.bytes("log-000002.jsonl"));
    folder.set_bytes("log-000001.jsonl", &two);
    folder.set_bytes("log-000002.jsonl", &one);
    assert!(matches!(found(&folder), (1, 1, Problem::Deleted { .. })));

    let folder = Folder::with_files(9);
    folder.set_bytes("log-000002.jsonl", b"");
    let broken_at = broken(folder.verify());
    assert_eq!((broken_at.file.as_str(), broken_at.line), ("log-000003.jsonl", 1));

    let folder = Folder::with_files(9);
    let half = [&folder.bytes("log-000001.jsonl")[..], b"{\"seq\""].concat();
    folder.set_bytes("log-000001.jsonl", &half);
    assert_eq!(found(&folder).2, Problem::Malformed);

    let folder = Folder::with_files(9);
    fs::copy(folder.file("log-000003.jsonl"), folder.file("log-000004.jsonl")).unwrap();
    for result in [folder.verify().map(drop), folder.try_open().map(drop)] {
        let broken = broken(result);
        assert_eq!((broken.file.as_str(), broken.problem), ("log-000004.jsonl", Problem::FileForeign));
    }
}

#[test]
fn an_error_says_where_and_what_to_do() {
    let folder = Folder::with(3);
    let mut lines = folder.lines();
    lines.remove(1);
    folder.set_lines(&lines);
    let error = folder.verify().unwrap_err();
    assert_eq!(
        error.to_string(),
        "the audit log is not as it was written: log-000001.jsonl:2: entry 2: it is missing: entry 3 stands in its place"
    );
    assert!(error.help().contains("backup"));
}
