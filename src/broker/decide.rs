//! Steps 5 and 6: from a raw call to the permit for it, or a denial that is on record.
//!
//! What a caller's token covers comes first, then the ceiling, the credential, and the operator's
//! rules; the body is read here only where a rule looks into it, and then it is those bytes that are
//! sent. Nothing is decrypted in this step.

use std::sync::Arc;

use super::discharge::{Circumstances, discharge};
use super::error::BrokerError;
use super::form;
use super::gather::read_body;
use super::invoke::Desk;
use super::limits::Reserved;
use super::record;
use super::signed_body;
use super::standing::refuse_ended;
use super::upstream::RequestBody;
use crate::platform::clock::{self, Stopwatch};
use crate::policy::{
    Admitted, Allowed, Call, Caller, Catalog, Denial, Facts, Reason, RuleSet, authorise, confine, judge,
};
use crate::spec::policy::Instant;
use crate::spec::way::DEFAULT_WAY;
use crate::spec::{Auth, AuthWay, Host, Provider, SecretClaim, WayName};
use crate::vault::{CredentialMeta, Sought, VaultError};

/// A call that may go out.
pub(super) struct Decided<'a> {
    pub(super) allowed: Allowed<'a>,
    /// How the account authenticates.
    pub(super) way: AuthWay<'a>,
    /// With the secrets that this way takes, and no others.
    pub(super) credential: CredentialMeta,
    pub(super) body: RequestBody,
    pub(super) reserved: Reserved,
    /// Since the vault was looked at.
    pub(super) since: Stopwatch,
}

/// Decides one call by what is known of the vault, which whoever asks has just looked at; a denial is on record when
/// this returns it.
pub(super) async fn decide<'a>(
    desk: &Desk,
    catalog: &'a dyn Catalog,
    caller: &Caller,
    call: &Call,
    body: RequestBody,
) -> Result<Decided<'a>, BrokerError> {
    let decided = attempt(desk, catalog, caller, call, body).await;
    if let Err(BrokerError::Denied(denial)) = &decided {
        desk.journal.append(&record::denied(caller, call, denial))?;
    }
    decided
}

async fn attempt<'a>(
    desk: &Desk,
    catalog: &'a dyn Catalog,
    caller: &Caller,
    call: &Call,
    body: RequestBody,
) -> Result<Decided<'a>, BrokerError> {
    let since = Stopwatch::start();
    refuse_ended(desk, caller)?;
    let now = Instant(clock::now_ms());
    let confined = confine(caller, call, now)?;
    let call = &*confined;
    let admitted = authorise(catalog, call)?;
    let name = caller.name();
    let Served { credential, way, bound, rules } = circumstances(desk, &admitted, call, &name)?;
    let facts = Facts { caller: &name, scope: &call.scope, credential: credential.name.as_str(), now };
    let applicable = rules.applicable(&admitted, &facts)?;
    let body = form::look(&admitted, body).await?;
    let body = signed_body::read(way.auth, body).await?;
    let (seen, body) = read_body(admitted.request(), body, applicable.wanted()).await?;
    let conditional = judge(admitted, &applicable, facts, &seen, bound.as_deref())?;
    let around = Circumstances { desk, caller, facts, credential: &credential, body: &seen };
    let (allowed, reserved) = discharge(conditional, around).await?;
    Ok(Decided { allowed, way, credential, body, reserved, since })
}

/// What a call is judged with beside the call itself.
struct Served<'a> {
    credential: CredentialMeta,
    way: AuthWay<'a>,
    /// The hosts that it is bound to, if to any.
    bound: Option<Vec<Host>>,
    rules: Arc<RuleSet>,
}

/// The credential that serves the call, the hosts that it is bound to, and the rules in force.
fn circumstances<'a>(
    desk: &Desk,
    admitted: &Admitted<'a>,
    call: &Call,
    caller: &str,
) -> Result<Served<'a>, BrokerError> {
    let mut vault = desk.vault();
    let mut vault = vault.as_known();
    let sought = Sought {
        provider: &admitted.provider().id,
        capability: admitted.capability().id.as_str(),
        caller,
        named: call.credential.as_ref(),
        from: &call.scope,
        alternatives: &admitted.provider().alternatives,
    };
    let mut credential = match vault.resolve_credential(sought) {
        Ok(credential) => credential,
        Err(error) => return Err(credential_denial(admitted, error)),
    };
    let way = way_of(admitted, &mut credential)?;
    let is_bound = admitted.capability().is_bound();
    let bound = if is_bound { vault.bound_hosts(&credential)? } else { None };
    // Before a body is read for a call that has nowhere to go.
    admitted.place(bound.as_deref())?;
    Ok(Served { credential, way, bound, rules: desk.rulebook.rules(&mut vault)? })
}

/// How the account authenticates, decided before anything of it is decrypted. It keeps the secrets that
/// this way takes: no other is revealed, wherever one came from.
fn way_of<'a>(admitted: &Admitted<'a>, credential: &mut CredentialMeta) -> Result<AuthWay<'a>, Denial> {
    let provider = admitted.provider();
    let way = provider.way(credential.way.as_ref()).ok_or_else(|| way_is_gone(provider, credential))?;
    if !way.auth.is_supported() {
        return Err(unsupported(admitted, &way));
    }
    if !provider.alternatives.is_empty() {
        let taken = way.placeholders();
        credential.secrets.retain(|placeholder, _| taken.contains(&placeholder.as_str()));
    }
    Ok(way)
}

/// An account that was made when its provider's file offered another way.
fn way_is_gone(provider: &Provider, credential: &CredentialMeta) -> Denial {
    let label = credential.way.as_ref().map_or(DEFAULT_WAY, WayName::as_str);
    let message = format!(
        "the credential `{}` authenticates by `{label}`, which `{}` does not offer any more",
        credential.name, provider.id
    );
    Denial::new(Reason::AuthUnsupported, message).help(format!(
        "delete it, and make one of a way that there is: aivault provider show {}",
        provider.id
    ))
}

/// Before anything is decrypted or charged for a call that cannot be made.
fn unsupported(admitted: &Admitted<'_>, way: &AuthWay<'_>) -> Denial {
    let (id, scheme) = (&admitted.capability().id, way.scheme());
    Denial::new(
        Reason::AuthUnsupported,
        format!("`{id}` needs the auth scheme `{scheme}`, which is not there yet"),
    )
    .help("see what can be used now: aivault capability list --ready")
}

/// What makes an account of the provider.
fn how_to_store(provider: &Provider) -> String {
    let ways: Vec<String> = provider.ways().map(|way| how_to_store_by(provider, &way)).collect();
    format!("an operator stores it with {}", ways.join("; or with "))
}

fn how_to_store_by(provider: &Provider, way: &AuthWay<'_>) -> String {
    let consented = match way.auth {
        Auth::OAuth2(oauth) => oauth.consented(),
        _ => None,
    };
    let given = |claim: &&SecretClaim| Some(claim.placeholder.as_str()) != consented;
    let claims = way.needed(provider).into_iter().filter(given);
    let names: Vec<&str> = claims.map(|claim| claim.name.as_str()).collect();
    let stored = format!("`aivault secrets create --name {}`", names.join("` and `"));
    match consented {
        Some(_) => format!("{stored}, and then `aivault oauth login {}`", provider.id),
        None => stored,
    }
}

/// A credential that is missing or not the only one is a denial; a vault that cannot be read is not.
fn credential_denial(admitted: &Admitted<'_>, error: VaultError) -> BrokerError {
    let provider = admitted.provider();
    let denial = match error {
        error @ VaultError::CredentialNotFound { name: Some(_), .. } => {
            Denial::new(Reason::CredentialMissing, error.to_string()).help(error.help())
        }
        VaultError::CredentialNotFound { .. } => {
            let message =
                format!("there is no {} credential in sight for `{}`", provider.id, admitted.capability().id);
            Denial::new(Reason::CredentialMissing, message).help(how_to_store(provider))
        }
        error @ (VaultError::CredentialAmbiguous { .. } | VaultError::BindingsDisagree { .. }) => {
            Denial::new(Reason::CredentialAmbiguous, error.to_string()).help(error.help())
        }
        error => return BrokerError::Vault(error),
    };
    BrokerError::Denied(denial)
}
