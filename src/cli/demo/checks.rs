//! What must have held, judged from what was seen. Pure.

use serde::Deserialize;

use super::key::DemoKey;
use super::stage::Ran;
use super::steps::{BODY, Called, Seen};

/// What a denied call exits with.
const DENIED: i32 = 3;

/// One thing that was to hold.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Check {
    pub(super) what: String,
    /// Where it did not hold; empty when it did.
    pub(super) faults: Vec<String>,
}

impl Check {
    fn new(what: impl Into<String>, faults: Vec<String>) -> Self {
        Self { what: what.into(), faults }
    }

    pub(super) fn holds(&self) -> bool {
        self.faults.is_empty()
    }
}

/// All checks, in the order in which they are told. `files` are those of the vault's folder, name
/// and content, after the last command.
pub(super) fn judge(seen: &Seen, files: &[(String, Vec<u8>)], key: &DemoKey) -> Vec<Check> {
    vec![
        every_step_succeeded(seen),
        upstream_got_the_key(seen, key),
        callers_got_no_key(seen, key),
        files_hold_no_key(files, key),
        refusals_stopped_here(seen),
        audit_is_whole(seen),
    ]
}

fn every_step_succeeded(seen: &Seen) -> Check {
    let steps = seen.commands.iter().chain(seen.allowed.iter().map(|called| &called.ran));
    let faults = steps.filter(|ran| !ran.succeeded()).map(|ran| faulty(&ran.typed, ran.code)).collect();
    Check::new("every step of the guide succeeded", faults)
}

fn upstream_got_the_key(seen: &Seen, key: &DemoKey) -> Check {
    let expected = format!("Bearer {}", key.reveal());
    let right = |called: &Called| match called.received.as_slice() {
        [one] => {
            (one.method.as_str(), one.target.as_str()) == ("POST", "/v1/chat/completions")
                && one.authorization == expected
                && one.body == BODY.as_bytes()
        }
        _ => false,
    };
    let wrong = seen.allowed.iter().filter(|called| !right(called));
    let mut faults: Vec<String> = wrong.map(|called| first_words(&called.ran.typed)).collect();
    if seen.allowed.is_empty() {
        faults.push("nothing was called".to_owned());
    }
    Check::new("the upstream got each call once, as typed, with exactly the stored key", faults)
}

fn callers_got_no_key(seen: &Seen, key: &DemoKey) -> Check {
    let leaks = |text: &str| key.is_in(text.as_bytes());
    let leaky = seen.ran().filter(|ran| leaks(&ran.stdout) || leaks(&ran.stderr));
    let faults = leaky.map(|ran| first_words(&ran.typed)).collect();
    let what =
        format!("none of the {} commands printed the key, though the upstream echoed it", seen.ran().count());
    Check::new(what, faults)
}

fn files_hold_no_key(files: &[(String, Vec<u8>)], key: &DemoKey) -> Check {
    let mut faults: Vec<String> =
        files.iter().filter(|(_, bytes)| key.is_in(bytes)).map(|(name, _)| name.clone()).collect();
    for expected in ["vault.db", ".jsonl"] {
        if !files.iter().any(|(name, _)| name.ends_with(expected)) {
            faults.push(format!("no {expected} was there to search"));
        }
    }
    let what = format!(
        "none of the {} files beside and in the vault, the audit log among them, holds the key",
        files.len()
    );
    Check::new(what, faults)
}

fn refusals_stopped_here(seen: &Seen) -> Check {
    let through = |called: &&Called| called.ran.code != Some(DENIED) || !called.received.is_empty();
    let wrong = seen.refused.iter().filter(through);
    let mut faults: Vec<String> = wrong.map(|called| faulty(&called.ran.typed, called.ran.code)).collect();
    if seen.refused.is_empty() {
        faults.push("nothing was refused".to_owned());
    }
    Check::new("what policy refuses exits 3 and never reached the upstream", faults)
}

/// What is read of an entry of the audit log.
#[derive(Deserialize)]
struct Entry {
    action: String,
    outcome: String,
}

fn audit_is_whole(seen: &Seen) -> Check {
    let mut faults = Vec::new();
    if !seen.verified.as_ref().is_some_and(Ran::succeeded) {
        faults.push("audit verify".to_owned());
    }
    let text = seen.audit.as_ref().map_or("", |ran| &ran.stdout);
    let entries: Vec<Entry> = serde_json::from_str(text).unwrap_or_default();
    for (outcome, calls) in [("allowed", seen.allowed.len()), ("denied", seen.refused.len())] {
        let is_it = |entry: &&Entry| entry.action == "invoke" && entry.outcome == outcome;
        let logged = entries.iter().filter(is_it).count();
        if logged != calls {
            faults.push(format!("{calls} calls were {outcome}, and {logged} are in the log"));
        }
    }
    Check::new("every decision is in the audit log, and the log's chain is intact", faults)
}

fn faulty(typed: &str, code: Option<i32>) -> String {
    let ended = code.map_or_else(|| "was stopped by a signal".to_owned(), |code| format!("exited {code}"));
    format!("{} {ended}", first_words(typed))
}

/// Enough of a command to know it by; never its values.
fn first_words(typed: &str) -> String {
    let words: Vec<&str> = typed.split(' ').take_while(|word| !word.starts_with('-')).collect();
    format!("`aivault {}`", words.join(" "))
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;
    use crate::cli::demo::upstream::Received;

    fn ran(typed: &str, code: i32, stdout: &str) -> Ran {
        let (typed, stdout) = (typed.to_owned(), stdout.to_owned());
        Ran { typed, code: Some(code), stdout, stderr: String::new() }
    }

    fn call(key: &DemoKey) -> Called {
        let received = Received {
            method: "POST".to_owned(),
            target: "/v1/chat/completions".to_owned(),
            authorization: format!("Bearer {}", key.reveal()),
            body: Bytes::from_static(BODY.as_bytes()),
        };
        Called { ran: ran("invoke a/b --body x", 0, "{}"), received: vec![received] }
    }

    /// A run in which all held.
    fn good(key: &DemoKey) -> Seen {
        let log = r#"[{"seq":2,"action":"invoke","outcome":"denied"},{"seq":1,"action":"invoke","outcome":"allowed"},
                      {"seq":0,"action":"secret.create","outcome":"ok"}]"#;
        Seen {
            commands: vec![ran("status", 0, "state: unlocked")],
            allowed: vec![call(key)],
            refused: vec![Called { ran: ran("invoke a/b --path /c", 3, ""), received: Vec::new() }],
            audit: Some(ran("audit --json", 0, log)),
            verified: Some(ran("audit verify", 0, "intact")),
        }
    }

    fn files() -> Vec<(String, Vec<u8>)> {
        ["vault/vault.db", "vault/audit/1.jsonl"].map(|name| (name.to_owned(), b"sealed".to_vec())).into()
    }

    /// The places of the checks that do not hold.
    fn broken(seen: &Seen, files: &[(String, Vec<u8>)], key: &DemoKey) -> Vec<usize> {
        let checks = judge(seen, files, key);
        (0..checks.len()).filter(|&place| !checks[place].holds()).collect()
    }

    #[test]
    fn a_good_run_holds() {
        let key = DemoKey::make().unwrap();
        assert_eq!(judge(&good(&key), &files(), &key).iter().flat_map(|check| &check.faults).count(), 0);
    }

    #[test]
    fn each_check_sees_its_own_fault() {
        let key = DemoKey::make().unwrap();
        let spoiled = |spoil: fn(&mut Seen, &DemoKey)| {
            let mut seen = good(&key);
            spoil(&mut seen, &key);
            broken(&seen, &files(), &key)
        };
        assert_eq!(spoiled(|seen, _| seen.commands[0].code = Some(1)), [0]);
        assert_eq!(spoiled(|seen, _| seen.commands[0].code = None), [0]);
        assert_eq!(spoiled(|seen, _| seen.allowed[0].received[0].authorization.push('x')), [1]);
        assert_eq!(spoiled(|seen, _| seen.allowed[0].received[0].target.push('x')), [1]);
        assert_eq!(spoiled(|seen, key| seen.allowed[0].received.extend(call(key).received)), [1]);
        assert_eq!(spoiled(|seen, _| seen.allowed[0].received.clear()), [1]);
        assert_eq!(spoiled(|seen, key| seen.allowed[0].ran.stdout.push_str(key.reveal())), [2]);
        assert_eq!(spoiled(|seen, key| seen.refused[0].ran.stderr.push_str(key.reveal())), [2]);
        assert_eq!(spoiled(|seen, key| seen.commands[0].stdout.push_str(key.reveal())), [2]);
        assert_eq!(spoiled(|seen, _| seen.refused[0].ran.code = Some(0)), [4]);
        assert_eq!(spoiled(|seen, key| seen.refused[0].received = call(key).received), [4]);
        // Nothing refused, though the log says that something was.
        assert_eq!(spoiled(|seen, _| seen.refused.clear()), [4, 5]);
        assert_eq!(spoiled(|seen, _| seen.verified = None), [5]);
        assert_eq!(spoiled(|seen, _| seen.verified.as_mut().unwrap().code = Some(1)), [5]);
        assert_eq!(spoiled(|seen, _| seen.audit.as_mut().unwrap().stdout = "[]".to_owned()), [5]);
        assert_eq!(spoiled(|seen, _| seen.audit = None), [5]);
    }

    #[test]
    fn a_file_with_the_key_and_a_missing_file_are_faults() {
        let key = DemoKey::make().unwrap();
        let mut leaky = files();
        leaky[1].1.extend_from_slice(key.reveal().as_bytes());
        assert_eq!(broken(&good(&key), &leaky, &key), [3]);
        assert_eq!(broken(&good(&key), &files()[..1], &key), [3]);
    }

    #[test]
    fn a_fault_never_tells_a_value() {
        assert_eq!(first_words("secrets create --name A --value sk-1"), "`aivault secrets create`");
    }
}
