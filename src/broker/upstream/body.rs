//! The answer's body on its way back, and how long its silence is borne.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use futures_core::Stream;
use tokio::time::Sleep;

use super::{Phase, UpstreamError};

/// The body of an answer, decoded, in the pieces it came in. Ends with its first error.
pub struct ResponseBody {
    host: String,
    /// `None` once it has ended.
    pieces: Option<Pieces>,
    limit: Duration,
    /// Runs only while a piece is waited for: a slow reader is not the upstream's fault.
    silence: Option<Pin<Box<Sleep>>>,
}

type Pieces = Pin<Box<dyn Stream<Item = io::Result<Bytes>> + Send>>;

impl ResponseBody {
    pub(super) fn new(
        host: String,
        limit: Duration,
        pieces: impl Stream<Item = io::Result<Bytes>> + Send + 'static,
    ) -> Self {
        Self { host, pieces: Some(Box::pin(pieces)), limit, silence: None }
    }

    /// Takes no more of it, and ends the request at the upstream.
    pub fn end(&mut self) {
        self.pieces = None;
    }

    /// Ready once nothing came for as long as the limit says.
    fn poll_silence(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        self.silence.get_or_insert_with(|| Box::pin(tokio::time::sleep(self.limit))).as_mut().poll(cx)
    }
}

impl Stream for ResponseBody {
    type Item = Result<Bytes, UpstreamError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let Some(pieces) = &mut self.pieces else { return Poll::Ready(None) };
        let error = match pieces.as_mut().poll_next(cx) {
            Poll::Ready(Some(Ok(bytes))) => {
                self.silence = None;
                return Poll::Ready(Some(Ok(bytes)));
            }
            Poll::Ready(Some(Err(error))) => Some(UpstreamError::from_body(&self.host, &error)),
            Poll::Ready(None) => None,
            Poll::Pending => {
                ready!(self.poll_silence(cx));
                Some(UpstreamError::Timeout { host: self.host.clone(), phase: Phase::Idle })
            }
        };
        self.pieces = None;
        Poll::Ready(error.map(Err))
    }
}
