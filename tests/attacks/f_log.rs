//! F1 to F6: the audit log. Nothing goes out that is not in it, nobody but the operator takes anything out of it, and
//! what was changed in it is found.

use std::fs;
use std::path::Path;

use crate::case::{Case, Findings, Name, names as names_of};
use crate::support::home::set_mode;
use crate::support::wait::until;
use crate::support::{Answer, Door, Home, Upstream, processes, secrets};

const MODELS: &[&str] = &["invoke", "openai/models", "--method", "GET", "--path", "/v1/models"];
const ELSEWHERE: &[&str] = &["invoke", "openai/models", "--method", "GET", "--path", "/v1/files"];
const FIRST: &str = "log-000001.jsonl";

/// What a call is, and how its decision and its end must be on record.
type Decided = (&'static [&'static str], u16, &'static str, Option<&'static str>);

fn decided() -> Vec<Case<Decided>> {
    vec![
        Case::new("F1", "an allowed call", (MODELS, 200, "allowed", Some("ok"))),
        Case::new("F1", "a refused call", (ELSEWHERE, 200, "denied", None)),
        Case::new("F1", "an answer of an error", (MODELS, 500, "allowed", Some("ok"))),
        Case::new("F1", "a daemon that is killed", (MODELS, 200, "allowed", Some("ok"))),
    ]
}

/// What is done to the log's folder.
type Broken = fn(&Path);

fn missing() -> Vec<Case<Broken>> {
    let case = |spelling: &str, broken: Broken| Case::new("F2", spelling, broken);
    vec![
        case("the folder is missing", |_| {}),
        case("the folder is a file", |folder| fs::write(folder, "").unwrap()),
        case("the folder is another's to write", |folder| {
            fs::create_dir(folder).unwrap();
            set_mode(folder, 0o777);
        }),
        case("the folder is empty", |folder| {
            fs::create_dir(folder).unwrap();
            set_mode(folder, 0o700);
        }),
        case("the folder is a link", |folder| {
            std::os::unix::fs::symlink(folder.with_file_name("nowhere"), folder).unwrap();
        }),
    ]
}

fn variables() -> Vec<Case<(&'static str, &'static str)>> {
    [
        ("AIVAULT_AUDIT", "0"),
        ("AIVAULT_AUDIT_DISABLE", "1"),
        ("AIVAULT_DISABLE_DISK_LOGS", "1"),
        ("AIVAULT_AUDIT_RETENTION", "1s"),
        ("AIVAULT_AUDIT_DIR", "/dev/null"),
        ("RUST_LOG", "off"),
        ("HOME", "/nonexistent"),
        ("TMPDIR", "/nonexistent"),
    ]
    .map(|(name, value)| Case::new("F3", format!("{name}={value}"), (name, value)))
    .to_vec()
}

fn flood() -> Vec<Case<()>> {
    vec![Case::new("F4", "refused calls, one after another, beside a retention", ())]
}

/// What is done to the log's text, in front of the text of another vault's.
type Changed = fn(&[&str], &[&str]) -> Vec<String>;

fn changes() -> Vec<Case<Changed>> {
    fn with(lines: &[&str]) -> Vec<String> {
        lines.iter().map(|line| (*line).to_owned()).collect()
    }
    let case = |spelling: &str, change: Changed| Case::new("F5", spelling, change);
    vec![
        case("an edited outcome", |own, _| {
            with(own).iter().map(|line| line.replacen("\"denied\"", "\"allowed\"", 1)).collect()
        }),
        case("an edited time", |own, _| {
            with(own).iter().map(|l| l.replacen("\"ts_ms\":1", "\"ts_ms\":2", 1)).collect()
        }),
        case("a deleted line", |own, _| with(&[&own[..1], &own[2..]].concat())),
        case("two swapped lines", |own, _| with(&[&[own[1], own[0]], &own[2..]].concat())),
        case("a missing end", |own, _| with(&own[..own.len() - 1])),
        case("a line that is there again", |own, _| with(&[own, &own[1..2]].concat())),
        case("a line of another vault", |own, other| with(&[&own[..2], &other[2..3], &own[3..]].concat())),
        case("another vault's log", |_, other| with(other)),
        case("the log twice", |own, _| with(&[own, own].concat())),
        case("an empty log", |_, _| Vec::new()),
        case("half a line", |own, _| {
            let mut lines = with(own);
            let last = lines.pop().unwrap();
            lines.push(last[..last.len() / 2].to_owned());
            lines
        }),
    ]
}

fn texts() -> Vec<Case<&'static str>> {
    [
        "a\nb",
        "a\r\n{\"seq\":1}",
        "\u{1b}[2J",
        "\u{9b}31m",
        "\",\"outcome\":\"allowed",
        "\u{202e}gpj",
        "\u{2028}",
        "=cmd|'/C calc'!A0",
        "\\u000a",
    ]
    .map(|text| Case::new("F6", text, text))
    .to_vec()
}

pub fn names() -> Vec<Name> {
    [
        names_of(&decided()),
        names_of(&missing()),
        names_of(&variables()),
        names_of(&flood()),
        names_of(&changes()),
        names_of(&texts()),
    ]
    .concat()
}

#[test]
fn every_decision_is_on_record_once() {
    let mut findings = Findings::default();
    for door in Door::BOTH {
        let upstream = Upstream::serving(&["api.openai.com"]);
        let home = Home::with_openai(door, &upstream, secrets::OPENAI);
        for case in decided() {
            let (words, status, decision, end) = case.attack;
            if case.spelling == "a daemon that is killed" && door == Door::InProcess {
                continue;
            }
            upstream.answers(move |_| Answer::status(status, "{}"));
            let last = home.events().first().map_or(0, |entry| entry.seq);
            home.run(words);
            // The end is written behind the answer.
            let is_over = || {
                let ended =
                    home.events().iter().any(|entry| entry.seq > last && entry.event["action"] == "response");
                (end.is_none() || ended).then_some(())
            };
            until("the end of the call is on record", is_over);
            if case.spelling == "a daemon that is killed" {
                processes::kill(home.daemon().unwrap());
            }
            home.run(&["audit", "verify"]).ok();
            let new: Vec<_> = home.events().into_iter().filter(|entry| entry.seq > last).collect();
            let calls: Vec<_> = new.iter().filter(|entry| entry.event["action"] == "invoke").collect();
            let ends: Vec<_> = new.iter().filter(|entry| entry.event["action"] == "response").collect();
            let is_whole = |event: &serde_json::Value| {
                event["outcome"] == decision
                    && event["capability"] == "openai/models"
                    && event["path"].as_str().is_some_and(|path| path.starts_with("/v1/"))
                    && event["caller"].as_str().is_some_and(|caller| caller.starts_with("uid:"))
            };
            let holds = calls.len() == 1
                && is_whole(&calls[0].event)
                && match end {
                    None => ends.is_empty() && calls[0].event["reason"].is_string(),
                    Some(end) => {
                        ends.len() == 1
                            && ends[0].event["decision"] == calls[0].seq
                            && ends[0].event["outcome"] == end
                            && ends[0].event["status"] == status
                    }
                };
            findings.hold(holds, &case.name(), || format!("through {door:?}: {new:?}"));
        }
    }
    findings.end();
}

#[test]
fn without_a_log_nothing_goes_out() {
    let mut findings = Findings::default();
    for door in Door::BOTH {
        let upstream = Upstream::serving(&["api.openai.com"]);
        let home = Home::with_openai(door, &upstream, secrets::OPENAI);
        let (folder, aside) = (home.vault().join("audit"), home.path("aside"));
        for case in missing() {
            home.run(MODELS).ok();
            upstream.take();
            fs::rename(&folder, &aside).unwrap();
            (case.attack)(&folder);
            let done = home.run(MODELS);
            let sent = upstream.take().len();
            findings.hold(sent == 0 && done.code == Some(4), &case.name(), || {
                format!("through {door:?}: {sent} sent, {:?}: {}", done.code, done.errors())
            });
            if folder.is_symlink() || folder.is_file() {
                fs::remove_file(&folder).unwrap();
            } else if folder.exists() {
                fs::remove_dir_all(&folder).unwrap();
            }
            fs::rename(&aside, &folder).unwrap();
        }
        home.run(MODELS).ok();
        home.run(&["audit", "verify"]).ok();
    }
    findings.end();
}

#[test]
fn no_variable_switches_it_off() {
    let mut findings = Findings::default();
    let upstream = Upstream::serving(&["api.openai.com"]);
    let home = Home::with_openai(Door::InProcess, &upstream, secrets::OPENAI);
    for case in variables() {
        let last = home.events()[0].seq;
        let (name, value) = case.attack;
        let mut command = home.command(Door::InProcess, ELSEWHERE);
        crate::support::Done::of(command.env(name, value), b"").ends(3);
        let new =
            home.events().iter().filter(|entry| entry.seq > last && entry.is("invoke", "denied")).count();
        findings.hold(new == 1, &case.name(), || format!("{new} entries"));
    }
    home.run(&["audit", "verify"]).ok();
    findings.end();
}

#[test]
fn a_flood_takes_nothing_out() {
    let case = &flood()[0];
    let home = Home::test(Door::InProcess);
    home.run(&["config", "set", "audit-retention", "1d"]).ok();
    let before = home.events();
    (0..40).for_each(|_| {
        home.run(ELSEWHERE);
    });
    let after = home.events();
    let mut findings = Findings::default();
    let kept = after[after.len() - before.len()..] == before[..];
    findings
        .hold(kept && after.len() == before.len() + 40, &case.name(), || format!("{} entries", after.len()));
    let verified = home.run(&["audit", "verify", "--json"]).ok().json();
    findings.hold(verified["retired"].is_null(), &case.name(), || verified.to_string());
    findings.end();
}

#[test]
fn what_was_changed_is_found() {
    let logged = || {
        let home = Home::test(Door::InProcess);
        home.store("KEY", "value");
        home.run(ELSEWHERE);
        let text = fs::read_to_string(home.vault().join("audit").join(FIRST)).unwrap();
        (home, text)
    };
    let ((home, own), (_other_home, other)) = (logged(), logged());
    let lines = |text: &'static str| text.lines().collect::<Vec<_>>();
    let (own_text, other_text): (&'static str, &'static str) = (own.leak(), other.leak());
    let path = home.vault().join("audit").join(FIRST);
    let mut findings = Findings::default();
    for case in changes() {
        let changed = (case.attack)(&lines(own_text), &lines(other_text));
        let changed: String = changed.iter().map(|line| format!("{line}\n")).collect();
        assert_ne!(changed, own_text, "{}", case.spelling);
        fs::write(&path, changed).unwrap();
        let done = home.run(&["audit", "verify"]);
        let is_named = done.code != Some(0) && done.errors().contains(FIRST);
        findings.hold(is_named, &case.name(), || format!("{}{}", done.text(), done.errors()));
        let checkpoint = home.run(&["audit", "checkpoint"]);
        findings.hold(checkpoint.code != Some(0), &case.name(), || checkpoint.text());
        fs::write(&path, own_text).unwrap();
    }
    home.run(&["audit", "verify"]).ok();
    findings.end();
}

#[test]
fn no_text_of_a_caller_breaks_out() {
    let home = Home::test(Door::InProcess);
    let mut findings = Findings::default();
    for case in texts() {
        let last = home.events()[0].seq;
        home.run(&["invoke", &format!("openai/{}", case.attack), "--path", &format!("/{}", case.attack)]);
        let raw = fs::read(home.vault().join("audit").join(FIRST)).unwrap();
        findings.hold(raw.iter().all(|byte| matches!(byte, b'\n' | b' '..=b'~')), &case.name(), || {
            "raw".to_owned()
        });
        let new = home.events().iter().filter(|entry| entry.seq > last).count();
        findings.hold(new == 1, &case.name(), || format!("{new} entries"));
        for form in [&["audit"][..], &["audit", "--csv"], &["audit", "--json"], &["audit", "stats"]] {
            let text = home.run(form).ok().text();
            let unseen = ['\u{202e}', '\u{2028}'];
            let obeyed = text.chars().any(|c| c.is_control() && !"\r\n".contains(c) || unseen.contains(&c));
            findings.hold(!obeyed, &case.name(), || format!("{form:?}: {text:?}"));
        }
        let csv = home.run(&["audit", "--csv", "--limit", "1"]).ok().text();
        findings.hold(csv.matches("\r\n").count() == 2 && !csv.contains(",="), &case.name(), || csv.clone());
    }
    home.run(&["audit", "verify"]).ok();
    findings.end();
}
