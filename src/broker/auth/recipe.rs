//! Fills the recipes of the scheme `hmac`: what is signed, and what is sent with it.

use std::borrow::Cow;

use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use super::template::find;
use super::{AuthError, Given, Secrets};
use crate::spec::hmac::{Computed, Message, Piece, Value, ValuePart};

/// What recipes are filled with.
pub(super) struct Parts<'a> {
    pub(super) method: &'a str,
    pub(super) host: &'a str,
    /// As it goes on the wire, as far as it is signed.
    pub(super) target: &'a str,
    pub(super) secrets: &'a Secrets,
    pub(super) given: &'a Given<'a>,
}

impl<'a> Parts<'a> {
    /// What is signed, piece by piece: a body is not copied.
    pub(super) fn message(&self, message: &'a Message) -> Result<Vec<Cow<'a, [u8]>>, AuthError> {
        message.pieces().iter().map(|piece| self.piece(piece)).collect()
    }

    /// What is sent. The signature of a value that has none in it is not looked at.
    pub(super) fn value(
        &self,
        value: &'a Value,
        signature: &'a str,
    ) -> Result<Zeroizing<Vec<u8>>, AuthError> {
        let part = |part: &'a ValuePart| match part {
            ValuePart::Piece(piece) => self.piece(piece),
            ValuePart::Signature => Ok(signature.as_bytes().into()),
        };
        let parts = value.parts().iter().map(part).collect::<Result<Vec<_>, _>>()?;
        // Joined at once, so that no earlier copy of a secret is left behind by growing.
        Ok(Zeroizing::new(parts.concat()))
    }

    fn piece(&self, piece: &'a Piece) -> Result<Cow<'a, [u8]>, AuthError> {
        match piece {
            Piece::Literal(text) => Ok(text.as_bytes().into()),
            Piece::Placeholder(name) => find(self.secrets, name).map(Cow::Borrowed),
            Piece::Computed(computed) => self.computed(*computed),
        }
    }

    fn computed(&self, computed: Computed) -> Result<Cow<'a, [u8]>, AuthError> {
        let (path, query) = self.target.split_once('?').unwrap_or((self.target, ""));
        let now_ms = self.given.now_ms;
        Ok(match computed {
            Computed::Seconds => (now_ms / 1000).to_string().into_bytes().into(),
            Computed::Millis => now_ms.to_string().into_bytes().into(),
            Computed::Iso => iso(now_ms)?.into_bytes().into(),
            Computed::Method => self.method.as_bytes().into(),
            Computed::Path => path.as_bytes().into(),
            Computed::Query => query.as_bytes().into(),
            Computed::Target => self.target.as_bytes().into(),
            Computed::Host => self.host.as_bytes().into(),
            Computed::Body => self.given.whole_body()?.into(),
            Computed::BodySha256 => hex(&Sha256::digest(self.given.whole_body()?)).into_bytes().into(),
            Computed::Nonce => hex(&self.given.nonce()?).into_bytes().into(),
        })
    }
}

/// RFC 3339 with milliseconds, always three digits of them.
fn iso(now_ms: u64) -> Result<String, AuthError> {
    let time = i64::try_from(now_ms).ok().and_then(|ms| jiff::Timestamp::from_millisecond(ms).ok());
    time.map(|time| format!("{time:.3}")).ok_or(AuthError::Unsigned)
}

/// Hexadecimal digits in lower case.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
