//! What one decision allocates: a mean over all requests, of everybody.
//!
//! `cargo bench --manifest-path compare/Cargo.toml --bench allocations`

use std::alloc::System;
use std::hint::black_box;

use aivault_compare::workload::Workload;
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

#[global_allocator]
static COUNTING: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

fn main() {
    for mut workload in Workload::all() {
        println!("\n| {} | allocations | bytes |\n| --- | ---: | ---: |", workload.name);
        for decider in &mut workload.deciders {
            let requests = decider.requests();
            let region = Region::new(COUNTING);
            for at in 0..requests {
                black_box(decider.decide(black_box(at)));
            }
            let change = region.change();
            let mean = |count: usize| count as f64 / requests as f64;
            let allocations = mean(change.allocations + change.reallocations);
            println!("| {} | {allocations:.1} | {:.0} |", decider.name(), mean(change.bytes_allocated));
        }
    }
}
