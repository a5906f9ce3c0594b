//! The last change of the vault, noted beside the key and so apart from the records: a vault that
//! is set back as a whole fits together, and only what was kept elsewhere can tell.
//!
//! ```text
//! two slots of 64 bytes, by turns:  "AIVEPOC1" 8 | vault id 16 | epoch u64 | HMAC-SHA256 32
//! ```
//!
//! The key of its MAC lasts when the vault's key is changed, so that the note holds before that change and after it.
//!
//! A change is noted after it is on the disk, so that the note is never ahead of the vault. The note itself is synced
//! only now and then: it is exact for as long as the machine runs, and a power cut sets it back by
//! [`SYNC_EVERY`] changes at most. It must never keep a vault from being used whose key lies where
//! nothing can be written.

use std::path::{Path, PathBuf};

use super::error::{Difference, VaultError};
use super::header::VaultId;
use super::unlocked::Unlocked;
use crate::platform::append::{AppendError, RecordFile};
use crate::platform::files::{self, Problem};

const MAGIC: &[u8; 8] = b"AIVEPOC1";
const SLOT: usize = 64;
const MAC_AT: usize = SLOT - 32;
/// How many changes a power cut can make the note forget.
const SYNC_EVERY: u64 = 64;

type Slot = [u8; SLOT];

/// What is noted of a vault, and where.
pub(super) struct EpochNote {
    /// `None` where nothing can be written.
    file: Option<RecordFile>,
    path: PathBuf,
    noted: u64,
    /// What stands there is as it was written.
    holds: bool,
}

/// What stands in the file.
enum Found {
    Nothing,
    Epoch(u64),
    /// Of this vault, and not as it was written.
    Damaged,
}

impl EpochNote {
    /// What was noted so far. To be read before the records are: a vault that is used meanwhile
    /// must not look older than its note.
    pub(super) fn read(path: PathBuf, unlocked: &Unlocked) -> Result<Self, VaultError> {
        let (file, bytes) = open(&path)?;
        let (noted, holds) = match find(&bytes, unlocked) {
            Found::Nothing => (0, true),
            Found::Epoch(noted) => (noted, true),
            Found::Damaged => (0, false),
        };
        Ok(Self { file, path, noted, holds })
    }

    /// Whether it is as it was written.
    pub(super) fn holds(&self) -> bool {
        self.holds
    }

    /// 0 where nothing is noted.
    pub(super) fn noted(&self) -> u64 {
        self.noted
    }

    pub(super) fn is_kept(&self) -> bool {
        self.file.is_some()
    }

    /// To be asked when the records have shown that the key is the right one.
    pub(super) fn refuse_older(&self, epoch: u64) -> Result<(), VaultError> {
        if !self.holds {
            return Err(VaultError::EpochNote { path: self.path.clone() });
        }
        if epoch < self.noted {
            return Err(VaultError::RecordsDiffer(Difference::WholeVault { epoch, seen: self.noted }));
        }
        Ok(())
    }

    /// Notes a change that is on the disk. The change stands whether or not it can be noted;
    /// `doctor` tells of a note that stays behind.
    pub(super) fn raise(&mut self, epoch: u64, unlocked: &Unlocked) {
        if epoch <= self.noted {
            return;
        }
        let is_time = self.noted == 0 || epoch / SYNC_EVERY > self.noted / SYNC_EVERY;
        if self.write(epoch, unlocked).is_some() {
            self.noted = epoch;
            if is_time {
                self.file.as_ref().and_then(|file| file.sync().ok());
            }
        }
    }

    /// Notes the change in place of whatever stands there.
    pub(super) fn replace(&mut self, epoch: u64, unlocked: &Unlocked) {
        let written = self.write(epoch, unlocked).and_then(|()| self.write_slot(epoch + 1, [0; SLOT]));
        if written.is_some() {
            (self.noted, self.holds) = (epoch, true);
            self.file.as_ref().and_then(|file| file.sync().ok());
        }
    }

    fn write(&self, epoch: u64, unlocked: &Unlocked) -> Option<()> {
        self.write_slot(epoch, slot(epoch, unlocked))
    }

    /// Writers of two changes that follow upon each other write to two places.
    fn write_slot(&self, epoch: u64, slot: Slot) -> Option<()> {
        let offset = if epoch.is_multiple_of(2) { 0 } else { SLOT as u64 };
        self.file.as_ref()?.write_at(&slot, offset).ok()
    }
}

/// The file, where it can be written, and what is in it.
fn open(path: &Path) -> Result<(Option<RecordFile>, [u8; 2 * SLOT]), VaultError> {
    // A vault whose key is elsewhere has nothing else in that folder; and it may be a place of reading only.
    let _ = path.parent().map(files::ensure_private_dir);
    let mut bytes = [0; 2 * SLOT];
    let writable = match RecordFile::open_or_create(path) {
        Err(error) if is_out_of_reach(&error) => None,
        opened => Some(opened.map_err(refused)?),
    };
    let readable = match &writable {
        Some(file) => file.read(&mut bytes),
        None => match RecordFile::open_read_only(path) {
            Err(error) if is_out_of_reach(&error) => Ok(0),
            opened => opened.map_err(refused)?.read(&mut bytes),
        },
    };
    readable.map_err(refused)?;
    Ok((writable, bytes))
}

/// The system would not have it; that is no sign of somebody's meddling.
fn is_out_of_reach(error: &AppendError) -> bool {
    matches!(error, AppendError::File(error) if matches!(error.problem, Problem::Io(_)))
}

fn refused(error: AppendError) -> VaultError {
    match error {
        AppendError::File(error) => VaultError::File(error),
        AppendError::Displaced { path } | AppendError::Short { path, .. } | AppendError::Busy { path } => {
            VaultError::EpochNote { path }
        }
    }
}

fn find(bytes: &[u8; 2 * SLOT], unlocked: &Unlocked) -> Found {
    let of_this_vault = |slot: &&[u8]| slot[..24] == beginning(unlocked.header.vault_id);
    let slots = bytes.chunks_exact(SLOT).filter(of_this_vault);
    let (mut latest, mut damaged) = (None, false);
    for slot in slots {
        match epoch_of(slot, unlocked) {
            Some(epoch) => latest = latest.max(Some(epoch)),
            None => damaged = true,
        }
    }
    match (latest, damaged) {
        (Some(epoch), _) => Found::Epoch(epoch),
        (None, true) => Found::Damaged,
        (None, false) => Found::Nothing,
    }
}

fn epoch_of(slot: &[u8], unlocked: &Unlocked) -> Option<u64> {
    let (said, mac) = slot.split_at_checked(MAC_AT)?;
    let mac: &[u8; 32] = mac.try_into().ok()?;
    let epoch = said.get(24..)?.try_into().map(u64::from_be_bytes).ok()?;
    unlocked.keys.is_epoch_mac(&[said], mac).then_some(epoch)
}

fn slot(epoch: u64, unlocked: &Unlocked) -> Slot {
    let mut slot = [0; SLOT];
    slot[..24].copy_from_slice(&beginning(unlocked.header.vault_id));
    slot[24..MAC_AT].copy_from_slice(&epoch.to_be_bytes());
    let mac = unlocked.keys.epoch_mac(&[&slot[..MAC_AT]]);
    slot[MAC_AT..].copy_from_slice(&mac);
    slot
}

fn beginning(vault_id: VaultId) -> [u8; 24] {
    let mut bytes = [0; 24];
    bytes[..8].copy_from_slice(MAGIC);
    bytes[8..].copy_from_slice(vault_id.as_bytes());
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vault::header::testing;
    use crate::vault::keys::{Kek, SecretText};

    fn unlocked(kek: &str) -> Unlocked {
        let kek = Kek::from_wire(&SecretText::new(kek.repeat(32))).unwrap();
        Unlocked::open_with(testing::header(1, false, 1), kek).unwrap()
    }

    #[test]
    fn the_latest_of_two_counts_and_a_torn_one_leaves_the_other() {
        let unlocked = unlocked("07");
        let both = |one: Slot, two: Slot| -> [u8; 2 * SLOT] { [one, two].concat().try_into().unwrap() };
        let epoch = |bytes: &[u8; 2 * SLOT]| match find(bytes, &unlocked) {
            Found::Epoch(epoch) => Ok(epoch),
            Found::Nothing => Err("nothing"),
            Found::Damaged => Err("damaged"),
        };
        let (older, newer) = (slot(8, &unlocked), slot(9, &unlocked));
        assert_eq!(epoch(&both(older, newer)), Ok(9));
        assert_eq!(epoch(&both(newer, older)), Ok(9));
        assert_eq!(epoch(&both([0; SLOT], newer)), Ok(9));
        assert_eq!(epoch(&[0; 2 * SLOT]), Err("nothing"));
        for at in 0..SLOT {
            let mut torn = newer;
            torn[at] ^= 1;
            assert_eq!(epoch(&both(older, torn)), Ok(8), "byte {at}");
            // With another beginning it is another vault's, or nobody's.
            let alone = epoch(&both([0; SLOT], torn));
            assert_eq!(alone, Err(if at < 24 { "nothing" } else { "damaged" }), "byte {at}");
        }
    }

    #[test]
    fn nobody_notes_without_the_key() {
        let forged = slot(1_000, &unlocked("08"));
        let bytes = [forged, forged].concat().try_into().unwrap();
        assert!(matches!(find(&bytes, &unlocked("07")), Found::Damaged));
    }
}
