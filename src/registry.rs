//! The registry in the binary: look-ups over what build.rs wrote.
//!
//! Nothing is parsed, allocated or read here, and nothing on disk or in the
//! environment alters what it answers (invariant 12).

use std::borrow::Cow;

use crate::spec::{
    Auth, Capability, CapabilityId, DefaultHeader, Example, Grant, HeaderName, HostPattern, Method,
    MethodSet, Part, PathPattern, Payload, Provider, ProviderId, Risk, Sdk, SecretClaim, SecretName,
    Template, Text,
};

include!(concat!(env!("OUT_DIR"), "/registry.rs"));

/// All providers, by id.
#[must_use]
pub fn providers() -> &'static [&'static Provider] {
    PROVIDERS
}

/// The provider of that id.
#[must_use]
pub fn provider(id: &str) -> Option<&'static Provider> {
    BY_ID.get(id).map(|at| PROVIDERS[usize::from(*at)])
}

/// The capability of that full name, with its provider.
#[must_use]
pub fn capability(id: &str) -> Option<(&'static Provider, &'static Capability)> {
    let (provider, within) = *BY_CAPABILITY.get(id)?;
    let provider = PROVIDERS[usize::from(provider)];
    Some((provider, &provider.capabilities[usize::from(within)]))
}

/// The provider that claims a secret's name.
#[must_use]
pub fn claimant(secret: &SecretName) -> Option<&'static Provider> {
    BY_SECRET.get(secret.as_str()).map(|at| PROVIDERS[usize::from(*at)])
}

/// All capabilities, by provider.
pub fn capabilities() -> impl Iterator<Item = (&'static Provider, &'static Capability)> {
    PROVIDERS
        .iter()
        .flat_map(|provider| provider.capabilities.iter().map(move |capability| (*provider, capability)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_guides_counts_hold() {
        for (id, count) in [("openai", 17), ("trello", 17)] {
            let provider = provider(id).unwrap();
            assert_eq!(
                provider.capabilities.iter().filter(|c| !c.is_administrative()).count(),
                count,
                "{id}"
            );
        }
    }

    #[test]
    fn everything_is_found_by_each_of_its_names() {
        for one in providers() {
            assert!(std::ptr::eq(provider(one.id.as_str()).unwrap(), *one));
            for claim in one.secrets.iter() {
                assert!(std::ptr::eq(claimant(&claim.name).unwrap(), *one));
            }
            for capability in one.capabilities.iter() {
                let (owner, found) = self::capability(capability.id.as_str()).unwrap();
                assert!(std::ptr::eq(owner, *one) && std::ptr::eq(found, capability));
            }
        }
        assert!(provider("none").is_none() && capability("openai/none").is_none());
    }
}
