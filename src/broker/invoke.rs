//! The pipeline.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::approvals::Approvals;
use super::auth::{self, Given, Secrets};
use super::decide::{Decided, decide};
use super::ending::Ending;
use super::error::BrokerError;
use super::guard::Reach;
use super::journal::Journal;
use super::limits::Limits;
use super::record;
use super::redact::Redactor;
use super::reply::Reply;
use super::rulebook::Rulebook;
use super::scrub::Needles;
use super::tally::Tally;
use super::upstream::{
    OutgoingRequest, Patience, Redirect, RequestBody, UpstreamClient, UpstreamError, UpstreamResponse,
};
use crate::plan::Plan;
use crate::policy::{Allowed, Call, Caller, Catalog};
use crate::spec::SecretClaim;
use crate::vault::{CredentialMeta, Destination, Upstream, Vault, VaultError};

/// What the broker works with for one vault.
pub struct Desk {
    pub shelf: Arc<dyn Shelf>,
    pub vault: Arc<Mutex<Vault>>,
    pub journal: Journal,
    pub rulebook: Rulebook,
    pub approvals: Arc<Approvals>,
    pub limits: Limits,
}

impl Desk {
    /// The vault, for a short, synchronous look; never held while waiting.
    pub fn vault(&self) -> MutexGuard<'_, Vault> {
        // A panic elsewhere leaves the vault as it was: its writes are transactions.
        self.vault.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Where the catalogue of a vault is had, as the vault stands now.
pub trait Shelf: Send + Sync {
    /// # Errors
    /// When the stored records cannot be read or are not those last written.
    fn catalog(&self, vault: &mut Vault) -> Result<Arc<dyn Catalog>, VaultError>;
}

/// Carries out calls; keeps the connections.
#[derive(Default)]
pub struct Broker {
    client: Mutex<Client>,
}

#[derive(Default)]
struct Client {
    upstreams: Vec<Upstream>,
    shared: Arc<UpstreamClient>,
}

/// An upstream's answer, and what it goes through before it is handed out.
struct Answered {
    response: UpstreamResponse,
    needles: Needles,
    redactor: Option<Redactor>,
}

impl Broker {
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Carries out one call.
    ///
    /// # Errors
    /// What stopped it; a denial is on record by then.
    pub async fn invoke(
        &self,
        desk: &Desk,
        caller: &Caller,
        call: Call,
        body: RequestBody,
    ) -> Result<Reply, BrokerError> {
        let catalog = desk.shelf.catalog(&mut desk.vault())?;
        let Decided { allowed, credential, body, reserved } =
            decide(desk, catalog.as_ref(), caller, &call, body).await?;
        let event = record::allowed(caller, &allowed, &credential.name, &credential.scope);
        let decision = desk.journal.append(&event)?;
        let mut ending = Ending::of(desk.journal.clone(), decision, &event);
        match self.send(desk, allowed, &credential, body).await {
            Ok(Answered { response, needles, redactor }) => {
                let tally = Tally::of(reserved, &response.headers);
                Reply::sanitised(response, needles, redactor, tally, ending).once_it_may_begin().await
            }
            Err(error) => {
                ending.write(Some(failure(&error)));
                Err(error)
            }
        }
    }

    async fn send(
        &self,
        desk: &Desk,
        allowed: Allowed<'_>,
        credential: &CredentialMeta,
        body: RequestBody,
    ) -> Result<Answered, BrokerError> {
        let plan = Plan::of(allowed);
        let private = plan.is_own() && plan.provider().private;
        let reach = if private { Reach::PrivateNetwork } else { Reach::Global };
        let (signed, client) = {
            let mut vault = desk.vault();
            let secrets = reveal(&mut vault, &plan, credential)?;
            (auth::sign(&plan, &secrets, &Given::now(body.bytes())?)?, self.client(&mut vault)?)
        };
        let request = OutgoingRequest {
            method: signed.method,
            url: signed.url,
            headers: signed.headers,
            body,
            reach,
            patience: Patience::default(),
        };
        let response = client.send(request).await?;
        let redactor = Redactor::new(plan.redactions(), response.status, &response.headers)?;
        Ok(Answered { response, needles: signed.needles, redactor })
    }

    /// The pooled client; in a test vault, one that knows its redirections.
    fn client(&self, vault: &mut Vault) -> Result<Arc<UpstreamClient>, BrokerError> {
        let mut client = self.client.lock().unwrap_or_else(PoisonError::into_inner);
        if vault.is_test() {
            let upstreams = vault.upstreams()?;
            if client.upstreams != upstreams {
                let shared = Arc::new(UpstreamClient::with_redirects(upstreams.iter().map(redirect))?);
                *client = Client { upstreams, shared };
            }
        }
        Ok(Arc::clone(&client.shared))
    }
}

fn redirect(upstream: &Upstream) -> (String, Redirect) {
    let redirect = Redirect { address: upstream.addr, ca_pem: upstream.ca_pem.clone().into_bytes() };
    (upstream.host.clone(), redirect)
}

/// Step 8: only now is anything decrypted, and only what this plan needs.
fn reveal(vault: &mut Vault, plan: &Plan<'_>, credential: &CredentialMeta) -> Result<Secrets, BrokerError> {
    let mut secrets = Secrets::new();
    let to = Destination {
        provider: &plan.provider().id,
        capability: plan.capability(),
        host: plan.host(),
        own: plan.is_own(),
        identifier: false,
    };
    for (placeholder, id) in &credential.secrets {
        let named = |claim: &&SecretClaim| claim.placeholder == placeholder.as_str();
        let identifier = plan.secrets().iter().find(named).is_some_and(|claim| claim.identifier);
        secrets.insert(placeholder.clone(), vault.reveal(id, Destination { identifier, ..to })?);
    }
    Ok(secrets)
}

fn failure(error: &BrokerError) -> &'static str {
    match error {
        BrokerError::Denied(denial) => denial.reason.as_str(),
        BrokerError::Vault(_) => "vault",
        BrokerError::Audit(_) => "audit",
        BrokerError::Meter(_) => "usage",
        BrokerError::Auth(_) => "auth",
        BrokerError::Withheld(error) => error.reason(),
        BrokerError::Client(_) | BrokerError::Upstream(UpstreamError::Client(_)) => "client",
        BrokerError::Upstream(UpstreamError::Timeout { .. }) => "upstream.timeout",
        BrokerError::Upstream(_) => "upstream.unreachable",
    }
}
