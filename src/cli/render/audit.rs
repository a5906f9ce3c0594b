//! The audit log, the newest event first.

use std::collections::BTreeSet;
use std::io;

use serde::Serialize;

use super::table::Table;
use super::{audit_csv, counted, json, time};
use crate::cli::escape;
use crate::cli::screen::Screen;
use crate::platform::users;
use crate::service::{AuditView, RetiredView, RetirementView, VerifiedView};

/// An event as scripts read it: its fields beside its number.
#[derive(Serialize)]
struct Numbered<'a, E> {
    seq: u64,
    /// What the system calls the user who asked, where it was one of this machine.
    #[serde(skip_serializing_if = "Option::is_none")]
    user: Option<String>,
    #[serde(flatten)]
    event: &'a E,
}

/// In which form events are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::cli) enum Form {
    Table,
    Json,
    Csv,
    /// Each as it comes, as a row without a heading.
    Rows,
    /// Each as it comes, as JSON in a line.
    Lines,
}

fn numbered(view: &AuditView) -> Numbered<'_, impl Serialize> {
    Numbered { seq: view.seq, user: user(&view.event.caller), event: &view.event }
}

pub(in crate::cli) fn print(events: &[AuditView], form: Form, screen: &mut Screen<'_>) -> io::Result<()> {
    let mut newest: Vec<&AuditView> = events.iter().collect();
    newest.sort_by_key(|view| std::cmp::Reverse(view.seq));
    match form {
        Form::Table => table(&newest, screen),
        Form::Json => json(&newest.iter().map(|view| numbered(view)).collect::<Vec<_>>(), screen),
        Form::Csv => audit_csv::print(&newest, screen),
        Form::Rows => events.iter().try_for_each(|view| writeln!(screen.out, "{}", row(view))),
        Form::Lines => events.iter().try_for_each(|view| {
            let text = serde_json::to_string(&numbered(view))?;
            writeln!(screen.out, "{}", safe(&text))
        }),
    }
}

/// JSON on one line, safe to show: what is not stands in its strings, where `\u…` means the same.
fn safe(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for character in text.chars() {
        if escape::is_unsafe(character) {
            let units = character
                .encode_utf16(&mut [0; 2])
                .iter()
                .map(|unit| format!("\\u{unit:04x}"))
                .collect::<String>();
            shown.push_str(&units);
        } else {
            shown.push(character);
        }
    }
    shown
}

/// One event in a line, in columns as far as they are of one width.
fn row(view: &AuditView) -> String {
    let event = &view.event;
    let (action, outcome) = (event.action.as_str(), event.outcome.as_str());
    let rest = format!("{}  {}", subject(view), details(view));
    format!("{}  {action:<20}  {outcome:<9}  {}", time::utc(event.ts_ms), escape::line(rest.trim()))
}

fn table(events: &[&AuditView], screen: &mut Screen<'_>) -> io::Result<()> {
    if events.is_empty() {
        return writeln!(screen.out, "No events.");
    }
    let mut table = Table::new(&["TIME", "CALLER", "ACTION", "OUTCOME", "SUBJECT", "DETAILS"]);
    let ended: BTreeSet<u64> = events.iter().filter_map(|view| view.event.decision).collect();
    for view in events {
        // The end says all that the request did; a request without one is worth a line.
        if view.is_request() && ended.contains(&view.seq) {
            continue;
        }
        let event = &view.event;
        let (action, outcome) = (event.action.to_string(), event.outcome.to_string());
        table.row([
            time::utc(event.ts_ms),
            caller(&event.caller),
            action,
            outcome,
            subject(view),
            details(view),
        ]);
    }
    table.print(screen.out, screen.paint)
}

/// What a check of the whole log found.
#[derive(Serialize)]
struct Verified<'a> {
    intact: bool,
    #[serde(flatten)]
    view: &'a VerifiedView,
}

pub(super) fn print_verified(found: &VerifiedView, as_json: bool, screen: &mut Screen<'_>) -> io::Result<()> {
    if as_json {
        return json(&Verified { intact: true, view: found }, screen);
    }
    let (events, files) = (counted(found.events, "event"), counted(u64::from(found.files), "file"));
    let last = escape::line(&found.last_mac);
    writeln!(screen.out, "The audit log is intact: {events} in {files}, the last with MAC {last}.")?;
    if let Some(since) = found.since {
        writeln!(screen.out, "Nothing up to event {since} has changed since the checkpoint.")?;
    }
    if let Some(RetiredView { upto_seq, files, at_ms }) = found.retired {
        let (files, day) = (counted(u64::from(files), "file"), time::utc(at_ms));
        writeln!(screen.out, "Retired before: all up to event {upto_seq}, in {files}, lastly at {day}.")?;
    }
    if !found.repairs.is_empty() {
        let seqs: Vec<String> = found.repairs.iter().map(ToString::to_string).collect();
        let message = format!("a crash was repaired: see the events {}", seqs.join(", "));
        screen.warn(&message)?;
    }
    Ok(())
}

#[derive(Serialize)]
struct Head<'a> {
    seq: u64,
    checkpoint: &'a str,
}

/// The checkpoint and nothing else, so that it can be kept as it is printed.
pub(super) fn print_checkpoint(
    seq: u64,
    checkpoint: &str,
    as_json: bool,
    screen: &mut Screen<'_>,
) -> io::Result<()> {
    if as_json {
        return json(&Head { seq, checkpoint }, screen);
    }
    writeln!(screen.out, "{}", escape::line(checkpoint))
}

pub(super) fn print_retired(retired: Option<&RetirementView>, screen: &mut Screen<'_>) -> io::Result<()> {
    let Some(RetirementView { entries, files, upto_seq }) = retired else {
        return writeln!(screen.out, "No file of the audit log is that old as a whole; nothing was retired.");
    };
    let (entries, files) = (counted(*entries, "event"), counted(u64::from(*files), "file"));
    writeln!(screen.out, "Retired: {entries} in {files}, up to event {upto_seq}. The rest still verifies.")?;
    writeln!(screen.out, "→ Keep a checkpoint of what remains: aivault audit checkpoint")
}

/// Who asked, without the number of the process: `alice`, `token:agent-7`, or the number of a user
/// whom the system does not know any more.
fn caller(logged: &str) -> String {
    let who = logged.split(' ').next().unwrap_or_default();
    user(logged).unwrap_or_else(|| who.to_owned())
}

fn user(logged: &str) -> Option<String> {
    let uid = logged.split(' ').next()?.strip_prefix("uid:")?.parse().ok()?;
    users::name_of(uid)
}

/// What it was about.
fn subject(view: &AuditView) -> String {
    let event = &view.event;
    let secret = event.secret.as_ref().map(ToString::to_string);
    let provider = event.provider.as_ref().map(ToString::to_string);
    let subject = event.capability.clone().or(secret).or_else(|| event.credential.clone()).or(provider);
    subject.or_else(|| event.host.clone()).unwrap_or_default()
}

/// The rest, in as few words as there are.
fn details(view: &AuditView) -> String {
    let event = &view.event;
    let path = event.path.clone().unwrap_or_default();
    let place = event.host.as_ref().map(|host| format!("{host}{path}")).unwrap_or(path);
    let parts = [
        event.method.clone(),
        Some(place),
        event.status.map(|status| status.to_string()),
        event.duration_ms.map(|ms| format!("{ms}ms")),
        event.scope.as_ref().map(ToString::to_string),
        event.reason.clone(),
        event.detail.clone(),
    ];
    let parts: Vec<String> = parts.into_iter().flatten().filter(|part| !part.is_empty()).collect();
    parts.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::render::testing::printed;

    fn events() -> Vec<AuditView> {
        let text = r#"[
            {"seq":1,"event":{"ts_ms":1000,"action":"secret.create","outcome":"ok","caller":"cli",
                "secret":"OPENAI_API_KEY","provider":"openai","scope":"global"}},
            {"seq":2,"event":{"ts_ms":2000,"action":"invoke","outcome":"denied","caller":"uid:0 pid:9",
                "capability":"openai/\u001b[2Jmodels","method":"GET","host":"api.openai.com","path":"/v1/models",
                "status":200,"duration_ms":35,"scope":"workspace:w","reason":"capability.path"}}
        ]"#;
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn the_newest_comes_first_and_escapes_are_shown() {
        let expected = "\
TIME                  CALLER  ACTION         OUTCOME  SUBJECT                 DETAILS
1970-01-01T00:00:02Z  root    invoke         denied   openai/\\u{1b}[2Jmodels  GET api.openai.com/v1/models 200 35ms workspace:w capability.path
1970-01-01T00:00:01Z  cli     secret.create  ok       OPENAI_API_KEY          global
";
        assert_eq!(printed(|screen| print(&events(), Form::Table, screen)).0, expected);
        assert_eq!(printed(|screen| print(&[], Form::Table, screen)).0, "No events.\n");
    }

    #[test]
    fn a_request_is_shown_only_while_nothing_says_how_it_ended() {
        let text = r#"[
            {"seq":1,"event":{"ts_ms":1000,"action":"secret.rotate","outcome":"requested","caller":"cli"}},
            {"seq":2,"event":{"ts_ms":1000,"action":"secret.rotate","outcome":"ok","caller":"cli","decision":1}},
            {"seq":3,"event":{"ts_ms":1000,"action":"secret.delete","outcome":"requested","caller":"cli"}}
        ]"#;
        let events: Vec<AuditView> = serde_json::from_str(text).unwrap();
        let (out, _) = printed(|screen| print(&events, Form::Table, screen));
        assert_eq!(out.lines().count(), 3, "{out}");
        assert!(out.contains("secret.delete  requested") && out.contains("secret.rotate  ok"), "{out}");
    }

    #[test]
    fn json_is_one_list_of_flat_events() {
        let (out, _) = printed(|screen| print(&events(), Form::Json, screen));
        let back: serde_json::Value = serde_json::from_str(&out).unwrap();
        assert_eq!(back[0]["seq"], 2);
        assert_eq!(back[1]["secret"], "OPENAI_API_KEY");
        assert!(!out.contains('\u{1b}'));
    }
}
