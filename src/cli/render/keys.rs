//! Where the vault's key comes from, and that it comes from elsewhere now.

use std::io;

use serde::Serialize;

use super::{counted, json, status};
use crate::cli::escape;
use crate::cli::screen::Screen;
use crate::service::{RekeyedView, StatusView};

/// What of the status is about the key.
#[derive(Serialize)]
struct KeyView<'a> {
    provider: &'a str,
    place: &'a str,
    protection: &'a str,
    state: &'a str,
    unlocked_memory: usize,
}

pub(super) fn print_json(status: &StatusView, screen: &mut Screen<'_>) -> io::Result<()> {
    let view = KeyView {
        provider: &status.key_provider,
        place: &status.key_place,
        protection: &status.protection,
        state: &status.state,
        unlocked_memory: status.unlocked_memory,
    };
    json(&view, screen)
}

pub(super) fn print(view: &StatusView, screen: &mut Screen<'_>) -> io::Result<()> {
    status::print_rows(&status::key_rows(view), screen)
}

pub(super) fn print_rekeyed(view: &RekeyedView, screen: &mut Screen<'_>) -> io::Result<()> {
    let (provider, place) = (&view.key_provider, escape::line(&view.key_place));
    writeln!(screen.out, "The vault is locked with a new key: {provider} ({place}).")?;
    writeln!(screen.out, "The keys of {} were wrapped anew.", counted(view.records as u64, "record"))?;
    if let Some(path) = &view.set_aside {
        writeln!(
            screen.out,
            "The key file before is kept at {}: backups made before open with it alone. Delete it with the last of them.",
            escape::line(path)
        )?;
    }
    if provider == "env" {
        writeln!(screen.out, "Set AIVAULT_KEY to the new key.")?;
    }
    match view.daemon {
        Some(true) => writeln!(screen.out, "The daemon has the new key."),
        Some(false) => screen.warn(
            "the daemon that runs has the old key, which opens nothing any more. It finds out at its next call, and \
             opens the vault anew if it can without asking; if it cannot: aivault unlock",
        ),
        None => Ok(()),
    }
}
