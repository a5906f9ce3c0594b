//! `/aivault/mcp`: agents that speak the Model Context Protocol over streamable HTTP. What speaks it is another
//! surface, which whoever puts the program together gives; here it is said who is calling, and what may come in.

use std::sync::Arc;

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use futures_util::future::BoxFuture;
use http::{HeaderMap, HeaderName, HeaderValue, Request, header};

use super::door::House;
use super::router::{Known, nothing_here, own_head};
use super::{held, refusal};
use crate::service::{Caller, ServiceError};

/// Answers one message of an agent whose token was taken out of it.
pub type ServeAgent =
    Arc<dyn Fn(Caller, Request<Bytes>) -> BoxFuture<'static, Result<Response, ServiceError>> + Send + Sync>;

/// What the protocol defines beside its own `mcp-…`.
const FIELDS: [&str; 3] = ["accept", "content-type", "last-event-id"];
const OF_PROTOCOL: &str = "mcp-";

pub(super) async fn serve(house: &House, known: &Known, request: Request<Body>) -> Response {
    match attempt(house, known, request).await {
        Ok(response) => response,
        Err(error) => refusal::plain(&error),
    }
}

async fn attempt(house: &House, known: &Known, request: Request<Body>) -> Result<Response, ServiceError> {
    let Some(agents) = &house.agents else { return Err(nothing_here()) };
    let mut head = own_head(&request, false)?;
    let caller = known.caller(&house.local, &mut head, None)?;
    let (parts, body) = request.into_parts();
    let mut whole = house.room.read(body).await?;
    let mut message = Request::new(Bytes::from(std::mem::take(&mut whole.bytes)));
    (*message.method_mut(), *message.uri_mut()) = (parts.method, parts.uri);
    *message.headers_mut() = of_protocol(&head.headers);
    // Which was looked at, and is one of ours.
    message.headers_mut().extend(parts.headers.get(header::HOST).map(|host| (header::HOST, host.clone())));
    let answering = async { agents(caller.clone(), message).await };
    let response = held::hold(&house.local, &caller, answering).await?;
    // The message has been taken apart by now.
    drop(whole);
    let (parts, body) = response.into_parts();
    Ok(Response::from_parts(parts, held::stream(body.into_data_stream(), &house.local, &caller)))
}

fn of_protocol(fields: &[(String, String)]) -> HeaderMap {
    let is_its = |name: &str| FIELDS.contains(&name) || name.starts_with(OF_PROTOCOL);
    let fields = fields.iter().filter(|(name, _)| is_its(name)).filter_map(|(name, value)| {
        Some((HeaderName::try_from(name).ok()?, HeaderValue::try_from(value).ok()?))
    });
    let mut headers = HeaderMap::new();
    fields.for_each(|(name, value)| _ = headers.append(name, value));
    headers
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_of_the_protocol_goes_no_further() {
        let fields = ["accept", "mcp-session-id", "mcp-session-id", "cookie", "authorization", "user-agent"];
        let headers = of_protocol(&fields.map(|name| (name.to_owned(), "x".to_owned())));
        assert_eq!((headers.len(), headers.get_all("mcp-session-id").iter().count()), (3, 2));
        assert!(headers.contains_key("accept"));
    }
}
