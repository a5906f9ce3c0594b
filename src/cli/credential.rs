//! `credential …` as commands.

use super::arguments::{CredentialCreateArguments, CredentialVerb};
use super::error::CliError;
use super::render::View;
use super::secrets;
use super::task::Task;
use crate::service::Command;

pub(super) fn task(verb: CredentialVerb) -> Result<Task, CliError> {
    let (command, view) = match verb {
        CredentialVerb::Create(create) => (create_command(create)?, View::default()),
        CredentialVerb::List(format) => (Command::CredentialList, View::of(format)),
        CredentialVerb::Delete { name, provider, scope } => {
            let scope = secrets::scope(scope)?;
            (Command::CredentialDelete { name, provider, scope }, View::default())
        }
    };
    Ok(Task::Ask(command, view))
}

fn create_command(create: CredentialCreateArguments) -> Result<Command, CliError> {
    let CredentialCreateArguments { name, provider, auth, secrets, hosts, scope } = create;
    let scope = secrets::scope(scope)?;
    let secrets = secrets.into_iter().map(filled).collect();
    Ok(Command::CredentialCreate { name, provider, auth, secrets, hosts, scope })
}

/// `key=NAME`, or the name alone.
fn filled(text: String) -> (Option<String>, String) {
    match text.split_once('=') {
        Some((placeholder, name)) => (Some(placeholder.to_owned()), name.to_owned()),
        None => (None, text),
    }
}
