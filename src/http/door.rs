//! What one listener is: its address, whom it lets in, and what stands behind it.

use std::net::SocketAddr;
use std::sync::Arc;

use tokio_rustls::TlsAcceptor;

use super::agents::ServeAgent;
use super::talks::Talks;
use super::whole::Room;
use crate::service::{ListenerView, Local};
use crate::spec::CredentialName;

/// A listener.
pub(super) struct Door {
    pub(super) address: SocketAddr,
    /// What else than its address clients may call it, in lower case.
    pub(super) names: Vec<String>,
    /// The one credential that all of it is for.
    pub(super) credential: Option<CredentialName>,
    pub(super) tls: Option<TlsAcceptor>,
    pub(super) house: House,
}

/// What all listeners share.
#[derive(Clone)]
pub(super) struct House {
    pub(super) local: Arc<Local>,
    pub(super) room: Room,
    /// What goes on when a request has been answered: WebSockets.
    pub(super) talks: Talks,
    /// Serves agents, where there is one.
    pub(super) agents: Option<ServeAgent>,
}

impl House {
    pub(super) fn of(local: Arc<Local>) -> Self {
        Self { local, room: Room::new(), talks: Talks::default(), agents: None }
    }
}

impl Door {
    pub(super) fn view(&self) -> ListenerView {
        let scheme = if self.tls.is_some() { "https" } else { "http" };
        let host = match self.names.first() {
            Some(name) => format!("{name}:{}", self.address.port()),
            None => self.address.to_string(),
        };
        ListenerView {
            address: self.address,
            url: format!("{scheme}://{host}"),
            credential: self.credential.clone(),
            tls: self.tls.is_some(),
        }
    }
}
