//! The decision point: a raw `Call` becomes a canonical `Request` that a capability grants
//! (`Admitted`), and that, judged by operators' rules, becomes `Allowed` or a `Denial`.
//!
//! Pure and total: no I/O, clock, environment or randomness; the same values always
//! give the same answer, and what cannot be read counts against the request. A
//! secret is never in sight here.

mod approval;
mod authorise;
mod body;
mod bounds;
mod call;
mod caller;
mod condition;
mod denial;
mod facts;
mod judge;
mod limit;
pub mod owned;
pub mod parameter;
mod pointing;
mod predicate;
mod request;
mod rules;
mod shown;
mod trace;
mod truth;

pub use approval::{approval_refused, approval_timed_out, patience};
pub use authorise::{Admitted, Catalog, Granted, authorise, most_specific, unknown_capability};
pub use body::{Body, Content, Json, MAX_JUDGED, MediaType, Parts, Wanted, too_large};
pub use bounds::{TokenBounds, confine, token_ended};
pub use call::{Call, Defaults};
pub use caller::Caller;
pub use condition::{At, Seen, Subject, conditions, of_path};
pub use denial::{Denial, Reason};
pub use facts::Facts;
pub use judge::{Allowed, Approval, Charge, Conditional, Met, Redaction, Verdict, judge, verdict};
pub use limit::{FullLimit, NEVER_ROOM, counted_by_name, limit_exceeded};
pub use pointing::values_at;
pub use predicate::{json_satisfies, text_satisfies};
pub use request::{HeaderField, Request};
pub use rules::{Applicable, BrokenPolicy, RuleSet, selects};
pub use trace::Trace;
pub use truth::Truth;

#[cfg(test)]
mod rule_tests;
#[cfg(test)]
mod tests;
