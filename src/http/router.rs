//! What is served where: over TCP to whoever has a token, and on the callers' unix socket to its peer.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{DefaultBodyLimit, State};
use axum::response::Response;
use axum::routing::{any, get, post};
use axum::{Extension, Router};
use http::{HeaderValue, Method, Request, header};
use serde::Serialize;

use super::credential::Head;
use super::door::{Door, House};
use super::{agents, capabilities, envelope, headers, origin, passthrough, refusal, websocket, who};
use crate::service::{Caller, ErrorKind, Local, ServiceError};
use crate::spec::Provider;

const PROXY: &str = "/aivault/proxy";
const CAPABILITIES: &str = "/aivault/capabilities";
const WEBSOCKET: &str = "/aivault/ws";
const AGENTS: &str = "/aivault/mcp";
const HEALTH: &str = "/healthz";

/// How it is known who is calling.
pub(super) enum Known {
    /// By the socket's peer.
    Peer(Caller),
    /// By the token that must come with the request.
    ByToken,
}

impl Known {
    /// Who it is; the token is taken out of `head`.
    pub(super) fn caller(
        &self,
        local: &Local,
        head: &mut Head,
        provider: Option<&Provider>,
    ) -> Result<Caller, ServiceError> {
        match self {
            Self::Peer(caller) => Ok(caller.clone()),
            Self::ByToken => who::caller(local, head, provider),
        }
    }
}

/// Answers one request at a listener.
pub(super) async fn serve(door: &Door, request: Request<Body>) -> Response {
    if let Err(error) = origin::check(door, request.uri(), request.headers()) {
        door.house.local.refuse_at_the_door(&error);
        return last(refusal::plain(&error));
    }
    let response = answered(door, request).await;
    // Nobody holds a connection open without a token: there is room for few.
    if refusal::is_of_stranger(&response) { last(response) } else { response }
}

async fn answered(door: &Door, request: Request<Body>) -> Response {
    let target = request.uri().path_and_query().map_or("/", |target| target.as_str()).to_owned();
    let (house, known) = (&door.house, Known::ByToken);
    if let Some(credential) = &door.credential {
        return passthrough::serve(house, &known, credential.as_str(), target, request).await;
    }
    match (request.method(), request.uri().path()) {
        (&Method::GET, HEALTH) => last(health(&house.local)),
        (&Method::POST, PROXY) => envelope::serve(house, &known, request).await,
        (&Method::GET, CAPABILITIES) => capabilities::serve(house, &known, &request),
        (&Method::GET, WEBSOCKET) => websocket::serve(house, &known, request).await,
        (_, AGENTS) => agents::serve(house, &known, request).await,
        _ => match passthrough::split(&target) {
            Some((name, rest)) => passthrough::serve(house, &known, name, rest, request).await,
            None => last(refusal::plain(&nothing_here())),
        },
    }
}

/// The same for the callers' socket, whose peer is known.
pub fn on_socket(local: Arc<Local>) -> Router {
    Router::new()
        .route(PROXY, post(proxy))
        .route(CAPABILITIES, get(offers))
        .route("/v/{*rest}", any(through))
        .layer(DefaultBodyLimit::disable())
        .with_state(House::of(local))
}

async fn proxy(
    State(house): State<House>,
    Extension(caller): Extension<Caller>,
    request: Request<Body>,
) -> Response {
    envelope::serve(&house, &Known::Peer(caller), request).await
}

async fn offers(
    State(house): State<House>,
    Extension(caller): Extension<Caller>,
    request: Request<Body>,
) -> Response {
    capabilities::serve(&house, &Known::Peer(caller), &request)
}

async fn through(
    State(house): State<House>,
    Extension(caller): Extension<Caller>,
    request: Request<Body>,
) -> Response {
    let target = request.uri().path_and_query().map_or("/", |target| target.as_str()).to_owned();
    match passthrough::split(&target) {
        // The socket's connections become no WebSockets.
        Some(_) if websocket::is_asked(&request) => refusal::plain(&no_upgrade()),
        Some((name, rest)) => passthrough::serve(&house, &Known::Peer(caller), name, rest, request).await,
        None => refusal::plain(&nothing_here()),
    }
}

/// The fields of a request that is for us and not for a provider, from which only the token is of interest.
pub(super) fn own_head(request: &Request<Body>, opens_websocket: bool) -> Result<Head, ServiceError> {
    Ok(Head {
        method: request.method().as_str().to_owned(),
        target: String::new(),
        headers: headers::of_caller(request.headers(), opens_websocket)?,
    })
}

#[derive(Serialize)]
struct Health {
    status: &'static str,
    version: &'static str,
    unlocked: bool,
}

fn health(local: &Local) -> Response {
    json(&Health { status: "ok", version: env!("CARGO_PKG_VERSION"), unlocked: local.is_open() })
}

/// An answer of our own.
pub(super) fn json<T: Serialize>(value: &T) -> Response {
    // Nothing that is told here could have no form.
    let mut response = Response::new(Body::from(serde_json::to_vec(value).unwrap_or_default()));
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

/// What ends its connection: whoever sends such requests is not listened to any further, so that nothing that stands
/// behind one is read.
fn last(mut response: Response) -> Response {
    response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    response
}

pub(super) fn nothing_here() -> ServiceError {
    ServiceError::new(ErrorKind::NotFound, "there is nothing under that path and method").reason("path.unknown").help(
        "POST /aivault/proxy takes an envelope, /v/CREDENTIAL/… passes on to a provider, GET /aivault/capabilities \
         lists what may be called, /aivault/mcp serves agents",
    )
}

fn no_upgrade() -> ServiceError {
    ServiceError::new(ErrorKind::InvalidRequest, "the socket opens WebSockets by its own words alone")
        .reason("request.malformed")
        .help("use `aivault invoke --websocket`, or a listener on loopback: aivault gateway open")
}
