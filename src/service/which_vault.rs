//! Which vault is meant: a client and its daemon must mean the same one.
//!
//! Both are told by their environment where things are, and not necessarily the same: two
//! vaults may be given one socket. A vault's id stands in its header and can be read
//! while it is locked.

use super::error::{ErrorKind, ServiceError};
use super::local::Local;
use crate::settings::Places;
use crate::vault::{self, Presence, VaultPaths};

impl From<&Places> for VaultPaths {
    fn from(places: &Places) -> Self {
        Self {
            folder: places.vault.clone(),
            key_file: places.key_file.clone(),
            audit_dir: places.audit.clone(),
        }
    }
}

/// The id of the vault at `places`; none when there is none, or it cannot be read: whoever
/// opens it is told why.
pub(super) fn id_at(places: &Places) -> Option<String> {
    match vault::presence(&places.into()) {
        Ok(Presence::Present(header)) => Some(header.vault_id.to_string()),
        Ok(Presence::Absent) | Err(_) => None,
    }
}

impl Local {
    /// The id of this service's vault, open or locked.
    #[must_use]
    pub fn vault_id(&self) -> Option<String> {
        self.open_vault_id().or_else(|| id_at(self.places()))
    }

    /// Refuses what was meant for the vault `meant`, unless that is this one: it would be
    /// done with another one's keys.
    ///
    /// # Errors
    /// Names the folder of the vault that is served here.
    pub fn refuse_other_vault(&self, meant: &str) -> Result<(), ServiceError> {
        // The one that is open may have been replaced since, so that the file has the last word.
        if self.open_vault_id().is_some_and(|own| own == meant) {
            return Ok(());
        }
        if id_at(self.places()).is_some_and(|own| own == meant) {
            return Ok(());
        }
        let folder = self.places().vault.display();
        let message = format!("the daemon at this socket serves another vault, the one in {folder}");
        Err(ServiceError::new(ErrorKind::VaultUnavailable, message)
            .reason("daemon.other_vault")
            .help("unset AIVAULTD_SOCKET, or set it to another path for each vault"))
    }
}
