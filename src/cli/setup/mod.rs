//! `setup …`: what an administrator would type to have the daemon run under a user of its own, or by
//! a service manager. A plan of commands and files comes first; `--dry-run` prints it, and nothing
//! else is ever done than what it says.
//!
//! It must never touch a vault, and changes nothing that is as it should be already.

mod accounts;
mod error;
mod launchd;
mod perform;
mod plan;
mod systemd;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use super::arguments::{AgentAccessArguments, SetupVerb, UnitArguments};
use super::error::CliError;
use super::screen::Screen;
use crate::platform::process;
use crate::settings;

use accounts::{Accounts, System};
pub(super) use error::SetupError;
use plan::Plan;

/// A plan, and whether to do no more than print it.
pub(super) struct Setup {
    plan: Plan,
    dry_run: bool,
}

pub(super) fn task(verb: SetupVerb) -> Result<Setup, CliError> {
    Ok(match verb {
        SetupVerb::AgentAccess(arguments) => agent_access(arguments),
        SetupVerb::Systemd(arguments) => unit(arguments, System::Linux)?,
        SetupVerb::Launchd(arguments) => unit(arguments, System::MacOs)?,
    })
}

fn agent_access(arguments: AgentAccessArguments) -> Setup {
    let AgentAccessArguments { accounts, callers, state_dir, run_dir } = arguments;
    let (mut all, dry_run) = Accounts::of(accounts, System::here());
    all.callers = callers;
    all.state = state_dir.unwrap_or(all.state);
    all.run = run_dir.unwrap_or(all.run);
    Setup { plan: all.plan(), dry_run }
}

fn unit(arguments: UnitArguments, system: System) -> Result<Setup, CliError> {
    let UnitArguments { accounts, user, program, .. } = arguments;
    let (accounts, dry_run) = Accounts::of(accounts, system);
    let program = match program {
        Some(program) => program,
        None => beside_this()?,
    };
    let home = || settings::home().ok_or(settings::SettingsError::NoHome);
    if !user {
        reachable(&program)?;
    }
    let plan = match (system, user) {
        (System::Linux, false) => accounts.plan().then(systemd::system(&accounts, &program)),
        (System::Linux, true) => systemd::of_user(&home()?, &program),
        (System::MacOs, false) => accounts.plan().then(launchd::system(&accounts, &program)),
        (System::MacOs, true) => launchd::of_user(&home()?, &program),
    };
    if !dry_run && system != System::here() {
        return Err(SetupError::OtherSystem.into());
    }
    Ok(Setup { plan, dry_run })
}

fn beside_this() -> Result<PathBuf, CliError> {
    let own = process::current_executable().map_err(SetupError::from)?;
    Ok(own.with_file_name("aivaultd"))
}

/// A daemon that is kept out of people's folders cannot be started from one.
fn reachable(program: &Path) -> Result<(), SetupError> {
    const CLOSED: [&str; 5] = ["/home", "/root", "/tmp", "/var/tmp", "/run/user"];
    if CLOSED.iter().any(|folder| program.starts_with(folder)) {
        return Err(SetupError::InClosedFolder(program.to_owned()));
    }
    Ok(())
}

impl Setup {
    pub(super) fn perform(self, screen: &mut Screen<'_>) -> Result<ExitCode, CliError> {
        if self.dry_run {
            write!(screen.out, "{}", self.plan)?;
        } else {
            perform::perform(&self.plan, screen)?;
        }
        Ok(ExitCode::SUCCESS)
    }
}
