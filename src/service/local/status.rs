//! Where the vault stands, and what its protection is worth, plainly (invariant 13).

use super::session::{LOCKED, Session};
use super::{Local, config, views};
use crate::platform::memory;
use crate::policy::Caller;
use crate::registry;
use crate::service::error::{ErrorKind, ServiceError};
use crate::service::outcome::{DaemonState, Outcome, StatusView};
use crate::vault::{self, Header, KeyProvider, Presence};

impl Local {
    /// Makes the vault when there is none yet; a locked one is described as far as it can be.
    pub(super) fn status(&self, caller: &Caller) -> Result<Outcome, ServiceError> {
        match self.session(caller) {
            Ok(session) => self.unlocked(&session).map(Outcome::Status),
            Err(error) => match vault::presence(&self.vault_paths())? {
                Presence::Present(header) if error.kind == ErrorKind::VaultLocked => {
                    Ok(Outcome::Status(why_locked(self.describe(&header), error)))
                }
                _ => Err(error),
            },
        }
    }

    fn unlocked(&self, session: &Session) -> Result<StatusView, ServiceError> {
        let mut vault = session.desk.vault();
        let counts = vault.status()?;
        let damaged = counts.damaged.iter().map(ToString::to_string).collect();
        let upstreams = vault.upstreams()?.iter().map(views::upstream).collect();
        // A setting that cannot be read is among the damaged records.
        let settings = vault.settings().unwrap_or_default();
        Ok(StatusView {
            state: "unlocked".to_owned(),
            created: session.created,
            secrets: Some(counts.secrets),
            credentials: Some(counts.credentials),
            damaged,
            upstreams,
            egress: settings.values().filter_map(|setting| config::in_a_line(setting)).collect(),
            ..self.describe(vault.header())
        })
    }

    fn describe(&self, header: &Header) -> StatusView {
        let provider = &header.provider;
        StatusView {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            folder: self.places.vault.display().to_string(),
            state: "locked".to_owned(),
            problem: None,
            problem_help: None,
            created: false,
            test: header.test,
            key_provider: provider.name().to_owned(),
            key_place: self.key_place(provider),
            protection: protection(provider).to_owned(),
            vault_id: header.vault_id.to_string(),
            secrets: None,
            credentials: None,
            damaged: Vec::new(),
            providers: registry::provider_count(),
            capabilities: registry::capability_count(),
            socket: self.places.socket.display().to_string(),
            daemon: None,
            daemon_state: DaemonState::Absent,
            upstreams: Vec::new(),
            egress: Vec::new(),
            listeners: Vec::new(),
            operator: self.operator_view(provider),
            shared: None,
            unlocked_memory: memory::pages().unlocked,
        }
    }

    pub(super) fn key_place(&self, provider: &KeyProvider) -> String {
        match provider {
            KeyProvider::File => self.places.key_file.display().to_string(),
            KeyProvider::Env => "the environment variable AIVAULT_KEY".to_owned(),
            KeyProvider::Passphrase(_) => {
                "derived from the passphrase; in the daemon's memory while unlocked".to_owned()
            }
            KeyProvider::Keychain(_) => "the system's keychain".to_owned(),
            KeyProvider::Command(command) => format!("printed by `{}`", command.in_a_line()),
            KeyProvider::Systemd(name) => format!("the credential `{name}` of a systemd service"),
        }
    }
}

/// That nobody unlocked it is no problem; that its key does not fit, or cannot be had, is.
fn why_locked(view: StatusView, error: ServiceError) -> StatusView {
    if error.reason.as_deref() == Some(LOCKED) {
        return view;
    }
    StatusView { problem: Some(error.message), problem_help: error.help, ..view }
}

fn protection(provider: &KeyProvider) -> &'static str {
    match provider {
        KeyProvider::File => {
            "weak against code of the same user: the key file lies beside readable ciphertexts. \
             It keeps keys out of environments, logs and other users' reach; a passphrase or keychain does more, \
             a daemon under its own user most"
        }
        KeyProvider::Env => {
            "weak against code of the same user: whoever reads the environment that holds AIVAULT_KEY opens the vault"
        }
        KeyProvider::Passphrase(_) => {
            "good: nothing on the disk opens the vault; while it is unlocked, the key lives in a daemon that other \
             processes of the user cannot dump or trace. Those make calls, and change nothing outside of an operator's \
             session. One that takes the daemon's place at its socket does not \
             get the key, but reads what is sent there, new secrets included"
        }
        KeyProvider::Keychain(_) => {
            "good: the system's keychain guards the key while you are logged out or it is locked"
        }
        KeyProvider::Command(_) => {
            "as good as what guards the key there: a program that asks you each time keeps it from code of the same \
             user, one that answers anybody does not. While the vault is unlocked, the key lives in a daemon that \
             other processes of the user cannot dump or trace"
        }
        KeyProvider::Systemd(_) => {
            "good under a user of the service's own: the service manager shows the key to that service alone. Code of \
             the same user can read it while the service runs"
        }
    }
}
