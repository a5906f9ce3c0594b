//! A vault of its own for one test, and the built programs to work on it.

use std::ffi::OsStr;
use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use super::socket;
use super::{Done, Upstream, audit, processes};

/// The way that calls take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Door {
    Daemon,
    InProcess,
}

impl Door {
    pub const BOTH: [Self; 2] = [Self::Daemon, Self::InProcess];

    /// The variables that choose it.
    pub fn variables(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::Daemon => &[],
            Self::InProcess => &[("AIVAULTD_DISABLE", "1")],
        }
    }
}

/// A user without privileges, to run the programs as where the tests run as root.
pub const NOBODY: u32 = 65_534;

/// The built `aivault`; `aivaultd` lies beside it.
pub fn program() -> PathBuf {
    PathBuf::from(env!("CARGO_BIN_EXE_aivault"))
}

/// A temporary folder with a vault in it. Its daemon ends with it.
pub struct Home {
    folder: TempDir,
    program: PathBuf,
    pub door: Door,
}

/// Operators' sessions are bound to a session of processes: the tests are in one of their own, whatever started them.
pub fn lead_session() {
    // One that leads a group already, such as a shell's job, has its shell's.
    let _ = rustix::process::setsid();
}

impl Home {
    /// A folder without a vault yet.
    pub fn empty(door: Door) -> Self {
        lead_session();
        let home = Self { folder: tempfile::tempdir().unwrap(), program: program(), door };
        fs::create_dir(home.vault()).unwrap();
        set_mode(&home.vault(), 0o700);
        home
    }

    /// A test vault.
    pub fn test(door: Door) -> Self {
        let home = Self::empty(door);
        home.run(&["init", "--test"]).ok();
        home
    }

    /// A test vault whose hosts are all sent to `upstream`.
    pub fn with(door: Door, upstream: &Upstream) -> Self {
        let home = Self::test(door);
        home.send_to(upstream);
        home
    }

    /// A test vault with an OpenAI key, which is sent to `upstream`.
    pub fn with_openai(door: Door, upstream: &Upstream, key: &str) -> Self {
        let home = Self::with(door, upstream);
        home.store("OPENAI_API_KEY", key);
        home
    }

    /// The same, run with copies of the programs that nobody else runs.
    pub fn with_own_programs(mut self) -> Self {
        let folder = self.path("bin");
        fs::create_dir(&folder).unwrap();
        for name in ["aivault", "aivaultd"] {
            let (from, to) = (program().with_file_name(name), folder.join(name));
            if fs::hard_link(&from, &to).is_err() {
                fs::copy(&from, &to).unwrap();
            }
        }
        self.program = folder.join("aivault");
        self
    }

    /// Makes the folder and everything in it but the programs another user's.
    pub fn give_to(&self, user: u32) {
        let programs = self.path("bin");
        let mut rest = vec![self.folder.path().to_owned()];
        while let Some(path) = rest.pop() {
            std::os::unix::fs::chown(&path, Some(user), Some(user)).unwrap();
            if path.is_dir() && path != programs {
                rest.extend(fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
            }
        }
    }

    /// Every host of the upstream.
    pub fn send_to(&self, upstream: &Upstream) {
        upstream.hosts.iter().for_each(|host| self.send_host_to(host, upstream));
    }

    /// One host alone.
    pub fn send_host_to(&self, host: &str, upstream: &Upstream) {
        self.send_address_to(host, upstream.address, &upstream.ca_pem);
    }

    /// One host to whoever listens there and is vouched for by that authority.
    pub fn send_address_to(&self, host: &str, address: SocketAddr, ca_pem: &str) {
        let ca = self.path("ca.pem");
        fs::write(&ca, ca_pem).unwrap();
        let (ca, address) = (ca.to_str().unwrap(), address.to_string());
        self.run(&["upstream", "set", host, "--to", &address, "--ca", ca]).ok();
    }

    /// Adds a provider of the operator's own, from its file's text.
    pub fn add_provider(&self, text: &str) -> Done {
        let file = self.path("own.yaml");
        fs::write(&file, text).unwrap();
        self.run(&["provider", "add", file.to_str().unwrap()])
    }

    pub fn store(&self, name: &str, value: &str) -> Done {
        self.run(&["secrets", "create", "--name", name, "--value", value]).ok()
    }

    /// A place in the temporary folder, beside the vault.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn vault(&self) -> PathBuf {
        self.path("vault")
    }

    pub fn socket(&self) -> PathBuf {
        self.vault().join("run/aivaultd.sock")
    }

    pub fn daemon_program(&self) -> PathBuf {
        self.program.with_file_name("aivaultd")
    }

    /// `aivault` with nothing in its environment but where the vault is and the way to take.
    pub fn command<A: AsRef<OsStr>>(&self, door: Door, arguments: &[A]) -> Command {
        let mut command = Command::new(&self.program);
        command.args(arguments).env_clear().env("AIVAULT_DIR", self.vault()).current_dir(self.folder.path());
        command.envs(door.variables().iter().copied());
        command
    }

    pub fn run<A: AsRef<OsStr>>(&self, arguments: &[A]) -> Done {
        self.run_through(self.door, arguments)
    }

    pub fn run_through<A: AsRef<OsStr>>(&self, door: Door, arguments: &[A]) -> Done {
        Done::of(&mut self.command(door, arguments), b"")
    }

    pub fn run_with_input<A: AsRef<OsStr>>(&self, arguments: &[A], input: &[u8]) -> Done {
        Done::of(&mut self.command(self.door, arguments), input)
    }

    /// The audit log as the program shows it, the newest first.
    pub fn events(&self) -> Vec<audit::Entry> {
        audit::entries(&self.run(&["audit", "--json", "--limit", "100000"]).ok())
    }

    /// The daemon's process, as `status` gives it.
    pub fn daemon(&self) -> Option<u32> {
        let status = self.run(&["status", "--json"]);
        let status: serde_json::Value = serde_json::from_slice(&status.stdout).ok()?;
        status["daemon"].as_u64().and_then(|pid| u32::try_from(pid).ok())
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        // A test may have broken what `status` needs; the socket still knows its process.
        let found = self.daemon().or_else(|| socket::listener(&self.socket()));
        // A test that stands in for a daemon ends by itself.
        if let Some(pid) = found.filter(|pid| *pid != std::process::id()) {
            processes::kill(pid);
        }
    }
}

pub fn set_mode(path: &Path, mode: u32) {
    use std::os::unix::fs::PermissionsExt as _;
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}
