//! One attack: the row that it belongs to, how it is spelled, and what it does.

use std::fmt;

use aivault::service::Call;

pub use crate::support::socket::call;

/// One spelling of one row.
#[derive(Debug, Clone)]
pub struct Case<T> {
    pub row: &'static str,
    pub spelling: String,
    pub attack: T,
}

impl<T> Case<T> {
    pub fn new(row: &'static str, spelling: impl Into<String>, attack: T) -> Self {
        Self { row, spelling: spelling.into(), attack }
    }

    pub fn name(&self) -> Name {
        Name { row: self.row, spelling: self.spelling.clone() }
    }
}

/// What a failure names.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Name {
    pub row: &'static str,
    pub spelling: String,
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown: String = self.spelling.escape_debug().take(120).collect();
        write!(f, "{} \"{shown}\"", self.row)
    }
}

pub fn names<T>(cases: &[Case<T>]) -> Vec<Name> {
    cases.iter().map(Case::name).collect()
}

/// A call that must be refused.
#[derive(Debug, Clone)]
pub struct Refused {
    pub call: Call,
    pub body: Vec<u8>,
    pub reason: &'static str,
}

/// A case of a call without a body.
pub fn refused(row: &'static str, spelling: &str, call: Call, reason: &'static str) -> Case<Refused> {
    Case::new(row, spelling, Refused { call, body: Vec::new(), reason })
}

/// A case of a call with one.
pub fn refused_with(
    row: &'static str,
    spelling: &str,
    mut call: Call,
    body: impl Into<Vec<u8>>,
    reason: &'static str,
) -> Case<Refused> {
    call.has_body = true;
    Case::new(row, spelling, Refused { call, body: body.into(), reason })
}

/// What did not hold, all of it: one attack that succeeds must not hide another.
#[derive(Default)]
pub struct Findings(Vec<String>);

impl Findings {
    pub fn hold(&mut self, holds: bool, name: &Name, seen: impl FnOnce() -> String) {
        if !holds {
            self.0.push(format!("{name}: {}", seen()));
        }
    }

    #[track_caller]
    pub fn end(self) {
        assert!(
            self.0.is_empty(),
            "{} attacks did not go as they must:\n{}",
            self.0.len(),
            self.0.join("\n")
        );
    }
}

/// Makes each attack by itself, and tells of all that did not go as it must.
#[track_caller]
pub fn make_each(cases: Vec<Case<fn()>>) {
    let mut findings = Findings::default();
    for case in cases {
        let name = case.name();
        let made = std::thread::Builder::new().name(name.to_string()).spawn(case.attack).unwrap().join();
        findings.hold(made.is_ok(), &name, || "see above".to_owned());
    }
    findings.end();
}
