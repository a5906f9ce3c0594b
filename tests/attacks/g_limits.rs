//! G8: a limit is exact, whoever calls by whichever door at once, in this process and in others, and across a restart
//! and a crash; what is refused does not count.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use crate::case::{Case, Name, make_each, names as names_of};
use crate::g_doors::{House, Way};
use crate::support::{Door, processes, wait};

const BODY: &[u8] = br#"{"model":"gpt-5","messages":[]}"#;

fn cases() -> Vec<Case<fn()>> {
    let one = |spelling: &str, attack: fn()| Case::new("G8", spelling, attack);
    vec![
        one("forty at once through every door", at_once),
        one("through the daemon and without it at once", processes_at_once),
        one("across a restart and a crash", across),
        one("refused calls in between", refused_between),
    ]
}

pub fn names() -> Vec<Name> {
    names_of(&cases())
}

#[test]
fn a_limit_is_exact() {
    make_each(cases());
}

/// So many chat completions a day, all callers together.
fn house(max: usize) -> House {
    let house = House::new();
    let file = house.home().path("limits.policy.yaml");
    let text = format!(
        "policy: limits\nversion: 1\nrules:\n  - {{ id: much, effect: limit, why: Enough., capabilities: \
         [openai/chat-completions], limit: {{ max: {max}, per: 1d, by: rule, cost: requests }} }}\n"
    );
    std::fs::write(&file, text).unwrap();
    house.home().run(&["policy", "apply", file.to_str().unwrap()]).ok();
    house
}

/// Calls so often at once; gives how many were answered.
fn storm(house: &House, count: usize) -> usize {
    let answered = AtomicUsize::new(0);
    thread::scope(|scope| {
        for number in 0..count {
            let answered = &answered;
            scope.spawn(move || {
                let heard = house.ask(Way::ALL[number % Way::ALL.len()], BODY);
                match heard.status {
                    200 => drop(answered.fetch_add(1, Ordering::SeqCst)),
                    429 => {}
                    other => panic!("{other}: {}", heard.text()),
                }
            });
        }
    });
    answered.into_inner()
}

fn at_once() {
    let house = house(17);
    assert_eq!(storm(&house, 40), 17);
    assert_eq!(house.upstream().take().len(), 17);
    assert_eq!(storm(&house, 10), 0);
}

fn processes_at_once() {
    let house = house(11);
    let answered = AtomicUsize::new(0);
    let words = ["invoke", "openai/chat-completions", "--body", std::str::from_utf8(BODY).unwrap()];
    thread::scope(|scope| {
        for number in 0..8 {
            let (house, answered, words) = (&house, &answered, &words);
            scope.spawn(move || {
                let done = house.home().run_through(Door::BOTH[number % 2], words);
                match done.code {
                    Some(0) => drop(answered.fetch_add(1, Ordering::SeqCst)),
                    Some(3) => {}
                    other => panic!("{other:?}: {}", done.errors()),
                }
            });
        }
        let answered = &answered;
        scope.spawn(|| answered.fetch_add(storm(&house, 8), Ordering::SeqCst));
    });
    assert_eq!(answered.into_inner(), 11);
    assert_eq!(house.upstream().take().len(), 11);
}

fn across() {
    let house = house(9);
    assert_eq!(storm(&house, 3), 3);
    house.home().run(&["restart"]).ok();
    assert_eq!(storm(&house, 3), 3);
    let daemon = house.home().daemon().expect("a daemon");
    processes::kill(daemon);
    wait::until("it is gone", || (!processes::is_alive(daemon)).then_some(()));
    house.home().run(&["invoke", "openai/models", "--method", "GET", "--path", "/v1/models"]).ok();
    let answered = (0..6).filter(|_| house.ask(Way::Socket, BODY).status == 200).count();
    assert_eq!(answered, 3);
}

fn refused_between() {
    let house = house(5);
    for _ in 0..3 {
        // What the log calls denied is not used up.
        let heard = house.gateway.ask("POST", "/v/openai/v1/chat/completions?_method=DELETE", BODY);
        assert_eq!(heard.status, 403, "{}", heard.text());
    }
    assert_eq!(storm(&house, 8), 5);
}
