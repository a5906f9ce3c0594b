//! Users and a group of this machine, made for one test and gone with it. Needs root.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tempfile::TempDir;

use super::home::{program, set_mode};
use super::{Done, processes};

/// Names that nobody else has: those of a service user, of a group, and of users.
pub struct Accounts {
    folder: TempDir,
    pub service: String,
    pub group: String,
    users: Vec<String>,
    daemon: Option<u32>,
    /// The last to go: the programs that make users lock each other out.
    _turn: MutexGuard<'static, u32>,
}

/// How many were made, and whose turn it is.
static MADE: Mutex<u32> = Mutex::new(0);

/// Why there can be no accounts here.
pub fn missing() -> Option<&'static str> {
    let is_root = rustix::process::geteuid().is_root();
    let has = |name: &str| {
        ["/usr/sbin", "/usr/bin", "/sbin", "/bin"].iter().any(|folder| Path::new(folder).join(name).exists())
    };
    match () {
        () if !is_root => Some("only root can make users"),
        () if !["useradd", "groupadd", "setpriv"].iter().all(|name| has(name)) => {
            Some("useradd, groupadd or setpriv is not there")
        }
        () => None,
    }
}

impl Accounts {
    /// `users` are made; service user and group are only named. All find the programs.
    pub fn of(users: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        set_mode(folder.path(), 0o755);
        fs::create_dir(folder.path().join("bin")).unwrap();
        for name in ["aivault", "aivaultd"] {
            fs::copy(program().with_file_name(name), folder.path().join("bin").join(name)).unwrap();
        }
        let mut turn = MADE.lock().unwrap_or_else(PoisonError::into_inner);
        *turn += 1;
        let own = |what: &str| format!("avt{}n{turn}{what}", std::process::id());
        let users: Vec<String> = users.iter().map(|user| own(user)).collect();
        let (service, group) = (own("s"), own("g"));
        let made = Self { service, group, users, daemon: None, folder, _turn: turn };
        for user in &made.users {
            let home = made.path(user);
            administrate(&["useradd", "--home-dir", home.to_str().unwrap(), "--create-home", user]);
        }
        made
    }

    pub fn user(&self, at: usize) -> &str {
        &self.users[at]
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn socket(&self) -> PathBuf {
        self.path("run/callers.sock")
    }

    pub fn program(&self) -> PathBuf {
        self.path("bin/aivault")
    }

    /// A command of the test's own user, which is root.
    pub fn as_root(&self, arguments: &[&str]) -> Done {
        Done::of(
            Command::new(self.program()).args(arguments).env_clear().env("HOME", self.folder.path()),
            b"",
        )
    }

    /// Any program as a user, with its groups, and nothing in its environment but its home and `more`.
    pub fn command_as(&self, user: &str, home: &Path, program: &Path, more: &[(&str, &str)]) -> Command {
        let mut command = Command::new("setpriv");
        let primary = group_of(user);
        command.args(["--reuid", user, "--regid", &primary, "--init-groups", "--"]).arg(program);
        command.env_clear().env("HOME", home).env("PATH", "/usr/bin:/bin").envs(more.iter().copied());
        command.current_dir("/");
        command
    }

    /// `aivault` as the service user.
    pub fn serve(&self, arguments: &[&str]) -> Done {
        let mut command = self.command_as(&self.service, &self.path("state"), &self.program(), &[]);
        Done::of(command.args(arguments), b"")
    }

    /// `aivault` as a caller of the daemon.
    pub fn call(&self, user: &str, arguments: &[&str]) -> Done {
        let socket = self.socket();
        self.call_at(user, socket.to_str().unwrap(), arguments)
    }

    pub fn call_at(&self, user: &str, socket: &str, arguments: &[&str]) -> Done {
        let more = [("AIVAULT_SOCKET", socket), ("AIVAULT_SERVICE_USER", self.service.as_str())];
        let mut command = self.command_as(user, &self.path(user), &self.program(), &more);
        Done::of(command.args(arguments), b"")
    }

    /// Starts the daemon as the service user.
    pub fn start(&mut self, more: &[(&str, &str)]) {
        let mut command =
            self.command_as(&self.service, &self.path("state"), &self.path("bin/aivaultd"), more);
        let shared = format!("--shared={}", self.socket().display());
        self.daemon =
            Some(command.args([shared.as_str(), "--callers-group", &self.group]).spawn().unwrap().id());
    }

    pub fn end_daemon(&mut self) {
        if let Some(pid) = self.daemon.take() {
            processes::kill(pid);
            super::wait::until("the daemon is gone", || (!processes::is_alive(pid)).then_some(()));
        }
    }
}

fn group_of(user: &str) -> String {
    let done = Done::of(Command::new("id").args(["-g", user]), b"").ok();
    done.text().trim().to_owned()
}

fn administrate(command: &[&str]) {
    Done::of(Command::new(command[0]).args(&command[1..]), b"").ok();
}

impl Drop for Accounts {
    fn drop(&mut self) {
        if let Some(pid) = self.daemon.take() {
            processes::kill(pid);
        }
        // What was not made cannot be taken away.
        for user in self.users.iter().chain([&self.service]) {
            let _ = Command::new("userdel").arg(user).output();
        }
        for group in self.users.iter().chain([&self.group]) {
            let _ = Command::new("groupdel").arg(group).output();
        }
    }
}
