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
use crate::platform::clock;
use crate::policy::{
    Admitted, Allowed, Call, Caller, Catalog, Denial, Facts, Reason, RuleSet, authorise, confine, judge,
};
use crate::spec::policy::Instant;
use crate::spec::{Auth, Host, Provider, SecretClaim};
use crate::vault::{CredentialMeta, Sought, VaultError};

/// A call that may go out.
pub(super) struct Decided<'a> {
    pub(super) allowed: Allowed<'a>,
    pub(super) credential: CredentialMeta,
    pub(super) body: RequestBody,
    pub(super) reserved: Reserved,
}

/// Decides one call; a denial is on record when this returns it.
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
    refuse_ended(desk, caller)?;
    let now = Instant(clock::now_ms());
    let confined = confine(caller, call, now)?;
    let call = &*confined;
    let admitted = authorise(catalog, call)?;
    let name = caller.name();
    let Served { credential, bound, rules } = circumstances(desk, &admitted, call, &name)?;
    let facts = Facts { caller: &name, scope: &call.scope, credential: credential.name.as_str(), now };
    let applicable = rules.applicable(&admitted, &facts)?;
    let body = form::look(&admitted, body).await?;
    let body = signed_body::read(&admitted, body).await?;
    let (seen, body) = read_body(admitted.request(), body, applicable.wanted()).await?;
    let conditional = judge(admitted, &applicable, facts, &seen, bound.as_deref())?;
    let around = Circumstances { desk, caller, facts, credential: &credential, body: &seen };
    let (allowed, reserved) = discharge(conditional, around).await?;
    Ok(Decided { allowed, credential, body, reserved })
}

/// What a call is judged with beside the call itself.
struct Served {
    credential: CredentialMeta,
    /// The hosts that it is bound to, if to any.
    bound: Option<Vec<Host>>,
    rules: Arc<RuleSet>,
}

/// The credential that serves the call, the hosts that it is bound to, and the rules in force.
fn circumstances(
    desk: &Desk,
    admitted: &Admitted<'_>,
    call: &Call,
    caller: &str,
) -> Result<Served, BrokerError> {
    if !admitted.provider().auth.is_supported() {
        return Err(unsupported(admitted).into());
    }
    let mut vault = desk.vault();
    let mut vault = vault.moment()?;
    let sought = Sought {
        provider: &admitted.provider().id,
        capability: admitted.capability().id.as_str(),
        caller,
        named: call.credential.as_ref(),
        from: &call.scope,
    };
    let credential = match vault.resolve_credential(sought) {
        Ok(credential) => credential,
        Err(error) => return Err(credential_denial(admitted, error)),
    };
    let is_bound = admitted.capability().is_bound();
    let bound = if is_bound { vault.bound_hosts(&credential)? } else { None };
    // Before a body is read for a call that has nowhere to go.
    admitted.place(bound.as_deref())?;
    Ok(Served { credential, bound, rules: desk.rulebook.rules(&mut vault)? })
}

/// Before anything is decrypted or charged for a call that cannot be made.
fn unsupported(admitted: &Admitted<'_>) -> Denial {
    let (id, scheme) = (&admitted.capability().id, admitted.provider().scheme());
    Denial::new(
        Reason::AuthUnsupported,
        format!("`{id}` needs the auth scheme `{scheme}`, which is not there yet"),
    )
    .help("see what can be used now: aivault capability list --ready")
}

/// What makes an account of the provider.
fn how_to_store(provider: &Provider) -> String {
    let consented = match &provider.auth {
        Auth::OAuth2(oauth) => oauth.consented(),
        _ => None,
    };
    let given = |claim: &&SecretClaim| !claim.optional && Some(claim.placeholder.as_str()) != consented;
    let claims = provider.secrets.iter().filter(given);
    let names: Vec<&str> = claims.map(|claim| claim.name.as_str()).collect();
    let stored =
        format!("an operator stores it with `aivault secrets create --name {}`", names.join("` and `"));
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
