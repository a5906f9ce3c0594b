//! A process, told from any later one that is given the same id.

use serde::{Deserialize, Serialize};

use super::stat::Stat;

/// A process by its id and when it began, as the system counts that.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProcessMark {
    pid: u32,
    /// Ticks of the system's clock since it started.
    began: u64,
}

impl ProcessMark {
    /// The process that runs under this id now; none where there is none, and on systems that do
    /// not say when a process began.
    #[must_use]
    pub fn of(pid: u32) -> Option<Self> {
        began(pid).map(|began| Self { pid, began })
    }

    #[must_use]
    pub fn pid(self) -> u32 {
        self.pid
    }

    /// As [`ProcessMark::from_parts`] takes it.
    pub(super) fn parts(self) -> (u32, u64) {
        (self.pid, self.began)
    }

    /// The process that had these parts; whether it still runs is another question.
    pub(super) fn from_parts(pid: u32, began: u64) -> Self {
        Self { pid, began }
    }

    /// Whether it still runs. What cannot be told counts as gone.
    #[must_use]
    pub fn is_alive(self) -> bool {
        began(self.pid) == Some(self.began)
    }
}

fn began(pid: u32) -> Option<u64> {
    Stat::of(pid).map(|stat| stat.began)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(target_os = "linux")]
    #[test]
    fn a_process_is_alive_until_it_ends_even_before_it_is_waited_for() {
        let own = ProcessMark::of(std::process::id()).unwrap();
        assert!(own.is_alive());
        let mut child = std::process::Command::new("sleep").arg("60").spawn().unwrap();
        let mark = ProcessMark::of(child.id()).unwrap();
        assert!(mark.is_alive() && mark != own);
        child.kill().unwrap();
        let ended = || !mark.is_alive();
        for _ in 0..500 {
            if ended() {
                break;
            }
            crate::platform::clock::pause_ms(10);
        }
        assert!(ended());
        child.wait().unwrap();
        assert!(!mark.is_alive() && ProcessMark::of(0).is_none());
        assert!(!ProcessMark { began: own.began + 1, ..own }.is_alive());
    }
}
