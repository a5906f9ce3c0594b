//! Events as comma-separated values (RFC 4180), safe to open in a spreadsheet.
//!
//! Callers write some of the texts. A spreadsheet takes a cell that begins with `=`, `+`, `-` or `@` for a formula,
//! also when it is quoted: such a cell gets an apostrophe before it, which makes a text of it. Control
//! characters are escaped as everywhere, so that no cell breaks out of its row.

use std::io;

use crate::cli::escape;
use crate::cli::screen::Screen;
use crate::service::AuditView;

use super::time;

const HEADING: &str = "seq,time,action,outcome,caller,secret,provider,capability,credential,scope,host,method,path,\
                       status,duration_ms,reason,decision,rules,detail";

pub(super) fn print(events: &[&AuditView], screen: &mut Screen<'_>) -> io::Result<()> {
    write!(screen.out, "{HEADING}\r\n")?;
    events.iter().try_for_each(|view| write!(screen.out, "{}\r\n", row(view)))
}

fn row(view: &AuditView) -> String {
    let event = &view.event;
    let shown = |value: Option<&dyn ToString>| value.map(ToString::to_string).unwrap_or_default();
    let rules: Vec<String> = event.rules.iter().map(ToString::to_string).collect();
    let texts = [
        time::utc(event.ts_ms),
        event.action.to_string(),
        event.outcome.to_string(),
        event.caller.clone(),
        shown(event.secret.as_ref().map(|it| it as _)),
        shown(event.provider.as_ref().map(|it| it as _)),
        event.capability.clone().unwrap_or_default(),
        event.credential.clone().unwrap_or_default(),
        shown(event.scope.as_ref().map(|it| it as _)),
        event.host.clone().unwrap_or_default(),
        event.method.clone().unwrap_or_default(),
        event.path.clone().unwrap_or_default(),
        shown(event.status.as_ref().map(|it| it as _)),
        shown(event.duration_ms.as_ref().map(|it| it as _)),
        event.reason.clone().unwrap_or_default(),
        shown(event.decision.as_ref().map(|it| it as _)),
        rules.join(" "),
        event.detail.clone().unwrap_or_default(),
    ];
    let cells: Vec<String> = texts.iter().map(|text| cell(text)).collect();
    format!("{},{}", view.seq, cells.join(","))
}

/// One cell, quoted where it is more than a plain word.
fn cell(text: &str) -> String {
    let text = escape::line(text);
    // White space before it does not make a formula harmless.
    let is_formula =
        text.trim_start().starts_with(['=', '+', '-', '@', '\u{ff1d}', '\u{ff0b}', '\u{ff0d}', '\u{ff20}']);
    let text = if is_formula { format!("'{text}") } else { text.into_owned() };
    let is_plain = text.chars().all(|c| c.is_ascii_alphanumeric() || "._/:-*".contains(c));
    if is_plain { text } else { format!("\"{}\"", text.replace('"', "\"\"")) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::render::testing::printed;

    #[test]
    fn a_cell_is_neither_a_formula_nor_more_than_one() {
        for (text, shown) in [
            ("", ""),
            ("invoke", "invoke"),
            ("openai/models", "openai/models"),
            ("=1+1", "\"'=1+1\""),
            ("+1", "\"'+1\""),
            ("-1", "\"'-1\""),
            ("@SUM(A1)", "\"'@SUM(A1)\""),
            ("  =1", "\"'  =1\""),
            ("\t=1", "\"\\t=1\""),
            ("\u{ff1d}1", "\"'\u{ff1d}1\""),
            ("a,b", "\"a,b\""),
            ("a;b", "\"a;b\""),
            ("a\"b", "\"a\"\"b\""),
            ("a\r\n=b", "\"a\\r\\n=b\""),
            ("\u{1b}[2J", "\"\\u{1b}[2J\""),
        ] {
            assert_eq!(cell(text), shown, "{text:?}");
        }
    }

    #[test]
    fn an_event_is_one_row() {
        let text = r#"[{"seq":7,"event":{"ts_ms":2000,"action":"invoke","outcome":"denied","caller":"uid:1 pid:2",
            "capability":"=cmd|' /C calc'!A0","method":"GET","path":"/a,b","status":200,"reason":"capability.path"}}]"#;
        let events: Vec<AuditView> = serde_json::from_str(text).unwrap();
        let (out, _) = printed(|screen| print(&events.iter().collect::<Vec<_>>(), screen));
        let lines: Vec<&str> = out.split("\r\n").collect();
        assert_eq!(
            lines,
            [
                HEADING,
                "7,1970-01-01T00:00:02Z,invoke,denied,\"uid:1 pid:2\",,,\"'=cmd|' /C calc'!A0\",,,,GET,\"/a,b\",200,,\
                 capability.path,,,",
                ""
            ]
        );
        assert_eq!(HEADING.split(',').count(), 19);
    }
}
