//! The bodies of calls and answers, as they stream to and from the daemon.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use futures_util::StreamExt as _;
use http_body::{Body as _, Frame};
use http_body_util::StreamBody;
use http_body_util::combinators::UnsyncBoxBody;
use hyper::body::Incoming;

use super::connection::{Outgoing, error_of, interrupted, whole};
use crate::broker::RequestBody;
use crate::service::error::ServiceError;
use crate::service::wire;

/// The body of an answer; keeps the connection alive while it streams.
pub struct RemoteBody {
    body: Incoming,
}

impl RemoteBody {
    pub(super) fn new(body: Incoming) -> Self {
        Self { body }
    }
}

impl futures_core::Stream for RemoteBody {
    type Item = Result<Bytes, ServiceError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            match Pin::new(&mut self.body).poll_frame(cx) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(None) => return Poll::Ready(None),
                Poll::Ready(Some(Err(_))) => return Poll::Ready(Some(Err(interrupted()))),
                Poll::Ready(Some(Ok(frame))) => match frame.into_data() {
                    Ok(data) => return Poll::Ready(Some(Ok(data))),
                    Err(frame) => {
                        let trailers = frame.into_trailers().unwrap_or_default();
                        if let Some(error) = trailers.get(wire::BROKE_OFF) {
                            return Poll::Ready(Some(Err(error_of(error.as_bytes()))));
                        }
                    }
                },
            }
        }
    }
}

/// A call's head, and its body as it comes.
pub(super) fn outgoing(head: Bytes, body: RequestBody) -> Outgoing {
    match body {
        RequestBody::Empty | RequestBody::Messages => whole(head),
        RequestBody::Bytes(bytes) => {
            let pieces = futures_util::stream::iter([head, bytes]).map(|piece| Ok(Frame::data(piece)));
            UnsyncBoxBody::new(StreamBody::new(pieces))
        }
        RequestBody::Stream { stream, .. } => {
            let first = futures_util::stream::once(async move { Ok(head) });
            UnsyncBoxBody::new(StreamBody::new(first.chain(stream).map(|piece| piece.map(Frame::data))))
        }
    }
}
