//! Logging in: what a person consented to becomes a refresh token, which is for the vault alone.

use std::sync::Arc;

use http::StatusCode;
use zeroize::Zeroizing;

use super::answer;
use super::ask::{Ask, Given};
use super::consent::{self, Consent, DeviceCode, Proof};
use super::error::TokenError;
use super::nonce;
use super::post::Sender;
use crate::broker::auth::{self, Secrets};
use crate::broker::guard::Reach;
use crate::broker::upstream::UpstreamClient;
use crate::platform::clock;
use crate::spec::auth::OAuth;
use crate::spec::{ClientCertificate, Endpoint, Host};
use crate::vault::SecretInput;

/// A client that people log in by.
pub struct Login<'a> {
    pub(in crate::broker) client: Arc<UpstreamClient>,
    pub oauth: &'a OAuth,
    /// All that its file names but the refresh token.
    pub secrets: &'a Secrets,
    pub certificate: Option<&'a ClientCertificate>,
    pub reach: Reach,
}

/// What became of a proof of consent.
pub enum Exchanged {
    /// The refresh token.
    Token(SecretInput),
    /// The person has not answered yet; `slower`: and is not to be waited for so impatiently.
    Waiting { slower: bool },
}

impl Login<'_> {
    /// The address where a person consents.
    ///
    /// # Errors
    /// When a stored value cannot stand in it.
    pub fn consent_url(&self, endpoint: &Endpoint, consent: &Consent<'_>) -> Result<String, TokenError> {
        consent::url(self.oauth, endpoint, self.secrets, consent)
    }

    /// Asks to be let in without a browser.
    ///
    /// # Errors
    /// When the server does not answer with a code.
    pub async fn device(
        &self,
        endpoint: &Endpoint,
        scopes: Option<&[String]>,
    ) -> Result<DeviceCode, TokenError> {
        let nonce = nonce()?;
        let ask = self.given(&nonce).device(self.oauth, endpoint, scopes)?;
        let (status, body) = self.post(&endpoint.host, ask).await?;
        consent::device_code(&endpoint.host, status, &body)
    }

    /// Exchanges a proof of consent.
    ///
    /// # Errors
    /// When there is no refresh token for it.
    pub async fn exchange(&self, proof: &Proof<'_>) -> Result<Exchanged, TokenError> {
        let nonce = nonce()?;
        let host = &self.oauth.token_endpoint.host;
        let ask = self.given(&nonce).exchange(self.oauth, proof)?;
        let (status, body) = self.post(host, ask).await?;
        match answer::read(host, status, &body) {
            Ok(granted) => granted.refresh.map(Exchanged::Token).ok_or_else(|| TokenError::Answer {
                host: host.clone(),
                what: "it has no refresh token; the consent has to be for access while nobody is there",
            }),
            Err(TokenError::Refused { code: Some(code), .. }) if code == "authorization_pending" => {
                Ok(Exchanged::Waiting { slower: false })
            }
            Err(TokenError::Refused { code: Some(code), .. }) if code == "slow_down" => {
                Ok(Exchanged::Waiting { slower: true })
            }
            Err(error) => Err(error),
        }
    }

    fn given<'g>(&'g self, nonce: &'g str) -> Given<'g> {
        Given { secrets: self.secrets, now_ms: clock::now_ms(), nonce }
    }

    async fn post(&self, host: &Host, ask: Ask) -> Result<(StatusCode, Zeroizing<Vec<u8>>), TokenError> {
        let identity = self.certificate.map(|one| auth::identity(one, self.secrets)).transpose()?;
        let sender = Sender { client: &self.client, reach: self.reach, account: String::new(), identity };
        sender.post(host, ask).await
    }
}
