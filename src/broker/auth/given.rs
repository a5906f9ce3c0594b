//! What a signature is made of beside the plan and its secrets. The only part of authentication that
//! looks at the clock and draws randomness: signing itself gives the same for the same.

use std::cell::OnceCell;

use super::AuthError;
use crate::platform::{clock, entropy};

/// The moment, a number used once, and the body.
pub struct Given<'a> {
    pub now_ms: u64,
    /// Drawn when a scheme asks for it: few do.
    nonce: OnceCell<[u8; 16]>,
    /// None where it streams.
    pub body: Option<&'a [u8]>,
}

impl<'a> Given<'a> {
    /// For a request that is signed now.
    pub fn now(body: Option<&'a [u8]>) -> Self {
        Self { now_ms: clock::now_ms(), nonce: OnceCell::new(), body }
    }

    #[cfg(test)]
    pub(super) fn at(now_ms: u64, nonce: [u8; 16], body: Option<&'a [u8]>) -> Self {
        Self { now_ms, nonce: OnceCell::from(nonce), body }
    }

    /// The same number, however often it is asked for.
    ///
    /// # Errors
    /// When the system gives no random bytes.
    pub(super) fn nonce(&self) -> Result<[u8; 16], AuthError> {
        if let Some(nonce) = self.nonce.get() {
            return Ok(*nonce);
        }
        let drawn = entropy::bytes()?;
        Ok(*self.nonce.get_or_init(|| drawn))
    }

    /// The whole body, for a scheme that signs it.
    pub(super) fn whole_body(&self) -> Result<&'a [u8], AuthError> {
        self.body.ok_or(AuthError::BodyUnread)
    }
}
