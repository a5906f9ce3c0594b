//! What operators call a secret: its id, its name or an alias. No alias ever stands for a name
//! that a provider claims: whoever gives that name a new value would send it to another's host.

use std::sync::Arc;

use super::Local;
use super::session::Session;
use crate::policy::Caller;
use crate::service::catalog::FullCatalog;
use crate::service::command::SecretSelector;
use crate::service::error::{ErrorKind, ServiceError};
use crate::spec::{ProviderId, Scope, SecretName};
use crate::vault::{Alias, SecretId, SecretRef};

impl Local {
    /// The open vault, and the secret of it that is meant.
    pub(super) fn selected(
        &self,
        caller: &Caller,
        selector: &SecretSelector,
    ) -> Result<(Arc<Session>, SecretRef), ServiceError> {
        let session = self.session(caller)?;
        let reference = match selector {
            SecretSelector::Name { name, scope } => called(&*session.catalog()?, name, scope.clone()),
            SecretSelector::Id(id) => SecretId::parse(id).map(SecretRef::Id).map_err(|error| {
                ServiceError::new(ErrorKind::NotFound, error.to_string())
                    .help("see the ids with `aivault secrets list`")
            })?,
        };
        Ok((session, reference))
    }
}

/// The secret of that name or alias.
pub(super) fn called(catalog: &FullCatalog, label: &str, scope: Option<Scope>) -> SecretRef {
    match claimant(catalog, label) {
        Some(_) => SecretRef::Claimed { name: label.to_owned(), scope },
        None => SecretRef::Name { name_or_alias: label.to_owned(), scope },
    }
}

/// Aliases that no provider claims.
pub(super) fn unclaimed(catalog: &FullCatalog, aliases: &[String]) -> Result<Vec<Alias>, ServiceError> {
    let checked = aliases.iter().map(|alias| Alias::parse(alias, claimant(catalog, alias)));
    Ok(checked.collect::<Result<_, _>>()?)
}

/// The provider that claims the label. Case is folded: who types a claimed name in the wrong one
/// must not reach another secret either.
fn claimant<'a>(catalog: &'a FullCatalog, label: &str) -> Option<&'a ProviderId> {
    let name = SecretName::parse(&label.to_ascii_uppercase()).ok()?;
    catalog.claimant(&name).map(|provider| &provider.id)
}
