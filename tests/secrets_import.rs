//! An import stores all of its entries or none, and tells nothing of what is stored.
#![allow(clippy::disallowed_methods, clippy::unwrap_used, reason = "tests prepare and look at the machine")]

mod support;

use support::{Done, Door, Home};

fn import(home: &Home, entries: &[&str]) -> Done {
    let words = entries.iter().flat_map(|entry| ["--entry", entry]);
    home.run(&["secrets", "import"].into_iter().chain(words).collect::<Vec<_>>())
}

fn count(home: &Home) -> u64 {
    home.run(&["status", "--json"]).ok().json()["secrets"].as_u64().unwrap()
}

/// Whoever can import could otherwise try values until one is "unchanged".
#[test]
fn a_right_guess_looks_like_a_wrong_one() {
    let home = Home::test(Door::InProcess);
    home.store("OPENAI_API_KEY", "sk-the-stored-value");
    let right = import(&home, &["FIRST=x", "OPENAI_API_KEY=sk-the-stored-value"]).ends(1);
    let wrong = import(&home, &["FIRST=x", "OPENAI_API_KEY=sk-another"]).ends(1);
    assert_eq!(right, wrong);
    assert!(right.errors().contains("aivault secrets rotate --name OPENAI_API_KEY --scope global"));
    assert_eq!(count(&home), 1, "nothing else was stored either");
    let details = |entry: &support::audit::Entry| {
        let mut event = entry.event.clone();
        for field in ["seq", "ts_ms", "caller", "decision"] {
            event.as_object_mut().unwrap().remove(field);
        }
        event
    };
    let events = home.events();
    let logged: Vec<_> = events[..8].iter().map(details).collect();
    assert_eq!(logged[..4], logged[4..]);
}

#[test]
fn a_name_that_is_given_twice_stores_nothing() {
    let home = Home::test(Door::InProcess);
    let done = import(&home, &["A=1", "B=2", "A=3"]).ends(2);
    assert!(done.errors().contains("A is given twice"), "{}", done.errors());
    assert_eq!(count(&home), 0);
}

#[test]
fn an_import_provisions_once_all_is_there() {
    let home = Home::test(Door::InProcess);
    let done = import(&home, &["TRELLO_API_KEY=key", "TRELLO_TOKEN=token"]).ok();
    done.says("→ Credential auto-provisioned: trello (17 capabilities enabled)");
    assert!(!done.text().contains("Waiting"), "{}", done.text());
    assert_eq!(count(&home), 2);
}
