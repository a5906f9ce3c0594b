//! The plan: the upstream request as policy allowed it, with holes where secrets go.
//!
//! Made from an `Allowed` alone, so that nothing unjudged can be sent. It holds no
//! secret and prints safely.

use std::fmt;

use crate::policy::{Allowed, HeaderField, Redaction};
use crate::spec::header::same_header;
use crate::spec::{
    Auth, AuthWay, Capability, ClientCertificate, Host, Method, Provider, SecretClaim, Target, Text,
};

/// What will be sent, where to, and how it is to be authenticated.
pub struct Plan<'a> {
    provider: &'a Provider,
    way: AuthWay<'a>,
    capability: &'a Capability,
    host: Host,
    own: bool,
    method: Method,
    target: Target,
    headers: Vec<HeaderField>,
    redactions: Vec<Redaction>,
}

impl<'a> Plan<'a> {
    /// The plan of a permitted request, as the way of its account authenticates it.
    #[must_use]
    pub fn of(allowed: Allowed<'a>, way: AuthWay<'a>) -> Self {
        let (granted, request, host, redactions) = allowed.into_parts();
        let (method, target, headers) = request.into_parts();
        Self {
            provider: granted.provider,
            way,
            capability: granted.capability,
            host,
            own: granted.own,
            method,
            target,
            headers,
            redactions,
        }
    }

    #[must_use]
    pub fn provider(&self) -> &'a Provider {
        self.provider
    }

    /// Whether the provider is the operator's own rather than the registry's.
    #[must_use]
    pub fn is_own(&self) -> bool {
        self.own
    }

    /// The only host that it may go to: `https`, port 443.
    #[must_use]
    pub fn host(&self) -> &Host {
        &self.host
    }

    #[must_use]
    pub fn capability(&self) -> &'a Capability {
        self.capability
    }

    #[must_use]
    pub fn method(&self) -> Method {
        self.method
    }

    /// Path and query without what auth adds to them.
    #[must_use]
    pub fn target(&self) -> &Target {
        &self.target
    }

    #[must_use]
    pub fn auth(&self) -> &'a Auth {
        self.way.auth
    }

    /// What the connection shows, if the upstream asks.
    #[must_use]
    pub fn client_certificate(&self) -> Option<&'a ClientCertificate> {
        self.way.client_certificate
    }

    /// The provider's secrets, as it claims them; those of the way are among them.
    #[must_use]
    pub fn secrets(&self) -> &'a [SecretClaim] {
        &self.provider.secrets
    }

    /// What is taken out of the answer.
    #[must_use]
    pub fn redactions(&self) -> &[Redaction] {
        &self.redactions
    }

    /// The caller's headers, and the provider's defaults where the caller set none.
    pub fn headers(&self) -> impl Iterator<Item = (&str, &str)> {
        let own = self.headers.iter().map(|field| (field.name(), field.value()));
        let missing = self.provider.headers.iter().filter(|default| {
            !self.headers.iter().any(|field| same_header(field.name(), default.name.as_str()))
        });
        own.chain(missing.map(|default| (default.name.as_str(), default.value.as_ref())))
    }
}

/// Method, address and scheme; header values may be private and are not printed.
impl fmt::Debug for Plan<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} https://{}{} with {} auth",
            self.method,
            self.host(),
            self.target.path(),
            self.way.scheme()
        )
    }
}

/// Where `path` auth puts its segment: behind the first of `after` that the path starts with,
/// segment by segment; else at the front.
#[must_use]
pub fn insertion_point(target: &str, after: &[Text]) -> usize {
    let behind = after.iter().find(|prefix| {
        target
            .strip_prefix(prefix.as_ref())
            .is_some_and(|tail| tail.is_empty() || tail.starts_with(['/', '?']))
    });
    behind.map_or(0, |prefix| prefix.len())
}

#[cfg(test)]
mod tests {
    use super::insertion_point;

    #[test]
    fn the_segment_goes_behind_whole_segments_only() {
        let after = ["/file".into()];
        assert_eq!(insertion_point("/sendMessage", &after), 0);
        assert_eq!(insertion_point("/file/photos/1.jpg", &after), 5);
        assert_eq!(insertion_point("/files", &after), 0);
    }
}
