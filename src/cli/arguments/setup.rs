//! `setup …`.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use thiserror::Error;

use crate::settings;

#[derive(Subcommand)]
pub(in crate::cli) enum SetupVerb {
    /// Make the user that a shared daemon runs as, the group of its callers, and their folders
    AgentAccess(AgentAccessArguments),
    /// Have systemd run the daemon: for the callers of a group, or with --user for this user alone
    Systemd(UnitArguments),
    /// Have launchd run the daemon, on macOS: for the callers of a group, or with --user for this user
    Launchd(UnitArguments),
}

/// Who serves, and whom.
#[derive(Args)]
pub(in crate::cli) struct AccountArguments {
    /// The user that the daemon runs as [default: aivault, on macOS _aivault]
    #[arg(long, value_name = "USER", value_parser = account)]
    pub(in crate::cli) service_user: Option<String>,
    /// The group whose members may make calls
    #[arg(long, value_name = "GROUP", default_value = settings::CALLERS_GROUP, value_parser = account)]
    pub(in crate::cli) callers_group: String,
    /// Print every command and file, and do nothing
    #[arg(long)]
    pub(in crate::cli) dry_run: bool,
}

#[derive(Args)]
pub(in crate::cli) struct AgentAccessArguments {
    #[command(flatten)]
    pub(in crate::cli) accounts: AccountArguments,
    /// A user who may make calls, such as the one that an agent runs as; may be repeated
    #[arg(long = "caller", value_name = "USER", value_parser = account)]
    pub(in crate::cli) callers: Vec<String>,
    /// The daemon's home, with its vault
    #[arg(long, value_name = "DIR", value_parser = absolute)]
    pub(in crate::cli) state_dir: Option<PathBuf>,
    /// The folder of the callers' socket
    #[arg(long, value_name = "DIR", value_parser = absolute)]
    pub(in crate::cli) run_dir: Option<PathBuf>,
}

#[derive(Args)]
pub(in crate::cli) struct UnitArguments {
    #[command(flatten)]
    pub(in crate::cli) accounts: AccountArguments,
    /// For this user's own vault and programs alone
    #[arg(long, conflicts_with_all = ["service_user", "callers_group"])]
    pub(in crate::cli) user: bool,
    /// The daemon's program [default: aivaultd beside this one]
    #[arg(long, value_name = "PATH", value_parser = absolute)]
    pub(in crate::cli) program: Option<PathBuf>,
}

/// Why a name or path is not put into commands and units.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
enum NotTaken {
    #[error("use at most 31 of a-z, 0-9, _ and -, beginning with a letter or _")]
    Account,
    #[error("give an absolute path of letters, digits and . _ - + /")]
    Path,
}

/// What every system takes for the name of a user or group, and no unit file or shell takes for more.
fn account(text: &str) -> Result<String, NotTaken> {
    let is_first = |c: char| c.is_ascii_lowercase() || c == '_';
    let is_good = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_' || c == '-';
    if text.len() <= 31 && text.starts_with(is_first) && text.chars().all(is_good) {
        return Ok(text.to_owned());
    }
    Err(NotTaken::Account)
}

/// A path as unit files take it without quoting.
fn absolute(text: &str) -> Result<PathBuf, NotTaken> {
    let is_good = |c: char| c.is_ascii_alphanumeric() || "/._-+".contains(c);
    let is_plain = !text.split('/').any(|part| part == "..");
    if text.starts_with('/') && is_plain && text.chars().all(is_good) {
        return Ok(PathBuf::from(text));
    }
    Err(NotTaken::Path)
}
