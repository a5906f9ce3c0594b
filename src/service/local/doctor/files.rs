//! The files and folders: who has access, what was left over, and how much room there is.

use std::path::{Path, PathBuf};

use crate::platform::files::{self, FileError, Problem};
use crate::service::doctor::{Check, DoctorView, State};
use crate::service::local::Local;
use crate::vault::VaultPaths;

/// A change of the vault takes some pages, a day's log some megabytes.
const NEEDED: u64 = 4 << 20;
const COMFORTABLE: u64 = 64 << 20;

impl Local {
    pub(super) fn examine_files(&self, fix: bool, view: &mut DoctorView) {
        let paths = self.vault_paths();
        access(&paths, fix, view);
        left_over(&paths, fix, view);
        room(&paths.folder, view);
    }
}

/// The folders of the vault that are there, and every file in them.
fn folders(paths: &VaultPaths) -> Vec<PathBuf> {
    let mut folders = vec![paths.folder.clone(), paths.audit_dir.clone()];
    folders.extend(paths.key_file.parent().map(Path::to_owned));
    folders.sort();
    folders.dedup();
    folders.retain(|folder| files::exists(folder).unwrap_or(true));
    folders
}

fn access(paths: &VaultPaths, fix: bool, view: &mut DoctorView) {
    for folder in folders(paths) {
        judge(&folder, fix, files::check_private_dir, view);
        let listed = files::list_folder(&folder).unwrap_or_default();
        // Folders within are looked at on their own, or are the daemon's, which looks at them itself.
        let is_folder = |path: &PathBuf| files::check_private_dir(path).is_ok() || is_no_file(path);
        for file in listed.iter().filter(|path| !is_folder(path)) {
            judge(file, fix, files::check_private, view);
        }
    }
    let seen = [State::Wrong, State::Repaired].map(|state| view.has(Check::Permissions, state));
    if seen == [false, false] {
        view.fine(Check::Permissions, "nobody else can read or change the vault's files");
    }
}

fn is_no_file(path: &Path) -> bool {
    let problem = files::check_private(path).err().map(|error| error.problem);
    // A vault's own file that is something else is named where it is used.
    matches!(problem, Some(Problem::NotAFile)) && !path.ends_with("vault.db") && !path.ends_with("kek.key")
}

fn judge(path: &Path, fix: bool, check: fn(&Path) -> Result<(), FileError>, view: &mut DoctorView) {
    let Err(error) = check(path) else { return };
    let is_open = matches!(error.problem, Problem::OpenToOthers { .. });
    if fix && is_open && files::close_to_others(path).and_then(|()| check(path)).is_ok() {
        return view.repaired(Check::Permissions, format!("{error}; it is closed to them now"));
    }
    view.wrong(Check::Permissions, error.to_string(), error.help());
}

fn left_over(paths: &VaultPaths, fix: bool, view: &mut DoctorView) {
    let found = folders(paths)
        .iter()
        .flat_map(|folder| files::leftovers(folder).unwrap_or_default())
        .collect::<Vec<_>>();
    if found.is_empty() {
        return view.fine(Check::Leftovers, "no interrupted write left anything");
    }
    for path in found {
        let message = format!("an interrupted write left {path:?}");
        match fix.then(|| files::remove(&path)) {
            Some(Ok(())) => view.repaired(Check::Leftovers, format!("{message}; it is removed")),
            Some(Err(error)) => view.wrong(Check::Leftovers, error.to_string(), error.help()),
            None => view.note(Check::Leftovers, message, "remove it: aivault doctor --fix"),
        }
    }
}

fn room(folder: &Path, view: &mut DoctorView) {
    const HELP: &str = "free some disk space";
    match files::free_bytes(folder) {
        Ok(free) if free < NEEDED => {
            view.wrong(
                Check::DiskSpace,
                format!("only {free} bytes are left for the vault and its log"),
                HELP,
            );
        }
        Ok(free) if free < COMFORTABLE => {
            view.note(
                Check::DiskSpace,
                format!("{} MiB are left for the vault and its log", free >> 20),
                HELP,
            );
        }
        Ok(free) => view.fine(Check::DiskSpace, format!("{} MiB are left", free >> 20)),
        // There is no folder yet.
        Err(error) if error.is_missing() => {}
        Err(error) => view.wrong(Check::DiskSpace, error.to_string(), error.help()),
    }
}
