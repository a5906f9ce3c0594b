//! Findings as GitHub Actions shows them beside the lines of a pull request (workflow commands).

use crate::cli::escape;
use crate::spec::Diagnostic;

/// `::error file=…,line=…,col=…,title=…::message`
pub(super) fn line(one: &Diagnostic) -> String {
    let code = one.finding.code;
    let (file, title) = (property(one.file()), property(&format!("{} {}", code.as_str(), code.title())));
    let help = one.finding.help.as_ref().map(|help| format!("\n{help}")).unwrap_or_default();
    let message = data(&format!("{}{help}", one.finding.message));
    let (severity, line, column) = (code.severity().as_str(), one.line, one.column);
    format!("::{severity} file={file},line={line},col={column},title={title}::{message}")
}

/// A line break would end the command and begin another.
fn data(text: &str) -> String {
    escape::block(text).replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
