//! The whole output in each format, held against what was looked at and kept.

use super::findings;
use crate::cli::arguments::ReportFormat;
use crate::cli::screen::{Paint, Screen};
use crate::spec::policy::compile_policy;
use crate::spec::{Code, Diagnostic, Finding, Place, Source};

const POLICY: &str = "policy: a\nversion: 1\nrules:\n  - { id: a, effect: forbid, why: w }\n";

fn found() -> Vec<Diagnostic> {
    let source = Source { name: "policies/a b.policy.yaml".to_owned(), text: POLICY.to_owned() };
    assert!(compile_policy(source.clone()).diagnostics.is_empty());
    let rule = Place::root().key("rules").index(0);
    let everything = Finding::new(Code::Everything, rule.clone(), "`a/a` is about everyone, 100%")
        .help("name `callers`: or say why");
    let unknown = Finding::new(Code::Unknown, rule.key("why"), "a \u{1b}[31m name");
    vec![everything.locate(&source), unknown.locate(&source)]
}

fn shown(format: ReportFormat) -> String {
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let paint = Paint::plain();
    let mut screen = Screen { out: &mut out, err: &mut err, paint, err_paint: paint, on_terminal: false };
    findings(&found(), format, &mut screen).unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn for_people() {
    assert_eq!(shown(ReportFormat::Pretty), include_str!("../../../../tests/golden/findings.txt"));
}

#[test]
fn for_scripts() {
    assert_eq!(shown(ReportFormat::Json), include_str!("../../../../tests/golden/findings.json"));
}

#[test]
fn for_scanners() {
    let shown = shown(ReportFormat::Sarif).replace(env!("CARGO_PKG_VERSION"), "VERSION");
    assert_eq!(shown, include_str!("../../../../tests/golden/findings.sarif"));
}

#[test]
fn for_code_hosts() {
    assert_eq!(shown(ReportFormat::Github), include_str!("../../../../tests/golden/findings.github"));
}
