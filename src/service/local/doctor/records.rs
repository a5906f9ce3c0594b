//! The records, the note of the last change, the audit log and the clock, each against the others.

use crate::audit::{self, AuditError, AuditKey, Query, Report};
use crate::platform::clock;
use crate::service::doctor::{Check, DoctorView, State};
use crate::service::local::Local;
use crate::vault::Repair;

const REPAIR: &str = "restore the vault from a backup, or see what is left of it: aivault repair";
const ACCEPT: &str = "put the later vault.db back; if it is meant to be the older one, accept it as it is: \
                      aivault repair --accept";
/// Clocks of one machine differ by less.
const TOLERATED_MS: u64 = 5 * 60 * 1000;

pub(super) fn examine(looked: &Repair, view: &mut DoctorView) {
    if let Some(difference) = looked.difference() {
        let message = format!("the vault's records are not those last written: {difference}");
        view.wrong(Check::Records, message, REPAIR);
    }
    for record in looked.unreadable() {
        view.wrong(Check::Records, format!("{record} was tampered with or is damaged"), REPAIR);
    }
    if !view.has(Check::Records, State::Wrong) {
        let (count, epoch) = (looked.count(), looked.epoch());
        view.fine(Check::Records, format!("all {count} open, and are those of the last change, {epoch}"));
    }
    rollback(looked, view);
    orphans(looked, view);
}

fn rollback(looked: &Repair, view: &mut DoctorView) {
    let epoch = looked.epoch();
    match looked.noted() {
        None => {
            let message = "the note of the vault's last change, beside its key, was edited or is damaged";
            view.wrong(Check::Rollback, message, "accept the vault as it is: aivault repair --accept");
        }
        Some(noted) if epoch < noted => {
            let message =
                format!("the vault stands at change {epoch}, and change {noted} is noted beside its key");
            view.wrong(Check::Rollback, message, ACCEPT);
        }
        Some(_) if !looked.keeps_note() => view.note(
            Check::Rollback,
            "nothing can be written beside the key, so that only the audit log tells of a vault that was set back",
            "make the folder of the key writable for you",
        ),
        Some(0) => view.note(
            Check::Rollback,
            "no change is noted beside the key yet",
            "the next command that opens the vault notes one",
        ),
        Some(noted) => view.fine(Check::Rollback, format!("change {noted} is noted beside the key")),
    }
}

fn orphans(looked: &Repair, view: &mut DoctorView) {
    let orphans = looked.orphans();
    if orphans.is_empty() {
        return view.fine(Check::Orphans, "every record has what it stands on");
    }
    for orphan in orphans {
        let message =
            format!("{} ({}) stands on {}, which is gone", orphan.label, orphan.record, orphan.missing);
        view.wrong(Check::Orphans, message, "delete it, or store what it stands on again");
    }
}

fn what_holds(report: &Report) -> String {
    let entries = format!("{} entries, each as it was written", report.events);
    match report.retired {
        None => entries,
        Some(retired) => format!("{entries}; those up to {} were retired", retired.upto_seq),
    }
}

impl Local {
    pub(super) fn examine_log(&self, looked: &Repair, view: &mut DoctorView) {
        let key = || AuditKey::new(*looked.audit_key().as_bytes());
        match audit::verify(&self.places.audit, key(), None) {
            Ok(report) => view.fine(Check::AuditLog, what_holds(&report)),
            // One that was made and never used has none.
            Err(AuditError::Absent { .. }) if looked.epoch() <= 1 => {
                view.fine(Check::AuditLog, "there is none yet");
            }
            Err(error) => view.wrong(Check::AuditLog, error.to_string(), error.help()),
        }
        let (epoch, logged) = (looked.epoch(), audit::last_epoch(&self.places.audit, &key()).unwrap_or(0));
        if epoch < logged {
            let message =
                format!("the vault stands at change {epoch}, and the audit log knows of change {logged}");
            view.wrong(Check::Rollback, message, ACCEPT);
        }
    }

    pub(super) fn examine_clock(&self, looked: &Repair, view: &mut DoctorView) {
        let now = clock::now_ms();
        let stored =
            looked.secrets().iter().map(|secret| secret.rotated_ms.unwrap_or(secret.created_ms)).max();
        let recent = audit::read(&self.places.audit, &Query { limit: 1, ..Query::default() });
        let logged = recent.ok().and_then(|recent| recent.entries.first().map(|entry| entry.event.ts_ms));
        match stored.max(logged) {
            Some(latest) if latest > now + TOLERATED_MS => {
                let minutes = (latest - now) / 60_000;
                let message = format!("the clock stands {minutes} minutes before what was written last");
                view.wrong(Check::Clock, message, "set the clock: times of tokens and limits go by it");
            }
            _ => view.fine(Check::Clock, "not before anything that was written"),
        }
    }
}
