//! Reading and verifying the log. Reading needs no key, so that a locked vault's log
//! can be read too; where the key is at hand, what is read is verified.

use super::Local;
use crate::audit::{self, AuditError, AuditKey, ReadOptions};
use crate::policy::Caller;
use crate::service::error::ServiceError;
use crate::service::outcome::{AuditView, Outcome};

impl Local {
    pub(super) fn read_audit(
        &self,
        caller: &Caller,
        limit: usize,
        before_ts_ms: Option<u64>,
    ) -> Result<Outcome, ServiceError> {
        let recent = match audit::read(&self.places.audit, ReadOptions { limit, before_ts_ms }) {
            Err(AuditError::Absent { .. }) if !self.has_vault()? => Default::default(),
            result => result?,
        };
        let events = recent.entries.into_iter().map(|entry| AuditView { seq: entry.seq, event: entry.event });
        let damaged = recent.damaged.iter().map(|line| format!("{} at byte {}", line.file, line.offset));
        let (events, damaged): (Vec<_>, _) = (events.collect(), damaged.collect());
        let doubt = if events.is_empty() { None } else { self.doubt(caller) };
        Ok(Outcome::Audit { events, damaged, doubt })
    }

    /// Why the log is not to be believed as it stands, if so.
    fn doubt(&self, caller: &Caller) -> Option<String> {
        let Ok(session) = self.session(caller) else {
            return Some("the entries are not verified, since the vault is not open here".to_owned());
        };
        let key = AuditKey::new(*session.desk.vault().audit_key().as_bytes());
        audit::verify(&self.places.audit, key).err().map(|error| error.to_string())
    }

    pub(super) fn verify_audit(&self, caller: &Caller) -> Result<Outcome, ServiceError> {
        let key = AuditKey::new(*self.session(caller)?.desk.vault().audit_key().as_bytes());
        let report = audit::verify(&self.places.audit, key)?;
        Ok(Outcome::AuditVerified { events: report.events, files: report.files, last_mac: report.last_mac })
    }

    fn has_vault(&self) -> Result<bool, ServiceError> {
        Ok(matches!(crate::vault::presence(&self.vault_paths())?, crate::vault::Presence::Present(_)))
    }
}
