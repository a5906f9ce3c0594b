//! Reading and verifying the log. Reading needs no key, so that a locked vault's log
//! can be read too.

use super::Local;
use crate::audit::{self, AuditError, AuditKey, ReadOptions};
use crate::policy::Caller;
use crate::service::command::{AuditView, Outcome};
use crate::service::error::ServiceError;

impl Local {
    pub(super) fn read_audit(
        &self,
        limit: usize,
        before_ts_ms: Option<u64>,
    ) -> Result<Outcome, ServiceError> {
        let recent = match audit::read(&self.places.audit, ReadOptions { limit, before_ts_ms }) {
            Err(AuditError::Absent { .. }) if !self.has_vault()? => Default::default(),
            result => result?,
        };
        let events = recent.entries.into_iter().map(|entry| AuditView { seq: entry.seq, event: entry.event });
        let damaged = recent.damaged.iter().map(|line| format!("{} at byte {}", line.file, line.offset));
        Ok(Outcome::Audit { events: events.collect(), damaged: damaged.collect() })
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
