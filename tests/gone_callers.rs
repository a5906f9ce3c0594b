//! A caller that goes away takes its request at the upstream with it, at once and at every stage.
#![allow(clippy::disallowed_methods, clippy::unwrap_used, reason = "tests prepare and look at the machine")]

mod support;

use std::io::{Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::process::{Child, Stdio};
use std::sync::Mutex;
use std::time::Duration;

use aivault::service::{Call, wire};
use bytes::Bytes;
use support::{Answer, Door, Home, Upstream, secrets, socket, wait};

const INVOKE: &[&str] = &["invoke", "openai/chat-completions", "--body", "{}"];
/// At once, on a machine that may be busy.
const SOON: Duration = Duration::from_secs(5);

fn setting() -> (Upstream, Home) {
    let upstream = Upstream::serving(&["api.openai.com"]);
    let home = Home::with_openai(Door::Daemon, &upstream, secrets::OPENAI);
    home.run(INVOKE).ok();
    upstream.take();
    (upstream, home)
}

fn start(home: &Home) -> Child {
    let mut command = home.command(Door::Daemon, INVOKE);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap()
}

#[track_caller]
fn assert_let_go(upstream: &Upstream, home: &Home, ended: usize) {
    let gone = wait::within(SOON, || (upstream.ended() > ended).then_some(()));
    assert!(gone.is_some(), "the upstream's connection stays");
    let last =
        wait::within(SOON, || home.events().into_iter().next().filter(|one| one.is("response", "failed")));
    let last = last.expect("the end is on record");
    assert_eq!(last.event["reason"], "abandoned");
}

#[test]
fn before_the_answer() {
    let (upstream, home) = setting();
    upstream.answers(|_| Answer::silence());
    let ended = upstream.ended();
    let mut child = start(&home);
    wait::until("the request is there", || (!upstream.take().is_empty()).then_some(()));
    child.kill().unwrap();
    child.wait().unwrap();
    assert_let_go(&upstream, &home, ended);
}

#[test]
fn in_the_middle_of_the_answer() {
    let (upstream, home) = setting();
    let (feed, answer) = Answer::fed();
    let answer = Mutex::new(Some(answer));
    upstream.answers(move |_| answer.lock().unwrap().take().expect("one request"));
    let ended = upstream.ended();
    let mut child = start(&home);
    feed.send(Bytes::from("begun\n")).unwrap();
    let mut begun = [0; 6];
    child.stdout.as_mut().unwrap().read_exact(&mut begun).unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    assert_let_go(&upstream, &home, ended);
}

#[test]
fn in_the_middle_of_the_upload() {
    let (upstream, home) = setting();
    upstream.forgets_bodies();
    let ended = upstream.ended();
    let call = Call { method: Some("POST".to_owned()), has_body: true, ..socket::chat() };
    let head = wire::encode_call(&call).unwrap();
    let mut stream = UnixStream::connect(home.socket()).unwrap();
    let request = format!(
        "POST {} HTTP/1.1\r\nhost: a\r\n{}: 1000000\r\ncontent-length: {}\r\n\r\n",
        wire::INVOKE,
        wire::LENGTH_HEADER,
        head.len() + 1_000_000
    );
    stream.write_all(&[request.as_bytes(), &head, &[b'x'; 500_000]].concat()).unwrap();
    wait::until("half of the body is there", || (upstream.forgotten() >= 400_000).then_some(()));
    assert_eq!(upstream.ended(), ended);
    drop(stream);
    let gone = wait::within(SOON, || (upstream.ended() > ended).then_some(()));
    assert!(gone.is_some(), "the upstream's connection stays");
    let last =
        wait::within(SOON, || home.events().into_iter().next().filter(|one| one.is("response", "failed")));
    assert!(last.is_some(), "the end is on record: {:?}", home.events().first());
    assert!(upstream.take().is_empty(), "no request came whole");
}
