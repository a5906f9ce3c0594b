//! The caller's body on its way out: held to the length that was announced, counted as it goes, and kept whole
//! until the first piece of it is asked for.

use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use futures_core::Stream;
use futures_util::StreamExt;
use futures_util::stream::Fuse;
use http_body::{Body, Frame, SizeHint};
use http_body_util::Full;
use thiserror::Error;

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
    /// None: the connection is to become a WebSocket, and what follows are messages, which nobody judges.
    Messages,
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
            Self::Empty | Self::Messages => Some(0),
            Self::Bytes(bytes) => Some(bytes.len() as u64),
            Self::Stream { length, .. } => *length,
        }
    }

    /// The same body once more; none where it comes piece by piece, and is gone when it was sent.
    #[must_use]
    pub fn again(&self) -> Option<Self> {
        match self {
            Self::Empty => Some(Self::Empty),
            Self::Bytes(bytes) => Some(Self::Bytes(bytes.clone())),
            Self::Messages => Some(Self::Messages),
            Self::Stream { .. } => None,
        }
    }

    /// All of it, where it does not come as a stream.
    pub fn bytes(&self) -> Option<&[u8]> {
        match self {
            Self::Empty | Self::Messages => Some(&[]),
            Self::Bytes(bytes) => Some(bytes),
            Self::Stream { .. } => None,
        }
    }

    /// The body, ready to be handed to the HTTP library.
    pub(super) fn into_outbox(self) -> Outbox {
        let content = match self {
            Self::Empty | Self::Messages => Content::Bytes(Bytes::new()),
            Self::Bytes(bytes) => Content::Bytes(bytes),
            Self::Stream { stream, length } => {
                Content::Stream { waiting: Arc::new(Mutex::new(Some(stream))), length }
            }
        };
        Outbox { content, taken: Arc::default() }
    }
}

/// A body that can be handed to the HTTP library more than once, as long as nothing of it is lost.
pub(super) struct Outbox {
    content: Content,
    /// How many pieces of a stream were taken.
    taken: Arc<AtomicU64>,
}

enum Content {
    Bytes(Bytes),
    Stream { waiting: Waiting, length: Option<u64> },
}

/// A caller's stream; gone once the HTTP library has begun to read it.
type Waiting = Arc<Mutex<Option<CallerStream>>>;

impl Outbox {
    /// The body as the HTTP library takes it.
    pub(super) fn body(&self) -> Outbound {
        match &self.content {
            Content::Bytes(bytes) => Outbound::Whole(Full::new(bytes.clone())),
            Content::Stream { waiting, length } => Outbound::Stream(MeasuredStream {
                waiting: Arc::clone(waiting),
                stream: None,
                missing: *length,
                last: None,
                taken: Arc::clone(&self.taken),
            }),
        }
    }

    /// Whether all of it is still here, whatever became of what was handed out.
    pub(super) fn is_whole(&self) -> bool {
        match &self.content {
            Content::Bytes(_) => true,
            Content::Stream { waiting, .. } => lock(waiting).is_some(),
        }
    }

    /// Grows with every piece that is taken.
    pub(super) fn progress(&self) -> &AtomicU64 {
        &self.taken
    }
}

fn lock(waiting: &Waiting) -> MutexGuard<'_, Option<CallerStream>> {
    // Nothing that could panic is done with it.
    waiting.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A body on its way out.
pub(super) enum Outbound {
    Whole(Full<Bytes>),
    Stream(MeasuredStream),
}

impl Body for Outbound {
    type Data = Bytes;
    type Error = CallerBodyFault;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, CallerBodyFault>>> {
        match self.get_mut() {
            Self::Whole(bytes) => Pin::new(bytes).poll_frame(cx).map_err(|never| match never {}),
            Self::Stream(stream) => Pin::new(stream).poll_next(cx).map_ok(Frame::data),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Whole(bytes) => bytes.is_end_stream(),
            Self::Stream(_) => false,
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Whole(bytes) => bytes.size_hint(),
            Self::Stream(stream) => stream.announced(),
        }
    }
}

/// A caller's body held to the length that was announced.
pub(super) struct MeasuredStream {
    waiting: Waiting,
    /// `None` until the first piece is asked for.
    stream: Option<Fuse<CallerStream>>,
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
            let Some(stream) = self.stream() else {
                // Another request has begun to send it.
                return Poll::Ready(Some(Err(CallerBodyFault::BrokenOff)));
            };
            let piece = ready!(stream.poll_next_unpin(cx));
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
    /// Its length, before anything of it was sent.
    fn announced(&self) -> SizeHint {
        self.missing.map_or_else(SizeHint::default, SizeHint::with_exact)
    }

    fn stream(&mut self) -> Option<&mut Fuse<CallerStream>> {
        if self.stream.is_none() {
            self.stream = lock(&self.waiting).take().map(StreamExt::fuse);
        }
        self.stream.as_mut()
    }

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
