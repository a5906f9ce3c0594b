//! Where a test vault sends a provider's host instead; refused in any other vault.

use super::{Local, views};
use crate::audit::{Action, Event, Outcome as Logged};
use crate::platform::clock;
use crate::policy::Caller;
use crate::service::error::{ErrorKind, ServiceError};
use crate::service::outcome::Outcome;
use crate::spec::{Capability, Host, Provider};
use crate::vault::Upstream;

impl Local {
    pub(super) fn set_upstream(
        &self,
        caller: &Caller,
        host: &str,
        address: &str,
        ca_pem: String,
    ) -> Result<Outcome, ServiceError> {
        let invalid = |message: String| ServiceError::new(ErrorKind::InvalidRequest, message);
        let host = Host::parse(host).map_err(|error| invalid(error.to_string()))?;
        let session = self.session(caller)?;
        let catalog = session.catalog()?;
        let fetches_from = |provider: &Provider| provider.ways().any(|way| way.auth.hosts().contains(&&host));
        let reaches = |capability: &Capability| capability.reaches(host.as_str());
        if !catalog.providers().any(|one| fetches_from(one) || one.capabilities.iter().any(reaches)) {
            return Err(ServiceError::new(ErrorKind::NotFound, format!("no capability has the host {host}")));
        }
        let addr = address.parse().map_err(|_| {
            invalid(format!("`{}` is not an address and port", address.escape_debug()))
                .help("write it as 127.0.0.1:8443")
        })?;
        let upstream = Upstream { host: host.to_string(), addr, ca_pem };
        let view = views::upstream(&upstream);
        let event =
            Event { detail: Some(format!("to {addr}")), ..event(caller, Action::UpstreamSet, host.as_str()) };
        session.recorded(event, |vault| vault.set_upstream(upstream))?;
        Ok(Outcome::UpstreamSet(view))
    }

    pub(super) fn list_upstreams(&self, caller: &Caller) -> Result<Outcome, ServiceError> {
        let session = self.session(caller)?;
        let mut vault = session.desk.vault();
        Ok(Outcome::Upstreams { upstreams: vault.upstreams()?.iter().map(views::upstream).collect() })
    }

    pub(super) fn remove_upstream(&self, caller: &Caller, host: &str) -> Result<Outcome, ServiceError> {
        let session = self.session(caller)?;
        let event = event(caller, Action::UpstreamRemove, host);
        session.recorded(event, |vault| vault.remove_upstream(host))?;
        Ok(Outcome::UpstreamRemoved { host: host.to_owned() })
    }
}

fn event(caller: &Caller, action: Action, host: &str) -> Event {
    Event {
        host: Some(host.to_owned()),
        ..Event::new(clock::now_ms(), caller.to_string(), action, Logged::Ok)
    }
}
