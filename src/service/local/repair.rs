//! Going on after something was broken or lost: a new audit log, or a vault accepted as it is.
//!
//! Only ever at an operator's word, and always on record. A vault whose records are not
//! those last written cannot be opened, so that both work on what `vault::repair` sees.

use super::session::set_back;
use super::{Local, views};
use crate::audit::{self, Action, AuditKey, AuditLog, Event, Outcome as Logged};
use crate::platform::clock;
use crate::policy::Caller;
use crate::service::error::ServiceError;
use crate::service::outcome::{Outcome, RepairView};
use crate::vault::{self, KeyMaterial, Repair, SecretText, VaultError};

impl Local {
    pub(super) fn restart_audit(
        &self,
        caller: &Caller,
        passphrase: Option<SecretText>,
    ) -> Result<Outcome, ServiceError> {
        let looked = self.what_is_left(passphrase)?;
        let aside = audit::set_aside(&self.places.audit, &clock::now_ms().to_string())?;
        let name = aside.map(|path| path.display().to_string());
        let detail = match &name {
            Some(name) => format!("the log before was set aside as {name}"),
            None => "there was no log before".to_owned(),
        };
        let log = AuditLog::open(&self.places.audit, audit_key(&looked))?;
        log.append(&Event {
            epoch: Some(looked.epoch()),
            detail: Some(detail),
            ..event(caller, Action::AuditRestart)
        })?;
        log.sync()?;
        // What is open here still has the log that was set aside.
        self.renew(caller);
        Ok(Outcome::AuditRestarted { set_aside: name })
    }

    pub(super) fn repair(
        &self,
        caller: &Caller,
        accept: bool,
        passphrase: Option<SecretText>,
    ) -> Result<Outcome, ServiceError> {
        let looked = self.what_is_left(passphrase)?;
        let logged = audit::last_epoch(&self.places.audit, &audit_key(&looked)).unwrap_or(0);
        let view = describe(&looked, logged);
        let logged = logged.max(looked.noted().unwrap_or(0));
        if !accept || (view.problem.is_none() && view.damaged.is_empty()) {
            return Ok(Outcome::Repair(view));
        }
        self.accept(caller, looked, logged, &view)?;
        self.renew(caller);
        Ok(Outcome::Repair(RepairView { accepted: true, ..view }))
    }

    fn accept(
        &self,
        caller: &Caller,
        looked: Repair,
        logged: u64,
        view: &RepairView,
    ) -> Result<(), ServiceError> {
        let log = AuditLog::open_existing(&self.places.audit, audit_key(&looked))?;
        let what = view.problem.iter().chain(&view.damaged).cloned().collect::<Vec<_>>().join("; ");
        let event = Event { detail: Some(what), ..event(caller, Action::VaultRepair) };
        let request = log.append(&Event { outcome: Logged::Requested, ..event.clone() })?;
        let damaged = looked.damaged();
        let accepted = looked.accept(&damaged, logged);
        let event = Event { ts_ms: clock::now_ms(), decision: Some(request), ..event };
        let end = match &accepted {
            Ok(vault) => Event { epoch: Some(vault.epoch()), ..event },
            Err(error) => Event { outcome: Logged::Failed, detail: Some(error.to_string()), ..event },
        };
        // It is done or not by now, and the request is on record.
        let _ = log.append(&end);
        log.sync()?;
        accepted?;
        Ok(())
    }

    /// With the key of the vault that is open, the passphrase that was given, or what the vault's
    /// key provider gives without asking.
    pub(super) fn what_is_left(&self, passphrase: Option<SecretText>) -> Result<Repair, ServiceError> {
        let paths = self.vault_paths();
        let material = match (passphrase, self.open_kek()) {
            (Some(passphrase), _) => KeyMaterial::Passphrase(passphrase),
            (None, Some(kek)) => KeyMaterial::Kek(kek),
            (None, None) => {
                let found = vault::find(&paths)?;
                let found = found.ok_or_else(|| VaultError::Absent { folder: paths.folder.clone() })?;
                self.material_at_a_word(&found.header().provider, false)?
            }
        };
        Ok(vault::repair(&paths, &material)?)
    }
}

fn describe(looked: &Repair, logged: u64) -> RepairView {
    let set_back = (looked.epoch() < logged).then(|| set_back(looked.epoch(), logged).message);
    let differs = looked
        .difference()
        .map(|difference| format!("the vault's records are not those last written: {difference}"));
    let older = looked.noted().filter(|noted| looked.epoch() < *noted).map(|noted| {
        let (epoch, key) = (looked.epoch(), "what is noted beside its key");
        format!("vault.db is older than {key}: it stands at change {epoch}, and change {noted} is noted")
    });
    let edited = looked
        .noted()
        .is_none()
        .then(|| "the note of the vault's last change, beside its key, was edited or is damaged".to_owned());
    RepairView {
        problem: differs.or(set_back).or(older).or(edited),
        secrets: looked.secrets().iter().map(views::secret).collect(),
        credentials: looked.credentials().len(),
        damaged: looked.damaged().iter().map(ToString::to_string).collect(),
        accepted: false,
    }
}

fn audit_key(looked: &Repair) -> AuditKey {
    AuditKey::new(*looked.audit_key().as_bytes())
}

pub(super) fn event(caller: &Caller, action: Action) -> Event {
    Event::new(clock::now_ms(), caller.to_string(), action, Logged::Ok)
}
