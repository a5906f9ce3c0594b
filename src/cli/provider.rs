//! `provider …`: the operator's own providers, and those of the registry.

use std::path::PathBuf;

use super::arguments::ProviderVerb;
use super::error::CliError;
use super::render::View;
use super::sources;
use super::task::Task;
use crate::service::{Command, SourceFile};
use crate::spec::compile_provider;

pub(super) fn task(verb: ProviderVerb) -> Result<Task, CliError> {
    Ok(match verb {
        ProviderVerb::Add { file } => Task::Ask(Command::ProviderAdd { file: one(file)? }, View::default()),
        ProviderVerb::List(format) => Task::Ask(Command::ProviderList, View::of(format)),
        ProviderVerb::Show { id, format } => Task::Ask(Command::ProviderShow { id }, View::of(format)),
        ProviderVerb::Export { id } => Task::Ask(Command::ProviderShow { id }, View::source()),
        ProviderVerb::Remove { id } => Task::Ask(Command::ProviderRemove { id }, View::default()),
        ProviderVerb::Validate { files } => Task::Valid(checked(&files)?.len()),
    })
}

fn one(file: PathBuf) -> Result<SourceFile, CliError> {
    let mut files = checked(&[file])?;
    // There is one for each path that was given.
    Ok(files.pop().expect("one file was given"))
}

fn checked(files: &[PathBuf]) -> Result<Vec<SourceFile>, CliError> {
    sources::read(files, |source| compile_provider(source).diagnostics)
}
