//! `config …` as commands. A file that is named is read here: no path reaches a daemon.

use std::path::Path;

use super::arguments::ConfigVerb;
use super::error::CliError;
use super::input;
use super::render::View;
use super::task::Task;
use crate::platform::files;
use crate::service::{Command, SettingName};

pub(super) fn task(verb: ConfigVerb) -> Result<Task, CliError> {
    let (command, view) = match verb {
        ConfigVerb::Set { name, value } => {
            let value = if name == SettingName::ExtraCa { certificates(Path::new(&value))? } else { value };
            (Command::ConfigSet { name, value }, View::default())
        }
        ConfigVerb::Get { name } => (Command::ConfigList, View::of_setting(name)),
        ConfigVerb::List(format) => (Command::ConfigList, View::of(format)),
        ConfigVerb::Unset { name } => (Command::ConfigUnset { name }, View::default()),
    };
    Ok(Task::Ask(command, view))
}

fn certificates(path: &Path) -> Result<String, CliError> {
    let pem = files::read_bounded(path, input::MIB)?;
    String::from_utf8(pem).map_err(|_| {
        CliError::with_help("the file is not text", "give the certificates of your authorities in PEM form")
    })
}
