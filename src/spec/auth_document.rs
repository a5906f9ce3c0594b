//! How a provider's auth is written. What it means is for `compile_auth` to say.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::hmac_document::HmacDocument;

/// How the secret authenticates a request.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(any(test, not(shipped)), derive(schemars::JsonSchema))]
#[serde(tag = "type", rename_all = "kebab-case", deny_unknown_fields)]
pub enum AuthDocument {
    /// One header.
    Header { name: String, value: String },
    /// One query parameter.
    Query { name: String, value: String },
    /// A segment inserted into the path: first, or behind one of `after`.
    Path {
        segment: String,
        #[serde(default)]
        after: Vec<String>,
    },
    /// HTTP Basic (RFC 7617).
    Basic { username: String, password: String },
    /// Several headers.
    MultiHeader { headers: BTreeMap<String, String> },
    /// Several query parameters.
    MultiQuery { query: BTreeMap<String, String> },
    /// OAuth 2.0 (RFC 6749): an access token, fetched with what is stored, as a bearer token.
    Oauth2(Box<OAuthDocument>),
    /// AWS Signature Version 4.
    AwsSigv4(Box<AwsDocument>),
    /// A keyed hash (RFC 2104) of parts of the request.
    Hmac(Box<HmacDocument>),
    /// A signed assertion that is exchanged for an access token (RFC 7523).
    JwtBearer(Box<JwtDocument>),
    /// An installation of a GitHub App.
    GithubApp(Box<GithubAppDocument>),
    /// Mutual TLS: a client certificate, alone or beside another scheme.
    Mtls(Box<MtlsDocument>),
}

/// AWS Signature Version 4.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(any(test, not(shipped)), derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct AwsDocument {
    /// The service's signing name, such as `s3`.
    pub service: String,
    /// The region; left out where the last `*` of the host stands for it.
    #[serde(default)]
    pub region: Option<String>,
    pub access_key_id: String,
    pub secret_access_key: String,
    #[serde(default)]
    pub session_token: Option<String>,
}

/// A signed assertion, and where it is exchanged.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(any(test, not(shipped)), derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct JwtDocument {
    pub token_endpoint: String,
    pub key: String,
    /// How the key is written: a PEM, or Google's JSON of a service account.
    #[serde(default)]
    pub key_format: KeyFormat,
    #[serde(default)]
    pub algorithm: JwtAlgorithm,
    /// Left out where the key's JSON says it.
    #[serde(default)]
    pub issuer: Option<String>,
    #[serde(default)]
    pub subject: Option<String>,
    #[serde(default)]
    pub scopes: Vec<String>,
}

/// A GitHub App's key, and the installation that it stands for.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(any(test, not(shipped)), derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct GithubAppDocument {
    /// Where tokens come from, where that is not `api.github.com`.
    #[serde(default)]
    pub host: Option<String>,
    pub app_id: String,
    pub installation_id: String,
    pub private_key: String,
}

/// A client certificate with its key, and what authenticates the requests beside it.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(any(test, not(shipped)), derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct MtlsDocument {
    /// The certificate in PEM with the chain behind it, or a PKCS#12 file.
    pub certificate: String,
    /// Left out where the key stands with the certificate.
    #[serde(default)]
    pub private_key: Option<String>,
    #[serde(default)]
    pub format: CertificateFormat,
    /// Of a PKCS#12 file, or of an encrypted key.
    #[serde(default)]
    pub passphrase: Option<String>,
    /// What authenticates the requests themselves, where that is needed beside the certificate.
    #[serde(default)]
    pub with: Option<AuthDocument>,
}

/// OAuth 2.0: where tokens come from, and what is asked for them.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(any(test, not(shipped)), derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct OAuthDocument {
    pub grant: OAuthGrant,
    /// Where tokens are fetched: `https`, with `{{placeholders}}` of identifiers only.
    pub token_endpoint: String,
    /// Where a person consents, for `aivault oauth login`.
    #[serde(default)]
    pub authorize_endpoint: Option<String>,
    /// Where a device without a browser asks (RFC 8628).
    #[serde(default)]
    pub device_endpoint: Option<String>,
    pub client_id: String,
    /// Left out of public clients, which use PKCE.
    #[serde(default)]
    pub client_secret: Option<String>,
    #[serde(default)]
    pub client_auth: ClientAuth,
    /// Of the client auth `private_key_jwt`: the key, as a PEM, and how it signs.
    #[serde(default)]
    pub client_key: Option<String>,
    #[serde(default)]
    pub client_key_algorithm: JwtAlgorithm,
    /// What the authorisation server calls the key.
    #[serde(default)]
    pub client_key_id: Option<String>,
    /// Of the grant `refresh_token`.
    #[serde(default)]
    pub refresh_token: Option<String>,
    #[serde(default)]
    pub scopes: Vec<String>,
    /// Further parameters of each request for a token.
    #[serde(default)]
    pub parameters: BTreeMap<String, String>,
}

/// How an access token is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[cfg_attr(any(test, not(shipped)), derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum OAuthGrant {
    RefreshToken,
    ClientCredentials,
    /// Zoom's, for server-to-server apps.
    AccountCredentials,
}

/// How the client shows who it is at the token endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[cfg_attr(any(test, not(shipped)), derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum ClientAuth {
    #[default]
    Body,
    Basic,
    /// By an assertion that the client's key signs (RFC 7523, section 2.2).
    PrivateKeyJwt,
    /// A public client, with PKCE.
    None,
}

/// How a private key is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[cfg_attr(any(test, not(shipped)), derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum KeyFormat {
    #[default]
    Pem,
    GoogleJson,
}

/// How a client certificate is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[cfg_attr(any(test, not(shipped)), derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum CertificateFormat {
    #[default]
    Pem,
    Pkcs12,
}

/// How an assertion is signed (RFC 7518, RFC 8037).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[cfg_attr(any(test, not(shipped)), derive(schemars::JsonSchema))]
pub enum JwtAlgorithm {
    #[default]
    #[serde(rename = "RS256")]
    Rs256,
    #[serde(rename = "ES256")]
    Es256,
    #[serde(rename = "EdDSA")]
    EdDsa,
}
