//! What a process has used so far, as Linux counts it.

use std::fs;
use std::time::Duration;

/// The kernel's clock of processes, in ticks a second: fixed on Linux for programs.
const TICKS: f64 = 100.0;

pub(super) struct Usage {
    cpu: Duration,
    pub(super) peak_mib: f64,
}

impl Usage {
    pub(super) fn of(pid: u32) -> Self {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
        let fields: Vec<&str> = stat.rsplit_once(") ").unwrap().1.split(' ').collect();
        let ticks: f64 = fields[11].parse::<f64>().unwrap() + fields[12].parse::<f64>().unwrap();
        let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
        let kib: f64 = peak.trim().trim_end_matches(" kB").parse().unwrap();
        Self { cpu: Duration::from_secs_f64(ticks / TICKS), peak_mib: kib / 1024.0 }
    }

    pub(super) fn cpu_since(&self, before: &Self) -> Duration {
        self.cpu - before.cpu
    }
}
