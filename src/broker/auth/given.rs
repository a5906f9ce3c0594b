//! What a signature is made of beside the plan and its secrets. The only part of authentication that
//! looks at the clock and draws randomness: signing itself gives the same for the same.

use super::AuthError;
use crate::platform::{clock, entropy};

/// The moment, a number used once, and the body.
pub struct Given<'a> {
    pub now_ms: u64,
    pub nonce: [u8; 16],
    /// None where it streams.
    pub body: Option<&'a [u8]>,
}

impl<'a> Given<'a> {
    /// For a request that is signed now.
    ///
    /// # Errors
    /// When the system gives no random bytes.
    pub fn now(body: Option<&'a [u8]>) -> Result<Self, AuthError> {
        Ok(Self { now_ms: clock::now_ms(), nonce: entropy::bytes()?, body })
    }

    /// The whole body, for a scheme that signs it.
    pub(super) fn whole_body(&self) -> Result<&'a [u8], AuthError> {
        self.body.ok_or(AuthError::BodyUnread)
    }
}
