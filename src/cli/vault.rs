//! `init`, `unlock` and `audit`.

use std::process::ExitCode;

use super::arguments::{AuditArguments, AuditVerb, InitArguments, KeyProvider};
use super::error::CliError;
use super::input;
use super::render::{self, View};
use super::screen::Screen;
use super::task::{Surroundings, Task};
use crate::service::{Command, InitRequest, KeyChoice, Outcome, SecretText, Service, UnlockWith};

pub(super) fn init(arguments: InitArguments, around: Surroundings<'_>) -> Result<Task, CliError> {
    let provider = key_choice(arguments.provider, arguments.passphrase.is_some());
    if provider != KeyChoice::Passphrase && arguments.passphrase.is_some() {
        return Err(CliError::usage("--passphrase goes with `--provider passphrase` only"));
    }
    let passphrase = match (provider, arguments.passphrase) {
        (KeyChoice::Passphrase, Some(given)) => Some(SecretText::new(given)),
        (KeyChoice::Passphrase, None) => Some(input::new_passphrase()?),
        _ => None,
    };
    let env_key = if provider == KeyChoice::Env { around.env_key() } else { None };
    let request = InitRequest { provider, passphrase, env_key, test: arguments.test };
    Ok(Task::Ask(Command::Init(request), View::default()))
}

/// The provider that was meant: a passphrase alone means a vault with one.
fn key_choice(given: Option<KeyProvider>, with_passphrase: bool) -> KeyChoice {
    match given {
        Some(KeyProvider::File) => KeyChoice::File,
        Some(KeyProvider::Env) => KeyChoice::Env,
        Some(KeyProvider::Passphrase) => KeyChoice::Passphrase,
        Some(KeyProvider::Keychain) => KeyChoice::Keychain,
        None if with_passphrase => KeyChoice::Passphrase,
        None if cfg!(target_os = "macos") => KeyChoice::Keychain,
        None => KeyChoice::File,
    }
}

/// Opens the vault with what its key provider takes; only a passphrase is ever asked for.
pub(super) fn unlock(
    service: &Service,
    given: Option<SecretText>,
    screen: &mut Screen<'_>,
) -> Result<ExitCode, CliError> {
    let with = match given {
        Some(passphrase) => UnlockWith::Passphrase(passphrase),
        None if takes_passphrase(service)? => UnlockWith::Passphrase(input::passphrase()?),
        None => UnlockWith::Provider,
    };
    let outcome = service.execute(Command::Unlock { with })?;
    render::outcome(&outcome, &View::default(), screen)?;
    Ok(ExitCode::SUCCESS)
}

fn takes_passphrase(service: &Service) -> Result<bool, CliError> {
    let outcome = service.execute(Command::Status)?;
    Ok(matches!(outcome, Outcome::Status(status) if status.key_provider == "passphrase"))
}

pub(super) fn audit(arguments: AuditArguments) -> Task {
    match arguments.verb {
        Some(AuditVerb::Verify(format)) => Task::Ask(Command::AuditVerify, View::of(format)),
        None => {
            let AuditArguments { limit, before_ts_ms, format, .. } = arguments;
            Task::Ask(Command::AuditRead { limit, before_ts_ms }, View::of(format))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arguments(provider: Option<KeyProvider>, passphrase: Option<&str>) -> InitArguments {
        InitArguments { provider, passphrase: passphrase.map(str::to_owned), test: false }
    }

    #[test]
    fn a_passphrase_alone_means_a_vault_with_one() {
        assert_eq!(key_choice(None, true), KeyChoice::Passphrase);
        assert_eq!(key_choice(Some(KeyProvider::Env), false), KeyChoice::Env);
    }

    #[test]
    fn a_passphrase_beside_another_provider_is_refused() {
        let task = init(arguments(Some(KeyProvider::File), Some("p")), Surroundings::default());
        assert!(matches!(task, Err(CliError::Usage { .. })));
    }

    #[test]
    fn the_environments_key_goes_to_its_provider_only() {
        let around = Surroundings { env_key: Some("k") };
        for (provider, there) in [(KeyProvider::File, false), (KeyProvider::Env, true)] {
            let Ok(Task::Ask(Command::Init(request), _)) = init(arguments(Some(provider), None), around)
            else {
                panic!("no init");
            };
            assert_eq!(request.env_key.is_some(), there, "{provider:?}");
        }
    }
}
