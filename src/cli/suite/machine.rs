//! Results for programs: JSON, JUnit's XML, GitHub's annotations, and TAP 14.

use std::fmt::Write as _;
use std::io::{self, Write};

use serde::Serialize;

use crate::service::suite::{CaseReport, Change, Coverage, DecisionName, Failure, FileReport, SuiteReport};

#[derive(Serialize)]
struct Report<'a> {
    passed: usize,
    failed: usize,
    files: Vec<File<'a>>,
    missing: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    coverage: Option<Covered<'a>>,
}

#[derive(Serialize)]
struct Covered<'a> {
    seen: usize,
    of: usize,
    percent: usize,
    #[serde(flatten)]
    coverage: &'a Coverage,
}

impl<'a> Covered<'a> {
    fn new(coverage: &'a Coverage) -> Self {
        let (seen, of) = coverage.counts();
        Self { seen, of, percent: coverage.percent(), coverage }
    }
}

#[derive(Serialize)]
struct File<'a> {
    path: &'a str,
    suite: &'a str,
    cases: Vec<Case<'a>>,
    stale: &'a [String],
    blessed: bool,
}

#[derive(Serialize)]
struct Case<'a> {
    name: &'a str,
    passed: bool,
    decision: DecisionName,
    reason: &'a str,
    rules: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<usize>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    failures: Vec<String>,
}

pub(super) fn json(report: &SuiteReport, out: &mut dyn Write) -> io::Result<()> {
    let files = report.files.iter().map(|file| File {
        path: &file.path,
        suite: &file.suite,
        cases: file.cases.iter().map(case).collect(),
        stale: &file.stale,
        blessed: file.blessed,
    });
    let report = Report {
        passed: report.passed(),
        failed: report.failed(),
        files: files.collect(),
        missing: &report.missing,
        coverage: report.coverage.as_ref().map(Covered::new),
    };
    serde_json::to_writer_pretty(&mut *out, &report)?;
    writeln!(out)
}

fn case(case: &CaseReport) -> Case<'_> {
    Case {
        name: &case.name,
        passed: case.failures.is_empty(),
        decision: case.record.decision,
        reason: &case.record.reason,
        rules: &case.record.rules,
        line: case.at.map(|(line, _)| line),
        failures: case.failures.iter().map(in_words).collect(),
    }
}

fn in_words(failure: &Failure) -> String {
    match failure {
        Failure::Decision { expected, got } => {
            format!("decision: expected {}, got {}", expected.as_str(), got.as_str())
        }
        Failure::Reason { expected, got } => format!("reason: expected {expected}, got {got}"),
        Failure::Rules { expected, got } => {
            format!("rules: expected [{}], got [{}]", expected.join(", "), got.join(", "))
        }
        Failure::Unrecorded => "it is not in the golden file; run with --bless to record it".to_owned(),
        Failure::Recorded { changes } => {
            let lines = changes.iter().filter_map(|change| match change {
                Change::Same(_) => None,
                Change::Gone(text) => Some(format!("-{text}")),
                Change::New(text) => Some(format!("+{text}")),
            });
            format!("it differs from the golden file:\n{}", lines.collect::<Vec<_>>().join("\n"))
        }
    }
}

fn failures(case: &CaseReport) -> String {
    case.failures.iter().map(in_words).collect::<Vec<_>>().join("\n")
}

/// What fails without being a case: leftovers of one file.
fn leftovers(file: &FileReport) -> impl Iterator<Item = String> {
    file.stale.iter().map(|name| format!("the golden file has `{name}`, the test file does not"))
}

pub(super) fn junit(report: &SuiteReport, out: &mut dyn Write) -> io::Result<()> {
    let (passed, failed) = (report.passed(), report.failed());
    writeln!(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>")?;
    writeln!(
        out,
        "<testsuites name=\"aivault policy test\" tests=\"{}\" failures=\"{failed}\">",
        passed + failed
    )?;
    for file in &report.files {
        let failing = file.cases.iter().filter(|case| !case.failures.is_empty()).count() + file.stale.len();
        let tests = file.cases.len() + file.stale.len();
        let (suite, path) = (xml(&file.suite), xml(&file.path));
        writeln!(
            out,
            "  <testsuite name=\"{suite}\" file=\"{path}\" tests=\"{tests}\" failures=\"{failing}\">"
        )?;
        for case in &file.cases {
            let failure = (!case.failures.is_empty()).then(|| failures(case));
            testcase(&case.name, &path, failure.as_deref(), out)?;
        }
        for leftover in leftovers(file) {
            testcase("golden file", &path, Some(&leftover), out)?;
        }
        writeln!(out, "  </testsuite>")?;
    }
    if !report.missing.is_empty() {
        let count = report.missing.len();
        writeln!(out, "  <testsuite name=\"required tests\" tests=\"{count}\" failures=\"{count}\">")?;
        for missing in &report.missing {
            testcase(missing, "required tests", Some(missing), out)?;
        }
        writeln!(out, "  </testsuite>")?;
    }
    writeln!(out, "</testsuites>")
}

fn testcase(name: &str, class: &str, failure: Option<&str>, out: &mut dyn Write) -> io::Result<()> {
    let name = xml(name);
    match failure {
        None => writeln!(out, "    <testcase name=\"{name}\" classname=\"{class}\"/>"),
        Some(failure) => {
            writeln!(out, "    <testcase name=\"{name}\" classname=\"{class}\">")?;
            writeln!(out, "      <failure>{}</failure>", xml(failure))?;
            writeln!(out, "    </testcase>")
        }
    }
}

/// XML 1.0 has no escape for most control characters, so they become the replacement character.
fn xml(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\n' | '\t' => escaped.push(character),
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => escaped.push('\u{fffd}'),
            c => escaped.push(c),
        }
    }
    escaped
}

/// Workflow commands, one for each failure.
pub(super) fn github(report: &SuiteReport, out: &mut dyn Write) -> io::Result<()> {
    for file in &report.files {
        let path = property(&file.path);
        for case in file.cases.iter().filter(|case| !case.failures.is_empty()) {
            let (line, column) = case.at.unwrap_or((1, 1));
            let (title, message) = (property(&case.name), data(&failures(case)));
            writeln!(out, "::error file={path},line={line},col={column},title={title}::{message}")?;
        }
        for leftover in leftovers(file) {
            writeln!(out, "::error file={path},title=golden file::{}", data(&leftover))?;
        }
    }
    for missing in &report.missing {
        writeln!(out, "::error title=required tests::{}", data(missing))?;
    }
    writeln!(out, "{} passed, {} failed", report.passed(), report.failed())
}

fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

pub(super) fn tap(report: &SuiteReport, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "TAP version 14\n1..{}", report.passed() + report.failed())?;
    let mut number = 0;
    let mut point = |name: &str, failure: Option<&str>, out: &mut dyn Write| {
        number += 1;
        let not = if failure.is_some() { "not " } else { "" };
        let name = name.replace('\\', "\\\\").replace('#', "\\#").replace(|c: char| c.is_control(), " ");
        writeln!(out, "{not}ok {number} - {name}")?;
        match failure {
            Some(failure) => write!(out, "{}", yaml_block(failure)),
            None => Ok(()),
        }
    };
    for file in &report.files {
        for case in &file.cases {
            let failure = (!case.failures.is_empty()).then(|| failures(case));
            point(&format!("{}: {}", file.suite, case.name), failure.as_deref(), out)?;
        }
        for leftover in leftovers(file) {
            point(&format!("{}: golden file", file.suite), Some(&leftover), out)?;
        }
    }
    for missing in &report.missing {
        point("required tests", Some(missing), out)?;
    }
    Ok(())
}

fn yaml_block(message: &str) -> String {
    let mut block = "  ---\n  message: |\n".to_owned();
    for line in message.lines() {
        // Writing to a text cannot fail.
        let _ = writeln!(block, "    {}", line.replace(|c: char| c.is_control(), " "));
    }
    block + "  ...\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_cannot_break_out_of_their_format() {
        assert_eq!(xml("a<b>&\"c\"\u{1b}"), "a&lt;b&gt;&amp;&quot;c&quot;\u{fffd}");
        assert_eq!(property("a:b,c\n%"), "a%3Ab%2Cc%0A%25");
        assert_eq!(yaml_block("one\ntwo"), "  ---\n  message: |\n    one\n    two\n  ...\n");
    }
}
