//! Carries a plan out, step by step, and says what was done; what is done already is left as it is.

use super::error::SetupError;
use super::plan::{Plan, Step, Unless, line};
use crate::cli::error::CliError;
use crate::cli::escape;
use crate::cli::screen::Screen;
use crate::platform::{commands, files, process, users};

pub(super) fn perform(plan: &Plan, screen: &mut Screen<'_>) -> Result<(), CliError> {
    let mut changed = false;
    let mut did_anything = false;
    for step in &plan.steps {
        let done = match step {
            Step::Write { path, text, needs_root } => {
                let is_there = files::is_document(path, text);
                if !is_there {
                    allowed(*needs_root, || format!("write {}", path.display()))?;
                    files::place_document(path, text)?;
                    changed = true;
                }
                (!is_there).then(|| format!("wrote {}", path.display()))
            }
            Step::Run { command, unless, needs_root, .. } if !is_done(unless, changed) => {
                allowed(*needs_root, || line(command))?;
                run(command)?;
                Some(line(command))
            }
            Step::Run { .. } => None,
        };
        if let Some(done) = done {
            did_anything = true;
            writeln!(screen.out, "{}", escape::line(&done))?;
        }
    }
    if !did_anything {
        writeln!(screen.out, "All of it is there already; nothing was changed.")?;
    }
    for next in &plan.next {
        writeln!(screen.out, "{next}")?;
    }
    Ok(())
}

fn allowed(needs_root: bool, what: impl FnOnce() -> String) -> Result<(), SetupError> {
    if needs_root && process::effective_uid() != 0 { Err(SetupError::NeedsRoot(what())) } else { Ok(()) }
}

fn is_done(unless: &Unless, changed: bool) -> bool {
    let succeeds = |command: &[String]| commands::run(command).is_ok_and(|ran| ran.is_ok);
    match unless {
        Unless::Group(group) => users::gid_of(group).is_some(),
        Unless::User(user) => users::uid_of(user).is_some(),
        Unless::Member { user, group } => users::is_member(user, group),
        Unless::Folder { path, mode, owner, group } => users::uid_of(owner)
            .zip(users::gid_of(group))
            .is_some_and(|(uid, gid)| files::is_folder_of(path, *mode, uid, gid)),
        Unless::NothingChanged => !changed,
        Unless::Succeeds(command) => succeeds(command),
        Unless::UnchangedAnd(command) => !changed && succeeds(command),
    }
}

fn run(command: &[String]) -> Result<(), SetupError> {
    let ran = commands::run(command)?;
    if ran.is_ok {
        return Ok(());
    }
    Err(SetupError::Failed { command: line(command), said: ran.said })
}
