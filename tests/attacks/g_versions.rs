//! G4: a client and a daemon of different versions. What the other does not know is not done by halves: whoever is older
//! is told so, nothing is carried out, and a daemon that is newer is not pushed aside.

use aivault::service::wire;

use crate::case::{Case, Findings, Name, names as names_of};
use crate::g_doors::{Entry, House};

/// The version that a client says it is of.
fn cases() -> Vec<Case<&'static str>> {
    let one = |spelling: &str, version| Case::new("G4", spelling, version);
    vec![
        one("an older one's words", "1-0000000000000000"),
        one("a newer one's words", "99-0000000000000000"),
        one("the same words of another registry", "5-0000000000000000"),
        one("no version at all", ""),
        one("one that is no number", "x"),
        one("one of a mile", "55555555555555555555555555555555-5"),
    ]
}

pub fn names() -> Vec<Name> {
    names_of(&cases())
}

#[test]
fn what_was_said_in_other_words_is_not_carried_out() {
    let house = House::new();
    let before = house.home().run(&["token", "list", "--json"]).ok().json();
    let mut findings = Findings::default();
    let call = wire::encode_call(&crate::case::call("openai/models", "GET", "/v1/models")).unwrap();
    let command = br#"{"command":"token-mint","name":null,"capabilities":["*"],"credential":null,"scope":{"scope":"global"},"ttl":3600}"#;
    for case in cases() {
        for (entry, path, body) in [
            (Entry::Callers, wire::INVOKE, &call[..]),
            (Entry::Callers, wire::WEBSOCKET, &call[..]),
            (Entry::Operators, wire::COMMAND, &command[..]),
        ] {
            let version = format!("{}: {}\r\n", wire::VERSION_HEADER, case.attack);
            let head = house.head(path, body.len(), &version);
            let answer = house.exchange(entry, &[head.as_bytes(), body].concat());
            let answer = String::from_utf8_lossy(&answer).into_owned();
            let is_told = answer.starts_with("HTTP/1.1 4") && answer.contains("daemon.other_version");
            findings.hold(is_told, &case.name(), || format!("{path}: {answer}"));
        }
    }
    findings.end();
    assert!(house.upstream().take().is_empty());
    assert_eq!(house.home().run(&["token", "list", "--json"]).ok().json(), before);
    assert_eq!(house.home().daemon(), Some(house.daemon));
}
