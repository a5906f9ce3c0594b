//! The open vault: keeping up with other processes, and changing it without losing their work.

use std::collections::BTreeSet;
use std::ops::{Deref, DerefMut};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::draft::Draft;
use super::epoch::EpochNote;
use super::error::VaultError;
use super::header::{Header, HeaderError};
use super::index::Index;
use super::keys::{AuditKey, Kek, UsageKey};
use super::resident::{MAX_ATTEMPTS, Resident};
use super::store::{Kind, RecordName, RecordStore, StoreError};
use super::unlocked::Unlocked;
use crate::platform::clock::{self, Stopwatch};
use crate::platform::entropy::{self, EntropyError};
use crate::platform::files::NamedFile;

/// How long a change is recomputed upon what others committed first.
pub(super) const PATIENCE_MS: u64 = 10_000;
/// Waits between attempts are 1 to this many milliseconds, so that two writers do not keep step.
const MAX_PAUSE_MS: u64 = 16;

/// An open vault. Every method first takes in what other processes committed.
pub struct Vault {
    store: Box<dyn RecordStore + Send>,
    unlocked: Unlocked,
    resident: Resident,
    /// Beside the key.
    note: Option<EpochNote>,
    /// What others commit now is not taken in: somebody looks at one state several times.
    still: bool,
    superseded: Superseded,
}

/// Whether a vault that is open was locked with another key meanwhile, so that it is of no use any more.
#[derive(Clone, Default)]
pub struct Superseded(Arc<AtomicBool>);

impl Superseded {
    #[must_use]
    pub fn is_known(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// The vault as it stood when this was made, for several looks; gives way to what others committed when dropped.
pub struct Moment<'v>(&'v mut Vault);

impl Deref for Moment<'_> {
    type Target = Vault;

    fn deref(&self) -> &Vault {
        self.0
    }
}

impl DerefMut for Moment<'_> {
    fn deref_mut(&mut self) -> &mut Vault {
        self.0
    }
}

impl Drop for Moment<'_> {
    fn drop(&mut self) {
        self.0.still = false;
    }
}

/// What the vault holds and how it is locked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VaultStatus {
    /// Changes so far. It only grows, so whoever notes it elsewhere can tell that a whole vault
    /// was set back.
    pub epoch: u64,
    pub test: bool,
    pub provider: &'static str,
    pub created_ms: u64,
    pub secrets: usize,
    pub credentials: usize,
    pub upstreams: usize,
    /// Records that do not open.
    pub damaged: Vec<RecordName>,
}

impl Vault {
    pub(super) fn new(store: Box<dyn RecordStore + Send>, unlocked: Unlocked, resident: Resident) -> Self {
        Self { store, unlocked, resident, note: None, still: false, superseded: Superseded::default() }
    }

    /// With each change noted beside the key.
    pub(super) fn noting(self, note: EpochNote) -> Self {
        Self { note: Some(note), ..self }
    }

    #[must_use]
    pub fn header(&self) -> &Header {
        &self.unlocked.header
    }

    #[must_use]
    pub fn is_test(&self) -> bool {
        self.unlocked.header.test
    }

    /// The file that the vault was opened from.
    #[must_use]
    pub fn file(&self) -> Option<&NamedFile> {
        self.store.file()
    }

    /// The key, to hand over to a daemon.
    #[must_use]
    pub fn kek(&self) -> &Kek {
        &self.unlocked.kek
    }

    /// The key of this vault's audit log.
    #[must_use]
    pub fn audit_key(&self) -> AuditKey {
        self.unlocked.keys.audit()
    }

    /// The key of the counters of this vault's limits.
    #[must_use]
    pub fn usage_key(&self) -> UsageKey {
        self.unlocked.keys.usage()
    }

    /// # Errors
    /// When the stored records cannot be read or are not those last written.
    pub fn status(&mut self) -> Result<VaultStatus, VaultError> {
        self.refresh()?;
        let index = self.index();
        Ok(VaultStatus {
            epoch: self.resident.manifest().epoch,
            test: self.is_test(),
            provider: self.header().provider.name(),
            created_ms: self.header().created_ms,
            secrets: index.secrets().len() + count(index.damaged(), Kind::Secret),
            credentials: index.credentials().len() + count(index.damaged(), Kind::Credential),
            upstreams: index.upstreams().len() + count(index.damaged(), Kind::Upstream),
            damaged: index.damaged().iter().cloned().collect(),
        })
    }

    /// The change that was last taken in, as [`VaultStatus::epoch`] counts them.
    #[must_use]
    pub fn epoch(&self) -> u64 {
        self.resident.manifest().epoch
    }

    /// Takes in what others committed; a few microseconds when nothing was, and nothing within a [`Moment`].
    ///
    /// # Errors
    /// When the stored records cannot be read or are not those last written.
    pub fn refresh(&mut self) -> Result<(), VaultError> {
        if self.still { Ok(()) } else { self.catch_up() }
    }

    /// The newest state, looked for once for all that is then asked of it.
    ///
    /// # Errors
    /// As [`Vault::refresh`].
    pub fn moment(&mut self) -> Result<Moment<'_>, VaultError> {
        self.refresh()?;
        self.still = true;
        Ok(Moment(self))
    }

    /// The state that is known by now, for those who have just looked: it is looked for no further.
    pub fn as_known(&mut self) -> Moment<'_> {
        self.still = true;
        Moment(self)
    }

    fn catch_up(&mut self) -> Result<(), VaultError> {
        match self.resident.catch_up(&*self.store, &self.unlocked) {
            Err(VaultError::WrongKey) if self.has_another_header()? => {
                self.superseded.0.store(true, Ordering::Relaxed);
                Err(VaultError::Rekeyed)
            }
            caught_up => caught_up,
        }
    }

    /// Whether the key opened this vault once, and it is the vault that changed.
    fn has_another_header(&self) -> Result<bool, VaultError> {
        let bytes = self.store.header()?.ok_or(HeaderError::Missing)?;
        let now = Header::parse(&bytes)?;
        Ok(now.vault_id == self.unlocked.header.vault_id && now != self.unlocked.header)
    }

    /// Knows once a look at the vault found that it was locked with another key.
    #[must_use]
    pub fn superseded(&self) -> Superseded {
        self.superseded.clone()
    }

    /// The records that did not open when last looked at; any of them is an error to use.
    #[must_use]
    pub fn damaged(&self) -> &BTreeSet<RecordName> {
        self.index().damaged()
    }

    /// Those of one kind, which nobody may take for absent.
    pub fn damaged_of(&self, kind: Kind) -> impl Iterator<Item = &RecordName> {
        self.index().damaged_of(kind)
    }

    pub(super) fn index(&self) -> &Index {
        self.resident.index()
    }

    pub(super) fn resident(&self) -> &Resident {
        &self.resident
    }

    pub(super) fn unlocked(&self) -> &Unlocked {
        &self.unlocked
    }

    pub(super) fn store(&self) -> &dyn RecordStore {
        &*self.store
    }

    /// What `look` finds upon the newest state. A record that another process replaced between
    /// catching up and reading it looks like one that was tampered with, so whatever went wrong is
    /// believed only when nobody committed meanwhile.
    pub(super) fn look<T>(
        &mut self,
        mut look: impl FnMut(&Self) -> Result<T, VaultError>,
    ) -> Result<T, VaultError> {
        self.refresh()?;
        for _ in 0..MAX_ATTEMPTS {
            let seen = look(self);
            if seen.is_ok() || !self.resident.is_behind(&*self.store)? {
                return seen;
            }
            self.catch_up()?;
        }
        Err(StoreError::Busy.into())
    }

    /// Plans a change upon the newest state and commits it whole; when another process was first,
    /// plans it again.
    pub(super) fn change<T>(
        &mut self,
        mut plan: impl FnMut(&mut Draft<'_>) -> Result<T, VaultError>,
    ) -> Result<T, VaultError> {
        let watch = Stopwatch::start();
        loop {
            self.catch_up()?;
            let mut draft = Draft::new(&*self.store, &self.unlocked, &self.resident);
            let outcome = match plan(&mut draft) {
                // As in `look`: planned upon a state that is no more.
                Err(_) if self.resident.is_behind(&*self.store)? && watch.elapsed_ms() < PATIENCE_MS => {
                    continue;
                }
                planned => planned?,
            };
            let Some(sealed) = draft.finish()? else { return Ok(outcome) };
            let error = match self.store.commit(&sealed.batch) {
                Ok(()) => {
                    self.resident.absorb(sealed);
                    if let Some(note) = &mut self.note {
                        note.raise(self.resident.manifest().epoch, &self.unlocked);
                    }
                    return Ok(outcome);
                }
                Err(error) => error,
            };
            // A commit that failed may still have happened.
            self.resident.distrust();
            if !matches!(error, StoreError::Conflict) || watch.elapsed_ms() >= PATIENCE_MS {
                return Err(error.into());
            }
            pause()?;
        }
    }
}

/// Waits a moment, so that whoever else writes may come to an end.
pub(super) fn pause() -> Result<(), EntropyError> {
    let [random] = entropy::bytes::<1>()?;
    clock::pause_ms(1 + u64::from(random) % MAX_PAUSE_MS);
    Ok(())
}

fn count(names: &BTreeSet<RecordName>, kind: Kind) -> usize {
    names.iter().filter(|name| name.kind == kind).count()
}
