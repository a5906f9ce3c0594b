//! What a caller with a token is told of capabilities: those that its token covers, ready or not, and no others.

use super::Local;
use crate::platform::clock;
use crate::policy::{Call, Caller, confine};
use crate::service::error::{ErrorKind, ServiceError};
use crate::service::outcome::{CapabilityDetail, CapabilityView, Outcome};
use crate::spec::Scope;
use crate::spec::policy::Instant;

impl Local {
    /// The capabilities that `caller` may know of.
    ///
    /// # Errors
    /// When the vault cannot be read.
    pub fn covered(&self, caller: &Caller) -> Result<Vec<CapabilityView>, ServiceError> {
        let Outcome::Capabilities { mut capabilities } = self.list_capabilities(caller, &scope(caller))?
        else {
            return Err(strange());
        };
        capabilities.retain(|one| caller.bounds().is_none_or(|bounds| bounds.permits(&one.id)));
        Ok(capabilities)
    }

    /// All about one of them.
    ///
    /// # Errors
    /// The denial that its call would get, where it is none of them: whether there is one tells only who may use it.
    pub fn describe_covered(&self, caller: &Caller, id: &str) -> Result<CapabilityDetail, ServiceError> {
        let call = Call {
            capability: id.to_owned(),
            credential: None,
            scope: Scope::Global,
            method: None,
            path: None,
            headers: Vec::new(),
            has_body: false,
        };
        confine(caller, &call, Instant(clock::now_ms())).map_err(ServiceError::from)?;
        match self.describe_capability(caller, id, &scope(caller))? {
            Outcome::Capability(detail) => Ok(*detail),
            _ => Err(strange()),
        }
    }
}

fn scope(caller: &Caller) -> Scope {
    caller.bounds().map_or(Scope::Global, |bounds| bounds.scope().clone())
}

fn strange() -> ServiceError {
    ServiceError::new(ErrorKind::VaultUnavailable, "the vault gave no answer to that question")
}
