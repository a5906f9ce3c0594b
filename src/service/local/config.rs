//! How requests leave this machine (the egress proxy, and certificate authorities of the operator's own), and how
//! long the audit log is kept.
//!
//! What is set is checked before it is stored, since with a setting that cannot be used nothing is sent.

use thiserror::Error;

use super::Local;
use crate::audit::{Action, Event, Outcome as Logged};
use crate::broker::{ClientError, EgressError, EgressProxy, count_authorities};
use crate::platform::clock;
use crate::policy::Caller;
use crate::service::error::{ErrorKind, ServiceError};
use crate::service::outcome::{Outcome, SettingView};
use crate::spec::{Age, AgeError};
use crate::vault::{Setting, SettingName};

impl Local {
    pub(super) fn set_config(
        &self,
        caller: &Caller,
        name: SettingName,
        value: String,
    ) -> Result<Outcome, ServiceError> {
        let (value, summary) = checked(name, value).map_err(|error| refused(name, &error))?;
        let setting = Setting { name, value, set_ms: clock::now_ms() };
        let event = event(caller, Action::ConfigSet, format!("{name}: {summary}"));
        let session = self.session(caller)?;
        session.recorded(event, |vault| vault.set_setting(&setting))?;
        session.keep_log_as_set()?;
        Ok(Outcome::ConfigSet(view(&setting, summary)))
    }

    pub(super) fn list_config(&self, caller: &Caller) -> Result<Outcome, ServiceError> {
        let settings = self.session(caller)?.desk.vault().settings()?;
        let view = |setting: &Setting| view(setting, summary(setting));
        Ok(Outcome::Config { settings: settings.values().map(|setting| view(setting)).collect() })
    }

    pub(super) fn unset_config(&self, caller: &Caller, name: SettingName) -> Result<Outcome, ServiceError> {
        let event = event(caller, Action::ConfigUnset, name.to_string());
        let session = self.session(caller)?;
        if session.recorded(event, |vault| vault.unset_setting(name))? {
            session.keep_log_as_set()?;
            return Ok(Outcome::ConfigUnset { name });
        }
        Err(ServiceError::new(ErrorKind::NotFound, format!("{name} is not set")).reason("config.missing"))
    }
}

/// A setting as `status` tells it, when it is about how requests leave.
pub(super) fn in_a_line(setting: &Setting) -> Option<String> {
    let summary = summary(setting);
    match setting.name {
        SettingName::EgressProxy => Some(format!("through the proxy {summary}")),
        SettingName::ExtraCa => Some(format!("{summary} trusted beside the built-in authorities")),
        SettingName::AuditRetention => None,
    }
}

/// Why a value cannot be set.
#[derive(Debug, Error)]
enum SettingError {
    #[error(transparent)]
    Egress(#[from] EgressError),
    #[error(transparent)]
    Authority(#[from] ClientError),
    #[error(transparent)]
    Age(#[from] AgeError),
}

fn summary(setting: &Setting) -> String {
    let checked = checked(setting.name, setting.value.clone());
    checked.map_or_else(|error| error.to_string(), |(_, summary)| summary)
}

/// The value as it is stored, and in a line.
fn checked(name: SettingName, value: String) -> Result<(String, String), SettingError> {
    Ok(match name {
        SettingName::EgressProxy => {
            let proxy = EgressProxy::parse(value.trim())?.to_string();
            (proxy.clone(), proxy)
        }
        SettingName::ExtraCa => {
            let count = count_authorities(value.as_bytes())?;
            let s = if count == 1 { "" } else { "s" };
            (value, format!("{count} certificate{s}"))
        }
        SettingName::AuditRetention => {
            let age = Age::parse(value.trim())?.to_string();
            (age.clone(), age)
        }
    })
}

fn refused(name: SettingName, error: &SettingError) -> ServiceError {
    let help = match name {
        SettingName::EgressProxy => "give the proxy as http://HOST:PORT; TLS to the upstream goes through it",
        SettingName::ExtraCa => "give a PEM file with the certificates of your authorities, and no key",
        SettingName::AuditRetention => {
            "say how long entries are kept, such as 90d; they are kept for ever without"
        }
    };
    ServiceError::new(ErrorKind::InvalidRequest, format!("{name} cannot be set: {error}"))
        .reason("config.invalid")
        .help(help)
}

fn view(setting: &Setting, summary: String) -> SettingView {
    let Setting { name, value, set_ms } = setting.clone();
    SettingView { name, value, summary, set_ms }
}

fn event(caller: &Caller, action: Action, detail: String) -> Event {
    Event { detail: Some(detail), ..Event::new(clock::now_ms(), caller.to_string(), action, Logged::Ok) }
}
