//! From a policy document as written to the rules as meant.
//!
//! Every text is parsed into the type that can only hold a well-formed one, and every mistake
//! of a file is named. What is well-formed but unwise is for the lint, which knows the
//! capabilities that a policy speaks of.

use std::collections::BTreeSet;
use std::fmt::Display;

use super::conditions::Words;
use super::document::{EffectName, LimitDocument, PolicyDocument, RedactDocument, RuleDocument};
use super::glob::Glob;
use super::model::{Cost, Effect, Limit, Policy, PolicyId, Redact, Rule, RuleId, Select, When};
use super::pointer::Pointer;
use super::time::Instant;
use crate::spec::code::Code;
use crate::spec::diagnostic::{Diagnostic, Finding, Place, Source};
use crate::spec::read;

/// The version of the language that is spoken here.
pub const VERSION: u64 = 1;
/// More rules than this in one file are refused.
const MAX_RULES: usize = 1000;
/// More alternatives under `any` than this are refused.
const MAX_ANY: usize = 32;

/// How long a request waits for a person where the rule does not say.
const WAIT_SECONDS: u64 = 300;
const MAX_WAIT_SECONDS: u64 = 3600;

/// A file, and what came of it: a policy, or the reasons why not.
pub struct CheckedPolicy {
    pub source: Source,
    pub policy: Option<Policy>,
    pub document: Option<PolicyDocument>,
    pub diagnostics: Vec<Diagnostic>,
}

/// Reads and checks one policy file.
#[must_use]
pub fn compile_policy(source: Source) -> CheckedPolicy {
    let mut checked = CheckedPolicy { source, policy: None, document: None, diagnostics: Vec::new() };
    let document = match read::document::<PolicyDocument>(&checked.source) {
        Ok(document) => document,
        Err(diagnostics) => return CheckedPolicy { diagnostics, ..checked },
    };
    let mut compiler = Compiler { findings: Vec::new() };
    let policy = compiler.policy(&document);
    let findings = compiler.findings.into_iter();
    checked.diagnostics = findings.map(|finding| finding.locate(&checked.source)).collect();
    checked.policy = policy.filter(|_| checked.diagnostics.is_empty());
    checked.document = Some(document);
    checked
}

/// Whom the rules of a document are about, though other parts of it may be malformed; none
/// where that cannot be told.
#[must_use]
pub fn selections(document: &PolicyDocument) -> Option<Vec<Select>> {
    let mut compiler = Compiler { findings: Vec::new() };
    let place = Place::root();
    let selects = document.rules.iter().map(|rule| compiler.select(&place, rule)).collect();
    compiler.findings.is_empty().then_some(selects)
}

pub(super) struct Compiler {
    pub(super) findings: Vec<Finding>,
}

impl Compiler {
    pub(super) fn report(&mut self, code: Code, place: Place, message: impl Into<String>) {
        self.findings.push(Finding::new(code, place, message));
    }

    pub(super) fn parsed<T, E: Display>(&mut self, place: Place, result: Result<T, E>) -> Option<T> {
        result.map_err(|error| self.report(Code::Malformed, place, error.to_string())).ok()
    }

    fn policy(&mut self, document: &PolicyDocument) -> Option<Policy> {
        let root = Place::root();
        let id = self.parsed(root.key("policy"), PolicyId::parse(&document.policy));
        if document.version != VERSION {
            let message = format!("version {} of the language is not known here", document.version);
            self.findings.push(
                Finding::new(Code::Version, root.key("version"), message)
                    .help("this program speaks version 1"),
            );
        }
        if document.rules.is_empty() || document.rules.len() > MAX_RULES {
            self.report(Code::Empty, root.key("rules"), format!("a policy has 1 to {MAX_RULES} rules"));
        }
        let id = id?;
        let mut seen = BTreeSet::new();
        let rules = document.rules.iter().enumerate().filter_map(|(position, rule)| {
            let place = root.key("rules").index(position);
            if !seen.insert(rule.id.as_str()) {
                let message = format!("the rule `{}` stands here a second time", rule.id);
                self.report(Code::DuplicateKey, place.key("id"), message);
            }
            self.rule(&place, &id, position, rule)
        });
        let rules = rules.collect();
        Some(Policy { id, rules })
    }

    fn rule(
        &mut self,
        place: &Place,
        policy: &PolicyId,
        position: usize,
        document: &RuleDocument,
    ) -> Option<Rule> {
        let id = self.parsed(place.key("id"), RuleId::parse(&format!("{policy}/{}", document.id)));
        let why = document.why.trim();
        if why.is_empty() || why.chars().count() > 300 || why.chars().any(|c| c.is_control() && c != '\n') {
            self.report(Code::Empty, place.key("why"), "say why in 1 to 300 characters");
        }
        self.refuse_foreign_keys(place, document);
        let effect = self.effect(place, document);
        let select = self.select(place, document);
        let any = self.any(place, document);
        let wait_seconds = document.wait_seconds.unwrap_or(WAIT_SECONDS);
        if !(1..=MAX_WAIT_SECONDS).contains(&wait_seconds) {
            let message = format!("a request waits for 1 to {MAX_WAIT_SECONDS} seconds");
            self.report(Code::WrongValue, place.key("wait_seconds"), message);
        }
        let (why, shadow, says_any) = (why.to_owned(), document.shadow, document.any.is_some());
        Some(Rule { id: id?, position, why, effect: effect?, shadow, select, any, says_any, wait_seconds })
    }

    /// Keys that stand in every rule's document and mean something for some effects only.
    fn refuse_foreign_keys(&mut self, place: &Place, document: &RuleDocument) {
        let keys = [
            ("limit", document.limit.is_some(), EffectName::Limit),
            ("redact", document.redact.is_some(), EffectName::Redact),
            ("show", document.show.is_some(), EffectName::Approve),
            ("wait_seconds", document.wait_seconds.is_some(), EffectName::Approve),
        ];
        for (key, given, effect) in keys {
            if given && document.effect != effect {
                let message = format!("`{key}` belongs to rules with `effect: {}`", word(effect));
                self.report(Code::ForeignKey, place.name(key), message);
            }
        }
        if document.when.is_some() && document.any.is_some() {
            self.report(Code::ForeignKey, place.name("any"), "a rule has `when` or `any`, not both");
        }
        if document.effect == EffectName::Require && document.when.is_none() && document.any.is_none() {
            let message = "a `require` without `when` requires nothing";
            self.report(Code::MissingKey, place.clone(), message);
        }
    }

    fn effect(&mut self, place: &Place, document: &RuleDocument) -> Option<Effect> {
        let mut missing = |key: &str| {
            let message = format!("`{key}` is missing: `effect: {}` needs it", word(document.effect));
            self.report(Code::MissingKey, place.clone(), message);
            None
        };
        match document.effect {
            EffectName::Forbid => Some(Effect::Forbid),
            EffectName::Require => Some(Effect::Require),
            EffectName::Limit => match &document.limit {
                Some(limit) => self.limit(&place.key("limit"), limit).map(Effect::Limit),
                None => missing("limit"),
            },
            EffectName::Approve => {
                let show = document.show.as_deref().unwrap_or_default();
                Some(Effect::Approve(self.pointers(&place.key("show"), show)))
            }
            EffectName::Redact => match &document.redact {
                Some(redact) => Some(Effect::Redact(self.redact(&place.key("redact"), redact))),
                None => missing("redact"),
            },
        }
    }

    fn limit(&mut self, place: &Place, document: &LimitDocument) -> Option<Limit> {
        let cost = match document.cost.split_once(':') {
            None if document.cost == "requests" => Some(Cost::Requests),
            None if document.cost == "bytes" => Some(Cost::Bytes),
            Some(("body", pointer)) => self.number_at(place, pointer).map(Cost::Body),
            Some(("response", pointer)) => self.number_at(place, pointer).map(Cost::Response),
            _ => {
                let message = "a cost is `requests`, `bytes`, `body:/pointer` or `response:/pointer`";
                self.report(Code::WrongValue, place.key("cost"), message);
                None
            }
        };
        if i64::try_from(document.max).is_err() {
            self.report(Code::WrongValue, place.key("max"), "this is more than can be counted");
        }
        Some(Limit { max: document.max, per: document.per, by: document.by, cost: cost? })
    }

    fn number_at(&mut self, place: &Place, text: &str) -> Option<Pointer> {
        let pointer = self.parsed(place.key("cost"), Pointer::parse(text))?;
        if text.contains('*') {
            self.report(Code::Malformed, place.key("cost"), "a cost is one number: no `*` here");
        }
        Some(pointer)
    }

    fn redact(&mut self, place: &Place, document: &RedactDocument) -> Redact {
        let pointers = document.pointers.as_deref().unwrap_or_default();
        let fields = document.fields.clone().unwrap_or_default();
        if pointers.is_empty() && fields.is_empty() && document.max_bytes.is_none() {
            self.report(Code::Empty, place.clone(), "name `pointers`, `fields` or `max_bytes`");
        }
        for (index, field) in fields.iter().enumerate().filter(|(_, field)| field.is_empty()) {
            self.report(Code::Empty, place.key("fields").index(index), format!("`{field}` is no name"));
        }
        Redact {
            pointers: self.pointers(&place.key("pointers"), pointers),
            fields,
            max_bytes: document.max_bytes,
        }
    }

    fn pointers(&mut self, place: &Place, texts: &[String]) -> Vec<Pointer> {
        let parse = |(index, text): (usize, &String)| self.parsed(place.index(index), Pointer::parse(text));
        texts.iter().enumerate().filter_map(parse).collect()
    }

    fn select(&mut self, place: &Place, document: &RuleDocument) -> Select {
        let not_before = self.instant(place.key("not_before"), document.not_before.as_deref());
        let not_after = self.instant(place.key("not_after"), document.not_after.as_deref());
        if let (Some(from), Some(to)) = (not_before, not_after)
            && from >= to
        {
            self.report(Code::Contradiction, place.key("not_after"), "this is not later than `not_before`");
        }
        if document.risk.as_ref().is_some_and(Vec::is_empty) {
            self.report(Code::Empty, place.key("risk"), "an empty list selects nothing");
        }
        Select {
            callers: self.globs(&place.key("callers"), document.callers.as_deref()),
            scopes: self.globs(&place.key("scopes"), document.scopes.as_deref()),
            credentials: self.globs(&place.key("credentials"), document.credentials.as_deref()),
            capabilities: self.globs(&place.key("capabilities"), document.capabilities.as_deref()),
            risk: document.risk.clone(),
            not_before,
            not_after,
        }
    }

    fn instant(&mut self, place: Place, text: Option<&str>) -> Option<Instant> {
        text.and_then(|text| self.parsed(place, Instant::parse(text)))
    }

    fn globs(&mut self, place: &Place, texts: Option<&[String]>) -> Option<Vec<Glob>> {
        let texts = texts?;
        if texts.is_empty() {
            self.report(Code::Empty, place.clone(), "an empty list selects nothing");
        }
        let parse = |(index, text): (usize, &String)| self.parsed(place.index(index), Glob::parse(text));
        Some(texts.iter().enumerate().filter_map(parse).collect())
    }

    fn any(&mut self, place: &Place, document: &RuleDocument) -> Vec<When> {
        let whens = document.any.as_deref().unwrap_or_default();
        if document.any.is_some() && (whens.is_empty() || whens.len() > MAX_ANY) {
            self.report(Code::Empty, place.key("any"), format!("`any` holds 1 to {MAX_ANY} alternatives"));
        }
        let mut words = Words::new(self, document.effect);
        match &document.when {
            Some(when) => vec![words.when(&place.key("when"), when)],
            None => {
                let place = place.key("any");
                whens.iter().enumerate().map(|(index, when)| words.when(&place.index(index), when)).collect()
            }
        }
    }
}

pub(super) const fn word(effect: EffectName) -> &'static str {
    match effect {
        EffectName::Forbid => "forbid",
        EffectName::Require => "require",
        EffectName::Limit => "limit",
        EffectName::Approve => "approve",
        EffectName::Redact => "redact",
    }
}
