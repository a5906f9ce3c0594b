//! The pipeline.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::approvals::Approvals;
use super::auth::{self, Given, Secrets, SignedRequest};
use super::bearer::Bearer;
use super::deadline::{Deadline, TimeLimit};
use super::decide::{Decided, decide};
use super::ending::Ending;
use super::error::BrokerError;
use super::guard::Reach;
use super::identity::ClientIdentity;
use super::journal::Journal;
use super::limits::{Limits, Reserved};
use super::record;
use super::redact::Redactor;
use super::redirect::{Origin, Trail};
use super::reply::Reply;
use super::retention::kept_ms;
use super::reveal::reveal;
use super::rulebook::Rulebook;
use super::scrub::Needles;
use super::tally::Tally;
use super::tokens::{self, Login, Tokens};
use super::upstream::{
    ClientError, Egress, OutgoingRequest, Patience, Redirect, RequestBody, UpstreamClient, UpstreamResponse,
};
use super::websocket::{self, CallerMessages, Opened, Watch};
use crate::plan::Plan;
use crate::platform::clock::Stopwatch;
use crate::policy::{Call, Caller, Catalog, Denial};
use crate::spec::ClientCertificate;
use crate::spec::auth::OAuth;
use crate::vault::{CredentialMeta, Destination, SettingName, Settings, Upstream, Vault, VaultError};

/// For this long a look at the vault is good for all of a call: what others commit meanwhile might as well have come
/// after it.
const JUST_NOW_MS: u64 = 1;

/// What the broker works with for one vault.
pub struct Desk {
    pub shelf: Arc<dyn Shelf>,
    pub vault: Arc<Mutex<Vault>>,
    pub journal: Journal,
    pub rulebook: Rulebook,
    pub approvals: Arc<Approvals>,
    pub limits: Limits,
    /// Holds the files that processes lock against each other.
    pub locks: PathBuf,
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
    tokens: Tokens,
}

#[derive(Default)]
struct Client {
    upstreams: Vec<Upstream>,
    settings: Settings,
    shared: Arc<UpstreamClient>,
    /// The same without authorities of the operator's.
    plain: Arc<UpstreamClient>,
}

/// What a request is made of beside its plan.
struct Provided {
    credential: CredentialMeta,
    body: RequestBody,
    /// Since the vault was looked at.
    since: Stopwatch,
}

/// An upstream's answer, and what it goes through before it is handed out.
struct Answered {
    response: UpstreamResponse,
    needles: Needles,
    redactor: Option<Redactor>,
    /// What was redirected, if anything was.
    origin: Option<Origin>,
}

impl Answered {
    /// The call that it redirects to, where that may be made.
    fn next(&self, trail: &mut Trail<'_>) -> Option<Call> {
        self.origin.as_ref().and_then(|origin| trail.next(origin, &self.response.headers, &self.needles))
    }
}

/// An answer whose decision is on record.
struct Recorded {
    answered: Answered,
    reserved: Reserved,
    ending: Ending,
}

/// An answer, and where it redirects to.
struct Redirected<'c> {
    recorded: Recorded,
    next: Call,
    trail: Trail<'c>,
}

impl Recorded {
    async fn hand_out(self, deadline: Deadline) -> Result<Reply, BrokerError> {
        let Self { answered: Answered { response, needles, redactor, .. }, reserved, ending, .. } = self;
        let tally = Tally::of(reserved, &response.headers);
        Reply::sanitised(response, needles, redactor, tally, ending, deadline).once_it_may_begin().await
    }
}

impl Broker {
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Carries out one call, and what its redirects make of it: each is decided and recorded by itself.
    ///
    /// # Errors
    /// What stopped it; a denial is on record by then.
    pub async fn invoke(
        &self,
        desk: &Desk,
        caller: &Caller,
        call: Call,
        body: RequestBody,
        limit: Option<TimeLimit>,
    ) -> Result<Reply, BrokerError> {
        let mut deadline = Deadline::of(limit);
        let catalog = desk.shelf.catalog(&mut desk.vault())?;
        let mut trail = Trail::of(&call, &body);
        let decided = decide_in_time(desk, catalog.as_ref(), caller, &call, body, &mut deadline).await?;
        let recorded = self.carry_out(desk, caller, decided, None, &mut deadline).await?;
        match recorded.answered.next(&mut trail) {
            None => recorded.hand_out(deadline).await,
            // Apart: what few calls need would make the future of all of them large, and dear to move.
            Some(next) => {
                let redirected = Redirected { recorded, next, trail };
                Box::pin(self.follow(desk, catalog.as_ref(), caller, redirected, deadline)).await
            }
        }
    }

    /// Goes where an answer redirects to, until one is no redirect that may be followed.
    async fn follow(
        &self,
        desk: &Desk,
        catalog: &dyn Catalog,
        caller: &Caller,
        redirected: Redirected<'_>,
        mut deadline: Deadline,
    ) -> Result<Reply, BrokerError> {
        let Redirected { mut recorded, mut next, mut trail } = redirected;
        loop {
            let status = recorded.answered.response.status.as_u16();
            let empty = RequestBody::Empty;
            if let Err(error) = desk.vault().refresh() {
                return Err(recorded.ending.failed(error.into()));
            }
            let decided = decide_in_time(desk, catalog, caller, &next, empty, &mut deadline).await;
            let followed = match decided {
                // What may not be followed is the caller's to see.
                Err(BrokerError::Denied(_)) => return recorded.hand_out(deadline).await,
                Err(error) => return Err(recorded.ending.failed(error)),
                Ok(decided) => decided,
            };
            recorded.ending.answered(status);
            recorded.ending.write(None);
            let follows = Some(recorded.ending.decision());
            recorded = self.carry_out(desk, caller, followed, follows, &mut deadline).await?;
            match recorded.answered.next(&mut trail) {
                Some(further) => next = further,
                None => return recorded.hand_out(deadline).await,
            }
        }
    }

    /// Asks for a WebSocket with a call, which is judged as the `GET` that it is; a redirect is not followed.
    ///
    /// # Errors
    /// What stopped it; a denial is on record by then.
    pub async fn open_websocket(
        &self,
        desk: &Desk,
        caller: &Caller,
        mut call: Call,
        from: CallerMessages,
        limit: Option<TimeLimit>,
    ) -> Result<Opened, BrokerError> {
        let mut deadline = Deadline::of(limit);
        if let Err(denial) = websocket::as_get(&mut call) {
            desk.journal.append(&record::denied(caller, &call, &denial))?;
            return Err(denial.into());
        }
        let catalog = desk.shelf.catalog(&mut desk.vault())?;
        let messages = RequestBody::Messages;
        let decided = decide_in_time(desk, catalog.as_ref(), caller, &call, messages, &mut deadline).await?;
        let mut recorded = self.carry_out(desk, caller, decided, None, &mut deadline).await?;
        let Some(upgraded) = recorded.answered.response.upgraded.take() else {
            return recorded.hand_out(deadline).await.map(|reply| Opened::Answer(Box::new(reply)));
        };
        let Recorded { answered: Answered { needles, redactor, .. }, reserved, ending, .. } = recorded;
        let tally = Tally::of_messages(reserved);
        let watch = Watch { needles, redactor, tally, ending, deadline };
        Ok(Opened::Conversation(websocket::converse(upgraded, from, watch).await))
    }

    /// Puts a refusal on record that was decided before a capability could be named.
    #[must_use]
    pub fn refuse(desk: &Desk, caller: &Caller, call: &Call, denial: Denial) -> BrokerError {
        match desk.journal.append(&record::denied(caller, call, &denial)) {
            Ok(_) => denial.into(),
            Err(error) => error.into(),
        }
    }

    /// Records a decision and sends what it allows.
    async fn carry_out(
        &self,
        desk: &Desk,
        caller: &Caller,
        decided: Decided<'_>,
        follows: Option<u64>,
        deadline: &mut Deadline,
    ) -> Result<Recorded, BrokerError> {
        let Decided { allowed, way, credential, body, reserved, since } = decided;
        let event = record::allowed(caller, &allowed, &credential.name, &credential.scope, follows);
        let is_websocket = matches!(body, RequestBody::Messages);
        let event = if is_websocket { record::opens_websocket(event) } else { event };
        let mut ending = desk.journal.begin(event).await?;
        let (plan, patience) = (Plan::of(allowed, way), deadline.patience());
        let sent = deadline
            .hold(self.send(desk, caller, plan, Provided { credential, body, since }, patience))
            .await;
        match sent.unwrap_or_else(|limit| Err(BrokerError::OutOfTime { limit, sent: true })) {
            Ok(answered) => Ok(Recorded { answered, reserved, ending }),
            Err(error) => Err(ending.failed(error)),
        }
    }

    async fn send(
        &self,
        desk: &Desk,
        caller: &Caller,
        plan: Plan<'_>,
        provided: Provided,
        patience: Patience,
    ) -> Result<Answered, BrokerError> {
        let Provided { credential, body, since } = provided;
        let credential = &credential;
        let reach = Reach::of(plan.provider(), plan.is_own());
        let source = tokens::source(&plan);
        // Where tokens are fetched, what they are fetched with is none of this request's business.
        let is_wanted = |name: &str| source.is_none() || is_of_certificate(&plan, name);
        let (client, secrets) = {
            let mut vault = desk.vault();
            let mut vault =
                if since.elapsed_ms() < JUST_NOW_MS { vault.as_known() } else { vault.moment()? };
            let client = self.client(&mut vault, |vault| vault.given_ms(credential))?;
            desk.journal.keep_for(self.kept_ms());
            (client, reveal(&mut vault, credential, plan.secrets(), destination(&plan), is_wanted)?)
        };
        let identity = plan.client_certificate().map(|one| auth::identity(one, &secrets)).transpose()?;
        let way = Way { reach, account: credential.id.to_string(), identity, patience };
        let (response, needles) = if let Some(source) = source {
            let (tokens, client, plan) = (&self.tokens, &client, &plan);
            let bearer = Bearer { desk, tokens, client, caller, plan, credential, way, source };
            // Apart: what few requests need would make the future of all of them large, and dear to move.
            Box::pin(bearer.send(body)).await?
        } else {
            let given = Given::now(body.bytes());
            let (request, needles) = way.outgoing(auth::sign(&plan, &secrets, &given)?, body);
            (client.send(request).await?, needles)
        };
        let redactor = match response.upgraded {
            Some(_) => Redactor::of_messages(plan.redactions()),
            None => Redactor::new(plan.redactions(), response.status, &response.headers)?,
        };
        let origin = Origin::of(&plan, &credential.name, response.status);
        Ok(Answered { response, needles, redactor, origin })
    }

    /// Logging in, over connections of its own: they live no longer than whoever waits for it.
    ///
    /// # Errors
    /// When the vault's settings for requests cannot be read or used.
    pub fn login<'a>(
        vault: &mut Vault,
        oauth: &'a OAuth,
        certificate: Option<&'a ClientCertificate>,
        secrets: &'a Secrets,
        given_ms: u64,
        reach: Reach,
    ) -> Result<Login<'a>, BrokerError> {
        let fresh = Self::default();
        Ok(Login { client: fresh.client(vault, |_| Ok(given_ms))?, oauth, secrets, certificate, reach })
    }

    /// Waits for what goes on when its caller has gone: tokens that are being fetched.
    pub async fn settle(&self) {
        self.tokens.settle().await;
    }

    /// Closes the connections that are kept for later: each has in its buffer what it sent last.
    pub fn hang_up(&self) {
        *self.client.lock().unwrap_or_else(PoisonError::into_inner) = Client::default();
    }

    /// How long the log is kept, as the vault said when the client was last looked at.
    fn kept_ms(&self) -> Option<u64> {
        kept_ms(&self.client.lock().unwrap_or_else(PoisonError::into_inner).settings)
    }

    /// The pooled client, as the vault says that requests leave; in a test vault, one that knows its redirections.
    /// An authority that was added after a value was given does not get to see it: whoever may add one could else
    /// stand between it and its provider.
    fn client(
        &self,
        vault: &mut Vault,
        given_ms: impl FnOnce(&mut Vault) -> Result<u64, VaultError>,
    ) -> Result<Arc<UpstreamClient>, BrokerError> {
        let mut client = self.client.lock().unwrap_or_else(PoisonError::into_inner);
        let upstreams = if vault.is_test() { vault.upstreams()? } else { Vec::new() };
        let settings = vault.settings()?;
        if client.upstreams != upstreams || client.settings != settings {
            let egress = Egress::of(&settings)?;
            let leaving_by = |egress| {
                let client = UpstreamClient::with_redirects(upstreams.iter().map(redirect))?;
                Ok::<_, ClientError>(Arc::new(client.leaving_by(egress)))
            };
            let shared = leaving_by(egress.clone())?;
            let plain = match egress.extra_ca {
                None => Arc::clone(&shared),
                Some(_) => leaving_by(Egress { extra_ca: None, ..egress })?,
            };
            *client = Client { upstreams, settings, shared, plain };
        }
        let is_seen = match client.settings.get(&SettingName::ExtraCa) {
            None => true,
            Some(setting) => setting.set_ms < given_ms(vault)?,
        };
        Ok(Arc::clone(if is_seen { &client.shared } else { &client.plain }))
    }
}

/// A decision within the call's time. One that is late is on record as a refusal: nothing was sent.
async fn decide_in_time<'a>(
    desk: &Desk,
    catalog: &'a dyn Catalog,
    caller: &Caller,
    call: &Call,
    body: RequestBody,
    deadline: &mut Deadline,
) -> Result<Decided<'a>, BrokerError> {
    match deadline.hold(decide(desk, catalog, caller, call, body)).await {
        Ok(decided) => decided,
        Err(limit) => {
            desk.journal.append(&record::out_of_time(caller, call))?;
            Err(BrokerError::OutOfTime { limit, sent: false })
        }
    }
}

fn redirect(upstream: &Upstream) -> (String, Redirect) {
    let redirect = Redirect { address: upstream.addr, ca_pem: upstream.ca_pem.clone().into_bytes() };
    (upstream.host.clone(), redirect)
}

/// How an account's requests go out.
pub(super) struct Way {
    pub(super) reach: Reach,
    pub(super) account: String,
    pub(super) identity: Option<Arc<ClientIdentity>>,
    pub(super) patience: Patience,
}

impl Way {
    /// A signed request as it is sent, and what must not come back.
    pub(super) fn outgoing(&self, signed: SignedRequest, body: RequestBody) -> (OutgoingRequest, Needles) {
        let SignedRequest { method, url, headers, needles } = signed;
        let Self { reach, account, identity, patience } = self;
        let (reach, account, identity, patience) = (*reach, account.clone(), identity.clone(), *patience);
        (OutgoingRequest { method, url, headers, body, reach, account, identity, patience }, needles)
    }
}

/// Where a plan's secrets go.
pub(super) fn destination<'p>(plan: &'p Plan<'_>) -> Destination<'p> {
    Destination {
        provider: &plan.provider().id,
        capability: Some(plan.capability()),
        host: plan.host(),
        own: plan.is_own(),
        identifier: false,
    }
}

fn is_of_certificate(plan: &Plan<'_>, placeholder: &str) -> bool {
    plan.client_certificate()
        .into_iter()
        .flat_map(ClientCertificate::placeholders)
        .any(|name| name == placeholder)
}
