//! Whether the token that a caller came with is still worth anything: it may have been revoked, or
//! its process have ended, since it was recognised.

use super::error::BrokerError;
use super::invoke::Desk;
use crate::platform::clock;
use crate::policy::{Caller, token_ended};
use crate::vault::CallerTokenId;

/// Refuses a caller whose token does not stand any more; a caller without one stands always.
pub(super) fn refuse_ended(desk: &Desk, caller: &Caller) -> Result<(), BrokerError> {
    let Some(bounds) = caller.bounds() else { return Ok(()) };
    // What is no id of a token is none that stands.
    let stands = match CallerTokenId::parse(bounds.id()) {
        Ok(id) => desk.vault().caller_token_holds(id, clock::now_ms())?,
        Err(_) => false,
    };
    if stands { Ok(()) } else { Err(token_ended(bounds).into()) }
}
