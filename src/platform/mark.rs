//! A process, told from any later one that is given the same id.

use serde::{Deserialize, Serialize};

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

    /// Whether it still runs. What cannot be told counts as gone.
    #[must_use]
    pub fn is_alive(self) -> bool {
        began(self.pid) == Some(self.began)
    }
}

#[cfg(any(target_os = "linux", target_os = "android"))]
fn began(pid: u32) -> Option<u64> {
    parse(&std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?)
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn began(_pid: u32) -> Option<u64> {
    None
}

/// `starttime` of proc_pid_stat(5). The program's name before it may hold blanks and parentheses; a
/// process that has ended and was not waited for runs no more.
#[cfg(any(test, target_os = "linux", target_os = "android"))]
fn parse(stat: &str) -> Option<u64> {
    let (_, behind_name) = stat.rsplit_once(')')?;
    let mut fields = behind_name.split_ascii_whitespace();
    if matches!(fields.next()?, "Z" | "X" | "x") {
        return None;
    }
    // The state is field 3, `starttime` field 22.
    fields.nth(22 - 4)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stat(name: &str, state: &str) -> String {
        let zeros = ["0"; 18].join(" ");
        format!("7 ({name}) {state} {zeros} 12345 99 0")
    }

    #[test]
    fn the_name_of_a_program_cannot_move_the_fields() {
        for name in ["sh", "a b", "x) R 1 2", ") Z (", "(((", ""] {
            assert_eq!(parse(&stat(name, "S")), Some(12345), "{name}");
            assert_eq!(parse(&stat(name, "Z")), None, "{name}");
        }
        for bad in ["", "7 (sh", "7 (sh) S", "7 (sh) S 0 0"] {
            assert_eq!(parse(bad), None, "{bad}");
        }
    }

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
