//! What is left of a vault, and what is wrong with it.

use std::io;

use super::counted;
use crate::cli::escape;
use crate::cli::screen::Screen;
use crate::service::RepairView;

pub(super) fn print(view: &RepairView, screen: &mut Screen<'_>) -> io::Result<()> {
    if view.problem.is_none() && view.damaged.is_empty() {
        return writeln!(screen.out, "Nothing is wrong with the vault's records.");
    }
    if let Some(problem) = &view.problem {
        writeln!(screen.out, "Wrong: {}", escape::line(problem))?;
    }
    for record in &view.damaged {
        let fate = if view.accepted { "deleted" } else { "does not open" };
        writeln!(screen.out, "Damaged: {} ({fate})", escape::line(record))?;
    }
    for secret in &view.secrets {
        writeln!(screen.out, "Left: {} in {} (version {})", secret.name, secret.scope, secret.version)?;
    }
    let secrets = counted(view.secrets.len() as u64, "secret");
    if view.accepted {
        return writeln!(screen.out, "The vault was accepted as it is, with {secrets}.");
    }
    writeln!(screen.out, "With `aivault repair --accept`, the vault goes on as it is, with {secrets}.")
}

pub(super) fn print_restarted(set_aside: Option<&str>, screen: &mut Screen<'_>) -> io::Result<()> {
    match set_aside {
        Some(path) => writeln!(screen.out, "The audit log before is now {}.", escape::line(path))?,
        None => writeln!(screen.out, "There was no audit log before.")?,
    }
    writeln!(screen.out, "A new audit log begins, and says so in its first entry.")
}
