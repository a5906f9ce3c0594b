//! Accepting connections: who is at the other end, how many at once, and how long
//! they may take to say what they want.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;

use crate::platform::peer;
use crate::service::Caller;

/// More connections than this wait in the socket's backlog.
const CONNECTIONS: usize = 1024;
/// How long a client may take to send the head of a request, or keep an idle connection.
const HEAD: Duration = Duration::from_secs(30);
/// More bytes of head than this are refused.
const HEAD_BYTES: usize = 32 * 1024;
/// How long to rest when the system has no file descriptor left.
const EXHAUSTED: Duration = Duration::from_millis(50);

/// Serves `router` on `listener` until told to stop; gives what is then still under way.
///
/// Whoever has connected by then is served. The socket's file must be gone before the word to
/// stop, or there may always be one more.
pub(super) async fn serve(
    listener: UnixListener,
    router: Router,
    uid: u32,
    mut stopping: watch::Receiver<bool>,
) -> JoinSet<()> {
    let room = Arc::new(Semaphore::new(CONNECTIONS));
    let mut connections = JoinSet::new();
    loop {
        let next = async {
            let place = Arc::clone(&room).acquire_owned().await;
            (place, listener.accept().await)
        };
        let (place, accepted) = tokio::select! {
            next = next => next,
            () = told_to_stop(&mut stopping) => break,
        };
        // The semaphore is never closed.
        let Ok(place) = place else { break };
        while connections.try_join_next().is_some() {}
        let Ok((stream, _)) = accepted else {
            tokio::time::sleep(EXHAUSTED).await;
            continue;
        };
        let served = serve_one(stream, router.clone(), uid, stopping.clone());
        connections.spawn(async move {
            served.await;
            drop(place);
        });
    }
    for stream in waiting(listener) {
        connections.spawn(serve_one(stream, router.clone(), uid, stopping.clone()));
    }
    connections
}

/// Those who have connected and were not accepted yet. The system is asked itself: the runtime
/// may not have heard of them.
fn waiting(listener: UnixListener) -> Vec<UnixStream> {
    let Ok(listener) = listener.into_std() else { return Vec::new() };
    let accept = || listener.accept().ok();
    let of_runtime = |(stream, _): (std::os::unix::net::UnixStream, _)| {
        stream.set_nonblocking(true).ok()?;
        UnixStream::from_std(stream).ok()
    };
    std::iter::from_fn(accept).filter_map(of_runtime).collect()
}

/// Ends when the daemon is told to end, or its owner is gone.
async fn told_to_stop(stopping: &mut watch::Receiver<bool>) {
    let _ = stopping.wait_for(|stop| *stop).await;
}

async fn serve_one(stream: UnixStream, router: Router, uid: u32, mut stopping: watch::Receiver<bool>) {
    // Whoever cannot be identified, or is another user, is not even answered.
    let Ok(peer) = peer::peer_of(&stream) else { return };
    if peer.uid != uid {
        return;
    }
    let caller = Caller::process(peer.uid, peer.pid);
    let service = TowerToHyperService::new(router.layer(axum::Extension(caller)));
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD)
        .max_buf_size(HEAD_BYTES)
        .serve_connection(TokioIo::new(stream), service);
    tokio::pin!(connection);
    tokio::select! {
        _ = connection.as_mut() => {}
        () = told_to_stop(&mut stopping) => {
            connection.as_mut().graceful_shutdown();
            let _ = connection.await;
        }
    }
}
