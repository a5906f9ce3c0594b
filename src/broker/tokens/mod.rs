//! Access tokens: fetched with what is stored, kept sealed, and fetched again in time.
//!
//! One fetch at a time for an account, across all callers and processes: whoever waits finds the
//! token that was fetched meanwhile. A fetch goes on when its caller has gone, since the answer may
//! have replaced the secret that it was made with; that secret is durable before the token is used.

mod answer;
mod ask;
mod assertion;
mod consent;
mod error;
mod login;
mod post;

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::Mutex as AsyncMutex;
use tokio_util::task::TaskTracker;

use super::auth::Secrets;
use super::guard::Reach;
use super::identity::ClientIdentity;
use super::journal::Journal;
use super::reveal::{is_identifier, reveal};
use super::upstream::UpstreamClient;
use crate::audit::{Action, Event, Outcome};
use crate::plan::Plan;
use crate::platform::lock::FileLock;
use crate::platform::{clock, entropy};
use crate::spec::{Auth, Host, List, ProviderId, SecretClaim};
use crate::vault::{CredentialMeta, Destination, NewToken, Secret, TokenMeta, Vault, VaultError, Versions};
use answer::Granted;
use ask::{Ask, Given};
use post::{Sender, TOTAL};

pub use consent::{Consent, DeviceCode, Proof};
pub use error::TokenError;
pub use login::{Exchanged, Login};

/// A token is fetched anew this long before it ends, in milliseconds; one that is short-lived, at half
/// of its time.
const MARGIN_MS: u64 = 60_000;
/// How often it is looked whether another process is done.
const LOOK: Duration = Duration::from_millis(10);
/// How often secrets may change while tokens are fetched with them.
const MAX_ATTEMPTS: usize = 3;

/// An access token in use.
pub(super) struct AccessToken {
    pub(super) value: Secret,
    pub(super) fetched_ms: u64,
}

/// The accounts that tokens are being fetched for.
#[derive(Default)]
pub(super) struct Tokens {
    turns: Mutex<HashMap<String, Turn>>,
    /// What goes on when its caller has gone.
    running: TaskTracker,
}

/// One fetch at a time, and how the last one failed, if it did.
type Turn = Arc<AsyncMutex<Option<Failure>>>;

struct Failure {
    at_ms: u64,
    error: Arc<TokenError>,
}

/// Everything that fetching a token takes; its own, so that it goes on when its caller has gone.
pub(super) struct Account {
    pub(super) vault: Arc<Mutex<Vault>>,
    pub(super) journal: Journal,
    pub(super) client: Arc<UpstreamClient>,
    /// Where the files stand that processes lock.
    pub(super) locks: PathBuf,
    pub(super) credential: CredentialMeta,
    pub(super) provider: ProviderId,
    pub(super) auth: Auth,
    pub(super) claims: List<SecretClaim>,
    /// Where the token comes from.
    pub(super) host: Host,
    pub(super) own: bool,
    pub(super) reach: Reach,
    pub(super) identity: Option<Arc<ClientIdentity>>,
    pub(super) caller: String,
}

/// The host that tokens for `plan` come from; none where its requests bear none.
pub(super) fn source<'p>(plan: &'p Plan<'_>) -> Option<&'p Host> {
    ask::host(plan.auth())
}

/// The account's token for a call that goes `to` its destination, if one is kept that will do.
pub(super) fn kept(
    vault: &mut Vault,
    plan: &Plan<'_>,
    credential: &CredentialMeta,
    to: Destination<'_>,
) -> Result<Option<AccessToken>, VaultError> {
    let wanted = Wanted { asked_ms: clock::now_ms(), refused: None };
    looked_up(vault, credential, plan.secrets(), to, wanted)
}

fn looked_up(
    vault: &mut Vault,
    credential: &CredentialMeta,
    claims: &[SecretClaim],
    to: Destination<'_>,
    wanted: Wanted,
) -> Result<Option<AccessToken>, VaultError> {
    let kept = vault.token(credential, |name| is_identifier(claims, name), to)?;
    let kept = kept.filter(|(meta, _)| wanted.is_met_by(meta, clock::now_ms()));
    Ok(kept.map(|(meta, value)| AccessToken { value, fetched_ms: meta.fetched_ms }))
}

impl Tokens {
    /// A new token for an account, or one that somebody else fetched while this call waited; with
    /// `refused`, one that was fetched after that moment, since an upstream did not take an older one.
    pub(super) async fn fetch(
        &self,
        account: Account,
        refused: Option<u64>,
    ) -> Result<AccessToken, TokenError> {
        let wanted = Wanted { asked_ms: clock::now_ms(), refused };
        // Waited for by whoever calls, so that it waits no more once it has gone.
        let mut turn = self.turn(&account).lock_owned().await;
        if let Some(failure) = turn.as_ref().filter(|failure| failure.at_ms >= wanted.asked_ms) {
            return Err(TokenError::Shared(Arc::clone(&failure.error)));
        }
        let fetching = self.running.spawn(async move {
            let fetched = account.fetched(wanted).await;
            let (fetched, failure) = match fetched {
                Err(error) if error.is_the_endpoints() => {
                    let error = Arc::new(error);
                    let failure = Failure { at_ms: clock::now_ms(), error: Arc::clone(&error) };
                    (Err(TokenError::Shared(error)), Some(failure))
                }
                fetched => (fetched, None),
            };
            *turn = failure;
            fetched
        });
        // A panic in there is a defect, and still no reason for one here.
        fetching.await.map_err(|_| TokenError::BrokenOff)?
    }

    /// Waits until nothing is being fetched any more.
    pub(super) async fn settle(&self) {
        self.running.close();
        self.running.wait().await;
        self.running.reopen();
    }

    fn turn(&self, account: &Account) -> Turn {
        let mut turns = self.turns.lock().unwrap_or_else(PoisonError::into_inner);
        // Those that nobody waits for or has are let go.
        turns.retain(|_, turn| Arc::strong_count(turn) > 1);
        Arc::clone(turns.entry(account.turn_name()).or_default())
    }
}

/// Which of the kept tokens will do.
#[derive(Clone, Copy)]
struct Wanted {
    asked_ms: u64,
    refused: Option<u64>,
}

impl Wanted {
    /// Whether a token will do that is not near its end, or that was fetched while this call waited.
    /// One of the future tells that the clock was set back.
    fn is_met_by(self, meta: &TokenMeta, now_ms: u64) -> bool {
        let lifetime_ms = meta.expires_ms.saturating_sub(meta.fetched_ms);
        let lasts = meta.expires_ms > now_ms.saturating_add(MARGIN_MS.min(lifetime_ms / 2));
        let is_new = meta.fetched_ms >= self.asked_ms && meta.expires_ms > now_ms;
        let is_other = self.refused.is_none_or(|refused| meta.fetched_ms > refused);
        (lasts || is_new) && is_other && meta.fetched_ms <= now_ms
    }
}

impl Account {
    /// Whose turn it is: that of the secret which an answer may replace, which several accounts can
    /// share, or else that of the account.
    fn turn_name(&self) -> String {
        let shared = ask::replaceable(&self.auth).and_then(|name| self.credential.secrets.get(name));
        shared.map_or_else(|| self.credential.id.to_string(), ToString::to_string)
    }

    /// The token that is kept, if it will do.
    fn kept(&self, wanted: Wanted) -> Result<Option<AccessToken>, VaultError> {
        looked_up(&mut self.vault(), &self.credential, &self.claims, self.destination(), wanted)
    }

    /// A token that was fetched while this one waited, or one that is fetched now.
    async fn fetched(&self, wanted: Wanted) -> Result<AccessToken, TokenError> {
        let _lock = self.locked().await?;
        for _ in 0..MAX_ATTEMPTS {
            if let Some(token) = self.kept(wanted)? {
                return Ok(token);
            }
            if let Some(token) = self.fetch().await? {
                return Ok(token);
            }
        }
        Err(TokenError::Restless)
    }

    /// The turn among processes. Asked for again and again, not waited for: a process that was stopped
    /// while it had it must not stop others for ever.
    async fn locked(&self) -> Result<FileLock, TokenError> {
        let path = self.locks.join(format!("token-{}.lock", self.turn_name()));
        let taken = async {
            loop {
                if let Some(lock) = FileLock::try_acquire(&path)? {
                    return Ok(lock);
                }
                tokio::time::sleep(LOOK).await;
            }
        };
        tokio::time::timeout(TOTAL, taken).await.map_err(|_| TokenError::Busy)?
    }

    /// Fetches a token and keeps it; none when its secrets changed meanwhile.
    async fn fetch(&self) -> Result<Option<AccessToken>, TokenError> {
        let now_ms = clock::now_ms();
        let (made_of, ask) = self.composed(now_ms)?;
        self.journal.append(&self.event(Outcome::Requested))?;
        let outcome = match self.exchange(ask).await {
            Ok(granted) => self.keep(made_of, granted, now_ms),
            Err(error) => Err(error),
        };
        let ended = match &outcome {
            Ok(_) => self.event(Outcome::Ok),
            Err(error) => Event { reason: Some(error.reason().to_owned()), ..self.event(Outcome::Failed) },
        };
        self.journal.append(&ended)?;
        outcome
    }

    fn composed(&self, now_ms: u64) -> Result<(Versions, Ask), TokenError> {
        let (made_of, secrets) = self.secrets(&mut self.vault())?;
        let nonce = nonce()?;
        let given = Given { secrets: &secrets, now_ms, nonce: &nonce };
        Ok((made_of, ask::compose(&self.auth, &given)?))
    }

    fn secrets(&self, vault: &mut Vault) -> Result<(Versions, Secrets), VaultError> {
        let made_of = vault.versions(&self.credential)?;
        Ok((made_of, reveal(vault, &self.credential, &self.claims, self.destination(), |_| true)?))
    }

    async fn exchange(&self, ask: Ask) -> Result<Granted, TokenError> {
        let sender = Sender {
            client: &self.client,
            reach: self.reach,
            account: self.credential.id.to_string(),
            identity: self.identity.clone(),
        };
        let (status, body) = sender.post(&self.host, ask).await?;
        answer::read(&self.host, status, &body)
    }

    /// Keeps what was granted, and only then hands it out.
    fn keep(
        &self,
        made_of: Versions,
        granted: Granted,
        now_ms: u64,
    ) -> Result<Option<AccessToken>, TokenError> {
        let Granted { token, refresh, seconds } = granted;
        let replaceable = ask::replaceable(&self.auth).and_then(|name| self.credential.secrets.get(name));
        let new = NewToken {
            account: &self.credential,
            made_of,
            value: token.as_ref().ok(),
            replaced: replaceable.copied().zip(refresh.as_ref()),
            fetched_ms: now_ms,
            expires_ms: now_ms.saturating_add(seconds * 1000),
        };
        let kept = self.vault().keep_token(&new)?;
        let value = token?.into_secret();
        Ok(kept.then_some(AccessToken { value, fetched_ms: now_ms }))
    }

    fn event(&self, outcome: Outcome) -> Event {
        Event {
            provider: Some(self.provider.clone()),
            credential: Some(self.credential.name.to_string()),
            scope: Some(self.credential.scope.clone()),
            host: Some(self.host.to_string()),
            ..Event::new(clock::now_ms(), self.caller.clone(), Action::TokenFetch, outcome)
        }
    }

    fn destination(&self) -> Destination<'_> {
        let (provider, host) = (&self.provider, &self.host);
        Destination { provider, capability: None, host, own: self.own, identifier: false }
    }

    fn vault(&self) -> std::sync::MutexGuard<'_, Vault> {
        // A panic elsewhere leaves the vault as it was: its writes are transactions.
        self.vault.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn nonce() -> Result<String, TokenError> {
    let bytes = entropy::bytes::<16>().map_err(VaultError::from)?;
    Ok(format!("{:032x}", u128::from_be_bytes(bytes)))
}
