//! The decision of `aivault` beside those of `cedar-policy` and `regorus`, on the same grants.
//!
//! What each of them is given is derived from the registry here, in the form that suits it best, and nothing is
//! timed before all of them have decided alike. It never changes what it measures: it uses the public API alone.

pub mod asked;
pub mod cedar;
pub mod copies;
pub mod ours;
pub mod policies;
pub mod rego;
pub mod workload;

/// Somebody who decides requests that were handed over beforehand.
pub trait Decider {
    fn name(&self) -> &'static str;

    /// How many requests there are.
    fn requests(&self) -> usize;

    /// Whether the request at that place is permitted.
    fn decide(&mut self, at: usize) -> bool;
}
