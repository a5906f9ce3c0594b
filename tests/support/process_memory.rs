//! The memory of a running process, as a debugger with every right sees it.

use std::fs::{self, File};
use std::os::unix::fs::FileExt as _;

/// What a process has mapped at one place, and what stands there.
pub struct Mapping {
    /// Where it is and what it is called, for messages.
    pub name: String,
    /// Kept out of swap and of core files.
    pub is_locked: bool,
    pub bytes: Vec<u8>,
}

/// Everything that the process can write to. None where this user may not look, and why.
pub fn of(pid: u32) -> Result<Vec<Mapping>, String> {
    let smaps = fs::read_to_string(format!("/proc/{pid}/smaps")).map_err(|error| error.to_string())?;
    let memory = File::open(format!("/proc/{pid}/mem")).map_err(|error| error.to_string())?;
    let mut mappings = Vec::new();
    let mut head = None;
    for line in smaps.lines() {
        if let Some(flags) = line.strip_prefix("VmFlags:") {
            let (range, name): (std::ops::Range<u64>, &str) = head.take().expect("flags belong to a mapping");
            let has = |flag: &str| flags.split(' ').any(|one| one == flag);
            if !has("wr") {
                continue;
            }
            // What goes away meanwhile holds nothing any more.
            let mut bytes = vec![0; usize::try_from(range.end - range.start).unwrap()];
            if memory.read_exact_at(&mut bytes, range.start).is_ok() {
                let is_locked = has("lo") && has("dd");
                mappings.push(Mapping { name: name.to_owned(), is_locked, bytes });
            }
        } else if let Some(range) = range_of(line) {
            head = Some((range, line));
        }
    }
    Ok(mappings)
}

/// The addresses that a mapping's first line begins with.
fn range_of(line: &str) -> Option<std::ops::Range<u64>> {
    let (from, to) = line.split_once(' ')?.0.split_once('-')?;
    let address = |text: &str| u64::from_str_radix(text, 16).ok();
    Some(address(from)?..address(to)?)
}
