//! Requests that wait for a person, told so that the person can decide.

use std::io;

use super::table::{Table, aligned};
use super::time;
use crate::cli::escape;
use crate::cli::screen::Screen;
use crate::service::Question;

/// The width of the labels.
const LABELS: usize = 12;

pub(super) fn print_list(questions: &[Question], now_ms: u64, screen: &mut Screen<'_>) -> io::Result<()> {
    if questions.is_empty() {
        return writeln!(screen.out, "No request waits for approval.");
    }
    let mut table = Table::new(&["ID", "ASKED", "CALLER", "CAPABILITY", "REQUEST", "RULES"]);
    for one in questions {
        let rules: Vec<&str> = one.rules.iter().map(|rule| rule.id.as_str()).collect();
        table.row([
            one.id.clone(),
            time::ago(one.asked_ms, now_ms),
            one.caller.clone(),
            one.capability.to_string(),
            format!("{} {}", one.method, one.url),
            rules.join(" "),
        ]);
    }
    table.print(screen.out, screen.paint)
}

/// All that is known of one request, nothing of it able to move the cursor.
pub(in crate::cli) fn print(question: &Question, screen: &mut Screen<'_>) -> io::Result<()> {
    for (label, value) in rows(question) {
        let value = escape::line(&value);
        writeln!(screen.out, "{}", aligned([(label, LABELS), (&value, 0)].into_iter()))?;
    }
    Ok(())
}

fn rows(question: &Question) -> Vec<(&'static str, String)> {
    let mut rows = vec![
        ("id:", question.id.clone()),
        ("caller:", question.caller.clone()),
        ("capability:", question.capability.to_string()),
        ("credential:", format!("{} ({})", question.credential, question.scope)),
        ("request:", format!("{} {}", question.method, question.url)),
    ];
    rows.extend(question.headers.iter().map(|(name, value)| ("header:", format!("{name}: {value}"))));
    rows.push(("body:", format!("{} bytes", question.body_bytes)));
    for (pointer, values) in &question.shown {
        let values = if values.is_empty() { "(not there)".to_owned() } else { values.join(", ") };
        rows.push(("", format!("{pointer} = {values}")));
    }
    rows.extend(question.rules.iter().map(|rule| ("rule:", format!("{}: {}", rule.id, rule.why))));
    rows.push(("until:", time::utc(question.until_ms)));
    rows
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::render::testing::printed;
    use crate::service::AskingRule;
    use crate::spec::{CapabilityId, CredentialName, RuleId, Scope};

    fn question() -> Question {
        Question {
            id: "ask_1a2b3c4d".to_owned(),
            asked_ms: 0,
            until_ms: 300_000,
            caller: "uid:1000 pid:7".to_owned(),
            rules: vec![AskingRule {
                id: RuleId::from_static("github/deletes"),
                why: "For people.".to_owned(),
            }],
            capability: CapabilityId::from_static("github/repos"),
            credential: CredentialName::from_static("github"),
            scope: Scope::Global,
            method: "DELETE".to_owned(),
            url: "https://api.github.com/repos/a/b".to_owned(),
            headers: vec![("accept".to_owned(), "x\u{1b}[2J".to_owned())],
            body_bytes: 12,
            shown: vec![("/name".to_owned(), vec!["\"b\"".to_owned()]), ("/x".to_owned(), Vec::new())],
        }
    }

    #[test]
    fn a_person_sees_the_request_and_why_it_waits() {
        let (out, _) = printed(|screen| print(&question(), screen));
        let expected = "id:           ask_1a2b3c4d
caller:       uid:1000 pid:7
capability:   github/repos
credential:   github (global)
request:      DELETE https://api.github.com/repos/a/b
header:       accept: x\\u{1b}[2J
body:         12 bytes
              /name = \"b\"
              /x = (not there)
rule:         github/deletes: For people.
until:        1970-01-01T00:05:00Z
";
        assert_eq!(out, expected);
    }

    #[test]
    fn a_list_has_a_row_for_each() {
        let (out, _) = printed(|screen| print_list(&[question()], 1000, screen));
        assert!(out.contains("ask_1a2b3c4d  just now"), "{out}");
        assert_eq!(printed(|screen| print_list(&[], 0, screen)).0, "No request waits for approval.\n");
    }
}
