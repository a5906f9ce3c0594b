//! Capabilities of the operator's own providers, added and taken away one by one: the provider's
//! file is changed where it says so, and must compile as before.

use super::{Local, providers};
use crate::audit::{Action, Event, Outcome as Logged};
use crate::platform::clock;
use crate::policy::Caller;
use crate::service::catalog::compile_own;
use crate::service::command::NewCapability;
use crate::service::edit::{self, EditError};
use crate::service::error::{ErrorKind, ServiceError};
use crate::service::outcome::Outcome;
use crate::spec::{Capability, CapabilityId, Provider, suggest};
use crate::vault::StoredProvider;

impl Local {
    pub(super) fn create_capability(
        &self,
        caller: &Caller,
        new: &NewCapability,
    ) -> Result<Outcome, ServiceError> {
        let stored = self.own_provider(caller, &new.id)?;
        let text = edit::with_capability(&stored.text, new)?;
        let text = self.change_provider(caller, stored, text, Action::CapabilityCreate, &new.id)?;
        Ok(Outcome::CapabilityCreated { id: new.id.clone(), text })
    }

    pub(super) fn delete_capability(
        &self,
        caller: &Caller,
        id: &CapabilityId,
    ) -> Result<Outcome, ServiceError> {
        let stored = self.own_provider(caller, id)?;
        let text = edit::without_capability(&stored.text, id)?;
        self.change_provider(caller, stored, text, Action::CapabilityDelete, id)?;
        Ok(Outcome::CapabilityDeleted { id: id.clone() })
    }

    /// The file of the operator's own provider that a capability is of.
    fn own_provider(&self, caller: &Caller, id: &CapabilityId) -> Result<StoredProvider, ServiceError> {
        let session = self.session(caller)?;
        let catalog = session.catalog()?;
        let provider = id.provider();
        let mut own = session.desk.vault().providers()?;
        if let Some(at) = own.iter().position(|one| one.id.as_str() == provider) {
            return Ok(own.swap_remove(at));
        }
        if catalog.providers().any(|built_in| built_in.id.as_str() == provider) {
            let message = format!("`{provider}` is built in, and what it grants is fixed");
            return Err(ServiceError::new(ErrorKind::InvalidRequest, message)
                .reason("provider.built_in")
                .help("narrow it by a policy, or turn a capability off: aivault capability disable"));
        }
        let near = suggest::nearest(provider, own.iter().map(|one| one.id.as_str()));
        Err(ServiceError::new(ErrorKind::NotFound, format!("there is no provider `{provider}`"))
            .reason("provider.missing")
            .help(near.map_or_else(
                || "add it first, with one capability at least: aivault provider add FILE".to_owned(),
                |near| format!("did you mean {near}?"),
            )))
    }

    fn change_provider(
        &self,
        caller: &Caller,
        stored: StoredProvider,
        text: String,
        action: Action,
        id: &CapabilityId,
    ) -> Result<String, ServiceError> {
        let name = format!("{}.yaml", stored.id);
        let provider = providers::compiled(&name, &text)?;
        if compile_own(&name, &stored.text).is_ok_and(|before| !differ_only_in(&before, &provider, id)) {
            return Err(EditError::Layout.into());
        }
        providers::refuse_beside(&*self.session(caller)?.catalog()?, &provider)?;
        let changed = StoredProvider { text: text.clone(), added_ms: clock::now_ms(), id: stored.id };
        let event = Event {
            provider: Some(changed.id.clone()),
            capability: Some(id.to_string()),
            ..Event::new(clock::now_ms(), caller.to_string(), action, Logged::Ok)
        };
        self.session(caller)?.recorded(event, |vault| vault.add_provider(&changed))?;
        Ok(text)
    }
}

/// Whether the change did what it was for and nothing else, whatever the file looks like.
fn differ_only_in(before: &Provider, after: &Provider, id: &CapabilityId) -> bool {
    let others = |provider: &Provider| -> Vec<Capability> {
        provider.capabilities.iter().filter(|one| one.id != *id).cloned().collect()
    };
    let bare = |provider: &Provider| Provider { capabilities: Vec::new().into(), ..provider.clone() };
    others(before) == others(after) && bare(before) == bare(after)
}

impl From<EditError> for ServiceError {
    fn from(error: EditError) -> Self {
        let kind = match error {
            EditError::Standing(_) => ErrorKind::Conflict,
            EditError::Missing(_) => ErrorKind::NotFound,
            EditError::Layout | EditError::Last(_) => ErrorKind::InvalidRequest,
        };
        Self::new(kind, error.to_string()).help(error.help())
    }
}
