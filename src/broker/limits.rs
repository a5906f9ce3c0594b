//! Limits: what a request uses up is charged before it goes out, for every limit that it meets
//! or for none.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use zeroize::Zeroizing;

use super::discharge::Circumstances;
use super::error::BrokerError;
use crate::meter::{Charged, Full, Meter, MeterError, Reservation, Use};
use crate::platform::clock;
use crate::policy::{
    Charge, Conditional, Denial, Facts, FullLimit, NEVER_ROOM, counted_by_name, limit_exceeded,
};
use crate::spec::policy::By;
use crate::vault::Vault;

/// The counters of one vault; opened when the first limit is met.
pub struct Limits {
    folder: PathBuf,
    key: Zeroizing<[u8; 32]>,
    meter: Mutex<Option<Arc<Meter>>>,
}

/// What waits for the answer to tell its cost. Where it never does, what was reserved stands.
#[derive(Default)]
pub(super) struct Reserved {
    meter: Option<Arc<Meter>>,
    pub(super) reservations: Vec<Reservation>,
}

impl Limits {
    /// The counters in the vault's folder.
    #[must_use]
    pub fn new(folder: PathBuf, key: Zeroizing<[u8; 32]>) -> Self {
        Self { folder, key, meter: Mutex::default() }
    }

    /// The counters, which are made only for a vault that never had any: the vault remembers. It
    /// forgets with its last policy; what this process knew of an earlier file is then forgotten too.
    fn meter(&self, vault: &mut Vault) -> Result<Arc<Meter>, BrokerError> {
        let mut kept = self.meter.lock().unwrap_or_else(PoisonError::into_inner);
        let begun = vault.usage_begun()?;
        if let Some(meter) = kept.as_ref().filter(|_| begun) {
            return Ok(Arc::clone(meter));
        }
        let meter = Arc::new(Meter::open(&self.folder, self.key.clone(), !begun)?);
        // Nothing is charged before the vault remembers that something may have been.
        vault.begin_usage()?;
        *kept = Some(Arc::clone(&meter));
        Ok(meter)
    }
}

/// Charges the limits that a request meets; the denial where one has no room.
pub(super) fn charge(
    conditional: &Conditional<'_>,
    around: Circumstances<'_>,
) -> Result<Result<Reserved, Denial>, BrokerError> {
    let charges = &conditional.verdict().charges;
    if charges.is_empty() {
        return Ok(Ok(Reserved::default()));
    }
    let credential = around.credential.id.to_string();
    let capability = conditional.admitted().capability().id.as_str();
    let uses = charges.iter().map(|charge| Use {
        rule: &charge.rule,
        limit: &charge.limit,
        // A credential's name may be given to another one; its id is never used again.
        by: match charge.limit.by {
            By::Caller => around.facts.caller,
            By::Credential => &credential,
            By::Capability => capability,
            By::Rule => "",
        },
        cost: charge.cost,
    });
    let uses: Vec<Use<'_>> = uses.collect();
    let meter = around.desk.limits.meter(&mut around.desk.vault())?;
    // Not the time of the decision: a person may have been asked since.
    let now_ms = clock::now_ms();
    Ok(match meter.charge(&uses, now_ms)? {
        Charged::Yes(reservations) => Ok(Reserved { meter: Some(meter), reservations }),
        Charged::Full(full) => {
            let told = full.iter().filter_map(|one| in_names(one, charges, &around.facts, capability));
            let room = room(&full, now_ms);
            Err(limit_exceeded(&told.collect::<Vec<_>>()).help(help(room)).retry_after(room))
        }
    })
}

impl Reserved {
    /// Puts what the answer told in the place of what was reserved.
    pub(super) fn settle(self, costs: impl Iterator<Item = Option<u64>>) -> Result<(), MeterError> {
        let told = self.reservations.into_iter().zip(costs);
        let told: Vec<_> = told.filter_map(|(one, cost)| Some((one, cost?))).collect();
        match self.meter {
            Some(meter) if !told.is_empty() => meter.settle(&told, clock::now_ms()),
            _ => Ok(()),
        }
    }
}

/// A full limit as people know it.
fn in_names<'a>(
    full: &'a Full,
    charges: &'a [Charge],
    facts: &Facts<'a>,
    capability: &'a str,
) -> Option<FullLimit<'a>> {
    let charge = charges.iter().find(|charge| charge.rule == full.rule)?;
    let key = counted_by_name(charge, facts, capability);
    Some(FullLimit { rule: &full.rule, limit: &charge.limit, key, used: full.used, cost: full.cost })
}

/// In how many seconds all of them have room; none where one never has.
fn room(full: &[Full], now_ms: u64) -> Option<u64> {
    // One that never has room outlasts every other.
    let room = full.iter().map(|one| one.room_at_ms).max_by_key(|at| at.unwrap_or(u64::MAX)).flatten();
    room.map(|at| at.saturating_sub(now_ms).div_ceil(1000))
}

fn help(room: Option<u64>) -> String {
    room.map_or_else(|| NEVER_ROOM.to_owned(), |seconds| format!("there is room again in {seconds} s"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::RuleId;
    use crate::spec::policy::Per;

    fn full(rule: &'static str, room_at_ms: Option<u64>) -> Full {
        Full { rule: RuleId::from_static(rule), used: 59, max: 60, per: Per::Minute, cost: 2, room_at_ms }
    }

    #[test]
    fn seconds_are_rounded_up_and_never_may_be_the_answer() {
        assert_eq!(room(&[full("p/b", Some(2001)), full("p/a", Some(9000))], 1000), Some(8));
        assert_eq!(help(room(&[full("p/a", Some(1001))], 1000)), "there is room again in 1 s");
        assert_eq!(help(room(&[full("p/a", Some(9000)), full("p/b", None)], 1000)), NEVER_ROOM);
    }
}
