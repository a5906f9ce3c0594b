//! Findings in files: for people, for scripts, for scanners and for code hosts.

mod github;
mod sarif;
#[cfg(test)]
mod tests;

use std::io;

use serde::Serialize;

use super::json;
use crate::cli::arguments::ReportFormat;
use crate::cli::escape;
use crate::cli::screen::Screen;
use crate::spec::{Diagnostic, Severity};

/// Prints what was found, nothing of it twice.
pub(in crate::cli) fn findings(
    found: &[Diagnostic],
    format: ReportFormat,
    screen: &mut Screen<'_>,
) -> io::Result<()> {
    match format {
        ReportFormat::Pretty => pretty(found, screen),
        ReportFormat::Json => json(&Report::of(found), screen),
        ReportFormat::Sarif => json(&sarif::Log::of(found), screen),
        ReportFormat::Github => {
            found.iter().try_for_each(|one| writeln!(screen.out, "{}", github::line(one)))
        }
    }
}

/// One finding, as a person reads it: escape sequences of the file itself do not reach the terminal.
pub(in crate::cli) fn pretty_one(one: &Diagnostic, coloured: bool) -> String {
    let plain = one.render(false);
    let safe = escape::block(&plain);
    if safe == plain && coloured { one.render(true) } else { safe.into_owned() }
}

fn pretty(found: &[Diagnostic], screen: &mut Screen<'_>) -> io::Result<()> {
    for one in found {
        writeln!(screen.out, "{}\n", pretty_one(one, screen.paint.is_on()))?;
    }
    let report = Report::of(found);
    match (report.errors, report.warnings) {
        (0, 0) => writeln!(screen.out, "{}", screen.paint.green("Nothing found.")),
        (errors, warnings) => {
            writeln!(screen.out, "{}, {}.", counted(errors, "error"), counted(warnings, "warning"))
        }
    }
}

fn counted(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

/// Findings as scripts read them.
#[derive(Serialize)]
struct Report<'a> {
    findings: Vec<Found<'a>>,
    errors: usize,
    warnings: usize,
}

#[derive(Serialize)]
struct Found<'a> {
    code: &'static str,
    severity: &'static str,
    file: &'a str,
    line: usize,
    column: usize,
    message: &'a str,
    help: Option<&'a str>,
}

impl<'a> Report<'a> {
    fn of(found: &'a [Diagnostic]) -> Self {
        let count = |wanted| found.iter().filter(|one| one.finding.code.severity() == wanted).count();
        let findings = found.iter().map(|one| Found {
            code: one.finding.code.as_str(),
            severity: one.finding.code.severity().as_str(),
            file: one.file(),
            line: one.line,
            column: one.column,
            message: &one.finding.message,
            help: one.finding.help.as_deref(),
        });
        Self {
            findings: findings.collect(),
            errors: count(Severity::Error),
            warnings: count(Severity::Warning),
        }
    }
}
