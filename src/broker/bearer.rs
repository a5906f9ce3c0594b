//! Calls that bear an access token: sent with the one that is kept, and once more with a new one
//! where the upstream does not take it.

use std::sync::Arc;

use http::StatusCode;

use super::auth;
use super::error::BrokerError;
use super::invoke::{Desk, Way, destination};
use super::scrub::Needles;
use super::tokens::{self, AccessToken, Account, Tokens};
use super::upstream::{RequestBody, UpstreamClient, UpstreamResponse};
use crate::plan::Plan;
use crate::platform::clock;
use crate::policy::Caller;
use crate::spec::Host;
use crate::vault::CredentialMeta;

/// A token that was fetched so little ago is not why an upstream says no; and whoever makes it say no
/// again and again has no more tokens fetched than that.
const YOUNG_MS: u64 = 2_000;

/// One call of an account that tokens are fetched for.
pub(super) struct Bearer<'a> {
    pub(super) desk: &'a Desk,
    pub(super) tokens: &'a Tokens,
    pub(super) client: &'a Arc<UpstreamClient>,
    pub(super) caller: &'a Caller,
    pub(super) plan: &'a Plan<'a>,
    pub(super) credential: &'a CredentialMeta,
    pub(super) way: Way,
    /// Where tokens come from.
    pub(super) source: &'a Host,
}

impl Bearer<'_> {
    /// The answer, and what must not come back in it.
    pub(super) async fn send(&self, body: RequestBody) -> Result<(UpstreamResponse, Needles), BrokerError> {
        let again = body.again();
        let (token, is_old) = match self.kept()? {
            Some(token) => {
                let age_ms = clock::now_ms().saturating_sub(token.fetched_ms);
                (token, age_ms >= YOUNG_MS)
            }
            None => (self.fetch(None).await?, false),
        };
        let answered = self.sent(&token, body).await?;
        match again {
            Some(body) if is_old && answered.0.status == StatusCode::UNAUTHORIZED => {
                match self.fetch(Some(token.fetched_ms)).await {
                    Ok(token) => {
                        drop(answered);
                        self.sent(&token, body).await
                    }
                    // The upstream's own answer says more.
                    Err(_) => Ok(answered),
                }
            }
            _ => Ok(answered),
        }
    }

    fn kept(&self) -> Result<Option<AccessToken>, BrokerError> {
        let to = destination(self.plan);
        Ok(tokens::kept(&mut self.desk.vault(), self.plan, self.credential, to)?)
    }

    async fn fetch(&self, refused: Option<u64>) -> Result<AccessToken, BrokerError> {
        let provider = self.plan.provider();
        let account = Account {
            vault: Arc::clone(&self.desk.vault),
            journal: self.desk.journal.clone(),
            client: Arc::clone(self.client),
            locks: self.desk.locks.clone(),
            credential: self.credential.clone(),
            provider: provider.id.clone(),
            auth: self.plan.auth().clone(),
            claims: provider.secrets.clone(),
            host: self.source.clone(),
            own: self.plan.is_own(),
            reach: self.way.reach,
            identity: self.way.identity.clone(),
            caller: self.caller.to_string(),
        };
        Ok(self.tokens.fetch(account, refused).await?)
    }

    async fn sent(
        &self,
        token: &AccessToken,
        body: RequestBody,
    ) -> Result<(UpstreamResponse, Needles), BrokerError> {
        let signed = auth::bear(self.plan, &token.value)?;
        let (request, needles) = self.way.outgoing(signed, body);
        Ok((self.client.send(request).await?, needles))
    }
}
