//! The daemon: the service behind two unix sockets, one for operators and one for
//! callers.
//!
//! One instance a vault, however many start at once: the lock is held for as long as it
//! listens, and only its holder touches the sockets. One that is told to end takes its
//! sockets away first, serves everybody who was connected by then, and so loses nobody. Only processes of the same user are served.
//! It decides nothing: it makes a `Command` or a `Call` of what it reads, and renders
//! what the service answers.

mod bounded;
mod error;
mod routes;
mod serve;
mod socket;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{Notify, watch};
use tokio::task::{JoinHandle, JoinSet};

use crate::platform::lock::FileLock;
use crate::platform::{descriptors, files, process};
use crate::service::{Caller, KeySources, Local, SecretText};
use crate::settings::Places;

pub use error::DaemonError;

/// How often the daemon looks whether its vault is still there.
const LOOK: Duration = Duration::from_secs(30);
/// How long calls that are under way may take when the daemon is told to end by a signal.
const DRAIN: Duration = Duration::from_secs(10);
/// The same when it makes room for another: nobody waits for its end.
const LONG_DRAIN: Duration = Duration::from_secs(3600);

/// How long an access token may take that is being fetched by then: its answer may replace a secret.
const LAST_FETCH: Duration = Duration::from_secs(70);

/// How many files a daemon may have open: a call takes two connections, and there may be many.
const OPEN_FILES: u64 = 65_536;

/// How many calls may be under way at once, streams among them; more wait in the socket's backlog.
const CALLERS: usize = 1024;
/// How many commands, which are short, and each may be large.
const OPERATORS: usize = 32;

/// How a daemon's run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// Told to, and done with what was under way.
    Stopped,
    /// Another one serves this vault.
    AlreadyRunning,
}

/// What a daemon serves beside its own routes.
pub struct Beside {
    /// More routes of the callers' socket.
    pub callers: Router,
    /// Ends when nobody can connect any more, with what is still under way.
    pub running: JoinHandle<JoinSet<()>>,
}

/// Serves until told to stop; with `key`, a vault that is open from the start. `sources` may open it later. `beside` begins what else is served, and
/// is told when to stop.
///
/// # Errors
/// When it cannot listen, or the key does not open the vault.
pub fn run(
    places: Places,
    sources: KeySources,
    key: Option<SecretText>,
    beside: impl FnOnce(&Arc<Local>, watch::Receiver<bool>) -> Result<Beside, DaemonError>,
) -> Result<Ended, DaemonError> {
    descriptors::allow_many(OPEN_FILES);
    let threads = std::thread::available_parallelism().map_or(2, usize::from).clamp(2, 8);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(threads)
        .thread_name("aivaultd")
        .enable_all()
        .build()
        .map_err(DaemonError::Runtime)?;
    runtime.block_on(serve_all(places, sources, key, beside))
}

async fn serve_all(
    places: Places,
    sources: KeySources,
    key: Option<SecretText>,
    beside: impl FnOnce(&Arc<Local>, watch::Receiver<bool>) -> Result<Beside, DaemonError>,
) -> Result<Ended, DaemonError> {
    let Some(lock) = socket::lock(&places).await? else { return Ok(Ended::AlreadyRunning) };
    let local = Arc::new(Local::shared(places.clone(), sources));
    let uid = process::effective_uid();
    if let Some(key) = key {
        local.take_key(&Caller::process(uid, Some(process::own_pid())), &key).map_err(DaemonError::Key)?;
    }
    serve_with(&places, local, lock, beside).await
}

async fn serve_with(
    places: &Places,
    local: Arc<Local>,
    lock: FileLock,
    beside: impl FnOnce(&Arc<Local>, watch::Receiver<bool>) -> Result<Beside, DaemonError>,
) -> Result<Ended, DaemonError> {
    let callers = socket::bind(&places.socket).await?;
    let operators = socket::bind(&places.operator_socket()).await?;
    let (stop, stopping) = watch::channel(false);
    let beside = beside(&local, stopping.clone())?;
    let retire = Arc::new(Notify::new());
    let serving = |most| serve::Serving { uid: process::effective_uid(), most, stopping: stopping.clone() };
    let for_callers = routes::callers(Arc::clone(&local)).merge(beside.callers);
    let for_operators = routes::operators(Arc::clone(&local), Arc::clone(&retire));
    let callers = tokio::spawn(serve::accept(callers, for_callers, serving(CALLERS)));
    let operators = tokio::spawn(serve::accept(operators, for_operators, serving(OPERATORS)));

    let wish = wait_for_the_end(places, &retire).await;
    let _ = stop.send(true);
    let running = [callers.await, operators.await, beside.running.await];
    // Nobody can connect to this one any more, so that another may start.
    drop(lock);
    finish(&local, running.into_iter().flatten().collect(), wish).await;
    Ok(Ended::Stopped)
}

/// Lets what is under way come to its end. One that makes room may take long for that, but
/// keeps the key only for as long as a call takes to be sent.
async fn finish(local: &Local, mut running: Vec<JoinSet<()>>, wish: Wish) {
    let all_done = async |running: &mut Vec<JoinSet<()>>| {
        for connections in running {
            while connections.join_next().await.is_some() {}
        }
    };
    let in_time = tokio::time::timeout(DRAIN, all_done(&mut running)).await.is_ok();
    // What was begun for callers that have gone is bounded by itself.
    let _ = tokio::time::timeout(LAST_FETCH, local.drain()).await;
    let log = local.forget();
    if !in_time && wish == Wish::MakeRoom {
        let _ = tokio::time::timeout(LONG_DRAIN, all_done(&mut running)).await;
    }
    let _ = log.settle();
}

/// What a daemon is told that is told to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wish {
    End,
    MakeRoom,
}

/// A signal to end, a wish for another daemon, or the vault's folder being gone: a daemon
/// without a vault serves nobody.
async fn wait_for_the_end(places: &Places, retire: &Notify) -> Wish {
    let terminate = async {
        match signal(SignalKind::terminate()) {
            Ok(mut terminate) => terminate.recv().await,
            Err(_) => std::future::pending().await,
        }
    };
    let gone = async {
        loop {
            tokio::time::sleep(LOOK).await;
            if matches!(files::exists(&places.vault), Ok(false)) {
                break;
            }
        }
    };
    tokio::select! {
        () = retire.notified() => Wish::MakeRoom,
        _ = terminate => Wish::End,
        _ = tokio::signal::ctrl_c() => Wish::End,
        () = gone => Wish::End,
    }
}
