//! Providers read at run time: the same `compile` and lint as the build, without its compiler.

use std::collections::HashMap;

use crate::policy::{Catalog, Granted};
use crate::spec::{Diagnostic, Provider, Source, compile_provider, lint, suggest};

/// Providers that were read from files.
pub struct Lowered {
    providers: Vec<Provider>,
    /// Full name of a capability, to the positions of its provider and of itself therein.
    by_capability: HashMap<String, (usize, usize)>,
}

/// Compiles provider files as the build does.
///
/// # Errors
/// Every mistake in any of them.
pub fn lower(sources: Vec<Source>) -> Result<Lowered, Vec<Diagnostic>> {
    let mut checked: Vec<_> = sources.into_iter().map(compile_provider).collect();
    let across = lint::across(&checked);
    let own = checked.iter_mut().flat_map(|one| std::mem::take(&mut one.diagnostics));
    let mistakes: Vec<Diagnostic> = own.chain(across).collect();
    if !mistakes.is_empty() {
        return Err(mistakes);
    }
    Ok(Lowered::of(checked.into_iter().filter_map(|one| one.provider).collect()))
}

impl Lowered {
    fn of(providers: Vec<Provider>) -> Self {
        let mut by_capability = HashMap::new();
        for (at, provider) in providers.iter().enumerate() {
            for (within, capability) in provider.capabilities.iter().enumerate() {
                by_capability.insert(capability.id.to_string(), (at, within));
            }
        }
        Self { providers, by_capability }
    }

    #[must_use]
    pub fn providers(&self) -> &[Provider] {
        &self.providers
    }
}

impl Catalog for Lowered {
    fn capability(&self, id: &str) -> Option<Granted<'_>> {
        let (at, within) = self.by_capability.get(id)?;
        let provider = self.providers.get(*at)?;
        Some(Granted::by_default(provider, provider.capabilities.get(*within)?, false))
    }

    fn provider(&self, id: &str) -> Option<&Provider> {
        self.providers.iter().find(|provider| provider.id.as_str() == id)
    }

    fn near_miss(&self, id: &str) -> Option<String> {
        suggest::nearest(id, self.by_capability.keys().map(String::as_str)).map(str::to_owned)
    }
}
