//! The daemon: one, however many callers race; recovered when it died, never pushed
//! aside while it lives; and only trusted where nobody else can be in its place.
#![allow(clippy::disallowed_methods, clippy::unwrap_used, reason = "tests prepare and look at the machine")]

mod support;

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::os::unix::net::UnixListener;
use std::os::unix::process::CommandExt as _;
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::thread;
use std::time::{Duration, Instant};

use support::{Answer, Done, Door, Home, Upstream, home, processes, secrets, socket, wait};

const INVOKE: &[&str] = &["invoke", "openai/chat-completions", "--body", "{}"];

/// An upstream that says what it was told.
fn parrot() -> Upstream {
    let upstream = Upstream::serving(&["api.openai.com"]);
    upstream.answers(|received| Answer::text(received.body.clone()));
    upstream
}

fn ready(upstream: &Upstream) -> Home {
    Home::with_openai(Door::Daemon, upstream, secrets::OPENAI)
}

/// Runs the daemon's program in the foreground, to its end.
fn start_daemon(home: &Home) -> Done {
    let mut command = Command::new(home.daemon_program());
    Done::of(command.env_clear().env("AIVAULT_DIR", home.vault()), b"")
}

fn kill_daemon(home: &Home) -> u32 {
    let pid = home.daemon().expect("a daemon");
    processes::kill(pid);
    wait::until("the daemon is gone", || (!processes::is_alive(pid)).then_some(()));
    pid
}

#[test]
fn fifty_callers_at_once_leave_one_daemon() {
    let upstream = parrot();
    let home = ready(&upstream).with_own_programs();
    assert_eq!(home.daemon(), None, "storing a secret needs no daemon");
    thread::scope(|scope| {
        for number in 0..50 {
            let home = &home;
            scope.spawn(move || {
                let body = format!("{{\"caller\":{number}}}");
                let done = home.run(&["invoke", "openai/chat-completions", "--body", &body]).ok();
                assert_eq!(done.text(), body, "each caller gets its own answer");
            });
        }
    });
    assert_eq!(upstream.take().len(), 50, "each call went out once");
    let pid = home.daemon().expect("a daemon");
    // Those that lost the race end by themselves.
    let program = home.daemon_program();
    wait::until("one daemon is left", || (processes::started_as(&program) == [pid]).then_some(()));
    home.run(INVOKE).ok();
    assert_eq!(home.daemon(), Some(pid));
    let allowed = home.events().iter().filter(|entry| entry.is("invoke", "allowed")).count();
    let answered = home.events().iter().filter(|entry| entry.is("response", "ok")).count();
    assert_eq!((allowed, answered), (51, 51), "each is in the log once");
    home.run(&["audit", "verify"]).ok();
}

#[test]
fn what_a_dead_daemon_left_is_no_obstacle() {
    let upstream = parrot();
    let home = ready(&upstream);
    home.run(INVOKE).ok();
    for _ in 0..3 {
        let dead = kill_daemon(&home);
        assert!(fs::symlink_metadata(home.socket()).is_ok(), "its socket is still there");
        assert_eq!(home.daemon(), None);
        home.run(INVOKE).ok();
        assert_ne!(home.daemon().expect("another daemon"), dead);
    }
    home.run(&["audit", "verify"]).ok();
}

#[test]
fn a_live_socket_is_never_removed() {
    let upstream = parrot();
    let home = ready(&upstream);
    home.run(INVOKE).ok();
    let pid = home.daemon().expect("a daemon");
    let identity = || fs::symlink_metadata(home.socket()).map(|socket| (socket.dev(), socket.ino())).unwrap();
    let before = identity();
    for _ in 0..5 {
        start_daemon(&home).ok();
    }
    assert_eq!((identity(), home.daemon()), (before, Some(pid)));
    assert_eq!(socket::listener(&home.socket()), Some(pid));
    home.run(INVOKE).ok();
}

#[test]
fn the_sockets_are_private() {
    let upstream = parrot();
    let home = ready(&upstream);
    home.run(INVOKE).ok();
    let mode = |path: &std::path::Path| fs::symlink_metadata(path).unwrap().permissions().mode() & 0o777;
    let run = home.vault().join("run");
    assert_eq!(mode(&run), 0o700);
    for entry in fs::read_dir(&run).unwrap() {
        let path = entry.unwrap().path();
        assert_eq!(mode(&path) & 0o077, 0, "{}", path.display());
    }
    assert_eq!(mode(&home.vault().join("vault.db")), 0o600);
    assert_eq!(mode(&home.vault().join("kek.key")), 0o600);
}

#[test]
fn a_daemon_does_not_start_in_a_folder_that_is_open_to_all() {
    let upstream = parrot();
    let home = ready(&upstream);
    fs::create_dir(home.vault().join("run")).unwrap();
    home::set_mode(&home.vault().join("run"), 0o777);
    let done = home.run(INVOKE).ends(4);
    assert!(done.errors().starts_with("error: "), "{}", done.errors());
    let refused = start_daemon(&home);
    assert_ne!(refused.code, Some(0));
    assert!(refused.errors().contains("run"), "it names the folder: {}", refused.errors());
    assert!(!home.socket().exists() && upstream.take().is_empty());
}

#[test]
fn a_caller_does_not_trust_a_folder_that_is_open_to_all() {
    let upstream = parrot();
    let home = ready(&upstream);
    home.run(INVOKE).ok();
    upstream.take();
    let run = home.vault().join("run");
    home::set_mode(&run, 0o777);
    let done = home.run(INVOKE);
    home::set_mode(&run, 0o700);
    done.ends(4);
    assert!(upstream.take().is_empty());
}

/// Somebody else's process behind the socket is not told anything.
#[test]
fn a_daemon_of_another_user_is_refused() {
    if !rustix::process::geteuid().is_root() {
        // Only root can run a program as somebody else.
        return;
    }
    let upstream = parrot();
    let home = ready(&upstream);
    let other = Home::empty(Door::Daemon).with_own_programs();
    other.give_to(home::NOBODY);
    let mut theirs = Command::new(other.daemon_program());
    theirs.env_clear().env("AIVAULT_DIR", other.vault()).uid(home::NOBODY).gid(home::NOBODY);
    let mut theirs = theirs.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    wait::until("their daemon listens", || socket::listener(&other.socket()));
    let done = Done::of(home.command(Door::Daemon, INVOKE).env("AIVAULTD_SOCKET", other.socket()), b"");
    theirs.kill().unwrap();
    theirs.wait().unwrap();
    let done = done.ends(4);
    assert!(done.errors().contains(&home::NOBODY.to_string()), "it says whose it is: {}", done.errors());
    assert!(upstream.take().is_empty());
}

/// Something that took the socket's place and says nothing must not hold people up for ever.
#[test]
fn a_socket_that_says_nothing_is_given_up() {
    let home = Home::test(Door::Daemon);
    let run = home.vault().join("run");
    fs::create_dir(&run).unwrap();
    home::set_mode(&run, 0o700);
    let _silent = UnixListener::bind(home.socket()).unwrap();
    let mut status = home.command(Door::Daemon, &["status"]);
    let mut status = status.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let ended = wait::within(Duration::from_secs(15), || status.try_wait().unwrap());
    if ended.is_none() {
        status.kill().unwrap();
        status.wait().unwrap();
    }
    assert!(ended.is_some(), "`aivault status` waits for ever");
}

#[test]
fn without_a_daemon_and_not_allowed_to_start_one() {
    let upstream = parrot();
    let home = ready(&upstream);
    let call = || Done::of(home.command(Door::Daemon, INVOKE).env("AIVAULTD_AUTOSTART", "0"), b"");
    let done = call().ends(4);
    assert!(done.errors().contains("AIVAULTD_DISABLE"), "it says what to do: {}", done.errors());
    assert!(upstream.take().is_empty() && !home.socket().exists());
    home.run(INVOKE).ok();
    call().ok();
}

#[test]
fn the_socket_can_be_elsewhere() {
    let upstream = parrot();
    let home = ready(&upstream);
    let elsewhere = home.path("elsewhere/own.sock");
    let run = |words: &[&str]| {
        Done::of(home.command(Door::Daemon, words).env("AIVAULTD_SOCKET", &elsewhere), b"").ok()
    };
    run(INVOKE);
    let pid = socket::listener(&elsewhere);
    let told = run(&["status", "--json"]).json()["daemon"].as_u64().and_then(|pid| u32::try_from(pid).ok());
    pid.into_iter().for_each(processes::kill);
    assert!(pid.is_some() && pid == told, "{pid:?} {told:?}");
    assert!(!home.socket().exists());
}

/// The variable comes from whoever starts the daemon, and may name anything.
#[test]
fn a_socket_path_that_names_something_else_destroys_nothing() {
    let home = Home::test(Door::Daemon);
    let precious = home.path("precious");
    fs::create_dir(home.path("theirs")).unwrap();
    home::set_mode(&home.path("theirs"), 0o700);
    fs::write(&precious, "precious").unwrap();
    let theirs = home.path("theirs/their.sock");
    let _listener = UnixListener::bind(&theirs).unwrap();
    home::set_mode(precious.parent().unwrap(), 0o700);
    let database = fs::read(home.vault().join("vault.db")).unwrap();
    for (path, why) in
        [(&home.vault().join("vault.db"), "no socket"), (&precious, "no socket"), (&theirs, "listens")]
    {
        let mut command = Command::new(home.daemon_program());
        command.env_clear().env("AIVAULT_DIR", home.vault()).env("AIVAULTD_SOCKET", path);
        let done = Done::of(&mut command, b"").ends(1);
        assert!(done.errors().contains(why), "{}", done.errors());
        assert!(done.errors().contains("help: ") && done.errors().contains("AIVAULTD_SOCKET"));
    }
    assert_eq!(fs::read(home.vault().join("vault.db")).unwrap(), database);
    assert_eq!(fs::read(&precious).unwrap(), b"precious");
    assert!(std::os::unix::net::UnixStream::connect(&theirs).is_ok());
}

#[test]
fn a_deleted_lock_does_not_let_a_second_daemon_in() {
    let upstream = parrot();
    let home = ready(&upstream);
    home.run(INVOKE).ok();
    let pid = home.daemon().expect("a daemon");
    fs::remove_file(home.vault().join("run/aivaultd.lock")).unwrap();
    let done = start_daemon(&home).ends(1);
    assert!(done.errors().contains("another process listens"), "{}", done.errors());
    assert_eq!((home.daemon(), socket::listener(&home.socket())), (Some(pid), Some(pid)));
    home.run(INVOKE).ok();
}

/// The daemon that is told to end says so by what it leaves: nothing.
#[test]
fn a_daemon_that_is_told_to_end_takes_its_sockets_away() {
    let upstream = parrot();
    let home = ready(&upstream);
    home.run(INVOKE).ok();
    let pid = home.daemon().expect("a daemon");
    let id = i32::try_from(pid).ok().and_then(rustix::process::Pid::from_raw).unwrap();
    rustix::process::kill_process(id, rustix::process::Signal::TERM).unwrap();
    wait::until("the daemon is gone", || (!processes::is_alive(pid)).then_some(()));
    assert!(!home.socket().exists());
    home.run(INVOKE).ok();
}

/// A daemon that was told to end may take a while over the calls that are under way.
#[test]
fn the_next_call_does_not_wait_for_a_daemon_that_ends() {
    let upstream = parrot();
    let home = ready(&upstream);
    let (feed, fed) = Answer::fed();
    let fed = Mutex::new(Some(fed));
    upstream.answers(move |received| match fed.lock().unwrap().take() {
        Some(slow) => slow,
        None => Answer::text(received.body.clone()),
    });
    let mut slow = home.command(Door::Daemon, INVOKE);
    let slow = slow.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    wait::until("the slow call is under way", || (!upstream.take().is_empty()).then_some(()));
    let first = home.daemon().expect("a daemon");
    let id = i32::try_from(first).ok().and_then(rustix::process::Pid::from_raw).unwrap();
    rustix::process::kill_process(id, rustix::process::Signal::TERM).unwrap();
    // Until then it still serves whoever comes.
    wait::until("the first daemon listens no more", || (!home.socket().exists()).then_some(()));

    let begun = Instant::now();
    home.run(INVOKE).ok();
    assert!(begun.elapsed() < Duration::from_secs(3), "it took {:?}", begun.elapsed());
    assert!(processes::is_alive(first), "the first one is still at it");
    feed.send("at last".into()).unwrap();
    drop(feed);
    assert_eq!(Done::wait_for(slow, b"").ok().text(), "at last");
    assert_ne!(home.daemon().expect("the second one"), first);
    wait::until("the first daemon is gone", || (!processes::is_alive(first)).then_some(()));
    assert!(home.socket().exists(), "it leaves the second one's socket alone");
    home.run(&["audit", "verify"]).ok();
}

#[test]
fn nonsense_on_the_socket_is_answered_or_dropped() {
    let upstream = parrot();
    let home = ready(&upstream);
    home.run(INVOKE).ok();
    let pid = home.daemon();
    upstream.take();
    let call = r#"{"capability":"openai/models","path":"/v1/models"}"#;
    let framed = |length: u32, text: &str| [&length.to_be_bytes()[..], text.as_bytes()].concat();
    let bodies = [
        framed(u32::MAX, ""),
        framed(2, "{}"),
        framed(4, "null"),
        framed(100, "short"),
        framed(u32::try_from(call.len()).unwrap() - 1, call),
        Vec::new(),
    ];
    for body in bodies {
        let head = format!(
            "POST /invoke HTTP/1.1\r\nhost: a\r\nconnection: close\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        let (head, _) = socket::exchange(&home.socket(), &[head.as_bytes(), &body].concat());
        assert!(head.first_line.starts_with("HTTP/1.1 4"), "{head:?}");
    }
    // Each is on record, since each may have been somebody's attempt.
    let events = home.events();
    let refused = events.iter().filter(|entry| entry.event["reason"] == "request.malformed").count();
    assert_eq!(refused, 6);
    // What operators may ask for is refused on the callers' socket.
    let command = r#"{"command":"secret-list","scope":null}"#;
    let head = format!(
        "POST /command HTTP/1.1\r\nhost: a\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{command}",
        command.len()
    );
    let (head, _) = socket::exchange(&home.socket(), head.as_bytes());
    assert!(head.first_line.starts_with("HTTP/1.1 403"), "{head:?}");
    assert!(upstream.take().is_empty());
    home.run(INVOKE).ok();
    assert_eq!(home.daemon(), pid, "it is still the same one");
}

/// What no client sends is refused as any other call is: on record, and with its own reason.
#[test]
fn a_call_that_says_too_much_is_on_record() {
    let upstream = parrot();
    let home = ready(&upstream);
    home.run(INVOKE).ok();
    upstream.take();
    let long = "x".repeat(20_000);
    for more in [
        r#""caller":{"uid":0}"#.to_owned(),
        r#""host":"evil.example""#.to_owned(),
        r#""scope":{"scope":"everywhere"}"#.to_owned(),
        r#""credential":"NOT A NAME sk-private""#.to_owned(),
        format!(r#""{long}":"{long}""#),
    ] {
        let call = format!(r#"{{"capability":"openai/models","path":"/v1/models",{more}}}"#);
        let framed = [&u32::try_from(call.len()).unwrap().to_be_bytes()[..], call.as_bytes()].concat();
        let (head, _) = exchange(&home, "", &framed);
        assert!(head.first_line.starts_with("HTTP/1.1 400"), "{more}: {head:?}");
        let newest = &home.events()[0];
        assert!(newest.is("invoke", "denied"), "{more}: {newest:?}");
        assert_eq!(newest.event["reason"], "request.malformed");
        assert_eq!(newest.event["capability"], "openai/models");
        let line = newest.event.to_string();
        assert!(line.len() < 1000 && !line.contains("private") && !line.contains("evil"), "{line}");
    }
    assert!(upstream.take().is_empty());
}

/// A body that would be left out silently is refused instead.
#[test]
fn a_body_that_is_said_not_to_be_there_is_refused() {
    let upstream = parrot();
    let home = ready(&upstream);
    home.run(INVOKE).ok();
    upstream.take();
    let call = |has_body: bool| {
        let call = format!(
            r#"{{"capability":"openai/chat-completions","method":"POST","path":"/v1/chat/completions","has_body":{has_body}}}"#
        );
        [&u32::try_from(call.len()).unwrap().to_be_bytes()[..], call.as_bytes()].concat()
    };
    let body = |has_body| [&call(has_body)[..], b"a body"].concat();
    for (fields, message) in [
        ("aivault-body-length: 0\r\n", body(true)),
        ("aivault-body-length: many\r\n", body(true)),
        ("", body(false)),
    ] {
        let (head, _) = exchange(&home, fields, &message);
        assert!(head.first_line.starts_with("HTTP/1.1 400"), "{fields}: {head:?}");
        assert_eq!(home.events()[0].event["reason"], "request.malformed");
    }
    assert!(upstream.take().is_empty());
    for (fields, message) in [("aivault-body-length: 0\r\n", call(true)), ("", call(false))] {
        let (head, _) = exchange(&home, fields, &message);
        assert!(head.first_line.starts_with("HTTP/1.1 200"), "{fields}: {head:?}");
        assert!(upstream.take_one().body.is_empty());
    }
}

/// Sends a message to the callers' socket.
fn exchange(home: &Home, fields: &str, message: &[u8]) -> (support::http::Head, Vec<u8>) {
    let head = format!(
        "POST /invoke HTTP/1.1\r\nhost: a\r\nconnection: close\r\n{fields}content-length: {}\r\n\r\n",
        message.len()
    );
    socket::exchange(&home.socket(), &[head.as_bytes(), message].concat())
}
