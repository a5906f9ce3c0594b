//! What a process takes of the machine, as the kernel counts it.

use std::fs;

/// At one instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Usage {
    /// Of memory that is there.
    pub megabytes: u64,
    pub threads: u64,
    pub descriptors: usize,
}

impl Usage {
    #[track_caller]
    pub fn of(pid: u32) -> Self {
        let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
        let number = |name: &str| -> u64 {
            let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
            line.split_whitespace().next().unwrap().parse().unwrap()
        };
        Self {
            megabytes: number("VmRSS:") / 1024,
            threads: number("Threads:"),
            descriptors: fs::read_dir(format!("/proc/{pid}/fd")).unwrap().count(),
        }
    }
}
