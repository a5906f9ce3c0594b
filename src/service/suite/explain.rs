//! `policy explain`: one question, and every reason for its answer.

use std::path::PathBuf;

use super::SuiteError;
use super::find;
use crate::service::error::{ErrorKind, ServiceError};
use crate::spec::policy::Instant;
use crate::spec::{CredentialName, Scope};
use crate::suite::{Asked, Counters, Explanation, Question, explain};

/// What is to be explained; what is left out is as in a test.
#[derive(Debug, Default)]
pub struct ExplainRequest {
    pub capability: Option<String>,
    pub provider: Option<String>,
    pub method: Option<String>,
    pub path: Option<String>,
    pub caller: Option<String>,
    /// `global`, `workspace:w` or `group:w/g`.
    pub scope: Option<String>,
    pub credential: Option<String>,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
    /// RFC 3339.
    pub now: Option<String>,
    pub policies: Option<PathBuf>,
    pub providers: Option<PathBuf>,
}

/// Explains how a request would be decided, with no use of any limit before it.
///
/// # Errors
/// When files cannot be understood, or the request is no question.
pub fn explain_policy(request: ExplainRequest) -> Result<Explanation, SuiteError> {
    let catalog = find::providers(request.providers.as_deref())?;
    let policies = find::policies(request.policies.as_deref(), &[])?;
    let question = question(request)?;
    Ok(explain(catalog.as_ref(), &policies, &Counters::default(), &question))
}

pub(super) fn question(request: ExplainRequest) -> Result<Question, ServiceError> {
    let asked = match (request.capability, request.provider) {
        (Some(capability), None) => Asked::Capability(capability),
        (None, Some(provider)) => Asked::Provider(provider),
        _ => return Err(invalid("name a capability or a provider")),
    };
    let scope = request.scope.as_deref().map(Scope::parse).transpose().map_err(invalid)?;
    let credential = request.credential.as_deref().map(CredentialName::parse).transpose().map_err(invalid)?;
    let now = request.now.as_deref().map(Instant::parse).transpose().map_err(invalid)?;
    Ok(Question {
        asked,
        caller: request.caller.unwrap_or_else(|| Question::CALLER.to_owned()),
        scope: scope.unwrap_or_default(),
        credential,
        enabled: Default::default(),
        hosts: None,
        method: request.method,
        path: request.path,
        headers: request.headers,
        body: request.body,
        now: now.unwrap_or(Question::NOW),
        answer: None,
    })
}

fn invalid(error: impl std::fmt::Display) -> ServiceError {
    ServiceError::new(ErrorKind::InvalidRequest, error.to_string())
}
