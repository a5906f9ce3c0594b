//! `secrets …` as commands.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt as _;

use super::arguments::{
    CreateArguments, GroupArguments, PlaceArguments, ScopeArguments, ScopeKind, SecretsVerb, SelectArguments,
    UpdateArguments,
};
use super::error::CliError;
use super::input;
use super::render::{Deed, View};
use super::task::Task;
use crate::service::{Command, ImportEntry, SecretSelector, example_host};
use crate::spec::{Scope, ScopeId, SecretName};

pub(super) fn task(verb: SecretsVerb) -> Result<Task, CliError> {
    let (command, view) = match verb {
        SecretsVerb::Create(create) => (create_command(create)?, View::after(Deed::Created)),
        SecretsVerb::List(list) => {
            (Command::SecretList { scope: chosen(list.scope)? }, View::of(list.format))
        }
        SecretsVerb::Update(update) => (update_command(update)?, View::after(Deed::Updated)),
        SecretsVerb::Rotate(rotate) => {
            let called = rotate.secret.name.clone().unwrap_or_else(|| "the secret".to_owned());
            let secret = select(rotate.secret)?;
            let value = input::value(rotate.value, &called)?;
            let hosts = rotate.hosts.hosts;
            (Command::SecretRotate { secret, value, hosts }, View::after(Deed::Rotated))
        }
        SecretsVerb::Delete(secret) => (Command::SecretDelete { secret: select(secret)? }, View::default()),
        SecretsVerb::Import(import) => {
            let entries = import.entries.into_iter().enumerate();
            let entries = entries.map(|(i, text)| entry(i + 1, text)).collect::<Result<_, _>>()?;
            let (scope, hosts) = (scope(import.scope)?, import.hosts.hosts);
            (Command::SecretImport { entries, scope, hosts, dry_run: false }, View::after(Deed::Created))
        }
        SecretsVerb::AttachGroup(group) => {
            let Grouping { secret, workspace, group } = grouping(group)?;
            (Command::SecretAttachGroup { secret, workspace, group }, View::after(Deed::Attached))
        }
        SecretsVerb::DetachGroup(group) => {
            let Grouping { secret, workspace, group } = grouping(group)?;
            (Command::SecretDetachGroup { secret, workspace, group }, View::after(Deed::Detached))
        }
    };
    Ok(Task::Ask(command, view))
}

/// The place that the flags name; without any, everywhere.
pub(super) fn scope(arguments: ScopeArguments) -> Result<Scope, CliError> {
    chosen(arguments).map(Option::unwrap_or_default)
}

/// The place that ids name; the parser has seen to it that a group has its workspace.
pub(super) fn place(ids: PlaceArguments) -> Scope {
    match (ids.workspace_id, ids.group_id) {
        (Some(workspace), Some(group)) => Scope::Group { workspace, group },
        (Some(workspace), None) => Scope::Workspace { workspace },
        (None, _) => Scope::Global,
    }
}

/// The place that the flags name, if they name any.
fn chosen(arguments: ScopeArguments) -> Result<Option<Scope>, CliError> {
    let ScopeArguments { scope, place: ids } = arguments;
    let named = place(ids);
    match (scope, &named) {
        (None, Scope::Global) => Ok(None),
        (None, _) => Ok(Some(named)),
        (Some(ScopeKind::Global), Scope::Global)
        | (Some(ScopeKind::Workspace), Scope::Workspace { .. })
        | (Some(ScopeKind::Group), Scope::Group { .. }) => Ok(Some(named)),
        (Some(ScopeKind::Global), _) => {
            Err(CliError::usage("--scope global goes without --workspace-id and --group-id"))
        }
        (Some(ScopeKind::Workspace), Scope::Global) => {
            Err(CliError::usage("--scope workspace needs --workspace-id"))
        }
        (Some(ScopeKind::Workspace), _) => Err(CliError::usage("--scope workspace goes without --group-id")),
        (Some(ScopeKind::Group), _) => {
            Err(CliError::usage("--scope group needs --workspace-id and --group-id"))
        }
    }
}

fn create_command(create: CreateArguments) -> Result<Command, CliError> {
    let CreateArguments { name, value, scope: place, aliases, provider, hosts } = create;
    let scope = scope(place)?;
    let hosts = match example_host(&name) {
        Some(example) if hosts.hosts.is_empty() => input::host(&name, &example)?,
        _ => hosts.hosts,
    };
    let value = input::value(value, name.as_str())?;
    Ok(Command::SecretCreate { name, value, scope, aliases, provider, hosts })
}

fn update_command(update: UpdateArguments) -> Result<Command, CliError> {
    let UpdateArguments { id, name, new_name, aliases, clear_aliases, scope } = update;
    let aliases = (clear_aliases || !aliases.is_empty()).then_some(aliases);
    let (secret, name) = match (id, name, new_name) {
        (Some(_), Some(_), Some(_)) => {
            return Err(CliError::usage("beside --id, --name is the new name; leave --new-name out"));
        }
        (Some(id), Some(name), None) => (SecretSelector::Id(id), Some(SecretName::parse(&name)?)),
        (Some(id), None, new_name) => (SecretSelector::Id(id), new_name),
        (None, name, new_name) => (by_name(name, chosen(scope)?)?, new_name),
    };
    if name.is_none() && aliases.is_none() {
        return Err(CliError::with_help(
            "there is nothing to change",
            "give --new-name, --alias or --clear-aliases; a new value is given with `aivault secrets rotate`",
        ));
    }
    Ok(Command::SecretUpdate { secret, name, aliases })
}

fn select(arguments: SelectArguments) -> Result<SecretSelector, CliError> {
    match arguments.id {
        Some(id) => Ok(SecretSelector::Id(id)),
        None => by_name(arguments.name, chosen(arguments.scope)?),
    }
}

/// The parser would ask for one of the two only.
fn by_name(name: Option<String>, scope: Option<Scope>) -> Result<SecretSelector, CliError> {
    let name = name.ok_or_else(|| {
        CliError::with_help(
            "say which secret, with --name or --id",
            "see what there is: aivault secrets list",
        )
    })?;
    Ok(SecretSelector::Name { name, scope })
}

struct Grouping {
    secret: SecretSelector,
    workspace: ScopeId,
    group: ScopeId,
}

fn grouping(arguments: GroupArguments) -> Result<Grouping, CliError> {
    let (Some(workspace), Some(group)) = (arguments.group.workspace_id, arguments.group.group_id) else {
        return Err(CliError::usage("say which group, with --workspace-id and --group-id"));
    };
    let scope = match arguments.scope {
        None => None,
        Some(ScopeKind::Global) => Some(Scope::Global),
        Some(ScopeKind::Workspace) => Some(Scope::Workspace { workspace: workspace.clone() }),
        Some(ScopeKind::Group) => {
            return Err(CliError::usage("a secret of one group cannot be attached to another"));
        }
    };
    let secret = match arguments.id {
        Some(id) => SecretSelector::Id(id),
        None => by_name(arguments.name, scope)?,
    };
    Ok(Grouping { secret, workspace, group })
}

/// `NAME=VALUE`. An error tells the entry's place and never its text, which may be all value.
fn entry(number: usize, text: OsString) -> Result<ImportEntry, CliError> {
    let mut bytes = text.into_vec();
    let malformed = |problem: &str| {
        CliError::with_help(format!("entry {number} {problem}"), "write each as --entry OPENAI_API_KEY=VALUE")
    };
    let equals = bytes.iter().position(|byte| *byte == b'=').ok_or_else(|| malformed("has no `=`"))?;
    let value = bytes.split_off(equals + 1);
    let name = std::str::from_utf8(&bytes[..equals]).ok().and_then(|name| SecretName::parse(name).ok());
    let name = name.ok_or_else(|| {
        malformed(
            "has no secret name before `=`: use capital letters, digits and `_`, starting with a letter",
        )
    })?;
    if value.is_empty() {
        return Err(malformed(&format!("({name}) has no value behind `=`")));
    }
    let value = input::secret(value)?;
    Ok(ImportEntry { name, value, scope: None, aliases: Vec::new(), provider: None })
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;
    use crate::cli::arguments::{Arguments, Verb};

    fn parse(line: &str) -> Result<Command, CliError> {
        let words = ["aivault", "secrets"].into_iter().chain(line.split(' '));
        let Verb::Secrets(verb) = Arguments::try_parse_from(words).unwrap_or_else(|e| panic!("{e}")).verb
        else {
            panic!("not about secrets");
        };
        match task(verb)? {
            Task::Ask(command, _) => Ok(command),
            _ => panic!("not a question"),
        }
    }

    fn scope_of(flags: &str) -> Result<String, String> {
        match parse(format!("create --name A --value v {flags}").trim_end()) {
            Ok(Command::SecretCreate { scope, .. }) => Ok(scope.to_string()),
            Ok(_) => panic!("not a creation"),
            Err(error) => Err(error.to_string()),
        }
    }

    #[test]
    fn a_scope_is_told_from_its_ids_and_must_agree_with_them() {
        assert_eq!(scope_of("").unwrap(), "global");
        assert_eq!(scope_of("--scope global").unwrap(), "global");
        assert_eq!(scope_of("--workspace-id w").unwrap(), "workspace:w");
        assert_eq!(scope_of("--workspace-id w --group-id g").unwrap(), "group:w/g");
        assert_eq!(scope_of("--scope group --workspace-id w --group-id g").unwrap(), "group:w/g");
        for bad in [
            "--scope workspace",
            "--scope group --workspace-id w",
            "--scope global --workspace-id w",
            "--scope workspace --workspace-id w --group-id g",
        ] {
            assert!(scope_of(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn beside_an_id_a_name_is_the_new_one() {
        let Ok(Command::SecretUpdate { secret, name, aliases }) = parse("update --id 7 --name NEW") else {
            panic!("not an update");
        };
        assert_eq!(secret, SecretSelector::Id("7".to_owned()));
        assert_eq!((name.unwrap().as_str(), aliases), ("NEW", None));
    }

    #[test]
    fn a_name_alone_selects() {
        let Ok(Command::SecretUpdate { secret, name, aliases }) =
            parse("update --name OLD --new-name NEW --clear-aliases")
        else {
            panic!("not an update");
        };
        assert_eq!(secret, SecretSelector::Name { name: "OLD".to_owned(), scope: None });
        assert_eq!((name.unwrap().as_str(), aliases), ("NEW", Some(Vec::new())));
    }

    #[test]
    fn an_update_must_change_something() {
        assert!(parse("update --id 7").is_err());
        assert!(parse("update --id 7 --name N --new-name M").is_err());
        assert!(parse("update --id 7 --name lower").is_err());
    }

    #[test]
    fn without_a_selector_both_are_named() {
        for line in [
            "rotate --value x",
            "delete",
            "update --new-name N",
            "attach-group --workspace-id w --group-id g",
        ] {
            let error = parse(line).err().unwrap().to_string();
            assert!(error.contains("--name") && error.contains("--id"), "{line}: {error}");
        }
    }

    #[test]
    fn a_group_is_named_by_both_ids() {
        let Ok(Command::SecretAttachGroup { secret, workspace, group }) =
            parse("attach-group --name A --scope workspace --workspace-id w --group-id g")
        else {
            panic!("not an attachment");
        };
        let scope = Some(Scope::Workspace { workspace: ScopeId::from_static("w") });
        assert_eq!(secret, SecretSelector::Name { name: "A".to_owned(), scope });
        assert_eq!((workspace.as_str(), group.as_str()), ("w", "g"));
        assert!(parse("detach-group --id 1 --workspace-id w").is_err());
    }

    #[test]
    fn a_malformed_entry_is_told_without_its_text() {
        for bad in ["sk-verysecret", "sk-verysecret==", "=sk-verysecret", "OPENAI_API_KEY="] {
            let error = entry(2, bad.into()).err().unwrap().to_string();
            assert!(!error.contains("verysecret"), "{error}");
        }
        assert!(entry(2, "OPENAI_API_KEY=".into()).err().unwrap().to_string().contains("OPENAI_API_KEY"));
        let entry = entry(1, "A=b=c".into()).unwrap();
        assert_eq!(entry.name.as_str(), "A");
    }
}
