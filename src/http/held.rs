//! A token that is revoked or expires ends what is under way with it, within a second or two.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use futures_core::Stream;

use crate::service::{Caller, ErrorKind, Local, LocalReply, ServiceError};

/// How often the token is looked at.
const LOOK: Duration = Duration::from_secs(1);

/// Ends once the caller's token no longer holds; never for a caller who needs none.
pub(super) async fn lost(local: Arc<Local>, caller: Caller) {
    if caller.bounds().is_none() {
        std::future::pending::<()>().await;
    }
    loop {
        tokio::time::sleep(LOOK).await;
        if !local.still_holds(&caller) {
            return;
        }
    }
}

/// What `work` gives, unless the token is lost before.
pub(super) async fn hold<T>(
    local: &Arc<Local>,
    caller: &Caller,
    work: impl Future<Output = Result<T, ServiceError>>,
) -> Result<T, ServiceError> {
    tokio::select! {
        biased;
        done = work => done,
        () = lost(Arc::clone(local), caller.clone()) => {
            Err(ServiceError::new(ErrorKind::TokenInvalid, "the token was revoked or has expired")
                .reason("token.expired"))
        }
    }
}

/// An answer's body, which breaks off where the upstream's does, and when the token is lost: its reader must not take
/// what came for the whole.
pub(super) fn body(reply: LocalReply, local: &Arc<Local>, caller: &Caller) -> Body {
    stream(reply.body, local, caller)
}

/// The same of any stream.
pub(super) fn stream<S, E>(inner: S, local: &Arc<Local>, caller: &Caller) -> Body
where
    S: Stream<Item = Result<Bytes, E>> + Send + Unpin + 'static,
    E: 'static,
{
    let lost = Box::pin(lost(Arc::clone(local), caller.clone()));
    Body::from_stream(Held { inner: Some(inner), is_broken: false, lost })
}

struct Held<S> {
    /// `None` once it has ended; the upstream's is let go at once.
    inner: Option<S>,
    /// Whether its end is still to be told as an error.
    is_broken: bool,
    lost: Pin<Box<dyn Future<Output = ()> + Send>>,
}

impl<S: Unpin> Held<S> {
    /// Lets the upstream go. The error comes a moment later: the server throws away what it has not written by then,
    /// and writes while it waits.
    fn break_off(&mut self, cx: &mut Context<'_>) -> Poll<Option<io::Result<Bytes>>> {
        (self.inner, self.is_broken) = (None, true);
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}

impl<S: Stream<Item = Result<Bytes, E>> + Unpin, E> Stream for Held<S> {
    type Item = io::Result<Bytes>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if std::mem::take(&mut self.is_broken) {
            return Poll::Ready(Some(Err(io::ErrorKind::ConnectionAborted.into())));
        }
        if self.inner.is_some() && self.lost.as_mut().poll(cx).is_ready() {
            return self.break_off(cx);
        }
        let Some(inner) = &mut self.inner else { return Poll::Ready(None) };
        match Pin::new(inner).poll_next(cx) {
            Poll::Pending => Poll::Pending,
            Poll::Ready(Some(Ok(piece))) => Poll::Ready(Some(Ok(piece))),
            Poll::Ready(Some(Err(_))) => self.break_off(cx),
            Poll::Ready(None) => {
                self.inner = None;
                Poll::Ready(None)
            }
        }
    }
}
