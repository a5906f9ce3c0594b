//! The time of one decision, everybody in turns within one run, as a table of medians and of ratios to `aivault`.
//! It is the thread's processor time, which other work on the machine adds least to.
//!
//! `cargo bench --manifest-path compare/Cargo.toml`

use std::hint::black_box;
use std::time::Duration;

use aivault_compare::Decider;
use aivault_compare::workload::Workload;
use cpu_time::ThreadTime;

const ROUNDS: usize = 201;
const TURN: Duration = Duration::from_millis(1);

fn main() {
    for mut workload in Workload::all() {
        println!("\n| {} | ns a decision | ratio |\n| --- | ---: | ---: |", workload.name);
        let medians = medians(&mut workload);
        for (decider, median) in workload.deciders.iter().zip(&medians) {
            println!("| {} | {median:.0} | {:.1} |", decider.name(), median / medians[0]);
        }
    }
}

fn medians(workload: &mut Workload) -> Vec<f64> {
    let mut turns: Vec<Turns<'_>> =
        workload.deciders.iter_mut().map(|one| Turns::new(one.as_mut())).collect();
    for _ in 0..ROUNDS {
        turns.iter_mut().for_each(Turns::take);
    }
    turns.into_iter().map(Turns::median).collect()
}

/// One who decides, turn by turn.
struct Turns<'a> {
    decider: &'a mut dyn Decider,
    next: usize,
    /// How many decisions a turn has.
    length: usize,
    /// Nanoseconds a decision, of each turn.
    times: Vec<f64>,
}

impl<'a> Turns<'a> {
    fn new(decider: &'a mut dyn Decider) -> Self {
        let mut turns = Self { decider, next: 0, length: 1, times: Vec::new() };
        while turns.run() < TURN {
            turns.length *= 2;
        }
        turns
    }

    fn take(&mut self) {
        let time = self.run();
        self.times.push(time.as_nanos() as f64 / self.length as f64);
    }

    fn run(&mut self) -> Duration {
        let start = ThreadTime::now();
        for _ in 0..self.length {
            black_box(self.decider.decide(black_box(self.next)));
            self.next = (self.next + 1) % self.decider.requests();
        }
        start.elapsed()
    }

    fn median(mut self) -> f64 {
        self.times.sort_by(f64::total_cmp);
        self.times[self.times.len() / 2]
    }
}
