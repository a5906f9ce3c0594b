//! The two questions about capabilities that a client may ask, and no other command.

use std::sync::Arc;

use crate::service::{
    CapabilityDetail, CapabilityView, Command, ErrorKind, Outcome, Readiness, Service, ServiceError,
};
use crate::spec::Scope;
use crate::spec::policy::Glob;

/// What there is to call, as seen from one scope.
#[derive(Clone)]
pub(super) struct Catalogue {
    service: Arc<Service>,
    scope: Scope,
    expose: Arc<[Glob]>,
}

impl Catalogue {
    pub(super) fn new(service: Arc<Service>, scope: Scope, expose: Vec<Glob>) -> Self {
        Self { service, scope, expose: expose.into() }
    }

    /// All capabilities that are on, whether they are ready or not.
    pub(super) async fn enabled(&self) -> Result<Vec<CapabilityView>, ServiceError> {
        match self.ask(Command::CapabilityList { scope: self.scope.clone() }).await? {
            Outcome::Capabilities { mut capabilities } => {
                capabilities.retain(|one| one.readiness != Readiness::Disabled);
                Ok(capabilities)
            }
            _ => Err(strange()),
        }
    }

    pub(super) async fn describe(&self, id: &str) -> Result<CapabilityDetail, ServiceError> {
        let command = Command::CapabilityDescribe { id: id.to_owned(), scope: self.scope.clone() };
        match self.ask(command).await? {
            Outcome::Capability(detail) => Ok(*detail),
            _ => Err(strange()),
        }
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

    /// The service answers on a thread that may wait.
    async fn ask(&self, command: Command) -> Result<Outcome, ServiceError> {
        let service = Arc::clone(&self.service);
        tokio::task::spawn_blocking(move || service.execute(command)).await.map_err(|_| strange())?
    }
}

fn strange() -> ServiceError {
    ServiceError::new(ErrorKind::VaultUnavailable, "the service gave no answer to that question")
}
