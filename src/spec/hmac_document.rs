//! How the scheme `hmac` is written in a provider file. What it means is for `compile_hmac` to say.

use std::collections::BTreeMap;

use serde::Deserialize;

/// A keyed hash (RFC 2104) of parts of the request, in headers or the query.
///
/// Texts may hold secrets, `{{time.seconds}}`, `{{time.millis}}`, `{{time.iso}}`, `{{nonce}}`, and of
/// the request `{{request.method}}`, `{{request.path}}`, `{{request.query}}`, `{{request.target}}`,
/// `{{request.host}}`, `{{request.body}}`, `{{request.body_sha256}}`.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(any(test, not(shipped)), derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct HmacDocument {
    /// The secret that signs.
    pub key: String,
    /// How the stored secret is written.
    #[serde(default)]
    pub key_encoding: KeyEncoding,
    pub algorithm: HmacAlgorithm,
    /// How the signature is written.
    pub encoding: SignatureEncoding,
    /// What is signed.
    pub message: String,
    /// Headers of the scheme; `{{signature}}` is the signature.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// Parameters behind the caller's own: those without `{{signature}}` first, which are then part
    /// of `{{request.query}}`.
    #[serde(default)]
    pub query: BTreeMap<String, String>,
}

/// How a key is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[cfg_attr(any(test, not(shipped)), derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum KeyEncoding {
    /// Its bytes are the key.
    #[default]
    Raw,
    Hex,
    Base64,
}

/// The hash that is keyed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[cfg_attr(any(test, not(shipped)), derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum HmacAlgorithm {
    Sha1,
    Sha256,
    Sha512,
}

/// How a signature is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[cfg_attr(any(test, not(shipped)), derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum SignatureEncoding {
    /// In lower case.
    Hex,
    /// With padding (RFC 4648, section 4).
    Base64,
}
