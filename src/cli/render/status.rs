//! `status` and `init`, and the hosts that a test vault sends elsewhere.

use std::{io, iter};

use super::table::{Table, aligned, width};
use super::{counted, time};
use crate::cli::escape;
use crate::cli::screen::Screen;
use crate::platform::lineage;
use crate::service::{DaemonState, OperatorView, SharedStatusView, StatusView, UpstreamView};

/// The width of the labels.
const LABELS: usize = 12;
/// How much of a line a person's terminal has beside them, at least.
const WIDE: usize = 66;

pub(super) fn print(status: &StatusView, screen: &mut Screen<'_>) -> io::Result<()> {
    if status.created {
        writeln!(screen.out, "Vault initialised at {}", escape::line(&status.folder))?;
    }
    print_rows(&rows(status), screen)?;
    if let Some(problem) = &status.problem {
        let help = status.problem_help.as_ref().map(|help| format!("; {help}")).unwrap_or_default();
        screen.warn(&format!("the vault does not open: {problem}{help}"))?;
    }
    status.damaged.iter().try_for_each(|record| screen.warn(&format!("a damaged record: {record}")))
}

pub(super) fn print_rows(rows: &[(&'static str, String)], screen: &mut Screen<'_>) -> io::Result<()> {
    for (label, value) in rows {
        let value = escape::line(value);
        let lines = if screen.on_terminal { wrapped(&value, WIDE) } else { vec![value.into_owned()] };
        for (label, line) in iter::once(*label).chain(iter::repeat("")).zip(lines) {
            writeln!(screen.out, "{}", aligned([(label, LABELS), (&line, 0)].into_iter()))?;
        }
    }
    Ok(())
}

/// Where the key comes from and what that is worth.
pub(super) fn key_rows(status: &StatusView) -> Vec<(&'static str, String)> {
    let mut rows = vec![
        ("key:", format!("{} ({})", status.key_provider, status.key_place)),
        ("protection:", status.protection.clone()),
    ];
    if status.unlocked_memory > 0 {
        let kib = status.unlocked_memory.div_ceil(1024);
        rows.push((
            "memory:",
            format!(
                "{kib} KiB that hold keys and values may be written to swap: the limit on locked memory is too \
                 small (`ulimit -l`, or LimitMEMLOCK= of a service)"
            ),
        ));
    }
    rows
}

fn rows(status: &StatusView) -> Vec<(&'static str, String)> {
    let mut rows = vec![("vault:", status.folder.clone()), ("state:", status.state.clone())];
    if status.test {
        rows.push(("test vault:", "yes, for ever; do not store real secrets in it".to_owned()));
    }
    rows.extend(key_rows(status));
    rows.push(("secrets:", count(status.secrets)));
    rows.push(("credentials:", count(status.credentials)));
    let capabilities = counted(status.capabilities as u64, "capability");
    rows.push(("registry:", format!("{capabilities} of {}", counted(status.providers as u64, "provider"))));
    rows.push(("daemon:", daemon(status)));
    rows.extend(
        status.shared.iter().map(|shared| {
            ("callers:", format!("the group {}, on {}", shared.group, shared.socket.display()))
        }),
    );
    rows.extend(
        status
            .operator
            .iter()
            .filter(|_| status.state == "unlocked")
            .map(|view| ("operator:", operator(*view))),
    );
    rows.extend(status.listeners.iter().map(|one| ("gateway:", super::gateway::in_a_line(one))));
    rows.extend(status.upstreams.iter().map(|one| ("upstream:", format!("{} -> {}", one.host, one.address))));
    rows.extend(status.egress.iter().map(|line| ("egress:", line.clone())));
    rows.push(("version:", status.version.clone()));
    rows
}

/// `text` in lines of at most `wide` characters, but for words that are longer.
fn wrapped(text: &str, wide: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        match lines.last_mut() {
            Some(line) if line.is_empty() => line.push_str(word),
            Some(line) if width(line) + 1 + width(word) <= wide => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

fn count(count: Option<usize>) -> String {
    count.map_or_else(|| "unknown while the vault is locked".to_owned(), |count| count.to_string())
}

fn daemon(status: &StatusView) -> String {
    let what = match status.daemon_state {
        DaemonState::Absent => return "not running".to_owned(),
        DaemonState::Running => "running",
        DaemonState::Silent => "does not answer",
        DaemonState::OtherVersion => "of another version",
        DaemonState::OtherVault => "of another vault",
        DaemonState::Unusable => "cannot be used, or is another user's",
    };
    let pid = status.daemon.map(|pid| format!(", pid {pid}")).unwrap_or_default();
    format!("{what}{pid}, on {}", status.socket)
}

fn operator(view: OperatorView) -> String {
    let Some(until) = view.until_ms else {
        return "no session is open; aivault unlock --for 15m opens one in this terminal".to_owned();
    };
    let here = lineage::ShellSession::own().map(lineage::ShellSession::leader);
    let place = match view.leader {
        leader if leader == here => "in this terminal".to_owned(),
        Some(leader) => format!("in the terminal of process {leader}"),
        None => "elsewhere".to_owned(),
    };
    format!("a session is open {place} until {}", time::utc(until))
}

/// A daemon of another user, to one of its callers.
pub(super) fn print_shared(status: &SharedStatusView, screen: &mut Screen<'_>) -> io::Result<()> {
    let user = status.user.as_ref().map(|user| format!(", as user {user}")).unwrap_or_default();
    let rows = [
        ("vault:", "of the daemon, which is not yours".to_owned()),
        ("daemon:", format!("{}{user}, on {}", status.state.replace('-', " "), status.socket.display())),
        ("protection:", status.protection.clone()),
        ("version:", status.version.clone()),
    ];
    print_rows(&rows, screen)?;
    status.problem.iter().try_for_each(|problem| {
        let help = status.help.as_ref().map(|help| format!("; {help}")).unwrap_or_default();
        screen.warn(&format!("{problem}{help}"))
    })
}

pub(super) fn print_upstreams(upstreams: &[UpstreamView], screen: &mut Screen<'_>) -> io::Result<()> {
    if upstreams.is_empty() {
        return writeln!(screen.out, "No host is sent elsewhere.");
    }
    let mut table = Table::new(&["HOST", "ADDRESS"]);
    for one in upstreams {
        table.row([one.host.clone(), one.address.clone()]);
    }
    table.print(screen.out, screen.paint)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::render::testing::printed;

    fn status() -> StatusView {
        StatusView {
            version: "0.1.0".into(),
            folder: "/home/a/.aivault/data/vault".into(),
            state: "unlocked".into(),
            problem: None,
            problem_help: None,
            created: false,
            test: false,
            key_provider: "file".into(),
            key_place: "/home/a/.aivault/keys/kek.key".into(),
            protection: "Other users are kept out; code of this user is not.".into(),
            vault_id: "7".into(),
            secrets: Some(2),
            credentials: Some(1),
            damaged: Vec::new(),
            providers: 12,
            capabilities: 200,
            socket: "/home/a/.aivault/run/aivaultd.sock".into(),
            daemon: None,
            daemon_state: DaemonState::Absent,
            upstreams: Vec::new(),
            egress: Vec::new(),
            listeners: Vec::new(),
            operator: None,
            shared: None,
            unlocked_memory: 0,
        }
    }

    #[test]
    fn a_plain_vault() {
        let expected = "\
vault:        /home/a/.aivault/data/vault
state:        unlocked
key:          file (/home/a/.aivault/keys/kek.key)
protection:   Other users are kept out; code of this user is not.
secrets:      2
credentials:  1
registry:     200 capabilities of 12 providers
daemon:       not running
version:      0.1.0
";
        assert_eq!(printed(|screen| print(&status(), screen)), (expected.to_owned(), String::new()));
    }

    #[test]
    fn whoever_is_at_the_socket_is_told_with_its_process() {
        for (daemon_state, told) in [
            (DaemonState::Silent, "does not answer, pid 42, on /home/a/.aivault/run/aivaultd.sock"),
            (DaemonState::OtherVersion, "of another version, pid 42, on /home/a/.aivault/run/aivaultd.sock"),
        ] {
            assert_eq!(daemon(&StatusView { daemon: Some(42), daemon_state, ..status() }), told);
        }
    }

    #[test]
    fn long_texts_are_wrapped_for_people() {
        assert_eq!(wrapped("one two three", 7), ["one two", "three"]);
        assert_eq!(wrapped("indivisible a b", 3), ["indivisible", "a b"]);
        assert_eq!(wrapped("", 3), [""]);
    }

    #[test]
    fn what_is_special_is_said() {
        let special = StatusView {
            created: true,
            problem: Some("its key is gone".into()),
            problem_help: Some("put it back".into()),
            test: true,
            secrets: None,
            daemon: Some(42),
            daemon_state: DaemonState::Running,
            unlocked_memory: 2049,
            damaged: vec!["secret 9".into()],
            upstreams: vec![UpstreamView { host: "a.com".into(), address: "127.0.0.1:1".into() }],
            ..status()
        };
        let (out, err) = printed(|screen| print(&special, screen));
        assert!(out.starts_with("Vault initialised at /home/a/.aivault/data/vault\n"), "{out}");
        for line in [
            "\ntest vault:   yes, for ever; do not store real secrets in it\n",
            "\nmemory:       3 KiB that hold keys and values may be written to swap: ",
            "\nsecrets:      unknown while the vault is locked\n",
            "\ndaemon:       running, pid 42, on /home/a/.aivault/run/aivaultd.sock\n",
            "\nupstream:     a.com -> 127.0.0.1:1\n",
        ] {
            assert!(out.contains(line), "{out}");
        }
        let doubts = "warning: the vault does not open: its key is gone; put it back\n\
                      warning: a damaged record: secret 9\n";
        assert_eq!(err, doubts);
    }
}
