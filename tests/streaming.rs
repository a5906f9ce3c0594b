//! Bodies of any length pass through the daemon in little memory, and pieces without delay.
#![allow(clippy::disallowed_methods, clippy::unwrap_used, reason = "tests prepare and look at the machine")]

mod support;

use std::fs::{self, File};
use std::io::Read as _;
use std::process::Stdio;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use bytes::Bytes;
use support::{Answer, Done, Door, Home, Upstream, secrets};

const CHAT: &str = "openai/chat-completions";
const MIB: u64 = 1024 * 1024;
/// By how much the daemon may grow.
const ROOM: u64 = 16 * MIB;

/// How much goes each way; more where somebody asks for it, since it takes its time.
fn length() -> u64 {
    let asked = std::env::var("AIVAULT_TEST_STREAM_MIB").ok().and_then(|mib| mib.parse::<u64>().ok());
    asked.unwrap_or(128) * MIB
}

fn ready() -> (Upstream, Home, u32) {
    let upstream = Upstream::serving(&["api.openai.com"]);
    let home = Home::with_openai(Door::Daemon, &upstream, secrets::OPENAI);
    // What is there from the first calls on is not growth.
    for _ in 0..3 {
        home.run(&["invoke", CHAT, "--body", "{}"]).ok();
    }
    let pid = home.daemon().expect("a daemon");
    (upstream, home, pid)
}

fn resident(pid: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() * 1024
}

/// Runs `work` and gives by how much the process grew meanwhile, at its largest.
fn growth_during(pid: u32, work: impl FnOnce()) -> u64 {
    let (done, most) = (AtomicBool::new(false), AtomicU64::new(0));
    let before = resident(pid);
    thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(Ordering::SeqCst) {
                most.fetch_max(resident(pid), Ordering::SeqCst);
                thread::sleep(Duration::from_millis(5));
            }
        });
        work();
        done.store(true, Ordering::SeqCst);
    });
    most.load(Ordering::SeqCst).saturating_sub(before)
}

#[test]
fn a_long_upload_takes_little_memory() {
    let (upstream, home, pid) = ready();
    upstream.forgets_bodies();
    let path = home.path("long.bin");
    File::create(&path).unwrap().set_len(length()).unwrap();
    let begun = Instant::now();
    let grown = growth_during(pid, || {
        home.run(&["invoke", CHAT, "--body-file-path", path.to_str().unwrap()]).ok();
    });
    assert_eq!(upstream.forgotten(), length());
    println!("{} MiB up: {} KiB more, {:?}", length() / MIB, grown / 1024, begun.elapsed());
    assert!(grown < ROOM, "{} KiB", grown / 1024);
}

#[test]
fn a_long_download_takes_little_memory() {
    let (upstream, home, pid) = ready();
    upstream.answers(|_| Answer::long(length()));
    let begun = Instant::now();
    let mut received = 0;
    let grown = growth_during(pid, || {
        let mut command = home.command(Door::Daemon, &["invoke", CHAT, "--body", "{}"]);
        let mut child =
            command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut output = child.stdout.take().unwrap();
        let mut piece = vec![0; 64 * 1024];
        while let read @ 1.. = output.read(&mut piece).unwrap() {
            received += read as u64;
        }
        Done::wait_for(child, b"").ok();
    });
    assert_eq!(received, length());
    println!("{} MiB down: {} KiB more, {:?}", length() / MIB, grown / 1024, begun.elapsed());
    assert!(grown < ROOM, "{} KiB", grown / 1024);
}

/// A reader that stops holds the upstream up, and not the daemon's memory.
#[test]
fn a_reader_that_stops_is_waited_for_in_little_memory() {
    let (upstream, home, pid) = ready();
    upstream.answers(|_| Answer::long(64 * MIB));
    let grown = growth_during(pid, || {
        let mut command = home.command(Door::Daemon, &["invoke", CHAT, "--body", "{}"]);
        let mut child =
            command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        child.stdout.as_mut().unwrap().read_exact(&mut [0; 1024]).unwrap();
        thread::sleep(Duration::from_secs(2));
        child.kill().unwrap();
        child.wait().unwrap();
    });
    assert!(grown < ROOM, "{} KiB", grown / 1024);
}

/// Each event of a stream is out before the next comes, and soon: from the upstream's socket through the daemon to the
/// output. The quickest show what it takes; the others may have waited for a machine that is busy with other things.
#[test]
fn events_are_passed_on_as_they_come() {
    let (upstream, home, _) = ready();
    let (feed, answer) = Answer::fed();
    let answer = Mutex::new(Some(answer.with("content-type", "text/event-stream")));
    upstream.answers(move |_| answer.lock().unwrap().take().expect("one request"));
    let mut command = home.command(Door::Daemon, &["invoke", CHAT, "--body", r#"{"stream":true}"#]);
    let mut child =
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut output = child.stdout.take().unwrap();
    let mut took: Vec<Duration> = (0..200)
        .map(|number| {
            let event = format!("data: {{\"n\":{number}}}\n\n");
            let mut seen = vec![0; event.len()];
            let sent = Instant::now();
            feed.send(Bytes::from(event.clone())).unwrap();
            output.read_exact(&mut seen).unwrap();
            let took = sent.elapsed();
            assert_eq!(String::from_utf8(seen).unwrap(), event);
            took
        })
        .collect();
    drop(feed);
    Done::wait_for(child, b"").ok();
    took.sort_unstable();
    println!(
        "an event from the upstream to the output: {:?} at the median, {:?} of 90 %",
        took[100], took[180]
    );
    assert!(took[20] < Duration::from_millis(1) && took[100] < Duration::from_millis(20), "{took:?}");
}
