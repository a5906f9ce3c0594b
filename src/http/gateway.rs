//! The listeners of a daemon: those that it was started with, and those that an operator asks for.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::runtime::Handle;
use tokio::sync::{Semaphore, watch};
use tokio::task::{JoinHandle, JoinSet};
use tokio_util::task::TaskTracker;

use super::agents::ServeAgent;
use super::door::{Door, House};
use super::error::GatewayError;
use super::listen::{Remote, Wanted};
use super::serve::{self, Serving};
use super::tls;
use crate::service::{self, ErrorKind, ListenerView, Local, ServiceError};
use crate::spec::CredentialName;

/// How many connections may be open at once: clients keep some that they do not use.
const CONNECTIONS: usize = 4096;

/// The listeners.
struct Gateway {
    house: House,
    doors: Mutex<Vec<Arc<Door>>>,
    serving: Serving,
    /// Those that accept.
    accepting: TaskTracker,
    runtime: Handle,
    /// Two who ask at once get the same.
    turn: Mutex<()>,
}

/// Listens where it is `wanted`, and has `local` open more when an operator asks; `agents` serves those. Must be called within a runtime. Ends
/// with what is still under way, once it was told to stop and nobody can connect any more.
///
/// # Errors
/// When one of them cannot be listened on, or could be reached by others who may not.
pub fn begin(
    local: &Arc<Local>,
    wanted: &[Wanted],
    remote: &Remote,
    stopping: watch::Receiver<bool>,
    agents: ServeAgent,
) -> Result<JoinHandle<JoinSet<()>>, GatewayError> {
    let serving = Serving {
        places: Arc::new(Semaphore::new(CONNECTIONS)),
        stopping: stopping.clone(),
        connections: TaskTracker::new(),
    };
    let gateway = Arc::new(Gateway {
        house: House { agents: Some(agents), ..House::of(Arc::clone(local)) },
        doors: Mutex::default(),
        serving,
        accepting: TaskTracker::new(),
        runtime: Handle::current(),
        turn: Mutex::default(),
    });
    for one in wanted {
        gateway.listen(one, remote)?;
    }
    local.serve_gateway(Arc::clone(&gateway) as Arc<dyn service::Gateway>);
    Ok(tokio::spawn(drained(gateway, stopping)))
}

async fn drained(gateway: Arc<Gateway>, mut stopping: watch::Receiver<bool>) -> JoinSet<()> {
    let _ = stopping.wait_for(|stop| *stop).await;
    gateway.accepting.close();
    gateway.accepting.wait().await;
    let mut running = JoinSet::new();
    running.spawn(async move {
        for tasks in [&gateway.serving.connections, &gateway.house.talks] {
            tasks.close();
            tasks.wait().await;
        }
    });
    running
}

impl Gateway {
    fn doors(&self) -> MutexGuard<'_, Vec<Arc<Door>>> {
        // A panic elsewhere leaves the list as it was.
        self.doors.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn listen(&self, wanted: &Wanted, remote: &Remote) -> Result<ListenerView, GatewayError> {
        let (tls, names) = if wanted.is_local() {
            (None, Vec::new())
        } else {
            let (certificate, key) = remote.files(wanted.address)?;
            (Some(tls::acceptor(certificate, key)?), remote.host_names()?)
        };
        let (listener, address) = bound(wanted.address)?;
        let (credential, house) = (wanted.credential.clone(), self.house.clone());
        let door = Arc::new(Door { address, names, credential, tls, house });
        let _within = self.runtime.enter();
        let failed = |cause| GatewayError::Bind { address, cause };
        let listener = tokio::net::TcpListener::from_std(listener).map_err(failed)?;
        let view = door.view();
        self.doors().push(Arc::clone(&door));
        self.accepting.spawn_on(serve::accept(listener, door, self.serving.clone()), &self.runtime);
        Ok(view)
    }

    /// One that is open on loopback for just that.
    fn found(&self, credential: Option<&CredentialName>) -> Option<ListenerView> {
        let doors = self.doors();
        let fits =
            |door: &&Arc<Door>| door.address.ip().is_loopback() && door.credential.as_ref() == credential;
        doors.iter().find(fits).map(|door| door.view())
    }
}

fn bound(address: SocketAddr) -> Result<(TcpListener, SocketAddr), GatewayError> {
    let failed = |cause| GatewayError::Bind { address, cause };
    let listener = TcpListener::bind(address).map_err(failed)?;
    listener.set_nonblocking(true).map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?;
    Ok((listener, address))
}

impl service::Gateway for Gateway {
    fn open(&self, credential: Option<&CredentialName>) -> Result<ListenerView, ServiceError> {
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(found) = self.found(credential) {
            return Ok(found);
        }
        if *self.serving.stopping.borrow() {
            return Err(ServiceError::new(ErrorKind::VaultUnavailable, "the daemon is about to end"));
        }
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let wanted = Wanted { address, credential: credential.cloned() };
        self.listen(&wanted, &Remote::default()).map_err(|error| {
            ServiceError::new(ErrorKind::VaultUnavailable, error.to_string()).help(error.help())
        })
    }

    fn listeners(&self) -> Vec<ListenerView> {
        self.doors().iter().map(|door| door.view()).collect()
    }
}
