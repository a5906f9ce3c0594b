//! Calls by capability and by day: numbers, and bars beside them where a person reads.

use std::collections::BTreeMap;
use std::io;

use serde::Serialize;

use super::table::Table;
use super::{counted, json, time};
use crate::cli::screen::Screen;
use crate::service::{AuditCalls, AuditStats};

/// As many columns as the longest bar takes.
const BAR: u64 = 24;
/// The capabilities that are shown; the rest are in the JSON.
const MOST_SHOWN: usize = 30;
const DAY_MS: u64 = 86_400_000;

/// The same for scripts: days are written as dates.
#[derive(Serialize)]
struct Shown<'a> {
    entries: u64,
    #[serde(flatten)]
    calls: AuditCalls,
    damaged: u64,
    capabilities: BTreeMap<&'a str, ShownCapability>,
    days: BTreeMap<String, AuditCalls>,
}

#[derive(Serialize)]
struct ShownCapability {
    #[serde(flatten)]
    calls: AuditCalls,
    days: BTreeMap<String, u64>,
}

pub(super) fn print(stats: &AuditStats, as_json: bool, screen: &mut Screen<'_>) -> io::Result<()> {
    if as_json {
        return json(&shown(stats), screen);
    }
    let AuditCalls { allowed, denied, failed } = stats.calls;
    let (entries, calls) = (counted(stats.entries, "event"), counted(allowed + denied, "call"));
    writeln!(screen.out, "{entries}; {calls}: {allowed} allowed, {denied} denied; {failed} failed.")?;
    if stats.calls == AuditCalls::default() {
        return Ok(());
    }
    writeln!(screen.out)?;
    let mut capabilities: Vec<_> = stats.capabilities.iter().collect();
    capabilities.sort_by_key(|(id, one)| (std::cmp::Reverse(decided(&one.calls)), *id));
    let rows = capabilities.iter().take(MOST_SHOWN).map(|(id, one)| ((*id).clone(), one.calls)).collect();
    chart(["CAPABILITY", "ALLOWED", "DENIED", "FAILED", ""], rows, screen)?;
    if capabilities.len() > MOST_SHOWN {
        writeln!(screen.out, "and {} more; see them all with --json", capabilities.len() - MOST_SHOWN)?;
    }
    writeln!(screen.out)?;
    let rows = stats.days.iter().map(|(day, calls)| (date(*day), *calls)).collect();
    chart(["DAY", "ALLOWED", "DENIED", "FAILED", ""], rows, screen)
}

fn chart(
    heading: [&'static str; 5],
    rows: Vec<(String, AuditCalls)>,
    screen: &mut Screen<'_>,
) -> io::Result<()> {
    let most = rows.iter().map(|(_, calls)| decided(calls)).max().unwrap_or(0);
    let mut table = Table::new(&heading);
    for (name, calls) in rows {
        // Bars are for people; what reads a pipe has the numbers.
        let bar = if screen.on_terminal { bar(&calls, most) } else { String::new() };
        let AuditCalls { allowed, denied, failed } = calls;
        table.row([name, allowed.to_string(), denied.to_string(), failed.to_string(), bar]);
    }
    table.print(screen.out, screen.paint)
}

/// What was allowed is full, what was denied is shaded; whatever was there at all is seen.
fn bar(calls: &AuditCalls, most: u64) -> String {
    let columns = |count: u64| (count * BAR).div_ceil(most.max(1)).min(BAR);
    let all = columns(decided(calls));
    let denied = columns(calls.denied).min(all);
    let full = if calls.allowed > 0 && denied == all { all - 1 } else { all - denied };
    let repeat = |character: &str, count: u64| character.repeat(usize::try_from(count).unwrap_or(0));
    repeat("█", full) + &repeat("░", all - full)
}

fn decided(calls: &AuditCalls) -> u64 {
    calls.allowed + calls.denied
}

fn date(day: u64) -> String {
    time::utc(day.saturating_mul(DAY_MS)).chars().take("2026-11-23".len()).collect()
}

fn shown(stats: &AuditStats) -> Shown<'_> {
    let capabilities = stats.capabilities.iter().map(|(id, one)| {
        let days = one.days.iter().map(|(day, count)| (date(*day), *count)).collect();
        (id.as_str(), ShownCapability { calls: one.calls, days })
    });
    Shown {
        entries: stats.entries,
        calls: stats.calls,
        damaged: stats.damaged,
        capabilities: capabilities.collect(),
        days: stats.days.iter().map(|(day, calls)| (date(*day), *calls)).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::render::testing::printed;
    use crate::cli::screen::Paint;
    use crate::service::AuditOfCapability;

    fn stats() -> AuditStats {
        let calls = |allowed, denied, failed| AuditCalls { allowed, denied, failed };
        let one = |calls| AuditOfCapability { calls, days: BTreeMap::from([(20_780, 4)]) };
        AuditStats {
            entries: 12,
            calls: calls(5, 1, 1),
            capabilities: BTreeMap::from([
                ("openai/\u{1b}[2J".to_owned(), one(calls(1, 1, 0))),
                ("openai/models".to_owned(), one(calls(4, 0, 1))),
            ]),
            days: BTreeMap::from([(20_780, calls(5, 1, 1))]),
            damaged: 0,
        }
    }

    #[test]
    fn a_pipe_gets_numbers_and_the_most_called_comes_first() {
        let expected = "\
12 events; 6 calls: 5 allowed, 1 denied; 1 failed.

CAPABILITY        ALLOWED  DENIED  FAILED
openai/models     4        0       1
openai/\\u{1b}[2J  1        1       0

DAY         ALLOWED  DENIED  FAILED
2026-11-23  5        1       1
";
        assert_eq!(printed(|screen| print(&stats(), false, screen)).0, expected);
        let nothing = printed(|screen| print(&AuditStats::default(), false, screen)).0;
        assert_eq!(nothing, "0 events; 0 calls: 0 allowed, 0 denied; 0 failed.\n");
    }

    #[test]
    fn a_terminal_gets_bars() {
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let paint = Paint::plain();
        let mut screen = Screen { out: &mut out, err: &mut err, paint, err_paint: paint, on_terminal: true };
        print(&stats(), false, &mut screen).unwrap();
        let text = String::from_utf8(out).unwrap();
        assert!(text.contains(&format!("1       {}", "█".repeat(24))), "{text}");
        assert!(text.contains(&format!("0       {}{}", "█".repeat(6), "░".repeat(6))), "{text}");
    }

    #[test]
    fn a_script_gets_dates() {
        let (out, _) = printed(|screen| print(&stats(), true, screen));
        let back: serde_json::Value = serde_json::from_str(&out).unwrap();
        assert_eq!(back["capabilities"]["openai/models"]["days"]["2026-11-23"], 4);
        assert_eq!((&back["days"]["2026-11-23"]["denied"], &back["allowed"]), (&1.into(), &5.into()));
    }
}
