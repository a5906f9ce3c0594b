//! Operator policies as they are written: texts, not yet checked.
//!
//! `schema/policy.schema.json` is generated from these types; unknown keys are refused
//! everywhere.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Number, Value};

use super::fields::FieldsDocument;
use crate::spec::method::Method;
use crate::spec::model::Risk;

/// One operator policy, one file: rules that narrow what providers grant.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(any(test, not(shipped)), derive(schemars::JsonSchema))]
#[cfg_attr(any(test, not(shipped)), schemars(title = "aivault policy"))]
#[serde(deny_unknown_fields)]
pub struct PolicyDocument {
    /// The policy's id, in lower-case kebab.
    pub policy: String,
    /// The version of the language: 1.
    pub version: u64,
    pub rules: Vec<RuleDocument>,
}

/// What a rule does with the requests that it selects.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize)]
#[cfg_attr(any(test, not(shipped)), derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum EffectName {
    /// What satisfies `when` is denied.
    Forbid,
    /// What does not satisfy `when` is denied.
    Require,
    /// What satisfies `when` is counted, and denied where there is no room.
    Limit,
    /// What satisfies `when` waits for a person.
    Approve,
    /// From the answer to what satisfies `when`, fields are taken out.
    Redact,
}

/// One rule.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(any(test, not(shipped)), derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct RuleDocument {
    /// The rule's name within the policy, in lower-case kebab.
    pub id: String,
    pub effect: EffectName,
    /// What it is for; callers that it stops are told.
    pub why: String,
    /// Evaluated and reported, without effect.
    #[serde(default)]
    pub shadow: bool,
    /// Globs over callers, such as `agent:research-*` or `uid:1000`; left out: every caller.
    #[serde(default)]
    pub callers: Option<Vec<String>>,
    /// Globs over scopes: `global`, `workspace:w`, `group:w/g`.
    #[serde(default)]
    pub scopes: Option<Vec<String>>,
    /// Globs over the names of credentials.
    #[serde(default)]
    pub credentials: Option<Vec<String>>,
    /// Globs over capabilities, such as `openai/*`.
    #[serde(default)]
    pub capabilities: Option<Vec<String>>,
    /// Only capabilities of these risks.
    #[serde(default)]
    pub risk: Option<Vec<Risk>>,
    /// An RFC 3339 time before which the rule does not hold yet.
    #[serde(default)]
    pub not_before: Option<String>,
    /// An RFC 3339 time from which the rule holds no more.
    #[serde(default)]
    pub not_after: Option<String>,
    /// What the request must be like, all of it.
    #[serde(default)]
    pub when: Option<WhenDocument>,
    /// Several of `when`, of which one is enough.
    #[serde(default)]
    pub any: Option<Vec<WhenDocument>>,
    /// Of a `limit`: how much.
    #[serde(default)]
    pub limit: Option<LimitDocument>,
    /// Of a `redact`: what is taken out.
    #[serde(default)]
    pub redact: Option<RedactDocument>,
    /// Of an `approve`: JSON Pointers into the body that the person who decides is shown.
    #[serde(default)]
    pub show: Option<Vec<String>>,
    /// Of an `approve`: how long the request waits for a person, 300 seconds when left out.
    #[serde(default)]
    pub wait_seconds: Option<u64>,
}

/// Conditions upon a request; all that are given must hold.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(any(test, not(shipped)), derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct WhenDocument {
    #[serde(default)]
    pub methods: Option<Vec<Method>>,
    /// Path patterns as in provider files.
    #[serde(default)]
    pub paths: Option<Vec<String>>,
    #[serde(default)]
    pub query: Option<FieldsDocument>,
    #[serde(default)]
    pub headers: Option<FieldsDocument>,
    #[serde(default)]
    pub body: Option<BodyDocument>,
    #[serde(default)]
    pub time: Option<TimeDocument>,
}

/// Conditions upon a body.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(any(test, not(shipped)), derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct BodyDocument {
    #[serde(default)]
    pub max_bytes: Option<u64>,
    /// Media types such as `application/json`, without parameters.
    #[serde(default)]
    pub content_types: Option<Vec<String>>,
    /// JSON Pointers, with `*` for every element, to predicates.
    #[serde(default)]
    pub json: Option<BTreeMap<String, PredDocument>>,
    /// Fields of `application/x-www-form-urlencoded`.
    #[serde(default)]
    pub form: Option<FieldsDocument>,
    /// Text fields of `multipart/form-data`; of a file, its file name.
    #[serde(default)]
    pub multipart: Option<FieldsDocument>,
}

/// A condition upon one value; all operators that are given must hold.
#[derive(Debug, Clone, Default, Deserialize)]
#[cfg_attr(any(test, not(shipped)), derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct PredDocument {
    /// Equal to this text, number or truth value.
    #[serde(default)]
    pub eq: Option<Value>,
    /// One of these.
    #[serde(default)]
    pub r#in: Option<Vec<Value>>,
    /// None of these.
    #[serde(default)]
    pub not_in: Option<Vec<Value>>,
    /// A number of at most this.
    #[serde(default)]
    pub lte: Option<Number>,
    /// A number of at least this.
    #[serde(default)]
    pub gte: Option<Number>,
    /// A text of at most so many characters, or a list of at most so many elements.
    #[serde(default)]
    pub max_len: Option<u64>,
    /// A text that matches this glob.
    #[serde(default)]
    pub glob: Option<String>,
    /// A value of this JSON type.
    #[serde(default)]
    pub r#type: Option<TypeName>,
    /// What it means that the value is not there.
    #[serde(default)]
    pub absent: Option<AbsentName>,
}

/// The types of JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize)]
#[cfg_attr(any(test, not(shipped)), derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum TypeName {
    Null,
    Boolean,
    Number,
    String,
    Array,
    Object,
}

/// What it means that a value is not there: `ok` or `fail` in a `require`, `skip` or `match`
/// elsewhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize)]
#[cfg_attr(any(test, not(shipped)), derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum AbsentName {
    Ok,
    Fail,
    Skip,
    Match,
}

/// A time of the week, in UTC.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(any(test, not(shipped)), derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct TimeDocument {
    /// Left out: every day.
    #[serde(default)]
    pub days: Option<Vec<Day>>,
    /// Hours such as `08:00-18:00`; left out: all day.
    #[serde(default)]
    pub utc: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize)]
#[cfg_attr(any(test, not(shipped)), derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Day {
    Mon,
    Tue,
    Wed,
    Thu,
    Fri,
    Sat,
    Sun,
}

/// How much may be used within a window of time.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(any(test, not(shipped)), derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct LimitDocument {
    pub max: u64,
    pub per: Per,
    /// Whose use is counted together.
    pub by: By,
    /// `requests`, `bytes`, `body:/pointer` or `response:/pointer`.
    pub cost: String,
}

/// A window of time; each begins at a multiple of its length since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize)]
#[cfg_attr(any(test, not(shipped)), derive(schemars::JsonSchema))]
pub enum Per {
    #[serde(rename = "1s")]
    Second,
    #[serde(rename = "1m")]
    Minute,
    #[serde(rename = "1h")]
    Hour,
    #[serde(rename = "1d")]
    Day,
}

/// Whose use is counted together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize)]
#[cfg_attr(any(test, not(shipped)), derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum By {
    Caller,
    Credential,
    Capability,
    /// Everything that the rule selects.
    Rule,
}

/// What is taken out of a JSON answer, also of one that comes as server-sent events.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(any(test, not(shipped)), derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct RedactDocument {
    /// JSON Pointers, with `*` for every element.
    #[serde(default)]
    pub pointers: Option<Vec<String>>,
    /// Names of fields, wherever in the answer they stand.
    #[serde(default)]
    pub fields: Option<Vec<String>>,
    /// An answer of more bytes is cut off with an error.
    #[serde(default)]
    pub max_bytes: Option<u64>,
}
