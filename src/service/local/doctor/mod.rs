//! A look at everything that the vault stands on, in this process, whatever the daemon has open.
//! Repairs what is safe where that is asked for: access of others, and leftovers of interrupted
//! writes. It must never delete a record, accept a vault as it is, or make one.

mod files;
mod keys;
mod records;

use super::Local;
use crate::service::doctor::{Check, DoctorView, State};
use crate::service::error::{ErrorKind, ServiceError};
use crate::service::outcome::Outcome;
use crate::vault::{self, Repair, SecretText};

impl Local {
    pub(super) fn doctor(&self, fix: bool, passphrase: Option<SecretText>) -> Outcome {
        let mut view = DoctorView { findings: Vec::new() };
        self.examine_files(fix, &mut view);
        match vault::find(&self.vault_paths()) {
            Ok(Some(found)) => {
                let (format, provider) = (found.header().format(), found.header().provider.name());
                // Closed before it is opened with its key.
                drop(found);
                view.fine(Check::Vault, format!("of format {format}, its key from `{provider}`"));
                self.examine_contents(passphrase, &mut view);
            }
            Ok(None) => view.note(Check::Vault, "there is none yet", "make one: aivault init"),
            Err(error) => view.wrong(Check::Vault, error.to_string(), error.help()),
        }
        Outcome::Doctor(view)
    }

    fn examine_contents(&self, passphrase: Option<SecretText>, view: &mut DoctorView) {
        match self.what_is_left(passphrase) {
            Ok(looked) => {
                view.fine(Check::Key, "it opens the vault");
                self.examine_opened(&looked, view);
            }
            Err(error) => no_key(error, view),
        }
    }

    fn examine_opened(&self, looked: &Repair, view: &mut DoctorView) {
        keys::examine(looked, view);
        records::examine(looked, view);
        self.examine_log(looked, view);
        self.examine_clock(looked, view);
    }
}

/// That a vault is locked is no fault of it; but then nothing of it was seen.
fn no_key(error: ServiceError, view: &mut DoctorView) {
    let help = error.help.unwrap_or_default();
    match error.kind {
        ErrorKind::VaultLocked if error.reason.as_deref() == Some(super::LOCKED) => {
            let message = "the vault is locked, so that its records and its log were not looked at";
            view.note(Check::Key, message, "give its passphrase: aivault doctor --passphrase -");
        }
        ErrorKind::VaultLocked => view.wrong(Check::Key, error.message, help),
        _ if view.has(Check::Permissions, State::Wrong) => view.wrong(Check::Key, error.message, help),
        _ => view.wrong(Check::Records, error.message, help),
    }
}
