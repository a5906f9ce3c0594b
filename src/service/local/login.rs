//! Logging in to a provider: from a person's consent to a refresh token in the vault, which nobody
//! but the vault gets to see.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::session::Session;
use super::{Local, secrets, views};
use crate::audit::{Action, Event, Outcome as Logged};
use crate::broker::auth::Secrets;
use crate::broker::guard::Reach;
use crate::broker::{Broker, Consent, Exchanged, Login, Proof, TokenError};
use crate::platform::{clock, entropy};
use crate::policy::{Caller, Catalog as _};
use crate::service::catalog::FullCatalog;
use crate::service::command::SecretSelector;
use crate::service::error::{ErrorKind, ServiceError};
use crate::service::login::{LoginRequest, LoginStep, LoginView};
use crate::service::outcome::Outcome;
use crate::spec::auth::OAuth;
use crate::spec::{Auth, AuthWay, ClientCertificate, Endpoint, Provider, ProviderId, Scope, SecretClaim};
use crate::vault::{CredentialMeta, Destination, SecretInput, SecretMeta, SecretRef, Vault, VaultError};

/// The provider that is logged in to, and what its file says of it.
struct Applicant<'a> {
    provider: &'a Provider,
    oauth: &'a OAuth,
    /// The way to authenticate that logs in, wherever it stands among the others.
    way: AuthWay<'a>,
    /// The claim that the refresh token fills.
    refresh: &'a SecretClaim,
    scope: &'a Scope,
    own: bool,
}

impl Local {
    pub(super) fn log_in(&self, caller: &Caller, request: LoginRequest) -> Result<Outcome, ServiceError> {
        let LoginRequest { provider, scope, step } = request;
        let session = self.session(caller)?;
        let catalog = session.catalog()?;
        let applicant = Applicant::of(&catalog, &provider, &scope)?;
        let view = match step {
            LoginStep::Consent { redirect, scopes, exchanged_here } => {
                applicant.consent(&session, &redirect, scopes.as_deref(), exchanged_here)?
            }
            LoginStep::Device { scopes } => applicant.device(caller, &session, scopes.as_deref())?,
            LoginStep::Code { code, verifier, redirect } => {
                let given = named([("code", code), ("verifier", verifier)]);
                let proof = Proof::Code { given: &given, redirect: &redirect };
                self.exchange(caller, &session, &applicant, &proof)?
            }
            LoginStep::Poll { code } => {
                let given = named([("code", code)]);
                self.exchange(caller, &session, &applicant, &Proof::Device { given: &given })?
            }
        };
        Ok(Outcome::Login(view))
    }

    /// Exchanges a proof of consent, and stores what it is worth.
    fn exchange(
        &self,
        caller: &Caller,
        session: &Session,
        applicant: &Applicant<'_>,
        proof: &Proof<'_>,
    ) -> Result<LoginView, ServiceError> {
        let host = &applicant.oauth.token_endpoint;
        applicant.recorded(caller, session, host, |applicant| {
            let exchanged =
                applicant.wait(session, host, |_| true, async |login| login.exchange(proof).await);
            match exchanged? {
                Exchanged::Waiting { slower } => Ok(LoginView::Waiting { slower }),
                Exchanged::Token(token) => self.store(caller, session, applicant, token),
            }
        })
    }

    fn store(
        &self,
        caller: &Caller,
        session: &Session,
        applicant: &Applicant<'_>,
        token: SecretInput,
    ) -> Result<LoginView, ServiceError> {
        let (name, scope) = (&applicant.refresh.name, applicant.scope);
        let reference = SecretRef::Claimed { name: name.to_string(), scope: Some(scope.clone()) };
        let stored = session.desk.vault().secret(&reference);
        match stored {
            Ok(_) => {
                let selector = SecretSelector::Name { name: name.to_string(), scope: Some(scope.clone()) };
                self.rotate_secret(caller, &selector, token, &[])?;
            }
            Err(VaultError::SecretNotFound { .. }) => {
                let place = secrets::Place { scope: scope.clone(), provider: None, hosts: Vec::new() };
                self.create_secret(caller, name.clone(), token, place, Vec::new())?;
            }
            Err(error) => return Err(error.into()),
        }
        let mut vault = session.desk.vault();
        let secret = views::secret(&vault.secret(&reference)?);
        let mut accounts = vault.credentials()?;
        let uses = |one: &CredentialMeta| one.secrets.values().any(|id| id.to_string() == secret.id);
        accounts.retain(|one| one.scope == *scope && uses(one));
        Ok(LoginView::Done { secret, credential: accounts.first().map(|one| one.name.to_string()) })
    }
}

impl<'a> Applicant<'a> {
    fn of(catalog: &'a FullCatalog, id: &ProviderId, scope: &'a Scope) -> Result<Self, ServiceError> {
        let provider = catalog.provider(id.as_str());
        let provider = provider.ok_or_else(|| {
            ServiceError::new(ErrorKind::NotFound, format!("there is no provider `{id}`"))
                .help("see which there are: aivault provider list")
        })?;
        let nobody = || {
            let message = format!("nobody logs in to `{id}`: its auth is {}", provider.scheme());
            ServiceError::new(ErrorKind::InvalidRequest, message)
                .help("store its secrets with `aivault secrets create`")
        };
        let with_refresh_token = |way: AuthWay<'a>| {
            let Auth::OAuth2(oauth) = way.auth else { return None };
            let placeholder = oauth.refresh_token.as_ref()?.placeholders().next()?;
            let refresh = provider.secrets.iter().find(|claim| claim.placeholder == placeholder)?;
            Some((way, &**oauth, refresh))
        };
        let fitting: Vec<_> = provider.ways().filter_map(with_refresh_token).collect();
        // One that people consent to goes before one whose token comes from elsewhere.
        let consented = fitting.iter().find(|(_, oauth, _)| oauth.consented().is_some());
        let (way, oauth, refresh) = consented.or(fitting.first()).copied().ok_or_else(nobody)?;
        Ok(Self { provider, oauth, way, refresh, scope, own: catalog.is_own(&provider.id) })
    }

    fn consent(
        &self,
        session: &Session,
        redirect: &str,
        scopes: Option<&[String]>,
        exchanged_here: bool,
    ) -> Result<LoginView, ServiceError> {
        let endpoint = self.endpoint(self.oauth.authorize_endpoint.as_ref(), "a browser")?;
        let (state, verifier) = (random()?, exchanged_here.then(random).transpose()?);
        let consent = Consent { redirect, state: &state, verifier: verifier.as_deref(), scopes };
        let mut vault = session.desk.vault();
        let (secrets, given_ms) = self.secrets(&mut vault, endpoint, |claim| claim.identifier)?;
        let url =
            self.login(&mut vault, &secrets, given_ms)?.consent_url(endpoint, &consent).map_err(told)?;
        Ok(LoginView::Consent { url, state, verifier })
    }

    fn device(
        &self,
        caller: &Caller,
        session: &Session,
        scopes: Option<&[String]>,
    ) -> Result<LoginView, ServiceError> {
        let endpoint = self.endpoint(self.oauth.device_endpoint.as_ref(), "a device")?;
        self.recorded(caller, session, endpoint, |applicant| {
            // What this request says of the client is its name, beside the certificate that it may take.
            let shown = applicant.way.client_certificate;
            let shown: Vec<&str> = shown.into_iter().flat_map(ClientCertificate::placeholders).collect();
            let named =
                |claim: &SecretClaim| claim.identifier || shown.iter().any(|name| claim.placeholder == *name);
            let code = applicant
                .wait(session, endpoint, named, async |login| login.device(endpoint, scopes).await)?;
            Ok(LoginView::Device {
                user_code: code.user_code,
                url: code.verification_uri,
                url_with_code: code.verification_uri_complete,
                device_code: code.device_code.to_string(),
                interval_s: code.interval,
                expires_s: code.expires_in,
            })
        })
    }

    /// Does what goes out to `endpoint`, on record before and after.
    fn recorded(
        &self,
        caller: &Caller,
        session: &Session,
        endpoint: &Endpoint,
        act: impl FnOnce(&Self) -> Result<LoginView, ServiceError>,
    ) -> Result<LoginView, ServiceError> {
        let event = |outcome| self.event(caller, endpoint, outcome);
        session.desk.journal.append(&event(Logged::Requested))?;
        let done = act(self);
        let ended = match &done {
            Ok(LoginView::Waiting { .. }) => {
                Event { reason: Some("authorization_pending".to_owned()), ..event(Logged::Failed) }
            }
            Ok(_) => event(Logged::Ok),
            Err(error) => Event { reason: error.reason.clone(), ..event(Logged::Failed) },
        };
        session.desk.journal.append(&ended)?;
        done
    }

    fn endpoint(&self, there: Option<&'a Endpoint>, by: &str) -> Result<&'a Endpoint, ServiceError> {
        there.ok_or_else(|| {
            let message = format!("`{}` lets nobody log in by {by}", self.provider.id);
            ServiceError::new(ErrorKind::InvalidRequest, message)
                .help(format!("store its refresh token: aivault secrets create --name {}", self.refresh.name))
        })
    }

    /// What `work` makes of the login, waited for here.
    fn wait<T>(
        &self,
        session: &Session,
        endpoint: &Endpoint,
        wanted: impl Fn(&SecretClaim) -> bool,
        work: impl AsyncFnOnce(&Login<'_>) -> Result<T, TokenError>,
    ) -> Result<T, ServiceError> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime =
            runtime.map_err(|error| ServiceError::new(ErrorKind::VaultUnavailable, error.to_string()))?;
        let (secrets, given_ms) = self.secrets(&mut session.desk.vault(), endpoint, wanted)?;
        let login = self.login(&mut session.desk.vault(), &secrets, given_ms)?;
        runtime.block_on(work(&login)).map_err(told)
    }

    fn login<'s>(
        &self,
        vault: &mut Vault,
        secrets: &'s Secrets,
        given_ms: u64,
    ) -> Result<Login<'s>, ServiceError>
    where
        'a: 's,
    {
        let reach = Reach::of(self.provider, self.own);
        let certificate = self.way.client_certificate;
        Ok(Broker::login(vault, self.oauth, certificate, secrets, given_ms, reach)?)
    }

    /// What is stored of the client, to be sent to `endpoint`, by placeholder; and when the oldest of it
    /// was given.
    fn secrets(
        &self,
        vault: &mut Vault,
        endpoint: &Endpoint,
        wanted: impl Fn(&SecretClaim) -> bool,
    ) -> Result<(Secrets, u64), ServiceError> {
        let (mut secrets, mut given_ms) = (BTreeMap::new(), u64::MAX);
        let claims = self.way.claims(self.provider).into_iter();
        let claims = claims.filter(|claim| claim.name != self.refresh.name);
        for claim in claims.filter(|claim| wanted(claim)) {
            let to = Destination {
                provider: &self.provider.id,
                capability: None,
                host: &endpoint.host,
                own: self.own,
                identifier: claim.identifier,
            };
            let meta = self.stored(vault, claim)?;
            given_ms = given_ms.min(meta.given_ms());
            secrets.insert(claim.placeholder.to_string(), vault.reveal(&meta.id, to)?);
        }
        Ok((secrets, given_ms))
    }

    /// The narrowest secret in sight that fills `claim`.
    fn stored(&self, vault: &mut Vault, claim: &SecretClaim) -> Result<SecretMeta, ServiceError> {
        for scope in self.scope.in_sight() {
            let reference = SecretRef::Claimed { name: claim.name.to_string(), scope: Some(scope) };
            match vault.secret(&reference) {
                Ok(meta) => return Ok(meta),
                Err(VaultError::SecretNotFound { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
        let message = format!("logging in to `{}` takes {}", self.provider.id, claim.name);
        Err(ServiceError::new(ErrorKind::NotFound, message)
            .reason("secret.missing")
            .help(format!("store it first: aivault secrets create --name {}", claim.name)))
    }

    fn event(&self, caller: &Caller, endpoint: &Endpoint, outcome: Logged) -> Event {
        Event {
            provider: Some(self.provider.id.clone()),
            scope: Some(self.scope.clone()),
            secret: Some(self.refresh.name.clone()),
            host: Some(endpoint.host.to_string()),
            ..Event::new(clock::now_ms(), caller.to_string(), Action::OauthLogin, outcome)
        }
    }
}

fn named<const N: usize>(values: [(&str, SecretInput); N]) -> Secrets {
    values.into_iter().map(|(name, value)| (name.to_owned(), value.into_secret())).collect()
}

fn told(error: TokenError) -> ServiceError {
    crate::broker::BrokerError::from(error).into()
}

/// 43 characters of base64url, as RFC 7636 has a verifier.
fn random() -> Result<String, ServiceError> {
    let bytes = entropy::bytes::<32>().map_err(VaultError::from)?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}
