//! Charging: every limit of a request in one transaction, or none.

use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use zeroize::Zeroizing;

use super::error::MeterError;
use super::file::{self, UsageFile};
use super::key::{CounterId, Keyed};
use super::ledger::{Draft, Lacking, Ledger, Taken, Wrong};
use crate::spec::RuleId;
use crate::spec::policy::{Cost, Limit, Per, Pointer};

/// The counters of one vault; several processes may have them open at once.
pub struct Meter {
    keyed: Keyed,
    state: Mutex<State>,
}

struct State {
    file: UsageFile,
    ledger: Ledger,
    /// `None`: what is stored must be looked at again, whatever the file's marker says.
    marker: Option<i64>,
}

/// A limit that a request meets.
pub struct Use<'a> {
    pub rule: &'a RuleId,
    pub limit: &'a Limit,
    /// The caller, credential or capability that the limit is counted by.
    pub by: &'a str,
    /// What the request uses up; `None` where only its answer tells.
    pub cost: Option<u64>,
}

/// How charging came out.
#[derive(Debug)]
pub enum Charged {
    /// Every limit had room; these wait for what the answer tells.
    Yes(Vec<Reservation>),
    /// These had none, and nothing was charged.
    Full(Vec<Full>),
}

/// What was taken for an answer that has not come yet; it stands unless it is settled.
#[derive(Debug)]
pub struct Reservation {
    id: CounterId,
    taken: Taken,
    /// Where the answer tells its cost.
    pub pointer: Pointer,
}

impl Reservation {
    #[must_use]
    pub fn amount(&self) -> u64 {
        self.taken.amount
    }
}

/// A limit without room for a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Full {
    pub rule: RuleId,
    pub used: u64,
    pub max: u64,
    pub per: Per,
    /// What the request would have used up.
    pub cost: u64,
    /// When the window is over; `None` where no window has room for as much.
    pub room_at_ms: Option<u64>,
}

impl Meter {
    /// Opens the counters in the vault's folder. Only where they `may_begin` are they made when
    /// they are not there.
    ///
    /// # Errors
    /// When the file is missing, open to other users, or not as it was last written.
    pub fn open(folder: &Path, key: Zeroizing<[u8; 32]>, may_begin: bool) -> Result<Self, MeterError> {
        let keyed = Keyed::new(key);
        let file = UsageFile::open(folder, &keyed, may_begin)?;
        let mut state = State { file, ledger: Ledger::default(), marker: None };
        state.change(&keyed, 0, |_| Err(()))?;
        Ok(Self { keyed, state: Mutex::new(state) })
    }

    /// Charges all of `uses`, or none.
    ///
    /// # Errors
    /// When that cannot be counted; then nothing may be sent.
    pub fn charge(&self, uses: &[Use<'_>], now_ms: u64) -> Result<Charged, MeterError> {
        self.state().change(&self.keyed, now_ms, |draft| {
            let (mut reservations, mut full) = (Vec::new(), Vec::new());
            for one in uses {
                let id = self.keyed.counter(one.rule, one.limit, one.by);
                match draft.take(id, one.limit, one.cost) {
                    Ok(taken) => reservations.extend(reservation(one, id, taken)),
                    Err(lacking) => full.push(Full::of(one, lacking)),
                }
            }
            if full.is_empty() { Ok(Charged::Yes(reservations)) } else { Err(Charged::Full(full)) }
        })
    }

    /// Puts what an answer told in the place of what was reserved for it.
    ///
    /// # Errors
    /// When that cannot be counted; the reservations then stand.
    pub fn settle(&self, told: &[(Reservation, u64)], now_ms: u64) -> Result<(), MeterError> {
        self.state().change(&self.keyed, now_ms, |draft| {
            for (reservation, cost) in told {
                draft.settle(reservation.id, reservation.taken, *cost);
            }
            Ok(())
        })
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.state().ledger.len()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // A panic elsewhere leaves the ledger as it was committed: it is moved on only afterwards.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Plans a change upon the newest state and commits it whole. A plan that is refused, in
    /// `Err`, changes nothing.
    fn change<T>(
        &mut self,
        keyed: &Keyed,
        now_ms: u64,
        plan: impl FnOnce(&mut Draft<'_>) -> Result<T, T>,
    ) -> Result<T, MeterError> {
        self.file.refuse_replaced()?;
        let Self { file: UsageFile { path, connection, .. }, ledger, marker: known } = self;
        // Dropped without a commit, a transaction is rolled back.
        let transaction = file::begin(connection)?;
        let marker = file::change_marker(&transaction)?;
        if *known != Some(marker) {
            let stored = file::read(&transaction)?;
            ledger.follow(keyed, stored).map_err(|wrong| explained(wrong, path))?;
            *known = Some(marker);
        }
        let mut draft = Draft::new(ledger, now_ms);
        let planned = match plan(&mut draft) {
            Ok(planned) => planned,
            Err(refused) => return Ok(refused),
        };
        let change = draft.finish(keyed);
        // A commit that fails may still have happened: what is stored is then looked at again.
        *known = None;
        file::write(&transaction, &change)?;
        transaction.commit()?;
        ledger.absorb(change);
        *known = Some(marker);
        Ok(planned)
    }
}

fn explained(wrong: Wrong, path: &Path) -> MeterError {
    let path = path.to_owned();
    match wrong {
        Wrong::NotVouchedFor => MeterError::Tampered { path },
        Wrong::SetBack { epoch, seen } => MeterError::SetBack { path, epoch, seen },
    }
}

fn reservation(one: &Use<'_>, id: CounterId, taken: Taken) -> Option<Reservation> {
    match (&one.limit.cost, one.cost) {
        (Cost::Response(pointer), None) => Some(Reservation { id, taken, pointer: pointer.clone() }),
        _ => None,
    }
}

impl Full {
    fn of(one: &Use<'_>, lacking: Lacking) -> Self {
        let Lacking { used, amount, ends_ms } = lacking;
        let Limit { max, per, .. } = *one.limit;
        let room_at_ms = (amount <= max).then_some(ends_ms);
        Self { rule: one.rule.clone(), used, max, per, cost: amount, room_at_ms }
    }
}
