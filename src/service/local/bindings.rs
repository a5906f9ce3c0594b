//! Which credential serves a capability for whom, where a call names none; and what is on or off.

use super::Local;
use crate::audit::{Action, Event, Outcome as Logged};
use crate::platform::clock;
use crate::policy::{Caller, Catalog as _, unknown_capability};
use crate::service::catalog::FullCatalog;
use crate::service::error::{ErrorKind, ServiceError};
use crate::service::outcome::{BindingView, Outcome};
use crate::spec::policy::Glob;
use crate::spec::{CredentialName, Scope};
use crate::vault::store::Kind;
use crate::vault::{Binding, Switch};

impl Local {
    pub(super) fn bind(
        &self,
        caller: &Caller,
        capabilities: &str,
        credential: &CredentialName,
        scope: Scope,
        consumer: Option<&str>,
    ) -> Result<Outcome, ServiceError> {
        let session = self.session(caller)?;
        let catalog = session.catalog()?;
        let provider = provider_of(&catalog, capabilities)?;
        let binding = binding(capabilities, credential, scope, consumer)?;
        let sight = binding.scope.in_sight();
        let credentials = session.desk.vault().credentials()?;
        let serves = credentials.iter().any(|one| {
            one.provider.as_str() == provider && one.name == *credential && sight.contains(&one.scope)
        });
        if !serves {
            let message =
                format!("`{provider}` has no credential `{credential}` in sight of {}", binding.scope);
            return Err(ServiceError::new(ErrorKind::CredentialNotFound, message)
                .reason("credential.missing")
                .help("see which there are: aivault credential list"));
        }
        let event = event(caller, Action::CapabilityBind, &binding);
        session.recorded(event, |vault| vault.bind(&binding))?;
        Ok(Outcome::CapabilityBoundTo(view(&binding)))
    }

    pub(super) fn unbind(
        &self,
        caller: &Caller,
        capabilities: &str,
        scope: Scope,
        consumer: Option<&str>,
    ) -> Result<Outcome, ServiceError> {
        let session = self.session(caller)?;
        // Its credential is no part of what a binding is told by.
        let binding = binding(capabilities, &CredentialName::from_static("any"), scope, consumer)?;
        let event = Event { credential: None, ..event(caller, Action::CapabilityUnbind, &binding) };
        session.recorded(event, |vault| vault.unbind(&binding))?;
        Ok(Outcome::CapabilityUnbound)
    }

    pub(super) fn list_bindings(&self, caller: &Caller) -> Result<Outcome, ServiceError> {
        let session = self.session(caller)?;
        let mut vault = session.desk.vault();
        let bindings = vault.bindings()?.iter().map(view).collect();
        let damaged = vault.damaged_of(Kind::Binding).map(ToString::to_string);
        Ok(Outcome::Bindings { bindings, damaged: damaged.collect() })
    }

    pub(super) fn switch_capability(
        &self,
        caller: &Caller,
        id: &str,
        on: bool,
    ) -> Result<Outcome, ServiceError> {
        let session = self.session(caller)?;
        let catalog = session.catalog()?;
        let Some(granted) = catalog.capability(id) else {
            return Err(unknown_capability(catalog.as_ref(), id).into());
        };
        let capability = granted.capability.id.clone();
        let switch = Switch { capability: capability.clone(), on, set_ms: clock::now_ms() };
        let action = if on { Action::CapabilityEnable } else { Action::CapabilityDisable };
        let event = Event {
            provider: Some(granted.provider.id.clone()),
            capability: Some(id.to_owned()),
            ..Event::new(clock::now_ms(), caller.to_string(), action, Logged::Ok)
        };
        session.recorded(event, |vault| vault.set_switch(&switch))?;
        Ok(Outcome::CapabilitySwitched { id: capability, on })
    }
}

/// The provider whose capabilities are bound; there is one, since credentials are of one.
fn provider_of<'t>(catalog: &FullCatalog, capabilities: &'t str) -> Result<&'t str, ServiceError> {
    let invalid = |message: String| ServiceError::new(ErrorKind::InvalidRequest, message);
    let Some((provider, name)) = capabilities.split_once('/') else {
        return Err(invalid(format!("`{capabilities}` is no capability"))
            .help("name one, such as openai/chat-completions, or all of a provider, such as openai/*"));
    };
    if catalog.provider(provider).is_none() {
        return Err(invalid(format!("there is no provider `{provider}`"))
            .help("see which there are: aivault provider list"));
    }
    let is_pattern = name.contains(['*', '?', '[', '{']);
    if !is_pattern && catalog.find(capabilities).is_none() {
        return Err(unknown_capability(catalog, capabilities).into());
    }
    Ok(provider)
}

fn binding(
    capabilities: &str,
    credential: &CredentialName,
    scope: Scope,
    consumer: Option<&str>,
) -> Result<Binding, ServiceError> {
    let glob = |text: &str| {
        Glob::parse(text).map_err(|error| ServiceError::new(ErrorKind::InvalidRequest, error.to_string()))
    };
    Ok(Binding {
        capabilities: glob(capabilities)?,
        credential: credential.clone(),
        scope,
        consumer: consumer.map(glob).transpose()?,
        created_ms: clock::now_ms(),
    })
}

fn view(binding: &Binding) -> BindingView {
    BindingView {
        capabilities: binding.capabilities.as_str().to_owned(),
        credential: binding.credential.clone(),
        scope: binding.scope.clone(),
        consumer: binding.consumer.as_ref().map(|consumer| consumer.as_str().to_owned()),
    }
}

fn event(caller: &Caller, action: Action, binding: &Binding) -> Event {
    Event {
        capability: Some(binding.capabilities.as_str().to_owned()),
        credential: Some(binding.credential.to_string()),
        scope: Some(binding.scope.clone()),
        detail: binding.consumer.as_ref().map(|consumer| format!("consumer {}", consumer.as_str())),
        ..Event::new(clock::now_ms(), caller.to_string(), action, Logged::Ok)
    }
}
