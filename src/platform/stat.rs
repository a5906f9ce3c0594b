//! What Linux says of a process in a line, proc_pid_stat(5).

/// A process that runs, as the system describes it now.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Stat {
    /// What its first thread is called: as its program, unless it says otherwise.
    pub(super) name: String,
    pub(super) parent: u32,
    /// The first process of its session; 0 where that is none that can be seen from here.
    pub(super) session: u32,
    /// Ticks of the system's clock since it started.
    pub(super) began: u64,
}

impl Stat {
    /// The process that runs under this id now; none where there is none, and on other systems.
    pub(super) fn of(pid: u32) -> Option<Self> {
        if cfg!(any(target_os = "linux", target_os = "android")) {
            parse(&std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?)
        } else {
            None
        }
    }
}

/// The program's name may hold blanks and parentheses; a process that has ended and was not waited
/// for runs no more.
fn parse(stat: &str) -> Option<Stat> {
    let (before, behind_name) = stat.rsplit_once(')')?;
    let (_, name) = before.split_once('(')?;
    let mut fields = behind_name.split_ascii_whitespace();
    if matches!(fields.next()?, "Z" | "X" | "x") {
        return None;
    }
    // The state is field 3, the parent 4, the session 6 and `starttime` 22.
    let parent = fields.next()?.parse().ok()?;
    let session = fields.nth(6 - 5)?.parse().ok()?;
    let began = fields.nth(22 - 7)?.parse().ok()?;
    Some(Stat { name: name.to_owned(), parent, session, began })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stat(name: &str, state: &str) -> String {
        let zeros = ["0"; 15].join(" ");
        format!("7 ({name}) {state} 3 4 5 {zeros} 12345 99 0")
    }

    #[test]
    fn the_name_of_a_program_cannot_move_the_fields() {
        for name in ["sh", "a b", "x) R 1 2", ") Z (", "(((", ""] {
            let expected = Stat { name: name.to_owned(), parent: 3, session: 5, began: 12345 };
            assert_eq!(parse(&stat(name, "S")), Some(expected), "{name}");
            assert_eq!(parse(&stat(name, "Z")), None, "{name}");
        }
        for bad in ["", "7 (sh", "7 (sh) S", "7 (sh) S 0 0", "7 (sh) S 3 4 x"] {
            assert_eq!(parse(bad), None, "{bad}");
        }
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_child_has_its_parent_and_session() {
        let mut child = std::process::Command::new("sleep").arg("60").spawn().unwrap();
        let found = Stat::of(child.id()).unwrap();
        let own = Stat::of(std::process::id()).unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
        assert_eq!((found.parent, found.session), (std::process::id(), own.session));
        assert!(Stat::of(0).is_none());
    }
}
