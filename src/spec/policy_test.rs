//! Tests of policies as they are written: requests, and how each must be decided.
//!
//! `schema/policy-test.schema.json` is generated from these types; unknown keys are refused
//! everywhere. What the words mean, and whether the names in them exist, is for the crate's
//! `suite` to say.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::document::MultipartDocument;

/// One file of tests, `<name>.test.yaml`.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(any(test, not(shipped)), derive(schemars::JsonSchema))]
#[cfg_attr(any(test, not(shipped)), schemars(title = "aivault policy test"))]
#[serde(deny_unknown_fields)]
pub struct TestDocument {
    /// What these cases are about, in a line.
    pub suite: String,
    /// Ids of the policies in force; none: the providers' grants alone decide.
    #[serde(default)]
    pub policies: Vec<String>,
    /// Capabilities that the operator turned on by name, though they are off by themselves.
    #[serde(default)]
    pub enabled: Vec<String>,
    /// The time of every case, as RFC 3339; left out: 2026-01-05T12:00:00Z, a Monday.
    #[serde(default)]
    pub now: Option<String>,
    /// What limits have counted before each case.
    #[serde(default)]
    pub state: Vec<CounterDocument>,
    /// What each case is like, as far as it says nothing else.
    #[serde(default)]
    pub with: DefaultsDocument,
    pub cases: Vec<CaseDocument>,
}

/// What a limit has counted already.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(any(test, not(shipped)), derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct CounterDocument {
    /// The rule's full name, such as `research/rpm`.
    pub rule: String,
    /// Whose use it is: a caller, credential or capability; of `by: rule`, the rule's full name.
    pub key: String,
    /// How much of the limit is used within the window of time that `now` lies in.
    pub used: u64,
}

/// Defaults of all cases: who asks for what. A field of a case takes the place of the default.
#[derive(Debug, Clone, Default, Deserialize)]
#[cfg_attr(any(test, not(shipped)), derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct DefaultsDocument {
    /// Such as `agent:research-7`; `uid:1000` where nothing is said.
    #[serde(default)]
    pub caller: Option<String>,
    /// `global`, `workspace:w` or `group:w/g`; `global` where nothing is said.
    #[serde(default)]
    pub scope: Option<String>,
    /// The credential that serves the call; the provider's own where nothing is said.
    #[serde(default)]
    pub credential: Option<String>,
    /// The hosts of tenants and mirrors that the credential is bound to; an example where nothing is said.
    #[serde(default)]
    pub hosts: Option<Vec<String>>,
    /// The capability's full name.
    #[serde(default)]
    pub capability: Option<String>,
    /// In place of a capability: the provider, whose most specific capability answers.
    #[serde(default)]
    pub provider: Option<String>,
    #[serde(default)]
    pub request: RequestDocument,
}

/// A request; headers are merged with those of the defaults, and a body takes their body's place.
#[derive(Debug, Clone, Default, Deserialize)]
#[cfg_attr(any(test, not(shipped)), derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct RequestDocument {
    /// Left out: the capability's usual one.
    #[serde(default)]
    pub method: Option<String>,
    /// Path and query. Left out: the capability's only one.
    #[serde(default)]
    pub path: Option<String>,
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// A body of JSON, sent in its shortest form as `application/json`.
    #[serde(default)]
    pub json: Option<Value>,
    /// A body of `application/x-www-form-urlencoded`.
    #[serde(default)]
    pub form: Option<BTreeMap<String, String>>,
    /// A body of `multipart/form-data`; of files, the names alone are given.
    #[serde(default)]
    pub multipart: Option<MultipartDocument>,
    /// A body as `aivault invoke --body` sends it: announced as JSON where it is JSON.
    #[serde(default)]
    pub body: Option<String>,
    /// A body byte for byte, announced as nothing.
    #[serde(default)]
    pub raw: Option<String>,
}

/// One request, and how it must be decided.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(any(test, not(shipped)), derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct CaseDocument {
    /// What it shows, in a line; no two cases of a file have the same name.
    pub name: String,
    /// Such as `agent:research-7`; `uid:1000` where nothing is said.
    #[serde(default)]
    pub caller: Option<String>,
    /// `global`, `workspace:w` or `group:w/g`; `global` where nothing is said.
    #[serde(default)]
    pub scope: Option<String>,
    /// The credential that serves the call; the provider's own where nothing is said.
    #[serde(default)]
    pub credential: Option<String>,
    /// The hosts of tenants and mirrors that the credential is bound to; an example where nothing is said.
    #[serde(default)]
    pub hosts: Option<Vec<String>>,
    /// The capability's full name.
    #[serde(default)]
    pub capability: Option<String>,
    /// In place of a capability: the provider, whose most specific capability answers.
    #[serde(default)]
    pub provider: Option<String>,
    /// In place of the counters of the file that have the same rule and key.
    #[serde(default)]
    pub state: Vec<CounterDocument>,
    /// What the person says who is asked. Left out: nobody has answered yet.
    #[serde(default)]
    pub answer: Option<AnswerName>,
    #[serde(default)]
    pub request: RequestDocument,
    pub expect: ExpectDocument,
}

/// How a question to a person ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[cfg_attr(any(test, not(shipped)), derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum AnswerName {
    Approved,
    Refused,
    /// Nobody answers in time.
    TimedOut,
}

/// How a case must come out; what is left out may be anything.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(any(test, not(shipped)), derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ExpectDocument {
    pub decision: DecisionName,
    /// The reason's code, such as `capability.path`.
    #[serde(default)]
    pub reason: Option<String>,
    /// Full names of exactly the rules that decide.
    #[serde(default)]
    pub rules: Option<Vec<String>>,
}

/// The three ends of a decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize, serde::Serialize)]
#[cfg_attr(any(test, not(shipped)), derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum DecisionName {
    Allow,
    Deny,
    /// A person is asked.
    Ask,
}

impl DecisionName {
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Deny => "deny",
            Self::Ask => "ask",
        }
    }
}
