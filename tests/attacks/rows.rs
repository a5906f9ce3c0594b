//! That every row has a case, or a reason why it waits.

use std::collections::BTreeMap;

use crate::case::Name;

/// Groups and how many rows each has.
const GROUPS: [(char, usize); 2] = [('A', 15), ('B', 8)];

/// Rows whose doors are not built yet.
const WAITING: &[(&str, &str)] = &[
    ("B7", "there is no listener on loopback: the daemon has unix sockets alone"),
    ("B8", "there is no WebSocket yet: an upgrade is refused like any other framing header, see B3"),
];

fn all() -> Vec<Name> {
    [
        crate::a_paths::names(),
        crate::a_twisted::names(),
        crate::a_methods::names(),
        crate::a_forms::names(),
        crate::a_bodies::names(),
        crate::sent::names(),
        crate::b_headers::names(),
        crate::b_framing::names(),
        crate::b_claims::names(),
    ]
    .concat()
}

#[test]
fn every_row_has_a_case_or_waits() {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for name in all() {
        *counts.entry(name.row).or_default() += 1;
    }
    let rows: Vec<String> =
        GROUPS.iter().flat_map(|(group, last)| (1..=*last).map(move |row| format!("{group}{row}"))).collect();
    for row in &rows {
        let waits = WAITING.iter().any(|(waiting, _)| waiting == row);
        assert!(waits != counts.contains_key(row.as_str()), "{row} has either a case or a reason to wait");
    }
    assert!(counts.keys().all(|row| rows.iter().any(|known| known == row)), "{counts:?}");
}

#[test]
fn no_case_stands_twice() {
    let mut names = all();
    names.sort();
    let before = names.len();
    names.dedup();
    assert_eq!(names.len(), before);
}
