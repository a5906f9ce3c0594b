//! `backup` and `restore`: the files and passphrases that they name, read.

use zeroize::Zeroizing;

use super::arguments::{BackupArguments, PassphraseArguments, RestoreArguments};
use super::error::CliError;
use super::passphrase;
use super::render::View;
use super::task::Task;
use crate::platform::files;
use crate::service::{BackupKey, BackupLock, Command};

const LONGEST_IDENTITY: usize = 64 * 1024;

pub(super) fn backup(arguments: BackupArguments) -> Result<Task, CliError> {
    let BackupArguments { file, recipient, passphrase } = arguments;
    let mut lock = Vec::new();
    for text in recipient {
        let known = BackupLock::recipient(&text);
        lock.push(known.ok_or_else(|| CliError::usage(format!("{text:?} is no age recipient (age1...)")))?);
    }
    if passphrase.are_given() {
        lock.push(BackupLock::Passphrase(passphrase::new(passphrase)?.text));
    }
    Ok(Task::Ask(Command::Backup { to: file, lock }, View::default()))
}

pub(super) fn restore(arguments: RestoreArguments) -> Result<Task, CliError> {
    let RestoreArguments { file, identity_file, passphrase, vault_passphrase } = arguments;
    let key = match identity_file {
        Some(path) => {
            let bytes = Zeroizing::new(files::read_private(&path, LONGEST_IDENTITY)?);
            let identity = std::str::from_utf8(&bytes).ok().and_then(BackupKey::identity);
            let missing = || CliError::usage(format!("there is no age identity in {}", path.display()));
            Some(identity.ok_or_else(missing)?)
        }
        None if passphrase.are_given() => Some(BackupKey::Passphrase(passphrase::existing(passphrase)?)),
        None => None,
    };
    let own = PassphraseArguments { passphrase: vault_passphrase, passphrase_file: None };
    let passphrase = own.are_given().then(|| passphrase::existing(own)).transpose()?;
    Ok(Task::Ask(Command::Restore { from: file, key, passphrase }, View::default()))
}
