//! The daemon: the service behind two unix sockets, one for operators and one for
//! callers.
//!
//! One instance a vault, however many start at once: the lock is held for as long as it
//! listens, and only its holder touches the sockets. One that is told to end takes its
//! sockets away first, or hands them on to the next one, serves everybody who was connected by
//! then, and so loses nobody. Only processes of the same user are served, but at a socket for the
//! callers of a group, where it was told to have one.
//! It decides nothing: it makes a `Command` or a `Call` of what it reads, and renders
//! what the service answers.

mod bounded;
mod error;
mod routes;
mod serve;
mod socket;
mod succession;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use axum::Router;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{Notify, watch};
use tokio::task::{JoinHandle, JoinSet};

use crate::platform::workers::Workers;
use crate::platform::{descriptors, files, process};
use crate::service::{Caller, HandedListener, KeySources, Local, OperatorGrant, SecretText, SharedView};
use crate::settings::Places;

pub use error::DaemonError;
use serve::Whom;
use succession::{Bequest, Estate};

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

/// How many connections may be open at once at either socket, streams among them; more wait in its backlog.
const CONNECTIONS: usize = 1024;

/// How a daemon's run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// Told to, and done with what was under way.
    Stopped,
    /// Another one serves this vault.
    AlreadyRunning,
}

/// Where a daemon gets its sockets from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Sockets {
    /// It opens them.
    #[default]
    Own,
    /// From the daemon that runs, whose place it takes.
    HandedOn,
}

/// Where callers of other users are served.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shared {
    pub socket: PathBuf,
    /// The group that may connect.
    pub group: String,
}

/// What a daemon begins with.
#[derive(Default)]
pub struct Beginning {
    /// Where the key can be had later.
    pub sources: KeySources,
    /// The key of its vault, which is open from the start then.
    pub key: Option<SecretText>,
    /// The operator's session that comes with the key.
    pub operator: Option<OperatorGrant>,
    pub sockets: Sockets,
    /// Never handed on: a daemon that is told of it opens it.
    pub shared: Option<Shared>,
}

/// What is served beside is served with.
pub struct Ground {
    pub workers: Workers,
    /// What a daemon before this one listened on.
    pub handed_on: Vec<HandedListener>,
    /// True once it is time to end.
    pub stopping: watch::Receiver<bool>,
}

/// What a daemon serves beside its own routes.
pub struct Beside {
    /// More routes of the callers' socket.
    pub callers: Router,
    /// Ends when nobody can connect any more, with what is still under way.
    pub running: JoinHandle<JoinSet<()>>,
}

/// Serves until told to stop. `beside` begins what else is served, with the listeners that another daemon handed on, and
/// is told when to stop; `ready` is called once all of it can be reached.
///
/// # Errors
/// When it cannot listen, or the key does not open the vault.
pub fn run(
    places: Places,
    beginning: Beginning,
    beside: impl FnOnce(&Arc<Local>, Ground) -> Result<Beside, DaemonError>,
    ready: impl FnOnce(),
) -> Result<Ended, DaemonError> {
    descriptors::allow_many(OPEN_FILES);
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(DaemonError::Runtime)?;
    runtime.block_on(serve_all(places, beginning, beside, ready))
}

async fn serve_all(
    places: Places,
    beginning: Beginning,
    beside: impl FnOnce(&Arc<Local>, Ground) -> Result<Beside, DaemonError>,
    ready: impl FnOnce(),
) -> Result<Ended, DaemonError> {
    let Beginning { sources, key, operator, sockets, shared } = beginning;
    let estate = match sockets {
        Sockets::HandedOn => succession::take_over(&places)?,
        Sockets::Own => {
            let Some(lock) = socket::lock(&places).await? else { return Ok(Ended::AlreadyRunning) };
            let (callers, operators) = (&places.socket, &places.operator_socket());
            let (callers, operators) = (socket::bind(callers).await?, socket::bind(operators).await?);
            let succession = socket::bind(&places.succession_socket()).await?;
            Estate { lock, callers, operators, succession, inherited: None }
        }
    };
    let local = Arc::new(Local::shared(places.clone(), sources));
    if let Some(key) = key {
        let caller = Caller::process(process::effective_uid(), Some(process::own_pid()));
        local.take_key(&caller, &key).map_err(DaemonError::Key)?;
        if let Some(grant) = operator {
            local.open_operator_session(&caller, grant).map_err(DaemonError::Key)?;
        }
    }
    serve_with(&places, (local, shared), estate, beside, ready).await
}

async fn serve_with(
    places: &Places,
    (local, shared): (Arc<Local>, Option<Shared>),
    mut estate: Estate,
    beside: impl FnOnce(&Arc<Local>, Ground) -> Result<Beside, DaemonError>,
    ready: impl FnOnce(),
) -> Result<Ended, DaemonError> {
    let others = match &shared {
        Some(shared) => Some(socket::bind_shared(shared).await?),
        None => None,
    };
    if let Some(Shared { socket, group }) = shared {
        local.serves_at(SharedView { socket, group });
    }
    let (stop, stopping) = watch::channel(false);
    let threads = std::thread::available_parallelism().map_or(2, usize::from).clamp(2, 8);
    let workers = Workers::start(threads).map_err(DaemonError::Runtime)?;
    let mut inherited = estate.inherited.take();
    let listeners = inherited.as_mut().map(|inherited| std::mem::take(&mut inherited.listeners));
    let (handed_on, ground_workers) = (listeners.unwrap_or_default(), workers.clone());
    let ground = Ground { workers: ground_workers, handed_on, stopping: stopping.clone() };
    let beside = beside(&local, ground)?;
    let bequest = Bequest::of(&estate, &local).map_err(DaemonError::Succession)?;
    if let Some(inherited) = inherited {
        inherited.begin([&estate.callers, &estate.operators, &estate.succession])?;
    }
    let Estate { lock, callers, operators, succession, .. } = estate;
    let names = [callers.stays(), operators.stays(), succession.stays()];
    let retire = Arc::new(Notify::new());
    let uid = process::effective_uid();
    let serving = |whom| {
        let workers = workers.clone();
        serve::Serving { whom, most: CONNECTIONS, workers, stopping: stopping.clone() }
    };
    let for_callers = routes::callers(Arc::clone(&local)).merge(beside.callers);
    let for_operators = routes::operators(Arc::clone(&local), Arc::clone(&retire));
    let others =
        others.map(|socket| tokio::spawn(serve::accept(socket, for_callers.clone(), serving(Whom::Anybody))));
    let callers = tokio::spawn(serve::accept(callers, for_callers, serving(Whom::Callers(uid))));
    let operators = tokio::spawn(serve::accept(operators, for_operators, serving(Whom::Operators(uid))));

    ready();
    // What is to be handed on goes with this, so that no copy of it is left open.
    let wish = tokio::select! {
        wish = wait_for_the_end(places, &retire) => wish,
        () = succession::handed_on(&succession.listener, bequest) => Wish::HandOn,
    };
    names.iter().for_each(|name| name.store(wish == Wish::HandOn, Ordering::SeqCst));
    drop(succession);
    let _ = stop.send(true);
    let mut running = vec![callers.await, operators.await, beside.running.await];
    if let Some(others) = others {
        running.push(others.await);
    }
    // Nobody can connect to this one any more, so that another may start; one that was handed the lock has it already.
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
    if !in_time && wish != Wish::End {
        let _ = tokio::time::timeout(LONG_DRAIN, all_done(&mut running)).await;
    }
    let _ = log.settle();
}

/// What a daemon is told that is told to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wish {
    End,
    MakeRoom,
    /// Another one serves already.
    HandOn,
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
