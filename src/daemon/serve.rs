//! Accepting connections: who is at the other end, how many at once, and how long
//! they may take to say what they want.

use std::os::unix::net::UnixStream;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::http::{HeaderValue, header};
use axum::response::Response;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service as _, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::UnixListener;
use tokio::sync::{Notify, watch};
use tokio::task::JoinSet;

use super::socket::Listening;
use crate::platform::peer::{self, PeerProcess};
use crate::platform::workers::Workers;
use crate::service::Caller;
use crate::service::places::{Place, Places};
use crate::service::wire;

/// How long a client may take to send the head of a request, or keep an idle connection.
const HEAD: Duration = Duration::from_secs(10);
/// More bytes of head than this are refused.
const HEAD_BYTES: usize = 32 * 1024;
/// How long to rest when the system has no file descriptor left.
const EXHAUSTED: Duration = Duration::from_millis(50);

/// How long one who has found the socket may take to connect to it.
const LAST_TO_COME: Duration = Duration::from_millis(50);

/// Who is served at a socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Whom {
    /// This user's programs.
    Callers(u32),
    /// The same, where it matters which of them it is.
    Operators(u32),
    /// Whoever the socket's own mode lets in.
    Anybody,
}

impl Whom {
    fn includes(self, uid: u32) -> bool {
        match self {
            Self::Callers(own) | Self::Operators(own) => uid == own,
            Self::Anybody => true,
        }
    }
}

/// Whom to serve on one socket, and for how long.
pub(super) struct Serving {
    pub(super) whom: Whom,
    /// More connections than this wait in the socket's backlog.
    pub(super) most: usize,
    pub(super) workers: Workers,
    pub(super) stopping: watch::Receiver<bool>,
}

/// Serves `router` on `socket` until told to stop; gives back the connections that are
/// still open then, which finish what is under way.
pub(super) async fn accept(socket: Listening, router: Router, serving: Serving) -> JoinSet<()> {
    let Serving { whom, most, workers, mut stopping } = serving;
    let room = Places::new(most);
    let mut connections = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            accepted = next(&socket.listener, &room) => accepted,
            () = told_to_stop(&mut stopping) => break,
        };
        while connections.try_join_next().is_some() {}
        let Some((stream, place)) = accepted else {
            tokio::time::sleep(EXHAUSTED).await;
            continue;
        };
        let served = serve_in(place, stream, router.clone(), whom, stopping.clone());
        let (runtime, served) = workers.seat().serving(served);
        connections.spawn_on(served, &runtime);
    }
    // Nobody finds the socket any more. Whoever had found it just before still connects, if a moment
    // later, and is served.
    let listener = socket.close();
    tokio::time::sleep(LAST_TO_COME).await;
    for stream in waiting(listener) {
        connections.spawn(serve_in(room.one_more(), stream, router.clone(), whom, stopping.clone()));
    }
    connections
}

/// The next connection, once there is room for one; none when the system has no room.
async fn next(listener: &UnixListener, room: &Places) -> Option<(UnixStream, Place)> {
    let place = room.take().await;
    let (stream, _) = listener.accept().await.ok()?;
    // Without ties to this runtime: another may serve it.
    Some((stream.into_std().ok()?, place))
}

/// Those who have connected and were not accepted yet. The system is asked itself: the runtime
/// may not have heard of them.
fn waiting(listener: UnixListener) -> Vec<UnixStream> {
    let Ok(listener) = listener.into_std() else { return Vec::new() };
    let accept = || listener.accept().ok();
    std::iter::from_fn(accept).map(|(stream, _)| stream).collect()
}

/// Ends when the daemon is told to end, or its owner is gone.
async fn told_to_stop(stopping: &mut watch::Receiver<bool>) {
    let _ = stopping.wait_for(|stop| *stop).await;
}

/// Serves a connection until it ends, or its place is wanted while it is silent.
async fn serve_in(
    place: Place,
    stream: UnixStream,
    router: Router,
    whom: Whom,
    stopping: watch::Receiver<bool>,
) {
    place.is_taken();
    tokio::select! {
        () = serve_one(&place, stream, router, whom, stopping) => {}
        () = place.is_wanted() => {}
    }
}

/// Serves the requests of a connection, one after another. A daemon that is told to end still waits for the first: to
/// shut a connection on which nothing has come yet would lose a call that is on its way.
async fn serve_one(
    place: &Place,
    stream: UnixStream,
    router: Router,
    whom: Whom,
    mut stopping: watch::Receiver<bool>,
) {
    let Ok(()) = stream.set_nonblocking(true) else { return };
    let Ok(stream) = tokio::net::UnixStream::from_std(stream) else { return };
    // Whoever cannot be identified, or is a user who is not served here, is not even answered.
    let Ok(peer) = peer::peer_of(&stream) else { return };
    if !whom.includes(peer.uid) {
        return;
    }
    let is_operator = matches!(whom, Whom::Operators(_));
    let process = is_operator.then(|| PeerProcess::of(&stream, peer)).flatten().map(Arc::new);
    let caller = Caller::process(peer.uid, peer.pid);
    let router = TowerToHyperService::new(router);
    let heard = Arc::new(Notify::new());
    let first = Arc::clone(&heard);
    let service = service_fn(move |mut request: hyper::Request<Incoming>| {
        first.notify_one();
        place.has_spoken();
        request.extensions_mut().insert(caller.clone());
        if let Some(process) = &process {
            request.extensions_mut().insert(Arc::clone(process));
        }
        let answer = router.call(request);
        async move { answer.await.map(end_behind_refusal) }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD)
        .max_buf_size(HEAD_BYTES)
        .serve_connection(TokioIo::new(stream), service);
    let mut connection = pin!(connection);
    let told_to_stop_after_one = async {
        heard.notified().await;
        told_to_stop(&mut stopping).await;
    };
    tokio::select! {
        _ = connection.as_mut() => return,
        () = told_to_stop_after_one => connection.as_mut().graceful_shutdown(),
    }
    let _ = connection.await;
}

/// A refusal is the last that is said on its connection: what stands behind a message that was refused may be a part
/// of it, and is not read.
fn end_behind_refusal(mut answer: Response) -> Response {
    let is_upstreams = answer.headers().get(wire::ORIGIN).is_some_and(|origin| origin == wire::FROM_UPSTREAM);
    if answer.status().is_client_error() && !is_upstreams {
        answer.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    answer
}
