//! The listeners of a daemon: those that it was started with, and those that an operator asks for.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::os::fd::AsFd as _;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};
use tokio_util::task::TaskTracker;

use super::agents::ServeAgent;
use super::door::{Door, House};
use super::error::GatewayError;
use super::listen::{Remote, Wanted};
use super::serve::{self, Serving};
use super::tls;
use crate::platform::workers::Workers;
use crate::service::places::Places;
use crate::service::{
    self, ErrorKind, HandedListener, ListenerRecord, ListenerView, Local, RemoteRecord, ServiceError,
};
use crate::spec::CredentialName;

/// How many connections may be open at once: clients keep some that they do not use.
const CONNECTIONS: usize = 4096;

/// A listener that is open.
struct Open {
    door: Arc<Door>,
    record: ListenerRecord,
    /// Is there for as long as it accepts.
    socket: Weak<tokio::net::TcpListener>,
}

/// The listeners.
struct Gateway {
    house: House,
    open: Mutex<Vec<Open>>,
    serving: Serving,
    /// Those that accept.
    accepting: TaskTracker,
    runtime: Handle,
    /// Two who ask at once get the same.
    turn: Mutex<()>,
}

/// Where a gateway listens from the start.
pub struct Listened<'w> {
    /// Where the daemon before did, if it handed that on.
    pub handed_on: Vec<HandedListener>,
    pub wanted: &'w [Wanted],
    pub remote: &'w Remote,
}

/// Listens, and has `local` open more when an operator asks; `agents` serves those. Must be called within a runtime. Ends
/// with what is still under way, once it was told to stop and nobody can connect any more.
///
/// # Errors
/// When one of them cannot be listened on, or could be reached by others who may not.
pub fn begin(
    local: &Arc<Local>,
    listened: Listened<'_>,
    workers: &Workers,
    stopping: watch::Receiver<bool>,
    agents: ServeAgent,
) -> Result<JoinHandle<JoinSet<()>>, GatewayError> {
    let Listened { handed_on, wanted, remote } = listened;
    let serving = Serving {
        places: Places::new(CONNECTIONS),
        stopping: stopping.clone(),
        connections: TaskTracker::new(),
        workers: workers.clone(),
    };
    let gateway = Arc::new(Gateway {
        house: House { agents: Some(agents), ..House::of(Arc::clone(local)) },
        open: Mutex::default(),
        serving,
        accepting: TaskTracker::new(),
        runtime: Handle::current(),
        turn: Mutex::default(),
    });
    for one in handed_on {
        gateway.go_on(one)?;
    }
    for one in wanted.iter().filter(|one| !gateway.has(one)) {
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
        for tasks in [&gateway.serving.connections, &gateway.house.talks.tasks] {
            tasks.close();
            tasks.wait().await;
        }
    });
    running
}

impl Gateway {
    fn open(&self) -> MutexGuard<'_, Vec<Open>> {
        // A panic elsewhere leaves the list as it was.
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether it listens there already.
    fn has(&self, wanted: &Wanted) -> bool {
        let is_it =
            |open: &Open| open.door.address == wanted.address && open.record.credential == wanted.credential;
        self.open().iter().any(is_it)
    }

    /// Listens on with what another daemon handed on. What that says of it opens nothing to other machines that could
    /// not be opened to them by hand.
    fn go_on(&self, handed: HandedListener) -> Result<ListenerView, GatewayError> {
        let HandedListener { socket, record } = handed;
        let address = socket.local_addr().map_err(GatewayError::Handed)?;
        let remote = match &record.remote {
            Some(RemoteRecord { certificate, key, names }) => Remote {
                allowed: true,
                certificate: Some(certificate.clone()),
                key: Some(key.clone()),
                names: names.clone(),
            },
            None => Remote::default(),
        };
        let wanted = Wanted { address, credential: record.credential };
        self.serve(&wanted, &remote, || Ok((socket, address)))
    }

    fn listen(&self, wanted: &Wanted, remote: &Remote) -> Result<ListenerView, GatewayError> {
        self.serve(wanted, remote, || bound(wanted.address))
    }

    /// Serves at the socket that `take` gives, once it is known who may.
    fn serve(
        &self,
        wanted: &Wanted,
        remote: &Remote,
        take: impl FnOnce() -> Result<(TcpListener, SocketAddr), GatewayError>,
    ) -> Result<ListenerView, GatewayError> {
        let (tls, names, record) = if wanted.is_local() {
            (None, Vec::new(), None)
        } else {
            let (certificate, key) = remote.files(wanted.address)?;
            let names = remote.host_names()?;
            let acceptor = tls::acceptor(certificate, key)?;
            let record = tls::record(certificate, key, names.clone())?;
            (Some(acceptor), names, Some(record))
        };
        let (listener, address) = take()?;
        let record = ListenerRecord { credential: wanted.credential.clone(), remote: record };
        let (credential, house) = (wanted.credential.clone(), self.house.clone());
        let door = Arc::new(Door { address, names, credential, tls, house });
        let _within = self.runtime.enter();
        let failed = |cause| GatewayError::Bind { address, cause };
        let listener = Arc::new(tokio::net::TcpListener::from_std(listener).map_err(failed)?);
        let view = door.view();
        self.open().push(Open { door: Arc::clone(&door), record, socket: Arc::downgrade(&listener) });
        self.accepting.spawn_on(serve::accept(listener, door, self.serving.clone()), &self.runtime);
        Ok(view)
    }

    /// One that is open on loopback for just that.
    fn found(&self, credential: Option<&CredentialName>) -> Option<ListenerView> {
        let open = self.open();
        let fits =
            |door: &&Arc<Door>| door.address.ip().is_loopback() && door.credential.as_ref() == credential;
        open.iter().map(|one| &one.door).find(fits).map(|door| door.view())
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
        self.open().iter().map(|one| one.door.view()).collect()
    }

    fn to_hand_on(&self) -> Vec<HandedListener> {
        let handed = |one: &Open| {
            let socket = one.socket.upgrade()?.as_fd().try_clone_to_owned().ok()?;
            Some(HandedListener { socket: socket.into(), record: one.record.clone() })
        };
        self.open().iter().filter_map(handed).collect()
    }
}
