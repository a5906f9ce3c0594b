//! G5: the daemon is killed or restarted while it is busy, or has no open file left. What was acknowledged was done,
//! once and on record; what a restart finds under way is finished; and what was short is used again when it is there.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

use rustix::process::{Pid, Resource, Rlimit, prlimit};

use crate::case::{Case, Name, make_each, names as names_of};
use crate::g_doors::{Entry, House, Way};
use crate::support::gateway::whole;
use crate::support::{Answer, processes, wait};

fn cases() -> Vec<Case<fn()>> {
    let one = |spelling: &str, attack: fn()| Case::new("G5", spelling, attack);
    vec![
        one("killed under load, and again", killed),
        one("restarted under load, and again", restarted),
        one("no open file left", exhausted),
    ]
}

pub fn names() -> Vec<Name> {
    names_of(&cases())
}

#[test]
fn a_daemon_that_falls_leaves_nothing_half_done() {
    make_each(cases());
}

fn parrot(house: &House) {
    house.upstream().answers(|received| Answer::text(received.body.clone()));
}

/// Every call that the upstream got is on record as allowed, and the log is whole.
#[track_caller]
fn assert_on_record(house: &House) {
    let allowed = house.home().events().iter().filter(|one| one.is("invoke", "allowed")).count();
    let reached = house.upstream().take().len();
    assert!(reached <= allowed, "{reached} reached the upstream, and {allowed} are on record");
    house.home().run(&["audit", "verify"]).ok();
}

fn killed() {
    let house = House::new();
    parrot(&house);
    let (is_over, answered) = (AtomicBool::new(false), AtomicUsize::new(0));
    thread::scope(|scope| {
        for number in 0..8 {
            let (house, is_over, answered) = (&house, &is_over, &answered);
            scope.spawn(move || {
                for turn in 0.. {
                    if is_over.load(Ordering::SeqCst) {
                        break;
                    }
                    let body = format!("{{\"caller\":{number},\"turn\":{turn}}}");
                    let words = ["invoke", "openai/chat-completions", "--body", &body];
                    let done = house.home().run(&words);
                    // One whose daemon fell is told so; one that is told of an answer has its own.
                    if done.code == Some(0) {
                        assert_eq!(done.text(), body);
                        answered.fetch_add(1, Ordering::SeqCst);
                    } else {
                        assert_eq!(done.code, Some(4), "{}", done.errors());
                    }
                }
            });
        }
        for _ in 0..3 {
            let before = answered.load(Ordering::SeqCst);
            wait::until("calls are answered", || {
                (answered.load(Ordering::SeqCst) >= before + 8).then_some(())
            });
            let daemon = wait::until("a daemon is there", || house.home().daemon());
            processes::kill(daemon);
            wait::until("it is gone", || (!processes::is_alive(daemon)).then_some(()));
        }
        is_over.store(true, Ordering::SeqCst);
    });
    house.ask(Way::Socket, b"{}").ok();
    assert_on_record(&house);
}

/// Not one of them is refused or fails: the places where the daemon listens go from one to the next.
fn restarted() {
    let house = House::new();
    parrot(&house);
    let (is_over, answered) = (AtomicBool::new(false), AtomicUsize::new(0));
    thread::scope(|scope| {
        for number in 0..32_usize {
            let (house, is_over, answered) = (&house, &is_over, &answered);
            scope.spawn(move || {
                let way = Way::ALL[number % Way::ALL.len()];
                for turn in 0.. {
                    if is_over.load(Ordering::SeqCst) {
                        break;
                    }
                    let body = format!("{{\"caller\":{number},\"turn\":{turn}}}");
                    let mut stream = match house.try_connect(way.entry()) {
                        Ok(stream) => stream,
                        Err(error) => panic!("{way:?} was refused: {error}"),
                    };
                    stream.write_all(&house.request(way, body.as_bytes())).unwrap();
                    let answer = crate::g_doors::read_to_end(&mut *stream);
                    assert!(!answer.is_empty(), "{way:?} was not answered");
                    let heard = whole(&answer).ok();
                    assert_eq!(heard.text(), body, "{way:?}");
                    answered.fetch_add(1, Ordering::SeqCst);
                }
            });
        }
        let mut daemons = vec![house.daemon];
        for _ in 0..5 {
            let before = answered.load(Ordering::SeqCst);
            wait::until("calls are answered", || {
                (answered.load(Ordering::SeqCst) >= before + 64).then_some(())
            });
            house.home().run(&["restart"]).ok();
            daemons.push(house.home().daemon().expect("a daemon"));
        }
        is_over.store(true, Ordering::SeqCst);
        let count = daemons.len();
        daemons.sort_unstable();
        daemons.dedup();
        assert_eq!(daemons.len(), count, "each is another one");
    });
    assert_eq!(house.upstream().take().len(), answered.load(Ordering::SeqCst), "each was made once");
    house.home().run(&["audit", "verify"]).ok();
}

/// While there is none, others wait or are told; once there are, all is well.
fn exhausted() {
    let house = House::new();
    let daemon = Pid::from_raw(i32::try_from(house.daemon).unwrap());
    let few = u64::try_from(house.usage().descriptors).unwrap() + 12;
    let limit = Rlimit { current: Some(few), maximum: Some(few) };
    prlimit(daemon, Resource::Nofile, limit).unwrap();
    for entry in [Entry::Callers, Entry::Operators, Entry::Loopback] {
        let crowd: Vec<_> = (0..60).map(|_| house.connect(entry)).collect();
        wait::until("none is left", || (house.usage().descriptors as u64 >= few - 1).then_some(()));
        drop(crowd);
        wait::until("they are free again", || (house.usage().descriptors as u64 <= few - 8).then_some(()));
        for way in [Way::Socket, Way::LocalEnvelope, Way::Envelope, Way::Passthrough] {
            house.ask(way, b"{}").ok();
        }
        house.home().listener(&[]);
    }
    assert_eq!(house.home().daemon(), Some(house.daemon), "it is still the same one");
    assert_on_record(&house);
}
