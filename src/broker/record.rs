//! What the audit log is told of a call: names and numbers, never values.

use crate::audit::{Action, Event, Outcome};
use crate::platform::clock;
use crate::policy::{Allowed, Call, Caller, Denial};
use crate::spec::{CredentialName, Scope, Target};

/// The line of a denial; texts are the caller's own, cut and escaped by the log.
pub(super) fn denied(caller: &Caller, call: &Call, denial: &Denial) -> Event {
    let path = call.path.as_deref().map(without_query_values);
    Event {
        capability: Some(call.capability.clone()),
        credential: call.credential.as_ref().map(ToString::to_string),
        scope: Some(call.scope.clone()),
        method: call.method.clone(),
        path,
        reason: Some(denial.reason.as_str().to_owned()),
        rules: denial.rules.clone(),
        ..Event::new(clock::now_ms(), caller.to_string(), Action::Invoke, Outcome::Denied)
    }
}

/// The line of a permit, written before anything is decrypted or sent.
pub(super) fn allowed(
    caller: &Caller,
    allowed: &Allowed<'_>,
    credential: &CredentialName,
    scope: &Scope,
) -> Event {
    let admitted = allowed.admitted();
    let (capability, request) = (admitted.capability(), admitted.request());
    Event {
        provider: Some(admitted.provider().id.clone()),
        capability: Some(capability.id.to_string()),
        credential: Some(credential.to_string()),
        scope: Some(scope.clone()),
        host: Some(allowed.host().to_string()),
        method: Some(request.method().to_string()),
        path: Some(loggable(request.target())),
        rules: allowed.rules().to_vec(),
        ..Event::new(clock::now_ms(), caller.to_string(), Action::Invoke, Outcome::Allowed)
    }
}

/// Path and the names of the query's parameters; their values may be private.
fn loggable(target: &Target) -> String {
    let names: Vec<String> = target.query_names().collect();
    if names.is_empty() { target.path().to_owned() } else { format!("{}?{}", target.path(), names.join("&")) }
}

/// The same for a text that is no target: everything behind the first `?` goes.
fn without_query_values(path: &str) -> String {
    match Target::parse(path) {
        Ok(target) => loggable(&target),
        Err(_) => path.split_once('?').map_or(path, |(path, _)| path).to_owned(),
    }
}
