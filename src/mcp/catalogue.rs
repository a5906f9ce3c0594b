//! What there is to call, and what of it is a tool of its own.

use super::behind::Behind;
use crate::service::{CapabilityDetail, CapabilityView, Readiness, ServiceError};
use crate::spec::Scope;
use crate::spec::policy::Glob;

/// What there is to call, as seen from one scope.
pub(super) struct Catalogue {
    behind: Behind,
    scope: Scope,
    expose: Vec<Glob>,
}

impl Catalogue {
    pub(super) fn new(behind: Behind, scope: Scope, expose: Vec<Glob>) -> Self {
        Self { behind, scope, expose }
    }

    /// All capabilities that are on, whether they are ready or not.
    pub(super) async fn enabled(&self) -> Result<Vec<CapabilityView>, ServiceError> {
        let mut capabilities = self.behind.capabilities(&self.scope).await?;
        capabilities.retain(|one| one.readiness != Readiness::Disabled);
        Ok(capabilities)
    }

    pub(super) async fn describe(&self, id: &str) -> Result<CapabilityDetail, ServiceError> {
        self.behind.describe(id, &self.scope).await
    }

    /// Whether the capability is to be a tool of its own.
    pub(super) fn is_exposed(&self, id: &str) -> bool {
        self.expose.iter().any(|glob| glob.matches(id))
    }

    /// Those that are tools of their own now: of what cannot be called, an agent learns from the list.
    pub(super) async fn exposed(&self) -> Result<Vec<CapabilityDetail>, ServiceError> {
        if self.expose.is_empty() {
            return Ok(Vec::new());
        }
        let mut details = Vec::new();
        for one in self.enabled().await? {
            let may_serve = matches!(one.readiness, Readiness::Ready | Readiness::Locked);
            if may_serve && self.is_exposed(one.id.as_str()) {
                details.push(self.describe(one.id.as_str()).await?);
            }
        }
        Ok(details)
    }

    /// The globs that match nothing that is on; none where nobody can tell.
    pub(super) async fn unmatched(&self) -> Vec<String> {
        if self.expose.is_empty() {
            return Vec::new();
        }
        let Ok(enabled) = self.enabled().await else { return Vec::new() };
        let is_idle = |glob: &&Glob| !enabled.iter().any(|one| glob.matches(one.id.as_str()));
        self.expose.iter().filter(is_idle).map(|glob| glob.as_str().to_owned()).collect()
    }
}
