//! Reading and verifying the log, and letting go of its oldest files. Reading needs no key, so that a locked vault's
//! log can be read too; where the key is at hand, what is read is verified.

use super::Local;
use crate::audit::{self, AuditError, AuditKey, Checkpoint, CheckpointError, Place, Query};
use crate::platform::clock;
use crate::policy::Caller;
use crate::service::error::{ErrorKind, ServiceError};
use crate::service::outcome::{AuditView, Outcome, RetiredView, RetirementView, VerifiedView};
use crate::spec::Age;

impl Local {
    pub(super) fn read_audit(&self, caller: &Caller, query: &Query) -> Result<Outcome, ServiceError> {
        let recent = match audit::read(&self.places.audit, query) {
            Err(AuditError::Absent { .. }) if !self.has_vault()? => Default::default(),
            result => result?,
        };
        let events = recent.entries.into_iter().map(|entry| AuditView { seq: entry.seq, event: entry.event });
        let damaged = recent.damaged.iter().map(|line| format!("{} at byte {}", line.file, line.offset));
        let (events, damaged) = (events.collect(), damaged.collect());
        let doubt = self.doubt(caller, recent.from.as_ref());
        Ok(Outcome::Audit { events, damaged, doubt })
    }

    pub(super) fn audit_stats(&self, caller: &Caller, query: &Query) -> Result<Outcome, ServiceError> {
        let (stats, from) = match audit::stats(&self.places.audit, query) {
            Err(AuditError::Absent { .. }) if !self.has_vault()? => Default::default(),
            result => result?,
        };
        let doubt = self.doubt(caller, from.as_ref());
        Ok(Outcome::AuditStats { stats, doubt })
    }

    /// Why what was looked at, from `from` on, is not to be believed as it stands, if so.
    fn doubt(&self, caller: &Caller, from: Option<&Place>) -> Option<String> {
        let from = from?;
        match self.audit_key(caller) {
            Ok(key) => audit::check_from(&self.places.audit, key, from).err().map(|error| error.to_string()),
            Err(_) => Some("the entries are not verified, since the vault is not open here".to_owned()),
        }
    }

    pub(super) fn verify_audit(&self, caller: &Caller, since: Option<&str>) -> Result<Outcome, ServiceError> {
        let since = since.map(Checkpoint::parse).transpose().map_err(not_a_checkpoint)?;
        let report = audit::verify(&self.places.audit, self.audit_key(caller)?, since.as_ref())?;
        let retired = report.retired.map(|retired| RetiredView {
            upto_seq: retired.upto_seq,
            files: retired.files,
            at_ms: retired.at_ms,
        });
        Ok(Outcome::AuditVerified(VerifiedView {
            events: report.events,
            files: report.files,
            last_mac: report.last_mac,
            since: since.map(|since| since.seq()),
            retired,
            repairs: report.repairs,
        }))
    }

    pub(super) fn audit_checkpoint(&self, caller: &Caller) -> Result<Outcome, ServiceError> {
        // What the daemon writes meanwhile is not in it, whole as it is.
        let checkpoint = audit::checkpoint(&self.places.audit, self.audit_key(caller)?, clock::now_ms())?;
        Ok(Outcome::AuditCheckpoint { seq: checkpoint.seq(), checkpoint: checkpoint.to_string() })
    }

    pub(super) fn retire_audit(&self, caller: &Caller, older_than: Age) -> Result<Outcome, ServiceError> {
        let session = self.session(caller)?;
        let retired = session.desk.journal.retire(older_than.as_ms(), &caller.to_string())?;
        Ok(Outcome::AuditRetired(retired.map(|done| RetirementView {
            entries: done.entries,
            files: done.files,
            upto_seq: done.upto_seq,
        })))
    }

    fn audit_key(&self, caller: &Caller) -> Result<AuditKey, ServiceError> {
        Ok(AuditKey::new(*self.session(caller)?.desk.vault().audit_key().as_bytes()))
    }

    fn has_vault(&self) -> Result<bool, ServiceError> {
        Ok(matches!(crate::vault::presence(&self.vault_paths())?, crate::vault::Presence::Present(_)))
    }
}

fn not_a_checkpoint(error: CheckpointError) -> ServiceError {
    ServiceError::new(ErrorKind::InvalidRequest, error.to_string())
        .reason("audit.checkpoint")
        .help("give the line that `aivault audit checkpoint` printed, or the file that holds it")
}
