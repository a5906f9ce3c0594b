//! The model as meant: what a provider file says once it is compiled.
//!
//! One set of types serves the static registry (borrowed, written by build.rs) and
//! providers read at run time (owned). Plain data: it decides nothing.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::auth::Auth;
use super::header::HeaderName;
use super::host::{Host, HostPattern};
use super::method::{Method, MethodSet};
use super::mtls::ClientCertificate;
use super::name::{CapabilityId, ProviderId, SecretName};
use super::path::PathPattern;
use super::refusal::ErrorShape;
use super::text::Text;
use super::way::Alternative;

/// A list of the static registry or of a document read at run time.
pub type List<T> = Cow<'static, [T]>;

/// One upstream service.
#[derive(Debug, Clone, PartialEq)]
pub struct Provider {
    pub id: ProviderId,
    pub name: Text,
    pub category: Text,
    pub docs: Text,
    pub secrets: List<SecretClaim>,
    /// The first of its ways to authenticate.
    pub auth: Auth,
    /// What its connections show, whatever `auth` does to requests.
    pub client_certificate: Option<ClientCertificate>,
    /// Further ways to authenticate, by priority.
    pub alternatives: List<Alternative>,
    /// Whether its hosts may stand at private addresses.
    pub private: bool,
    pub headers: List<DefaultHeader>,
    pub act_as: List<HeaderName>,
    /// Parameters that the API takes credentials from besides the scheme's own.
    pub owned_parameters: List<Text>,
    pub sdk: Option<Sdk>,
    /// How its clients know errors.
    pub errors: Option<ErrorShape>,
    pub capabilities: List<Capability>,
}

/// A secret's name that belongs to one provider for ever.
#[derive(Debug, Clone, PartialEq)]
pub struct SecretClaim {
    pub name: SecretName,
    /// What templates call it.
    pub placeholder: Text,
    pub help: Option<Text>,
    /// A regular expression that values are expected to match.
    pub pattern: Option<Text>,
    /// An account's name rather than a key: sealed, but not scrubbed from responses.
    pub identifier: bool,
    /// What an account may have and may lack.
    pub optional: bool,
}

/// A header that the API demands, sent where the caller says nothing.
#[derive(Debug, Clone, PartialEq)]
pub struct DefaultHeader {
    pub name: HeaderName,
    pub value: Text,
    /// What a caller may say instead: literal, or with one `*`; empty: nothing.
    pub allow: List<Text>,
}

impl DefaultHeader {
    /// Whether a caller may send `value` in place of the default.
    #[must_use]
    pub fn permits(&self, value: &str) -> bool {
        value == self.value
            || self.allow.iter().any(|pattern| match pattern.split_once('*') {
                None => value == pattern,
                Some((before, after)) => {
                    value.len() >= before.len() + after.len()
                        && value.starts_with(before)
                        && value.ends_with(after)
                }
            })
    }
}

/// How official clients are pointed at another address.
#[derive(Debug, Clone, PartialEq)]
pub struct Sdk {
    pub base_url_env: Option<Text>,
    pub base_path: Text,
}

/// What a grant can do to its owner.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(any(test, not(shipped)), derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Risk {
    Read,
    Write,
    /// Moves money or buys.
    Spend,
    /// Administers accounts, users, keys or billing: off until enabled by name.
    Admin,
}

impl Risk {
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
            Self::Spend => "spend",
            Self::Admin => "admin",
        }
    }
}

/// A named grant: one host, some methods and paths.
#[derive(Debug, Clone, PartialEq)]
pub struct Capability {
    pub id: CapabilityId,
    pub summary: Text,
    pub host: HostPattern,
    /// Where the same API stands again.
    pub mirrors: List<HostPattern>,
    pub risk: Risk,
    pub grants: List<Grant>,
    pub example: Example,
}

impl Capability {
    /// Off until an operator enables it by name.
    #[must_use]
    pub fn is_administrative(&self) -> bool {
        self.risk == Risk::Admin
    }

    /// Its host, and those where the same API stands.
    pub fn hosts(&self) -> impl Iterator<Item = &HostPattern> {
        std::iter::once(&self.host).chain(self.mirrors.iter())
    }

    /// Whether a secret that is bound to `host` may serve it there.
    #[must_use]
    pub fn reaches(&self, host: &str) -> bool {
        self.hosts().any(|pattern| pattern.reaches(host))
    }

    /// The host that a call goes to as an account that is bound to `bound`, or to nothing in particular:
    /// the first of those that it reaches, else its own where there is but one. An account that was
    /// bound has no place where it was bound to none of a capability's.
    #[must_use]
    pub fn place(&self, bound: Option<&[Host]>) -> Option<Host> {
        let chosen = bound.and_then(|hosts| hosts.iter().find(|host| self.reaches(host.as_str())));
        match chosen {
            Some(host) => Some(host.clone()),
            None if bound.is_some() && self.is_bound() => None,
            None => self.host.exact(),
        }
    }

    /// Whether it makes a difference which host a secret is bound to.
    #[must_use]
    pub fn is_bound(&self) -> bool {
        self.host.is_of_tenants() || !self.mirrors.is_empty()
    }

    /// Methods of all grants together.
    #[must_use]
    pub fn methods(&self) -> MethodSet {
        self.grants.iter().fold(MethodSet::default(), |all, grant| all.union(grant.methods))
    }

    /// The path of a call that names none: the only one without wildcards.
    #[must_use]
    pub fn default_path(&self) -> Option<&str> {
        let mut exact: Vec<&str> = self.grants.iter().flat_map(Grant::exact_paths).collect();
        exact.sort_unstable();
        exact.dedup();
        match exact[..] {
            [only] => Some(only),
            _ => None,
        }
    }
}

/// Methods and the paths that they may be used on.
#[derive(Debug, Clone, PartialEq)]
pub struct Grant {
    pub methods: MethodSet,
    pub paths: List<PathPattern>,
}

impl Grant {
    /// Whether this grant permits `method` on the canonical `path`.
    #[inline]
    #[must_use]
    pub fn permits(&self, method: Method, path: &str) -> bool {
        self.methods.contains(method) && self.paths.iter().any(|pattern| pattern.matches(path))
    }

    fn exact_paths(&self) -> impl Iterator<Item = &str> {
        self.paths.iter().filter_map(|pattern| {
            let bare = pattern.bare();
            (!bare.contains('*')).then_some(bare)
        })
    }
}

/// A request that a person can paste.
#[derive(Debug, Clone, PartialEq)]
pub struct Example {
    pub method: Method,
    /// With its query, when it has one.
    pub path: Text,
    pub headers: List<(Text, Text)>,
    pub payload: Payload,
}

/// The body of an example.
#[derive(Debug, Clone, PartialEq)]
pub enum Payload {
    None,
    /// JSON text.
    Json(Text),
    Form(List<(Text, Text)>),
    Multipart {
        fields: List<(Text, Text)>,
        files: List<(Text, Text)>,
    },
    /// The name of a file whose bytes are the body.
    File(Text),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_default_header_gives_way_within_its_list() {
        let header = DefaultHeader {
            name: HeaderName::from_static("notion-version"),
            value: "2025-09-03".into(),
            allow: vec!["2026-*".into(), "x".into()].into(),
        };
        assert!(header.permits("2025-09-03") && header.permits("2026-01-01") && header.permits("x"));
        assert!(!header.permits("2024-01-01") && !header.permits("xx"));
    }
}
