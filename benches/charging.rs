//! Charging: what counting one request costs, alone and in turns with another process.
//!
//! `cargo bench --bench charging`
#![allow(clippy::unwrap_used, reason = "a bench that cannot be set up has nothing to measure")]

use std::hint::black_box;
use std::os::unix::fs::PermissionsExt;

use aivault::meter::{Meter, Use};
use aivault::spec::RuleId;
use aivault::spec::policy::{By, Cost, Limit, Per};
use criterion::{Criterion, criterion_group, criterion_main};
use zeroize::Zeroizing;

/// Two handles of the same counters, as two processes have them, with `others` beside the one used.
fn opened(others: usize) -> (tempfile::TempDir, [Meter; 2]) {
    let closed = PermissionsExt::from_mode(0o700);
    let folder = tempfile::Builder::new().permissions(closed).tempdir().unwrap();
    let open = |may_begin| Meter::open(folder.path(), Zeroizing::new([7; 32]), may_begin).unwrap();
    let meters = [open(true), open(false)];
    for index in 0..others {
        charge(&meters[0], &format!("agent:{index}"));
    }
    (folder, meters)
}

fn charge(meter: &Meter, caller: &str) {
    let rule = RuleId::from_static("bench/requests");
    let limit = Limit { max: u64::MAX, per: Per::Day, by: By::Caller, cost: Cost::Requests };
    let one = Use { rule: &rule, limit: &limit, by: caller, cost: Some(1) };
    black_box(meter.charge(&[one], 1_700_000_000_000).unwrap());
}

fn charging(criterion: &mut Criterion) {
    for others in [0, 200] {
        let (_folder, [one, other]) = opened(others);
        criterion.bench_function(&format!("charge, {others} other counters"), |bench| {
            bench.iter(|| charge(&one, "agent:x"));
        });
        criterion.bench_function(&format!("charge in turns, {others} other counters"), |bench| {
            bench.iter(|| {
                charge(&one, "agent:x");
                charge(&other, "agent:x");
            });
        });
    }
}

criterion_group!(benches, charging);
criterion_main!(benches);
