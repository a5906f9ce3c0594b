//! The power goes at every change of the disk.

use std::collections::BTreeSet;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::thread;

use crate::disk::{Fate, Files, after};
use crate::support::random::Random;
use crate::vfs::{self, Op};
use crate::workload::{Model, Place, STEPS, contents, expected, perform};

/// How many chances the disk has to lose what was not synced, at each point.
const CHANCES: usize = 12;
/// Different disks that must have been looked at for this to mean something.
const LEAST_POINTS: usize = 5_000;

/// A whole workload as the disk saw it.
struct Recording {
    before: Files,
    ops: Vec<Op>,
    /// What is in the vault after so many steps.
    models: Vec<Model>,
}

fn record() -> Recording {
    let place = Place::new();
    place.init();
    let before = place.files();
    let watched = vfs::watch(place.path(), place.beside());
    let (mut vault, mut models) = (None, vec![Model::new()]);
    for (at, step) in STEPS.iter().enumerate() {
        perform(&place, &mut vault, *step).unwrap();
        watched.lock().unwrap().done(at + 1);
        models.push(expected(&models[at], *step).unwrap());
        assert_eq!(contents(vault.as_mut().unwrap()).unwrap(), models[at + 1], "{step:?}");
    }
    drop(vault);
    vfs::forget(place.path());
    let ops = watched.lock().unwrap().ops.clone();
    Recording { before, ops, models }
}

/// A disk after a power cut, and how many steps had been acknowledged by then.
struct Point {
    at: usize,
    fate: Fate,
    files: Files,
    done: usize,
}

/// Each disk once, whatever led to it. What had been acknowledged is part of it: the same disk may
/// be right before the acknowledgement and wrong after it.
fn points(recording: &Recording) -> Vec<Point> {
    let (mut seen, mut points, mut done) = (BTreeSet::new(), Vec::new(), 0);
    let mut random = Random::seeded(20_261_124);
    for at in 0..=recording.ops.len() {
        if let Some(Op::Done { steps }) = at.checked_sub(1).map(|last| &recording.ops[last]) {
            done = *steps;
        }
        let fates = [Fate::Kept, Fate::Lost].into_iter().chain([Fate::Torn; CHANCES]);
        for fate in fates {
            let files = after(&recording.before, &recording.ops[..at], fate, &mut random);
            let mut hasher = DefaultHasher::new();
            (&files, done).hash(&mut hasher);
            if seen.insert(hasher.finish()) {
                points.push(Point { at, fate, files, done });
            }
        }
    }
    points
}

/// What is wrong with what is left.
fn judge(recording: &Recording, point: &Point) -> Result<(), String> {
    let wrong = |what: String| {
        let op = point.at.checked_sub(1).map(|last| &recording.ops[last]);
        let op = format!("{op:?}").chars().take(80).collect::<String>();
        format!("cut after change {} ({op}), {:?}, {} steps done: {what}", point.at, point.fate, point.done)
    };
    let place = Place::holding(&point.files);
    let mut vault = place.open().map_err(|error| wrong(format!("does not open: {error}")))?;
    let found = contents(&mut vault).map_err(|error| wrong(format!("does not read: {error}")))?;
    let mut right = recording.models[point.done..].iter().take(2);
    if !right.any(|model| *model == found) {
        return Err(wrong(format!("holds {:?}", found.keys())));
    }
    // And life goes on; looked at here and there.
    if !point.at.is_multiple_of(4) {
        return Ok(());
    }
    perform(&place, &mut Some(vault), STEPS[1]).or_else(|error| match found.contains_key(&2) {
        true => Ok(()),
        false => Err(wrong(format!("takes no change: {error}"))),
    })
}

#[test]
fn a_power_cut_at_any_change_leaves_a_state_that_was_asked_for() {
    let recording = record();
    let points = points(&recording);
    let changes =
        recording.ops.iter().filter(|op| !matches!(op, Op::Done { .. } | Op::Beside { .. })).count();
    println!("{} steps, {changes} changes of the disk, {} different disks", STEPS.len(), points.len());
    assert!(points.len() >= LEAST_POINTS, "only {} different disks", points.len());
    let workers = thread::available_parallelism().map_or(2, usize::from);
    let share = points.len().div_ceil(workers);
    let wrong: Vec<String> = thread::scope(|scope| {
        let recording = &recording;
        let work = |points| {
            move || Vec::from_iter(Iterator::filter_map(points, |point| judge(recording, point).err()))
        };
        let started: Vec<_> = points.chunks(share).map(|points| scope.spawn(work(points.iter()))).collect();
        started.into_iter().flat_map(|worker| worker.join().unwrap()).collect()
    });
    assert!(
        wrong.is_empty(),
        "{} of {} disks are wrong:\n{}",
        wrong.len(),
        points.len(),
        wrong[..wrong.len().min(20)].join("\n")
    );
}
