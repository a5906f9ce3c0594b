//! Edits, deletions, swaps and replacements of the counters are noticed, and refuse.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use super::{MINUTE, NOW, Place, has_room, key, requests, rule};
use crate::meter::{Meter, MeterError, Use};
use crate::spec::policy::Per;

impl Place {
    fn sql(&self, statement: &str) {
        let connection = rusqlite::Connection::open(self.file()).unwrap();
        connection.execute_batch(statement).unwrap();
    }

    /// With two counters: 3 used of one, 1 of the other.
    fn with_counters() -> (Self, Meter) {
        let place = Self::new();
        let meter = place.begin();
        assert!(has_room(&meter, &requests(9, Per::Day), "a", 3, NOW));
        assert!(has_room(&meter, &requests(9, Per::Day), "b", 1, NOW));
        (place, meter)
    }
}

fn error(meter: &Meter) -> MeterError {
    let (rule, limit) = (rule("one"), requests(9, Per::Day));
    meter.charge(&[Use { rule: &rule, limit: &limit, by: "a", cost: Some(1) }], NOW).err().unwrap()
}

#[test]
fn an_edit_refuses_running_processes_and_new_ones() {
    for edit in [
        "UPDATE counter SET used = 0 WHERE used = 3",
        "UPDATE counter SET ends = ends - 1",
        "UPDATE counter SET largest = 7 WHERE used = 1",
        "DELETE FROM counter",
        "DELETE FROM counter WHERE used = 3",
        "DELETE FROM counter WHERE used = 3; UPDATE summary SET count = 1",
        "INSERT INTO counter VALUES (zeroblob(32), 0, 0, 0)",
        "UPDATE counter SET id = zeroblob(32) WHERE used = 3",
        "CREATE TEMP TABLE swap AS SELECT * FROM counter; UPDATE counter SET used = \
             (SELECT sum(used) FROM swap) - used",
        "UPDATE summary SET epoch = epoch + 1",
        "UPDATE summary SET latest = 0",
        "UPDATE summary SET seal = zeroblob(32)",
        "UPDATE summary SET seal = x''",
    ] {
        let (place, meter) = Place::with_counters();
        place.sql(edit);
        for _ in 0..2 {
            assert!(matches!(error(&meter), MeterError::Tampered { .. }), "{edit}");
        }
        assert!(matches!(place.open().err().unwrap(), MeterError::Tampered { .. }), "{edit}");
    }
}

#[test]
fn rows_that_no_program_writes_refuse() {
    for edit in ["DELETE FROM summary", "UPDATE counter SET id = x'00' WHERE used = 3"] {
        let (place, meter) = Place::with_counters();
        place.sql(edit);
        assert!(matches!(error(&meter), MeterError::Corrupt { .. }), "{edit}");
        assert!(matches!(place.open().err().unwrap(), MeterError::Corrupt { .. }), "{edit}");
    }
}

#[test]
fn planted_triggers_and_other_tables_refuse() {
    for planted in [
        "CREATE TRIGGER t AFTER UPDATE ON counter BEGIN DELETE FROM counter; END",
        "CREATE VIEW v AS SELECT 1",
        "DROP TABLE counter",
    ] {
        let (place, meter) = Place::with_counters();
        drop(meter);
        place.sql(planted);
        assert!(matches!(place.open().err().unwrap(), MeterError::Corrupt { .. }), "{planted}");
    }
}

#[test]
fn a_running_process_sees_that_the_file_was_set_back() {
    let (place, meter) = Place::with_counters();
    let old = rusqlite::Connection::open(place.file()).unwrap();
    let path = place.0.path().join("copy");
    old.execute("VACUUM INTO ?1", [path.to_str().unwrap()]).unwrap();
    assert!(has_room(&meter, &requests(9, Per::Day), "a", 2, NOW));
    let restore = format!(
        "ATTACH '{}' AS old; DELETE FROM counter; INSERT INTO counter SELECT * FROM old.counter; \
         DELETE FROM summary; INSERT INTO summary SELECT * FROM old.summary;",
        path.display()
    );
    old.execute_batch(&restore).unwrap();
    for _ in 0..2 {
        assert!(matches!(error(&meter), MeterError::SetBack { epoch: 2, seen: 3, .. }));
    }
    // Nobody else can know: this is what the module says it does not cover.
    place.open().unwrap();
}

#[test]
fn a_file_that_is_gone_or_another_refuses() {
    let (place, meter) = Place::with_counters();
    let aside = place.0.path().join("aside");
    fs::rename(place.file(), &aside).unwrap();
    assert!(matches!(error(&meter), MeterError::Missing { .. }));
    assert!(matches!(place.open().err().unwrap(), MeterError::Missing { .. }));
    fs::copy(&aside, place.file()).unwrap();
    assert!(matches!(error(&meter), MeterError::Replaced { .. }));
    fs::rename(&aside, place.file()).unwrap();
    assert!(has_room(&meter, &requests(9, Per::Day), "a", 1, NOW + MINUTE));
}

#[test]
fn an_empty_file_is_no_beginning() {
    let (place, meter) = Place::with_counters();
    drop(meter);
    fs::write(place.file(), b"").unwrap();
    for may_begin in [false, true] {
        let opened = Meter::open(place.0.path(), key(), may_begin);
        assert!(matches!(opened.err().unwrap(), MeterError::Corrupt { .. }));
    }
}

#[test]
fn the_counters_of_another_vault_are_not_these() {
    let (place, _meter) = Place::with_counters();
    let opened = Meter::open(place.0.path(), zeroize::Zeroizing::new([8; 32]), false);
    assert!(matches!(opened.err().unwrap(), MeterError::Tampered { .. }));
}

#[test]
fn what_is_open_to_others_is_not_used() {
    let (place, meter) = Place::with_counters();
    drop(meter);
    fs::set_permissions(place.file(), fs::Permissions::from_mode(0o640)).unwrap();
    assert!(matches!(place.open().err().unwrap(), MeterError::File(_)));
    fs::set_permissions(place.file(), fs::Permissions::from_mode(0o600)).unwrap();
    fs::set_permissions(place.0.path(), fs::Permissions::from_mode(0o770)).unwrap();
    assert!(matches!(place.open().err().unwrap(), MeterError::File(_)));
}
