//! The disk refuses: at every change, once or from then on, with an error, for want of room, or
//! after half of the bytes.

use std::thread;

use crate::vfs::{self, Failure, Fault};
use crate::workload::{Model, Place, STEPS, contents, expected, perform};

/// Of the workload, as many steps as have every kind of it.
const FIRST: usize = 18;

/// Does the steps upon a disk with that fault, and then looks without it. Says how many changes the
/// disk saw, or what is wrong.
fn endure(fault: Option<Fault>) -> Result<usize, String> {
    let place = Place::new();
    place.init();
    let watched = vfs::watch(place.path(), Vec::new());
    watched.lock().unwrap().fault = fault;
    let (mut vault, mut possible) = (None, vec![Model::new()]);
    for step in &STEPS[..FIRST] {
        let outcome = perform(&place, &mut vault, *step);
        let done = possible.iter().filter_map(|model| expected(model, *step)).collect::<Vec<_>>();
        // What failed may have happened, whole; what was acknowledged did.
        match outcome {
            Ok(()) if done.is_empty() => return Err(format!("{fault:?}: {step:?} cannot have been done")),
            Ok(()) => possible = done,
            Err(_) => possible.extend(done),
        }
        possible.sort();
        possible.dedup();
    }
    drop(vault);
    let changes = watched.lock().unwrap().changes;
    watched.lock().unwrap().fault = None;
    let found = place.open().and_then(|mut vault| contents(&mut vault));
    vfs::forget(place.path());
    match found {
        Ok(found) if possible.contains(&found) => Ok(changes),
        Ok(found) => Err(format!("{fault:?}: holds {:?}", found.keys())),
        Err(error) => Err(format!("{fault:?}: {error}")),
    }
}

#[test]
fn a_disk_that_fails_at_any_change_loses_nothing_that_was_acknowledged() {
    let changes = endure(None).unwrap();
    let failures = [Failure::Io, Failure::Full, Failure::Short];
    let kinds = failures.into_iter().flat_map(|failure| [(failure, false), (failure, true)]);
    let faults: Vec<Fault> =
        kinds.flat_map(|(failure, lasts)| (0..changes).map(move |at| Fault { at, failure, lasts })).collect();
    println!("{changes} changes of the disk, {} faults", faults.len());
    let workers = thread::available_parallelism().map_or(2, usize::from);
    let wrong: Vec<String> = thread::scope(|scope| {
        let work = |faults: &[Fault]| {
            faults.iter().filter_map(|fault| endure(Some(*fault)).err()).collect::<Vec<_>>()
        };
        let shares = faults.chunks(faults.len().div_ceil(workers));
        let started: Vec<_> = shares.map(|share| scope.spawn(move || work(share))).collect();
        started.into_iter().flat_map(|worker| worker.join().unwrap()).collect()
    });
    assert!(
        wrong.is_empty(),
        "{} of {}:\n{}",
        wrong.len(),
        faults.len(),
        wrong[..wrong.len().min(20)].join("\n")
    );
}
