//! Calls that name no capability: a method and a path of a provider's own API, for whichever account is named. What
//! they are called is found here; whether they are allowed is for the broker to say, as of any call.

use std::sync::Arc;

use super::Local;
use crate::broker::Broker;
use crate::policy::{Call, Caller, Catalog as _, Denial, Reason, most_specific};
use crate::service::catalog::FullCatalog;
use crate::service::error::ServiceError;
use crate::spec::{CredentialName, Provider, ProviderId, Scope};

/// What a name stands for in a path such as `/v/NAME/…`.
pub struct Through {
    catalog: Arc<FullCatalog>,
    provider: ProviderId,
    /// The account, where the name is not just a provider's.
    credential: Option<CredentialName>,
    /// Accounts of several providers are called so.
    is_ambiguous: bool,
}

impl Through {
    /// The provider, with how its clients authenticate and know errors.
    #[must_use]
    pub fn provider(&self) -> Option<&Provider> {
        self.catalog.provider(self.provider.as_str())
    }
}

/// A request to a provider, as it came.
pub struct Passed {
    pub method: String,
    /// Path and query.
    pub target: String,
    pub headers: Vec<(String, String)>,
    pub has_body: bool,
}

impl Local {
    /// What is called `name`: an account first, then a provider. The vault's own account decides nothing here, so
    /// that a name tells no more than whether there is such a one.
    ///
    /// # Errors
    /// When the vault is not open.
    pub fn through(&self, name: &str) -> Result<Option<Through>, ServiceError> {
        let Some(session) = self.session_of_tokens()? else { return Ok(None) };
        let catalog = session.catalog()?;
        let credential = CredentialName::parse(name).ok();
        let mut providers = match &credential {
            Some(credential) => session.desk.vault().providers_of(credential)?,
            None => Vec::new(),
        };
        let is_ambiguous = providers.len() > 1;
        let (provider, credential) = match (providers.pop(), catalog.provider(name)) {
            (Some(provider), _) => (provider, credential),
            (None, Some(provider)) => (provider.id.clone(), None),
            (None, None) => return Ok(None),
        };
        Ok(Some(Through { catalog, provider, credential, is_ambiguous }))
    }

    /// The call that a request comes to: of the capabilities that `caller` may use, the one that says most.
    ///
    /// # Errors
    /// The denial, which is on record by then, where there is none.
    pub fn name_call(
        &self,
        caller: &Caller,
        through: &Through,
        passed: Passed,
    ) -> Result<Call, ServiceError> {
        let bounds = caller.bounds();
        let bound = bounds.and_then(|bounds| bounds.credential()).cloned();
        let mut call = Call {
            capability: through.provider.to_string(),
            credential: through.credential.clone().or(bound),
            scope: bounds.map_or(Scope::Global, |bounds| bounds.scope().clone()),
            method: Some(passed.method),
            path: Some(passed.target),
            headers: passed.headers,
            has_body: passed.has_body,
        };
        match capability(through, caller, &call) {
            Ok(capability) => {
                call.capability = capability;
                Ok(call)
            }
            Err(denial) => Err(self.refuse(caller, &call, denial)),
        }
    }

    /// The error of a call that is refused before the broker sees it, on record as any is.
    pub fn refuse(&self, caller: &Caller, call: &Call, denial: Denial) -> ServiceError {
        match self.session(caller) {
            Ok(session) => Broker::refuse(&session.desk, caller, call, denial).into(),
            Err(error) => error,
        }
    }
}

fn capability(through: &Through, caller: &Caller, call: &Call) -> Result<String, Denial> {
    let Some(provider) = through.provider() else {
        return Err(Denial::new(Reason::CredentialMissing, "its provider is gone"));
    };
    if through.is_ambiguous {
        let message = "accounts of several providers are called so";
        return Err(Denial::new(Reason::CredentialAmbiguous, message)
            .help("make one of another name: aivault credential create"));
    }
    let (method, path) = (call.method.as_deref().unwrap_or_default(), call.path.as_deref().unwrap_or("/"));
    let catalog = through.catalog.as_ref();
    most_specific(catalog, provider, caller.bounds(), method, path)
        .map(|capability| capability.id.to_string())
}
