//! Sessions of clients over HTTP: which token opened each, and what runs in it, so that a client can call that off.
//!
//! A session holds no more than that. Every request says by its token who is calling, and is served by itself; nothing
//! is kept of an answer, and a client that goes away takes with it what it asked for. There are so many sessions and
//! no more, and one that nobody uses ends.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio_util::sync::CancellationToken;

use crate::platform::clock::Stopwatch;
use crate::platform::entropy;
use crate::service::{Caller, ErrorKind, ServiceError};

/// How many there are at once.
const MOST: usize = 1024;
/// How many of them one token may have: behind that, the one that it used least lately goes.
const MOST_OF_ONE: usize = 64;
/// How long one is kept that nobody uses and nothing runs in: half an hour.
const IDLE_MS: u64 = 30 * 60 * 1000;
/// A longer id of a request is not remembered, so that its request cannot be called off but by hanging up.
const LONGEST_ID: usize = 256;

/// All of them.
#[derive(Default)]
pub(super) struct Sessions(Mutex<HashMap<String, Session>>);

struct Session {
    owner: Caller,
    used: Stopwatch,
    /// Requests by their ids in JSON, each with a number of its own: a client may use an id twice.
    running: HashMap<String, (u64, CancellationToken)>,
    begun: u64,
}

/// A request of a session, for as long as it runs.
pub(super) struct Running {
    sessions: Arc<Sessions>,
    session: String,
    request: String,
    number: u64,
    called_off: CancellationToken,
}

impl Sessions {
    /// Opens one for a caller, and gives its id. `holds` says whose token still does.
    pub(super) fn begin(
        &self,
        owner: &Caller,
        holds: impl Fn(&Caller) -> bool,
    ) -> Result<String, ServiceError> {
        let random = entropy::bytes::<16>()
            .map_err(|error| ServiceError::new(ErrorKind::VaultUnavailable, error.to_string()))?;
        let id = format!("{:032x}", u128::from_be_bytes(random));
        let mut all = self.lock();
        all.retain(|_, one| !one.is_idle() && holds(&one.owner));
        if all.values().filter(|one| same(&one.owner, owner)).count() >= MOST_OF_ONE {
            let own = all.iter().filter(|(_, one)| same(&one.owner, owner) && one.running.is_empty());
            let oldest = own.max_by_key(|(_, one)| one.used.elapsed_ms()).map(|(id, _)| id.clone());
            all.remove(&oldest.ok_or_else(too_many)?);
        }
        if all.len() >= MOST {
            return Err(too_many());
        }
        let (used, running) = (Stopwatch::start(), HashMap::new());
        all.insert(id.clone(), Session { owner: owner.clone(), used, running, begun: 0 });
        Ok(id)
    }

    /// Makes sure that the session is there and the caller's own. To anybody else there is none.
    pub(super) fn touch(&self, id: &str, caller: &Caller) -> Result<(), ServiceError> {
        self.lock().get_mut(id).and_then(|one| one.of(caller)).map(|_| ()).ok_or_else(unknown)
    }

    /// Ends one, and with it what runs in it.
    pub(super) fn end(&self, id: &str, caller: &Caller) -> Result<(), ServiceError> {
        let mut all = self.lock();
        all.get_mut(id).and_then(|one| one.of(caller)).ok_or_else(unknown)?;
        all.remove(id);
        Ok(())
    }

    /// Notes that a request runs in a session.
    pub(super) fn run(self: &Arc<Self>, session: &str, request: &str) -> Option<Running> {
        let mut all = self.lock();
        let one = all.get_mut(session).filter(|_| request.len() <= LONGEST_ID)?;
        one.begun += 1;
        let (number, called_off) = (one.begun, CancellationToken::new());
        one.running.insert(request.to_owned(), (number, called_off.clone()));
        let (sessions, session, request) = (Arc::clone(self), session.to_owned(), request.to_owned());
        Some(Running { sessions, session, request, number, called_off })
    }

    /// Calls a request off, if it runs.
    pub(super) fn call_off(&self, session: &str, request: &str) {
        let all = self.lock();
        if let Some((_, called_off)) = all.get(session).and_then(|one| one.running.get(request)) {
            called_off.cancel();
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Session>> {
        // A panic elsewhere leaves the map as it was.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Session {
    fn is_idle(&self) -> bool {
        self.running.is_empty() && self.used.elapsed_ms() > IDLE_MS
    }

    /// Itself, if it is `caller`'s; it is used then.
    fn of(&mut self, caller: &Caller) -> Option<&mut Self> {
        if !same(&self.owner, caller) {
            return None;
        }
        self.used = Stopwatch::start();
        Some(self)
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        self.running.values().for_each(|(_, called_off)| called_off.cancel());
    }
}

impl Running {
    /// Ends when the request is called off.
    pub(super) async fn is_called_off(&self) {
        self.called_off.cancelled().await;
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let mut all = self.sessions.lock();
        let Some(one) = all.get_mut(&self.session) else { return };
        one.used = Stopwatch::start();
        if one.running.get(&self.request).is_some_and(|(number, _)| *number == self.number) {
            one.running.remove(&self.request);
        }
    }
}

/// Whether two callers present the same token.
fn same(one: &Caller, other: &Caller) -> bool {
    let id = |caller: &Caller| caller.bounds().map(|bounds| bounds.id().to_owned());
    id(one).is_some() && id(one) == id(other)
}

fn unknown() -> ServiceError {
    ServiceError::new(ErrorKind::NotFound, "there is no such session")
        .reason("session.unknown")
        .help("begin another one: send `initialize` without a session id")
}

fn too_many() -> ServiceError {
    ServiceError::new(ErrorKind::RateLimited, "there are too many sessions at once")
        .reason("session.too_many")
        .help("end those that are not needed: DELETE, with the session's id")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::service::TokenBounds;
    use crate::spec::Scope;

    fn caller(id: &str) -> Caller {
        Caller::token(Arc::new(TokenBounds::new(id, id, Vec::new(), None, Scope::Global, u64::MAX)))
    }

    fn sessions() -> Arc<Sessions> {
        Arc::default()
    }

    fn begin(sessions: &Sessions, owner: &str) -> Result<String, ServiceError> {
        sessions.begin(&caller(owner), |_| true)
    }

    #[test]
    fn a_session_is_its_tokens_and_nobody_elses() {
        let all = sessions();
        let id = begin(&all, "a").unwrap();
        assert!(all.touch(&id, &caller("a")).is_ok());
        for stranger in [caller("b"), Caller::process(1, None)] {
            assert_eq!(all.touch(&id, &stranger).unwrap_err().kind, ErrorKind::NotFound);
            assert!(all.end(&id, &stranger).is_err());
        }
        assert!(all.touch("", &caller("a")).is_err());
        all.end(&id, &caller("a")).unwrap();
        assert!(all.touch(&id, &caller("a")).is_err());
    }

    #[tokio::test]
    async fn what_runs_is_called_off_by_its_id_and_with_its_session() {
        let all = sessions();
        let id = begin(&all, "a").unwrap();
        let (first, second) = (all.run(&id, "1").unwrap(), all.run(&id, "\"1\"").unwrap());
        all.call_off(&id, "1");
        first.is_called_off().await;
        assert!(!second.called_off.is_cancelled());
        all.end(&id, &caller("a")).unwrap();
        second.is_called_off().await;
        assert!(all.run(&id, "2").is_none() && all.run("none", "2").is_none());
    }

    #[test]
    fn what_has_ended_takes_no_other_with_it() {
        let all = sessions();
        let id = begin(&all, "a").unwrap();
        let (first, again) = (all.run(&id, "1").unwrap(), all.run(&id, "1").unwrap());
        drop(first);
        all.call_off(&id, "1");
        assert!(again.called_off.is_cancelled());
        assert!(all.run(&id, &"1".repeat(LONGEST_ID + 1)).is_none());
    }

    #[test]
    fn a_token_has_so_many_and_then_the_one_used_least_lately_goes() {
        let all = sessions();
        let ids: Vec<_> = (0..MOST_OF_ONE).map(|_| begin(&all, "a").unwrap()).collect();
        let running: Vec<_> = ids[1..].iter().map(|id| all.run(id, "1").unwrap()).collect();
        let newest = begin(&all, "a").unwrap();
        assert!(all.touch(&ids[0], &caller("a")).is_err() && all.touch(&ids[1], &caller("a")).is_ok());
        let last = all.run(&newest, "1").unwrap();
        assert_eq!(begin(&all, "a").unwrap_err().reason.as_deref(), Some("session.too_many"));
        drop((running, last));
        assert!(begin(&all, "a").is_ok() && begin(&all, "b").is_ok());
    }

    #[test]
    fn all_together_are_so_many_until_a_token_ends() {
        let all = sessions();
        for number in 0..MOST {
            begin(&all, &format!("token-{}", number / MOST_OF_ONE)).unwrap();
        }
        assert_eq!(begin(&all, "late").unwrap_err().kind, ErrorKind::RateLimited);
        let without_first = |one: &Caller| one.bounds().is_some_and(|bounds| bounds.id() != "token-0");
        assert!(all.begin(&caller("late"), without_first).is_ok());
    }
}
