//! What authors of policies are told before a policy is in force: whether it is wise (`lint`), what
//! a change of it would let through (`diff`), and how it does in tests: files of requests, each
//! decided as the broker would, held against what its author expects and against what it was last
//! time. Without a vault, a network or a clock.
//!
//! Pure: texts in, outcomes and texts out. The decision is the broker's own (`authorise`,
//! `applicable`, `judge`); what the broker does with effects, this counts from presets.

mod body;
mod catalog;
mod compare;
mod conditions;
mod counters;
mod coverage;
mod decide;
pub mod diff;
mod explain;
mod file;
mod golden;
pub mod include;
pub mod known;
pub mod lint;
mod mutants;
mod mutate;
mod observe;
mod policies;
mod question;
mod requirements;
mod run;
mod skeleton;
mod switched;
mod upstream;
mod words;

pub use body::json_type_of;
pub use catalog::{Lowered, lower};
pub use compare::{Change, unified};
pub use conditions::Condition;
pub use counters::{Counters, LimitUse};
pub use coverage::{ConditionCoverage, Coverage, RuleCoverage, coverage};
pub use decide::{Outcome, PENDING, decide};
pub use explain::{Explanation, RuleView, Spot, explain};
pub use file::{Case, Expectation, TestFile};
pub use golden::{GoldenError, Record, read, write};
pub use mutate::{Mutation, Survivor, mutate};
pub use observe::Tests;
pub use policies::Policies;
pub use question::{Asked, Question};
pub use requirements::missing;
pub use run::{CaseResult, Failure, compare, run};
pub use skeleton::skeleton;
pub use upstream::{BodyDigest, Upstream, render};
