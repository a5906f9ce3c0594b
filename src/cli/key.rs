//! `key` and `rotate-master`, and the key that `init` asks for.

use std::path::Path;
use std::process::ExitCode;

use super::arguments::{
    KeyPlaceArguments, KeyProvider, KeyVerb, MigrateArguments, NewKeyArguments, PassphraseArguments,
    RotateMasterArguments,
};
use super::error::CliError;
use super::passphrase;
use super::render::{self, View};
use super::screen::Screen;
use super::task::{Surroundings, Task};
use crate::service::{
    Command, CredentialFile, KeyCommand, NewKey, Outcome, RekeyRequest, SecretText, Service,
};

const SHORT: &str = "the passphrase is very short; whoever has a copy of the vault can try them all";

/// Another key for the vault: what is known of it before the vault is looked at.
pub(super) struct Rekey {
    current: PassphraseArguments,
    /// None: from where it comes now.
    to: Option<(KeyProvider, KeyPlaceArguments)>,
    new: NewKeyArguments,
    env_key: Option<SecretText>,
    home: Option<std::path::PathBuf>,
}

pub(super) fn task(verb: KeyVerb, around: Surroundings<'_>) -> Task {
    match verb {
        KeyVerb::Status(format) => Task::Ask(Command::Status, View::of_key(format)),
        KeyVerb::Migrate(migrate) => {
            let MigrateArguments { to, current, new, place } = *migrate;
            Task::Rekey(Box::new(Rekey::of(current, Some((to, place)), new, around)))
        }
    }
}

pub(super) fn rotate_master(arguments: RotateMasterArguments, around: Surroundings<'_>) -> Task {
    let RotateMasterArguments { current, new } = arguments;
    Task::Rekey(Box::new(Rekey::of(current, None, new, around)))
}

impl Rekey {
    fn of(
        current: PassphraseArguments,
        to: Option<(KeyProvider, KeyPlaceArguments)>,
        new: NewKeyArguments,
        around: Surroundings<'_>,
    ) -> Self {
        Self { current, to, new, env_key: around.env_key(), home: around.home.map(Path::to_owned) }
    }

    pub(super) fn perform(self, service: &Service, screen: &mut Screen<'_>) -> Result<ExitCode, CliError> {
        let Self { current, to, new, env_key, home } = self;
        let provider = match service.execute(Command::Status)? {
            Outcome::Status(status) => status.key_provider,
            _ => String::new(),
        };
        let (to, place) = match to {
            Some(to) => to,
            None => (rotatable(&provider)?, KeyPlaceArguments::default()),
        };
        let asks = current.are_given() || provider == "passphrase";
        let passphrase = asks.then(|| passphrase::existing(current)).transpose()?;
        // The variable holds the key that the vault has now.
        let env_key = env_key.filter(|_| provider != "env");
        let (to, warning) = new_key(to, place, new, env_key, home.as_deref())?;
        warning.iter().try_for_each(|warning| screen.warn(warning))?;
        let outcome = service.execute(Command::Rekey(RekeyRequest { passphrase, to }))?;
        render::outcome(&outcome, &View::default(), screen)?;
        Ok(ExitCode::SUCCESS)
    }
}

/// The provider, where it can give another key.
fn rotatable(provider: &str) -> Result<KeyProvider, CliError> {
    let elsewhere = |flags: &str| {
        CliError::with_help(
            format!(
                "this vault's key is kept elsewhere (`{provider}`), where the new one has to be put first"
            ),
            format!(
                "keep the new key there under another name, then name it: aivault key migrate --to {flags}"
            ),
        )
    };
    match provider {
        "file" => Ok(KeyProvider::File),
        "env" => Ok(KeyProvider::Env),
        "passphrase" => Ok(KeyProvider::Passphrase),
        "keychain" => Ok(KeyProvider::Keychain),
        "command" => Err(elsewhere("command -- COMMAND")),
        _ => Err(elsewhere("systemd --credential NAME")),
    }
}

/// The key that the flags ask for, and what should be said of it.
pub(super) fn new_key(
    provider: KeyProvider,
    place: KeyPlaceArguments,
    new: NewKeyArguments,
    env_key: Option<SecretText>,
    home: Option<&Path>,
) -> Result<(NewKey, Option<&'static str>), CliError> {
    refuse_stray(provider, &place, &new)?;
    let KeyPlaceArguments { credential, command_env, command } = place;
    Ok(match provider {
        KeyProvider::File => (NewKey::File, None),
        KeyProvider::Keychain => (NewKey::Keychain, None),
        KeyProvider::Env => {
            let key = new.new_key.map(SecretText::new).or(env_key);
            if key.is_none() {
                return Err(CliError::with_help(
                    "a new key is needed, and none was given",
                    "give it with --new-key, such as `head -c 32 /dev/urandom | base64` prints, \
                     and set AIVAULT_KEY to it afterwards",
                ));
            }
            (NewKey::Env(key), None)
        }
        KeyProvider::Passphrase => {
            let (passphrase, passphrase_file) = (new.new_passphrase, new.new_passphrase_file);
            let new = passphrase::new(PassphraseArguments { passphrase, passphrase_file })?;
            (NewKey::Passphrase(Some(new.text)), new.is_short.then_some(SHORT))
        }
        KeyProvider::Command => (NewKey::Command(key_command(command, command_env, home)?), None),
        KeyProvider::Systemd => {
            let name = credential.as_deref().and_then(CredentialFile::parse).ok_or_else(|| {
                CliError::with_help(
                    "`systemd` needs the name of a credential: letters, digits, `.`, `_` and `-`",
                    "give it with --credential, such as --credential aivault.key",
                )
            })?;
            (NewKey::Systemd(name), None)
        }
    })
}

fn key_command(
    words: Vec<String>,
    variables: Vec<String>,
    home: Option<&Path>,
) -> Result<KeyCommand, CliError> {
    let home = home.ok_or_else(|| CliError::usage("HOME is not set, and the command needs one"))?;
    KeyCommand::new(words, home, variables)
        .map_err(|error| CliError::with_help(error.to_string(), error.help()))
}

fn refuse_stray(
    provider: KeyProvider,
    place: &KeyPlaceArguments,
    new: &NewKeyArguments,
) -> Result<(), CliError> {
    let stray = [
        (KeyProvider::Env, "--new-key", new.new_key.is_some()),
        (
            KeyProvider::Passphrase,
            "a new passphrase",
            new.new_passphrase.is_some() || new.new_passphrase_file.is_some(),
        ),
        (KeyProvider::Systemd, "--credential", place.credential.is_some()),
        (KeyProvider::Command, "a command", !place.command.is_empty() || !place.command_env.is_empty()),
    ];
    match stray.into_iter().find(|(of, _, is_given)| *is_given && *of != provider) {
        Some((of, what, _)) => {
            let of = format!("{of:?}").to_lowercase();
            Err(CliError::usage(format!("{what} goes with the key provider `{of}` only")))
        }
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(
        provider: KeyProvider,
        place: KeyPlaceArguments,
        new: NewKeyArguments,
    ) -> Result<&'static str, String> {
        let asked = new_key(provider, place, new, None, Some(Path::new("/home/a")));
        asked.map(|(key, _)| key.name()).map_err(|error| error.to_string())
    }

    #[test]
    fn each_provider_takes_its_own_flags_and_no_others() {
        let command = || KeyPlaceArguments { command: vec!["/bin/pass".to_owned()], ..Default::default() };
        let credential = || KeyPlaceArguments { credential: Some("key".to_owned()), ..Default::default() };
        let key = || NewKeyArguments { new_key: Some("k".to_owned()), ..Default::default() };
        let phrase =
            || NewKeyArguments { new_passphrase: Some("several words".to_owned()), ..Default::default() };
        let none = NewKeyArguments::default;
        let here = KeyPlaceArguments::default;
        assert_eq!(asked(KeyProvider::File, here(), none()).as_deref(), Ok("file"));
        assert_eq!(asked(KeyProvider::Env, here(), key()).as_deref(), Ok("env"));
        assert_eq!(asked(KeyProvider::Passphrase, here(), phrase()).as_deref(), Ok("passphrase"));
        assert_eq!(asked(KeyProvider::Command, command(), none()).as_deref(), Ok("command"));
        assert_eq!(asked(KeyProvider::Systemd, credential(), none()).as_deref(), Ok("systemd"));
        for (provider, place, new) in [
            (KeyProvider::File, command(), none()),
            (KeyProvider::File, credential(), none()),
            (KeyProvider::Keychain, here(), key()),
            (KeyProvider::Env, here(), phrase()),
            (KeyProvider::Env, here(), none()),
            (KeyProvider::Command, here(), none()),
            (KeyProvider::Systemd, here(), none()),
            (KeyProvider::Systemd, command(), none()),
        ] {
            assert!(asked(provider, place, new).is_err(), "{provider:?}");
        }
    }

    #[test]
    fn a_key_that_is_kept_elsewhere_is_not_rotated_here() {
        assert!(rotatable("file").is_ok());
        for provider in ["command", "systemd"] {
            assert!(rotatable(provider).is_err(), "{provider}");
        }
    }
}
