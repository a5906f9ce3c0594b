//! The daemon: the service behind two unix sockets, one for operators and one for
//! callers.
//!
//! One instance a vault, however many start at once: the lock is held for life, and
//! only its holder touches the sockets. Only processes of the same user are served.
//! It decides nothing: it makes a `Command` or a `Call` of what it reads, and renders
//! what the service answers.

mod bounded;
mod error;
mod routes;
mod serve;
mod socket;

use std::sync::Arc;
use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

use crate::platform::{descriptors, files, process};
use crate::service::Local;
use crate::settings::Places;

pub use error::DaemonError;

/// How often the daemon looks whether its vault is still there.
const LOOK: Duration = Duration::from_secs(30);
/// How long calls that are under way may take when the daemon is told to end.
const DRAIN: Duration = Duration::from_secs(10);

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

/// Serves until told to stop.
///
/// # Errors
/// When it cannot listen.
pub fn run(places: Places) -> Result<Ended, DaemonError> {
    descriptors::allow_many(OPEN_FILES);
    let threads = std::thread::available_parallelism().map_or(2, usize::from).clamp(2, 8);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(threads)
        .thread_name("aivaultd")
        .enable_all()
        .build()
        .map_err(DaemonError::Runtime)?;
    runtime.block_on(serve_all(places))
}

async fn serve_all(places: Places) -> Result<Ended, DaemonError> {
    let Some(lock) = socket::lock(&places).await? else { return Ok(Ended::AlreadyRunning) };
    let callers = socket::bind(&places.socket).await?;
    let operators = socket::bind(&places.operator_socket()).await?;
    let local = Arc::new(Local::shared(places.clone()));
    let (stop, stopping) = watch::channel(false);
    let uid = process::effective_uid();
    let serving = |most| serve::Serving { uid, most, stopping: stopping.clone() };
    let callers = serve::accept(callers, routes::callers(Arc::clone(&local)), serving(CALLERS));
    let operators = serve::accept(operators, routes::operators(Arc::clone(&local)), serving(OPERATORS));
    let (callers, operators) = (tokio::spawn(callers), tokio::spawn(operators));
    wait_for_the_end(&places).await;
    let _ = stop.send(true);
    let open = (callers.await, operators.await);
    // The next daemon may start while this one finishes what is under way: nobody waits for that.
    drop(lock);
    let _ = tokio::time::timeout(DRAIN, async {
        for connections in [open.0, open.1].into_iter().flatten() {
            connections.join_all().await;
        }
    })
    .await;
    let _ = local.settle();
    Ok(Ended::Stopped)
}

/// A signal to end, or the vault's folder being gone: a daemon without a vault serves nobody.
async fn wait_for_the_end(places: &Places) {
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
        _ = terminate => {}
        _ = tokio::signal::ctrl_c() => {}
        () = gone => {}
    }
}
