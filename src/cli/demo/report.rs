//! Tells the demo step by step: short, coloured on a terminal, plain in a pipe. The key is masked in
//! all that passes through here.

use std::fmt::Display;
use std::io::{self, Write};

use super::checks::Check;
use super::key::DemoKey;
use super::stage::Ran;
use super::steps::Called;
use crate::cli::escape;
use crate::cli::screen::Paint;

/// Columns of one of two sides, and of one line of an output.
const SIDE: usize = 42;
const LINE: usize = 104;
/// Lines of one side.
const SIDE_LINES: usize = 10;

/// Where the demo tells what happens.
pub(super) struct Report {
    out: Box<dyn Write>,
    paint: Paint,
    /// Whether anybody still reads.
    open: bool,
}

impl Report {
    pub(super) fn on_stdout(paint: Paint) -> Self {
        Self::to(Box::new(io::stdout()), paint)
    }

    fn to(out: Box<dyn Write>, paint: Paint) -> Self {
        Self { out, paint, open: true }
    }

    pub(super) fn line(&mut self, text: impl Display) {
        // Whoever closed the pipe has seen enough; the verdict is still in the exit code.
        self.open = self.open && writeln!(self.out, "{text}").is_ok();
    }

    pub(super) fn step(&mut self, title: &str) {
        self.line(format_args!("\n{}", self.paint.bold(title)));
    }

    /// The command as typed.
    pub(super) fn typed(&mut self, ran: &Ran, key: &DemoKey) {
        let typed = key.mask_in(&ran.typed);
        self.line(format_args!("\n  {} aivault {}", self.paint.green("$"), escape::line(&typed)));
    }

    /// A command and the first `lines` of what it printed.
    pub(super) fn ran(&mut self, ran: &Ran, lines: usize, key: &DemoKey) {
        self.typed(ran, key);
        let printed = key.mask_in(&format!("{}{}", ran.stdout, ran.stderr));
        for text in first_lines(printed.trim_end().lines().map(shortened), lines) {
            let shown = escape::line(&text);
            let blank = if shown.is_empty() { "" } else { " " };
            self.line(format_args!("  {}{blank}{}", self.paint.dim("│"), self.paint.dim(shown)));
        }
        if let Some(ending) = ending(ran) {
            self.line(format_args!("  {} {ending}", self.paint.dim("│")));
        }
    }

    /// What the upstream received of a call, beside what the caller got.
    pub(super) fn both_sides(&mut self, called: &Called, key: &DemoKey) {
        let left = first_lines(arrived(called, key), SIDE_LINES);
        let right = first_lines(returned(&called.ran, key), SIDE_LINES);
        let heads = ["what the upstream received", "what the caller got"];
        let bar = self.paint.dim("│");
        self.line(format_args!(
            "    {} {bar} {}",
            self.paint.bold(padded(heads[0])),
            self.paint.bold(heads[1])
        ));
        for row in 0..left.len().max(right.len()) {
            let at = |side: &[String]| {
                side.get(row).map_or_else(String::new, |text| escape::line(text).into_owned())
            };
            self.line(format_args!("    {} {bar} {}", padded(&at(&left)), at(&right)).to_string().trim_end());
        }
    }

    pub(super) fn checks(&mut self, checks: &[Check]) {
        self.step("Did it hold?");
        for check in checks {
            self.check(check);
        }
    }

    pub(super) fn check(&mut self, check: &Check) {
        let (green, red) = (self.paint.green("✓"), self.paint.red("✗"));
        let mark: &dyn Display = if check.holds() { &green } else { &red };
        self.line(format_args!("  {mark} {}", check.what));
        for fault in &check.faults {
            self.line(format_args!("      {}", escape::line(fault)));
        }
    }
}

/// The lines of what arrived.
fn arrived(called: &Called, key: &DemoKey) -> Vec<String> {
    let mut lines = Vec::new();
    for one in &called.received {
        let body = String::from_utf8_lossy(&one.body);
        for text in [
            format!("{} {}", one.method, one.target),
            format!("authorization: {}", key.mask_in(&one.authorization)),
            key.mask_in(&body),
        ] {
            lines.extend(wrapped(&text));
        }
    }
    if lines.is_empty() {
        lines.push("nothing".to_owned());
    }
    lines
}

/// The lines of what came back.
fn returned(ran: &Ran, key: &DemoKey) -> Vec<String> {
    let printed = key.mask_in(&format!("{}{}", ran.stdout, ran.stderr));
    let mut lines: Vec<String> = printed.trim_end().lines().flat_map(wrapped).collect();
    lines.extend(ending(ran));
    lines
}

/// How a command ended, when it did not end well.
fn ending(ran: &Ran) -> Option<String> {
    match ran.code {
        Some(0) => None,
        Some(code) => Some(format!("exit code {code}")),
        None => Some("stopped by a signal".to_owned()),
    }
}

/// At most `limit` lines; the last one counts those that are left out.
fn first_lines<T: Into<String>>(lines: impl IntoIterator<Item = T>, limit: usize) -> Vec<String> {
    let mut lines: Vec<String> = lines.into_iter().map(Into::into).collect();
    if lines.len() > limit {
        let left_out = lines.len() - limit + 1;
        lines.truncate(limit - 1);
        lines.push(format!("… {left_out} more lines"));
    }
    lines
}

/// One line of an output, cut where it would get too wide.
fn shortened(line: &str) -> String {
    if line.chars().count() <= LINE {
        return line.to_owned();
    }
    line.chars().take(LINE - 1).chain(['…']).collect()
}

/// A text in lines of one side's width, broken at a blank where there is one near the end.
fn wrapped(text: &str) -> Vec<String> {
    let mut lines = Vec::new();
    let mut rest: Vec<char> = text.chars().collect();
    while rest.len() > SIDE {
        let blank = rest[..SIDE].iter().rposition(|&character| character == ' ').map(|place| place + 1);
        let cut = blank.filter(|&cut| cut > SIDE / 2).unwrap_or(SIDE);
        lines.push(rest.drain(..cut).collect());
    }
    lines.push(rest.into_iter().collect());
    lines
}

fn padded(text: &str) -> String {
    format!("{text:<SIDE$}")
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use bytes::Bytes;

    use super::*;
    use crate::cli::demo::upstream::Received;

    #[derive(Clone, Default)]
    struct Paper(Arc<Mutex<Vec<u8>>>);

    impl Write for Paper {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// What a report puts on paper.
    fn told(tell: impl FnOnce(&mut Report)) -> String {
        let paper = Paper::default();
        tell(&mut Report::to(Box::new(paper.clone()), Paint::plain()));
        String::from_utf8(paper.0.lock().unwrap().clone()).unwrap()
    }

    fn called(key: &DemoKey, code: i32) -> Called {
        let received = Received {
            method: "POST".to_owned(),
            target: "/v1/x".to_owned(),
            authorization: format!("Bearer {}", key.reveal()),
            body: Bytes::from_static(b"{}"),
        };
        let ran = Ran {
            typed: format!("invoke --value {}", key.reveal()),
            code: Some(code),
            stdout: format!("a\u{1b}[2Jb {}\n", key.reveal()),
            stderr: String::new(),
        };
        Called { ran, received: vec![received] }
    }

    #[test]
    fn the_key_is_masked_and_escapes_are_shown_on_both_sides() {
        let key = DemoKey::make().unwrap();
        let called = called(&key, 3);
        let text = told(|report| {
            report.ran(&called.ran, 5, &key);
            report.both_sides(&called, &key);
        });
        assert!(!key.is_in(text.as_bytes()), "{text}");
        assert!(!text.contains('\u{1b}'), "{text}");
        assert_eq!(text.matches(&key.masked()).count(), 4, "{text}");
        assert!(text.contains("exit code 3"), "{text}");
    }

    #[test]
    fn an_upstream_that_got_nothing_is_said_so() {
        let key = DemoKey::make().unwrap();
        let called = Called { received: Vec::new(), ..called(&key, 3) };
        assert!(told(|report| report.both_sides(&called, &key)).contains("    nothing "));
    }

    #[test]
    fn a_fault_is_told_below_its_check() {
        let [good, bad] =
            [vec![], vec!["here".to_owned()]].map(|faults| Check { what: "it holds".into(), faults });
        assert_eq!(told(|report| report.check(&good)), "  ✓ it holds\n");
        assert_eq!(told(|report| report.check(&bad)), "  ✗ it holds\n      here\n");
    }

    #[test]
    fn long_outputs_and_lines_are_cut() {
        assert_eq!(first_lines(["a", "b", "c"], 3), ["a", "b", "c"]);
        assert_eq!(first_lines(["a", "b", "c", "d"], 3), ["a", "b", "… 2 more lines"]);
        assert_eq!(shortened(&"ä".repeat(LINE)).chars().count(), LINE);
        assert_eq!(shortened(&"ä".repeat(LINE + 1)).chars().count(), LINE);
    }

    #[test]
    fn wrapping_loses_nothing() {
        for text in ["", "short", &"x".repeat(100), &"seven letters ".repeat(12)] {
            let lines = wrapped(text);
            assert_eq!(lines.concat(), *text);
            assert!(lines.iter().all(|line| line.chars().count() <= SIDE));
        }
    }
}
