//! What this process counted, for its operator.

use std::sync::PoisonError;

use super::Local;
use crate::broker::metrics::Known;
use crate::registry;
use crate::service::metrics::{self, Reading};

/// The capabilities that are counted by their names.
pub(super) const REGISTRY: Known =
    Known { count: registry::capability_count(), number: registry::capability_number };

impl Local {
    /// All of it as text, whether the vault is open or not: nothing is opened for a scraper.
    #[must_use]
    pub fn exposition(&self) -> String {
        let open = self.session.read().unwrap_or_else(PoisonError::into_inner).clone();
        metrics::exposition(&Reading {
            counts: self.metrics.counts(),
            version: env!("CARGO_PKG_VERSION"),
            registry: env!("AIVAULT_REGISTRY"),
            unlocked: open.is_some(),
            generation: open.map(|session| session.desk.vault().epoch()),
            approvals_waiting: self.approvals.list().len(),
        })
    }
}
