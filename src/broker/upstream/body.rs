//! The two bodies: the caller's on its way out, the upstream's on its way back.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use futures_core::Stream;
use futures_util::StreamExt;
use futures_util::stream::Fuse;
use thiserror::Error;
use tokio::time::Sleep;

use super::{Phase, UpstreamError};

/// A caller's body as it comes in.
pub type CallerStream = Pin<Box<dyn Stream<Item = Result<Bytes, CallerBodyFault>> + Send>>;

/// The body of a request.
#[derive(Default)]
pub enum RequestBody {
    #[default]
    Empty,
    Bytes(Bytes),
    /// Sent as it comes. Where `length` is known it is announced, and a stream of another length breaks the
    /// request off.
    Stream {
        stream: CallerStream,
        length: Option<u64>,
    },
}

/// How a caller's body fails the request it belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Error)]
pub enum CallerBodyFault {
    #[error("its body was not sent to the end")]
    BrokenOff,
    #[error("its body is longer than announced")]
    TooLong,
    #[error("its body is shorter than announced")]
    TooShort,
}

impl RequestBody {
    /// How many bytes it has, where that is known.
    pub fn length(&self) -> Option<u64> {
        match self {
            Self::Empty => Some(0),
            Self::Bytes(bytes) => Some(bytes.len() as u64),
            Self::Stream { length, .. } => *length,
        }
    }

    /// All of it, where it does not come as a stream.
    pub fn bytes(&self) -> Option<&[u8]> {
        match self {
            Self::Empty => Some(&[]),
            Self::Bytes(bytes) => Some(bytes),
            Self::Stream { .. } => None,
        }
    }

    /// The body as the HTTP library takes it, and a counter of the pieces that were taken.
    pub(super) fn into_reqwest(self) -> (reqwest::Body, Arc<AtomicU64>) {
        let taken = Arc::<AtomicU64>::default();
        let body = match self {
            Self::Empty => reqwest::Body::from(Bytes::new()),
            Self::Bytes(bytes) => reqwest::Body::from(bytes),
            Self::Stream { stream, length } => {
                let taken = Arc::clone(&taken);
                reqwest::Body::wrap_stream(MeasuredStream {
                    stream: stream.fuse(),
                    missing: length,
                    last: None,
                    taken,
                })
            }
        };
        (body, taken)
    }
}

/// A caller's body held to the length that was announced.
struct MeasuredStream {
    stream: Fuse<CallerStream>,
    /// How much is still to come, where that is known.
    missing: Option<u64>,
    /// The piece that made the length whole. It stays here until the stream has ended: once it is out, the
    /// upstream has a whole request, and it is too late to find the body longer than that.
    last: Option<Bytes>,
    taken: Arc<AtomicU64>,
}

impl Stream for MeasuredStream {
    type Item = Result<Bytes, CallerBodyFault>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            let piece = ready!(self.stream.poll_next_unpin(cx));
            self.taken.fetch_add(1, Ordering::Relaxed);
            let Some(piece) = piece.transpose()? else {
                return Poll::Ready(self.end());
            };
            if let Some(passed) = self.measure(piece)? {
                return Poll::Ready(Some(Ok(passed)));
            }
        }
    }
}

impl MeasuredStream {
    /// The piece, unless it is the last, or empty.
    fn measure(&mut self, piece: Bytes) -> Result<Option<Bytes>, CallerBodyFault> {
        if piece.is_empty() {
            return Ok(None);
        }
        let Some(missing) = &mut self.missing else { return Ok(Some(piece)) };
        *missing = missing.checked_sub(piece.len() as u64).ok_or(CallerBodyFault::TooLong)?;
        if *missing > 0 {
            return Ok(Some(piece));
        }
        self.last = Some(piece);
        Ok(None)
    }

    /// What comes once the caller's stream has ended.
    fn end(&mut self) -> Option<Result<Bytes, CallerBodyFault>> {
        match self.missing {
            Some(missing) if missing > 0 => Some(Err(CallerBodyFault::TooShort)),
            _ => self.last.take().map(Ok),
        }
    }
}

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
