//! Tests of policies, without a vault, a network or a clock: files of requests, each decided as
//! the broker would, held against what its author expects and against what it was last time.
//!
//! Pure: texts in, outcomes and texts out. The decision is the broker's own (`authorise`,
//! `applicable`, `judge`); what the broker does with effects, this counts from presets.

mod body;
mod catalog;
mod compare;
mod conditions;
mod counters;
mod decide;
mod explain;
mod file;
mod golden;
mod policies;
mod question;
mod requirements;
mod run;
mod skeleton;
mod upstream;
mod words;

pub use body::json_type_of;
pub use catalog::{Lowered, lower};
pub use compare::{Change, unified};
pub use conditions::Condition;
pub use counters::{Counters, LimitUse};
pub use decide::{Outcome, PENDING, decide};
pub use explain::{Explanation, RuleView, Spot, explain};
pub use file::{Case, Expectation, TestFile};
pub use golden::{GoldenError, Record, read, write};
pub use policies::Policies;
pub use question::{Asked, Question};
pub use requirements::missing;
pub use run::{CaseResult, Failure, compare, run};
pub use skeleton::skeleton;
pub use upstream::{BodyDigest, Upstream, render};
