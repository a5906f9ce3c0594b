//! A signed head of the log, to be kept elsewhere: `aivault-checkpoint:1:SEQ:MAC:TIME:KEY:SIGNATURE`.
//!
//! Ed25519 (RFC 8032) over all before the last colon, with a key that is made from the chain's. So whoever
//! knows the vault's public key can check one without the vault, and only who has the vault's key can make one.

use std::fmt;

use ring::signature::{ED25519, Ed25519KeyPair, KeyPair as _, UnparsedPublicKey};
use thiserror::Error;

use super::chain::{Chain, Link};
use super::error::AuditError;
use super::key::AuditKey;
use super::line::{hex, unhex};
use super::verify::verify;

const PREFIX: &str = "aivault-checkpoint:1";

/// One, with a signature that is that of the key within.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    link: Link,
    ts_ms: u64,
    key: [u8; 32],
    signature: [u8; 64],
}

/// Why a text is no checkpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum CheckpointError {
    #[error("this is no checkpoint: it is one line that begins with `{PREFIX}:`")]
    Malformed,
    #[error("the checkpoint was edited: its signature is not that of its key")]
    Edited,
}

/// Checks the whole log in `folder`, and signs its head.
///
/// # Errors
/// As [`verify`]: of a log that does not hold there is none.
pub fn checkpoint(folder: &std::path::Path, key: AuditKey, now_ms: u64) -> Result<Checkpoint, AuditError> {
    let chain = Chain::new(&key);
    let report = verify(folder, key, None)?;
    Ok(Checkpoint::signed(report.last, now_ms, &chain))
}

impl Checkpoint {
    fn signed(link: Link, ts_ms: u64, chain: &Chain) -> Self {
        let pair = key_pair(chain);
        let mut key = [0; 32];
        key.copy_from_slice(pair.public_key().as_ref());
        let mut signed = Self { link, ts_ms, key, signature: [0; 64] };
        let signature = pair.sign(signed.message().as_bytes());
        signed.signature.copy_from_slice(signature.as_ref());
        signed
    }

    /// # Errors
    /// When the text has another form, or its signature is not that of its key.
    pub fn parse(text: &str) -> Result<Self, CheckpointError> {
        let parsed = Self::fields(text.trim()).ok_or(CheckpointError::Malformed)?;
        let key = UnparsedPublicKey::new(&ED25519, parsed.key);
        key.verify(parsed.message().as_bytes(), &parsed.signature).map_err(|_| CheckpointError::Edited)?;
        Ok(parsed)
    }

    fn fields(text: &str) -> Option<Self> {
        let fields: Vec<&str> = text.strip_prefix(PREFIX)?.strip_prefix(':')?.split(':').collect();
        let [seq, mac, ts_ms, key, signature] = fields[..] else { return None };
        let link = Link { seq: seq.parse().ok()?, mac: unhex(mac)? };
        let parsed =
            Self { link, ts_ms: ts_ms.parse().ok()?, key: unhex(key)?, signature: unhex(signature)? };
        // One spelling: no sign, no leading zero.
        (parsed.to_string() == text).then_some(parsed)
    }

    /// The entry that it is the head of.
    #[must_use]
    pub fn seq(&self) -> u64 {
        self.link.seq
    }

    /// That entry, if the chain's own key signed it.
    pub(super) fn signed_by(&self, chain: &Chain) -> Result<Link, AuditError> {
        let own = key_pair(chain).public_key().as_ref() == self.key;
        own.then_some(self.link).ok_or(AuditError::ForeignCheckpoint)
    }

    fn message(&self) -> String {
        let Self { link, ts_ms, key, .. } = self;
        format!("{PREFIX}:{}:{}:{ts_ms}:{}", link.seq, hex(&link.mac), hex(key))
    }
}

impl fmt::Display for Checkpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.message(), hex(&self.signature))
    }
}

fn key_pair(chain: &Chain) -> Ed25519KeyPair {
    // Any 32 bytes are a seed of Ed25519.
    Ed25519KeyPair::from_seed_unchecked(chain.checkpoint_seed().as_slice()).expect("the seed has 32 bytes")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chain(key: u8) -> Chain {
        Chain::new(&AuditKey::new([key; 32]))
    }

    fn one() -> Checkpoint {
        Checkpoint::signed(Link { seq: 12, mac: [0xab; 32] }, 1000, &chain(7))
    }

    #[test]
    fn it_is_read_as_it_is_shown() {
        let text = one().to_string();
        assert!(text.starts_with(&format!("aivault-checkpoint:1:12:{}:1000:", "ab".repeat(32))), "{text}");
        let read = Checkpoint::parse(&format!(" {text}\n")).unwrap();
        assert_eq!((read.clone(), read.seq()), (one(), 12));
        assert_eq!(read.signed_by(&chain(7)).unwrap(), Link { seq: 12, mac: [0xab; 32] });
        assert!(matches!(read.signed_by(&chain(8)), Err(AuditError::ForeignCheckpoint)));
    }

    #[test]
    fn no_changed_byte_passes() {
        let text = one().to_string();
        for place in 0..text.len() {
            let mut changed = text.clone().into_bytes();
            changed[place] = if changed[place] == b'0' { b'1' } else { b'0' };
            assert!(Checkpoint::parse(str::from_utf8(&changed).unwrap()).is_err(), "byte {place}");
            assert!(Checkpoint::parse(&text[..place]).is_err(), "{place} bytes");
        }
        let other = text.replacen(":12:", ":012:", 1);
        assert_eq!(Checkpoint::parse(&other), Err(CheckpointError::Malformed));
        assert_eq!(Checkpoint::parse(&text.replacen(":12:", ":13:", 1)), Err(CheckpointError::Edited));
    }
}
