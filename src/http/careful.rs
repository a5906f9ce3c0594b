//! A connection whose other end is not trusted: what it sends is held to one reading (`framing`), and it may not take
//! for ever over sending it, or over taking an answer.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Sleep;

use super::framing::{Framing, Phase, Switch};

/// How long a head may take from its first byte, and a new connection to send that.
const HEAD: Duration = Duration::from_secs(10);
/// How long nothing may come of a body that was begun.
const BODY: Duration = Duration::from_secs(60);
/// How long nothing may be taken of an answer.
const ANSWER: Duration = Duration::from_secs(300);

/// The connection.
pub(super) struct Careful<S> {
    stream: S,
    framing: Framing,
    /// Whether anything has come yet.
    is_new: bool,
    reading: Timer,
    writing: Timer,
}

/// Runs only while something is waited for.
#[derive(Default)]
struct Timer(Option<Pin<Box<Sleep>>>);

impl Timer {
    /// An error once `limit` is over; counted from the first of these calls.
    fn poll(&mut self, limit: Duration, cx: &mut Context<'_>) -> Poll<io::Error> {
        let sleep = self.0.get_or_insert_with(|| Box::pin(tokio::time::sleep(limit)));
        sleep.as_mut().poll(cx).map(|()| io::ErrorKind::TimedOut.into())
    }

    fn stop(&mut self) {
        self.0 = None;
    }
}

impl<S> Careful<S> {
    pub(super) fn new(stream: S, switch: Switch) -> Self {
        let (reading, writing) = (Timer::default(), Timer::default());
        Self { stream, framing: Framing::new(switch), is_new: true, reading, writing }
    }

    /// How long the next byte may take. Between requests that is for the server to say, which knows whether one is
    /// being answered.
    fn patience(&self) -> Option<Duration> {
        match self.framing.phase() {
            Phase::Between if self.is_new => Some(HEAD),
            Phase::Between | Phase::Switched => None,
            Phase::Head => Some(HEAD),
            Phase::Body => Some(BODY),
        }
    }

    fn wrote<T>(&mut self, polled: Poll<io::Result<T>>, cx: &mut Context<'_>) -> Poll<io::Result<T>> {
        if polled.is_pending() {
            return self.writing.poll(ANSWER, cx).map(Err);
        }
        self.writing.stop();
        polled
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Careful<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        let before = buffer.filled().len();
        if Pin::new(&mut this.stream).poll_read(cx, buffer)?.is_pending() {
            return match this.patience() {
                Some(limit) => this.reading.poll(limit, cx).map(Err),
                None => Poll::Pending,
            };
        }
        let was = this.framing.phase();
        this.framing.admit(&mut buffer.filled_mut()[before..]);
        // A head has its time as a whole; a body for each piece.
        if this.is_new || was != Phase::Head || this.framing.phase() != Phase::Head {
            this.reading.stop();
        }
        this.is_new = false;
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Careful<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.wrote(polled, cx)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let polled = Pin::new(&mut self.stream).poll_flush(cx);
        self.wrote(polled, cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let polled = Pin::new(&mut self.stream).poll_shutdown(cx);
        self.wrote(polled, cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.stream).poll_write_vectored(cx, bytes);
        self.wrote(polled, cx)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, duplex};
    use tokio::time::{Instant, sleep};

    use super::*;

    /// How long a client that goes on as `sends` is borne with, and how much of it was read.
    async fn borne(sends: impl AsyncFnOnce(&mut tokio::io::DuplexStream) + 'static) -> (u64, usize) {
        let (mut client, server) = duplex(1 << 16);
        let mut careful = Careful::new(server, Switch::default());
        let begun = Instant::now();
        let (mut read, mut buffer) = (0, [0; 1024]);
        let reading = async {
            loop {
                match careful.read(&mut buffer).await {
                    Ok(some) if some > 0 => read += some,
                    _ => break,
                }
            }
        };
        tokio::select! {
            () = reading => {},
            () = async { sends(&mut client).await; sleep(Duration::from_secs(10_000)).await } => {},
        }
        (begun.elapsed().as_secs(), read)
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_says_nothing_or_little_is_cut_off() {
        assert_eq!(borne(async |_| {}).await.0, 10);
        let drip = async |client: &mut tokio::io::DuplexStream| {
            for byte in b"GET / HTTP/1.1\r\nhost: a-long-name-of-a-host\r\n" {
                let _ = client.write_all(&[*byte]).await;
                sleep(Duration::from_secs(1)).await;
            }
        };
        let (seconds, read) = borne(drip).await;
        assert!(seconds <= 11 && read <= 12, "{seconds} s, {read} bytes");
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_may_be_slow_but_not_silent() {
        let slow = async |client: &mut tokio::io::DuplexStream| {
            client.write_all(b"POST / HTTP/1.1\r\ncontent-length: 100\r\n\r\n").await.unwrap();
            for _ in 0..10 {
                sleep(Duration::from_secs(50)).await;
                let _ = client.write_all(b"x").await;
            }
        };
        let (seconds, read) = borne(slow).await;
        assert_eq!((seconds, read), (560, 40 + 10));
    }

    #[tokio::test(start_paused = true)]
    async fn between_requests_it_waits_and_for_a_reader_only_so_long() {
        let (mut client, server) = duplex(1024);
        let mut careful = Careful::new(server, Switch::default());
        client.write_all(b"GET / HTTP/1.1\r\n\r\n").await.unwrap();
        let mut buffer = [0; 64];
        assert_eq!(careful.read(&mut buffer).await.unwrap(), 18);
        let waited = tokio::time::timeout(Duration::from_secs(1000), careful.read(&mut buffer)).await;
        assert!(waited.is_err(), "the server ends what is idle");
        let error = careful.write_all(&[0; 4096]).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    }
}
