//! The catalogue that policy decides by: the registry in the binary.

use crate::policy::{Catalog, Granted};
use crate::registry;
use crate::spec::{Provider, suggest};

/// The built-in registry as a catalogue.
pub struct RegistryCatalog;

impl Catalog for RegistryCatalog {
    fn capability(&self, id: &str) -> Option<Granted<'_>> {
        registry::capability(id).map(|(provider, capability)| Granted { provider, capability })
    }

    fn provider(&self, id: &str) -> Option<&Provider> {
        registry::provider(id)
    }

    fn near_miss(&self, id: &str) -> Option<String> {
        let ids = registry::capabilities().map(|(_, capability)| capability.id.as_str());
        suggest::nearest(id, ids).map(str::to_owned)
    }
}
