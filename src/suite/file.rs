//! From a test file as written to the cases as meant: defaults merged in, every name looked up.

use std::collections::BTreeSet;
use std::fmt::Display;
use std::sync::Arc;

use super::body::{self, Written};
use super::counters::Counters;
use super::decide::PENDING;
use super::policies::Policies;
use super::question::{Asked, Question};
use crate::policy::{Catalog, Reason};
use crate::spec::policy::{Effect, Instant};
use crate::spec::policy_test::{
    CaseDocument, CounterDocument, DecisionName, DefaultsDocument, ExpectDocument, RequestDocument,
    TestDocument,
};
use crate::spec::{Code, CredentialName, Diagnostic, Finding, Host, Place, Scope, Source, read, suggest};

/// One file of tests.
#[derive(Debug)]
pub struct TestFile {
    pub source: Source,
    pub suite: String,
    pub policies: Vec<String>,
    pub cases: Vec<Case>,
}

/// One case.
#[derive(Debug)]
pub struct Case {
    pub name: String,
    pub question: Question,
    pub counters: Counters,
    pub expect: Expectation,
}

/// How a case must come out; what is not said may be anything.
#[derive(Debug)]
pub struct Expectation {
    pub decision: DecisionName,
    pub reason: Option<String>,
    /// Sorted.
    pub rules: Option<Vec<String>>,
}

impl TestFile {
    /// Reads one file, and looks its names up.
    ///
    /// # Errors
    /// Every mistake in it.
    pub fn parse(
        source: Source,
        catalog: &dyn Catalog,
        policies: &Policies,
    ) -> Result<Self, Vec<Diagnostic>> {
        let document = read::document::<TestDocument>(&source)?;
        let mut reader = Reader {
            catalog,
            policies,
            findings: Vec::new(),
            rules: Vec::new(),
            limits: Vec::new(),
            without_a_policy: false,
        };
        let cases = reader.file(&document);
        if !reader.findings.is_empty() {
            return Err(reader.findings.into_iter().map(|finding| finding.locate(&source)).collect());
        }
        Ok(Self { source, suite: document.suite, policies: document.policies, cases })
    }

    /// Where a case stands in the file: line and column, from 1.
    #[must_use]
    pub fn position(&self, case: usize) -> (usize, usize) {
        let place = Place::root().key("cases").index(case);
        let at = Finding::new(Code::Syntax, place, "").locate(&self.source);
        (at.line, at.column)
    }
}

struct Reader<'a> {
    catalog: &'a dyn Catalog,
    policies: &'a Policies,
    findings: Vec<Finding>,
    /// Full names of the rules in force, and those of them that limit.
    rules: Vec<String>,
    limits: Vec<String>,
    /// A policy is missing, so that nothing can be said of the names of rules.
    without_a_policy: bool,
}

impl Reader<'_> {
    fn report(&mut self, code: Code, place: Place, message: impl Into<String>) {
        self.findings.push(Finding::new(code, place, message));
    }

    /// A name that is none of the known ones, with the one that was probably meant.
    fn unknown(&mut self, place: Place, what: &str, name: &str, near: Option<String>) {
        let finding = Finding::new(Code::UnknownName, place, format!("there is no {what} `{name}`"));
        let finding = match near {
            Some(near) => finding.help(format!("did you mean `{near}`?")),
            None => finding,
        };
        // A default is looked up for each case that takes it, and is wrong once.
        if !self.findings.contains(&finding) {
            self.findings.push(finding);
        }
    }

    fn parsed<T, E: Display>(&mut self, place: Place, result: Result<T, E>) -> Option<T> {
        result.map_err(|error| self.report(Code::Malformed, place, error.to_string())).ok()
    }

    fn file(&mut self, document: &TestDocument) -> Vec<Case> {
        let root = Place::root();
        self.line(root.key("suite"), &document.suite);
        self.policies(&root.key("policies"), &document.policies);
        self.enabled(&root.key("enabled"), &document.enabled);
        let now = document.now.as_deref().map(|text| self.parsed(root.key("now"), Instant::parse(text)));
        let now = now.flatten().unwrap_or(Question::NOW);
        let mut counters = Counters::default();
        self.counters(&root.key("state"), &document.state, &mut counters);
        self.one_body(&root.key("with").key("request"), &document.with.request);
        if document.cases.is_empty() {
            self.report(Code::Empty, root.key("cases"), "a file of tests has at least one case");
        }
        let enabled = Arc::new(document.enabled.iter().cloned().collect());
        let common = Common { with: &document.with, now, counters, enabled };
        let mut names = BTreeSet::new();
        let mut cases = Vec::with_capacity(document.cases.len());
        for (index, case) in document.cases.iter().enumerate() {
            let place = root.key("cases").index(index);
            if !names.insert(case.name.as_str()) {
                let message = format!("a case named `{}` stands here a second time", case.name);
                self.report(Code::DuplicateKey, place.key("name"), message);
            }
            cases.extend(self.case(&place, case, &common));
        }
        cases
    }

    fn enabled(&mut self, place: &Place, ids: &[String]) {
        for (index, id) in ids.iter().enumerate() {
            if self.catalog.capability(id).is_none() {
                self.unknown(place.index(index), "capability", id, self.catalog.near_miss(id));
            }
        }
    }

    /// A name that stands in one line of a report.
    fn line(&mut self, place: Place, text: &str) {
        if text.trim().is_empty() || text.chars().any(char::is_control) || text.chars().count() > 200 {
            self.report(Code::Empty, place, "this must be one line of 1 to 200 characters");
        }
    }

    fn policies(&mut self, place: &Place, ids: &[String]) {
        for (index, id) in ids.iter().enumerate().filter(|(_, id)| !self.policies.has(id)) {
            let near = suggest::nearest(id, self.policies.ids()).map(str::to_owned);
            self.unknown(place.index(index), "policy", id, near);
            self.without_a_policy = true;
        }
        for rule in self.policies.rules_of(ids) {
            self.rules.push(rule.id.to_string());
            if matches!(rule.effect, Effect::Limit(_)) {
                self.limits.push(rule.id.to_string());
            }
        }
    }

    fn counters(&mut self, place: &Place, documents: &[CounterDocument], counters: &mut Counters) {
        for (index, document) in documents.iter().enumerate() {
            counters.set(&document.rule, &document.key, document.used);
            if !self.limits.contains(&document.rule) && !self.without_a_policy {
                let near = suggest::nearest(&document.rule, self.limits.iter().map(String::as_str));
                let near = near.map(str::to_owned);
                let what = "rule with `effect: limit` in these policies that is called";
                self.unknown(place.index(index).key("rule"), what, &document.rule, near);
            }
        }
    }

    fn one_body(&mut self, place: &Place, request: &RequestDocument) {
        if let Some(second) = body::keys(request).get(1) {
            self.report(Code::Contradiction, place.name(second), "a request has one body");
        }
    }

    fn case(&mut self, place: &Place, case: &CaseDocument, common: &Common<'_>) -> Option<Case> {
        self.line(place.key("name"), &case.name);
        self.one_body(&place.key("request"), &case.request);
        let expect = self.expectation(&place.key("expect"), &case.expect);
        if case.answer.is_some() && expect.decision == DecisionName::Ask {
            let message = "what a person has answered is not `ask` any more";
            self.report(Code::Contradiction, place.key("answer"), message);
        }
        let mut counters = common.counters.clone();
        self.counters(&place.key("state"), &case.state, &mut counters);
        let asked = self.asked(place, case, common.with);
        let with = common.with;
        let (headers, body) = merged(&with.request, &case.request);
        let or = |own: &Option<String>, default: &Option<String>| own.clone().or_else(|| default.clone());
        let question = Question {
            asked: asked?,
            caller: or(&case.caller, &with.caller).unwrap_or_else(|| Question::CALLER.to_owned()),
            scope: self.scope(place, case.scope.as_deref().or(with.scope.as_deref()))?,
            credential: self.credential(place, case.credential.as_deref().or(with.credential.as_deref())),
            hosts: self.hosts(place, case.hosts.as_deref().or(with.hosts.as_deref())),
            method: or(&case.request.method, &with.request.method),
            path: or(&case.request.path, &with.request.path),
            headers,
            body,
            now: common.now,
            enabled: Arc::clone(&common.enabled),
            answer: case.answer,
        };
        Some(Case { name: case.name.clone(), question, counters, expect })
    }

    /// What is asked for; that it is not there may be the very thing that a case shows.
    fn asked(&mut self, place: &Place, case: &CaseDocument, with: &DefaultsDocument) -> Option<Asked> {
        let own = (&case.capability, &case.provider);
        let inherits = own == (&None, &None);
        let (capability, provider) = if inherits { (&with.capability, &with.provider) } else { own };
        let named = if inherits { Place::root().key("with") } else { place.clone() };
        let shows_it = case.expect.reason.as_deref() == Some(Reason::CapabilityUnknown.as_str());
        match (capability, provider) {
            (Some(id), None) => {
                if self.catalog.capability(id).is_none() && !shows_it {
                    let near = self.catalog.near_miss(id);
                    self.unknown(named.key("capability"), "capability", id, near);
                }
                Some(Asked::Capability(id.clone()))
            }
            (None, Some(id)) => {
                if self.catalog.provider(id).is_none() && !shows_it {
                    self.unknown(named.key("provider"), "provider", id, None);
                }
                Some(Asked::Provider(id.clone()))
            }
            (None, None) => {
                let message = "`capability` or `provider` is missing, here and under `with`";
                self.report(Code::MissingKey, place.clone(), message);
                None
            }
            (Some(_), Some(_)) => {
                let message = "a case asks for a `capability` or a `provider`, not both";
                self.report(Code::Contradiction, place.name("provider"), message);
                None
            }
        }
    }

    fn scope(&mut self, place: &Place, text: Option<&str>) -> Option<Scope> {
        match text {
            None => Some(Scope::Global),
            Some(text) => self.parsed(place.key("scope"), Scope::parse(text)),
        }
    }

    fn hosts(&mut self, place: &Place, texts: Option<&[String]>) -> Option<Vec<Host>> {
        let place = place.key("hosts");
        let mut parse = |(index, text): (usize, &String)| self.parsed(place.index(index), Host::parse(text));
        texts.map(|texts| texts.iter().enumerate().filter_map(&mut parse).collect())
    }

    fn credential(&mut self, place: &Place, text: Option<&str>) -> Option<CredentialName> {
        text.and_then(|text| self.parsed(place.key("credential"), CredentialName::parse(text)))
    }

    fn expectation(&mut self, place: &Place, document: &ExpectDocument) -> Expectation {
        if let Some(reason) = &document.reason {
            self.reason(place.key("reason"), reason, document.decision);
        }
        for (index, id) in document.rules.iter().flatten().enumerate() {
            if !self.rules.contains(id) && !self.without_a_policy {
                let near = suggest::nearest(id, self.rules.iter().map(String::as_str)).map(str::to_owned);
                self.unknown(
                    place.key("rules").index(index),
                    "rule in these policies that is called",
                    id,
                    near,
                );
            }
        }
        let mut rules = document.rules.clone();
        rules.iter_mut().for_each(|rules| rules.sort());
        Expectation { decision: document.decision, reason: document.reason.clone(), rules }
    }

    fn reason(&mut self, place: Place, reason: &str, decision: DecisionName) {
        let known = || Reason::ALL.map(Reason::as_str).into_iter().chain([PENDING]);
        if !known().any(|one| one == reason) {
            let near = suggest::nearest(reason, known()).map(str::to_owned);
            return self.unknown(place, "reason", reason, near);
        }
        let of = if reason == Reason::GrantMatched.as_str() {
            DecisionName::Allow
        } else if reason == PENDING {
            DecisionName::Ask
        } else {
            DecisionName::Deny
        };
        if of != decision {
            let message = format!("`{reason}` is a reason of `decision: {}`", of.as_str());
            self.report(Code::Contradiction, place, message);
        }
    }
}

/// What the cases of a file have in common.
struct Common<'a> {
    with: &'a DefaultsDocument,
    now: Instant,
    counters: Counters,
    enabled: Arc<BTreeSet<String>>,
}

/// Headers of both, the case's own first in dignity, and the body of the nearer.
fn merged(with: &RequestDocument, case: &RequestDocument) -> (Vec<(String, String)>, Vec<u8>) {
    let has = |headers: &[(String, String)], name: &str| {
        headers.iter().any(|(other, _)| other.eq_ignore_ascii_case(name))
    };
    let pair = |(name, value): (&String, &String)| (name.clone(), value.clone());
    let mut headers: Vec<(String, String)> = case.headers.iter().map(pair).collect();
    let defaults = with.headers.iter().filter(|(name, _)| !has(&headers, name)).map(pair);
    let defaults: Vec<_> = defaults.collect();
    headers.extend(defaults);
    let body = Written::of(case).or_else(|| Written::of(with)).unwrap_or_default();
    if let Some(content_type) = body.content_type
        && !has(&headers, "content-type")
    {
        headers.push(("content-type".to_owned(), content_type));
    }
    (headers, body.bytes)
}
