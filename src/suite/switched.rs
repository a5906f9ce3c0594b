//! A catalogue in which the operator turned some capabilities on by name.

use std::collections::BTreeSet;

use crate::policy::{Catalog, Granted};
use crate::spec::Provider;

/// `inner`, with `on` turned on.
pub(super) struct Switched<'a> {
    pub(super) inner: &'a dyn Catalog,
    pub(super) on: &'a BTreeSet<String>,
}

impl Catalog for Switched<'_> {
    fn capability(&self, id: &str) -> Option<Granted<'_>> {
        let granted = self.inner.capability(id)?;
        Some(Granted { enabled: granted.enabled || self.on.contains(id), ..granted })
    }

    fn provider(&self, id: &str) -> Option<&Provider> {
        self.inner.provider(id)
    }

    fn near_miss(&self, id: &str) -> Option<String> {
        self.inner.near_miss(id)
    }
}
