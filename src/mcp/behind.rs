//! What stands behind a client's tools: two questions about capabilities, and calls; no other command.

use std::sync::Arc;

use crate::service::{
    Call, Caller, CapabilityDetail, CapabilityView, Command, ErrorKind, Local, Outcome, Reply, RequestBody,
    Service, ServiceError, TimeLimit,
};
use crate::spec::Scope;

/// Whoever answers.
#[derive(Clone)]
pub(super) enum Behind {
    /// The service of a command line, for whoever runs it.
    Process(Arc<Service>),
    /// That of a daemon, for a caller with a token, who is told of what the token covers.
    Caller(Arc<Local>, Caller),
}

impl Behind {
    /// All capabilities there are, as seen from a scope.
    pub(super) async fn capabilities(&self, scope: &Scope) -> Result<Vec<CapabilityView>, ServiceError> {
        let (behind, scope) = (self.clone(), scope.clone());
        waited(move || match behind {
            Self::Caller(local, caller) => local.covered(&caller),
            Self::Process(service) => match service.execute(Command::CapabilityList { scope })? {
                Outcome::Capabilities { capabilities } => Ok(capabilities),
                _ => Err(strange()),
            },
        })
        .await
    }

    pub(super) async fn describe(&self, id: &str, scope: &Scope) -> Result<CapabilityDetail, ServiceError> {
        let (behind, id, scope) = (self.clone(), id.to_owned(), scope.clone());
        waited(move || match behind {
            Self::Caller(local, caller) => local.describe_covered(&caller, &id),
            Self::Process(service) => match service.execute(Command::CapabilityDescribe { id, scope })? {
                Outcome::Capability(detail) => Ok(*detail),
                _ => Err(strange()),
            },
        })
        .await
    }

    /// Puts on record that a tool's arguments cannot be.
    pub(super) fn refuse_tool(&self, capability: Option<&str>) {
        match self {
            Self::Process(service) => service.refuse_tool(capability),
            Self::Caller(local, caller) => local.refuse_tool(caller, capability),
        }
    }

    pub(super) async fn invoke(
        &self,
        call: Call,
        body: RequestBody,
        limit: Option<TimeLimit>,
    ) -> Result<Reply, ServiceError> {
        match self {
            Self::Process(service) => service.invoke(call, body, limit).await,
            Self::Caller(local, caller) => local.invoke(caller, call, body, limit).await.map(Reply::from),
        }
    }
}

/// The service answers on a thread that may wait.
async fn waited<T: Send + 'static>(
    ask: impl FnOnce() -> Result<T, ServiceError> + Send + 'static,
) -> Result<T, ServiceError> {
    tokio::task::spawn_blocking(ask).await.map_err(|_| strange())?
}

fn strange() -> ServiceError {
    ServiceError::new(ErrorKind::VaultUnavailable, "the service gave no answer to that question")
}
