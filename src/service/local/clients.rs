//! What of the catalogue and the vault a program's environment is made of.

use super::capabilities::Offered;
use super::{Local, tokens};
use crate::policy::{Caller, Catalog as _};
use crate::service::catalog::FullCatalog;
use crate::service::clients::{ClientView, ClientsRequest, ClientsView, ReadyView};
use crate::service::error::ServiceError;
use crate::service::outcome::Outcome;
use crate::spec::{CredentialName, Provider, ProviderId};

impl Local {
    pub(super) fn list_clients(
        &self,
        caller: &Caller,
        request: &ClientsRequest,
    ) -> Result<Outcome, ServiceError> {
        let session = self.session(caller)?;
        let catalog = session.catalog()?;
        let covered = tokens::patterns(&catalog, &request.capabilities)?;
        let stored = session.desk.vault().secrets()?;
        let mut ready: Vec<ReadyView> = Vec::new();
        self.offered(caller, &request.scope, |offered| {
            let Offered { capability, mut credentials, row, .. } = offered;
            credentials.retain(|name| request.credential.as_ref().is_none_or(|only| only == name));
            let is_covered = covered.iter().any(|glob| glob.matches(capability.id.as_str()));
            let is_known = ready.last().is_some_and(|last| last.provider == row.provider);
            if !credentials.is_empty() && is_covered && !is_known {
                let client = catalog.provider(row.provider.as_str()).and_then(client);
                ready.push(ReadyView {
                    account: account(&row.provider, &credentials),
                    client,
                    provider: row.provider,
                });
            }
        })?;
        let stored = stored.iter().map(|secret| secret.name.to_string());
        Ok(Outcome::Clients(ClientsView { ready, keys: keys(&catalog, stored) }))
    }
}

/// Of several accounts, which one serves a call is for the call to say.
fn account(provider: &ProviderId, credentials: &[CredentialName]) -> String {
    match credentials {
        [only] => only.to_string(),
        _ => provider.to_string(),
    }
}

fn client(provider: &Provider) -> Option<ClientView> {
    let sdk = provider.sdk.as_ref()?;
    Some(ClientView {
        base_url_env: sdk.base_url_env.as_ref().map(ToString::to_string),
        base_path: sdk.base_path.to_string(),
        keys: own_keys(provider).collect(),
        other_keys: sdk.key_envs.iter().map(ToString::to_string).collect(),
        token_prefix: sdk.token_prefix.to_string(),
    })
}

/// An account's name is no key.
fn own_keys(provider: &Provider) -> impl Iterator<Item = String> {
    provider.secrets.iter().filter(|claim| !claim.identifier).map(|claim| claim.name.to_string())
}

fn keys(catalog: &FullCatalog, stored: impl Iterator<Item = String>) -> Vec<String> {
    let is_account = |name: &String| {
        let mut claims = catalog.providers().flat_map(|provider| provider.secrets.iter());
        claims.any(|claim| claim.identifier && claim.name.as_str() == name)
    };
    let mut keys: Vec<String> = stored.filter(|name| !is_account(name)).collect();
    for provider in catalog.providers() {
        keys.extend(own_keys(provider));
        let others = provider.sdk.iter().flat_map(|sdk| sdk.key_envs.iter());
        keys.extend(others.map(ToString::to_string));
    }
    keys.sort();
    keys.dedup();
    keys
}
