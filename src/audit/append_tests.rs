//! Appending: alone, beside others, and where it is not possible.
#![allow(clippy::disallowed_methods, reason = "tests look at the files and change them from outside")]

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use crate::platform::append::AppendError;

use super::error::{AuditError, Problem};
use super::event::{Action, Event, Outcome};
use super::log::AuditLog;
use super::query::Query;
use super::read::read;
use super::test_folder::{Folder, broken, event, key};

fn all() -> Query {
    Query { limit: usize::MAX, ..Query::default() }
}

#[test]
fn entries_are_counted_from_one_and_go_on_after_reopening() {
    let folder = Folder::new();
    folder.fill(&folder.open(), 1, 3);
    folder.fill(&folder.open(), 4, 5);
    let report = folder.verify().unwrap();
    assert_eq!((report.events, report.head_seq, report.files), (5, 5, 1));
    assert_eq!((report.repairs, report.unfinished), (vec![], false));
}

#[test]
fn what_was_logged_is_read_newest_first() {
    let folder = Folder::with_files(40);
    assert!(folder.verify().unwrap().files > 5);
    let recent = read(&folder.path(), &all()).unwrap();
    let expected: Vec<(u64, Event)> = (1..=40).rev().map(|number| (number, event(number))).collect();
    assert!(recent.entries.into_iter().map(|entry| (entry.seq, entry.event)).eq(expected));
    let some = read(&folder.path(), &Query { limit: 7, before_ms: Some(21), ..Query::default() }).unwrap();
    let seqs: Vec<u64> = some.entries.iter().map(|entry| entry.seq).collect();
    assert_eq!(seqs, [20, 19, 18, 17, 16, 15, 14]);
    assert_eq!(read(&folder.path(), &Query::default()).unwrap().entries, []);
}

#[test]
fn a_damaged_line_is_told_and_hides_no_other() {
    let folder = Folder::with(5);
    let mut lines = folder.lines();
    let offset = (lines[0].len() + lines[1].len()) as u64;
    lines[2] = b"{}\n".to_vec();
    folder.set_lines(&lines);
    let recent = read(&folder.path(), &all()).unwrap();
    assert_eq!(recent.entries.iter().map(|entry| entry.seq).collect::<Vec<_>>(), [5, 4, 2, 1]);
    assert_eq!(recent.damaged.len(), 1);
    assert_eq!((recent.damaged[0].file.as_str(), recent.damaged[0].offset), ("log-000001.jsonl", offset));
}

#[test]
fn no_text_breaks_out_of_its_line() {
    let folder = Folder::new();
    let nasty = "a\nb\r\n\u{1b}[2J\u{9b}31m\u{7f}\u{202e}\"},{\"mac\":\"0\"}\n\0\u{2028}";
    let logged = Event {
        path: Some(nasty.into()),
        capability: Some(nasty.into()),
        detail: Some(r#"","action":"audit.repair""#.into()),
        ..Event::new(1, nasty, Action::Invoke, Outcome::Denied)
    };
    folder.open().append(&logged).unwrap();
    let bytes = folder.log_bytes();
    let (newline, line) = bytes.split_last().unwrap();
    assert_eq!(*newline, b'\n');
    assert!(line.iter().all(|byte| matches!(byte, b' '..=b'~')));
    assert!(folder.verify().unwrap().repairs.is_empty());
    assert_eq!(read(&folder.path(), &all()).unwrap().entries[0].event, logged);
}

#[test]
fn files_are_private() {
    let folder = Folder::with(1);
    for name in ["head", "log-000001.jsonl"] {
        assert_eq!(fs::metadata(folder.file(name)).unwrap().permissions().mode() & 0o777, 0o600, "{name}");
        fs::set_permissions(folder.file(name), fs::Permissions::from_mode(0o640)).unwrap();
        assert!(matches!(folder.try_open(), Err(AuditError::File(AppendError::File(_)))), "{name}");
        fs::set_permissions(folder.file(name), fs::Permissions::from_mode(0o600)).unwrap();
    }
    assert!(folder.try_open().is_ok());
}

#[test]
fn a_log_in_use_is_dirty_until_it_is_synced() {
    let folder = Folder::new();
    let (one, two) = (folder.open(), folder.open());
    assert!(!one.dirty());
    one.sync().unwrap();
    one.append(&event(1)).unwrap();
    assert!(one.dirty());
    one.sync().unwrap();
    assert!(!one.dirty());
    two.append(&event(2)).unwrap();
    drop(two);
    // What a process did not sync before it ended is for the next one to sync.
    assert!(folder.open().dirty());
    one.append(&event(3)).unwrap();
    one.sync().unwrap();
    assert!(!folder.open().dirty());
    assert_eq!(folder.verify().unwrap().events, 3);
}

#[test]
fn a_late_sync_does_not_take_back_a_later_one() {
    let folder = Folder::new();
    let (slow, quick) = (folder.open(), folder.open());
    slow.append(&event(1)).unwrap();
    quick.append(&event(2)).unwrap();
    quick.sync().unwrap();
    slow.sync().unwrap();
    assert!(!folder.open().dirty());
}

#[test]
fn handles_in_many_threads_lose_nothing() {
    let folder = Folder::new();
    std::thread::scope(|scope| {
        for thread in 0..8u64 {
            let log = if thread % 2 == 0 { folder.open() } else { folder.open_rotating_at(8 * 1024) };
            scope.spawn(move || append_fifty(&log, thread));
        }
    });
    every_entry_is_there_once(&folder, 8);
    assert!(folder.verify().unwrap().files > 3);
}

#[test]
fn one_handle_in_many_threads_loses_nothing() {
    let folder = Folder::new();
    let log = folder.open();
    std::thread::scope(|scope| {
        for thread in 0..8u64 {
            let log = &log;
            scope.spawn(move || append_fifty(log, thread));
        }
    });
    every_entry_is_there_once(&folder, 8);
}

#[test]
fn many_processes_lose_nothing() {
    let folder = Folder::new();
    folder.open();
    let children: Vec<Child> = (0..4).map(|_| child(folder.home(), "appends_fifty", "")).collect();
    for mut child in children {
        assert!(child.wait().unwrap().success());
    }
    let report = folder.verify().unwrap();
    assert_eq!((report.events, report.repairs), (200, vec![]));
}

/// The middle of whatever the child is at: between line and head, or within either.
#[test]
fn killed_processes_leave_a_log_that_holds() {
    let folder = Folder::new();
    let watcher = folder.open();
    for round in 1..=12 {
        let mut children = [(); 2].map(|()| child(folder.home(), "appends_for_ever", ""));
        let goal = fs::metadata(folder.file("log-000001.jsonl")).unwrap().len() + 20_000 * round;
        while fs::metadata(folder.file("log-000001.jsonl")).unwrap().len() < goal {
            std::thread::yield_now();
        }
        for child in &mut children {
            child.kill().unwrap();
            child.wait().unwrap();
        }
        let seq = watcher.append(&event(round)).unwrap();
        assert_eq!(folder.verify().unwrap().events, seq);
    }
}

#[test]
fn verification_beside_writers_finds_nothing_wrong() {
    let folder = Folder::new();
    let log = folder.open_small();
    std::thread::scope(|scope| {
        let writer = scope.spawn(|| folder.fill(&log, 1, 600));
        let mut last = 0;
        while !writer.is_finished() {
            let events = folder.verify().unwrap().events;
            assert!(events >= last);
            last = events;
            read(&folder.path(), &all()).unwrap();
        }
    });
    assert_eq!(folder.verify().unwrap().events, 600);
}

#[test]
fn a_full_disk_refuses_and_leaves_no_half_line() {
    let folder = Folder::new();
    folder.open();
    // 8 blocks of 512 bytes: the line that crosses the limit is written in part.
    let mut child = child(folder.home(), "meets_the_limit", "trap '' XFSZ; ulimit -f 8;");
    assert!(child.wait().unwrap().success());
    let before = folder.verify().unwrap();
    assert!(before.events > 5 && !before.unfinished);
    assert_eq!(folder.open().append(&event(1)).unwrap(), before.events + 1);
    assert!(folder.verify().unwrap().repairs.is_empty());
}

#[test]
fn nothing_is_logged_into_files_that_were_moved_away() {
    type Change = fn(&Folder);
    let changes: [(&str, Change); 4] = [
        ("folder moved", |folder| fs::rename(folder.path(), folder.home().join("elsewhere")).unwrap()),
        ("folder deleted", |folder| fs::remove_dir_all(folder.path()).unwrap()),
        ("log deleted", |folder| fs::remove_file(folder.file("log-000001.jsonl")).unwrap()),
        ("log replaced", |folder| {
            fs::copy(folder.file("log-000001.jsonl"), folder.file("copy")).unwrap();
            fs::rename(folder.file("copy"), folder.file("log-000001.jsonl")).unwrap();
        }),
    ];
    for (what, change) in changes {
        let folder = Folder::with(2);
        let log = folder.open();
        change(&folder);
        let refused = log.append(&event(3));
        assert!(
            matches!(refused, Err(AuditError::File(AppendError::Displaced { .. }))),
            "{what}: {refused:?}"
        );
    }
}

#[test]
fn places_that_cannot_be_a_log_are_refused() {
    let folder = Folder::new();
    fs::write(folder.path(), b"a file").unwrap();
    assert!(folder.try_open().is_err());
    assert_eq!(fs::read(folder.path()).unwrap(), b"a file");

    for name in ["head", "log-000001.jsonl"] {
        let folder = Folder::with(1);
        fs::rename(folder.file(name), folder.file("aside")).unwrap();
        symlink(folder.file("aside"), folder.file(name)).unwrap();
        assert!(matches!(folder.try_open(), Err(AuditError::File(_))), "{name} is a symlink");
        fs::remove_file(folder.file(name)).unwrap();
        fs::create_dir(folder.file(name)).unwrap();
        assert!(matches!(folder.try_open(), Err(AuditError::File(_))), "{name} is a folder");
    }
}

#[test]
fn a_log_that_must_be_there_is_not_begun() {
    let folder = Folder::new();
    let absent = |result| matches!(result, Err(AuditError::Absent { .. }));
    assert!(absent(AuditLog::open_existing(&folder.path(), key()).map(drop)));
    assert!(absent(folder.verify().map(drop)));
    assert!(absent(read(&folder.path(), &all()).map(drop)));
    assert!(!folder.path().exists());
    fs::create_dir(folder.path()).unwrap();
    assert!(absent(AuditLog::open_existing(&folder.path(), key()).map(drop)));
    assert!(absent(folder.verify().map(drop)));
    folder.open();
    assert!(AuditLog::open_existing(&folder.path(), key()).is_ok());
}

#[test]
fn a_folder_that_others_may_write_to_is_no_place_for_a_log() {
    let folder = Folder::with(1);
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o777)).unwrap();
    let refused = |result| matches!(result, Err(AuditError::Folder(_)));
    assert!(refused(AuditLog::open(&folder.path(), key()).map(drop)));
    assert!(refused(AuditLog::open_existing(&folder.path(), key()).map(drop)));
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o700)).unwrap();
    assert!(AuditLog::open_existing(&folder.path(), key()).is_ok());
}

#[test]
fn another_key_can_neither_write_nor_verify() {
    let folder = Folder::with(1);
    let other = || super::AuditKey::new([8; 32]);
    assert_eq!(broken(AuditLog::open(&folder.path(), other())).problem, Problem::HeadEdited);
    assert_eq!(broken(super::verify(&folder.path(), other(), None)).problem, Problem::HeadEdited);
}

fn append_fifty(log: &AuditLog, thread: u64) {
    for number in 0..50 {
        let seq = log.append(&event(thread * 1000 + number)).unwrap();
        let response = Event { decision: Some(seq), ..Event::new(1, "cli", Action::Response, Outcome::Ok) };
        assert!(log.append(&response).unwrap() > seq);
        if number % 20 == 0 {
            log.sync().unwrap();
        }
    }
}

fn every_entry_is_there_once(folder: &Folder, threads: u64) {
    assert_eq!(folder.verify().unwrap().events, threads * 100);
    let entries = read(&folder.path(), &all()).unwrap().entries;
    let decisions: BTreeSet<u64> =
        entries.iter().filter(|entry| entry.event.path.is_some()).map(|entry| entry.event.ts_ms).collect();
    let expected = (0..threads).flat_map(|thread| (0..50).map(move |number| thread * 1000 + number));
    assert!(decisions.into_iter().eq(expected));
    assert_eq!(entries.len() as u64, threads * 100);
}

/// Runs one of the tests below in a process of its own, in the folder `home`.
fn child(home: &Path, test: &str, before: &str) -> Child {
    let program = std::env::current_exe().unwrap();
    let script = format!("{before} exec \"$0\" --quiet --exact --ignored audit::append_tests::{test}");
    let mut command = Command::new("sh");
    command.arg("-c").arg(script).arg(program).current_dir(home).stdout(Stdio::null());
    command.spawn().unwrap()
}

fn log_here() -> AuditLog {
    AuditLog::open_existing(Path::new("audit"), key()).unwrap()
}

#[test]
#[ignore = "a part of many_processes_lose_nothing"]
fn appends_fifty() {
    let log = log_here();
    for number in 0..50 {
        log.append(&event(number)).unwrap();
    }
    log.sync().unwrap();
}

#[test]
#[ignore = "a part of killed_processes_leave_a_log_that_holds"]
fn appends_for_ever() {
    let log = log_here();
    loop {
        log.append(&event(1)).unwrap();
    }
}

#[test]
#[ignore = "a part of a_full_disk_refuses_and_leaves_no_half_line"]
fn meets_the_limit() {
    let log = log_here();
    let refused = loop {
        if let Err(error) = log.append(&event(1)) {
            break error;
        }
    };
    assert!(matches!(refused, AuditError::File(AppendError::Short { .. })), "{refused}");
    assert!(log.append(&event(1)).is_err());
}
