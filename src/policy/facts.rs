//! What a decision knows beside the request: who calls, from where, as whom, and when.

use crate::spec::Scope;
use crate::spec::policy::Instant;

/// The circumstances of a call, as the surfaces and the clock established them.
#[derive(Debug, Clone, Copy)]
pub struct Facts<'a> {
    /// The caller's name in policies, such as `uid:1000` or `agent:research-7`.
    pub caller: &'a str,
    pub scope: &'a Scope,
    /// The name of the credential that will be used.
    pub credential: &'a str,
    pub now: Instant,
}
