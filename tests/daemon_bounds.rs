//! What clients leave half said costs the daemon little, and not for long.
#![allow(clippy::disallowed_methods, clippy::unwrap_used, reason = "tests prepare and look at the machine")]

mod support;

use std::io::Write as _;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use support::machine::Usage;
use support::{Door, Home, Upstream, secrets, socket};

const INVOKE: &[&str] = &["invoke", "openai/chat-completions", "--body", "{}"];

fn ready() -> (Upstream, Home, u32) {
    let upstream = Upstream::serving(&["api.openai.com"]);
    let home = Home::with_openai(Door::Daemon, &upstream, secrets::OPENAI);
    home.run(INVOKE).ok();
    let pid = home.daemon().expect("a daemon");
    (upstream, home, pid)
}

fn operators(home: &Home) -> PathBuf {
    home.socket().with_extension("operator.sock")
}

fn megabytes_of(pid: u32) -> u64 {
    Usage::of(pid).megabytes
}

/// The head of a request whose body has `length` bytes.
fn head(path: &str, length: usize) -> String {
    format!("POST {path} HTTP/1.1\r\nhost: a\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n")
}

/// A connection that has sent a head and takes what else it can be given without waiting.
fn half_said(socket: &Path, path: &str, length: usize) -> UnixStream {
    let mut stream = UnixStream::connect(socket).unwrap();
    stream.write_all(head(path, length).as_bytes()).unwrap();
    stream.set_nonblocking(true).unwrap();
    stream
}

#[test]
fn large_commands_that_never_end_take_bounded_memory() {
    const LARGE: usize = 16 << 20;
    let (_upstream, home, pid) = ready();
    let before = megabytes_of(pid);
    let mut streams: Vec<(UnixStream, usize)> =
        (0..60).map(|_| (half_said(&operators(&home), "/command", LARGE), LARGE - 1000)).collect();
    let piece = vec![b' '; 64 * 1024];
    let begun = Instant::now();
    let mut most = before;
    while begun.elapsed() < Duration::from_secs(5) {
        for (stream, left) in &mut streams {
            let written = stream.write(&piece[..piece.len().min(*left)]).unwrap_or(0);
            *left -= written;
        }
        most = most.max(megabytes_of(pid));
    }
    assert!(most < before + 300, "from {before} to {most} MB");
    drop(streams);
    // A vault with a key file is not locked; what counts is that the daemon says so.
    home.run(&["lock"]).ends(1);
}

/// Each is answered or dropped in a while; one that streams its body is not hurried.
#[test]
fn what_is_half_said_is_not_waited_for() {
    let (_upstream, home, _) = ready();
    let begun = Instant::now();
    let half = [(operators(&home), "/command", "{"), (home.socket(), "/invoke", "\0\0")];
    std::thread::scope(|scope| {
        for (path, route, text) in &half {
            scope.spawn(move || {
                let sent = format!("{}{text}", head(route, 100));
                let (head, body) = socket::exchange(path, sent.as_bytes());
                assert!(head.first_line.starts_with("HTTP/1.1 400"), "{head:?}");
                assert!(String::from_utf8_lossy(&body).contains("within 10 s"), "{body:?}");
            });
        }
    });
    assert!(begun.elapsed() < Duration::from_secs(30), "{:?}", begun.elapsed());
    home.run(INVOKE).ok();
}
