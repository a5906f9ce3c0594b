//! The vault's one plaintext blob: which vault this is and how its key is found.
//!
//! It names no secret and proves nothing by itself; the manifest's seal covers its exact bytes, so
//! that an edited header opens nothing. Unknown fields, formats and providers are refused.

use std::fmt;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use thiserror::Error;

use super::hex;
use super::keys::{Argon2Params, KeyProvider};

const FORMAT: u32 = 1;
const MAX_BYTES: usize = 4096;

/// Sixteen random bytes that no other vault has; part of every record's authenticated data.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct VaultId([u8; 16]);

impl VaultId {
    pub(super) fn new(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    pub(super) fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

impl fmt::Display for VaultId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(&self.0))
    }
}

impl fmt::Debug for VaultId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "VaultId({self})")
    }
}

/// What the header says, and the digest of the bytes that said it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    pub vault_id: VaultId,
    /// Made with `init --test`: upstreams may be redirected to local addresses, for ever.
    pub test: bool,
    pub created_ms: u64,
    pub provider: KeyProvider,
    digest: [u8; 32],
}

/// Why the bytes are no header.
#[derive(Debug, Error)]
pub enum HeaderError {
    #[error("it is missing")]
    Missing,
    #[error("it is {0} bytes long, more than {MAX_BYTES}")]
    TooLong(usize),
    #[error("it is of format {0}, and this program knows format {FORMAT}")]
    UnknownFormat(u32),
    #[error("{0}")]
    Malformed(String),
}

/// The JSON as stored.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    format: u32,
    vault_id: String,
    test: bool,
    created_ms: u64,
    key: KeyDocument,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct KeyDocument {
    provider: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    argon2: Option<Argon2Document>,
}

/// `m_kib` in KiB, `t` passes, `p` lanes (RFC 9106), `salt` in hex.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Argon2Document {
    m_kib: u32,
    t: u32,
    p: u32,
    salt: String,
}

impl Header {
    /// The header of a new vault and its bytes.
    pub(super) fn compose(
        vault_id: VaultId,
        test: bool,
        created_ms: u64,
        provider: KeyProvider,
    ) -> Result<(Self, Vec<u8>), HeaderError> {
        let key =
            KeyDocument { provider: provider.name().to_owned(), argon2: provider.argon2().map(describe) };
        let document = Document { format: FORMAT, vault_id: vault_id.to_string(), test, created_ms, key };
        let bytes =
            serde_json::to_vec(&document).map_err(|error| HeaderError::Malformed(error.to_string()))?;
        let digest = Sha256::digest(&bytes).into();
        Ok((Self { vault_id, test, created_ms, provider, digest }, bytes))
    }

    /// Reads untrusted bytes.
    pub(super) fn parse(bytes: &[u8]) -> Result<Self, HeaderError> {
        if bytes.len() > MAX_BYTES {
            return Err(HeaderError::TooLong(bytes.len()));
        }
        let document: Document =
            serde_json::from_slice(bytes).map_err(|error| HeaderError::Malformed(error.to_string()))?;
        if document.format != FORMAT {
            return Err(HeaderError::UnknownFormat(document.format));
        }
        Ok(Self {
            vault_id: VaultId(fixed(&document.vault_id, "vault_id")?),
            test: document.test,
            created_ms: document.created_ms,
            provider: document.key.meant()?,
            digest: Sha256::digest(bytes).into(),
        })
    }

    /// SHA-256 of the exact bytes; what the manifest is bound to.
    pub(super) fn digest(&self) -> &[u8; 32] {
        &self.digest
    }
}

impl KeyDocument {
    fn meant(self) -> Result<KeyProvider, HeaderError> {
        match (self.provider.as_str(), self.argon2) {
            ("file", None) => Ok(KeyProvider::File),
            ("env", None) => Ok(KeyProvider::Env),
            ("keychain", None) => Ok(KeyProvider::Keychain),
            ("passphrase", Some(argon2)) => Ok(KeyProvider::Passphrase(argon2.meant()?)),
            (provider, _) => {
                Err(HeaderError::Malformed(format!("its key provider {provider:?} is unknown or incomplete")))
            }
        }
    }
}

impl Argon2Document {
    fn meant(self) -> Result<Argon2Params, HeaderError> {
        let salt = fixed(&self.salt, "salt")?;
        let out_of_bounds = || HeaderError::Malformed("its Argon2 parameters are out of bounds".to_owned());
        Argon2Params::new(self.m_kib, self.t, self.p, salt).ok_or_else(out_of_bounds)
    }
}

fn describe(params: &Argon2Params) -> Argon2Document {
    Argon2Document { m_kib: params.m_kib(), t: params.t(), p: params.p(), salt: hex::encode(params.salt()) }
}

fn fixed(text: &str, field: &str) -> Result<[u8; 16], HeaderError> {
    hex::decode(text).ok_or_else(|| HeaderError::Malformed(format!("its {field} is not 16 bytes of hex")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn compose(provider: KeyProvider) -> (Header, Vec<u8>) {
        Header::compose(VaultId([7; 16]), true, 1_234, provider).unwrap()
    }

    #[test]
    fn what_is_composed_is_read_back() {
        let argon2 = Argon2Params::new(65_536, 3, 1, [9; 16]).unwrap();
        for provider in
            [KeyProvider::File, KeyProvider::Env, KeyProvider::Keychain, KeyProvider::Passphrase(argon2)]
        {
            let (header, bytes) = compose(provider);
            assert_eq!(Header::parse(&bytes).unwrap(), header);
        }
    }

    #[test]
    fn anything_unknown_is_refused() {
        let (_, bytes) = compose(KeyProvider::File);
        let text = String::from_utf8(bytes).unwrap();
        for (from, to) in [
            ("\"format\":1", "\"format\":2"),
            ("\"format\":1", "\"format\":1,\"more\":1"),
            ("\"file\"", "\"files\""),
            ("\"file\"", "\"passphrase\""),
            ("\"file\"", "\"file\",\"argon2\":{\"m_kib\":65536,\"t\":3,\"p\":1,\"salt\":\"00\"}"),
            ("\"test\":true", "\"test\":1"),
            ("0707", "07"),
            ("0707", "ZZ07"),
        ] {
            let edited = text.replacen(from, to, 1);
            assert_ne!(edited, text, "{from}");
            assert!(Header::parse(edited.as_bytes()).is_err(), "{edited}");
        }
        let padded = format!("{text}{}", " ".repeat(MAX_BYTES));
        assert!(matches!(Header::parse(padded.as_bytes()), Err(HeaderError::TooLong(_))));
    }
}
