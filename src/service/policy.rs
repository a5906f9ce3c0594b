//! `policy check`: what would be decided, without a vault and without a call.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::catalog::FullCatalog;
use crate::policy::{Call, Catalog, authorise, most_specific};
use crate::spec::Scope;

/// May this go out? By a capability's name, or by a provider's, whose most specific
/// capability then answers.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PolicyQuestion {
    #[serde(default)]
    pub capability: Option<String>,
    #[serde(default)]
    pub provider: Option<String>,
    pub method: String,
    pub path: String,
    /// Who asks, as policies name callers.
    #[serde(default)]
    pub caller: Option<String>,
    /// `global`, `workspace:w` or `group:w/g`.
    #[serde(default)]
    pub scope: Option<String>,
    #[serde(default)]
    pub credential: Option<String>,
    #[serde(default)]
    pub headers: Option<BTreeMap<String, String>>,
    /// A text stands for itself, anything else for its JSON as written.
    #[serde(default)]
    pub body: Option<Box<RawValue>>,
}

impl PolicyQuestion {
    /// Whether it says nothing beside the request's line, so that the registry alone decides.
    pub(super) fn is_plain(&self) -> bool {
        let Self { caller, scope, credential, headers, body, .. } = self;
        caller.is_none() && scope.is_none() && credential.is_none() && headers.is_none() && body.is_none()
    }

    /// The body's bytes; none at all of a text that is not one.
    pub(super) fn body_bytes(&self) -> Option<Vec<u8>> {
        let Some(raw) = self.body.as_deref().map(RawValue::get) else { return Some(Vec::new()) };
        if raw.starts_with('"') {
            return serde_json::from_str::<String>(raw).ok().map(String::into_bytes);
        }
        Some(raw.as_bytes().to_vec())
    }
}

/// The verdict, with its reason code.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PolicyAnswer {
    pub allowed: bool,
    pub capability: Option<String>,
    pub reason: String,
    /// The rules that decide.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rules: Vec<String>,
}

impl PolicyAnswer {
    /// The answer to what is no question.
    #[must_use]
    pub fn invalid() -> Self {
        Self { allowed: false, capability: None, reason: "invalid_request".to_owned(), rules: Vec::new() }
    }
}

/// Decides a question by the registry.
#[must_use]
pub fn check_policy(question: &PolicyQuestion) -> PolicyAnswer {
    let catalog = FullCatalog::built_in();
    let capability = match (&question.capability, &question.provider) {
        (Some(capability), None) => Ok(capability.clone()),
        (None, Some(provider)) => match catalog.provider(provider) {
            Some(provider) => most_specific(&catalog, provider, None, &question.method, &question.path)
                .map(|capability| capability.id.to_string())
                .map_err(|denial| denial.reason.as_str()),
            None => Err("capability.unknown"),
        },
        _ => return PolicyAnswer::invalid(),
    };
    match capability {
        Ok(capability) => decide(&catalog, question, capability),
        Err(reason) => {
            PolicyAnswer { allowed: false, capability: None, reason: reason.to_owned(), rules: Vec::new() }
        }
    }
}

fn decide(catalog: &FullCatalog, question: &PolicyQuestion, capability: String) -> PolicyAnswer {
    let call = Call {
        capability: capability.clone(),
        credential: None,
        scope: Scope::Global,
        method: Some(question.method.clone()),
        path: Some(question.path.clone()),
        headers: Vec::new(),
        has_body: false,
    };
    let verdict = authorise(catalog, &call);
    let reason =
        verdict.as_ref().map_or_else(|denial| denial.reason.as_str(), |_| "grant.matched").to_owned();
    let known = catalog.capability(&capability).is_some();
    PolicyAnswer {
        allowed: verdict.is_ok(),
        capability: known.then_some(capability),
        reason,
        rules: Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(json: &str) -> PolicyAnswer {
        check_policy(&serde_json::from_str(json).unwrap())
    }

    #[test]
    fn a_capability_and_its_provider_give_one_verdict() {
        for by in ["\"capability\":\"openai/chat-completions\"", "\"provider\":\"openai\""] {
            let answer = ask(&format!("{{{by},\"method\":\"POST\",\"path\":\"/v1/chat/completions\"}}"));
            assert!(answer.allowed, "{by}");
            assert_eq!(answer.capability.as_deref(), Some("openai/chat-completions"));
        }
    }

    #[test]
    fn refusals_have_their_codes() {
        for (question, reason) in [
            (r#"{"capability":"openai/none","method":"GET","path":"/"}"#, "capability.unknown"),
            (r#"{"provider":"none","method":"GET","path":"/"}"#, "capability.unknown"),
            (r#"{"capability":"openai/models","method":"POTS","path":"/v1/models"}"#, "capability.method"),
            (r#"{"capability":"openai/models","method":"PUT","path":"/v1/models"}"#, "capability.method"),
            (
                r#"{"capability":"openai/models","method":"GET","path":"/v1/organization/users"}"#,
                "capability.path",
            ),
            (r#"{"provider":"openai","method":"GET","path":"/v1/models/../files"}"#, "path.not_canonical"),
            (r#"{"provider":"gemini","method":"GET","path":"/v1beta/models?KEY=x"}"#, "query.owned_by_auth"),
            (r#"{"provider":"slack","method":"POST","path":"/api/admin.users.list"}"#, "capability.disabled"),
            (r#"{"method":"GET","path":"/"}"#, "invalid_request"),
        ] {
            assert_eq!(ask(question).reason, reason, "{question}");
        }
    }
}
