//! What a change of policies changes, as surfaces tell it.

use serde::Serialize;

use super::with_registry;
use crate::policy::RuleSet;
use crate::spec::policy::{Cost, Effect, Instant, Limit};
use crate::spec::{CapabilityId, Checked, Diagnostic, Provider, RuleId, Source, compile_provider, lint};
use crate::suite::Policies;
use crate::suite::diff::{self, Alteration, Cause, Change, Direction, Side, Standing, What, Witness};

/// Policy files of before and after, and provider files beside those of the registry.
#[derive(Debug)]
pub struct DiffQuestion {
    pub old: Vec<Source>,
    pub new: Vec<Source>,
    pub providers_old: Vec<Source>,
    pub providers_new: Vec<Source>,
    pub now: Instant,
}

/// All changes.
#[derive(Debug, Serialize)]
pub struct Comparison {
    pub changes: Vec<ChangeView>,
    /// What is done otherwise, while callers may do neither more nor less.
    pub altered: Vec<AlterationView>,
    /// Capabilities for which there may be more.
    pub unfinished: Vec<CapabilityId>,
}

impl Comparison {
    /// Whether callers may do more, or a secret may go further.
    #[must_use]
    pub fn widens(&self) -> bool {
        self.changes.iter().any(|change| change.widens) || self.altered.iter().any(|one| one.reaches_further)
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty() && self.altered.is_empty()
    }
}

/// What is done otherwise.
#[derive(Debug, Serialize)]
pub struct AlterationView {
    /// The provider, capability or rule.
    pub about: String,
    pub what: String,
    /// A secret may go where it could not go before.
    pub reaches_further: bool,
}

/// One change, with a request on which old and new differ.
#[derive(Debug, Serialize)]
pub struct ChangeView {
    /// Whether more may be done, rather than less.
    pub widens: bool,
    pub what: Facet,
    pub capability: CapabilityId,
    /// The rule, on the stricter side; none where the capability or its provider says otherwise.
    pub rule: Option<RuleId>,
    /// What the provider keeps from callers on the stricter side, such as a header.
    pub setting: Option<String>,
    pub request: RequestView,
    pub old: StandingView,
    pub new: StandingView,
}

/// What changes for the request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Facet {
    /// Whether it is allowed.
    Permit,
    Limit,
    Approval,
    Redaction,
}

/// The request that shows the change.
#[derive(Debug, Serialize)]
pub struct RequestView {
    pub caller: String,
    pub scope: String,
    pub credential: String,
    pub now: String,
    pub method: &'static str,
    pub path: String,
    pub headers: Vec<(String, String)>,
    pub body: Option<String>,
    /// The body's length, where white space behind it makes it longer.
    pub body_bytes: Option<u64>,
}

/// How the request stands with one side.
#[derive(Debug, Serialize)]
pub struct StandingView {
    pub allowed: bool,
    /// Of a denial, its code.
    pub reason: Option<&'static str>,
    /// The rules that deny.
    pub rules: Vec<RuleId>,
    /// What is done about it otherwise, in words.
    pub effects: Vec<String>,
}

/// Compares the old with the new.
///
/// # Errors
/// Every mistake in any of the files.
pub fn diff(question: DiffQuestion) -> Result<Comparison, Vec<Diagnostic>> {
    let mut mistakes = Vec::new();
    let old = rules(question.old, &mut mistakes);
    let new = rules(question.new, &mut mistakes);
    let providers_old = providers(question.providers_old, &mut mistakes);
    let providers_new = providers(question.providers_new, &mut mistakes);
    if !mistakes.is_empty() {
        return Err(mistakes);
    }
    let (known_old, known_new) =
        (with_registry(&compiled(&providers_old)), with_registry(&compiled(&providers_new)));
    let (old, new) = (Side { rules: &old, known: &known_old }, Side { rules: &new, known: &known_new });
    let found = diff::diff(old, new, question.now);
    let altered = found.altered.into_iter().map(|one| {
        let Alteration { about, what, reaches_further } = one;
        AlterationView { about, what, reaches_further }
    });
    Ok(Comparison {
        changes: found.changes.into_iter().map(view).collect(),
        altered: altered.collect(),
        unfinished: found.unfinished.into_iter().collect(),
    })
}

fn rules(sources: Vec<Source>, mistakes: &mut Vec<Diagnostic>) -> RuleSet {
    match Policies::compile(sources) {
        Ok(policies) => policies.all_in_force(),
        Err(found) => {
            mistakes.extend(found);
            RuleSet::default()
        }
    }
}

fn providers(sources: Vec<Source>, mistakes: &mut Vec<Diagnostic>) -> Vec<Checked> {
    let checked: Vec<Checked> = sources.into_iter().map(compile_provider).collect();
    mistakes.extend(lint::across(&checked));
    mistakes.extend(checked.iter().flat_map(|one| one.diagnostics.iter().cloned()));
    checked
}

fn compiled(checked: &[Checked]) -> Vec<&Provider> {
    checked.iter().filter_map(|one| one.provider.as_ref()).collect()
}

fn view(change: Change) -> ChangeView {
    let (rule, setting) = match change.cause {
        Cause::Grant => (None, None),
        Cause::Rule(rule) => (Some(rule), None),
        Cause::Header(name) => (None, Some(format!("the header `{name}`"))),
        Cause::Parameter(name) => (None, Some(format!("the parameter `{name}`"))),
    };
    ChangeView {
        widens: change.direction == Direction::Widens,
        what: match change.what {
            What::Permit => Facet::Permit,
            What::Limit => Facet::Limit,
            What::Approval => Facet::Approval,
            What::Redaction => Facet::Redaction,
        },
        capability: change.capability,
        rule,
        setting,
        request: request(change.witness),
        old: standing(change.old),
        new: standing(change.new),
    }
}

fn request(witness: Witness) -> RequestView {
    RequestView {
        caller: witness.caller,
        scope: witness.scope.to_string(),
        credential: witness.credential,
        now: witness.now.to_string(),
        method: witness.method.as_str(),
        path: witness.path,
        headers: witness.headers,
        body: witness.body,
        body_bytes: witness.body_bytes,
    }
}

fn standing(standing: Standing) -> StandingView {
    match standing {
        Standing::Denied { reason, rules } => {
            StandingView { allowed: false, reason: Some(reason), rules, effects: Vec::new() }
        }
        Standing::Passes { effects } => {
            let effects = effects.iter().map(|(rule, effect)| in_words(rule, effect)).collect();
            StandingView { allowed: true, reason: None, rules: Vec::new(), effects }
        }
    }
}

fn in_words(rule: &RuleId, effect: &Effect) -> String {
    match effect {
        Effect::Limit(limit) => format!("{rule} limits it to {}", limited(limit)),
        Effect::Approve(_) => format!("{rule} asks a person"),
        Effect::Redact(_) => format!("{rule} redacts the answer"),
        Effect::Forbid | Effect::Require => rule.to_string(),
    }
}

fn limited(limit: &Limit) -> String {
    let what = match &limit.cost {
        Cost::Requests => "requests".to_owned(),
        Cost::Bytes => "bytes".to_owned(),
        Cost::Body(pointer) => format!("of the body's `{pointer}`"),
        Cost::Response(pointer) => format!("of the answer's `{pointer}`"),
    };
    format!("{} {what} per {}", limit.max, limit.per.as_str())
}
