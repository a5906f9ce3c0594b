//! An import stores all of its entries or none, and overwrites nothing.
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

/// What is stored is not overwritten; that a value is the stored one is told, slowly and on record.
#[test]
fn an_import_can_be_repeated_and_overwrites_nothing() {
    let home = Home::test(Door::InProcess);
    home.store("OPENAI_API_KEY", "sk-the-stored-value");
    let same = import(&home, &["FIRST=x", "OPENAI_API_KEY=sk-the-stored-value"]).ok();
    same.says("Secret unchanged: OPENAI_API_KEY (stored already with this value)");
    assert_eq!(count(&home), 2);
    let other = import(&home, &["SECOND=x", "OPENAI_API_KEY=sk-another"]).ends(1);
    assert!(other.errors().contains("aivault secrets rotate --name OPENAI_API_KEY"), "{}", other.errors());
    assert_eq!(count(&home), 2, "nothing else was stored either");
    let compared = home.events().into_iter().filter(|entry| entry.event["reason"] == "exists").count();
    assert_eq!(compared, 1);
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
