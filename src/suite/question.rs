//! What is asked of the decision: a request, and who makes it under which circumstances.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::switched::Switched;
use crate::policy::{Call, Catalog, Denial, Reason, most_specific};
use crate::spec::policy::Instant;
use crate::spec::policy_test::AnswerName;
use crate::spec::{Capability, CredentialName, Host, Scope};

/// By whose name a grant is looked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Asked {
    Capability(String),
    /// Of this provider, the most specific capability that permits the request.
    Provider(String),
}

/// May this go out?
#[derive(Debug, Clone)]
pub struct Question {
    pub asked: Asked,
    pub caller: String,
    pub scope: Scope,
    /// None: the provider's own.
    pub credential: Option<CredentialName>,
    /// The hosts that the credential is bound to. None: of tenants' hosts an example.
    pub hosts: Option<Vec<Host>>,
    pub method: Option<String>,
    /// Path and query.
    pub path: Option<String>,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
    pub now: Instant,
    /// Capabilities that are off by themselves, and turned on by name.
    pub enabled: Arc<BTreeSet<String>>,
    /// What a person says who is asked; none: nothing yet.
    pub answer: Option<AnswerName>,
}

impl Question {
    /// The caller of a question that names none.
    pub const CALLER: &str = "uid:1000";
    /// The time of a question that names none: 2026-01-05T12:00:00Z, a Monday.
    pub const NOW: Instant = Instant(1_767_614_400_000);

    /// The catalogue as this question sees it.
    pub(super) fn switched<'c>(&'c self, catalog: &'c dyn Catalog) -> Switched<'c> {
        Switched { inner: catalog, on: &self.enabled }
    }

    /// The question as a call, its capability found.
    ///
    /// # Errors
    /// The denial when a provider has no capability for it.
    pub fn call(&self, catalog: &dyn Catalog) -> Result<Call, Denial> {
        Ok(Call {
            capability: self.capability(catalog)?,
            credential: self.credential.clone(),
            scope: self.scope.clone(),
            method: self.method.clone(),
            path: self.path.clone(),
            headers: self.headers.clone(),
            has_body: !self.body.is_empty(),
        })
    }

    /// The hosts that the credential is bound to as it serves `capability`.
    pub(super) fn bound(&self, capability: &Capability) -> Vec<Host> {
        self.hosts.clone().unwrap_or_else(|| vec![capability.host.example()])
    }

    fn capability(&self, catalog: &dyn Catalog) -> Result<String, Denial> {
        match &self.asked {
            Asked::Capability(id) => Ok(id.clone()),
            Asked::Provider(id) => {
                let provider = catalog.provider(id).ok_or_else(|| unknown_provider(id))?;
                let method = self.method.as_deref().unwrap_or("GET");
                let path = self.path.as_deref().unwrap_or_default();
                most_specific(catalog, provider, None, method, path)
                    .map(|capability| capability.id.to_string())
            }
        }
    }
}

fn unknown_provider(id: &str) -> Denial {
    let shown: String = id.chars().take(80).collect();
    let message = format!("there is no provider `{}`", shown.escape_debug());
    Denial::new(Reason::CapabilityUnknown, message)
}

#[cfg(test)]
mod tests {
    use super::Question;

    #[test]
    fn the_usual_time_is_a_monday_noon() {
        assert_eq!(Question::NOW.to_string(), "2026-01-05T12:00:00Z");
    }
}
