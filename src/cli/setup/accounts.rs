//! The user that a daemon of its own runs as, the group of its callers, and their folders.

use std::path::{Path, PathBuf};

use super::plan::{Plan, Step, Unless, words};
use crate::cli::arguments::AccountArguments;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum System {
    Linux,
    MacOs,
}

impl System {
    pub(super) const fn here() -> Self {
        if cfg!(target_os = "macos") { Self::MacOs } else { Self::Linux }
    }
}

impl System {
    /// The folder of the callers' socket unless another is named.
    const fn run_folder(self) -> &'static str {
        match self {
            Self::Linux => "/run/aivault",
            Self::MacOs => "/usr/local/var/run/aivault",
        }
    }

    /// The user that a daemon for others runs as unless another is named.
    const fn service_user(self) -> &'static str {
        match self {
            Self::Linux => "aivault",
            Self::MacOs => "_aivault",
        }
    }
}

/// Who serves, whom, and where.
pub(super) struct Accounts {
    system: System,
    pub(super) user: String,
    pub(super) group: String,
    pub(super) callers: Vec<String>,
    /// The user's home, nobody else's to look into.
    pub(super) state: PathBuf,
    /// The folder of the callers' socket.
    pub(super) run: PathBuf,
}

impl Accounts {
    pub(super) fn of(arguments: AccountArguments, system: System) -> (Self, bool) {
        let AccountArguments { service_user, callers_group, dry_run } = arguments;
        let state = match system {
            System::Linux => "/var/lib/aivault",
            System::MacOs => "/usr/local/var/aivault",
        };
        let (state, run) = (PathBuf::from(state), PathBuf::from(system.run_folder()));
        let user = service_user.unwrap_or_else(|| system.service_user().to_owned());
        let accounts = Self { system, user, group: callers_group, callers: Vec::new(), state, run };
        (accounts, dry_run)
    }

    /// The callers' socket.
    pub(super) fn socket(&self) -> PathBuf {
        self.run.join("callers.sock")
    }

    pub(super) fn plan(&self) -> Plan {
        let mut steps = match self.system {
            System::Linux => self.linux(),
            System::MacOs => self.macos(),
        };
        steps.push(self.folder("Its home, with its vault: nobody else's to look into", &self.state, 0o700));
        steps.push(self.folder("The folder of the callers' socket", &self.run, 0o750));
        steps.extend(self.callers.iter().map(|caller| self.member(caller)));
        Plan { steps, next: self.next() }
    }

    fn linux(&self) -> Vec<Step> {
        let (user, group) = (self.user.as_str(), self.group.as_str());
        let state = self.state.display().to_string();
        let useradd = [
            "useradd",
            "--system",
            "--gid",
            group,
            "--home-dir",
            &state,
            "--no-create-home",
            "--shell",
            "/usr/sbin/nologin",
            "--comment",
            "aivault",
            user,
        ];
        vec![
            Step::as_root(
                "The group whose members may make calls",
                words(&["groupadd", "--system", group]),
                Unless::Group(group.to_owned()),
            ),
            Step::as_root(
                "The user that the daemon runs as; nobody logs in as it",
                words(&useradd),
                Unless::User(user.to_owned()),
            ),
        ]
    }

    /// An id in the range that the system keeps for such users.
    fn macos(&self) -> Vec<Step> {
        let (user, group) = (self.user.as_str(), self.group.as_str());
        let state = self.state.display().to_string();
        let add = [
            "sysadminctl",
            "-addUser",
            user,
            "-fullName",
            "aivault",
            "-home",
            &state,
            "-shell",
            "/usr/bin/false",
            "-roleAccount",
            "-UID",
            "387",
        ];
        let mut steps = vec![
            Step::as_root(
                "The group whose members may make calls",
                words(&["dseditgroup", "-o", "create", group]),
                Unless::Group(group.to_owned()),
            ),
            Step::as_root(
                "The user that the daemon runs as; nobody logs in as it",
                words(&add),
                Unless::User(user.to_owned()),
            ),
        ];
        steps.push(self.member(user));
        steps
    }

    fn folder(&self, why: &str, path: &Path, mode: u32) -> Step {
        let (text, mode_text) = (path.display().to_string(), format!("{mode:04o}"));
        let install = ["install", "-d", "-m", &mode_text, "-o", &self.user, "-g", &self.group, &text];
        let (owner, group) = (self.user.clone(), self.group.clone());
        Step::as_root(why, words(&install), Unless::Folder { path: path.to_owned(), mode, owner, group })
    }

    fn member(&self, user: &str) -> Step {
        let command = match self.system {
            System::Linux => words(&["usermod", "--append", "--groups", &self.group, user]),
            System::MacOs => words(&["dseditgroup", "-o", "edit", "-a", user, "-t", "user", &self.group]),
        };
        let (user, group) = (user.to_owned(), self.group.clone());
        Step::as_root(&format!("{user} may make calls"), command, Unless::Member { user, group })
    }

    fn next(&self) -> Vec<String> {
        let (user, socket) = (&self.user, self.socket());
        let mut next = vec![
            format!(
                "Its operator works as {user}: sudo -H -u {user} aivault secrets create --name OPENAI_API_KEY"
            ),
            format!(
                "Whoever is in the group {} makes calls: aivault invoke ... (members log in again first)",
                self.group
            ),
        ];
        if self.run != Path::new(self.system.run_folder()) || user != self.system.service_user() {
            let socket = socket.display();
            next.push(format!(
                "with AIVAULT_SOCKET={socket} AIVAULT_SERVICE_USER={user}, since these are not the usual ones"
            ));
        }
        next
    }
}
