//! Which terminal a process belongs to, as the kernel says: the session of processes that a shell
//! leads, and the unbroken line of parents from a process up to it.
//!
//! A process can leave its session and begin one of its own, but join none. What it takes part in
//! is therefore told of it, never by it.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

use super::mark::ProcessMark;
use super::process::own_pid;
#[cfg(any(test, target_os = "linux", target_os = "android"))]
use super::stat::Stat;

/// What this program is called wherever it starts others in front of it: what stands below it takes
/// no part in the shell's session.
#[cfg(any(target_os = "linux", target_os = "android"))]
const OWN_NAME: &str = "aivault";
/// Longer lines of parents are none.
#[cfg(any(target_os = "linux", target_os = "android"))]
const LONGEST: usize = 256;

/// A session of processes by the one that leads it, a shell as a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ShellSession {
    leader: u32,
    /// When the leader began, where the system tells.
    began: Option<u64>,
}

/// A text that stands for no session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("no session of processes is written so")]
pub struct NoSession;

impl ShellSession {
    /// The session of this very process.
    #[must_use]
    pub fn own() -> Option<Self> {
        Self::of(own_pid())
    }

    /// The session that the process takes part in: it is in it, and so are its parents up to the
    /// leader, without one that this program started. None for what was orphaned, since nobody
    /// can tell whose it was, and for what `aivault` itself runs.
    #[cfg(any(target_os = "linux", target_os = "android"))]
    #[must_use]
    pub fn of(pid: u32) -> Option<Self> {
        let mut at = Stat::of(pid)?;
        let leader = at.session;
        let mut id = pid;
        for _ in 0..LONGEST {
            if id == leader {
                let (leader, began) = ProcessMark::of(leader)?.parts();
                return Some(Self { leader, began: Some(began) });
            }
            id = at.parent;
            at = Stat::of(id)?;
            if at.session != leader || at.name == OWN_NAME {
                return None;
            }
        }
        None
    }

    /// The session that the process is in; this system tells no more.
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    #[must_use]
    pub fn of(pid: u32) -> Option<Self> {
        use rustix::process::{Pid, getsid};
        let pid = Pid::from_raw(i32::try_from(pid).ok()?)?;
        let leader = getsid(Some(pid)).ok()?.as_raw_nonzero().get();
        Some(Self { leader: u32::try_from(leader).ok()?, began: None })
    }

    /// Whether its leader still runs: then nothing else can come to have its number.
    #[must_use]
    pub fn is_led(self) -> bool {
        match self.began {
            Some(began) => ProcessMark::from_parts(self.leader, began).is_alive(),
            None => Self::of(self.leader) == Some(self),
        }
    }

    /// The process that leads it.
    #[must_use]
    pub fn leader(self) -> u32 {
        self.leader
    }
}

/// As it is parsed.
impl fmt::Display for ShellSession {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.began {
            Some(began) => write!(f, "{}:{began}", self.leader),
            None => write!(f, "{}:", self.leader),
        }
    }
}

impl FromStr for ShellSession {
    type Err = NoSession;

    fn from_str(text: &str) -> Result<Self, NoSession> {
        let (leader, began) = text.split_once(':').ok_or(NoSession)?;
        let began = if began.is_empty() { None } else { Some(began.parse().map_err(|_| NoSession)?) };
        Ok(Self { leader: leader.parse().map_err(|_| NoSession)?, began })
    }
}

/// Makes sure that this process is known by its name, whatever its file is called: what it starts is
/// to be told from what the shell starts.
pub fn be_known() {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    {
        // A system that keeps no names tells no lines either.
        let _ = rustix::thread::set_name(c"aivault");
    }
}

/// Has this process lead a session, where it may: tests are then in one, whatever started them.
#[cfg(test)]
pub fn lead() {
    let _ = rustix::process::setsid();
}

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests {
    use std::io::{BufRead as _, BufReader};
    use std::process::{Child, Command, Stdio};

    use super::*;

    /// A program that leads a session, and the numbers that its script prints of processes below it.
    fn session(script: &str) -> (Child, Vec<u32>) {
        let mut shell = Command::new("setsid");
        shell.args(["sh", "-c", script]).stdout(Stdio::piped()).stdin(Stdio::piped());
        let mut child = shell.spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        (child, line.split_whitespace().map(|id| id.parse().unwrap()).collect())
    }

    fn end(mut child: Child) {
        drop(child.stdin.take());
        child.wait().unwrap();
    }

    #[test]
    fn what_a_shell_starts_takes_part_and_what_left_it_does_not() {
        // Written out by the shell: itself, a child, an orphan that is still in the session, one that left it.
        let script = "sleep 60 & a=$!; b=$(sh -c 'sleep 60 >/dev/null & echo $!'); setsid sleep 60 & c=$!
            while [ \"$(cut -d' ' -f6 /proc/$c/stat)\" = $$ ]; do :; done
            echo $$ $a $b $c; read end; kill $a $b $c";
        let (child, ids) = session(script);
        let [leader, below, orphan, outside] = ids[..] else { panic!("{ids:?}") };
        let found = ShellSession::of(below).unwrap();
        assert_eq!((found.leader(), ShellSession::of(leader)), (leader, Some(found)));
        assert!(found.is_led());
        assert_eq!(Stat::of(orphan).unwrap().session, leader);
        assert_eq!(ShellSession::of(orphan), None);
        assert_ne!(ShellSession::of(outside).map(ShellSession::leader), Some(leader));
        end(child);
        assert!(!found.is_led());
        assert_eq!(ShellSession::of(below), None);
    }

    #[test]
    fn what_this_program_runs_takes_no_part() {
        let folder = tempfile::tempdir().unwrap();
        let own = folder.path().join("aivault");
        std::os::unix::fs::symlink("/bin/sh", &own).unwrap();
        let own = own.display();
        let script = format!("'{own}' -c 'sleep 60 & echo $$ $!; read end; kill $!'; true");
        let (child, ids) = session(&script);
        let [runner, below] = ids[..] else { panic!("{ids:?}") };
        assert_eq!(Stat::of(runner).unwrap().name, OWN_NAME);
        assert!(ShellSession::of(runner).is_some(), "the program itself does");
        assert_eq!(ShellSession::of(below), None);
        end(child);
    }

    #[test]
    fn a_session_is_written_and_read() {
        let found = ShellSession { leader: 7, began: Some(99) };
        let unknown = ShellSession { leader: 7, began: None };
        for session in [found, unknown] {
            assert_eq!(session.to_string().parse(), Ok(session));
        }
        for bad in ["", "7", "x:9", "7:x", "7:9:1", "-7:9"] {
            assert_eq!(bad.parse::<ShellSession>(), Err(NoSession), "{bad}");
        }
    }
}
