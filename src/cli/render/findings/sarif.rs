//! Findings in the Static Analysis Results Interchange Format (SARIF) 2.1.0, an OASIS standard:
//! what code hosts and scanners' dashboards take in.

use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use serde::Serialize;

use crate::spec::{Code, Diagnostic};

/// What cannot stand in a relative reference (RFC 3986, section 4.2).
const NOT_IN_PATHS: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'%')
    .add(b'<')
    .add(b'>')
    .add(b'?')
    .add(b':')
    .add(b'\\')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}')
    .add(b'[')
    .add(b']');

#[derive(Serialize)]
pub(super) struct Log<'a> {
    #[serde(rename = "$schema")]
    schema: &'static str,
    version: &'static str,
    runs: [Run<'a>; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Run<'a> {
    tool: Tool,
    column_kind: &'static str,
    results: Vec<Outcome<'a>>,
}

#[derive(Serialize)]
struct Tool {
    driver: Driver,
}

#[derive(Serialize)]
struct Driver {
    name: &'static str,
    version: &'static str,
    rules: Vec<Rule>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Rule {
    id: &'static str,
    short_description: Message<'static>,
    default_configuration: Configuration,
}

#[derive(Serialize)]
struct Configuration {
    level: &'static str,
}

#[derive(Serialize)]
struct Message<'a> {
    text: std::borrow::Cow<'a, str>,
}

/// A result, as the standard calls a finding.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Outcome<'a> {
    rule_id: &'static str,
    rule_index: usize,
    level: &'static str,
    message: Message<'a>,
    locations: [Location; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Location {
    physical_location: PhysicalLocation,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PhysicalLocation {
    artifact_location: Artifact,
    region: Region,
}

#[derive(Serialize)]
struct Artifact {
    uri: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Region {
    start_line: usize,
    start_column: usize,
}

impl<'a> Log<'a> {
    pub(super) fn of(found: &'a [Diagnostic]) -> Self {
        let mut codes: Vec<Code> = found.iter().map(|one| one.finding.code).collect();
        codes.sort();
        codes.dedup();
        let driver = Driver {
            name: "aivault",
            version: env!("CARGO_PKG_VERSION"),
            rules: codes.iter().map(|code| rule(*code)).collect(),
        };
        let results = found.iter().map(|one| outcome(one, &codes)).collect();
        Self {
            schema: "https://json.schemastore.org/sarif-2.1.0.json",
            version: "2.1.0",
            runs: [Run { tool: Tool { driver }, column_kind: "unicodeCodePoints", results }],
        }
    }
}

fn rule(code: Code) -> Rule {
    Rule {
        id: code.as_str(),
        short_description: Message { text: code.title().into() },
        default_configuration: Configuration { level: code.severity().as_str() },
    }
}

fn outcome<'a>(one: &'a Diagnostic, codes: &[Code]) -> Outcome<'a> {
    let (code, message) = (one.finding.code, one.finding.message.as_str());
    let text = match &one.finding.help {
        Some(help) => format!("{message} ({help})").into(),
        None => message.into(),
    };
    let uri = utf8_percent_encode(one.file(), NOT_IN_PATHS).to_string();
    let region = Region { start_line: one.line, start_column: one.column };
    let physical_location = PhysicalLocation { artifact_location: Artifact { uri }, region };
    Outcome {
        rule_id: code.as_str(),
        rule_index: codes.iter().position(|other| *other == code).unwrap_or(0),
        level: code.severity().as_str(),
        message: Message { text },
        locations: [Location { physical_location }],
    }
}
