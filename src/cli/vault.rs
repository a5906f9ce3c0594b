//! `init`, `unlock`, `repair` and `audit restart`.

use std::process::ExitCode;

use super::arguments::{
    DoctorArguments, InitArguments, KeyProvider, NewKeyArguments, PassphraseArguments, RepairArguments,
    UnlockArguments,
};
use super::error::CliError;
use super::key;
use super::passphrase;
use super::render::{self, View};
use super::screen::Screen;
use super::task::{Surroundings, Task};
use crate::service::{Command, InitRequest, NewKey, Outcome, SecretText, Service, UnlockWith};
use crate::settings::DaemonUse;

const NO_DAEMON: &str = "AIVAULTD_DISABLE is set: the vault is locked again after this command, since only \
                         the daemon keeps its key; unset it to use the vault";

pub(super) fn init(arguments: InitArguments, around: Surroundings<'_>) -> Result<Task, CliError> {
    let InitArguments { provider, passphrase, place, test } = arguments;
    let provider = chosen(provider, passphrase.are_given());
    if provider != KeyProvider::Passphrase && passphrase.are_given() {
        return Err(CliError::usage("--passphrase goes with `--provider passphrase` only"));
    }
    let new = NewKeyArguments {
        new_passphrase: passphrase.passphrase,
        new_passphrase_file: passphrase.passphrase_file,
        new_key: None,
    };
    let env_key = if provider == KeyProvider::Env { around.env_key() } else { None };
    let (key, warning) = match provider {
        // That it is missing is for the service to say, which knows of the vault that is there.
        KeyProvider::Env => (NewKey::Env(env_key), None),
        provider => key::new_key(provider, place, new, env_key, around.home)?,
    };
    let mut warnings: Vec<&'static str> = warning.into_iter().collect();
    warnings.extend((key.asks() && around.daemon == DaemonUse::Disabled).then_some(NO_DAEMON));
    let task = Task::Ask(Command::Init(InitRequest { key, test }), View::default());
    Ok(if warnings.is_empty() { task } else { Task::Warned(warnings, Box::new(task)) })
}

/// The provider that was meant: a passphrase alone means a vault with one.
fn chosen(given: Option<KeyProvider>, with_passphrase: bool) -> KeyProvider {
    match given {
        Some(provider) => provider,
        None if with_passphrase => KeyProvider::Passphrase,
        None if cfg!(target_os = "macos") => KeyProvider::Keychain,
        None => KeyProvider::File,
    }
}

/// Opens the vault with what its key provider takes; only a passphrase is ever asked for.
pub(super) fn unlock(
    service: &Service,
    arguments: UnlockArguments,
    screen: &mut Screen<'_>,
) -> Result<ExitCode, CliError> {
    let UnlockArguments { session, passphrase: given, trust_command } = arguments;
    let with = if trust_command {
        UnlockWith::TrustedCommand
    } else if given.are_given() || takes_passphrase(service)? {
        UnlockWith::Passphrase(passphrase::existing(given)?)
    } else {
        UnlockWith::Provider
    };
    ask(service, Command::Unlock { with, session }, &View::default(), screen)
}

pub(super) fn restart_audit(
    service: &Service,
    given: PassphraseArguments,
    screen: &mut Screen<'_>,
) -> Result<ExitCode, CliError> {
    let passphrase = passphrase_if_needed(service, given)?;
    ask(service, Command::AuditRestart { passphrase }, &View::default(), screen)
}

pub(super) fn repair(
    service: &Service,
    arguments: RepairArguments,
    screen: &mut Screen<'_>,
) -> Result<ExitCode, CliError> {
    let RepairArguments { accept, passphrase, format } = arguments;
    // Looked at in this process, whatever the daemon has open.
    let needed = passphrase.are_given() || is_of_provider(service, "passphrase");
    let passphrase = needed.then(|| passphrase::existing(passphrase)).transpose()?;
    ask(service, Command::Repair { accept, passphrase }, &View::of(format), screen)
}

/// Ends with 1 when something is wrong that was not repaired.
pub(super) fn doctor(
    service: &Service,
    arguments: DoctorArguments,
    screen: &mut Screen<'_>,
) -> Result<ExitCode, CliError> {
    let DoctorArguments { fix, passphrase, format } = arguments;
    let passphrase = passphrase.are_given().then(|| passphrase::existing(passphrase)).transpose()?;
    let outcome = service.execute(Command::Doctor { fix, passphrase })?;
    render::outcome(&outcome, &View::of(format), screen)?;
    let is_well = matches!(&outcome, Outcome::Doctor(view) if view.is_well());
    Ok(if is_well { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn ask(
    service: &Service,
    command: Command,
    view: &View,
    screen: &mut Screen<'_>,
) -> Result<ExitCode, CliError> {
    let outcome = service.execute(command)?;
    render::outcome(&outcome, view, screen)?;
    Ok(ExitCode::SUCCESS)
}

/// The passphrase, when it was given or the vault is locked with one.
fn passphrase_if_needed(
    service: &Service,
    given: PassphraseArguments,
) -> Result<Option<SecretText>, CliError> {
    let status = service.execute(Command::Status);
    let is_locked = matches!(status, Ok(Outcome::Status(status))
        if status.key_provider == "passphrase" && status.state == "locked");
    (given.are_given() || is_locked).then(|| passphrase::existing(given)).transpose()
}

fn takes_passphrase(service: &Service) -> Result<bool, CliError> {
    let outcome = service.execute(Command::Status)?;
    Ok(matches!(outcome, Outcome::Status(status) if status.key_provider == "passphrase"))
}

/// A vault that cannot be opened says nothing, and then its key is at hand or its daemon runs.
fn is_of_provider(service: &Service, provider: &str) -> bool {
    matches!(service.execute(Command::Status), Ok(Outcome::Status(status)) if status.key_provider == provider)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::arguments::KeyPlaceArguments;

    const AROUND: Surroundings<'static> =
        Surroundings { env_key: None, daemon: DaemonUse::Autostart, home: None };

    fn arguments(provider: Option<KeyProvider>, passphrase: Option<&str>) -> InitArguments {
        let passphrase =
            PassphraseArguments { passphrase: passphrase.map(str::to_owned), passphrase_file: None };
        InitArguments { provider, passphrase, place: KeyPlaceArguments::default(), test: false }
    }

    #[test]
    fn a_passphrase_alone_means_a_vault_with_one() {
        assert_eq!(chosen(None, true), KeyProvider::Passphrase);
        assert_eq!(chosen(Some(KeyProvider::Env), false), KeyProvider::Env);
    }

    #[test]
    fn a_passphrase_beside_another_provider_is_refused() {
        let task = init(arguments(Some(KeyProvider::File), Some("p")), AROUND);
        assert!(matches!(task, Err(CliError::Usage { .. })));
    }

    #[test]
    fn what_will_be_of_little_use_is_said_before() {
        let warnings = |passphrase, daemon| {
            let task = init(arguments(None, Some(passphrase)), Surroundings { daemon, ..AROUND });
            match task {
                Ok(Task::Warned(warnings, _)) => warnings,
                _ => Vec::new(),
            }
        };
        let long = "a long enough passphrase";
        assert!(warnings(long, DaemonUse::Autostart).is_empty());
        assert_eq!(warnings("short", DaemonUse::Autostart).len(), 1);
        assert_eq!(warnings(long, DaemonUse::Disabled), [NO_DAEMON]);
    }

    #[test]
    fn the_environments_key_goes_to_its_provider_only() {
        let around = Surroundings { env_key: Some("k"), ..AROUND };
        for (provider, there) in [(KeyProvider::File, false), (KeyProvider::Env, true)] {
            let Ok(Task::Ask(Command::Init(request), _)) = init(arguments(Some(provider), None), around)
            else {
                panic!("no init");
            };
            assert_eq!(matches!(request.key, NewKey::Env(Some(_))), there, "{provider:?}");
        }
    }
}
