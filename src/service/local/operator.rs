//! The operator's session of this daemon: one terminal's, for a time, in memory alone.

use std::sync::{Mutex, MutexGuard, PoisonError};

use super::Local;
use super::session::Session;
use crate::audit::{Action, Event, Outcome as Logged};
use crate::platform::clock::{self, Stopwatch};
use crate::platform::lineage::ShellSession;
use crate::policy::Caller;
use crate::service::command::Command;
use crate::service::error::ServiceError;
use crate::service::operator::{self, NO_SESSION, OperatorGrant, OperatorView};
use crate::service::outcome::Outcome;
use crate::vault::KeyProvider;

/// The session that is open, if one is.
#[derive(Default)]
pub(super) struct Sessions(Mutex<Option<Open>>);

struct Open {
    grant: OperatorGrant,
    until_ms: u64,
    since: Stopwatch,
}

impl Open {
    /// By either clock: one may be set back, the other may stand still while the machine sleeps.
    fn is_over(&self) -> bool {
        clock::now_ms() >= self.until_ms
            || self.since.elapsed_ms() >= self.grant.ttl.as_ms()
            || !self.grant.shell.is_led()
    }
}

impl Sessions {
    fn slot(&self) -> MutexGuard<'_, Option<Open>> {
        // A panic elsewhere leaves it as it was.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn open(&self, grant: OperatorGrant) {
        let until_ms = clock::now_ms().saturating_add(grant.ttl.as_ms());
        *self.slot() = Some(Open { grant, until_ms, since: Stopwatch::start() });
    }

    pub(super) fn end(&self) {
        *self.slot() = None;
    }

    /// What is open now; one that is over is forgotten.
    fn view(&self) -> OperatorView {
        let mut slot = self.slot();
        if slot.as_ref().is_some_and(Open::is_over) {
            *slot = None;
        }
        slot.as_ref().map_or(OperatorView::NONE, |open| OperatorView {
            until_ms: Some(open.until_ms),
            leader: Some(open.grant.shell.leader()),
        })
    }

    fn covers(&self, shell: ShellSession) -> bool {
        self.view().until_ms.is_some() && self.slot().as_ref().is_some_and(|open| open.grant.shell == shell)
    }
}

impl Local {
    /// Opens an operator's session, which whoever had the key asked for; the one before it ends.
    ///
    /// # Errors
    /// When it cannot be logged.
    pub fn open_operator_session(&self, caller: &Caller, grant: OperatorGrant) -> Result<(), ServiceError> {
        let session = self.session(caller)?;
        let detail = Some(format!("for {} in the terminal of process {}", grant.ttl, grant.shell.leader()));
        let event = Event::new(clock::now_ms(), caller.to_string(), Action::OperatorOpen, Logged::Ok);
        session.desk.journal.append(&Event { detail, ..event })?;
        self.operators.open(grant);
        Ok(())
    }

    /// Carries out a command of another process, which takes part in the session `shell` where the
    /// kernel tells of one.
    ///
    /// # Errors
    /// What went wrong, as a surface tells it.
    pub fn execute_for(
        &self,
        caller: &Caller,
        shell: impl FnOnce() -> Option<ShellSession>,
        command: Command,
    ) -> Result<Outcome, ServiceError> {
        if let Some(deed) = operator::deed(&command)
            && let Some(session) = self.open_with_passphrase()
            && !shell().is_some_and(|shell| self.operators.covers(shell))
        {
            let event =
                Event::new(clock::now_ms(), caller.to_string(), Action::OperatorRefuse, Logged::Denied);
            let (reason, detail) = (Some(NO_SESSION.to_owned()), Some(deed.to_owned()));
            session.desk.journal.append(&Event { reason, detail, ..event })?;
            return Err(operator::no_session(deed));
        }
        self.execute(caller, command)
    }

    /// The vault, where it is open and a passphrase opened it. One that is locked says so itself.
    fn open_with_passphrase(&self) -> Option<std::sync::Arc<Session>> {
        let open = self.session.read().unwrap_or_else(PoisonError::into_inner).clone()?;
        let has_passphrase = matches!(open.desk.vault().header().provider, KeyProvider::Passphrase(_));
        has_passphrase.then_some(open)
    }

    /// How it stands with sessions, where the vault knows them.
    pub(super) fn operator_view(&self, provider: &KeyProvider) -> Option<OperatorView> {
        matches!(provider, KeyProvider::Passphrase(_)).then(|| self.operators.view())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::lineage;
    use crate::spec::Ttl;

    fn grant(text: &str) -> OperatorGrant {
        text.parse().unwrap()
    }

    #[test]
    fn a_session_is_for_its_terminal_and_ends() {
        lineage::lead();
        let own = ShellSession::own().expect("tests run in a session");
        let sessions = Sessions::default();
        assert!(!sessions.covers(own) && sessions.view() == OperatorView::NONE);
        sessions.open(grant(&format!("{own}:15m")));
        assert!(sessions.covers(own));
        assert_eq!(sessions.view().leader, Some(own.leader()));
        let other: ShellSession = format!("{}:1", own.leader()).parse().unwrap();
        assert!(!sessions.covers(other), "the same number at another time");
        sessions.end();
        assert!(!sessions.covers(own));
    }

    #[test]
    fn it_ends_by_itself_and_with_its_shell() {
        lineage::lead();
        let own = ShellSession::own().expect("tests run in a session");
        let sessions = Sessions::default();
        sessions.open(OperatorGrant { shell: own, ttl: Ttl::parse("1s").unwrap() });
        if let Some(open) = sessions.slot().as_mut() {
            open.until_ms = clock::now_ms();
        }
        assert!(!sessions.covers(own));
        assert!(sessions.slot().is_none(), "it is forgotten");
        let gone: ShellSession = "4194303:1".parse().unwrap();
        sessions.open(OperatorGrant { shell: gone, ttl: Ttl::OPERATOR });
        assert!(!sessions.covers(gone), "its shell is gone");
    }
}
