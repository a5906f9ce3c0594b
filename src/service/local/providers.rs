//! The operator's own providers: added, looked at, removed. A file is compiled as the registry's
//! are, and can take nothing of theirs.

use super::Local;
use crate::audit::{Action, Event, Outcome as Logged};
use crate::platform::clock;
use crate::policy::{Caller, Catalog as _};
use crate::service::catalog::{FullCatalog, compile_own};
use crate::service::command::SourceFile;
use crate::service::error::{ErrorKind, ServiceError};
use crate::service::outcome::{Outcome, ProviderView};
use crate::service::way;
use crate::spec::{Provider, ProviderId, lint, suggest};
use crate::vault::StoredProvider;
use crate::vault::store::Kind;

impl Local {
    pub(super) fn add_provider(&self, caller: &Caller, file: SourceFile) -> Result<Outcome, ServiceError> {
        let provider = compiled(&file.name, &file.text)?;
        let session = self.session(caller)?;
        let catalog = session.catalog()?;
        refuse_beside(&catalog, &provider)?;
        let replaced = catalog.provider(provider.id.as_str()).is_some();
        let stored = StoredProvider { id: provider.id.clone(), text: file.text, added_ms: clock::now_ms() };
        let event = event(caller, Action::ProviderAdd, &provider.id);
        session.recorded(event, |vault| vault.add_provider(&stored))?;
        let catalog = session.catalog()?;
        let secrets = session.desk.vault().secrets()?;
        let left_behind = |meta: &&crate::vault::SecretMeta| {
            meta.pin.as_ref() == Some(&provider.id)
                && !catalog.hosts_to_keep(&provider, &meta.name).iter().all(|host| meta.hosts.contains(host))
        };
        let unbound = secrets.iter().filter(left_behind).map(|meta| meta.name.clone()).collect();
        Ok(Outcome::ProviderAdded { provider: view(&provider, true), replaced, unbound })
    }

    pub(super) fn list_providers(&self, caller: &Caller) -> Result<Outcome, ServiceError> {
        let session = self.session(caller)?;
        let catalog = session.catalog()?;
        let providers = catalog.providers().map(|provider| view(provider, catalog.is_own(&provider.id)));
        let mut vault = session.desk.vault();
        let unusable = |stored: &StoredProvider| {
            catalog.provider(stored.id.as_str()).is_none() || !catalog.is_own(&stored.id)
        };
        let stored = vault.providers()?;
        let mut broken: Vec<String> =
            stored.iter().filter(|one| unusable(one)).map(|one| one.id.to_string()).collect();
        broken.extend(vault.damaged_of(Kind::Provider).map(ToString::to_string));
        Ok(Outcome::Providers { providers: providers.collect(), broken })
    }

    pub(super) fn show_provider(&self, caller: &Caller, id: &ProviderId) -> Result<Outcome, ServiceError> {
        let session = self.session(caller)?;
        let catalog = session.catalog()?;
        let provider = catalog.provider(id.as_str()).ok_or_else(|| unknown(&catalog, id))?;
        let own = catalog.is_own(id);
        let stored = if own { session.desk.vault().providers()? } else { Vec::new() };
        let text = stored.into_iter().find(|one| one.id == *id).map(|one| one.text);
        Ok(Outcome::Provider { provider: view(provider, own), text })
    }

    pub(super) fn remove_provider(&self, caller: &Caller, id: &ProviderId) -> Result<Outcome, ServiceError> {
        let session = self.session(caller)?;
        let event = event(caller, Action::ProviderRemove, id);
        session.recorded(event, |vault| vault.remove_provider(id))?;
        Ok(Outcome::ProviderRemoved { id: id.clone() })
    }
}

/// The provider of a file, or all that is wrong with it.
pub(super) fn compiled(name: &str, text: &str) -> Result<Provider, ServiceError> {
    compile_own(name, text).map_err(|mistakes| {
        let lines: Vec<String> = mistakes.iter().map(ToString::to_string).collect();
        malformed(lines.join("\n"))
    })
}

/// Whether there is room for a provider beside the registry and the operator's others.
pub(super) fn refuse_beside(catalog: &FullCatalog, provider: &Provider) -> Result<(), ServiceError> {
    let others = catalog.providers().filter(|other| other.id != provider.id);
    let taken: Vec<String> =
        lint::beside(provider, others).into_iter().map(|finding| finding.message).collect();
    if taken.is_empty() { Ok(()) } else { Err(malformed(taken.join("; "))) }
}

fn event(caller: &Caller, action: Action, id: &ProviderId) -> Event {
    Event {
        provider: Some(id.clone()),
        ..Event::new(clock::now_ms(), caller.to_string(), action, Logged::Ok)
    }
}

fn malformed(message: String) -> ServiceError {
    ServiceError::new(ErrorKind::InvalidRequest, message).reason("provider.malformed")
}

pub(super) fn unknown(catalog: &FullCatalog, id: &ProviderId) -> ServiceError {
    let error = ServiceError::new(ErrorKind::NotFound, format!("there is no provider `{id}`"));
    let near = suggest::nearest(id.as_str(), catalog.providers().map(|provider| provider.id.as_str()));
    error.reason("provider.missing").help(match near {
        Some(near) => format!("did you mean {near}?"),
        None => "see which there are: aivault provider list".to_owned(),
    })
}

fn view(provider: &Provider, own: bool) -> ProviderView {
    let mut hosts: Vec<String> = provider.capabilities.iter().map(|one| one.host.to_string()).collect();
    hosts.sort();
    hosts.dedup();
    ProviderView {
        id: provider.id.clone(),
        name: provider.name.to_string(),
        category: provider.category.to_string(),
        own,
        hosts,
        auth: provider.scheme().into_owned(),
        ways: way::views(provider, None),
        secrets: provider.secrets.iter().map(|claim| claim.name.clone()).collect(),
        capabilities: provider.capabilities.len(),
        docs: provider.docs.to_string(),
    }
}
