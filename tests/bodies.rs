//! Bodies, there and back: what the flags mean arrives as it was meant, and what the
//! upstream says comes out as it comes in.
#![allow(clippy::disallowed_methods, clippy::unwrap_used, reason = "tests prepare and look at the machine")]

mod support;

use std::fs;
use std::net::TcpListener;
use std::process::Stdio;
use std::sync::{Arc, Mutex, mpsc};
use std::thread;

use bytes::Bytes;
use support::random::Random;
use support::wait::LIMIT;
use support::{Answer, Done, Door, Home, Received, Upstream, gzip, secrets};

const CHAT: &str = "openai/chat-completions";
const MIB: usize = 1024 * 1024;

struct Setting {
    home: Home,
    upstream: Upstream,
}

impl Setting {
    fn new(door: Door) -> Self {
        let upstream = Upstream::serving(&["api.openai.com"]);
        let home = Home::with_openai(door, &upstream, secrets::OPENAI);
        Self { home, upstream }
    }

    /// What arrives of one call.
    #[track_caller]
    fn sent(&self, arguments: &[&str]) -> Received {
        self.home.run(&[&["invoke"], arguments].concat()).ok();
        let received = self.upstream.take_one();
        let length = received.body.len().to_string();
        assert_eq!(received.head.all("content-length"), [length.as_str()], "the length is known beforehand");
        assert!(!received.head.has("transfer-encoding"));
        received
    }

    fn file(&self, name: &str, content: &[u8]) -> String {
        let path = self.home.path(name);
        fs::write(&path, content).unwrap();
        path.to_str().unwrap().to_owned()
    }
}

fn in_both(check: impl Fn(&Setting)) {
    Door::BOTH.into_iter().for_each(|door| check(&Setting::new(door)));
}

#[test]
fn text() {
    in_both(|setting| {
        let json = "{\"b\": 1.50,\n \"a\": \"é\"}";
        let received = setting.sent(&[CHAT, "--body", json]);
        assert_eq!((received.method.as_str(), received.body.as_slice()), ("POST", json.as_bytes()));
        assert_eq!(received.header("content-type"), "application/json");

        let own = setting.sent(&[CHAT, "--body", "{}", "--header", "Content-Type: application/vnd.x+json"]);
        assert_eq!(own.header("content-type"), "application/vnd.x+json");

        let plain = setting.sent(&[CHAT, "--body", "a=b", "--header", "content-type=text/plain"]);
        assert_eq!((plain.header("content-type"), plain.body.as_slice()), ("text/plain", b"a=b".as_slice()));
        assert!(!setting.sent(&[CHAT, "--body", "no json"]).head.has("content-type"));
    });
}

#[test]
fn file() {
    in_both(|setting| {
        let bytes = Random::seeded(1).bytes(100_000);
        let path = setting.file("speech.wav", &bytes);
        let received = setting.sent(&[CHAT, "--body-file-path", &path]);
        assert!(received.body == bytes);
        assert_eq!(received.header("content-type"), "application/octet-stream");

        let path = setting.file("request.json", b"{\"a\":1}");
        let received = setting.sent(&[CHAT, "--body-file-path", &path]);
        assert_eq!(
            (received.header("content-type"), received.body.as_slice()),
            ("application/json", b"{\"a\":1}".as_slice())
        );
    });
}

#[test]
fn request() {
    in_both(|setting| {
        let request = r#"{"method":"POST","path":"/v1/chat/completions?x=1","headers":{"x-a":"1"},"body":{"z":1.50,"a":[]}}"#;
        let path = setting.file("request.json", request.as_bytes());
        for arguments in [["--request", request], ["--request-file", &path]] {
            let received = setting.sent(&[&[CHAT], &arguments[..]].concat());
            assert_eq!(
                (received.method.as_str(), received.target.as_str()),
                ("POST", "/v1/chat/completions?x=1")
            );
            assert_eq!((received.header("x-a"), received.header("content-type")), ("1", "application/json"));
            assert_eq!(received.body, br#"{"z":1.50,"a":[]}"#);
        }
        let received = setting.sent(&[
            CHAT,
            "--request",
            request,
            "--path",
            "/v1/chat/completions",
            "--header",
            "x-b=2",
        ]);
        assert_eq!((received.target.as_str(), received.header("x-b")), ("/v1/chat/completions", "2"));
        let text = setting.sent(&[
            CHAT,
            "--request",
            r#"{"headers":[["content-type","text/plain"]],"body":"words"}"#,
        ]);
        assert_eq!((text.header("content-type"), text.body.as_slice()), ("text/plain", b"words".as_slice()));
    });
}

#[test]
fn multipart() {
    in_both(|setting| {
        let audio = Random::seeded(2).bytes(70_000);
        let path = setting.file("speech.mp3", &audio);
        let received = setting.sent(&[
            "openai/transcription",
            "--multipart-field",
            "model=gpt-4o-transcribe",
            "--multipart-field",
            "prompt=a=b & ünïcode\n--x",
            "--multipart-file",
            &format!("file={path}"),
        ]);
        assert_eq!(received.target, "/v1/audio/transcriptions");
        let parts = parts_of(&received);
        let shown: Vec<_> = parts.iter().map(|part| (part.name.as_str(), part.file.as_deref())).collect();
        assert_eq!(shown, [("model", None), ("prompt", None), ("file", Some("speech.mp3"))]);
        assert_eq!(parts[0].content, b"gpt-4o-transcribe");
        assert_eq!(parts[1].content, "a=b & ünïcode\n--x".as_bytes());
        assert!(parts[2].content == audio);
    });
}

struct Part {
    name: String,
    file: Option<String>,
    content: Vec<u8>,
}

/// The parts of a form (RFC 7578), read without mercy.
fn parts_of(received: &Received) -> Vec<Part> {
    let kind = received.header("content-type");
    let boundary = kind.strip_prefix("multipart/form-data; boundary=").expect("a form").trim_matches('"');
    let delimiter = format!("\r\n--{boundary}");
    let body = [b"\r\n".as_slice(), &received.body].concat();
    let mut starts: Vec<usize> = memchr::memmem::find_iter(&body, &delimiter).collect();
    let last = starts.pop().expect("a closing delimiter");
    assert_eq!(&body[last + delimiter.len()..], b"--\r\n");
    let ends = starts.iter().skip(1).copied().chain([last]);
    starts.iter().zip(ends).map(|(start, end)| part(&body[start + delimiter.len()..end])).collect()
}

fn part(bytes: &[u8]) -> Part {
    let bytes = bytes.strip_prefix(b"\r\n").expect("a line's end behind the boundary");
    let end = memchr::memmem::find(bytes, b"\r\n\r\n").expect("a part's head");
    let head = std::str::from_utf8(&bytes[..end]).unwrap();
    let disposition =
        head.lines().find(|line| line.to_lowercase().starts_with("content-disposition: form-data;"));
    let disposition = disposition.expect("a disposition");
    let field = |name: &str| {
        let (_, rest) = disposition.split_once(&format!(" {name}=\""))?;
        rest.split_once('"').map(|(value, _)| value.to_owned())
    };
    Part { name: field("name").expect("a name"), file: field("filename"), content: bytes[end + 4..].to_vec() }
}

#[test]
fn a_file_that_cannot_be_sent_is_named_and_nothing_goes_out() {
    in_both(|setting| {
        let fifo = setting.home.path("fifo");
        rustix::fs::mknodat(rustix::fs::CWD, &fifo, rustix::fs::FileType::Fifo, 0o600.into(), 0).unwrap();
        let folder = setting.home.path("");
        let missing = setting.home.path("missing.bin");
        for path in [missing.as_path(), folder.as_path(), fifo.as_path()] {
            let path = path.to_str().unwrap();
            for arguments in [["--body-file-path", path], ["--multipart-file", &format!("file={path}")]] {
                let done = setting.home.run(&[&["invoke", CHAT], &arguments[..]].concat()).ends(2);
                assert!(done.errors().contains(path.trim_end_matches('/')), "{}", done.errors());
            }
        }
        assert_eq!(setting.upstream.accepted(), 0);
    });
}

#[test]
fn large_bodies_stream_through() {
    in_both(|setting| {
        let content = Bytes::from(Random::seeded(3).bytes(32 * MIB));
        let path = setting.file("large.bin", &content);
        let answer = content.clone();
        setting
            .upstream
            .answers(move |_| Answer::chunks(answer.chunks(256 * 1024).map(|chunk| answer.slice_ref(chunk))));
        let done = setting.home.run(&["invoke", CHAT, "--body-file-path", &path]).ok();
        let received = setting.upstream.take_one();
        assert_eq!(received.header("content-length"), content.len().to_string());
        assert!(received.body == content, "the upload arrives whole");
        assert!(done.stdout == content, "the download arrives whole");
    });
}

#[test]
fn pieces_arrive_before_the_upstream_is_done() {
    in_both(|setting| {
        let (feed, answer) = Answer::fed();
        let answer = Mutex::new(Some(answer.with("content-type", "text/event-stream")));
        let answer = Arc::new(answer);
        setting.upstream.answers(move |_| answer.lock().unwrap().take().expect("one request"));

        let words = ["invoke", CHAT, "--body", r#"{"stream":true}"#];
        let mut command = setting.home.command(setting.home.door, &words);
        let mut child =
            command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let pieces = read_in_pieces(child.stdout.take().unwrap());
        for number in 0..5 {
            let event = format!("data: {{\"n\":{number}}}\n\n");
            feed.send(Bytes::from(event.clone())).unwrap();
            let mut seen = Vec::new();
            while seen.len() < event.len() {
                seen.extend(
                    pieces.recv_timeout(LIMIT).expect("the piece comes while the upstream still speaks"),
                );
            }
            assert_eq!(String::from_utf8(seen).unwrap(), event);
        }
        drop(feed);
        assert!(pieces.recv_timeout(LIMIT).is_err(), "nothing more comes");
        Done::wait_for(child, b"").ok();
    });
}

fn read_in_pieces(mut output: impl std::io::Read + Send + 'static) -> mpsc::Receiver<Vec<u8>> {
    let (send, pieces) = mpsc::channel();
    thread::spawn(move || {
        let mut buffer = [0; 4096];
        while let Ok(read @ 1..) = output.read(&mut buffer) {
            if send.send(buffer[..read].to_vec()).is_err() {
                break;
            }
        }
    });
    pieces
}

#[test]
fn a_compressed_answer_is_read_and_scrubbed() {
    in_both(|setting| {
        setting.upstream.answers(|received| {
            let text = format!("before {} after", received.header("authorization"));
            Answer::text(gzip::stored(text.as_bytes())).with("content-encoding", "gzip")
        });
        let done = setting.home.run(&["invoke", CHAT, "--body", "{}"]).ok();
        let text = done.text();
        assert!(text.starts_with("before ") && text.ends_with(" after"), "{text}");
        secrets::assert_absent(secrets::OPENAI, &done.stdout, "a compressed answer");
    });
}

#[test]
fn an_upstreams_error_is_printed_and_told_by_the_exit_code() {
    in_both(|setting| {
        for status in [400, 401, 404, 429, 500, 503] {
            setting.upstream.answers(move |_| Answer::status(status, "{\"error\":\"no\"}"));
            let done = setting.home.run(&["invoke", CHAT, "--body", "{}"]).ends(22);
            assert_eq!(done.text(), "{\"error\":\"no\"}");
            let told = done.errors();
            assert!(told.starts_with("error: ") && told.contains(&status.to_string()), "{told}");
        }
        let response = &setting.home.events()[0];
        assert_eq!(
            (response.event["action"].as_str(), response.event["status"].as_u64()),
            (Some("response"), Some(503))
        );
    });
}

#[test]
fn the_head_is_shown_where_it_is_asked_for() {
    in_both(|setting| {
        setting.upstream.answers(|_| {
            Answer::status(429, "slow down\n")
                .with("content-type", "text/plain")
                .with("retry-after", "20")
                .with("x-ratelimit-remaining-requests", "0")
                .with("x-request-id", "req_1")
                .with("x-internal", "no")
                .with("set-cookie", "no=1")
        });
        let done = setting.home.run(&["invoke", CHAT, "--body", "{}", "--include"]).ends(22);
        let mut lines: Vec<_> = done.text().lines().map(str::to_owned).collect();
        assert_eq!(lines.remove(0), "HTTP 429 Too Many Requests");
        lines[..4].sort();
        let headers = [
            "content-type: text/plain",
            "retry-after: 20",
            "x-ratelimit-remaining-requests: 0",
            "x-request-id: req_1",
        ];
        assert_eq!(
            (&lines[..4], &lines[4..]),
            (&headers.map(str::to_owned)[..], &["", "slow down"].map(str::to_owned)[..])
        );
        assert_eq!(setting.home.run(&["invoke", CHAT, "--body", "{}"]).ends(22).text(), "slow down\n");
    });
}

/// The reader learns that the upstream did it, and keeps what came before.
#[test]
fn an_upstream_that_breaks_off() {
    let told = Door::BOTH.map(|door| {
        let setting = Setting::new(door);
        setting.upstream.answers(|_| Answer::broken("half of it"));
        let done = setting.home.run(&["invoke", CHAT, "--body", "{}"]).ends(6);
        assert_eq!(done.text(), "half of it");
        assert!(setting.home.events()[0].is("response", "failed"), "{:?}", setting.home.events()[0]);
        done.errors()
    });
    assert_eq!(told[0], told[1], "whichever door it came through");
}

/// The daemon did it, where there is no word from it.
#[test]
fn a_daemon_that_breaks_off() {
    let setting = Setting::new(Door::Daemon);
    let (feed, answer) = Answer::fed();
    let answer = std::sync::Mutex::new(Some(answer));
    setting.upstream.answers(move |_| answer.lock().unwrap().take().unwrap());
    let mut command = setting.home.command(Door::Daemon, &["invoke", CHAT, "--body", "{}"]);
    let mut child =
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let pieces = read_in_pieces(child.stdout.take().unwrap());
    // A line's end is no character of a key: what ends in one is not held back.
    feed.send(Bytes::from("begun\n")).unwrap();
    assert_eq!(pieces.recv_timeout(LIMIT).unwrap(), b"begun\n");
    support::processes::kill(setting.home.daemon().expect("a daemon"));
    let done = Done::wait_for(child, b"").ends(4);
    assert!(done.errors().contains("the daemon broke off"), "{}", done.errors());
}

#[test]
fn an_upstream_that_is_not_there() {
    for door in Door::BOTH {
        let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let mut upstream = Upstream::unbound(&["api.openai.com"]);
        upstream.address = closed;
        let home = Home::with_openai(door, &upstream, secrets::OPENAI);
        let done = home.run(&["invoke", CHAT, "--body", "{}"]).ends(6);
        assert!(done.stdout.is_empty());
        assert!(done.errors().contains("api.openai.com"), "{}", done.errors());
        let events = home.events();
        assert!(events[0].is("response", "failed"), "{events:?}");
        assert_eq!(events[0].event["decision"], events[1].seq);
    }
}

/// Only the certificate authority that was named is trusted for a host.
#[test]
fn an_upstream_with_a_foreign_certificate_gets_nothing() {
    for door in Door::BOTH {
        let impostor = Upstream::serving(&["api.openai.com"]);
        let mut named = Upstream::unbound(&["api.openai.com"]);
        named.address = impostor.address;
        let home = Home::with_openai(door, &named, secrets::OPENAI);
        home.run(&["invoke", CHAT, "--body", "{}"]).ends(6);
        assert!(impostor.take().is_empty());
    }
}

#[test]
fn the_daemon_keeps_connections() {
    let setting = Setting::new(Door::Daemon);
    for _ in 0..12 {
        setting.home.run(&["invoke", CHAT, "--body", "{}"]).ok();
    }
    // Each of the daemon's threads keeps its own, of which there are eight at most.
    assert_eq!(setting.upstream.take().len(), 12);
    assert!(setting.upstream.accepted() <= 8, "{}", setting.upstream.accepted());
}

#[test]
fn methods_and_paths_are_found_when_there_is_but_one() {
    let setting = Setting::new(Door::InProcess);
    let received = setting.sent(&["openai/embeddings", "--body", "{}"]);
    assert_eq!((received.method.as_str(), received.target.as_str()), ("POST", "/v1/embeddings"));
    setting.home.run(&["invoke", "openai/models"]).ok();
    let received = setting.upstream.take_one();
    assert_eq!((received.method.as_str(), received.target.as_str()), ("GET", "/v1/models"));
    let unclear = setting.home.run(&["invoke", "openai/assistants"]).ends(3);
    assert!(unclear.errors().contains("--path"), "{}", unclear.errors());
}
