//! Edited, cut and swollen bytes of the file.

use super::attacker::{rows, with_two};
use super::{Place, value_of};
use crate::vault::{SecretId, VaultError};

#[test]
fn a_flipped_byte_of_a_sealed_record_always_shows() {
    const SAMPLES: usize = 800;
    let (place, vault, first, second) = with_two();
    drop(vault);
    let sound = checkpointed(&place);
    let secrets: [(SecretId, &[u8]); 2] = [(first, b"sk-one"), (second, b"sk-other")];
    assert!(answers_truly(&place, &secrets, 0));

    let places = rows(&place).into_iter().flat_map(|row| {
        let start = sound.windows(row.blob.len()).position(|window| window == row.blob).unwrap();
        start..start + row.blob.len()
    });
    let places: Vec<usize> = places.collect();
    for at in places.iter().copied().step_by((places.len() / SAMPLES).max(1)) {
        flip(&place, &sound, at);
        assert!(!answers_truly(&place, &secrets, at), "byte {at}");
    }
}

#[test]
fn a_flipped_byte_anywhere_in_the_file_gives_an_error_or_the_truth() {
    const SAMPLES: usize = 800;
    let (place, vault, first, second) = with_two();
    drop(vault);
    let sound = checkpointed(&place);
    for at in (0..sound.len()).step_by(sound.len() / SAMPLES) {
        flip(&place, &sound, at);
        // Panics on a wrong answer.
        answers_truly(&place, &[(first, b"sk-one"), (second, b"sk-other")], at);
    }
}

/// The database file with everything in it.
fn checkpointed(place: &Place) -> Vec<u8> {
    place.sql().execute_batch("PRAGMA wal_checkpoint(TRUNCATE)").unwrap();
    std::fs::read(place.database()).unwrap()
}

fn flip(place: &Place, sound: &[u8], at: usize) {
    let mut edited = sound.to_vec();
    edited[at] ^= 1 << (at % 8);
    std::fs::write(place.database(), edited).unwrap();
}

/// Whether everything came out, and nothing is reported; panics when something wrong came out.
fn answers_truly(place: &Place, secrets: &[(SecretId, &[u8])], at: usize) -> bool {
    let Ok(mut vault) = place.open() else { return false };
    let revealed = secrets.iter().all(|(id, value)| match value_of(&mut vault, id) {
        Ok(revealed) => {
            assert_eq!(revealed, *value, "byte {at}");
            true
        }
        Err(_) => false,
    });
    let credentials = vault.credentials().is_ok_and(|all| {
        assert!(all.len() == 2 || !vault.damaged().is_empty(), "byte {at}");
        all.len() == 2
    });
    revealed && credentials && vault.check_values().is_ok_and(|unreadable| unreadable.is_empty())
}

#[test]
fn a_truncated_file_gives_an_error() {
    let (place, vault, _, _) = with_two();
    drop(vault);
    let sound = std::fs::read(place.database()).unwrap();
    for part in 0..16 {
        std::fs::write(place.database(), &sound[..sound.len() * part / 16]).unwrap();
        assert!(place.open().is_err(), "{part}/16");
    }
}

#[test]
fn an_enormous_record_is_not_read() {
    let (place, vault, first, _) = with_two();
    drop(vault);
    place
        .sql()
        .execute("UPDATE record SET blob = zeroblob(20000000) WHERE id = ?1", [first.to_string()])
        .unwrap();
    let mut vault = place.open().unwrap();
    assert!(matches!(value_of(&mut vault, &first), Err(VaultError::Tampered { .. })));
}
