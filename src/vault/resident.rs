//! What this process knows of the stored records, and how it catches up with other processes.
//!
//! Nothing is believed before the manifest has vouched for the whole set: names, generations and
//! number. A record that is in the set but does not open is noted as damaged and harms no other.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use super::diagnose;
use super::draft::{Sealed, load_current};
use super::error::{Difference, VaultError};
use super::index::{Index, Item};
use super::manifest::Manifest;
use super::model::SecretMeta;
use super::multiset::SetSum;
use super::store::{Kind, RecordName, RecordStore, SealedRecord, StoreError};
use super::unlocked::Unlocked;

/// Catching up starts again when somebody commits meanwhile, but not for ever.
pub(super) const MAX_ATTEMPTS: usize = 1000;
/// With more new records than this, whole kinds are read at once.
const SINGLY: usize = 16;
pub(super) const INDEXED: [Kind; 10] = [
    Kind::Secret,
    Kind::Credential,
    Kind::Upstream,
    Kind::Policy,
    Kind::Provider,
    Kind::Binding,
    Kind::Switch,
    Kind::Token,
    Kind::CallerToken,
    Kind::Config,
];

pub(super) type Generations = BTreeMap<RecordName, u64>;

pub(super) struct Resident {
    /// `None`: what is stored must be looked at again, whatever the store's marker says.
    marker: Option<u64>,
    manifest: Manifest,
    generations: Generations,
    index: Index,
    used: Used,
}

/// The sealed records that were used lately, so that a value that is used again and again is not read again from the
/// disk each time. Never opened here, and never of another state of the store than the one that is known.
#[derive(Default)]
struct Used(RefCell<BTreeMap<RecordName, Arc<UsedRecord>>>);

/// A sealed record, and what is known of it once it was opened.
pub(super) struct UsedRecord {
    pub(super) sealed: SealedRecord,
    /// The metadata of a secret, as it stands in these very bytes.
    pub(super) meta: OnceLock<SecretMeta>,
}

/// With more records than this, those that are kept make room.
const MOST_USED: usize = 256;

impl Used {
    fn get(&self, name: &RecordName) -> Option<Arc<UsedRecord>> {
        self.0.borrow().get(name).cloned()
    }

    fn keep(&self, name: &RecordName, sealed: SealedRecord) -> Arc<UsedRecord> {
        let record = Arc::new(UsedRecord { sealed, meta: OnceLock::new() });
        let mut kept = self.0.borrow_mut();
        if kept.len() >= MOST_USED {
            kept.clear();
        }
        kept.insert(name.clone(), Arc::clone(&record));
        record
    }

    fn forget(&mut self) {
        self.0.get_mut().clear();
    }
}

/// What was read of one record that is new here.
type News = (RecordName, Option<Item>);

impl Resident {
    /// Reads and verifies everything.
    pub(super) fn read(store: &dyn RecordStore, unlocked: &Unlocked) -> Result<Self, VaultError> {
        let unknown = Manifest { epoch: 0, count: 0, sum: SetSum::default() };
        let mut resident = Self {
            marker: None,
            manifest: unknown,
            generations: Generations::new(),
            index: Index::default(),
            used: Used::default(),
        };
        resident.catch_up(store, unlocked)?;
        Ok(resident)
    }

    pub(super) fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    pub(super) fn index(&self) -> &Index {
        &self.index
    }

    pub(super) fn generations(&self) -> &Generations {
        &self.generations
    }

    pub(super) fn generation(&self, name: &RecordName) -> Option<u64> {
        self.generations.get(name).copied()
    }

    /// The record as it is stored, if that is the one last written; read once for as long as nothing is committed.
    pub(super) fn sealed(
        &self,
        store: &dyn RecordStore,
        name: &RecordName,
    ) -> Result<Arc<UsedRecord>, VaultError> {
        if let Some(record) = self.used.get(name) {
            return Ok(record);
        }
        Ok(self.used.keep(name, load_current(store, self, name)?))
    }

    /// The next [`Resident::catch_up`] looks at everything again.
    pub(super) fn distrust(&mut self) {
        self.used.forget();
        self.marker = None;
    }

    /// Whether somebody committed since what is known here was read.
    pub(super) fn is_behind(&self, store: &dyn RecordStore) -> Result<bool, StoreError> {
        Ok(self.marker != Some(store.change_marker()?))
    }

    /// Takes in what others committed. On an error nothing is taken in, and the next call looks
    /// again: a vault that was tampered with stays an error.
    pub(super) fn catch_up(
        &mut self,
        store: &dyn RecordStore,
        unlocked: &Unlocked,
    ) -> Result<(), VaultError> {
        let mut marker = store.change_marker()?;
        if self.marker == Some(marker) {
            return Ok(());
        }
        for _ in 0..MAX_ATTEMPTS {
            let followed = self.follow(store, unlocked, marker);
            let now = store.change_marker()?;
            if followed.is_ok() || now == marker {
                return followed;
            }
            // The reads of this attempt were of different instants.
            marker = now;
        }
        Err(StoreError::Busy.into())
    }

    /// Takes in what this process itself committed.
    pub(super) fn absorb(&mut self, sealed: Sealed) {
        self.used.forget();
        for name in sealed.deleted {
            self.generations.remove(&name);
            self.index.remove(&name);
        }
        for name in sealed.marked {
            self.generations.insert(name, sealed.manifest.epoch);
        }
        for item in sealed.written {
            self.generations.insert(item.record_name(), sealed.manifest.epoch);
            self.index.insert(item);
        }
        self.manifest = sealed.manifest;
    }

    fn follow(
        &mut self,
        store: &dyn RecordStore,
        unlocked: &Unlocked,
        marker: u64,
    ) -> Result<(), VaultError> {
        self.used.forget();
        let manifest = load_manifest(store, unlocked)?;
        let found = load_generations(store, manifest.epoch)?;
        self.refuse_older(&manifest)?;
        if !self.is_vouched_for(unlocked, &manifest, &found) {
            let known = (self.manifest == manifest).then_some(&self.generations);
            let difference = diagnose::explain(store, unlocked, &manifest, &found, known)?;
            return Err(VaultError::RecordsDiffer(difference));
        }
        let news = self.load_news(store, unlocked, &found)?;

        let gone: Vec<_> =
            self.generations.keys().filter(|name| !found.contains_key(name)).cloned().collect();
        gone.iter().for_each(|name| self.index.remove(name));
        for (name, item) in news {
            match item {
                Some(item) => self.index.insert(item),
                None => self.index.insert_damaged(name),
            }
        }
        (self.generations, self.manifest, self.marker) = (found, manifest, Some(marker));
        Ok(())
    }

    /// A vault set back as a whole fits together; only whoever saw it before can tell.
    fn refuse_older(&self, manifest: &Manifest) -> Result<(), VaultError> {
        let (epoch, seen) = (manifest.epoch, self.manifest.epoch);
        if epoch > seen || *manifest == self.manifest {
            return Ok(());
        }
        Err(VaultError::RecordsDiffer(Difference::WholeVault { epoch, seen }))
    }

    /// Computes from the set known before, so that the work is that of what changed.
    fn is_vouched_for(&self, unlocked: &Unlocked, manifest: &Manifest, found: &Generations) -> bool {
        let term = |name: &RecordName, generation: u64| SetSum::of(&unlocked.keys, name, generation);
        let mut sum = self.manifest.sum;
        for (name, generation) in found {
            match self.generation(name) {
                Some(known) if known == *generation => {}
                Some(known) => sum = sum.minus(term(name, known)).plus(term(name, *generation)),
                None => sum = sum.plus(term(name, *generation)),
            }
        }
        for (name, known) in &self.generations {
            if !found.contains_key(name) {
                sum = sum.minus(term(name, *known));
            }
        }
        u64::try_from(found.len()) == Ok(manifest.count) && sum == manifest.sum
    }

    fn load_news(
        &self,
        store: &dyn RecordStore,
        unlocked: &Unlocked,
        found: &Generations,
    ) -> Result<Vec<News>, VaultError> {
        let is_new = |name: &RecordName, generation: u64| {
            INDEXED.contains(&name.kind) && self.generation(name) != Some(generation)
        };
        let new: Vec<_> = found.iter().filter(|(name, generation)| is_new(name, **generation)).collect();
        if new.len() <= SINGLY {
            return new
                .into_iter()
                .map(|(name, generation)| load_one(store, unlocked, name, *generation))
                .collect();
        }
        let mut news = Vec::with_capacity(new.len());
        for kind in INDEXED {
            for record in store.list(kind)? {
                let name = RecordName { kind, id: record.id };
                if found.get(&name) != Some(&record.generation) {
                    return Err(VaultError::Tampered { record: name });
                }
                if is_new(&name, record.generation) {
                    let item = unlocked.read_item(&name, record.generation, &record.blob);
                    news.push((name, item.ok().flatten()));
                }
            }
        }
        Ok(news)
    }
}

fn load_one(
    store: &dyn RecordStore,
    unlocked: &Unlocked,
    name: &RecordName,
    generation: u64,
) -> Result<News, VaultError> {
    let record = store.load(name)?.filter(|record| record.generation == generation);
    let record = record.ok_or_else(|| VaultError::Tampered { record: name.clone() })?;
    let item = unlocked.read_item(name, generation, &record.blob);
    Ok((name.clone(), item.ok().flatten()))
}

/// That the manifest does not open means the wrong key, unless another record opens with it.
fn load_manifest(store: &dyn RecordStore, unlocked: &Unlocked) -> Result<Manifest, VaultError> {
    let name = Manifest::record_name();
    let opened = store
        .load(&name)?
        .map(|record| Manifest::open(&unlocked.sealer, &unlocked.header, record.generation, &record.blob));
    match opened {
        Some(Ok(manifest)) => Ok(manifest),
        Some(Err(_)) if !diagnose::fits_some_record(store, &unlocked.sealer)? => Err(VaultError::WrongKey),
        Some(Err(_)) | None => Err(VaultError::Tampered { record: name }),
    }
}

/// Every record but the manifest, whose generation must be the epoch it states.
pub(super) fn load_generations(store: &dyn RecordStore, epoch: u64) -> Result<Generations, VaultError> {
    let mut found: Generations = store.entries()?.into_iter().collect();
    let manifest = Manifest::record_name();
    if found.remove(&manifest) == Some(epoch) {
        Ok(found)
    } else {
        Err(VaultError::Tampered { record: manifest })
    }
}
