//! A WebSocket for a caller on the socket: messages up in the request's body, messages down in the response's, both
//! at once.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::Extension;
use axum::body::Body;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use bytes::Bytes;
use futures_util::{StreamExt as _, stream};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::{failure, mark, passed_on, read_head, taken};
use crate::service::{
    Caller, CallerMessages, CallerStream, Local, LocalOpened, MessageFault, ServiceError, messages, wire,
};

/// How long a caller may take to hear the last word.
const LINGER: Duration = Duration::from_secs(2);

pub(super) async fn open(
    State(local): State<Arc<Local>>,
    Extension(caller): Extension<Caller>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let (call, rest, limit) = match taken(&local, &caller, &headers, read_head(body)).await {
        Ok(taken) => taken,
        Err(error) => return failure(&error),
    };
    let (from, heard) = listen(rest);
    match local.open_websocket(&caller, call, from, limit).await {
        Err(error) => failure(&error),
        Ok(LocalOpened::Answer(reply)) => passed_on(*reply),
        Ok(LocalOpened::Conversation(said)) => {
            let said = said.map(|message| match message {
                Ok(message) => messages::encode(&message),
                Err(error) => messages::encode_error(&ServiceError::from(error)),
            });
            let last = stream::once(tokio::time::timeout(LINGER, heard)).map(|_| Bytes::new());
            let mut response = Response::new(Body::from_stream(said.chain(last).map(Ok::<_, Infallible>)));
            mark(&mut response, wire::FROM_CONVERSATION);
            response
        }
    }
}

/// What the caller sends, and when it is done with that. It is heard out even when nobody wants it any more: closing a
/// connection on which it still speaks could cost it the last word.
fn listen(mut rest: CallerStream) -> (CallerMessages, JoinHandle<()>) {
    let (to, mut pieces) = mpsc::channel(1);
    let heard = tokio::spawn(async move {
        while let Some(piece) = rest.next().await {
            // One who is not listened to is still heard.
            let _ = to.send(piece.map_err(|_| MessageFault::BrokenOff)).await;
        }
    });
    (messages::of_caller(stream::poll_fn(move |cx| pieces.poll_recv(cx))), heard)
}
