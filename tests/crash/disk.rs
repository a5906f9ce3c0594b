//! What a disk holds after a power cut: all that was synced, and of the rest what chance leaves.

use std::collections::BTreeMap;

use crate::support::random::Random;
use crate::vfs::Op;

/// What a disk writes whole or not at all.
const SECTOR: usize = 512;

/// Files by their names.
pub type Files = BTreeMap<String, Vec<u8>>;

/// What becomes of changes that were not synced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// The process was killed, and the machine goes on.
    Kept,
    Lost,
    /// Each is kept, lost, or torn: some of its sectors are kept.
    Torn,
}

/// What is on the disk after `ops`, upon what was there before.
pub fn after(before: &Files, ops: &[Op], fate: Fate, random: &mut Random) -> Files {
    let mut files = before.clone();
    for (at, op) in ops.iter().enumerate() {
        let Some(file) = file_of(op) else { continue };
        let is_durable = ops[at..].iter().any(|later| matches!(later, Op::Sync { file: of } if of == file));
        match (op, if is_durable { Fate::Kept } else { fate }) {
            (Op::Beside { bytes: Some(bytes), .. }, _) => drop(files.insert(file.to_owned(), bytes.clone())),
            (Op::Beside { bytes: None, .. }, _) => drop(files.remove(file)),
            (Op::Delete { synced: true, .. }, _) | (Op::Delete { .. }, Fate::Kept) => {
                drop(files.remove(file))
            }
            (_, Fate::Kept) => apply(&mut files, op, |_| true),
            (_, Fate::Lost) => {}
            (_, Fate::Torn) => match random.below(4) {
                0 => {}
                1 => apply(&mut files, op, |_| true),
                _ => apply(&mut files, op, |_| random.below(2) == 0),
            },
        }
    }
    files
}

fn file_of(op: &Op) -> Option<&str> {
    match op {
        Op::Write { file, .. }
        | Op::Truncate { file, .. }
        | Op::Sync { file }
        | Op::Delete { file, .. }
        | Op::Beside { file, .. } => Some(file),
        Op::Done { .. } => None,
    }
}

/// Makes the change, of the sectors that `is_kept` alone.
fn apply(files: &mut Files, op: &Op, mut is_kept: impl FnMut(usize) -> bool) {
    match op {
        Op::Write { file, offset, bytes } => {
            let content = files.entry(file.clone()).or_default();
            let mut from = 0;
            while from < bytes.len() {
                let start = offset + from;
                let end = ((start / SECTOR + 1) * SECTOR).min(offset + bytes.len());
                if is_kept(start / SECTOR) {
                    content.resize(content.len().max(end), 0);
                    content[start..end].copy_from_slice(&bytes[from..from + (end - start)]);
                }
                from += end - start;
            }
        }
        Op::Truncate { file, size } if is_kept(0) => {
            files.entry(file.clone()).or_default().truncate(*size);
        }
        Op::Delete { file, .. } if is_kept(0) => drop(files.remove(file)),
        _ => {}
    }
}

#[test]
fn what_was_synced_stays_and_the_rest_is_left_to_fate() {
    let write = |offset, bytes: &[u8]| Op::Write { file: "f".to_owned(), offset, bytes: bytes.to_vec() };
    let ops = [write(0, b"one"), Op::Sync { file: "f".to_owned() }, write(3, b"two")];
    let mut random = Random::seeded(1);
    let mut left = |fate, ops: &[Op]| after(&Files::new(), ops, fate, &mut random).remove("f");
    assert_eq!(left(Fate::Lost, &ops), Some(b"one".to_vec()));
    assert_eq!(left(Fate::Kept, &ops), Some(b"onetwo".to_vec()));
    assert_eq!(left(Fate::Lost, &ops[..1]), None, "not even its name");
    let page = [write(0, &[0; 4096]), Op::Sync { file: "f".to_owned() }, write(0, &[1; 4096])];
    let torn = |bytes: Vec<u8>| bytes.contains(&0) && bytes.contains(&1);
    assert!((0..50).filter_map(|_| left(Fate::Torn, &page)).any(torn));
}
