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
}

impl Places {
    /// The operators' socket.
    #[must_use]
    pub fn operator_socket(&self) -> PathBuf {
        self.socket.with_extension("operator.sock")
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

/// What the environment says.
pub struct Settings {
    pub places: Places,
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

/// The environment as this process was given it, for a program that is to have the same.
#[must_use]
pub fn environment() -> Vec<(OsString, OsString)> {
    env::vars_os().chain(cleanse::taken().iter().cloned()).collect()
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

fn places() -> Result<Places, SettingsError> {
    let socket = path("AIVAULTD_SOCKET")?;
    if let Some(folder) = path("AIVAULT_DIR")? {
        return Ok(Places {
            key_file: folder.join("kek.key"),
            audit: folder.join("audit"),
            socket: socket.unwrap_or_else(|| folder.join("run/aivaultd.sock")),
            vault: folder.clone(),
            given: Some(folder),
        });
    }
    let home = env::home_dir().filter(|home| home.is_absolute()).ok_or(SettingsError::NoHome)?;
    let root = home.join(".aivault");
    let vault = root.join("data/vault");
    Ok(Places {
        key_file: root.join("keys/kek.key"),
        audit: vault.join("audit"),
        socket: socket.unwrap_or_else(|| root.join("run/aivaultd.sock")),
        vault,
        given: None,
    })
}
