//! Refusals as their clients read them: the status that their error classes go by, a body in the provider's own shape
//! where its file gives one, and the reason in a header.

use axum::body::Body;
use axum::response::Response;
use http::{HeaderName, HeaderValue, StatusCode, header};
use serde_json::{Map, Value};

use crate::service::wire::WireError;
use crate::service::{ErrorKind, ServiceError};
use crate::spec::{ErrorShape, Provider};

/// The reason, where scripts find it whatever the body looks like.
const REASON: HeaderName = HeaderName::from_static("aivault-reason");
/// Official clients of several providers heed it: without it they would try again what cannot succeed.
const SHOULD_RETRY: HeaderName = HeaderName::from_static("x-should-retry");

/// A refusal in the words of this program.
pub(super) fn plain(error: &ServiceError) -> Response {
    let json = serde_json::to_vec(&WireError::shown(error)).unwrap_or_default();
    answered(error, json)
}

/// The same for a client of `provider`.
pub(super) fn shaped(error: &ServiceError, provider: Option<&Provider>) -> Response {
    let shape = provider.and_then(|provider| provider.errors.as_ref());
    match shape.and_then(|shape| filled(shape, error)) {
        Some(body) => answered(error, body.to_string().into_bytes()),
        None => plain(error),
    }
}

fn answered(error: &ServiceError, json: Vec<u8>) -> Response {
    let mut response = Response::new(Body::from(json));
    *response.status_mut() =
        StatusCode::from_u16(error.kind.http_status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    let retry = if error.kind.may_retry() { "true" } else { "false" };
    headers.insert(SHOULD_RETRY, HeaderValue::from_static(retry));
    let reason = error.reason.as_deref().unwrap_or(error.kind.code());
    headers.extend(HeaderValue::from_str(reason).ok().map(|reason| (REASON, reason)));
    headers.extend(error.retry_after_s.map(|seconds| (header::RETRY_AFTER, HeaderValue::from(seconds))));
    if error.kind == ErrorKind::TokenInvalid {
        headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    response
}

/// The provider's body with this error in it.
fn filled(shape: &ErrorShape, error: &ServiceError) -> Option<Value> {
    let body = serde_json::from_str(&shape.body).ok()?;
    let status = error.kind.http_status();
    let parts = [
        ("message", message(error)),
        ("reason", error.reason.clone().unwrap_or_else(|| error.kind.code().to_owned())),
        ("code", error.kind.code().to_owned()),
        ("help", error.help.clone().unwrap_or_default()),
        ("status", status.to_string()),
        ("name", shape.name(status).to_owned()),
    ];
    Some(fill(body, status, &parts))
}

/// Clients show a message and nothing else: what to do next must be in it.
fn message(error: &ServiceError) -> String {
    match &error.help {
        Some(help) => format!("aivault: {}; {help}", error.message),
        None => format!("aivault: {}", error.message),
    }
}

fn fill(value: Value, status: u16, parts: &[(&str, String)]) -> Value {
    match value {
        Value::String(text) if text == "{{status}}" => status.into(),
        Value::String(text) => Value::String(put_in(&text, parts)),
        Value::Array(items) => items.into_iter().map(|item| fill(item, status, parts)).collect(),
        Value::Object(fields) => {
            let filled = fields.into_iter().map(|(name, value)| (name, fill(value, status, parts)));
            Value::Object(filled.collect::<Map<_, _>>())
        }
        other => other,
    }
}

/// A text with its placeholders filled in, once: what is put in is not looked at again.
fn put_in(text: &str, parts: &[(&str, String)]) -> String {
    let mut filled = String::new();
    let mut left = text;
    while let Some((before, (name, after))) =
        left.split_once("{{").and_then(|(before, after)| Some((before, after.split_once("}}")?)))
    {
        filled.push_str(before);
        filled.extend(parts.iter().find(|(part, _)| *part == name).map(|(_, value)| value.as_str()));
        left = after;
    }
    filled + left
}

/// Whether an answer is ours to somebody whose token is none.
pub(super) fn is_of_stranger(response: &Response) -> bool {
    response.status() == StatusCode::UNAUTHORIZED && response.headers().contains_key(REASON)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::Text;

    fn denied() -> ServiceError {
        ServiceError::new(ErrorKind::PolicyViolation, "no \"{{reason}}\"")
            .reason("forbid.matched")
            .help("ask")
    }

    fn shape(body: &'static str) -> ErrorShape {
        let names: Vec<(Text, Text)> =
            vec![("403".into(), "denied".into()), ("other".into(), "failed".into())];
        ErrorShape { body: body.into(), names: names.into() }
    }

    #[test]
    fn a_shape_is_filled_in_and_what_is_filled_in_stays_as_it_is() {
        let shape = shape(
            r#"{"e":{"m":"{{message}}","t":"{{name}}/{{code}}","s":"{{status}}"},"r":["{{reason}}",null]}"#,
        );
        let body = filled(&shape, &denied()).unwrap();
        let expected = serde_json::json!({
            "e": { "m": "aivault: no \"{{reason}}\"; ask", "t": "denied/policy_violation", "s": 403 },
            "r": ["forbid.matched", null],
        });
        assert_eq!(body, expected);
    }

    #[test]
    fn the_head_says_why_and_whether_to_try_again() {
        let full =
            ServiceError { retry_after_s: Some(7), ..ServiceError::new(ErrorKind::RateLimited, "full") };
        let response = plain(&full.reason("limit.exceeded"));
        let head = |name: &str| response.headers().get(name).map(|value| value.to_str().unwrap().to_owned());
        assert_eq!(response.status(), 429);
        assert_eq!(head("retry-after").as_deref(), Some("7"));
        assert_eq!(head("aivault-reason").as_deref(), Some("limit.exceeded"));
        assert_eq!(head("x-should-retry").as_deref(), Some("true"));
        let response = shaped(&denied(), None);
        assert_eq!(
            (response.status().as_u16(), &response.headers()["x-should-retry"]),
            (403, &"false".parse().unwrap())
        );
    }
}
