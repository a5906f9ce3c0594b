//! The key files beside the one in use. A look only: no key is ever touched by it.

use crate::service::doctor::{Check, DoctorView};
use crate::vault::{FormerKeys, Repair};

pub(super) fn examine(looked: &Repair, view: &mut DoctorView) {
    let FormerKeys { nameless, unused, set_aside } = match looked.former_keys() {
        Ok(found) => found,
        Err(error) => return view.wrong(Check::Key, error.to_string(), error.help()),
    };
    if let Some(path) = nameless {
        let message =
            format!("it is in {path:?}: a change of the key was interrupted before it got its name");
        view.note(
            Check::Key,
            message,
            "it opens the vault from there; keep a copy of that file, not of the older",
        );
    }
    if let Some(path) = unused {
        let message =
            format!("a change of the key was interrupted before it was made; {path:?} opens nothing");
        view.note(Check::Key, message, "the next change of the key puts another in its place");
    }
    if !set_aside.is_empty() {
        let message = format!("of keys before, {} are kept beside it: {set_aside:?}", set_aside.len());
        view.note(Check::Key, message, "delete each with the last backup that was made while it was in use");
    }
}
