//! Provider documents as they are written: texts, not yet checked.
//!
//! `schema/provider.schema.json` is generated from these types; unknown keys are
//! refused everywhere. What the words mean is for `compile` to say.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::auth_document::AuthDocument;
use super::diagnostic::Place;
use super::method::Method;
use super::model::Risk;
#[cfg(any(test, not(shipped)))]
use super::way_document::AlternativeDocument;
use super::way_document::AlternativesDocument;

/// One provider, one file.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(any(test, not(shipped)), derive(schemars::JsonSchema))]
#[cfg_attr(any(test, not(shipped)), schemars(title = "aivault provider"))]
#[serde(deny_unknown_fields)]
pub struct ProviderDocument {
    /// The provider's id, which is also the file's name.
    pub provider: String,
    /// The name that people know it by.
    pub name: String,
    /// The shelf it is found on, such as `ai`, `messaging` or `payments`.
    pub category: String,
    /// Where its API is documented.
    pub docs: String,
    /// Secret names that belong to this provider for ever.
    pub secrets: BTreeMap<String, SecretDocument>,
    /// Every host that its secrets may be sent to. `*` in the place of a label stands for a tenant's
    /// own, such as `*.myshopify.com`: a secret is bound to one of them when it is stored.
    pub hosts: Vec<String>,
    /// Hosts where the same API stands again, such as another region's: which one a secret is for is
    /// said when it is stored, and otherwise it is the host itself.
    #[serde(default)]
    pub mirrors: BTreeMap<String, Vec<String>>,
    /// Hosts that another provider names too, each with the reason.
    #[serde(default)]
    pub shared_hosts: BTreeMap<String, String>,
    /// How its secrets authenticate requests: the first of several ways, where there are `alternatives`.
    pub auth: AuthDocument,
    /// Further ways to authenticate, by name and in order of priority behind `auth`. An account is of one
    /// way, and needs the secrets of that one alone.
    #[serde(default)]
    #[cfg_attr(any(test, not(shipped)), schemars(with = "Option<BTreeMap<String, AlternativeDocument>>"))]
    pub alternatives: Option<AlternativesDocument>,
    /// Whether its hosts may stand at private addresses; for an operator's own providers only.
    #[serde(default)]
    pub private: bool,
    /// Headers that the API demands, sent when the caller does not set them.
    #[serde(default)]
    pub headers: BTreeMap<String, HeaderDocument>,
    /// Headers that make the key act for another account; refused from callers.
    #[serde(default)]
    pub act_as: Vec<String>,
    /// Parameters that the API takes credentials from besides the scheme's own; refused from callers, in a
    /// query and in a form.
    #[serde(default)]
    pub owned_parameters: Vec<String>,
    #[serde(default)]
    pub sdk: Option<SdkDocument>,
    /// How official clients know errors, for what the broker itself refuses.
    #[serde(default)]
    pub errors: Option<ErrorsDocument>,
    pub capabilities: BTreeMap<String, CapabilityDocument>,
}

impl ProviderDocument {
    /// Its hosts and their mirrors, with where they are written.
    pub fn places(&self) -> impl Iterator<Item = (Place, &str)> {
        let hosts = Place::root().key("hosts");
        let own = self.hosts.iter().enumerate().map(move |(index, host)| (hosts.index(index), host.as_str()));
        let mirrors = self.mirrors.iter().flat_map(|(host, mirrors)| {
            let place = Place::root().key("mirrors").key(host);
            mirrors.iter().enumerate().map(move |(index, mirror)| (place.index(index), mirror.as_str()))
        });
        own.chain(mirrors)
    }
}

/// A secret that the provider needs.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(any(test, not(shipped)), derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct SecretDocument {
    /// What templates call it: `as: secret` is written `{{secret}}`.
    pub r#as: String,
    /// Where a person gets one.
    #[serde(default)]
    pub help: Option<String>,
    /// A regular expression that values are expected to match; a mismatch warns.
    #[serde(default)]
    pub pattern: Option<String>,
    /// An account's name rather than a key: not scrubbed from responses.
    #[serde(default)]
    pub identifier: bool,
    /// Whether the provider can be called without it, such as a session's token.
    #[serde(default)]
    pub optional: bool,
}

/// A header with its default.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(any(test, not(shipped)), derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct HeaderDocument {
    pub value: String,
    /// What a caller may say instead: literal, or with one `*`.
    #[serde(default)]
    pub allow: Vec<String>,
}

/// How official clients are pointed at the broker.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(any(test, not(shipped)), derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct SdkDocument {
    /// The environment variable that an official client reads its base URL from.
    #[serde(default)]
    pub base_url_env: Option<String>,
    /// The path that the client's base URL ends in.
    #[serde(default)]
    pub base_path: Option<String>,
}

/// The body of an error as official clients read it.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(any(test, not(shipped)), derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ErrorsDocument {
    /// A JSON object. Its strings may name `{{message}}`, `{{reason}}`, `{{code}}`, `{{help}}`, `{{status}}` and
    /// `{{name}}`; one that is `{{status}}` and nothing else becomes a number.
    pub body: serde_json::Value,
    /// What `{{name}}` stands for, by HTTP status; `other` for the rest.
    #[serde(default)]
    pub names: BTreeMap<String, String>,
}

/// A named grant.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(any(test, not(shipped)), derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct CapabilityDocument {
    /// What it is for, in a line.
    pub summary: String,
    /// Which of several hosts; left out where the provider has one.
    #[serde(default)]
    pub host: Option<String>,
    /// `read` when all methods are GET or HEAD, otherwise `write`, unless said here.
    #[serde(default)]
    pub risk: Option<Risk>,
    pub allow: Vec<GrantDocument>,
    /// A request that a person can paste, and that this capability allows.
    pub example: ExampleDocument,
    /// Neighbouring requests and which way they must be decided.
    pub examples: ExamplesDocument,
}

/// Methods and path patterns that go together.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(any(test, not(shipped)), derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct GrantDocument {
    pub methods: Vec<Method>,
    pub paths: Vec<String>,
}

/// A request that shows a capability at work; at most one kind of body.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(any(test, not(shipped)), derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ExampleDocument {
    pub method: Method,
    /// A path, with its query where there is one.
    pub path: String,
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// A JSON body.
    #[serde(default)]
    pub body: Option<serde_json::Value>,
    /// A body of `application/x-www-form-urlencoded`.
    #[serde(default)]
    pub form: Option<BTreeMap<String, String>>,
    #[serde(default)]
    pub multipart: Option<MultipartDocument>,
    /// The name of a file whose bytes are the body.
    #[serde(default)]
    pub body_file: Option<String>,
}

/// A body of `multipart/form-data`.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(any(test, not(shipped)), derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct MultipartDocument {
    #[serde(default)]
    pub fields: BTreeMap<String, String>,
    /// Field name to file name.
    #[serde(default)]
    pub files: BTreeMap<String, String>,
}

/// Requests written `METHOD /path`.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(any(test, not(shipped)), derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ExamplesDocument {
    #[serde(default)]
    pub allow: Vec<String>,
    pub deny: Vec<String>,
}
