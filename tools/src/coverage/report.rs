//! A coverage as people and scripts read it.

use std::fmt::Write as _;

use super::{Allowed, Coverage, Idle, Row};

pub(super) fn json(coverage: &Coverage) -> String {
    // Texts, numbers and lists under text keys: nothing that JSON cannot hold.
    serde_json::to_string_pretty(coverage).unwrap_or_default()
}

pub(super) fn text(coverage: &Coverage) -> String {
    let mut text = String::new();
    head(&mut text, coverage);
    rows(&mut text, "all operations", &coverage.all);
    rows(&mut text, "uncovered", &coverage.uncovered);
    rows(&mut text, "covered in part (patterns name some of the values)", &coverage.partly);
    rows(
        &mut text,
        "administrative, yet allowed by a capability that is not `risk: admin`",
        &coverage.administrative_allowed,
    );
    idle(&mut text, coverage);
    text
}

// Writing into a String cannot fail.
fn head(text: &mut String, coverage: &Coverage) {
    for one in &coverage.descriptions {
        let base = if one.base.is_empty() { "/" } else { &one.base };
        let _ = writeln!(text, "{}: {} ({} operations below {base})", one.file, one.title, one.operations);
    }
    for note in &coverage.notes {
        let _ = writeln!(text, "note: {note}");
    }
    let rest = coverage.operations - coverage.administrative;
    let _ = writeln!(text, "\n{:<16}{:>6}", "operations", coverage.operations);
    let _ = writeln!(text, "{:<16}{:>6}", "administrative", coverage.administrative);
    let _ = writeln!(
        text,
        "{:<16}{:>6} of {rest} ({:.1} %){}",
        "covered",
        coverage.covered,
        coverage.percent,
        risks(coverage)
    );
}

fn risks(coverage: &Coverage) -> String {
    let some = coverage.covered_by_risk.iter().filter(|(_, count)| *count > 0);
    let words: Vec<String> = some.map(|(risk, count)| format!("{} {count}", risk.as_str())).collect();
    if words.is_empty() { String::new() } else { format!(": {}", words.join(", ")) }
}

fn rows(text: &mut String, title: &str, rows: &[Row]) {
    if rows.is_empty() {
        return;
    }
    let _ = writeln!(text, "\n{title}: {}", rows.len());
    for row in rows {
        let _ = write!(text, "  {:<7}{}", row.method, row.path);
        if !row.allowed_by.is_empty() {
            let names: Vec<String> = row.allowed_by.iter().map(allowed).collect();
            let _ = write!(text, "  by {}", names.join(", "));
        }
        match row.administrative {
            Some(why) => writeln!(text, "  # {why}"),
            None if row.about.is_empty() => writeln!(text),
            None => writeln!(text, "  # {}", one_line(&row.about)),
        }
        .unwrap_or_default();
    }
}

fn allowed(one: &Allowed) -> String {
    let partly = if one.partly { ", in part" } else { "" };
    format!("{} ({}{partly})", one.capability, one.risk.as_str())
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(80).collect()
}

fn idle(text: &mut String, coverage: &Coverage) {
    let named = |one: &&Idle| coverage.whole || !one.partly;
    let (named, other): (Vec<&Idle>, Vec<&Idle>) = coverage.idle.iter().partition(named);
    if !named.is_empty() {
        let _ = writeln!(text, "\npatterns that match no operation: {}", named.len());
    }
    for one in named {
        let methods: Vec<&str> = one.methods.iter().map(|method| method.as_str()).collect();
        let partly = if one.partly { " (with other methods it does)" } else { "" };
        let _ = writeln!(text, "  {}: {} {}{partly}", one.capability, methods.join(","), one.path);
    }
    if !other.is_empty() {
        let _ = writeln!(
            text,
            "\n{} patterns match with some of their methods only; --all names them",
            other.len()
        );
    }
}
