//! That every row has a case, or a reason why it waits.

use std::collections::BTreeMap;

use crate::case::Name;

/// Groups and how many rows each has.
const GROUPS: [(char, usize); 8] =
    [('A', 15), ('B', 8), ('C', 8), ('D', 5), ('E', 10), ('F', 6), ('G', 8), ('H', 5)];

/// Rows whose doors are not built yet.
const WAITING: &[(&str, &str)] = &[];

/// Rows that have cases, and a part that waits for what is not built yet.
const IN_PART: &[(&str, &str)] = &[
    ("A15", "MCP is a further door"),
    ("B6", "which scopes a caller may name is for tokens to say"),
    ("D3", "the child of `run`"),
];

fn all() -> Vec<Name> {
    [
        crate::a_paths::names(),
        crate::a_twisted::names(),
        crate::a_methods::names(),
        crate::a_forms::names(),
        crate::a_bodies::names(),
        crate::a_fields::names(),
        crate::sent::names(),
        crate::b_headers::names(),
        crate::b_framing::names(),
        crate::b_claims::names(),
        crate::b_listener::names(),
        crate::b_pages::names(),
        crate::b_websocket::names(),
        crate::c_operators::names(),
        crate::c_addresses::names(),
        crate::c_redirects::names(),
        crate::c_environment::names(),
        crate::c_files::names(),
        crate::c_templates::names(),
        crate::c_test_vault::names(),
        crate::d_echoes::names(),
        crate::d_frames::names(),
        crate::d_headers::names(),
        crate::d_words::names(),
        crate::d_honest::names(),
        crate::d_screens::names(),
        crate::e_records::names(),
        crate::e_remains::names(),
        crate::e_at_once::names(),
        crate::f_log::names(),
        crate::g_load::names(),
        crate::g_sockets::names(),
        crate::g_gone::names(),
        crate::g_versions::names(),
        crate::g_crashes::names(),
        crate::g_operators::names(),
        crate::g_tokens::names(),
        crate::g_limits::names(),
        crate::h_certificates::names(),
        crate::h_login::names(),
        crate::h_signing::names(),
        crate::h_tokens::names(),
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
    assert!(counts.values().sum::<usize>() >= 200, "{counts:?}");
    for row in &rows {
        let waits = WAITING.iter().any(|(waiting, _)| waiting == row);
        assert!(waits != counts.contains_key(row.as_str()), "{row} has either a case or a reason to wait");
    }
    assert!(IN_PART.iter().all(|(row, _)| counts.contains_key(row)), "{counts:?}");
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
