//! Golden files: what each case came out as, written by the machine and kept beside the test.
//!
//! Never line numbers, never wording, never a secret: what is written changes only when a
//! decision or a planned request does.

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::decide::Outcome;
use super::upstream::Upstream;
use crate::policy::Redaction;
use crate::spec::policy_test::DecisionName;

const HEAD: &str =
    "# Written by `aivault policy test --bless`: what each case came out as. Review it, do not edit it.\n";

/// One case as it came out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Record {
    pub name: String,
    pub decision: DecisionName,
    pub reason: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rules: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub limits: Vec<LimitRecord>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub shadows: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub redactions: Vec<RedactionRecord>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub upstream: Option<Upstream>,
}

/// How a limit stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LimitRecord {
    pub rule: String,
    pub key: String,
    pub used: u64,
    pub max: u64,
}

/// What is taken out of the answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RedactionRecord {
    pub rule: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pointers: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_bytes: Option<u64>,
}

/// A golden file that cannot be read or written.
#[derive(Debug, Error)]
#[error("{0}")]
pub struct GoldenError(#[from] serde_yaml::Error);

impl Record {
    #[must_use]
    pub fn of(name: &str, outcome: &Outcome) -> Self {
        let names = |ids: &[crate::spec::RuleId]| ids.iter().map(ToString::to_string).collect();
        let limits = outcome.limits.iter().map(|one| LimitRecord {
            rule: one.rule.to_string(),
            key: one.key.clone(),
            used: one.used,
            max: one.limit.max,
        });
        Self {
            name: name.to_owned(),
            decision: outcome.decision,
            reason: outcome.reason.to_owned(),
            rules: names(&outcome.rules),
            limits: limits.collect(),
            shadows: names(&outcome.shadows),
            redactions: outcome.redactions.iter().map(RedactionRecord::of).collect(),
            upstream: outcome.upstream.clone(),
        }
    }
}

impl RedactionRecord {
    fn of(redaction: &Redaction) -> Self {
        let redact = &redaction.redact;
        Self {
            rule: redaction.rule.to_string(),
            pointers: redact.pointers.iter().map(ToString::to_string).collect(),
            fields: redact.fields.clone(),
            max_bytes: redact.max_bytes,
        }
    }
}

/// The text of a golden file.
///
/// # Errors
/// When a record cannot be written as YAML.
pub fn write(records: &[&Record]) -> Result<String, GoldenError> {
    Ok(format!("{HEAD}{}", serde_yaml::to_string(records)?))
}

/// One record as it stands in a golden file.
#[must_use]
pub(super) fn text(record: &Record) -> String {
    // A record is texts and numbers, which YAML can always hold.
    serde_yaml::to_string(&[record]).unwrap_or_default()
}

/// The records of a golden file.
///
/// # Errors
/// When the text is not what [`write`] writes.
pub fn read(text: &str) -> Result<Vec<Record>, GoldenError> {
    if text.lines().all(|line| line.trim().is_empty() || line.starts_with('#')) {
        return Ok(Vec::new());
    }
    Ok(serde_yaml::from_str(text)?)
}
