//! The service in this process: the vault, the log and the broker, at hand.
//!
//! The daemon is this behind a socket; the command line is this where the key can be
//! had without asking anybody.

mod accounts;
mod approvals;
mod audit;
mod backup;
mod bindings;
mod bounds;
mod capabilities;
mod clients;
mod config;
mod covered;
mod doctor;
mod errors;
mod example;
mod gateway;
mod grants;
mod hosts;
mod import;
mod keys;
mod labels;
mod login;
mod metrics;
mod operator;
mod policies;
mod presented;
mod providers;
mod repair;
mod secrets;
mod session;
mod status;
mod through;
mod tokens;
mod upstreams;
mod views;

use std::sync::{Arc, OnceLock, PoisonError, RwLock};

use super::command::Command;
use super::error::{ErrorKind, ServiceError};
use super::gateway::Gateway;
use super::outcome::Outcome;
use super::shared::SharedView;
use super::wire::Malformed;
use crate::audit::{Action, Event, Outcome as Logged};
use crate::broker::metrics::Metrics;
use crate::broker::{Approvals, Broker, CallerMessages, Opened, Reply, RequestBody, TimeLimit};
use crate::platform::clock;
use crate::policy::{Call, Caller, Reason};
use crate::settings::Places;
pub use keys::KeySources;
use presented::Refusals;
pub use session::OpenLog;
use session::Session;
pub use through::{Passed, Through};

pub(in crate::service) use session::LOCKED;
/// The reason code of a call that cannot be read.
const MALFORMED: &str = "request.malformed";

/// What a call gives here: the broker's own reply.
pub type LocalReply = Reply;

/// The same for a call that asks for a WebSocket.
pub type LocalOpened = Opened;

/// The service, with its vault when that is open.
pub struct Local {
    places: Places,
    sources: KeySources,
    broker: Broker,
    approvals: Arc<Approvals>,
    gateway: OnceLock<Arc<dyn Gateway>>,
    session: RwLock<Option<Arc<Session>>>,
    /// Presented tokens that are nobody's, and those that have ended.
    unknown: Refusals,
    ended: Refusals,
    /// What listeners refused before they knew from whom.
    at_the_door: Refusals,
    /// What agents' tools were asked and cannot do.
    of_tools: Refusals,
    operators: operator::Sessions,
    /// Where callers of other users are served.
    shared: OnceLock<SharedView>,
    metrics: Arc<Metrics>,
}

impl Local {
    /// The service of one command line, which nobody can ask what waits for approval.
    #[must_use]
    pub fn new(places: Places, sources: KeySources) -> Self {
        Self::with(places, sources, Approvals::new(false))
    }

    /// The service that a daemon offers to many.
    #[must_use]
    pub fn shared(places: Places, sources: KeySources) -> Self {
        Self::with(places, sources, Approvals::new(true))
    }

    fn with(places: Places, sources: KeySources, approvals: Approvals) -> Self {
        let approvals = Arc::new(approvals);
        let (broker, session) = (Broker::new(), RwLock::new(None));
        Self {
            places,
            sources,
            broker,
            approvals,
            gateway: OnceLock::new(),
            session,
            unknown: Refusals::default(),
            ended: Refusals::default(),
            at_the_door: Refusals::default(),
            of_tools: Refusals::default(),
            operators: operator::Sessions::default(),
            shared: OnceLock::new(),
            metrics: Arc::new(Metrics::new(metrics::REGISTRY)),
        }
    }

    pub(in crate::service) fn places(&self) -> &Places {
        &self.places
    }

    /// Says where callers of other users are served, once they are.
    pub fn serves_at(&self, shared: SharedView) {
        // A daemon has one such place, and says so once.
        let _ = self.shared.set(shared);
    }

    /// Where callers of other users are served.
    #[must_use]
    pub fn shared_at(&self) -> Option<&SharedView> {
        self.shared.get()
    }

    /// Carries out one command for `caller`, who is an operator: nobody with a token is.
    ///
    /// # Errors
    /// What went wrong, as a surface tells it.
    pub fn execute(&self, caller: &Caller, command: Command) -> Result<Outcome, ServiceError> {
        if caller.bounds().is_some() {
            let message = "an access token is for calls alone, not for what operators do";
            return Err(
                ServiceError::new(ErrorKind::PolicyViolation, message).reason(Reason::TokenScope.as_str())
            );
        }
        match command {
            Command::Status => self.status(caller),
            Command::Metrics => Ok(Outcome::Metrics { text: self.exposition() }),
            Command::Init(request) => self.init(caller, &request),
            Command::Unlock { with, session: _ } => self.unlock(caller, with),
            Command::Lock => self.lock(caller),
            Command::Rekey(request) => self.rekey(caller, request),
            Command::SecretCreate { name, value, scope, aliases, provider, hosts } => {
                let place = secrets::Place { scope, provider, hosts };
                self.create_secret(caller, name, value, place, aliases).map(Outcome::SecretStored)
            }
            Command::SecretImport { entries, scope, hosts, dry_run } => {
                let place = secrets::Place { scope, provider: None, hosts };
                if dry_run {
                    return self.plan_import(caller, entries, &place);
                }
                self.import_secrets(caller, entries, &place)
            }
            Command::SecretList { scope } => self.list_secrets(caller, scope.as_ref()),
            Command::SecretUpdate { secret, name, aliases } => {
                self.update_secret(caller, &secret, name, aliases)
            }
            Command::SecretRotate { secret, value, hosts } => {
                self.rotate_secret(caller, &secret, value, &hosts)
            }
            Command::SecretDelete { secret } => self.delete_secret(caller, &secret),
            Command::SecretAttachGroup { secret, workspace, group } => {
                self.attach_group(caller, &secret, workspace, group)
            }
            Command::SecretDetachGroup { secret, workspace, group } => {
                self.detach_group(caller, &secret, workspace, group)
            }
            Command::CapabilityList { scope } => self.list_capabilities(caller, &scope),
            Command::CapabilityDescribe { id, scope } => self.describe_capability(caller, &id, &scope),
            Command::CapabilityCreate(new) => self.create_capability(caller, &new),
            Command::CapabilityDelete { id } => self.delete_capability(caller, &id),
            Command::CapabilitySwitch { id, on } => self.switch_capability(caller, &id, on),
            Command::CapabilityBind { capabilities, credential, scope, consumer } => {
                self.bind(caller, &capabilities, &credential, scope, consumer.as_deref())
            }
            Command::CapabilityUnbind { capabilities, scope, consumer } => {
                self.unbind(caller, &capabilities, scope, consumer.as_deref())
            }
            Command::BindingList => self.list_bindings(caller),
            Command::CapabilityBound { id, bounds } => self.bound_capability(caller, &id, &bounds),
            Command::CredentialCreate { name, provider, auth, secrets, hosts, scope } => {
                let wanted = accounts::Wanted { name, provider, way: auth, secrets, hosts, scope };
                self.create_credential(caller, wanted)
            }
            Command::CredentialList => self.list_credentials(caller),
            Command::CredentialDelete { name, provider, scope } => {
                self.delete_credential(caller, &name, provider.as_ref(), &scope)
            }
            Command::Login(request) => self.log_in(caller, request),
            Command::AuditRead { query } => self.read_audit(caller, &query),
            Command::AuditStats { query } => self.audit_stats(caller, &query),
            Command::AuditVerify { since } => self.verify_audit(caller, since.as_deref()),
            Command::AuditCheckpoint => self.audit_checkpoint(caller),
            Command::AuditRetire { older_than } => self.retire_audit(caller, older_than),
            Command::PolicyApply { files, dry_run } => self.apply_policies(caller, files, dry_run),
            Command::PolicyList => self.list_policies(caller),
            Command::PolicyShow { id } => self.show_policy(caller, &id),
            Command::PolicyRemove { id } => self.remove_policy(caller, &id),
            Command::ProviderAdd { file } => self.add_provider(caller, file),
            Command::ProviderList => self.list_providers(caller),
            Command::ProviderShow { id } => self.show_provider(caller, &id),
            Command::ProviderRemove { id } => self.remove_provider(caller, &id),
            Command::ApprovalList => Ok(self.list_approvals()),
            Command::ApprovalShow { id } => self.show_approval(&id),
            Command::ApprovalAnswer { id, approve } => self.answer_approval(caller, &id, approve),
            Command::Clients(request) => self.list_clients(caller, &request),
            Command::TokenMint(request) => self.mint_token(caller, request),
            Command::TokenList => self.list_tokens(caller),
            Command::TokenRevoke { which } => self.revoke_tokens(caller, which),
            Command::AuditRestart { passphrase } => self.restart_audit(caller, passphrase),
            Command::Repair { accept, passphrase } => self.repair(caller, accept, passphrase),
            Command::Backup { to, lock } => self.back_up(caller, &to, &lock),
            Command::Restore { from, key, passphrase } => {
                self.restore(caller, &from, key.as_ref(), passphrase)
            }
            Command::Doctor { fix, passphrase } => Ok(self.doctor(fix, passphrase)),
            Command::ConfigSet { name, value } => self.set_config(caller, name, value),
            Command::ConfigList => self.list_config(caller),
            Command::ConfigUnset { name } => self.unset_config(caller, name),
            Command::UpstreamSet { host, address, ca_pem } => {
                self.set_upstream(caller, &host, &address, ca_pem)
            }
            Command::GatewayOpen { credential } => self.open_gateway(caller, credential.as_ref()),
            Command::Restart => Err(ServiceError::new(ErrorKind::Conflict, "no daemon restarts itself")),
            Command::GatewayStatus => Ok(Outcome::Gateway { listeners: self.listeners() }),
            Command::UpstreamList => self.list_upstreams(caller),
            Command::UpstreamRemove { host } => self.remove_upstream(caller, &host),
        }
    }

    /// Carries out one call for `caller`, within `limit` if there is one.
    ///
    /// # Errors
    /// What stopped it; refusals are on record by then.
    pub async fn invoke(
        &self,
        caller: &Caller,
        call: Call,
        body: RequestBody,
        limit: Option<TimeLimit>,
    ) -> Result<LocalReply, ServiceError> {
        let session = self.session(caller)?;
        // On the heap: every layer of a server moves the futures that it wraps.
        let invoked = Box::pin(self.broker.invoke(&session.desk, caller, call, body, limit));
        invoked.await.map_err(ServiceError::from)
    }

    /// Asks for a WebSocket with a call of `caller`; the whole of it within `limit` if there is one.
    ///
    /// # Errors
    /// What stopped it; refusals are on record by then.
    pub async fn open_websocket(
        &self,
        caller: &Caller,
        call: Call,
        from: CallerMessages,
        limit: Option<TimeLimit>,
    ) -> Result<LocalOpened, ServiceError> {
        let session = self.session(caller)?;
        self.broker.open_websocket(&session.desk, caller, call, from, limit).await.map_err(ServiceError::from)
    }

    /// The error of a call that cannot be read, which is on record by then as any refusal is. A
    /// locked vault has no log to write to.
    pub fn refuse_malformed(&self, caller: &Caller, malformed: Malformed) -> ServiceError {
        let error = ServiceError::new(ErrorKind::InvalidRequest, malformed.message).reason(MALFORMED);
        let Ok(session) = self.session(caller) else { return error };
        let event = Event {
            capability: malformed.capability,
            reason: Some(MALFORMED.to_owned()),
            detail: Some(malformed.what.to_owned()),
            ..Event::new(clock::now_ms(), caller.to_string(), Action::Invoke, Logged::Denied)
        };
        session.desk.journal.append(&event).err().map_or(error, ServiceError::from)
    }

    /// Puts on record that an agent's tool was asked for what it cannot do, though not each of many within a second.
    pub fn refuse_tool(&self, caller: &Caller, capability: Option<&str>) {
        let Some(untold) = self.of_tools.due() else { return };
        let Ok(session) = self.session(caller) else { return };
        let more =
            if untold > 0 { format!(", and {untold} more since the last such entry") } else { String::new() };
        let event = Event {
            capability: capability.map(|name| name.chars().take(80).collect()),
            reason: Some(MALFORMED.to_owned()),
            detail: Some(format!("a tool's arguments cannot be{more}")),
            ..Event::new(clock::now_ms(), caller.to_string(), Action::Invoke, Logged::Denied)
        };
        let _ = session.desk.journal.append(&event);
    }

    /// Waits for what goes on when its caller has gone.
    pub async fn drain(&self) {
        self.broker.settle().await;
    }

    /// Brings everything that was logged to the disk.
    ///
    /// # Errors
    /// When the disk does not take it.
    pub fn settle(&self) -> Result<(), ServiceError> {
        let open = self.session.read().unwrap_or_else(PoisonError::into_inner).clone();
        open.map_or(Ok(()), |session| session.desk.journal.settle().map_err(ServiceError::from))
    }
}
