//! The gateway of a daemon: its listeners, and what callers are told that they may use.

use std::sync::Arc;

use serde_json::value::RawValue;

use super::Local;
use super::capabilities::Offered;
use crate::audit::{Action, Event, Outcome as Logged};
use crate::platform::clock;
use crate::policy::Caller;
use crate::service::error::{ErrorKind, ServiceError};
use crate::service::gateway::{
    EnvelopeRequestView, EnvelopeView, FileView, Gateway, HandedListener, ListenerView, OfferView,
};
use crate::service::outcome::Outcome;
use crate::spec::{Capability, CredentialName, Payload, Scope, Text};

impl Local {
    /// Has commands open listeners by `gateway`; the first one that is offered stays.
    pub fn serve_gateway(&self, gateway: Arc<dyn Gateway>) {
        let _ = self.gateway.set(gateway);
    }

    /// Where callers find this on TCP.
    #[must_use]
    pub fn listeners(&self) -> Vec<ListenerView> {
        self.gateway.get().map(|gateway| gateway.listeners()).unwrap_or_default()
    }

    /// The same listeners, for the daemon that comes next.
    #[must_use]
    pub fn listeners_to_hand_on(&self) -> Vec<HandedListener> {
        self.gateway.get().map(|gateway| gateway.to_hand_on()).unwrap_or_default()
    }

    pub(super) fn open_gateway(
        &self,
        caller: &Caller,
        credential: Option<&CredentialName>,
    ) -> Result<Outcome, ServiceError> {
        let Some(gateway) = self.gateway.get() else {
            return Err(ServiceError::new(ErrorKind::Conflict, "only a daemon has a gateway"));
        };
        if let Some(credential) = credential
            && self.through(credential.as_str())?.is_none()
        {
            let message = format!("there is neither a credential nor a provider `{credential}`");
            return Err(ServiceError::new(ErrorKind::CredentialNotFound, message)
                .reason("credential.missing")
                .help("see what there is: aivault credential list"));
        }
        let before = gateway.listeners();
        let opened = gateway.open(credential)?;
        if !before.contains(&opened) {
            self.put_on_record(caller, &opened)?;
        }
        Ok(Outcome::GatewayOpened(opened))
    }

    /// A locked vault has no log to write to; no call goes through it either.
    fn put_on_record(&self, caller: &Caller, opened: &ListenerView) -> Result<(), ServiceError> {
        let session = match self.session(caller) {
            Err(error) if error.kind == ErrorKind::VaultLocked => return Ok(()),
            session => session?,
        };
        let event = Event {
            credential: opened.credential.as_ref().map(ToString::to_string),
            host: Some(opened.address.to_string()),
            ..Event::new(clock::now_ms(), caller.to_string(), Action::GatewayOpen, Logged::Ok)
        };
        session.desk.journal.append(&event)?;
        Ok(())
    }

    /// What `caller` may use now.
    ///
    /// # Errors
    /// When the vault is not open.
    pub fn offers(&self, caller: &Caller) -> Result<Vec<OfferView>, ServiceError> {
        let global = Scope::Global;
        let scope = caller.bounds().map_or(&global, |bounds| bounds.scope());
        let only = caller.bounds().and_then(|bounds| bounds.credential());
        let permits =
            |capability: &Capability| caller.bounds().is_none_or(|bounds| bounds.permits(&capability.id));
        let mut offers = Vec::new();
        self.offered(caller, scope, |offered| {
            let Offered { capability, mut credentials, row, allow } = offered;
            credentials.retain(|name| only.is_none_or(|only| only == name));
            if credentials.is_empty() || !permits(capability) {
                return;
            }
            offers.push(OfferView {
                capability: row.id,
                summary: row.summary.to_string(),
                risk: row.risk,
                allow,
                passthrough: format!("/v/{}", credentials[0]),
                credentials,
                example: example(capability),
                provider: row.provider,
            });
        })?;
        Ok(offers)
    }
}

fn example(capability: &Capability) -> EnvelopeView {
    let example = &capability.example;
    let owned = |pairs: &[(Text, Text)]| -> Vec<(String, String)> {
        pairs.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect()
    };
    let mut request = EnvelopeRequestView {
        method: example.method.to_string(),
        path: example.path.to_string(),
        headers: owned(&example.headers),
        body: None,
        multipart: Vec::new(),
        multipart_files: Vec::new(),
    };
    match &example.payload {
        Payload::None => {}
        Payload::Json(json) => request.body = RawValue::from_string(json.to_string()).ok(),
        Payload::Form(pairs) => {
            let form = form_urlencoded::Serializer::new(String::new())
                .extend_pairs(pairs.iter().map(|(name, value)| (name.as_str(), value.as_str())))
                .finish();
            let kind = ["content-type", "application/x-www-form-urlencoded"].map(str::to_owned);
            request.headers.push(kind.into());
            request.body = serde_json::value::to_raw_value(&form).ok();
        }
        Payload::Multipart { fields, files } => {
            request.multipart = owned(fields);
            let file = |(name, filename): &(Text, Text)| FileView {
                name: name.to_string(),
                filename: filename.to_string(),
                data: "base64 of the file".to_owned(),
            };
            request.multipart_files = files.iter().map(file).collect();
        }
        Payload::File(_) => request.body = serde_json::value::to_raw_value("the file's text").ok(),
    }
    EnvelopeView { capability: capability.id.clone(), request }
}
