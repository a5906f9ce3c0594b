//! The vault's one plaintext blob: which vault this is and how its key is found.
//!
//! It names no secret and proves nothing by itself. The keys that it holds, sealed, open only beside exactly what it
//! says, and the manifest's seal covers its exact bytes, so that an edited header opens nothing. Unknown fields,
//! formats and providers are refused.
//!
//! A header of format 1 holds no keys: all of them are derived from the key-encryption key. Such a vault opens as it
//! is, and is of the newest format once its key is changed.

use std::fmt;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use thiserror::Error;

use super::hex;
use super::keys::{
    Argon2Params, CredentialFile, DerivedKeys, Kek, KeyCommand, KeyProvider, KeychainEntry, LastingKeys,
    SealedKeys,
};
use crate::platform::entropy::EntropyError;

/// The newest, which is what is written.
const FORMAT: u32 = 2;
const FIRST_FORMAT: u32 = 1;
const MAX_BYTES: usize = 32 * 1024;

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
    /// None in the first format.
    lasting: Option<SealedKeys>,
    digest: [u8; 32],
}

/// What a header is to say.
#[derive(Debug, Clone)]
pub(super) struct Said {
    pub(super) vault_id: VaultId,
    pub(super) test: bool,
    pub(super) created_ms: u64,
    pub(super) provider: KeyProvider,
}

/// Why the bytes are no header.
#[derive(Debug, Error)]
pub enum HeaderError {
    #[error("it is missing")]
    Missing,
    #[error("it is {0} bytes long, more than {MAX_BYTES}")]
    TooLong(usize),
    #[error("it is of format {0}, and this program knows formats up to {FORMAT}")]
    UnknownFormat(u32),
    #[error("{0}")]
    Malformed(String),
    /// The key opens records of the vault, and not what the header holds.
    #[error("it was edited or damaged")]
    Edited,
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
    /// The sealed keys, in hex.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    lasting: Option<String>,
}

#[derive(Serialize, Deserialize, Default)]
#[serde(deny_unknown_fields)]
struct KeyDocument {
    provider: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    argon2: Option<Argon2Document>,
    /// The mark of the keychain's entry, in hex.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    entry: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    command: Option<KeyCommand>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    credential: Option<String>,
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
    /// The header that says this and holds these keys, sealed under `kek`; and its bytes.
    pub(super) fn compose(
        said: Said,
        kek: &Kek,
        lasting: &LastingKeys,
    ) -> Result<(Self, Vec<u8>), EntropyError> {
        let sealed = lasting.seal(kek, said.vault_id, &bytes_of(&said, FORMAT, None))?;
        Ok(Self::of(said, FORMAT, Some(sealed)))
    }

    /// As the first format had it.
    #[cfg(test)]
    pub(super) fn compose_first(said: Said) -> (Self, Vec<u8>) {
        Self::of(said, FIRST_FORMAT, None)
    }

    fn of(said: Said, format: u32, lasting: Option<SealedKeys>) -> (Self, Vec<u8>) {
        let bytes = bytes_of(&said, format, lasting.as_ref());
        let Said { vault_id, test, created_ms, provider } = said;
        let digest = Sha256::digest(&bytes).into();
        (Self { vault_id, test, created_ms, provider, lasting, digest }, bytes)
    }

    /// Reads untrusted bytes.
    pub(super) fn parse(bytes: &[u8]) -> Result<Self, HeaderError> {
        if bytes.len() > MAX_BYTES {
            return Err(HeaderError::TooLong(bytes.len()));
        }
        let document: Document =
            serde_json::from_slice(bytes).map_err(|error| HeaderError::Malformed(error.to_string()))?;
        let lasting = match (document.format, document.lasting) {
            (FIRST_FORMAT, None) if document.key.is_of_first_format() => None,
            (FORMAT, Some(text)) => Some(sealed_keys(&text)?),
            (FIRST_FORMAT | FORMAT, _) => {
                return Err(HeaderError::Malformed("it is not of the format that it says".to_owned()));
            }
            (format, _) => return Err(HeaderError::UnknownFormat(format)),
        };
        Ok(Self {
            vault_id: VaultId(fixed(&document.vault_id, "vault_id")?),
            test: document.test,
            created_ms: document.created_ms,
            provider: document.key.meant()?,
            lasting,
            digest: Sha256::digest(bytes).into(),
        })
    }

    /// The format that its bytes say.
    #[must_use]
    pub fn format(&self) -> u32 {
        if self.lasting.is_some() { FORMAT } else { FIRST_FORMAT }
    }

    /// SHA-256 of the exact bytes; what the manifest is bound to.
    pub(super) fn digest(&self) -> &[u8; 32] {
        &self.digest
    }

    /// The working keys that follow from this key-encryption key; `None` when it is not the one that the keys in here
    /// are sealed under, or the header was edited. Of the first format, only the manifest can tell.
    pub(super) fn keys(&self, kek: &Kek) -> Option<DerivedKeys> {
        let Some(sealed) = &self.lasting else { return Some(DerivedKeys::of(kek, self.vault_id)) };
        let lasting = sealed.open(kek, self.vault_id, &bytes_of(&self.said(), FORMAT, None))?;
        Some(DerivedKeys::beside(kek, self.vault_id, lasting))
    }

    /// Whether the keys in here open with this one. Of the first format, only the manifest can tell.
    pub(super) fn fits(&self, kek: &Kek) -> bool {
        let said = || bytes_of(&self.said(), FORMAT, None);
        self.lasting.as_ref().is_none_or(|sealed| sealed.open(kek, self.vault_id, &said()).is_some())
    }

    pub(super) fn said(&self) -> Said {
        Said {
            vault_id: self.vault_id,
            test: self.test,
            created_ms: self.created_ms,
            provider: self.provider.clone(),
        }
    }
}

fn bytes_of(said: &Said, format: u32, lasting: Option<&SealedKeys>) -> Vec<u8> {
    let document = Document {
        format,
        vault_id: said.vault_id.to_string(),
        test: said.test,
        created_ms: said.created_ms,
        key: KeyDocument::of(&said.provider),
        lasting: lasting.map(|sealed| hex::encode(sealed.as_bytes())),
    };
    serde_json::to_vec(&document).expect("numbers, texts and lists of texts serialise")
}

fn sealed_keys(text: &str) -> Result<SealedKeys, HeaderError> {
    let mut bytes = vec![0; text.len() / 2];
    let decoded = hex::decode_into(text, &mut bytes).then_some(bytes).and_then(SealedKeys::of);
    decoded
        .ok_or_else(|| HeaderError::Malformed("its keys are not as many bytes of hex as they are".to_owned()))
}

impl KeyDocument {
    fn of(provider: &KeyProvider) -> Self {
        let named = Self { provider: provider.name().to_owned(), ..Self::default() };
        match provider {
            KeyProvider::File | KeyProvider::Env => named,
            KeyProvider::Passphrase(params) => Self { argon2: Some(describe(params)), ..named },
            KeyProvider::Keychain(entry) => Self { entry: entry.0.map(|mark| hex::encode(&mark)), ..named },
            KeyProvider::Command(command) => Self { command: Some(command.clone()), ..named },
            KeyProvider::Systemd(name) => Self { credential: Some(name.as_str().to_owned()), ..named },
        }
    }

    fn is_of_first_format(&self) -> bool {
        self.entry.is_none() && self.command.is_none() && self.credential.is_none()
    }

    fn meant(self) -> Result<KeyProvider, HeaderError> {
        let Self { provider, argon2, entry, command, credential } = self;
        let malformed = |why: &str| HeaderError::Malformed(format!("its key's {why} is not one"));
        match (provider.as_str(), argon2, entry, command, credential) {
            ("file", None, None, None, None) => Ok(KeyProvider::File),
            ("env", None, None, None, None) => Ok(KeyProvider::Env),
            ("keychain", None, None, None, None) => Ok(KeyProvider::Keychain(KeychainEntry(None))),
            ("keychain", None, Some(entry), None, None) => {
                let mark = hex::decode(&entry).ok_or_else(|| malformed("entry"))?;
                Ok(KeyProvider::Keychain(KeychainEntry(Some(mark))))
            }
            ("passphrase", Some(argon2), None, None, None) => Ok(KeyProvider::Passphrase(argon2.meant()?)),
            ("command", None, None, Some(command), None) => {
                command.checked().map(KeyProvider::Command).map_err(|_| malformed("command"))
            }
            ("systemd", None, None, None, Some(name)) => {
                let name = CredentialFile::parse(&name).ok_or_else(|| malformed("credential"))?;
                Ok(KeyProvider::Systemd(name))
            }
            (provider, ..) => {
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
pub(super) mod testing {
    use super::*;

    /// A header of a vault with this id, whose keys nobody needs.
    pub(in crate::vault) fn header(vault_id: u8, test: bool, created_ms: u64) -> Header {
        let provider = KeyProvider::File;
        Header::compose_first(Said { vault_id: VaultId::new([vault_id; 16]), test, created_ms, provider }).0
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::platform::entropy;

    fn kek() -> Kek {
        Kek::from_wire(&crate::vault::SecretText::new("07".repeat(32))).unwrap()
    }

    fn compose(provider: KeyProvider) -> (Header, Vec<u8>) {
        let said = Said { vault_id: VaultId([7; 16]), test: true, created_ms: 1_234, provider };
        Header::compose(said, &kek(), &LastingKeys::generate().unwrap()).unwrap()
    }

    fn providers() -> Vec<KeyProvider> {
        let words = vec!["/usr/bin/pass".to_owned(), "show \"it\"".to_owned()];
        let command = KeyCommand::new(words, Path::new("/home/a"), vec!["GNUPGHOME".to_owned()]).unwrap();
        vec![
            KeyProvider::File,
            KeyProvider::Env,
            KeyProvider::Keychain(KeychainEntry(None)),
            KeyProvider::Keychain(KeychainEntry(Some([1; 8]))),
            KeyProvider::Passphrase(Argon2Params::new(65_536, 3, 1, entropy::bytes().unwrap()).unwrap()),
            KeyProvider::Command(command),
            KeyProvider::Systemd(CredentialFile::parse("aivault.key").unwrap()),
        ]
    }

    #[test]
    fn what_is_composed_is_read_back() {
        for provider in providers() {
            let (header, bytes) = compose(provider);
            assert_eq!(Header::parse(&bytes).unwrap(), header);
            assert!(Header::parse(&bytes).unwrap().keys(&kek()).is_some());
        }
    }

    #[test]
    fn the_first_format_is_read() {
        let text = r#"{"format":1,"vault_id":"07070707070707070707070707070707","test":false,"created_ms":9,"key":{"provider":"file"}}"#;
        let header = Header::parse(text.as_bytes()).unwrap();
        assert_eq!((header.vault_id, header.provider.clone()), (VaultId([7; 16]), KeyProvider::File));
        assert!(header.keys(&kek()).is_some());
        let (first, bytes) = Header::compose_first(header.said());
        assert_eq!((first, bytes.as_slice()), (header, text.as_bytes()));
    }

    #[test]
    fn a_provider_that_was_edited_opens_nothing() {
        let all = providers();
        for (at, provider) in all.iter().enumerate() {
            let (header, _) = compose(provider.clone());
            for other in all.iter().enumerate().filter(|(other, _)| *other != at).map(|(_, other)| other) {
                let edited = Header { provider: other.clone(), ..header.clone() };
                assert!(edited.keys(&kek()).is_none(), "{provider:?} as {other:?}");
            }
            assert!(Header { test: false, ..header.clone() }.keys(&kek()).is_none());
            assert!(Header { created_ms: 1, ..header }.keys(&kek()).is_none());
        }
    }

    #[test]
    fn anything_unknown_is_refused() {
        let (_, bytes) = compose(KeyProvider::File);
        let text = String::from_utf8(bytes).unwrap();
        for (from, to) in [
            ("\"format\":2", "\"format\":3"),
            ("\"format\":2", "\"format\":1"),
            ("\"format\":2", "\"format\":2,\"more\":1"),
            ("\"file\"", "\"files\""),
            ("\"file\"", "\"passphrase\""),
            ("\"file\"", "\"command\""),
            ("\"file\"", "\"systemd\",\"credential\":\"../key\""),
            ("\"file\"", "\"command\",\"command\":{\"words\":[\"sh\"],\"home\":\"/\"}"),
            ("\"file\"", "\"file\",\"argon2\":{\"m_kib\":65536,\"t\":3,\"p\":1,\"salt\":\"00\"}"),
            ("\"lasting\":\"", "\"lasting\":\"0"),
            ("\"lasting\":\"", "\"lasting\":\"00"),
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
