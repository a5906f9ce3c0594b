//! Operator policies: the language in which grants are narrowed, never widened.
//!
//! As with providers there are documents as written (`document`), the model as meant
//! (`model`), and `compile` between them. What a rule decides of a request is for the
//! crate's `policy` to say; nothing here judges.

pub mod compile;
mod conditions;
pub mod decimal;
pub mod document;
pub mod fields;
pub mod glob;
pub mod model;
pub mod pointer;
pub mod time;

pub use compile::{CheckedPolicy, compile_policy, selections};
pub use decimal::Decimal;
pub use document::{EffectName, PolicyDocument, RuleDocument};
pub use glob::Glob;
pub use model::{
    Absent, BodyWhen, By, Cost, Effect, Fields, Kind, Limit, Per, Policy, PolicyId, Pred, Redact, Rule,
    RuleId, Scalar, Select, When,
};
pub use pointer::{Pointer, Token};
pub use time::{Instant, TimeOfWeek};
