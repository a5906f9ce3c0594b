//! Operator policies as meant. Plain data: it decides nothing.

use super::decimal::Decimal;
use super::glob::Glob;
use super::pointer::Pointer;
use super::time::{Instant, TimeOfWeek};
use crate::spec::method::MethodSet;
use crate::spec::model::Risk;
use crate::spec::path::PathPattern;

pub use super::document::{By, Per, TypeName as Kind};
pub use crate::spec::name::{PolicyId, RuleId};

/// The rules of one file.
#[derive(Debug, Clone, PartialEq)]
pub struct Policy {
    pub id: PolicyId,
    pub rules: Vec<Rule>,
}

/// One rule: which requests it selects, and what it does with them.
#[derive(Debug, Clone, PartialEq)]
pub struct Rule {
    pub id: RuleId,
    /// Its position in the file, from 0.
    pub position: usize,
    pub why: String,
    pub effect: Effect,
    /// Reported, without effect.
    pub shadow: bool,
    pub select: Select,
    /// One of these is enough; none at all: every selected request.
    pub any: Vec<When>,
    /// Whether the file says `any` rather than `when`.
    pub says_any: bool,
    /// How long a request waits for a person's answer.
    pub wait_seconds: u64,
}

/// What a rule does.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    Forbid,
    Require,
    Limit(Limit),
    /// With what the person who decides is shown of the body.
    Approve(Vec<Pointer>),
    Redact(Redact),
}

impl Effect {
    /// The word in policy files.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Forbid => "forbid",
            Self::Require => "require",
            Self::Limit(_) => "limit",
            Self::Approve(_) => "approve",
            Self::Redact(_) => "redact",
        }
    }
}

/// Which requests a rule is about; what is left out does not matter.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Select {
    pub callers: Option<Vec<Glob>>,
    pub scopes: Option<Vec<Glob>>,
    pub credentials: Option<Vec<Glob>>,
    pub capabilities: Option<Vec<Glob>>,
    pub risk: Option<Vec<Risk>>,
    pub not_before: Option<Instant>,
    pub not_after: Option<Instant>,
}

/// Conditions, all of which must hold.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct When {
    pub methods: Option<MethodSet>,
    pub paths: Option<Vec<PathPattern>>,
    pub query: Option<Fields>,
    pub headers: Option<Fields>,
    pub body: Option<BodyWhen>,
    pub time: Option<TimeOfWeek>,
}

/// Conditions upon a body.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct BodyWhen {
    pub max_bytes: Option<u64>,
    pub content_types: Option<Vec<String>>,
    pub json: Vec<(Pointer, Pred)>,
    pub form: Option<Fields>,
    pub multipart: Option<Fields>,
}

/// Conditions upon named values.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Fields {
    /// No other names than these and those of `preds` may be there.
    pub only: Option<Vec<String>>,
    pub preds: Vec<(String, Pred)>,
}

impl Fields {
    /// Whether `only` leaves room for `name`.
    #[must_use]
    pub fn admits(&self, name: &str) -> bool {
        let Some(only) = &self.only else { return true };
        only.iter().any(|one| one == name) || self.preds.iter().any(|(one, _)| one == name)
    }
}

/// A condition upon one value; all operators that are given must hold.
#[derive(Debug, Clone, PartialEq)]
pub struct Pred {
    pub eq: Option<Scalar>,
    pub one_of: Option<Vec<Scalar>>,
    pub not_in: Option<Vec<Scalar>>,
    pub lte: Option<Decimal>,
    pub gte: Option<Decimal>,
    pub max_len: Option<u64>,
    pub glob: Option<Glob>,
    pub kind: Option<Kind>,
    /// Whether the condition holds where the value is not there.
    pub absent: Absent,
}

/// Whether a condition holds where its value is not there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Absent {
    Holds,
    Fails,
}

/// A value that a policy names.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scalar {
    Bool(bool),
    Number(Decimal),
    Text(String),
}

/// How much may be used within a window of time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limit {
    pub max: u64,
    pub per: Per,
    pub by: By,
    pub cost: Cost,
}

/// What one request uses up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cost {
    Requests,
    /// Of the request's body.
    Bytes,
    /// A number in the request's JSON body.
    Body(Pointer),
    /// A number in the answer's JSON body, known only afterwards.
    Response(Pointer),
}

impl Per {
    #[must_use]
    pub const fn ms(self) -> u64 {
        match self {
            Self::Second => 1000,
            Self::Minute => 60_000,
            Self::Hour => 3_600_000,
            Self::Day => 86_400_000,
        }
    }

    /// The word in policy files.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Second => "1s",
            Self::Minute => "1m",
            Self::Hour => "1h",
            Self::Day => "1d",
        }
    }
}

/// What is taken out of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Redact {
    pub pointers: Vec<Pointer>,
    pub fields: Vec<String>,
    pub max_bytes: Option<u64>,
}
