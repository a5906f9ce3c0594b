//! Requests of clients that know nothing of this program: method, path, fields and body go to the provider as they
//! came, once a capability of the caller's is found that allows them; the answer comes back as it is.
//!
//! Paths are cut as bytes: nothing is decoded before policy has seen it.

use axum::body::Body;
use axum::response::Response;
use futures_util::StreamExt as _;
use http::{HeaderName, Request, StatusCode};
use http_body::Body as _;

use super::credential::Head;
use super::door::House;
use super::router::Known;
use super::{headers, held, refusal, watch, websocket};
use crate::service::{
    Call, Caller, CallerBodyFault, Denial, Local, LocalReply, Passed, Reason, RequestBody, ServiceError,
    Through,
};
use crate::spec::{Provider, Scope};

/// Where passthrough begins in a path.
const PREFIX: &str = "/v/";
/// Our own fields are not an upstream's to send.
const OURS: &str = "aivault-";

/// The account's name in a target such as `/v/NAME/rest?query`, and what stands behind it.
pub(super) fn split(target: &str) -> Option<(&str, String)> {
    let behind = target.strip_prefix(PREFIX)?;
    let end = behind.find(['/', '?']).unwrap_or(behind.len());
    let (name, rest) = behind.split_at(end);
    Some((name, if rest.starts_with('/') { rest.to_owned() } else { format!("/{rest}") }))
}

/// Serves a request to what is called `name`, whose own path is `target`.
pub(super) async fn serve(
    house: &House,
    known: &Known,
    name: &str,
    target: String,
    request: Request<Body>,
) -> Response {
    let through = match house.local.through(name) {
        Ok(through) => through,
        Err(error) => return refusal::plain(&error),
    };
    let asked = Asked { name, through: through.as_ref(), target };
    match attempt(house, known, asked, request).await {
        Ok(response) => response,
        Err(error) => refusal::shaped(&error, through.as_ref().and_then(Through::provider)),
    }
}

struct Asked<'a> {
    name: &'a str,
    through: Option<&'a Through>,
    target: String,
}

impl Asked<'_> {
    fn provider(&self) -> Option<&Provider> {
        self.through.and_then(Through::provider)
    }
}

async fn attempt(
    house: &House,
    known: &Known,
    asked: Asked<'_>,
    request: Request<Body>,
) -> Result<Response, ServiceError> {
    let local = &house.local;
    let opens = websocket::is_asked(&request);
    let mut head = Head {
        method: request.method().as_str().to_owned(),
        target: without_empty_query(&asked.target).to_owned(),
        headers: headers::of_caller(request.headers(), opens)?,
    };
    let caller = known.caller(local, &mut head, asked.provider())?;
    let has_body = !request.body().is_end_stream();
    let Head { method, target, headers } = head;
    let passed = Passed { method, target, headers, has_body };
    let Some(through) = asked.through else { return Err(nobody(local, &caller, asked.name, passed)) };
    let call = local.name_call(&caller, through, passed)?;
    if opens {
        return websocket::open(house, &caller, call, request).await;
    }
    let body = if has_body { streamed(request.into_body()) } else { RequestBody::Empty };
    let reply = held::hold(local, &caller, local.invoke(&caller, call, body, None)).await?;
    Ok(answer(house, &caller, reply))
}

/// Some clients write the mark of a query that they have not.
fn without_empty_query(target: &str) -> &str {
    target.strip_suffix('?').unwrap_or(target)
}

fn streamed(body: Body) -> RequestBody {
    let length = body.size_hint().exact();
    let stream = body.into_data_stream().map(|piece| piece.map_err(|_| CallerBodyFault::BrokenOff));
    RequestBody::Stream { stream: Box::pin(stream), length }
}

fn nobody(local: &Local, caller: &Caller, name: &str, passed: Passed) -> ServiceError {
    let shown: String = name.chars().take(80).collect();
    let message = format!("there is neither a credential nor a provider `{}`", shown.escape_debug());
    let denial = Denial::new(Reason::CredentialMissing, message).help("see `aivault credential list`");
    let Passed { method, target, headers, has_body } = passed;
    let call = Call {
        capability: shown,
        credential: None,
        scope: Scope::Global,
        method: Some(method),
        path: Some(target),
        headers,
        has_body,
    };
    local.refuse(caller, &call, denial)
}

/// An upstream's answer as it is.
pub(super) fn answer(house: &House, caller: &Caller, mut reply: LocalReply) -> Response {
    let (status, mut headers) = (reply.status, std::mem::take(&mut reply.headers));
    let ours: Vec<HeaderName> =
        headers.keys().filter(|name| name.as_str().starts_with(OURS)).cloned().collect();
    ours.iter().for_each(|name| drop(headers.remove(name)));
    let mut response = Response::new(held::body(reply, &house.local, caller));
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_GATEWAY);
    *response.headers_mut() = headers;
    watch::mark(&mut response, caller);
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_is_cut_behind_the_name_and_nowhere_else() {
        for (target, name, rest) in [
            ("/v/openai/v1/models", "openai", "/v1/models"),
            ("/v/openai", "openai", "/"),
            ("/v/openai?a=b", "openai", "/?a=b"),
            ("/v/openai//x", "openai", "//x"),
            ("/v/a%2fb/../x", "a%2fb", "/../x"),
            ("/v//x", "", "/x"),
            ("/v/", "", "/"),
        ] {
            assert_eq!(split(target), Some((name, rest.to_owned())), "{target}");
        }
        for other in ["/", "/v", "/V/openai/x", "//v/openai", "/vv/openai"] {
            assert_eq!(split(other), None, "{other}");
        }
    }

    #[test]
    fn only_the_mark_of_no_query_is_dropped() {
        assert_eq!(without_empty_query("/v0/a?"), "/v0/a");
        assert_eq!(without_empty_query("/v0/a?b"), "/v0/a?b");
        assert_eq!(without_empty_query("/v0/a??"), "/v0/a?");
    }
}
