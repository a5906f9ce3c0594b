//! What a change of policies changes: one paragraph a change, with the request that shows it.

use std::io;

use super::json;
use crate::cli::arguments::DiffFormat;
use crate::cli::escape;
use crate::cli::screen::Screen;
use crate::service::{AlterationView, ChangeView, Comparison, Facet, RequestView, StandingView};

/// More characters of a body than this are not shown to a person.
const SHOWN: usize = 400;

/// Prints a comparison.
pub(in crate::cli) fn changes(
    found: &Comparison,
    format: DiffFormat,
    screen: &mut Screen<'_>,
) -> io::Result<()> {
    if format == DiffFormat::Json {
        return json(found, screen);
    }
    for change in &found.changes {
        print(change, screen)?;
    }
    for one in &found.altered {
        altered(one, screen)?;
    }
    for capability in &found.unfinished {
        screen.warn(&format!("the search about {capability} was cut short: there may be more changes"))?;
    }
    summary(found, screen)
}

fn summary(found: &Comparison, screen: &mut Screen<'_>) -> io::Result<()> {
    let widening = found.changes.iter().filter(|change| change.widens).count();
    match (widening, found.changes.len() - widening, found.altered.len()) {
        (0, 0, 0) => writeln!(screen.out, "Nothing changes."),
        (wider, narrower, 0) => writeln!(screen.out, "{wider} wider, {narrower} narrower."),
        (wider, narrower, otherwise) => {
            writeln!(screen.out, "{wider} wider, {narrower} narrower, {otherwise} otherwise.")
        }
    }
}

fn altered(one: &AlterationView, screen: &mut Screen<'_>) -> io::Result<()> {
    let label =
        if one.reaches_further { screen.paint.red("changed") } else { screen.paint.yellow("changed") };
    let text = format!("{}: {}", one.about, one.what);
    writeln!(screen.out, "{label} {}", screen.paint.bold(escape::line(&text)))
}

fn print(change: &ChangeView, screen: &mut Screen<'_>) -> io::Result<()> {
    let cause = change.rule.as_ref().map(ToString::to_string).or_else(|| change.setting.clone());
    let cause = cause.unwrap_or_else(|| "what it grants".to_owned());
    let title = format!("{}: {cause}, {}", change.capability, in_words(change));
    if change.widens {
        writeln!(screen.out, "{} {}", screen.paint.red("wider"), screen.paint.bold(title))?;
    } else {
        writeln!(screen.out, "{} {}", screen.paint.green("narrower"), screen.paint.bold(title))?;
    }
    for line in request(&change.request) {
        writeln!(screen.out, "    {}", escape::line(&line))?;
    }
    writeln!(screen.out, "  old: {}", standing(&change.old))?;
    writeln!(screen.out, "  new: {}\n", standing(&change.new))
}

fn in_words(change: &ChangeView) -> &'static str {
    match (change.what, change.widens) {
        (Facet::Permit, true) => "denied before",
        (Facet::Permit, false) => "denied from now on",
        (Facet::Limit, true) => "limited less",
        (Facet::Limit, false) => "limited more",
        (Facet::Approval, true) => "asked about less",
        (Facet::Approval, false) => "asked about more",
        (Facet::Redaction, true) => "redacted less",
        (Facet::Redaction, false) => "redacted more",
    }
}

fn request(request: &RequestView) -> Vec<String> {
    let mut lines = vec![format!("{} {}", request.method, request.path)];
    let RequestView { caller, scope, credential, now, .. } = request;
    lines.push(format!("by {caller} with {credential} in {scope} at {now}"));
    lines.extend(request.headers.iter().map(|(name, value)| format!("{name}: {value}")));
    if let Some(body) = &request.body {
        let shown: String = body.chars().take(SHOWN).collect();
        let more = if shown.len() < body.len() { "…" } else { "" };
        lines.push(format!("{shown}{more}"));
    }
    lines.extend(request.body_bytes.map(|bytes| format!("(with white space behind it: {bytes} bytes)")));
    lines
}

fn standing(standing: &StandingView) -> String {
    if standing.allowed {
        return std::iter::once("allowed".to_owned())
            .chain(standing.effects.clone())
            .collect::<Vec<_>>()
            .join("; ");
    }
    let rules: Vec<String> = standing.rules.iter().map(ToString::to_string).collect();
    let by = if rules.is_empty() { String::new() } else { format!(" by {}", rules.join(", ")) };
    format!("denied{by} ({})", standing.reason.unwrap_or("internal"))
}
