//! The counters through their public door, with an attacker who holds the file.
#![allow(clippy::disallowed_methods, reason = "the tests play an attacker with access to the file")]

mod tamper;

use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::thread;

use proptest::prelude::*;
use zeroize::Zeroizing;

use super::{Charged, Full, Meter, MeterError, Reservation, Use};
use crate::spec::RuleId;
use crate::spec::policy::{By, Cost, Limit, Per, Pointer};

/// 2023-11-14 22:13:20 UTC.
const NOW: u64 = 1_700_000_000_000;
const MINUTE: u64 = 60_000;

/// A folder for the counters of one vault.
struct Place(tempfile::TempDir);

impl Place {
    fn new() -> Self {
        Self(tempfile::Builder::new().permissions(PermissionsExt::from_mode(0o700)).tempdir().unwrap())
    }

    fn begin(&self) -> Meter {
        Meter::open(self.0.path(), key(), true).unwrap()
    }

    fn open(&self) -> Result<Meter, MeterError> {
        Meter::open(self.0.path(), key(), false)
    }

    fn file(&self) -> PathBuf {
        self.0.path().join("usage.db")
    }
}

fn key() -> Zeroizing<[u8; 32]> {
    Zeroizing::new([7; 32])
}

fn rule(name: &str) -> RuleId {
    RuleId::parse(&format!("p/{name}")).unwrap()
}

fn requests(max: u64, per: Per) -> Limit {
    Limit { max, per, by: By::Caller, cost: Cost::Requests }
}

fn tokens(max: u64) -> Limit {
    let cost = Cost::Response(Pointer::parse("/usage/total_tokens").unwrap());
    Limit { max, per: Per::Day, by: By::Caller, cost }
}

/// Charges one limit; the reservations, or the limit that is full.
fn take(
    meter: &Meter,
    limit: &Limit,
    by: &str,
    cost: Option<u64>,
    now: u64,
) -> Result<Vec<Reservation>, Full> {
    let rule = rule("one");
    match meter.charge(&[Use { rule: &rule, limit, by, cost }], now).unwrap() {
        Charged::Yes(reservations) => Ok(reservations),
        Charged::Full(mut full) => Err(full.remove(0)),
    }
}

fn has_room(meter: &Meter, limit: &Limit, by: &str, cost: u64, now: u64) -> bool {
    take(meter, limit, by, Some(cost), now).is_ok()
}

#[test]
fn a_limit_is_used_up_and_not_exceeded() {
    let (place, limit) = (Place::new(), requests(10, Per::Minute));
    let meter = place.begin();
    for (cost, room) in [(4, true), (7, false), (6, true), (0, true), (1, false)] {
        assert_eq!(has_room(&meter, &limit, "a", cost, NOW), room, "{cost}");
    }
    let full = take(&meter, &limit, "a", Some(1), NOW).unwrap_err();
    // 22:13:20: the minute has forty seconds left.
    let room_at_ms = Some(NOW + 40_000);
    assert_eq!(full, Full { rule: rule("one"), used: 10, max: 10, per: Per::Minute, cost: 1, room_at_ms });
    assert!(has_room(&meter, &limit, "b", 10, NOW), "another caller has a counter of its own");
    assert_eq!(take(&meter, &limit, "c", Some(11), NOW).unwrap_err().room_at_ms, None);
}

#[test]
fn all_limits_are_charged_or_none() {
    let place = Place::new();
    let meter = place.begin();
    let (wide, narrow) = (requests(2, Per::Hour), requests(1, Per::Hour));
    let (first, second) = (rule("wide"), rule("narrow"));
    let one = |rule, limit| Use { rule, limit, by: "a", cost: Some(1) };
    let both = [one(&first, &wide), one(&second, &narrow)];
    assert!(matches!(meter.charge(&both, NOW).unwrap(), Charged::Yes(_)));
    for _ in 0..3 {
        let Charged::Full(full) = meter.charge(&both, NOW).unwrap() else { panic!("no room") };
        assert_eq!(full.len(), 1);
        assert_eq!(full[0].rule, second);
    }
    assert!(matches!(meter.charge(&both[..1], NOW).unwrap(), Charged::Yes(_)), "nothing was taken of it");
    assert!(matches!(meter.charge(&both[..1], NOW).unwrap(), Charged::Full(_)));
}

#[test]
fn a_window_begins_at_a_multiple_of_its_length() {
    for (per, length) in [(Per::Second, 1000), (Per::Minute, MINUTE), (Per::Hour, 60 * MINUTE)] {
        let (place, limit) = (Place::new(), requests(1, per));
        let meter = place.begin();
        let begins = NOW - NOW % length;
        assert!(has_room(&meter, &limit, "a", 1, NOW));
        assert!(!has_room(&meter, &limit, "a", 1, begins + length - 1));
        assert!(has_room(&meter, &limit, "a", 1, begins + length));
    }
}

#[test]
fn a_clock_that_is_set_back_reopens_nothing() {
    let (place, limit) = (Place::new(), requests(1, Per::Minute));
    let meter = place.begin();
    assert!(has_room(&meter, &limit, "a", 1, NOW));
    assert!(has_room(&meter, &limit, "a", 1, NOW + MINUTE));
    for earlier in [NOW, NOW - 100 * MINUTE, 0] {
        assert!(!has_room(&meter, &limit, "a", 1, earlier), "{earlier}");
        assert!(!has_room(&place.open().unwrap(), &limit, "a", 1, earlier), "{earlier}");
    }
    assert!(has_room(&meter, &limit, "a", 1, NOW + 2 * MINUTE));
}

#[test]
fn numbers_of_any_size_are_counted() {
    let (place, limit) = (Place::new(), requests(u64::MAX, Per::Day));
    let meter = place.begin();
    assert!(has_room(&meter, &limit, "a", u64::MAX - 1, u64::MAX - 1));
    assert!(!has_room(&meter, &limit, "a", u64::MAX, u64::MAX));
    assert!(has_room(&meter, &limit, "a", 1, u64::MAX));
    assert!(!has_room(&place.open().unwrap(), &limit, "a", 1, u64::MAX));
    assert!(!has_room(&meter, &requests(0, Per::Day), "b", 1, u64::MAX));
}

#[test]
fn what_an_answer_costs_is_reserved_and_settled() {
    let (place, limit) = (Place::new(), tokens(100));
    let meter = place.begin();
    let reserve = || take(&meter, &limit, "a", None, NOW).map(|mut all| all.remove(0));
    let first = reserve().unwrap();
    assert_eq!((first.amount(), first.pointer.as_str()), (1, "/usage/total_tokens"));
    meter.settle(&[(first, 30)], NOW).unwrap();

    let second = reserve().unwrap();
    assert_eq!(second.amount(), 30, "the largest so far");
    let third = reserve().unwrap();
    meter.settle(&[(second, 20)], NOW).unwrap();
    assert_eq!(reserve().unwrap_err().used, 80, "30 and 20, and 30 that are reserved still; 30 do not fit");
    meter.settle(&[(third, 0)], NOW).unwrap();
    assert_eq!(reserve().unwrap().amount(), 30);
    assert_eq!(reserve().unwrap_err().used, 80, "what is never settled stands");
}

#[test]
fn an_answer_larger_than_the_limit_does_not_shut_it_for_ever() {
    let (place, limit) = (Place::new(), tokens(100));
    let meter = place.begin();
    let reserve = |now| take(&meter, &limit, "a", None, now).map(|mut all| all.remove(0));
    let first = reserve(NOW).unwrap();
    meter.settle(&[(first, 1000)], NOW).unwrap();
    let full = reserve(NOW).unwrap_err();
    assert_eq!(full.used, 1000);
    assert_eq!(reserve(full.room_at_ms.unwrap()).unwrap().amount(), 100);
}

#[test]
fn an_answer_that_comes_after_its_window_leaves_the_next_alone() {
    let (place, limit) = (Place::new(), tokens(100));
    let meter = place.begin();
    let late = take(&meter, &limit, "a", None, NOW).unwrap();
    let tomorrow = NOW + 24 * 60 * MINUTE;
    take(&meter, &limit, "a", None, tomorrow).unwrap();
    meter.settle(&late.into_iter().map(|one| (one, 90)).collect::<Vec<_>>(), tomorrow).unwrap();
    let full = take(&meter, &limit, "a", Some(100), tomorrow).unwrap_err();
    assert_eq!(full.used, 1);
    assert_eq!(take(&meter, &limit, "a", None, tomorrow).unwrap()[0].amount(), 90, "but it is learnt from");
}

#[test]
fn a_restart_goes_on_where_it_was() {
    let (place, limit) = (Place::new(), requests(3, Per::Day));
    assert!(has_room(&place.begin(), &limit, "a", 1, NOW));
    assert!(has_room(&place.begin(), &limit, "a", 1, NOW), "what is there is never made anew");
    assert!(has_room(&place.open().unwrap(), &limit, "a", 1, NOW));
    assert!(!has_room(&place.open().unwrap(), &limit, "a", 1, NOW));
}

#[test]
fn callers_at_once_share_what_there_is() {
    let (place, limit) = (Place::new(), requests(50, Per::Day));
    let (shared, place, limit) = (&place.begin(), &place, &limit);
    let taken: usize = thread::scope(|scope| {
        let threads: Vec<_> = (0..4)
            .map(|at| {
                scope.spawn(move || {
                    let own = (at % 2 == 0).then(|| place.open().unwrap());
                    let meter = own.as_ref().unwrap_or(shared);
                    (0..25).filter(|_| has_room(meter, limit, "a", 1, NOW)).count()
                })
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).sum()
    });
    assert_eq!(taken, 50);
    place.open().unwrap();
}

#[test]
fn counters_of_windows_long_past_go() {
    let place = Place::new();
    let meter = place.begin();
    let limit = requests(1000, Per::Second);
    for at in 0..300 {
        assert!(has_room(&meter, &limit, &format!("caller {at}"), 1, NOW));
    }
    let spender = take(&meter, &tokens(10), "spender", None, NOW).unwrap().remove(0);
    meter.settle(&[(spender, 5)], NOW).unwrap();
    for _ in 0..300 {
        assert!(has_room(&meter, &limit, "late", 1, NOW + 2 * 24 * 60 * MINUTE));
    }
    assert_eq!(meter.len(), 2, "the one in use, and the one that knows what answers cost");
    assert!(!has_room(&meter, &requests(0, Per::Second), "caller 1", 1, NOW), "nor do they come back");
    place.open().unwrap();
}

#[test]
fn the_file_tells_nobody_who_called_what() {
    let place = Place::new();
    let meter = place.begin();
    assert!(has_room(&meter, &requests(1, Per::Day), "agent:research-7", 1, NOW));
    for entry in std::fs::read_dir(place.0.path()).unwrap() {
        let path = entry.unwrap().path();
        let mode = std::fs::metadata(&path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o600, "{path:?}");
        let bytes = std::fs::read(&path).unwrap();
        for name in ["agent", "research", "p/one"] {
            assert!(memchr::memmem::find(&bytes, name.as_bytes()).is_none(), "{name} in {path:?}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn no_interleaving_takes_more_than_there_is(
        max in 0_u64..60,
        charges in prop::collection::vec((0_usize..2, 0_u64..20, 0_u64..3), 1..40),
    ) {
        let (place, limit) = (Place::new(), requests(max, Per::Minute));
        let meters = [place.begin(), place.open().unwrap()];
        let (mut clock, mut window, mut used) = (NOW, NOW / MINUTE, 0);
        for (handle, cost, minutes) in charges {
            clock += minutes * 20_000;
            if clock / MINUTE != window {
                (window, used) = (clock / MINUTE, 0);
            }
            let room = has_room(&meters[handle], &limit, "a", cost, clock);
            prop_assert_eq!(room, used + cost <= max);
            used += if room { cost } else { 0 };
        }
    }
}
