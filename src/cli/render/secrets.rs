//! Secrets, told of and never shown.

use std::io;

use super::table::Table;
use super::{counted, listed, time};
use crate::cli::escape;
use crate::cli::screen::Screen;
use crate::service::{CredentialView, PlannedView, SecretView, StoredView};
use crate::spec::{Host, SecretName};

/// What was done to a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(in crate::cli) enum Deed {
    #[default]
    Created,
    Updated,
    Rotated,
    Attached,
    Detached,
}

impl Deed {
    const fn verb(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Updated => "updated",
            Self::Rotated => "rotated",
            Self::Attached => "attached to the group",
            Self::Detached => "detached from the group",
        }
    }
}

pub(super) fn print_stored(stored: &StoredView, deed: Deed, screen: &mut Screen<'_>) -> io::Result<()> {
    print_entry(stored, deed, screen)?;
    print_test_vault(stored.test_vault, screen)
}

pub(super) fn print_imported(
    stored: &[StoredView],
    unchanged: &[SecretName],
    screen: &mut Screen<'_>,
) -> io::Result<()> {
    for one in stored {
        print_entry(one, Deed::Created, screen)?;
    }
    for name in unchanged {
        writeln!(screen.out, "Secret unchanged: {name} (stored already with this value)")?;
    }
    writeln!(screen.out, "{} imported", counted(stored.len() as u64, "secret"))?;
    print_test_vault(stored.iter().any(|one| one.test_vault), screen)
}

/// Names and pins, before anything is stored.
pub(super) fn print_planned(planned: &[PlannedView], screen: &mut Screen<'_>) -> io::Result<()> {
    let mut table = Table::new(&["NAME", "SCOPE", "PINNED TO", "HOSTS", "NOTE"]);
    for one in planned {
        let provider = one.provider.as_ref().map_or("-".to_owned(), ToString::to_string);
        let hosts: Vec<&str> = one.hosts.iter().map(Host::as_str).collect();
        let note = if one.is_there { "stored already; another value would stop the import" } else { "" };
        table.row([one.name.to_string(), one.scope.to_string(), provider, hosts.join(" "), note.to_owned()]);
    }
    table.print(screen.out, screen.paint)?;
    writeln!(screen.out, "{} would be imported; nothing was stored", counted(planned.len() as u64, "secret"))
}

fn print_entry(stored: &StoredView, deed: Deed, screen: &mut Screen<'_>) -> io::Result<()> {
    let secret = &stored.secret;
    writeln!(screen.out, "Secret {}: {} ({})", deed.verb(), secret.name, pin(secret))?;
    if let Some(credential) = &stored.provisioned {
        print_provisioned(credential, screen)?;
        stored.further.iter().try_for_each(|one| print_provisioned(one, screen))?;
    } else if let (Some(provider), [_, ..]) = (&secret.provider, stored.missing.as_slice()) {
        let names: Vec<&str> = stored.missing.iter().map(|name| name.as_str()).collect();
        writeln!(screen.out, "→ Waiting for {} to complete {provider} credential", listed(&names))?;
    }
    stored.warnings.iter().try_for_each(|warning| screen.warn(warning))
}

fn print_provisioned(credential: &CredentialView, screen: &mut Screen<'_>) -> io::Result<()> {
    let capabilities = counted(credential.capabilities as u64, "capability");
    let by = credential.way.as_ref().map(|way| format!(", by {way}")).unwrap_or_default();
    writeln!(screen.out, "→ Credential auto-provisioned: {} ({capabilities} enabled{by})", credential.name)
}

fn print_test_vault(is_test: bool, screen: &mut Screen<'_>) -> io::Result<()> {
    if is_test {
        writeln!(
            screen.out,
            "This is a test vault: its hosts can be sent to local servers, so store no real secrets."
        )?;
    }
    Ok(())
}

fn pin(secret: &SecretView) -> String {
    match &secret.provider {
        Some(provider) => format!("pinned to provider: {provider}"),
        None => "not pinned: no provider claims the name".to_owned(),
    }
}

/// What became of a secret, and of the credentials that hang on it.
pub(super) fn print_changed(
    secret: &SecretView,
    deed: Deed,
    provisioned: &[CredentialView],
    removed: &[CredentialView],
    screen: &mut Screen<'_>,
) -> io::Result<()> {
    let (verb, name) = (deed.verb(), &secret.name);
    match deed {
        Deed::Rotated => writeln!(screen.out, "Secret {verb}: {name} (version {})", secret.version)?,
        _ => writeln!(screen.out, "Secret {verb}: {name}")?,
    }
    provisioned.iter().try_for_each(|credential| print_provisioned(credential, screen))?;
    removed.iter().try_for_each(|credential| print_removed(credential, screen))
}

/// A damaged record has nothing left but its id.
pub(super) fn print_deleted(
    id: &str,
    secret: Option<&SecretView>,
    removed: &[CredentialView],
    screen: &mut Screen<'_>,
) -> io::Result<()> {
    match secret {
        Some(secret) => writeln!(screen.out, "Secret deleted: {}", secret.name)?,
        None => writeln!(screen.out, "Damaged secret deleted: {}", escape::line(id))?,
    }
    removed.iter().try_for_each(|credential| print_removed(credential, screen))
}

fn print_removed(credential: &CredentialView, screen: &mut Screen<'_>) -> io::Result<()> {
    let capabilities = counted(credential.capabilities as u64, "capability");
    let (name, scope) = (&credential.name, &credential.scope);
    writeln!(screen.out, "→ Credential removed: {name} in {scope} ({capabilities} off)")
}

/// By name, and of one name the widest first.
pub(super) fn in_order(secrets: &[SecretView]) -> Vec<&SecretView> {
    let mut secrets: Vec<&SecretView> = secrets.iter().collect();
    secrets.sort_by(|a, b| (&a.name, &a.scope, &a.id).cmp(&(&b.name, &b.scope, &b.id)));
    secrets
}

/// What there is besides the secrets of a list.
#[derive(Clone, Copy)]
pub(super) struct Rest {
    /// In other scopes than the one that was asked for.
    pub(super) elsewhere: usize,
    /// False when some could not be read.
    pub(super) is_readable: bool,
}

pub(super) fn print_list(
    secrets: &[&SecretView],
    rest: Rest,
    now_ms: u64,
    screen: &mut Screen<'_>,
) -> io::Result<()> {
    if secrets.is_empty() {
        if !rest.is_readable {
            return Ok(());
        }
        if rest.elsewhere > 0 {
            let elsewhere = counted(rest.elsewhere as u64, "secret");
            return writeln!(screen.out, "No secrets there; {elsewhere} elsewhere: aivault secrets list");
        }
        writeln!(screen.out, "No secrets yet. Store one with")?;
        return writeln!(screen.out, "  aivault secrets create --name OPENAI_API_KEY");
    }
    let mut table =
        Table::new(&["NAME", "SCOPE", "PROVIDER", "HOSTS", "VERSION", "UPDATED", "ALIASES", "GROUPS", "ID"]);
    for secret in secrets {
        table.row([
            secret.name.to_string(),
            secret.scope.to_string(),
            secret.provider.as_ref().map_or_else(|| "-".to_owned(), ToString::to_string),
            hosts(&secret.hosts),
            secret.version.to_string(),
            time::ago(secret.rotated_ms.unwrap_or(secret.created_ms), now_ms),
            secret.aliases.join(", "),
            secret.groups.join(", "),
            secret.id.clone(),
        ]);
    }
    table.print(screen.out, screen.paint)
}

fn hosts(hosts: &[Host]) -> String {
    let names: Vec<&str> = hosts.iter().map(Host::as_str).collect();
    names.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::render::testing::printed;
    use crate::spec::{CredentialName, ProviderId, Scope, SecretName};

    const REST: Rest = Rest { elsewhere: 0, is_readable: true };

    fn secret(name: &'static str, provider: Option<&'static str>) -> SecretView {
        SecretView {
            id: "s1".into(),
            name: SecretName::from_static(name),
            scope: Scope::Global,
            provider: provider.map(ProviderId::from_static),
            hosts: Vec::new(),
            aliases: Vec::new(),
            groups: Vec::new(),
            version: 1,
            created_ms: 0,
            rotated_ms: None,
        }
    }

    fn credential(name: &'static str) -> CredentialView {
        CredentialView {
            name: CredentialName::from_static(name),
            provider: ProviderId::from_static(name),
            scope: Scope::Global,
            way: None,
            secrets: Default::default(),
            hosts: Vec::new(),
            capabilities: 17,
        }
    }

    fn stored(name: &'static str, provider: Option<&'static str>) -> StoredView {
        let secret = secret(name, provider);
        StoredView {
            secret,
            provisioned: None,
            further: Vec::new(),
            missing: Vec::new(),
            warnings: Vec::new(),
            test_vault: false,
        }
    }

    #[test]
    fn the_guides_lines_are_printed_as_quoted() {
        let complete = StoredView {
            provisioned: Some(credential("openai")),
            ..stored("OPENAI_API_KEY", Some("openai"))
        };
        let (out, _) = printed(|screen| print_stored(&complete, Deed::Created, screen));
        assert_eq!(
            out,
            "Secret created: OPENAI_API_KEY (pinned to provider: openai)\n\
             → Credential auto-provisioned: openai (17 capabilities enabled)\n"
        );
        let waiting = StoredView {
            missing: vec![SecretName::from_static("TRELLO_TOKEN")],
            ..stored("TRELLO_API_KEY", Some("trello"))
        };
        let (out, _) = printed(|screen| print_stored(&waiting, Deed::Created, screen));
        assert_eq!(
            out,
            "Secret created: TRELLO_API_KEY (pinned to provider: trello)\n\
             → Waiting for TRELLO_TOKEN to complete trello credential\n"
        );
    }

    #[test]
    fn an_unclaimed_name_a_warning_and_a_test_vault_are_told() {
        let odd = StoredView {
            warnings: vec!["an unusual\u{1b} shape".into()],
            test_vault: true,
            ..stored("MY_KEY", None)
        };
        let (out, err) = printed(|screen| print_stored(&odd, Deed::Created, screen));
        assert!(
            out.starts_with("Secret created: MY_KEY (not pinned: no provider claims the name)\n"),
            "{out}"
        );
        assert!(out.contains("\nThis is a test vault: "), "{out}");
        assert_eq!(err, "warning: an unusual\\u{1b} shape\n");
    }

    #[test]
    fn an_import_ends_with_its_count() {
        let entries = [stored("A", None), stored("B", None)];
        let (out, _) = printed(|screen| print_imported(&entries, &[], screen));
        assert_eq!(out.lines().last(), Some("2 secrets imported"));
        assert_eq!(out.lines().count(), 3);
    }

    #[test]
    fn a_change_tells_what_it_takes_along() {
        let removed = [credential("trello")];
        let gone = secret("TRELLO_TOKEN", Some("trello"));
        let (out, _) = printed(|screen| print_deleted("s1", Some(&gone), &removed, screen));
        assert_eq!(
            out,
            "Secret deleted: TRELLO_TOKEN\n→ Credential removed: trello in global (17 capabilities off)\n"
        );
        let rotated = SecretView { version: 3, ..secret("A", None) };
        let (out, _) = printed(|screen| print_changed(&rotated, Deed::Rotated, &[], &[], screen));
        assert_eq!(out, "Secret rotated: A (version 3)\n");
    }

    #[test]
    fn a_list_escapes_aliases_and_leaves_empty_columns_out() {
        let aliased = SecretView { aliases: vec!["x\u{1b}[2J".into()], ..secret("A_KEY", None) };
        let all = [secret("OPENAI_API_KEY", Some("openai")), aliased];
        let (out, _) = printed(|screen| print_list(&in_order(&all), REST, 7_200_000, screen));
        let expected = "\
NAME            SCOPE   PROVIDER  VERSION  UPDATED  ALIASES     ID
A_KEY           global  -         1        2h ago   x\\u{1b}[2J  s1
OPENAI_API_KEY  global  openai    1        2h ago               s1
";
        assert_eq!(out, expected);
        let (out, _) = printed(|screen| print_list(&[], REST, 0, screen));
        assert!(out.contains("aivault secrets create"), "{out}");
    }
}
