//! Providers: the registry's and the operator's own.

use std::io;

use super::table::{Table, aligned};
use super::{counted, listed, ways};
use crate::cli::escape;
use crate::cli::screen::Screen;
use crate::service::ProviderView;
use crate::spec::SecretName;

/// The width of the labels.
const LABELS: usize = 14;

pub(super) fn print_list(providers: &[ProviderView], screen: &mut Screen<'_>) -> io::Result<()> {
    let mut table = Table::new(&["PROVIDER", "NAME", "CATEGORY", "AUTH", "CAPABILITIES", "FROM"]);
    for one in providers {
        let from = if one.own { "you" } else { "registry" };
        table.row([
            one.id.to_string(),
            one.name.clone(),
            one.category.clone(),
            one.auth.clone(),
            one.capabilities.to_string(),
            from.to_owned(),
        ]);
    }
    table.print(screen.out, screen.paint)
}

pub(super) fn print(provider: &ProviderView, screen: &mut Screen<'_>) -> io::Result<()> {
    let secrets: Vec<&str> = provider.secrets.iter().map(SecretName::as_str).collect();
    let from = if provider.own { "you" } else { "the registry" };
    for (label, value) in [
        ("provider:", provider.id.to_string()),
        ("name:", provider.name.clone()),
        ("category:", provider.category.clone()),
        ("from:", from.to_owned()),
        ("hosts:", provider.hosts.join(" ")),
        ("auth:", provider.auth.clone()),
        ("secrets:", secrets.join(" ")),
        ("capabilities:", provider.capabilities.to_string()),
        ("docs:", provider.docs.clone()),
    ]
    .into_iter()
    .chain(provider.ways.iter().map(|way| ("way:", ways::in_a_line(way))))
    {
        let value = escape::line(&value);
        writeln!(screen.out, "{}", aligned([(label, LABELS), (&value, 0)].into_iter()))?;
    }
    Ok(())
}

/// The file of an operator's own provider, fit to be sent as a pull request.
pub(super) fn print_source(
    provider: &ProviderView,
    text: Option<&str>,
    screen: &mut Screen<'_>,
) -> io::Result<()> {
    match text {
        Some(text) => write!(screen.out, "{}", escape::block(text)),
        None => {
            screen.warn(&format!("{} is built in; its file is providers/{}.yaml", provider.id, provider.id))
        }
    }
}

pub(super) fn print_added(
    provider: &ProviderView,
    replaced: bool,
    unbound: &[SecretName],
    screen: &mut Screen<'_>,
) -> io::Result<()> {
    let verb = if replaced { "replaced" } else { "added" };
    let count = counted(provider.capabilities as u64, "capability");
    writeln!(screen.out, "Provider {verb}: {} ({count})", provider.id)?;
    let names: Vec<&str> = provider.secrets.iter().map(SecretName::as_str).collect();
    if !replaced {
        let wanted = if provider.ways.is_empty() { listed(&names) } else { ways::to_store(&provider.ways) };
        writeln!(
            screen.out,
            "→ Store {wanted} to use it: aivault secrets create --name {}",
            names.first().copied().unwrap_or_default()
        )?;
    }
    unbound.iter().try_for_each(|name| {
        screen.warn(&format!(
            "{name} was stored for other hosts; give its value again: aivault secrets rotate --name {name}"
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::render::testing::printed;
    use crate::spec::ProviderId;

    fn acme() -> ProviderView {
        ProviderView {
            id: ProviderId::from_static("acme"),
            name: "Acme\u{1b}".to_owned(),
            category: "test".to_owned(),
            own: true,
            hosts: vec!["api.acme.example".to_owned()],
            auth: "header".to_owned(),
            ways: Vec::new(),
            secrets: vec![SecretName::from_static("ACME_KEY")],
            capabilities: 1,
            docs: "https://acme.example".to_owned(),
        }
    }

    #[test]
    fn what_is_added_says_what_comes_next() {
        let (out, err) = printed(|screen| print_added(&acme(), false, &[], screen));
        assert_eq!(
            out,
            "Provider added: acme (1 capability)\n→ Store ACME_KEY to use it: aivault secrets create --name ACME_KEY\n"
        );
        assert!(err.is_empty());
        let (_, err) = printed(|screen| print_added(&acme(), true, &acme().secrets, screen));
        assert!(err.contains("secrets rotate --name ACME_KEY"), "{err}");
    }

    #[test]
    fn a_list_says_where_each_is_from() {
        let (out, _) = printed(|screen| print_list(&[acme()], screen));
        assert!(out.contains("acme      Acme\\u{1b}  test      header  1             you"), "{out}");
    }
}
