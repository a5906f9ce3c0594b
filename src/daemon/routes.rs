//! What the sockets answer to.

mod websocket;

use std::convert::Infallible;
use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Extension, Router};
use bytes::BytesMut;
use futures_core::Stream;
use futures_util::{StreamExt, stream};
use http_body::Frame;
use http_body_util::StreamBody;
use tokio::sync::{Notify, Semaphore};

use super::bounded::{self, Room};
use crate::platform::memory;
use crate::platform::peer::PeerProcess;
use crate::service::metrics as exposition;
use crate::service::wire::{self, Health, Malformed, WireError};
use crate::service::{
    Call, Caller, CallerBodyFault, CallerStream, Command, ErrorKind, Local, LocalReply, Outcome, RequestBody,
    ServiceError, TimeLimit,
};

/// How many commands are carried out at once; each takes a thread.
const COMMANDS: usize = 32;

/// The callers' socket: invocations, and what there is to invoke.
pub(super) fn callers(local: Arc<Local>) -> Router {
    Router::new()
        .route(wire::COMMAND, post(look))
        .route(wire::RETIRE, post(for_operators))
        .route(wire::INVOKE, post(invoke))
        .route(wire::WEBSOCKET, post(websocket::open))
        .route(wire::HEALTH, get(health))
        .fallback(nothing_here)
        .layer(DefaultBodyLimit::disable())
        .layer(Extension(Room::new()))
        .layer(Extension(Arc::new(Semaphore::new(COMMANDS))))
        .with_state(local)
}

/// The operators' socket: commands, and the wish for another daemon.
pub(super) fn operators(local: Arc<Local>, retire: Arc<Notify>) -> Router {
    Router::new()
        .route(wire::COMMAND, post(command))
        .route(wire::HEALTH, get(health))
        .route(wire::METRICS, get(metrics))
        .route(wire::RETIRE, post(make_room).layer(Extension(retire)))
        .fallback(nothing_here)
        .layer(DefaultBodyLimit::disable())
        .layer(Extension(Room::new()))
        .layer(Extension(Arc::new(Semaphore::new(COMMANDS))))
        .with_state(local)
}

async fn health(State(local): State<Arc<Local>>) -> Response {
    let health = Health {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        pid: std::process::id(),
        unlocked: local.is_open(),
        vault: local.vault_id(),
        listeners: local.listeners(),
        shared: local.shared_at().cloned(),
        unlocked_memory: memory::pages().unlocked,
    };
    ours(StatusCode::OK, wire::FROM_SERVICE, &health)
}

/// What was counted, as a scraper reads it.
async fn metrics(State(local): State<Arc<Local>>) -> Response {
    ([(header::CONTENT_TYPE, exposition::CONTENT_TYPE)], local.exposition()).into_response()
}

/// Asked by a client that is about to start another daemon, which has the key.
async fn make_room(Extension(retire): Extension<Arc<Notify>>, local: State<Arc<Local>>) -> Response {
    // Keeps the wish for whoever waits for it, if nobody does at this instant.
    retire.notify_one();
    health(local).await
}

async fn nothing_here() -> Response {
    failure(&ServiceError::new(ErrorKind::NotFound, "this socket has nothing under that path"))
}

async fn command(
    State(local): State<Arc<Local>>,
    Extension(caller): Extension<Caller>,
    process: Option<Extension<Arc<PeerProcess>>>,
    Extension(room): Extension<Room>,
    Extension(turns): Extension<Arc<Semaphore>>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let command = match read_command(&local, &room, &headers, body).await {
        Ok(command) => command,
        Err(error) => return failure(&error),
    };
    let shell = move || process.and_then(|Extension(process)| process.shell_session());
    carry_out(&turns, move || local.execute_for(&caller, shell, command)).await
}

/// What callers may ask beside calling: what there is to call.
async fn look(
    State(local): State<Arc<Local>>,
    Extension(caller): Extension<Caller>,
    Extension(room): Extension<Room>,
    Extension(turns): Extension<Arc<Semaphore>>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    match read_command(&local, &room, &headers, body).await {
        Ok(command @ (Command::CapabilityList { .. } | Command::CapabilityDescribe { .. })) => {
            carry_out(&turns, move || local.execute(&caller, command)).await
        }
        Ok(_) => for_operators().await,
        Err(error) => failure(&error),
    }
}

async fn for_operators() -> Response {
    let message = "this socket is for callers, and carries no operator's command";
    let error = ServiceError::new(ErrorKind::PolicyViolation, message).reason("operator.only");
    failure(&error.help("operators run aivault as the user whose vault it is"))
}

/// A command for this vault.
async fn read_command(
    local: &Local,
    room: &Room,
    headers: &HeaderMap,
    body: Body,
) -> Result<Command, ServiceError> {
    meant_for_us(local, headers)?;
    let whole = room.read(body).await?;
    // The text may hold a value, so the error does not repeat it.
    serde_json::from_slice(&whole.bytes)
        .map_err(|_| ServiceError::new(ErrorKind::InvalidRequest, "this is no command"))
}

async fn carry_out(
    turns: &Arc<Semaphore>,
    work: impl FnOnce() -> Result<Outcome, ServiceError> + Send + 'static,
) -> Response {
    // The semaphore is never closed.
    let _turn = Arc::clone(turns).acquire_owned().await;
    match tokio::task::spawn_blocking(work).await {
        Ok(Ok(outcome)) => ours::<Outcome>(StatusCode::OK, wire::FROM_SERVICE, &outcome),
        Ok(Err(error)) => failure(&error),
        Err(_) => failure(&ServiceError::new(ErrorKind::VaultUnavailable, "the command broke off")),
    }
}

async fn invoke(
    State(local): State<Arc<Local>>,
    Extension(caller): Extension<Caller>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let (call, body, limit) = match taken(&local, &caller, &headers, read_call(&headers, body)).await {
        Ok(taken) => taken,
        Err(error) => return failure(&error),
    };
    match local.invoke(&caller, call, body, limit).await {
        Err(error) => failure(&error),
        Ok(reply) => passed_on(reply),
    }
}

/// A call for this vault that came in time, with what stands behind it and the time that it may take.
async fn taken<T>(
    local: &Local,
    caller: &Caller,
    headers: &HeaderMap,
    reading: impl Future<Output = Result<(Call, T), Malformed>>,
) -> Result<(Call, T, Option<TimeLimit>), ServiceError> {
    meant_for_us(local, headers)?;
    let read = bounded::in_time(reading, late_call).await;
    let read = read.and_then(|(call, behind)| Ok((call, behind, time_limit(headers)?)));
    read.map_err(|malformed| local.refuse_malformed(caller, malformed))
}

/// An upstream's answer as it is.
fn passed_on(reply: LocalReply) -> Response {
    let mut response = Response::new(streamed(reply.body));
    *response.status_mut() = StatusCode::from_u16(reply.status).unwrap_or(StatusCode::BAD_GATEWAY);
    *response.headers_mut() = reply.headers;
    // A trailer is only sent where it is announced.
    response.headers_mut().insert(header::TRAILER, HeaderValue::from_static(wire::BROKE_OFF));
    mark(&mut response, wire::FROM_UPSTREAM);
    response
}

/// A client that says of which version it is, or which vault it means, must mean this daemon.
fn meant_for_us(local: &Local, headers: &HeaderMap) -> Result<(), ServiceError> {
    let said = |name| headers.get(name).map(|said| said.to_str().unwrap_or_default());
    said(wire::VERSION_HEADER).map_or(Ok(()), wire::refuse_other_version)?;
    said(wire::VAULT_HEADER).map_or(Ok(()), |meant| local.refuse_other_vault(meant))
}

/// An upstream's answer as it comes, with a trailer that says why when it breaks off.
fn streamed<E: Into<ServiceError> + 'static>(
    body: impl Stream<Item = Result<Bytes, E>> + Send + 'static,
) -> Body {
    let frames = body.map(|piece| {
        Ok::<_, Infallible>(match piece {
            Ok(data) => Frame::data(data),
            Err(error) => Frame::trailers(broke_off(&error.into())),
        })
    });
    Body::new(StreamBody::new(frames))
}

fn broke_off(error: &ServiceError) -> HeaderMap {
    let json = serde_json::to_vec(&WireError::full(error)).unwrap_or_default();
    // JSON escapes all control characters but DEL; an error with one is told as unreadable.
    let value = HeaderValue::from_bytes(&json).unwrap_or(HeaderValue::from_static(""));
    HeaderMap::from_iter([(HeaderName::from_static(wire::BROKE_OFF), value)])
}

fn late_call() -> Malformed {
    Malformed::new("the call did not arrive whole within 10 s")
}

/// The call at the front of the body, and the rest of the body as it comes.
async fn read_call(headers: &HeaderMap, body: Body) -> Result<(Call, RequestBody), Malformed> {
    let (call, mut stream) = read_head(body).await?;
    let length = body_length(headers)?;
    if call.has_body && length != Some(0) {
        return Ok((call, RequestBody::Stream { stream, length }));
    }
    // Whoever sends on takes it that a body is sent, and would not learn that it was not.
    while let Some(piece) = stream.next().await {
        if piece.map_or(true, |piece| !piece.is_empty()) {
            return Err(Malformed::new("the call has a body and says that it has none"));
        }
    }
    Ok((call, RequestBody::Empty))
}

/// The call, and what stands behind it, as it comes.
async fn read_head(body: Body) -> Result<(Call, CallerStream), Malformed> {
    let mut pieces = body.into_data_stream();
    let mut buffer = BytesMut::new();
    let call = loop {
        if let Some(call) = wire::decode_call(&mut buffer)? {
            break call;
        }
        match pieces.next().await {
            Some(Ok(piece)) => buffer.extend_from_slice(&piece),
            _ => return Err(Malformed::new("the call was not sent to its end")),
        }
    };
    let first = stream::iter((!buffer.is_empty()).then(|| Ok(buffer.freeze())));
    let rest = pieces.map(|piece| piece.map_err(|_| CallerBodyFault::BrokenOff));
    Ok((call, Box::pin(first.chain(rest))))
}

fn body_length(headers: &HeaderMap) -> Result<Option<u64>, Malformed> {
    let Some(length) = headers.get(wire::LENGTH_HEADER) else { return Ok(None) };
    let number = length.to_str().ok().and_then(|length| length.parse().ok());
    number.map(Some).ok_or_else(|| Malformed::new("the length of the call's body is no number"))
}

fn time_limit(headers: &HeaderMap) -> Result<Option<TimeLimit>, Malformed> {
    let Some(limit) = headers.get(wire::TIMEOUT_HEADER) else { return Ok(None) };
    let number = limit.to_str().ok().and_then(|limit| limit.parse().ok());
    let limit = number.and_then(TimeLimit::of_ms);
    limit.map(Some).ok_or_else(|| Malformed::new("the call's time is no number of milliseconds up to a day"))
}

fn failure(error: &ServiceError) -> Response {
    let status = StatusCode::from_u16(error.kind.http_status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    ours(status, wire::FROM_ERROR, &WireError::full(error))
}

fn ours<T: serde::Serialize>(status: StatusCode, origin: &'static str, body: &T) -> Response {
    let mut response = match serde_json::to_vec(body) {
        Ok(json) => (status, [(header::CONTENT_TYPE, "application/json")], json).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    };
    mark(&mut response, origin);
    response
}

fn mark(response: &mut Response, origin: &'static str) {
    let headers = response.headers_mut();
    headers.insert(wire::ORIGIN, HeaderValue::from_static(origin));
    headers.insert(wire::VERSION_HEADER, HeaderValue::from_static(wire::VERSION));
}
