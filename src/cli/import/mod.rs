//! `import`: secrets from what people have, all of them or none.
//!
//! Sources are read here, so that no path reaches a daemon. No value is printed, nor any text that may be one: what
//! cannot be read is told by its place.

mod dotenv;
mod former;
mod json;
mod one_password;

use std::ffi::OsString;
use std::io;
use std::os::unix::ffi::OsStringExt as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use zeroize::Zeroizing;

use super::arguments::{ImportKind, TakeOverArguments};
use super::error::CliError;
use super::render::{self, Deed, View};
use super::screen::Screen;
use super::{escape, input, secrets};
use crate::platform::files;
use crate::service::{Command, ImportEntry, SecretInput, Service};
use crate::settings;
use crate::spec::policy::Glob;
use crate::spec::{Host, ProviderId, Scope, SecretName};

/// No larger file is an export of secrets.
const MOST: usize = 8 * input::MIB;

/// What was found in a source.
#[derive(Default)]
struct Found {
    entries: Vec<Raw>,
    /// What is left there, a line each.
    left: Vec<String>,
    /// What may be removed afterwards.
    files: Vec<PathBuf>,
}

/// One value, under the name that it has there.
struct Raw {
    name: String,
    value: SecretInput,
    scope: Option<Scope>,
    aliases: Vec<String>,
    provider: Option<ProviderId>,
}

impl Raw {
    fn new(name: &str, value: &[u8]) -> Result<Self, CliError> {
        let value = input::secret(value.to_vec()).map_err(|_| {
            CliError::usage(format!("{} has no value, or one of more than 1 MiB", shown(name)))
        })?;
        Ok(Self { name: name.to_owned(), value, scope: None, aliases: Vec::new(), provider: None })
    }
}

/// An import, its source read.
pub(super) struct Import {
    entries: Vec<ImportEntry>,
    scope: Scope,
    hosts: Vec<Host>,
    left: Vec<String>,
    files: Vec<PathBuf>,
    dry_run: bool,
    remove: bool,
}

impl Import {
    /// Reads the source and checks each name.
    pub(super) fn read(arguments: TakeOverArguments) -> Result<Self, CliError> {
        let TakeOverArguments { from, source, names, dry_run, remove, key_file, passphrase, hosts, scope } =
            arguments;
        if from != ImportKind::AivaultV0 && (key_file.is_some() || passphrase.are_given()) {
            return Err(CliError::usage("--key-file and --passphrase go with `--from aivault-v0` only"));
        }
        let found = match (from, source) {
            (ImportKind::Env, Some(_)) => {
                return Err(CliError::usage(
                    "`--from env` reads this command's own environment, and no file",
                ));
            }
            (ImportKind::Env, None) => environment(&names)?,
            (_, None) => return Err(CliError::usage("say which file or folder to import from")),
            (ImportKind::AivaultV0, Some(folder)) => former::read(Path::new(&folder), key_file, passphrase)?,
            (kind, Some(file)) => from_file(kind, &file)?,
        };
        let Found { entries, left, files } = found;
        let wanted = entries.into_iter().filter(|raw| is_named(&names, &raw.name));
        let entries = wanted.map(entry).collect::<Result<Vec<_>, _>>()?;
        if entries.is_empty() {
            return Err(CliError::usage(
                "there is nothing to import: no secret of that name, or none at all",
            ));
        }
        if remove && !names.is_empty() {
            return Err(CliError::usage("--remove goes without --name: the rest would be lost"));
        }
        let scope = secrets::scope(scope)?;
        Ok(Self { entries, scope, hosts: hosts.hosts, left, files, dry_run, remove })
    }

    pub(super) fn perform(self, service: &Service, screen: &mut Screen<'_>) -> Result<ExitCode, CliError> {
        let Self { entries, scope, hosts, left, files, dry_run, remove } = self;
        let outcome = service.execute(Command::SecretImport { entries, scope, hosts, dry_run })?;
        render::outcome(&outcome, &View::after(Deed::Created), screen)?;
        for what in &left {
            screen.warn(&format!("not imported: {what}"))?;
        }
        if dry_run || files.is_empty() {
            return Ok(ExitCode::SUCCESS);
        }
        if remove {
            files.iter().try_for_each(|path| files::remove(path))?;
        }
        let end = if remove { "Removed" } else { "Not needed any more, if nothing else reads it" };
        for path in &files {
            writeln!(screen.out, "{end}: {}", escape::line(&path.display().to_string()))?;
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn is_named(names: &[Glob], name: &str) -> bool {
    names.is_empty() || names.iter().any(|glob| glob.matches(name))
}

fn entry(raw: Raw) -> Result<ImportEntry, CliError> {
    let Raw { name, value, scope, aliases, provider } = raw;
    let name = SecretName::parse(&name).map_err(|_| {
        CliError::with_help(
            format!("{} is no name of a secret; nothing was imported", shown(&name)),
            "secrets have capital letters, digits and `_`: rename it there, or choose others with --name",
        )
    })?;
    Ok(ImportEntry { name, value, scope, aliases, provider })
}

/// A name as it may be told: what does not look like one may be a value in the wrong place.
fn shown(name: &str) -> String {
    let is_name = name.len() <= 64
        && name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || "_.".contains(c));
    if is_name { name.to_owned() } else { "an entry".to_owned() }
}

fn from_file(kind: ImportKind, file: &OsString) -> Result<Found, CliError> {
    let is_piped = file == "-";
    let bytes = if is_piped {
        input::bounded(io::stdin().lock(), MOST)?
    } else {
        files::read_bounded(Path::new(file), MOST)?
    };
    let bytes = Zeroizing::new(bytes);
    let text = std::str::from_utf8(&bytes).map_err(|_| CliError::usage("the source is no UTF-8 text"))?;
    let entries = match kind {
        ImportKind::Json => json::entries(text)?,
        ImportKind::OnePasswordJson => one_password::entries(text)?,
        ImportKind::Dotenv | ImportKind::Env | ImportKind::AivaultV0 => dotenv::entries(text)?,
    };
    let files = if is_piped { Vec::new() } else { vec![PathBuf::from(file)] };
    Ok(Found { entries, left: Vec::new(), files })
}

/// The variables that are named; without names it would be everything that a shell has.
fn environment(names: &[Glob]) -> Result<Found, CliError> {
    if names.is_empty() {
        return Err(CliError::with_help(
            "say which variables to import, with --name",
            "such as --name OPENAI_API_KEY, or --name '*_API_KEY'",
        ));
    }
    let mut found = Found::default();
    for (name, value) in settings::environment() {
        let Some(name) = name.to_str().filter(|name| is_named(names, name)) else { continue };
        if settings::OWN_KEYS.contains(&name) || value.is_empty() {
            continue;
        }
        found.entries.push(Raw::new(name, &Zeroizing::new(value.into_vec()))?);
    }
    Ok(found)
}
