//! A WebSocket for a caller on the socket: messages up in the request's body, messages down in the response's, both
//! at once.

use std::sync::Arc;

use axum::Extension;
use axum::body::Body;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use futures_util::StreamExt as _;

use super::{failure, late_call, mark_streamed, passed_on, read_head, same_vault, streamed, time_limit};
use crate::daemon::bounded;
use crate::service::{Caller, Local, LocalOpened, MessageFault, messages, wire};

pub(super) async fn open(
    State(local): State<Arc<Local>>,
    Extension(caller): Extension<Caller>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    if let Err(error) = same_vault(&local, &headers) {
        return failure(&error);
    }
    let read = bounded::in_time(read_head(body), late_call).await;
    let (call, rest, limit) = match read.and_then(|(call, rest)| Ok((call, rest, time_limit(&headers)?))) {
        Ok(read) => read,
        Err(malformed) => return failure(&local.refuse_malformed(&caller, malformed)),
    };
    let pieces = rest.map(|piece| piece.map_err(|_| MessageFault::BrokenOff));
    let from = messages::decoded(pieces, || MessageFault::BrokenOff);
    match local.open_websocket(&caller, call, from, limit).await {
        Err(error) => failure(&error),
        Ok(LocalOpened::Answer(reply)) => passed_on(reply),
        Ok(LocalOpened::Conversation(said)) => {
            let said = said.map(|message| message.map(|message| messages::encode(&message)));
            let mut response = Response::new(streamed(said));
            mark_streamed(&mut response, wire::FROM_CONVERSATION);
            response
        }
    }
}
