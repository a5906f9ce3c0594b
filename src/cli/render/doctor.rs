//! What a look at everything found: a line a check.

use std::io;

use crate::cli::escape;
use crate::cli::screen::Screen;
use crate::service::doctor::{DoctorView, State};

pub(super) fn print(view: &DoctorView, screen: &mut Screen<'_>) -> io::Result<()> {
    for finding in &view.findings {
        let state = match finding.state {
            State::Fine => "ok",
            State::Note => "note",
            State::Wrong => "WRONG",
            State::Repaired => "repaired",
        };
        let (check, message) = (finding.check.as_str(), escape::line(&finding.message));
        writeln!(screen.out, "{state:<8} {check}: {message}")?;
        if let Some(help) = finding.help.as_ref().filter(|help| !help.is_empty()) {
            writeln!(screen.out, "{:8} → {}", "", escape::line(help))?;
        }
    }
    let wrong = view.findings.iter().filter(|finding| finding.state == State::Wrong).count();
    match wrong {
        0 => writeln!(screen.out, "Nothing is wrong."),
        1 => writeln!(screen.out, "1 thing is wrong."),
        more => writeln!(screen.out, "{more} things are wrong."),
    }
}
