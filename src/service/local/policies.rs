//! The operator's policies: put in force, looked at, removed. A file is compiled before it is
//! stored, and what does not compile is not.

use std::collections::{BTreeMap, BTreeSet};

use super::Local;
use crate::audit::{Action, Event, Outcome as Logged};
use crate::platform::clock;
use crate::policy::Caller;
use crate::service::command::SourceFile;
use crate::service::error::{ErrorKind, ServiceError};
use crate::service::outcome::{AppliedPolicy, Outcome, PolicyChange, PolicyView, RuleView};
use crate::service::review::{self, LintQuestion};
use crate::spec::policy::{Instant, Policy, Rule, compile_policy};
use crate::spec::{Diagnostic, PolicyId, RuleId, Source};
use crate::vault::StoredPolicy;
use crate::vault::store::Kind;

impl Local {
    pub(super) fn apply_policies(
        &self,
        caller: &Caller,
        files: Vec<SourceFile>,
        dry_run: bool,
    ) -> Result<Outcome, ServiceError> {
        let now = clock::now_ms();
        let session = self.session(caller)?;
        let (before, providers) = {
            let mut vault = session.desk.vault();
            (vault.policies()?, vault.providers()?)
        };
        let providers: Vec<SourceFile> = providers
            .into_iter()
            .map(|stored| SourceFile { name: format!("{}.yaml", stored.id), text: stored.text })
            .collect();
        let warnings = refuse_unwise(&files, &providers, now)?;
        let compiled = files.into_iter().map(|file| compile(file, now)).collect::<Result<Vec<_>, _>>()?;
        refuse_repeated(&compiled)?;
        let policies = compiled.iter().map(|(stored, policy)| compare(&before, stored, policy)).collect();
        let stored: Vec<StoredPolicy> = compiled.into_iter().map(|(stored, _)| stored).collect();
        if dry_run {
            let (old, new) = (sources(&before), sources(&after(before, stored)));
            return Ok(Outcome::PoliciesPlanned { policies, warnings, old, new, providers });
        }
        let ids: Vec<&str> = stored.iter().map(|policy| policy.id.as_str()).collect();
        let event = event(caller, Action::PolicyApply, ids.join(" "));
        session.recorded(event, |vault| vault.apply_policies(&stored))?;
        Ok(Outcome::PoliciesApplied { policies, warnings })
    }

    pub(super) fn list_policies(&self, caller: &Caller) -> Result<Outcome, ServiceError> {
        let session = self.session(caller)?;
        let mut vault = session.desk.vault();
        let (mut policies, mut broken) = (Vec::new(), Vec::new());
        for stored in vault.policies()? {
            match read(&stored) {
                Some(policy) => policies.push(view(&stored, &policy)),
                None => broken.push(stored.id.to_string()),
            }
        }
        broken.extend(vault.damaged_of(Kind::Policy).map(ToString::to_string));
        Ok(Outcome::Policies { policies, broken })
    }

    pub(super) fn show_policy(&self, caller: &Caller, id: &PolicyId) -> Result<Outcome, ServiceError> {
        let session = self.session(caller)?;
        let stored = session.desk.vault().policies()?.into_iter().find(|policy| policy.id == *id);
        let missing = || {
            ServiceError::new(ErrorKind::NotFound, format!("there is no policy `{id}`"))
                .reason("policy.missing")
                .help("see which there are: aivault policy list")
        };
        stored.map(|policy| Outcome::Policy { text: policy.text }).ok_or_else(missing)
    }

    pub(super) fn remove_policy(&self, caller: &Caller, id: &PolicyId) -> Result<Outcome, ServiceError> {
        let session = self.session(caller)?;
        let event = event(caller, Action::PolicyRemove, id.to_string());
        session.recorded(event, |vault| vault.remove_policy(id))?;
        Ok(Outcome::PolicyRemoved { id: id.clone() })
    }
}

fn event(caller: &Caller, action: Action, policies: String) -> Event {
    Event { detail: Some(policies), ..Event::new(clock::now_ms(), caller.to_string(), action, Logged::Ok) }
}

fn compile(file: SourceFile, now_ms: u64) -> Result<(StoredPolicy, Policy), ServiceError> {
    let checked = compile_policy(Source { name: file.name, text: file.text });
    match checked.policy {
        Some(policy) => {
            let stored =
                StoredPolicy { id: policy.id.clone(), text: checked.source.text, applied_ms: now_ms };
            Ok((stored, policy))
        }
        None => {
            let mistakes: Vec<String> = checked.diagnostics.iter().map(ToString::to_string).collect();
            Err(ServiceError::new(ErrorKind::InvalidRequest, mistakes.join("\n")).reason("policy.malformed"))
        }
    }
}

/// What must not stand is refused; what is unwise is told.
fn refuse_unwise(
    files: &[SourceFile],
    providers: &[SourceFile],
    now_ms: u64,
) -> Result<Vec<String>, ServiceError> {
    let source = |file: &SourceFile| Source { name: file.name.clone(), text: file.text.clone() };
    let question = LintQuestion {
        policies: files.iter().map(source).collect(),
        providers: providers.iter().map(source).collect(),
        tests: Vec::new(),
        now: Instant(now_ms),
    };
    let named = |one: &Diagnostic| files.iter().any(|file| one.is_of(&file.name));
    let found: Vec<Diagnostic> = review::lint(question).into_iter().filter(named).collect();
    let (errors, warnings): (Vec<_>, Vec<_>) = found.iter().partition(|one| one.is_error());
    if errors.is_empty() {
        return Ok(warnings.iter().map(ToString::to_string).collect());
    }
    let lines: Vec<String> = errors.iter().map(ToString::to_string).collect();
    Err(ServiceError::new(ErrorKind::InvalidRequest, lines.join("; ")).reason("policy.malformed"))
}

fn after(before: Vec<StoredPolicy>, new: Vec<StoredPolicy>) -> Vec<StoredPolicy> {
    let kept = before.into_iter().filter(|old| !new.iter().any(|one| one.id == old.id));
    kept.collect::<Vec<_>>().into_iter().chain(new).collect()
}

fn sources(policies: &[StoredPolicy]) -> Vec<SourceFile> {
    let source = |policy: &StoredPolicy| SourceFile {
        name: format!("{}.policy.yaml", policy.id),
        text: policy.text.clone(),
    };
    policies.iter().map(source).collect()
}

fn refuse_repeated(compiled: &[(StoredPolicy, Policy)]) -> Result<(), ServiceError> {
    let mut seen = BTreeSet::new();
    match compiled.iter().find(|(stored, _)| !seen.insert(&stored.id)) {
        None => Ok(()),
        Some((stored, _)) => {
            let message = format!("two of the files are the policy `{}`", stored.id);
            Err(ServiceError::new(ErrorKind::InvalidRequest, message).help("apply one of them"))
        }
    }
}

fn read(stored: &StoredPolicy) -> Option<Policy> {
    compile_policy(Source { name: stored.id.to_string(), text: stored.text.clone() }).policy
}

fn compare(before: &[StoredPolicy], stored: &StoredPolicy, policy: &Policy) -> AppliedPolicy {
    let id = stored.id.clone();
    let standing = before.iter().find(|one| one.id == id);
    let change = match standing {
        None => PolicyChange::New,
        Some(standing) if standing.text == stored.text => PolicyChange::Unchanged,
        Some(_) => PolicyChange::Changed,
    };
    let old: Vec<Rule> = standing.and_then(read).map(|policy| policy.rules).unwrap_or_default();
    let (old, new) = (by_id(&old), by_id(&policy.rules));
    let ids = |rules: Vec<(&&RuleId, &&Rule)>| rules.into_iter().map(|(id, _)| RuleId::clone(id)).collect();
    AppliedPolicy {
        id,
        change,
        added: ids(new.iter().filter(|(id, _)| !old.contains_key(*id)).collect()),
        changed: ids(new
            .iter()
            .filter(|(id, rule)| old.get(*id).is_some_and(|old| differs(old, rule)))
            .collect()),
        removed: ids(old.iter().filter(|(id, _)| !new.contains_key(*id)).collect()),
    }
}

fn by_id(rules: &[Rule]) -> BTreeMap<&RuleId, &Rule> {
    rules.iter().map(|rule| (&rule.id, rule)).collect()
}

/// Where a rule stands in its file means nothing.
fn differs(old: &Rule, new: &Rule) -> bool {
    Rule { position: new.position, ..old.clone() } != *new
}

fn view(stored: &StoredPolicy, policy: &Policy) -> PolicyView {
    let rule = |rule: &Rule| RuleView {
        id: rule.id.clone(),
        effect: rule.effect.name().to_owned(),
        shadow: rule.shadow,
        why: rule.why.clone(),
    };
    let rules = policy.rules.iter().map(rule).collect();
    PolicyView { id: stored.id.clone(), applied_ms: stored.applied_ms, rules }
}
