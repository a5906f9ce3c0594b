//! The list of capabilities: by readiness and category, the ready ones first.

use std::collections::BTreeMap;
use std::io;

use super::table::width;
use super::{Filter, counted};
use crate::cli::escape;
use crate::cli::screen::{Paint, Screen};
use crate::service::{CapabilityView, Readiness};

/// Those that the filter lets through.
pub(super) fn filtered<'a>(all: &'a [CapabilityView], filter: &Filter) -> Vec<&'a CapabilityView> {
    let wanted = |one: &&CapabilityView| {
        filter.provider.as_ref().is_none_or(|provider| *provider == one.provider)
            && (!filter.ready || one.readiness == Readiness::Ready)
            && (filter.risks.is_empty() || filter.risks.contains(&one.risk))
            && filter.category.as_ref().is_none_or(|category| category.eq_ignore_ascii_case(&one.category))
            && filter.search.as_ref().is_none_or(|words| is_about(one, words))
    };
    all.iter().filter(wanted).collect()
}

/// Whether each of the words stands in its name, category or summary.
fn is_about(one: &CapabilityView, words: &str) -> bool {
    let text = format!("{} {} {}", one.id, one.category, one.summary).to_lowercase();
    words.to_lowercase().split_whitespace().all(|word| text.contains(word))
}

/// Whether the vault is locked, as far as the list tells.
pub(super) fn is_locked(all: &[CapabilityView]) -> bool {
    all.iter().any(|one| one.readiness == Readiness::Locked)
}

pub(super) fn print(capabilities: &[&CapabilityView], screen: &mut Screen<'_>) -> io::Result<()> {
    if capabilities.is_empty() {
        return writeln!(screen.out, "No capability fits. All of them: aivault capability list");
    }
    let rows: Vec<Row<'_>> = capabilities.iter().map(|one| Row { one, mark: mark(one) }).collect();
    let id_width = rows.iter().map(|row| width(row.one.id.as_str())).max().unwrap_or(0);
    let mark_width = rows.iter().map(|row| width(&row.mark)).max().unwrap_or(0);
    for ((readiness, category), group) in grouped(&rows) {
        let heading = format!("{}, {}", escape::line(category), heading(readiness));
        writeln!(screen.out, "{}", screen.paint.bold(heading))?;
        for Row { one, mark } in group {
            let mark = format!("{mark:mark_width$}");
            let mark = painted(&mark, one.readiness, screen.paint);
            let (risk, summary) = (one.risk.as_str(), escape::line(&one.summary));
            writeln!(screen.out, "  {:id_width$}  {mark}  {risk:5}  {summary}", one.id)?;
        }
        writeln!(screen.out)?;
    }
    writeln!(screen.out, "{}", counts(capabilities))
}

/// A capability and what the list says of it.
struct Row<'a> {
    one: &'a CapabilityView,
    mark: String,
}

/// By readiness, what can be used first, and within that by category; in each by name.
fn grouped<'r, 'a>(rows: &'r [Row<'a>]) -> BTreeMap<(Readiness, &'a str), Vec<&'r Row<'a>>> {
    let mut groups: BTreeMap<_, Vec<&Row<'_>>> = BTreeMap::new();
    for row in rows {
        groups.entry((row.one.readiness, row.one.category.as_str())).or_default().push(row);
    }
    groups.values_mut().for_each(|group| group.sort_by(|a, b| a.one.id.cmp(&b.one.id)));
    groups
}

fn heading(readiness: Readiness) -> &'static str {
    match readiness {
        Readiness::Ready => "ready",
        Readiness::Incomplete => "waiting for another secret",
        Readiness::NoHost => "waiting for a host",
        Readiness::NoSecret => "without secrets",
        Readiness::NoAuth => "of auth schemes to come",
        Readiness::Disabled => "off",
        Readiness::Locked => "locked",
    }
}

/// In a word or two, whether it can be used, or what it takes.
pub(super) fn mark(one: &CapabilityView) -> String {
    match one.readiness {
        Readiness::Ready => "ready".to_owned(),
        Readiness::Disabled => "off".to_owned(),
        Readiness::Locked => "locked".to_owned(),
        Readiness::NoHost => "needs its host".to_owned(),
        Readiness::NoAuth => format!("needs {}", one.needs_auth.as_deref().unwrap_or("another auth scheme")),
        Readiness::Incomplete | Readiness::NoSecret => match one.missing.as_slice() {
            [] => "needs a secret".to_owned(),
            [only] => format!("needs {only}"),
            [first, rest @ ..] => format!("needs {first} +{}", rest.len()),
        },
    }
}

fn painted(mark: &str, readiness: Readiness, paint: Paint) -> String {
    match readiness {
        Readiness::Ready => paint.green(mark).to_string(),
        Readiness::Incomplete => paint.yellow(mark).to_string(),
        _ => paint.dim(mark).to_string(),
    }
}

/// `17 ready, 20 need secrets, 1 off; 38 capabilities of 3 providers`.
fn counts(capabilities: &[&CapabilityView]) -> String {
    let count = |readiness: &[Readiness]| {
        capabilities.iter().filter(|one| readiness.contains(&one.readiness)).count()
    };
    let parts = [
        (count(&[Readiness::Ready]), "ready"),
        (count(&[Readiness::Incomplete, Readiness::NoSecret]), "without secrets"),
        (count(&[Readiness::NoHost]), "without a host"),
        (count(&[Readiness::NoAuth]), "of an auth scheme to come"),
        (count(&[Readiness::Disabled]), "off"),
        (count(&[Readiness::Locked]), "locked"),
    ];
    let parts: Vec<String> =
        parts.iter().filter(|(n, _)| *n > 0).map(|(n, word)| format!("{n} {word}")).collect();
    let mut providers: Vec<&str> = capabilities.iter().map(|one| one.provider.as_str()).collect();
    providers.sort_unstable();
    providers.dedup();
    let all = counted(capabilities.len() as u64, "capability");
    format!("{}; {all} of {}", parts.join(", "), counted(providers.len() as u64, "provider"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::render::testing::printed;
    use crate::spec::{CapabilityId, ProviderId, Risk, SecretName};

    fn one(id: &'static str, readiness: Readiness, missing: &[&'static str]) -> CapabilityView {
        let id = CapabilityId::from_static(id);
        CapabilityView {
            provider: ProviderId::parse(id.provider()).unwrap(),
            id,
            category: "ai".into(),
            summary: "Does things".into(),
            risk: Risk::Read,
            readiness,
            needs_auth: None,
            missing: missing.iter().map(|name| SecretName::from_static(name)).collect(),
        }
    }

    fn some() -> Vec<CapabilityView> {
        vec![
            one("anthropic/messages", Readiness::NoSecret, &["ANTHROPIC_API_KEY"]),
            one("openai/models", Readiness::Ready, &[]),
            one("openai/admin", Readiness::Disabled, &[]),
            one("trello/boards", Readiness::Incomplete, &["TRELLO_TOKEN"]),
            one("twilio/calls", Readiness::NoSecret, &["TWILIO_SID", "TWILIO_TOKEN"]),
        ]
    }

    #[test]
    fn the_ready_come_first_and_counts_last() {
        let all = some();
        let shown = filtered(&all, &Filter::default());
        let expected = "\
ai, ready
  openai/models       ready                    read   Does things

ai, waiting for another secret
  trello/boards       needs TRELLO_TOKEN       read   Does things

ai, without secrets
  anthropic/messages  needs ANTHROPIC_API_KEY  read   Does things
  twilio/calls        needs TWILIO_SID +1      read   Does things

ai, off
  openai/admin        off                      read   Does things

1 ready, 3 without secrets, 1 off; 5 capabilities of 4 providers
";
        assert_eq!(printed(|screen| print(&shown, screen)).0, expected);
    }

    #[test]
    fn filters_narrow() {
        let all = some();
        let ids =
            |filter: Filter| filtered(&all, &filter).iter().map(|one| one.id.to_string()).collect::<Vec<_>>();
        let openai = Some(ProviderId::from_static("openai"));
        assert_eq!(
            ids(Filter { provider: openai.clone(), ..Filter::default() }),
            ["openai/models", "openai/admin"]
        );
        assert_eq!(ids(Filter { provider: openai, ready: true, ..Filter::default() }), ["openai/models"]);
        let trello = Some(ProviderId::from_static("trello"));
        assert!(ids(Filter { provider: trello, ready: true, ..Filter::default() }).is_empty());
        assert!(printed(|screen| print(&[], screen)).0.starts_with("No capability fits."));
    }
}
