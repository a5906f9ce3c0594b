//! Results for a person: what failed, expected against got, and how many passed.

use std::io;

use super::study;
use crate::cli::escape;
use crate::cli::screen::{Paint, Screen};
use crate::service::suite::{CaseReport, Change, Failure, FileReport, SuiteReport};

/// Unchanged lines that are shown around a change.
const CONTEXT: usize = 2;

pub(super) fn report(report: &SuiteReport, verbose: bool, screen: &mut Screen<'_>) -> io::Result<()> {
    for file in &report.files {
        self::file(file, verbose, screen)?;
    }
    let paint = screen.paint;
    for missing in &report.missing {
        writeln!(screen.out, "{} {}", paint.red("missing:"), escape::line(missing))?;
    }
    let failed = report.failed();
    let summary = format!("{} passed, {failed} failed", report.passed());
    let summary = if failed == 0 { paint.green(summary) } else { paint.red(summary) };
    writeln!(screen.out, "{summary}")?;
    report.coverage.as_ref().map_or(Ok(()), |seen| study::print_coverage(seen, screen))
}

fn file(file: &FileReport, verbose: bool, screen: &mut Screen<'_>) -> io::Result<()> {
    let paint = screen.paint;
    let path = escape::line(&file.path);
    if verbose {
        writeln!(screen.out, "{}: {}", paint.bold(&path), escape::line(&file.suite))?;
    }
    for case in &file.cases {
        if !case.failures.is_empty() {
            failing(&path, case, screen)?;
        } else if verbose {
            passing(case, screen)?;
        }
    }
    for name in &file.stale {
        let name = escape::line(name);
        writeln!(
            screen.out,
            "{} {path}: the golden file has `{name}`, the test file does not",
            paint.red("FAIL")
        )?;
        writeln!(screen.out, "     run with --bless to drop it")?;
    }
    if file.blessed {
        writeln!(screen.out, "blessed {path}")?;
    }
    if file.refused {
        writeln!(screen.out, "not blessed: results of {path} contradict what is expected")?;
    }
    Ok(())
}

fn passing(case: &CaseReport, screen: &mut Screen<'_>) -> io::Result<()> {
    let paint = screen.paint;
    let verdict = format!("{} {}", case.record.decision.as_str(), case.record.reason);
    writeln!(screen.out, "  {} {}  {}", paint.green("ok"), escape::line(&case.name), paint.dim(verdict))?;
    match &case.message {
        Some(message) => writeln!(screen.out, "       {}", paint.dim(escape::line(message))),
        None => Ok(()),
    }
}

fn failing(path: &str, case: &CaseReport, screen: &mut Screen<'_>) -> io::Result<()> {
    let paint = screen.paint;
    let place = case.at.map_or_else(String::new, |(line, column)| format!(":{line}:{column}"));
    writeln!(screen.out, "{} {path}{place}: {}", paint.red("FAIL"), escape::line(&case.name))?;
    for failure in &case.failures {
        match failure {
            Failure::Decision { expected, got } => {
                against("decision", expected.as_str(), got.as_str(), screen)?;
            }
            Failure::Reason { expected, got } => against("reason", expected, got, screen)?,
            Failure::Rules { expected, got } => against("rules", &list(expected), &list(got), screen)?,
            Failure::Unrecorded => {
                writeln!(screen.out, "     it is not in the golden file; run with --bless to record it")?;
            }
            Failure::Recorded { changes } => differences(changes, screen)?,
        }
    }
    if let Some(message) = case.message.as_ref().filter(|_| case.failures.iter().any(Failure::contradicts)) {
        writeln!(screen.out, "     {}", escape::line(message))?;
    }
    writeln!(screen.out)
}

fn against(what: &str, expected: &str, got: &str, screen: &mut Screen<'_>) -> io::Result<()> {
    let paint = screen.paint;
    let (expected, got) = (escape::line(expected), escape::line(got));
    writeln!(screen.out, "     {what}: expected {}, got {}", paint.green(expected), paint.red(got))
}

fn list(names: &[String]) -> String {
    if names.is_empty() { "none".to_owned() } else { names.join(" ") }
}

fn differences(changes: &[Change], screen: &mut Screen<'_>) -> io::Result<()> {
    writeln!(screen.out, "     {}", screen.paint.dim("--- golden  +++ now"))?;
    let changed: Vec<usize> =
        (0..changes.len()).filter(|index| !matches!(changes[*index], Change::Same(_))).collect();
    for (index, change) in changes.iter().enumerate() {
        if changed.iter().any(|other| other.abs_diff(index) <= CONTEXT) {
            writeln!(screen.out, "     {}", line(change, screen.paint))?;
        }
    }
    Ok(())
}

fn line(change: &Change, paint: Paint) -> String {
    match change {
        Change::Same(text) => format!("  {}", escape::line(text)),
        Change::Gone(text) => paint.red(format!("- {}", escape::line(text))).to_string(),
        Change::New(text) => paint.green(format!("+ {}", escape::line(text))).to_string(),
    }
}
