//! Accepting connections at a listener, and serving what comes on each, one request behind the other.

use std::convert::Infallible;
use std::io;
use std::net::TcpStream;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use http::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio::sync::{Notify, watch};
use tokio_util::task::TaskTracker;

use super::careful::Careful;
use super::door::Door;
use super::framing::Switch;
use super::router;
use super::watch::Watch;
use crate::platform::workers::Workers;
use crate::service::places;

/// How long a connection may lie idle between requests: longer than clients keep theirs, so that it is they who end
/// it. What is slower than that over one head is ended sooner, see `careful`.
const IDLE: Duration = Duration::from_secs(100);
/// More bytes of head than this are refused.
const HEAD_BYTES: usize = 32 * 1024;
/// How long a client may take to agree on keys.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// How long whoever has connected may take to send something, once the daemon is told to end.
const LAST_TO_SPEAK: Duration = Duration::from_secs(1);
/// How long to rest when the system has no file descriptor left.
const EXHAUSTED: Duration = Duration::from_millis(50);

/// What serving goes by, for all listeners together.
#[derive(Clone)]
pub(super) struct Serving {
    /// More connections than this wait in their listener's backlog.
    pub(super) places: places::Places,
    pub(super) stopping: watch::Receiver<bool>,
    pub(super) connections: TaskTracker,
    pub(super) workers: Workers,
}

/// Serves a listener until told to stop. Who has connected by then is still served.
pub(super) async fn accept(listener: Arc<TcpListener>, door: Arc<Door>, serving: Serving) {
    let mut stopping = serving.stopping.clone();
    loop {
        let accepted = tokio::select! {
            accepted = next(&listener, &serving.places) => accepted,
            () = told_to_stop(&mut stopping) => break,
        };
        match accepted {
            Ok((stream, place)) => begin(stream, place, &door, &serving),
            Err(_) => tokio::time::sleep(EXHAUSTED).await,
        }
    }
    for stream in waiting(listener) {
        begin(stream, serving.places.one_more(), &door, &serving);
    }
}

/// Ends when the daemon is told to end, or its owner is gone.
async fn told_to_stop(stopping: &mut watch::Receiver<bool>) {
    let _ = stopping.wait_for(|stop| *stop).await;
}

/// The next connection, once there is room for one.
async fn next(listener: &TcpListener, places: &places::Places) -> io::Result<(TcpStream, places::Place)> {
    let place = places.take().await;
    let (stream, _) = listener.accept().await?;
    // Without ties to this runtime: another may serve it.
    Ok((stream.into_std()?, place))
}

/// Those who have connected and were not accepted yet; where the listener is being handed on, they are for the daemon
/// that gets it.
fn waiting(listener: Arc<TcpListener>) -> Vec<TcpStream> {
    let Some(listener) = Arc::into_inner(listener) else { return Vec::new() };
    let Ok(listener) = listener.into_std() else { return Vec::new() };
    std::iter::from_fn(|| listener.accept().ok()).map(|(stream, _)| stream).collect()
}

/// A connection's share of the room; kept by whatever the connection becomes.
#[derive(Clone)]
pub(super) struct Place(Arc<places::Place>);

fn begin(stream: TcpStream, place: places::Place, door: &Arc<Door>, serving: &Serving) {
    let (door, stopping) = (Arc::clone(door), serving.stopping.clone());
    place.is_taken();
    let place = Place(Arc::new(place));
    let served = async move {
        let wanted = Arc::clone(&place.0);
        tokio::select! {
            () = served(stream, &door, place, stopping) => {}
            () = wanted.is_wanted() => {}
        }
    };
    let (runtime, served) = serving.workers.seat().serving(served);
    serving.connections.spawn_on(served, &runtime);
}

async fn served(stream: TcpStream, door: &Arc<Door>, place: Place, stopping: watch::Receiver<bool>) {
    let Ok(stream) = of_runtime(stream) else { return };
    match &door.tls {
        None => serve_one(stream, door, place, stopping).await,
        Some(tls) => {
            let agreed = tokio::time::timeout(HANDSHAKE, tls.accept(stream)).await;
            if let Ok(Ok(stream)) = agreed {
                serve_one(stream, door, place, stopping).await;
            }
        }
    }
}

fn of_runtime(stream: TcpStream) -> io::Result<tokio::net::TcpStream> {
    stream.set_nonblocking(true)?;
    // Small pieces of a stream are not waited with.
    stream.set_nodelay(true)?;
    tokio::net::TcpStream::from_std(stream)
}

/// Serves a connection to its end. When told to stop, it ends behind the answer that is under way, or at once where
/// none is; but one on which nothing has come yet is waited for a moment, as its first request may be on its way.
async fn serve_one<S>(stream: S, door: &Arc<Door>, place: Place, mut stopping: watch::Receiver<bool>)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let switch = Switch::default();
    let io = TokioIo::new(Careful::new(stream, switch.clone()));
    let heard = Arc::new(Notify::new());
    let first = Arc::clone(&heard);
    let watch = Watch::default();
    let noted = watch.clone();
    let service = service_fn(move |mut request: Request<Incoming>| {
        let door = Arc::clone(door);
        first.notify_one();
        place.0.has_spoken();
        let noted = noted.clone();
        request.extensions_mut().insert(switch.clone());
        request.extensions_mut().insert(place.clone());
        async move {
            let mut response = router::serve(&door, request.map(Body::new)).await;
            noted.notice(&mut response);
            Ok::<_, Infallible>(response)
        }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(IDLE)
        .max_buf_size(HEAD_BYTES)
        .serve_connection(io, service)
        .with_upgrades();
    let mut connection = std::pin::pin!(connection);
    let told_to_stop_and_heard = async {
        told_to_stop(&mut stopping).await;
        let _ = tokio::time::timeout(LAST_TO_SPEAK, heard.notified()).await;
    };
    let to_its_end = async {
        tokio::select! {
            _ = connection.as_mut() => return,
            () = told_to_stop_and_heard => {}
        }
        connection.as_mut().graceful_shutdown();
        let _ = connection.await;
    };
    // What is dropped is closed, read or not.
    tokio::select! {
        () = to_its_end => {}
        () = watch.is_lost(&door.house.local) => {}
    }
}
