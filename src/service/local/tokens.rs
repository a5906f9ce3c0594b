//! Operators mint, list and revoke the access tokens of callers.

use super::Local;
use super::session::Session;
use crate::audit::{Action, Event, Outcome as Logged};
use crate::platform::clock;
use crate::platform::mark::ProcessMark;
use crate::policy::{Caller, unknown_capability};
use crate::service::catalog::FullCatalog;
use crate::service::error::{ErrorKind, ServiceError};
use crate::service::outcome::Outcome;
use crate::service::token::{MintRequest, MintedView, RevokedView, TokenSelector, TokenView};
use crate::spec::policy::Glob;
use crate::spec::{Capability, CredentialName, Scope, Ttl, suggest};
use crate::vault::store::Kind;
use crate::vault::{CallerToken, NewCallerToken, Tokens};

/// More patterns than anybody writes; each is tried at each call.
const MOST_PATTERNS: usize = 64;

impl Local {
    pub(super) fn mint_token(&self, caller: &Caller, request: MintRequest) -> Result<Outcome, ServiceError> {
        let session = self.session(caller)?;
        let catalog = session.catalog()?;
        let capabilities = patterns(&catalog, &request.capabilities)?;
        if let Some(credential) = &request.credential {
            refuse_useless(&session, &catalog, &capabilities, credential, &request.scope)?;
        }
        let created_ms = clock::now_ms();
        let new = NewCallerToken {
            name: request.name,
            capabilities,
            credential: request.credential,
            scope: request.scope,
            created_ms,
            expires_ms: created_ms.saturating_add(request.ttl.as_ms()),
            lives_with: request.lives_with,
        };
        if new.lives_with.is_some_and(|process| !process.is_alive()) {
            return Err(invalid("the process that the token is to end with does not run"));
        }
        let event = Event {
            credential: new.credential.as_ref().map(ToString::to_string),
            scope: Some(new.scope.clone()),
            detail: Some(bounds(&new, request.ttl)),
            ..event(caller, Action::TokenMint)
        };
        let (token, text) = session.recorded(event, |vault| vault.mint_caller_token(&new))?;
        Ok(Outcome::TokenMinted(Box::new(MintedView { token: text, view: view(&token, created_ms) })))
    }

    pub(super) fn list_tokens(&self, caller: &Caller) -> Result<Outcome, ServiceError> {
        let session = self.session(caller)?;
        let mut vault = session.desk.vault();
        let now_ms = clock::now_ms();
        let tokens = vault.caller_tokens()?.iter().map(|token| view(token, now_ms)).collect();
        let damaged = vault.damaged_of(Kind::CallerToken).map(ToString::to_string).collect();
        Ok(Outcome::Tokens { tokens, damaged })
    }

    pub(super) fn revoke_tokens(
        &self,
        caller: &Caller,
        which: TokenSelector,
    ) -> Result<Outcome, ServiceError> {
        let session = self.session(caller)?;
        let which = match which {
            TokenSelector::All => Tokens::All,
            TokenSelector::Called(text) => Tokens::Called(text),
        };
        let detail = match &which {
            Tokens::All => "all".to_owned(),
            Tokens::Called(text) => text.clone(),
        };
        let event = Event { detail: Some(detail), ..event(caller, Action::TokenRevoke) };
        let revoked = session.recorded(event, |vault| vault.revoke_caller_tokens(&which))?;
        let revoked = revoked.into_iter().map(|one| RevokedView { id: one.id.to_string(), name: one.name });
        Ok(Outcome::TokensRevoked { tokens: revoked.collect() })
    }
}

/// The patterns of a token, each of which covers something that there is.
pub(super) fn patterns(catalog: &FullCatalog, texts: &[String]) -> Result<Vec<Glob>, ServiceError> {
    if texts.is_empty() || texts.len() > MOST_PATTERNS {
        return Err(invalid(format!("a token covers 1 to {MOST_PATTERNS} capabilities or patterns of them"))
            .help("name them with --capability"));
    }
    texts.iter().map(|text| pattern(catalog, text)).collect()
}

fn pattern(catalog: &FullCatalog, text: &str) -> Result<Glob, ServiceError> {
    let glob = Glob::parse(text).map_err(|error| invalid(error.to_string()))?;
    if catalog.capabilities().any(|(_, capability)| glob.matches(capability.id.as_str())) {
        return Ok(glob);
    }
    if glob.is_literal() && text.contains('/') {
        return Err(unknown_capability(catalog, text).into());
    }
    let error = ServiceError::new(
        ErrorKind::CapabilityNotFound,
        format!("`{}` covers no capability", text.escape_debug()),
    )
    .reason("capability.unknown");
    Err(match near_provider(catalog, text) {
        Some(near) => error.help(format!("did you mean {near}?")),
        None => error.help("see `aivault capability list`"),
    })
}

/// The same with the provider that was probably meant.
fn near_provider(catalog: &FullCatalog, text: &str) -> Option<String> {
    let (provider, rest) = text.split_once('/').unwrap_or((text, "*"));
    let ids = catalog.providers().map(|provider| provider.id.as_str());
    let near = suggest::nearest(provider, ids)?;
    // A known provider leaves the rest to be wrong.
    let rest = if near == provider { "*" } else { rest };
    Some(format!("{near}/{rest}"))
}

/// Refuses a credential that could serve no call of the token.
fn refuse_useless(
    session: &Session,
    catalog: &FullCatalog,
    capabilities: &[Glob],
    credential: &CredentialName,
    scope: &Scope,
) -> Result<(), ServiceError> {
    let sight = scope.in_sight();
    let stored = session.desk.vault().credentials()?;
    let named: Vec<_> =
        stored.iter().filter(|one| one.name == *credential && sight.contains(&one.scope)).collect();
    let missing = |message: String| {
        ServiceError::new(ErrorKind::CredentialNotFound, message)
            .reason("credential.missing")
            .help("see which there are: aivault credential list")
    };
    if named.is_empty() {
        return Err(missing(format!("there is no credential `{credential}` in sight of {scope}")));
    }
    let is_covered = |(_, capability): (_, &Capability)| {
        let id = &capability.id;
        named.iter().any(|one| one.provider.as_str() == id.provider())
            && capabilities.iter().any(|glob| glob.matches(id.as_str()))
    };
    if catalog.capabilities().any(is_covered) {
        return Ok(());
    }
    let provider = &named[0].provider;
    Err(missing(format!("the credential `{credential}` is of {provider}, of which the token covers nothing")))
}

/// The token's label, what it covers and for how long, in a line.
fn bounds(new: &NewCallerToken, ttl: Ttl) -> String {
    let name = new.name.as_ref().map_or_else(|| "unnamed".to_owned(), ToString::to_string);
    let patterns: Vec<&str> = new.capabilities.iter().map(Glob::as_str).collect();
    format!("{name} for {ttl}: {}", patterns.join(" "))
}

fn view(token: &CallerToken, now_ms: u64) -> TokenView {
    TokenView {
        id: token.id.to_string(),
        name: token.name.clone(),
        caller: format!("token:{}", token.label()),
        capabilities: token.capabilities.iter().map(|glob| glob.as_str().to_owned()).collect(),
        credential: token.credential.clone(),
        scope: token.scope.clone(),
        created_ms: token.created_ms,
        expires_ms: token.expires_ms,
        pid: token.lives_with.map(ProcessMark::pid),
        ended: token.has_ended(now_ms),
    }
}

fn event(caller: &Caller, action: Action) -> Event {
    Event::new(clock::now_ms(), caller.to_string(), action, Logged::Ok)
}

fn invalid(message: impl Into<String>) -> ServiceError {
    ServiceError::new(ErrorKind::InvalidRequest, message)
}
