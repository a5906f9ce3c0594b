//! The registry in the binary: look-ups over what build.rs wrote.
//!
//! A provider is taken out of the binary when it is first asked for, so that a program starts as
//! fast with a thousand of them as with one. Nothing is read here, and nothing on disk or in the
//! environment alters what it answers (invariant 12).

mod table;

use std::sync::OnceLock;

use crate::spec::packed::{Packed, Unpacking};
use crate::spec::{Capability, Provider, SecretName};
use table::Table;

include!(concat!(env!("OUT_DIR"), "/registry.rs"));

/// All providers as build.rs packed them, one behind the other; each ends at its place in `ENDS`.
static PACKED: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/registry.bin"));

static PROVIDERS: [OnceLock<Provider>; COUNT] = [const { OnceLock::new() }; COUNT];

/// The provider at a place; none behind the last.
fn at<'a>(place: usize) -> Option<&'a Provider> {
    PROVIDERS.get(place).map(|slot| slot.get_or_init(|| unpacked(place)))
}

fn unpacked(place: usize) -> Provider {
    let start = place.checked_sub(1).map_or(0, |before| ENDS[before] as usize);
    let mut from = Unpacking::new(&PACKED[start..ENDS[place] as usize]);
    // The bytes are build.rs's own, and `everything_is_found_by_each_of_its_names` takes out each.
    Provider::unpack(&mut from).filter(|_| from.is_done()).expect("what build.rs packed can be unpacked")
}

/// How many providers there are.
#[must_use]
pub const fn provider_count() -> usize {
    COUNT
}

/// How many capabilities there are.
#[must_use]
pub const fn capability_count() -> usize {
    CAPABILITIES
}

/// All providers, by id.
pub fn providers<'a>() -> impl Iterator<Item = &'a Provider> {
    (0..COUNT).filter_map(at)
}

/// The provider of that id.
#[must_use]
pub fn provider(id: &str) -> Option<&'static Provider> {
    let provider = at(usize::from(BY_ID.place(id)?))?;
    (provider.id.as_str() == id).then_some(provider)
}

/// The capability of that full name, with its provider.
#[must_use]
pub fn capability(id: &str) -> Option<(&'static Provider, &'static Capability)> {
    let (provider, within) = BY_CAPABILITY.place(id)?;
    let provider = at(usize::from(provider))?;
    let capability = provider.capabilities.get(usize::from(within))?;
    (capability.id.as_str() == id).then_some((provider, capability))
}

/// A number that is a capability's own, below [`capability_count`].
#[must_use]
pub fn capability_number(id: &str) -> Option<usize> {
    capability(id).and_then(|_| BY_CAPABILITY.number(id))
}

/// The provider that claims a secret's name.
#[must_use]
pub fn claimant(secret: &SecretName) -> Option<&'static Provider> {
    let provider = at(usize::from(BY_SECRET.place(secret.as_str())?))?;
    provider.secrets.iter().any(|claim| claim.name == *secret).then_some(provider)
}

/// All capabilities, by provider.
pub fn capabilities<'a>() -> impl Iterator<Item = (&'a Provider, &'a Capability)> {
    providers()
        .flat_map(|provider| provider.capabilities.iter().map(move |capability| (provider, capability)))
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
            assert!(std::ptr::eq(provider(one.id.as_str()).unwrap(), one));
            for claim in one.secrets.iter() {
                assert!(std::ptr::eq(claimant(&claim.name).unwrap(), one));
            }
            for capability in one.capabilities.iter() {
                let (owner, found) = self::capability(capability.id.as_str()).unwrap();
                assert!(std::ptr::eq(owner, one) && std::ptr::eq(found, capability));
            }
        }
        assert_eq!((providers().count(), capabilities().count()), (provider_count(), capability_count()));
        let mut numbers: Vec<_> =
            capabilities().filter_map(|(_, one)| capability_number(one.id.as_str())).collect();
        numbers.sort_unstable();
        assert!(numbers.into_iter().eq(0..capability_count()), "each has a number of its own");
    }

    #[test]
    fn what_has_no_such_name_is_not_found() {
        for id in ["", "none", "openai/", "openai/none", "none/chat-completions", "OPENAI_API_KEY", "opena"] {
            assert!(provider(id).is_none() && capability(id).is_none(), "{id}");
            assert!(capability_number(id).is_none(), "{id}");
        }
        assert!(claimant(&SecretName::from_static("NO_SUCH_KEY")).is_none());
    }
}
