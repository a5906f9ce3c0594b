//! From a token that somebody presents to the caller whose it is.
//!
//! Whoever presents one may be anybody: nothing is opened, made or logged at length because of them,
//! and no error repeats what they presented.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use super::Local;
use super::session::Session;
use crate::audit::{Action, Event, Outcome as Logged};
use crate::platform::clock::{self, Stopwatch};
use crate::platform::process;
use crate::policy::{Caller, Reason, TokenBounds};
use crate::service::error::{ErrorKind, ServiceError};
use crate::vault::{self, CallerToken, CallerTokenId, Presence, PresentedToken, Recognised};

/// The reason code of a token that nobody has.
const UNKNOWN: &str = "token.unknown";
/// Who presents it, and who knocks at a listener without being heard, for the log.
const NOBODY: &str = "nobody";
/// How long the log is not told again of tokens that were refused.
const QUIET_MS: u64 = 1_000;
/// More callers than this are not remembered at once.
const MOST_KNOWN: usize = 4_096;

/// Callers by their tokens, made once for each record: matching patterns is compiled code.
#[derive(Default)]
pub(super) struct KnownCallers(Mutex<HashMap<CallerTokenId, (Arc<CallerToken>, Caller)>>);

impl KnownCallers {
    fn caller(&self, token: &Arc<CallerToken>) -> Caller {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((of, caller)) = known.get(&token.id)
            && Arc::ptr_eq(of, token)
        {
            return caller.clone();
        }
        if known.len() >= MOST_KNOWN {
            known.clear();
        }
        let caller = Caller::token(Arc::new(bounds(token)));
        known.insert(token.id, (Arc::clone(token), caller.clone()));
        caller
    }
}

fn bounds(token: &CallerToken) -> TokenBounds {
    TokenBounds::new(
        token.id.to_string(),
        token.label(),
        token.capabilities.clone(),
        token.credential.clone(),
        token.scope.clone(),
        token.expires_ms,
    )
}

/// How often the log is told of refused tokens, so that nobody floods it by guessing.
#[derive(Default)]
pub(super) struct Refusals(Mutex<Told>);

#[derive(Default)]
struct Told {
    last: Option<Stopwatch>,
    untold: u64,
}

impl Refusals {
    /// How many went untold since the last that was told, if this one is to be told.
    pub(super) fn due(&self) -> Option<u64> {
        let mut told = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if told.last.is_some_and(|last| last.elapsed_ms() < QUIET_MS) {
            told.untold = told.untold.saturating_add(1);
            return None;
        }
        told.last = Some(Stopwatch::start());
        Some(std::mem::take(&mut told.untold))
    }
}

impl Local {
    /// Whose token it is that somebody presents. A refusal is in the audit log, though not each of
    /// many that come within a second.
    ///
    /// # Errors
    /// `token_invalid` when it is nobody's, or has ended; `vault_locked` when that cannot be told.
    pub fn caller_of_token(&self, presented: &str) -> Result<Caller, ServiceError> {
        let Some(session) = self.session_of_tokens()? else { return Err(unknown()) };
        let recognised = match PresentedToken::parse(presented) {
            Some(presented) => session.desk.vault().recognise(&presented, clock::now_ms())?,
            None => Recognised::Unknown,
        };
        match recognised {
            Recognised::Valid(token) => Ok(session.callers.caller(&token)),
            Recognised::Ended(token) => {
                self.metrics.refused_caller();
                let name = format!("token:{}", token.label());
                refuse(&session, &self.ended, Action::TokenRefuse, &name, Reason::TokenExpired.as_str())?;
                let message = format!("the token `{}` is not valid any more", token.label());
                Err(ServiceError::new(ErrorKind::TokenInvalid, message)
                    .reason(Reason::TokenExpired.as_str())
                    .help("an operator makes another one: aivault token mint"))
            }
            Recognised::Unknown => {
                self.metrics.refused_caller();
                refuse(&session, &self.unknown, Action::TokenRefuse, NOBODY, UNKNOWN)?;
                Err(unknown())
            }
        }
    }

    /// Puts on record that a listener refused whoever it was before hearing who that is, though not each of many that
    /// come within a second. What cannot be recorded is refused all the same.
    pub fn refuse_at_the_door(&self, error: &ServiceError) {
        let reason = error.reason.as_deref().unwrap_or("request.malformed");
        if let Ok(Some(session)) = self.session_of_tokens() {
            let _ = refuse(&session, &self.at_the_door, Action::GatewayRefuse, NOBODY, reason);
        }
    }

    /// Whether a caller may go on with what it has begun: not once its token was revoked, or its time
    /// is over. A caller without a token may, and one of whom it cannot be told may not.
    pub fn still_holds(&self, caller: &Caller) -> bool {
        let Some(bounds) = caller.bounds() else { return true };
        let Ok(id) = CallerTokenId::parse(bounds.id()) else { return false };
        let Ok(Some(session)) = self.session_of_tokens() else { return false };
        session.desk.vault().caller_token_holds(id, clock::now_ms()).unwrap_or(false)
    }

    /// The open vault, or one that opens without asking anybody; none is made for a stranger.
    pub(super) fn session_of_tokens(&self) -> Result<Option<Arc<Session>>, ServiceError> {
        if !self.is_open() && vault::presence(&self.vault_paths())? == Presence::Absent {
            return Ok(None);
        }
        let own = Caller::process(process::effective_uid(), Some(process::own_pid()));
        self.session(&own).map(Some)
    }
}

fn unknown() -> ServiceError {
    ServiceError::new(ErrorKind::TokenInvalid, "this access token is not known here")
        .reason(UNKNOWN)
        .help("it may have been revoked; an operator makes another one: aivault token mint")
}

fn refuse(
    session: &Session,
    refusals: &Refusals,
    action: Action,
    caller: &str,
    reason: &str,
) -> Result<(), ServiceError> {
    let Some(untold) = refusals.due() else { return Ok(()) };
    let event = Event {
        reason: Some(reason.to_owned()),
        detail: (untold > 0).then(|| format!("{untold} more like this since the last such entry")),
        ..Event::new(clock::now_ms(), caller, action, Logged::Denied)
    };
    session.desk.journal.append(&event)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_many_refusals_one_a_second_is_told_with_the_number_of_the_others() {
        let refusals = Refusals::default();
        assert_eq!(refusals.due(), Some(0));
        assert_eq!((refusals.due(), refusals.due()), (None, None));
        clock::pause_ms(QUIET_MS);
        assert_eq!(refusals.due(), Some(2));
        assert_eq!(refusals.due(), None);
    }
}
