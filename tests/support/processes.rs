//! Processes by their ids.

use std::fs;
use std::path::Path;

use rustix::process::{Pid, Signal, kill_process};

fn pid_of(pid: u32) -> Pid {
    i32::try_from(pid).ok().and_then(Pid::from_raw).unwrap()
}

/// Ends the process at once; one that is gone already is fine.
pub fn kill(pid: u32) {
    let _ = kill_process(pid_of(pid), Signal::KILL);
}

/// Whether there is such a process that has not ended: its first thread may, while others still keep
/// its files and sockets open.
pub fn is_alive(pid: u32) -> bool {
    let Ok(threads) = fs::read_dir(format!("/proc/{pid}/task")) else { return false };
    threads.flatten().any(|thread| {
        let Ok(stat) = fs::read_to_string(thread.path().join("stat")) else { return false };
        let state = stat.rsplit_once(") ").and_then(|(_, rest)| rest.chars().next());
        !matches!(state, Some('Z' | 'X') | None)
    })
}

/// The processes that were started as `program`, by its full path.
pub fn started_as(program: &Path) -> Vec<u32> {
    let ids = fs::read_dir("/proc").unwrap();
    let ids = ids.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse::<u32>().ok());
    let is_it = |pid: &u32| {
        let line = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        let first = line.split(|byte| *byte == 0).next().unwrap_or_default();
        first == program.as_os_str().as_encoded_bytes() && is_alive(*pid)
    };
    ids.filter(is_it).collect()
}
