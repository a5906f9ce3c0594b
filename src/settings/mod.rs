//! The environment, read once and turned into values.
//!
//! The only reader of environment variables. None of them says where a secret is
//! sent (invariant 8): they choose whose vault this is, and how to reach its daemon.
#![expect(clippy::disallowed_methods, reason = "this module is where the environment is read")]

mod cleanse;

use std::env;
use std::ffi::OsString;
use std::path::PathBuf;

use thiserror::Error;
use zeroize::Zeroizing;

pub use cleanse::cleanse;

/// Whether and how calls go through the daemon.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DaemonUse {
    /// Through it; started when it is not there.
    Autostart,
    /// Through it; an error when it is not there.
    Running,
    /// In this process.
    Disabled,
}

/// Where everything of one vault is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Places {
    /// The folder of `vault.db`.
    pub vault: PathBuf,
    /// The key of the `file` provider.
    pub key_file: PathBuf,
    pub audit: PathBuf,
    /// The callers' socket; the operators' is beside it.
    pub socket: PathBuf,
    /// The value of `AIVAULT_DIR`, when it was set.
    pub given: Option<PathBuf>,
    /// Whether `AIVAULTD_SOCKET` was set.
    pub socket_given: bool,
}

impl Places {
    /// The operators' socket.
    #[must_use]
    pub fn operator_socket(&self) -> PathBuf {
        self.socket.with_extension("operator.sock")
    }

    /// Where a daemon hands its listeners on to the next one.
    #[must_use]
    pub fn succession_socket(&self) -> PathBuf {
        self.socket.with_extension("heir.sock")
    }

    /// The lock that the one daemon of this vault holds while it lives.
    #[must_use]
    pub fn daemon_lock(&self) -> PathBuf {
        self.socket.with_extension("lock")
    }

    /// The lock of whoever is starting or replacing the daemon.
    #[must_use]
    pub fn start_lock(&self) -> PathBuf {
        self.socket.with_extension("start.lock")
    }
}

/// A daemon of another user that serves the callers of a group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SharedPlace {
    pub socket: PathBuf,
    /// Whether this one was named, rather than being where such daemons usually are.
    pub named: bool,
    /// The user who may serve there, beside root.
    pub user: String,
}

/// Where a daemon serves the callers of a group unless it is told another place, and where they look.
pub const SHARED_SOCKET: &str = if cfg!(target_os = "macos") {
    "/usr/local/var/run/aivault/callers.sock"
} else {
    "/run/aivault/callers.sock"
};
/// The user such a daemon runs as.
pub const SERVICE_USER: &str = if cfg!(target_os = "macos") { "_aivault" } else { "aivault" };
/// The group of its callers.
pub const CALLERS_GROUP: &str = "aivault-callers";

/// What the environment says.
pub struct Settings {
    pub places: Places,
    pub shared: SharedPlace,
    pub daemon: DaemonUse,
    /// The key of the `env` provider, base64 or hexadecimal.
    pub env_key: Option<Zeroizing<String>>,
    /// The folder in which the service manager put this service's credentials.
    pub credentials: Option<PathBuf>,
    pub home: Option<PathBuf>,
    pub no_color: bool,
}

/// Why the environment cannot be used.
#[derive(Debug, Error)]
pub enum SettingsError {
    #[error(
        "neither AIVAULT_DIR nor a home folder says where the vault is; set AIVAULT_DIR to a folder of yours"
    )]
    NoHome,
    #[error("{name} is not a path that can be used: {problem}")]
    BadPath { name: &'static str, problem: &'static str },
    #[error("AIVAULT_KEY is not valid UTF-8; it must be a base64 or hexadecimal key of 32 bytes")]
    BadKey,
}

impl Settings {
    /// Reads the environment.
    ///
    /// # Errors
    /// When it does not say where the vault is.
    pub fn read() -> Result<Self, SettingsError> {
        Ok(Self {
            places: places()?,
            shared: shared()?,
            daemon: daemon_use(),
            env_key: match env::var_os("AIVAULT_KEY") {
                None => None,
                Some(key) => Some(Zeroizing::new(key.into_string().map_err(|_| SettingsError::BadKey)?)),
            },
            credentials: set("CREDENTIALS_DIRECTORY").map(PathBuf::from).filter(|path| path.is_absolute()),
            home: env::home_dir().filter(|home| home.is_absolute()),
            no_color: set("NO_COLOR").is_some(),
        })
    }
}

/// The variables that hold the vault's own key.
pub const OWN_KEYS: [&str; 1] = ["AIVAULT_KEY"];

/// Where the service manager that started this process wants to hear that it is ready.
#[must_use]
pub fn notify_socket() -> Option<OsString> {
    set("NOTIFY_SOCKET")
}

/// The environment as this process was given it, for a program that is to have the same.
#[must_use]
pub fn environment() -> Vec<(OsString, OsString)> {
    env::vars_os().chain(cleanse::taken().iter().cloned()).collect()
}

/// This user's folder.
#[must_use]
pub fn home() -> Option<PathBuf> {
    env::home_dir().filter(|home| home.is_absolute())
}

/// A variable that is there and not empty.
fn set(name: &str) -> Option<OsString> {
    env::var_os(name).filter(|value| !value.is_empty())
}

fn is_on(name: &str) -> Option<bool> {
    let value = set(name)?;
    Some(!matches!(value.to_str(), Some("0" | "false" | "no" | "off")))
}

fn daemon_use() -> DaemonUse {
    match (is_on("AIVAULTD_DISABLE"), is_on("AIVAULTD_AUTOSTART")) {
        (Some(true), _) => DaemonUse::Disabled,
        (_, Some(false)) => DaemonUse::Running,
        _ => DaemonUse::Autostart,
    }
}

fn path(name: &'static str) -> Result<Option<PathBuf>, SettingsError> {
    let Some(value) = set(name) else { return Ok(None) };
    let path = PathBuf::from(value);
    if path.is_absolute() {
        return Ok(Some(path));
    }
    let here = env::current_dir()
        .map_err(|_| SettingsError::BadPath { name, problem: "it is relative to nothing" })?;
    Ok(Some(here.join(path)))
}

fn shared() -> Result<SharedPlace, SettingsError> {
    let named = path("AIVAULT_SOCKET")?;
    let user = set("AIVAULT_SERVICE_USER").and_then(|user| user.into_string().ok());
    Ok(SharedPlace {
        named: named.is_some(),
        socket: named.unwrap_or_else(|| PathBuf::from(SHARED_SOCKET)),
        user: user.unwrap_or_else(|| SERVICE_USER.to_owned()),
    })
}

fn places() -> Result<Places, SettingsError> {
    let socket = path("AIVAULTD_SOCKET")?;
    let socket_given = socket.is_some();
    if let Some(folder) = path("AIVAULT_DIR")? {
        return Ok(Places {
            key_file: folder.join("kek.key"),
            audit: folder.join("audit"),
            socket: socket.unwrap_or_else(|| folder.join("run/aivaultd.sock")),
            vault: folder.clone(),
            given: Some(folder),
            socket_given,
        });
    }
    let home = home().ok_or(SettingsError::NoHome)?;
    let root = home.join(".aivault");
    let vault = root.join("data/vault");
    Ok(Places {
        key_file: root.join("keys/kek.key"),
        audit: vault.join("audit"),
        socket: socket.unwrap_or_else(|| root.join("run/aivaultd.sock")),
        vault,
        given: None,
        socket_given,
    })
}
