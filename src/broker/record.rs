//! What the audit log is told of a call: names and numbers, never values.

use crate::audit::{Action, Event, Outcome};
use crate::platform::clock;
use crate::policy::{Allowed, Call, Caller, Denial};
use crate::spec::{CredentialName, Scope, Target};

/// The reason code of a call whose time was over.
pub(super) const OUT_OF_TIME: &str = "call.timeout";

/// The line of a denial; texts are the caller's own, cut and escaped by the log.
pub(super) fn denied(caller: &Caller, call: &Call, denial: &Denial) -> Event {
    Event { rules: denial.rules.clone(), ..refused(caller, call, denial.reason.as_str()) }
}

/// The line of a call whose time was over before it was decided.
pub(super) fn out_of_time(caller: &Caller, call: &Call) -> Event {
    refused(caller, call, OUT_OF_TIME)
}

/// The line of a permit, where the call asks for a WebSocket.
pub(super) fn opens_websocket(event: Event) -> Event {
    Event { detail: Some("opens a WebSocket".to_owned()), ..event }
}

fn refused(caller: &Caller, call: &Call, reason: &str) -> Event {
    let path = call.path.as_deref().map(without_query_values);
    Event {
        capability: Some(call.capability.clone()),
        credential: call.credential.as_ref().map(ToString::to_string),
        scope: Some(call.scope.clone()),
        method: call.method.clone(),
        path,
        reason: Some(reason.to_owned()),
        ..Event::new(clock::now_ms(), caller.to_string(), Action::Invoke, Outcome::Denied)
    }
}

/// The line of a permit, written before anything is decrypted or sent; of a request that follows a redirect, with the
/// entry of the one that was redirected.
pub(super) fn allowed(
    caller: &Caller,
    allowed: &Allowed<'_>,
    credential: &CredentialName,
    scope: &Scope,
    follows: Option<u64>,
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
        detail: follows.map(|entry| format!("follows the redirect of entry {entry}")),
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
