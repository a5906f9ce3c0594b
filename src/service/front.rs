//! What surfaces on this machine call: carries a command or a call to where it can be
//! done. A vault whose key is at hand is worked on here; one that only the daemon can
//! open, there; and calls go through the daemon unless it is switched off.

use super::another;
use super::answered::{Opened, Reply};
use super::beside::{beside, with_daemon};
use super::command::{Command, InitRequest, RekeyRequest, UnlockWith};
use super::error::{ErrorKind, ServiceError};
use super::local::{KeySources, LOCKED, Local};
use super::meet;
use super::metrics;
use super::operator::{NO_SESSION, OperatorGrant, OperatorView};
use super::outcome::{Outcome, RekeyedView, StatusView};
use super::remote::Remote;
use crate::broker::{CallerMessages, RequestBody, TimeLimit};
use crate::platform::{clock, process};
use crate::policy::{Call, Caller};
use crate::settings::{DaemonUse, Settings, SharedPlace};
use crate::spec::Ttl;
use crate::vault::SecretText;

/// Asks a person for the vault's passphrase; none where nobody is there to be asked.
pub type AskPassphrase = fn() -> Option<SecretText>;

/// The service as the command line has it.
pub struct Service {
    daemon: DaemonUse,
    local: Local,
    remote: Remote,
    /// Where calls go instead: to a daemon of another user.
    another: Option<(Remote, SharedPlace)>,
    caller: Caller,
    /// Whether the daemon that runs was looked at.
    met: tokio::sync::OnceCell<()>,
    /// Whom to tell what was done beside what was asked.
    tell: Box<dyn Fn(&str) + Send + Sync>,
    asks: Option<AskPassphrase>,
}

impl Service {
    #[must_use]
    pub fn new(settings: Settings) -> Self {
        let another = another::place(&settings);
        let Settings { places, daemon, env_key, credentials, .. } = settings;
        let env_key = env_key.map(|key| SecretText::new(key.to_string()));
        let sources = KeySources { env_key, credentials };
        let caller = Caller::process(process::effective_uid(), Some(process::own_pid()));
        Self {
            daemon,
            remote: Remote::new(places.clone(), daemon),
            another: another.map(|place| (Remote::of_another(places.clone(), place.clone()), place)),
            local: Local::new(places, sources),
            caller,
            met: tokio::sync::OnceCell::new(),
            tell: Box::new(|_| {}),
            asks: None,
        }
    }

    /// The same, which says what it does beside what it is asked for.
    #[must_use]
    pub fn telling(self, tell: impl Fn(&str) + Send + Sync + 'static) -> Self {
        Self { tell: Box::new(tell), ..self }
    }

    /// Makes sure, once, that the daemon that runs is of this version.
    async fn meet(&self) -> Result<(), ServiceError> {
        let can_open = || self.local.ready(&self.caller).is_ok();
        let met = || meet::meet(&self.remote, self.daemon, can_open, &*self.tell);
        self.met.get_or_try_init(met).await.copied()
    }

    /// The same, which asks a person for the passphrase where an operator's command takes it.
    #[must_use]
    pub fn asking(self, asks: AskPassphrase) -> Self {
        Self { asks: Some(asks), ..self }
    }

    /// Carries out one command.
    ///
    /// # Errors
    /// What went wrong, as a surface tells it.
    pub fn execute(&self, command: Command) -> Result<Outcome, ServiceError> {
        self.carry_out(command).map_err(|error| self.name_what_keeps_it_locked(error))
    }

    fn carry_out(&self, command: Command) -> Result<Outcome, ServiceError> {
        match (command, &self.another) {
            // A vault of one's own, whoever else serves here.
            (Command::Init(request), _) => self.init(request),
            (command, Some((remote, place))) => self.block_on(another::ask(remote, place, &command)),
            (command, None) => self.carry_out_here(command),
        }
    }

    fn carry_out_here(&self, command: Command) -> Result<Outcome, ServiceError> {
        match command {
            Command::Status => self.status(),
            Command::Unlock { with, session } => self.unlock(with, session),
            Command::Lock => self.lock(),
            Command::Rekey(request) => self.rekey(request),
            command @ (Command::ApprovalList
            | Command::ApprovalShow { .. }
            | Command::ApprovalAnswer { .. }
            | Command::Metrics) => self.ask_running(&command),
            command @ Command::Doctor { .. } => {
                let found = self.block_on(async { Ok(self.remote.look().await) })?;
                Ok(with_daemon(self.local.execute(&self.caller, command)?, &found))
            }
            Command::GatewayStatus => self.gateway(),
            Command::Restart => self.restart(),
            command @ Command::GatewayOpen { .. } => self.open_gateway(&command),
            command @ (Command::AuditRead { .. }
            | Command::AuditStats { .. }
            | Command::Repair { .. }
            | Command::Backup { .. }
            | Command::Restore { .. }) => self.local.execute(&self.caller, command),
            // A daemon that runs has the log open, and must go over to the new one.
            command @ Command::AuditRestart { .. } if self.has_daemon()? => self.ask(&command),
            command @ Command::AuditRestart { .. } => self.local.execute(&self.caller, command),
            command if self.needs_daemon() => self.ask_as_operator(command),
            command => self.local.execute(&self.caller, command),
        }
    }

    /// Makes a vault. Whoever typed its passphrase just now has an operator's session, where the terminal can be told
    /// again.
    fn init(&self, request: InitRequest) -> Result<Outcome, ServiceError> {
        let hands_over = request.key.asks() && self.daemon != DaemonUse::Disabled;
        let outcome = self.local.execute(&self.caller, Command::Init(request))?;
        let grant = OperatorGrant::here(Ttl::OPERATOR);
        if hands_over {
            self.block_on(self.hand_over(grant.as_ref(), async || false))?;
        }
        let found = self.block_on(async { Ok(self.remote.look().await) })?;
        Ok(match beside(outcome, &found) {
            Outcome::Initialised(view) if hands_over => {
                Outcome::Initialised(StatusView { operator: view.operator.map(|_| opened(grant)), ..view })
            }
            other => other,
        })
    }

    /// Carries out one call, within `limit` if there is one.
    ///
    /// # Errors
    /// What stopped it.
    pub async fn invoke(
        &self,
        call: Call,
        body: RequestBody,
        limit: Option<TimeLimit>,
    ) -> Result<Reply, ServiceError> {
        if let Some((another, _)) = &self.another {
            return another.invoke(&call, body, limit).await.map(Reply::from);
        }
        if self.daemon == DaemonUse::Disabled {
            let reply = self.local.invoke(&self.caller, call, body, limit).await.map(Reply::from);
            return reply.map_err(|error| self.name_what_keeps_it_locked(error));
        }
        self.meet().await?;
        self.bring_the_only_key().await?;
        let may_start = self.daemon == DaemonUse::Autostart;
        // What is not a stream can be sent once more, after the daemon got the key.
        let again = body.again();
        match (self.remote.invoke(&call, body, limit).await, again) {
            (Err(error), Some(body))
                if may_start
                    && error.kind == ErrorKind::VaultLocked
                    && self.local.ready(&self.caller).is_ok() =>
            {
                self.hand_over(None, async || {
                    self.remote.health().await.is_some_and(|health| health.unlocked)
                })
                .await?;
                self.remote.invoke(&call, body, limit).await.map(Reply::from)
            }
            (result, _) => result.map(Reply::from),
        }
    }

    /// Puts on record that an agent's tool was asked for what it cannot do.
    pub fn refuse_tool(&self, capability: Option<&str>) {
        self.local.refuse_tool(&self.caller, capability);
    }

    /// Asks for a WebSocket with one call, all of it within `limit` if there is one.
    ///
    /// # Errors
    /// What stopped it.
    pub async fn open_websocket(
        &self,
        call: Call,
        from: CallerMessages,
        limit: Option<TimeLimit>,
    ) -> Result<Opened, ServiceError> {
        if let Some((another, _)) = &self.another {
            return another.open_websocket(&call, from, limit).await.map(Opened::from);
        }
        if self.daemon == DaemonUse::Disabled {
            let opened = self.local.open_websocket(&self.caller, call, from, limit).await.map(Opened::from);
            return opened.map_err(|error| self.name_what_keeps_it_locked(error));
        }
        self.meet().await?;
        self.bring_the_only_key().await?;
        // Messages cannot be sent twice, so that a daemon without the key is seen to beforehand.
        let is_unlocked = async || self.remote.health().await.is_none_or(|health| health.unlocked);
        if self.daemon == DaemonUse::Autostart
            && !is_unlocked().await
            && self.local.ready(&self.caller).is_ok()
        {
            self.hand_over(None, is_unlocked).await?;
        }
        self.remote.open_websocket(&call, from, limit).await.map(Opened::from)
    }

    /// A key that only this process was given goes to the daemon, unless one runs.
    async fn bring_the_only_key(&self) -> Result<(), ServiceError> {
        let may_start = self.daemon == DaemonUse::Autostart;
        if may_start && self.local.has_the_only_key() && !self.remote.is_there().await {
            self.hand_over(None, async || self.remote.is_there().await).await?;
        }
        Ok(())
    }

    /// Without a daemon nobody keeps the key, so that unlocking alone would not help.
    fn name_what_keeps_it_locked(&self, error: ServiceError) -> ServiceError {
        if self.daemon == DaemonUse::Disabled && error.reason.as_deref() == Some(LOCKED) {
            return error
                .help("unset AIVAULTD_DISABLE, then run `aivault unlock`: only the daemon keeps the key");
        }
        error
    }

    /// Waits for what goes on in this process when its caller has gone; nothing of it may be cut off.
    pub async fn drain(&self) {
        self.local.drain().await;
    }

    /// Brings to the disk what this process logged.
    ///
    /// # Errors
    /// When the disk does not take it.
    pub fn settle(&self) -> Result<(), ServiceError> {
        self.local.settle()
    }

    /// Whether only the daemon can have the key.
    fn needs_daemon(&self) -> bool {
        let locked = |error: ServiceError| error.kind == ErrorKind::VaultLocked;
        self.daemon != DaemonUse::Disabled && self.local.ready(&self.caller).is_err_and(locked)
    }

    fn status(&self) -> Result<Outcome, ServiceError> {
        let found = self.block_on(async { Ok(self.remote.look().await) })?;
        let unlocked_there = found.health.as_ref().is_some_and(|health| health.unlocked);
        let outcome = if unlocked_there && self.needs_daemon() {
            self.ask(&Command::Status)?
        } else {
            self.local.execute(&self.caller, Command::Status)?
        };
        Ok(beside(outcome, &found))
    }

    fn unlock(&self, with: UnlockWith, session: Option<Ttl>) -> Result<Outcome, ServiceError> {
        if self.daemon == DaemonUse::Disabled {
            let message = "unlocking hands the key to the daemon, which AIVAULTD_DISABLE switches off";
            return Err(ServiceError::new(ErrorKind::Conflict, message).help("unset AIVAULTD_DISABLE"));
        }
        let grant = session.map(|ttl| self.grant(&with, ttl)).transpose()?;
        self.local.open_to_hand_over(&self.caller, with)?;
        // One that says that it is unlocked already may be anybody, so it is replaced all the same.
        self.block_on(self.hand_over(grant.as_ref(), async || false))?;
        Ok(Outcome::Unlocked { operator_until_ms: grant.and_then(|grant| opened(Some(grant)).until_ms) })
    }

    /// The operator's session that a passphrase is given for.
    fn grant(&self, with: &UnlockWith, ttl: Ttl) -> Result<OperatorGrant, ServiceError> {
        if matches!(with, UnlockWith::Provider) {
            let message = "only a vault with a passphrase has operators' sessions";
            return Err(ServiceError::new(ErrorKind::Conflict, message)
                .help("run `aivault unlock` without --for; operators' commands take no session here"));
        }
        OperatorGrant::here(ttl).ok_or_else(|| {
            let message = "a session is for one terminal, and this command was started in none that could be told again";
            ServiceError::new(ErrorKind::Conflict, message).help(
                "run it from a shell, and what is to have the session from the same; what `aivault run` starts, \
                 or has lost its parent, can have none",
            )
        })
    }

    /// Done here, since no key goes to whoever listens at a socket; a daemon that runs makes room for one that has the
    /// new key.
    fn rekey(&self, request: RekeyRequest) -> Result<Outcome, ServiceError> {
        let has_daemon = self.has_daemon()?;
        let outcome = self.local.execute(&self.caller, Command::Rekey(request))?;
        let Outcome::Rekeyed(view) = outcome else { return Ok(outcome) };
        // One that cannot be replaced finds out by itself that its key opens nothing any more.
        let daemon = has_daemon.then(|| {
            self.daemon != DaemonUse::Disabled && self.block_on(self.hand_over(None, async || false)).is_ok()
        });
        Ok(Outcome::Rekeyed(RekeyedView { daemon, ..view }))
    }

    fn lock(&self) -> Result<Outcome, ServiceError> {
        if self.has_daemon()? {
            self.ask(&Command::Lock)
        } else {
            self.local.execute(&self.caller, Command::Lock)
        }
    }

    fn has_daemon(&self) -> Result<bool, ServiceError> {
        self.block_on(async {
            self.meet().await?;
            Ok(self.remote.health().await.is_some())
        })
    }

    async fn hand_over(
        &self,
        operator: Option<&OperatorGrant>,
        is_enough: impl AsyncFnOnce() -> bool,
    ) -> Result<(), ServiceError> {
        let key = self.local.key_to_hand_over(&self.caller)?;
        self.remote.hand_over(&key, operator, is_enough).await
    }

    /// What waits, waits in a daemon that runs; none is started to be asked.
    fn ask_running(&self, command: &Command) -> Result<Outcome, ServiceError> {
        if self.has_daemon()? {
            return self.ask(command);
        }
        match command {
            Command::ApprovalList => Ok(Outcome::Approvals { questions: Vec::new() }),
            // A scraper is to see that none runs, too.
            Command::Metrics => Ok(Outcome::Metrics { text: metrics::absent() }),
            _ => Err(ServiceError::new(ErrorKind::NotFound, "nothing waits: no daemon is running")
                .reason("approval.missing")),
        }
    }

    /// A key that only the daemon has cannot go to the next one.
    fn restart(&self) -> Result<Outcome, ServiceError> {
        if self.daemon == DaemonUse::Disabled {
            let message = "the daemon is restarted, which AIVAULTD_DISABLE switches off";
            return Err(ServiceError::new(ErrorKind::Conflict, message).help("unset AIVAULTD_DISABLE"));
        }
        self.block_on(async {
            let is_unlocked = match self.remote.difference().await {
                Some(other) => other.is_unlocked,
                None => self.remote.health().await.is_some_and(|health| health.unlocked),
            };
            match self.local.ready(&self.caller) {
                Ok(()) if self.local.has_the_only_key() => self.hand_over(None, async || false).await,
                Err(error) if error.kind == ErrorKind::VaultLocked && is_unlocked => {
                    let message = "the daemon alone has the vault's key, and another would be without it";
                    Err(ServiceError::new(ErrorKind::Conflict, message)
                        .help("run `aivault unlock`: it starts a new daemon with the key"))
                }
                _ => self.remote.restart(async || false).await,
            }
        })?;
        Ok(Outcome::Restarted)
    }

    /// Where the daemon listens, if one runs.
    fn gateway(&self) -> Result<Outcome, ServiceError> {
        let health = self.block_on(async { Ok(self.remote.health().await) })?;
        Ok(Outcome::Gateway { listeners: health.map(|health| health.listeners).unwrap_or_default() })
    }

    /// Only a daemon outlives this process, so that one is started.
    fn open_gateway(&self, command: &Command) -> Result<Outcome, ServiceError> {
        if self.daemon == DaemonUse::Disabled {
            let message = "the daemon has the gateway, which AIVAULTD_DISABLE switches off";
            return Err(ServiceError::new(ErrorKind::Conflict, message).help("unset AIVAULTD_DISABLE"));
        }
        self.block_on(async {
            self.meet().await?;
            self.bring_the_only_key().await?;
            self.remote.execute(command).await
        })
    }

    fn ask(&self, command: &Command) -> Result<Outcome, ServiceError> {
        self.block_on(async {
            self.meet().await?;
            self.remote.execute(command).await
        })
    }

    /// Has the daemon do it; where that takes a session and none is open, a person who types the passphrase does it
    /// here, with the key that it opens.
    fn ask_as_operator(&self, command: Command) -> Result<Outcome, ServiceError> {
        let refused = match self.ask(&command) {
            Err(error) if error.reason.as_deref() == Some(NO_SESSION) => error,
            done => return done,
        };
        let Some(passphrase) = self.asks.and_then(|asks| asks()) else { return Err(refused) };
        self.local.open_to_hand_over(&self.caller, UnlockWith::Passphrase(passphrase))?;
        self.local.execute(&self.caller, command)
    }

    fn block_on<T>(&self, work: impl Future<Output = Result<T, ServiceError>>) -> Result<T, ServiceError> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime =
            runtime.map_err(|error| ServiceError::new(ErrorKind::VaultUnavailable, error.to_string()))?;
        runtime.block_on(work)
    }
}

/// A session that was granted just now.
fn opened(grant: Option<OperatorGrant>) -> OperatorView {
    grant.map_or(OperatorView::NONE, |grant| grant.view_at(clock::now_ms()))
}
