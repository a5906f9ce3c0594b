//! The capabilities that policies speak of: the registry's, or those of provider files.

use crate::policy::{Catalog, Granted};
use crate::spec::policy::{Glob, Select};
use crate::spec::{Capability, Provider, suggest};

/// Providers, wherever they came from.
pub struct Known<'a> {
    providers: Vec<&'a Provider>,
}

impl<'a> Known<'a> {
    pub fn new(providers: impl IntoIterator<Item = &'a Provider>) -> Self {
        Self { providers: providers.into_iter().collect() }
    }

    #[must_use]
    pub fn providers(&self) -> &[&'a Provider] {
        &self.providers
    }

    /// Every capability, with its provider.
    pub fn capabilities(&self) -> impl Iterator<Item = Granted<'a>> {
        self.providers.iter().flat_map(|provider| {
            let granted = |capability| Granted::by_default(provider, capability, false);
            provider.capabilities.iter().map(granted)
        })
    }

    /// The capabilities that a rule of that selection is about, whoever calls and when.
    #[must_use]
    pub fn selected(&self, select: &Select) -> Vec<Granted<'a>> {
        self.capabilities().filter(|granted| is_about(select, granted.capability)).collect()
    }
}

/// Whether a selection names that capability by its id and its risk.
#[must_use]
pub fn is_about(select: &Select, capability: &Capability) -> bool {
    let named = |globs: &Vec<Glob>| globs.iter().any(|glob| glob.matches(capability.id.as_str()));
    select.capabilities.as_ref().is_none_or(named)
        && select.risk.as_ref().is_none_or(|risks| risks.contains(&capability.risk))
}

impl Catalog for Known<'_> {
    fn capability(&self, id: &str) -> Option<Granted<'_>> {
        let provider = self.provider(id.split('/').next()?)?;
        let capability = provider.capabilities.iter().find(|capability| capability.id.as_str() == id)?;
        Some(Granted::by_default(provider, capability, false))
    }

    fn provider(&self, id: &str) -> Option<&Provider> {
        self.providers.iter().copied().find(|provider| provider.id.as_str() == id)
    }

    fn near_miss(&self, id: &str) -> Option<String> {
        let ids = self.capabilities().map(|granted| granted.capability.id.as_str());
        suggest::nearest(id, ids).map(str::to_owned)
    }
}
