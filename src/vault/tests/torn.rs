//! Reads that another process's commit lands in the middle of.

use super::{NOW, Place, by_name, input, openai, to, value_of, with_openai};
use crate::vault::open::LockedVault;
use crate::vault::resident::Resident;
use crate::vault::sqlite::SqliteStore;
use crate::vault::store::{Batch, Kind, RecordName, RecordStore, SealedRecord, StoreError};
use crate::vault::{KeyMaterial, SecretChange, SecretId, SecretRef, Vault};
use std::cell::{Cell, RefCell};

/// How often the other process is faster.
const TIMES: u32 = 5;

/// A store in which another process rotates a secret just before this one loads it: every second
/// time, so that it is the load after catching up, too, that is overtaken.
struct Overtaken {
    inner: SqliteStore,
    other: RefCell<Vault>,
    loads: Cell<u32>,
}

impl Overtaken {
    fn rotate(&self, name: &RecordName) {
        if name.kind != Kind::Secret {
            return;
        }
        let loads = self.loads.get();
        self.loads.set(loads + 1);
        if loads.is_multiple_of(2) && loads / 2 < TIMES {
            let id = SecretId::of_record(&name.id).unwrap();
            let value = input(&format!("sk-{}", 1 + loads / 2));
            self.other.borrow_mut().rotate_secret(&SecretRef::Id(id), &value, NOW).unwrap();
        }
    }
}

impl RecordStore for Overtaken {
    fn header(&self) -> Result<Option<Vec<u8>>, StoreError> {
        self.inner.header()
    }

    fn load(&self, name: &RecordName) -> Result<Option<SealedRecord>, StoreError> {
        self.rotate(name);
        self.inner.load(name)
    }

    fn entries(&self) -> Result<Vec<(RecordName, u64)>, StoreError> {
        self.inner.entries()
    }

    fn list(&self, kind: Kind) -> Result<Vec<SealedRecord>, StoreError> {
        self.inner.list(kind)
    }

    fn commit(&mut self, batch: &Batch) -> Result<(), StoreError> {
        self.inner.commit(batch)
    }

    fn change_marker(&self) -> Result<u64, StoreError> {
        self.inner.change_marker()
    }
}

/// A second handle on the vault, which is overtaken the next few times that it loads a secret.
fn overtaken(place: &Place) -> Vault {
    let locked = LockedVault::at(&place.paths).unwrap();
    let (inner, unlocked) = locked.with_key(&KeyMaterial::File).unwrap();
    let resident = Resident::read(&inner, &unlocked).unwrap();
    let store = Overtaken { inner, other: RefCell::new(place.open().unwrap()), loads: Cell::new(0) };
    Vault::new(Box::new(store), unlocked, resident)
}

#[test]
fn a_value_rotated_meanwhile_is_the_new_one() {
    let (place, _vault, id) = with_openai();
    assert_eq!(value_of(&mut overtaken(&place), &id).unwrap(), b"sk-5");
}

#[test]
fn a_change_keeps_the_new_value() {
    let (place, mut vault, id) = with_openai();
    let change = SecretChange { name: None, aliases: Some(vec![super::alias("mine")]) };
    overtaken(&place).update_secret(&by_name("OPENAI_API_KEY"), change, None).unwrap();
    assert_eq!(value_of(&mut vault, &id).unwrap(), b"sk-5");
    let meta = vault.secret(&SecretRef::Id(id)).unwrap();
    assert_eq!((meta.version, meta.aliases), (1 + TIMES, vec!["mine".to_owned()]));
}

#[test]
fn a_check_of_all_values_finds_nothing_wrong() {
    let (place, _vault, _id) = with_openai();
    assert_eq!(overtaken(&place).check_values().unwrap(), []);
}

#[test]
fn a_pin_is_judged_as_it_stands_now() {
    let (place, _vault, id) = with_openai();
    let mut vault = overtaken(&place);
    assert!(vault.reveal(&id, to(&crate::spec::ProviderId::from_static("stripe"))).is_err());
    assert!(vault.reveal(&id, to(&openai())).is_ok());
}
