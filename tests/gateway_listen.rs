//! Where the daemon listens: loopback alone unless an operator says three times over that others may come, and to
//! nobody who is slow, malformed, or behind a web page.
#![allow(clippy::disallowed_methods, clippy::unwrap_used, reason = "tests prepare and look at the machine")]

mod support;

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rcgen::{CertificateParams, KeyPair};
use support::gateway::{self, Gateway, connect, exchange, read_to_end, request, whole};
use support::home::set_mode;
use support::{Done, Door, Home, Upstream, processes, secrets};

fn ready() -> (Upstream, Home) {
    let upstream = Upstream::serving(&["api.openai.com"]);
    let home = Home::with_openai(Door::InProcess, &upstream, secrets::OPENAI);
    (upstream, home)
}

fn daemon(home: &Home, arguments: &[&str]) -> Command {
    let mut command = Command::new(home.daemon_program());
    command.args(arguments).env_clear().env("AIVAULT_DIR", home.vault());
    command
}

/// A daemon that says where it listens.
struct Daemon {
    child: Child,
    urls: Vec<String>,
}

impl Daemon {
    fn start(home: &Home, arguments: &[&str], listeners: usize) -> Self {
        let mut child = daemon(home, arguments).stdout(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let urls = lines.take(listeners).map(Result::unwrap).collect();
        Self { child, urls }
    }

    fn address(&self, which: usize) -> SocketAddr {
        self.urls[which].split("://").nth(1).unwrap().parse().unwrap()
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        processes::kill(self.child.id());
        let _ = self.child.wait();
    }
}

#[test]
fn a_daemon_listens_where_it_is_told_to() {
    let (upstream, home) = ready();
    let arguments = ["--listen", "127.0.0.1:0", "--listen=[::1]:0", "--listen", "127.0.0.1:0=openai"];
    let daemon = Daemon::start(&home, &arguments, 3);
    let token = home.mint(&["--capability", "openai/*"]);
    for (which, target) in
        ["/v/openai/v1/models", "/v/openai/v1/models", "/v1/models"].into_iter().enumerate()
    {
        let gateway = Gateway { address: daemon.address(which), token: token.clone() };
        gateway.ask("GET", target, b"").ok();
        upstream.take_one();
    }
    assert!(daemon.urls[1].starts_with("http://[::1]:"), "{:?}", daemon.urls);
    let found = Door::Daemon;
    let listed = home.run_through(found, &["gateway", "status", "--json"]).ok().json();
    assert_eq!(listed.as_array().unwrap().len(), 3, "{listed}");
    let open = home.run_through(found, &["gateway", "--json"]).ok().json();
    assert_eq!(open["url"], daemon.urls[0], "the one that is there is enough");
    let taken = Done::of(&mut self::daemon(&home, &["--listen", "127.0.0.1:0"]), b"");
    assert_eq!(taken.code, Some(1), "{}", taken.errors());
}

#[test]
fn nothing_but_loopback_is_listened_on() {
    let (_upstream, home) = ready();
    for (arguments, code, said) in [
        (&["--listen", "0.0.0.0:0"][..], 1, "can be reached from other machines"),
        (&["--listen", "[::]:0"], 1, "can be reached from other machines"),
        (&["--listen", "192.0.2.1:0=openai"], 1, "can be reached from other machines"),
        (&["--listen", "0.0.0.0:0", "--allow-remote"], 1, "needs --tls-cert"),
        (&["--listen", "0.0.0.0:0", "--allow-remote", "--tls-cert", "/dev/null"], 1, "needs --tls-key"),
        (&["--listen", "localhost:0"], 2, "no address to listen on"),
        (&["--listen", "8080"], 2, "no address to listen on"),
        (&["--listen", "127.0.0.1:0=Not A Name"], 2, "not a credential's name"),
        (&["--listen"], 2, "lacks its value"),
        (&["--frobnicate"], 2, "no argument"),
    ] {
        let done = Done::of(&mut daemon(&home, arguments), b"").ends(code);
        assert!(done.errors().contains(said), "{arguments:?}: {}", done.errors());
        assert!(!home.socket().exists(), "{arguments:?}: it serves nobody");
    }
}

#[test]
fn others_may_come_over_tls_alone() {
    let (upstream, home) = ready();
    let key = KeyPair::generate().unwrap();
    let certificate =
        CertificateParams::new(vec!["broker.example".to_owned()]).unwrap().self_signed(&key).unwrap();
    let [cert_file, key_file] = ["cert.pem", "key.pem"].map(|name| home.path(name));
    std::fs::write(&cert_file, certificate.pem()).unwrap();
    std::fs::write(&key_file, key.serialize_pem()).unwrap();
    set_mode(&key_file, 0o600);
    let files = [cert_file.to_str().unwrap(), key_file.to_str().unwrap()];
    let arguments =
        ["--listen", "0.0.0.0:0", "--allow-remote", "--tls-cert", files[0], "--tls-key", files[1]];
    let arguments = [&arguments[..], &["--remote-name", "broker.example"]].concat();
    let daemon = Daemon::start(&home, &arguments, 1);
    let url = daemon.urls[0].clone();
    let port: u16 = url.strip_prefix("https://broker.example:").expect(&url).parse().unwrap();
    let address = SocketAddr::from(([127, 0, 0, 1], port));
    let bearer = format!("Bearer {}", home.mint(&["--capability", "openai/*"]));
    let host = format!("broker.example:{port}");
    let ask = |host: &str| {
        let fields = [("authorization", bearer.as_str()), ("host", host)];
        let bytes = request(address, "GET", "/v/openai/v1/models", &fields, b"");
        whole(&gateway::exchange_tls(address, "broker.example", &certificate.pem(), &bytes))
    };
    ask(&host).ok();
    upstream.take_one();
    assert_eq!(ask(&format!("evil.example:{port}")).reason(), Some("host.not_allowed"));
    let plain = exchange(address, &request(address, "GET", "/healthz", &[], b""));
    assert!(!plain.starts_with(b"HTTP/1.1 200"), "{}", String::from_utf8_lossy(&plain));
    // The daemon that comes next has it from this one, and its certificate from the same files.
    home.run_through(Door::Daemon, &["restart"]).ok();
    assert_ne!(home.daemon(), Some(daemon.child.id()));
    ask(&host).ok();
    upstream.take_one();
    let plain = exchange(address, &request(address, "GET", "/healthz", &[], b""));
    assert!(!plain.starts_with(b"HTTP/1.1 200"), "{}", String::from_utf8_lossy(&plain));
}

#[test]
fn whoever_is_slow_or_says_too_much_is_cut_off() {
    let (upstream, home) = ready();
    let daemon = Daemon::start(&home, &["--listen", "127.0.0.1:0"], 1);
    let address = daemon.address(0);
    let begun = Instant::now();
    let mut silent = connect(address);
    let mut slow = connect(address);
    slow.write_all(b"GET /healthz HTTP/1.1\r\nhost").unwrap();
    let large = format!("GET /healthz HTTP/1.1\r\nhost: {address}\r\nx-a: {}\r\n\r\n", "a".repeat(100_000));
    let answer = exchange(address, large.as_bytes());
    assert!(answer.starts_with(b"HTTP/1.1 431 "), "{}", String::from_utf8_lossy(&answer));
    read_to_end(&mut silent);
    read_to_end(&mut slow);
    let elapsed = begun.elapsed();
    assert!((Duration::from_secs(9)..Duration::from_secs(30)).contains(&elapsed), "{elapsed:?}");
    let gateway = Gateway { address, token: home.mint(&["--capability", "openai/*"]) };
    gateway.ask("GET", "/v/openai/v1/models", b"").ok();
    upstream.take_one();
}

#[test]
fn a_daemon_that_ends_finishes_what_is_under_way_and_lets_idle_connections_go() {
    let (upstream, home) = ready();
    let mut daemon = Daemon::start(&home, &["--listen", "127.0.0.1:0"], 1);
    let gateway = Gateway { address: daemon.address(0), token: home.mint(&["--capability", "openai/*"]) };
    let (feed, answer) = support::Answer::fed();
    let answer = std::sync::Mutex::new(Some(answer));
    upstream.answers(move |_| answer.lock().unwrap().take().expect("one request"));
    let bearer = format!("Bearer {}", gateway.token);
    let mut busy = connect(gateway.address);
    let fields = [("authorization", bearer.as_str()), ("connection", "keep-alive")];
    busy.write_all(&request(gateway.address, "GET", "/v/openai/v1/models", &fields, b"")).unwrap();
    feed.send("begun\n".into()).unwrap();
    gateway::read_until(&mut busy, b"begun");
    let mut idle = connect(gateway.address);
    idle.write_all(&request(gateway.address, "GET", "/healthz", &[("connection", "keep-alive")], b""))
        .unwrap();
    gateway::read_until(&mut idle, b"unlocked");
    let pid = rustix::process::Pid::from_raw(i32::try_from(daemon.child.id()).unwrap()).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
    assert_eq!(idle.read(&mut [0; 16]).unwrap(), 0, "what is idle is let go at once");
    feed.send("ended\n".into()).unwrap();
    drop(feed);
    let rest = read_to_end(&mut busy);
    assert!(rest.ends_with(b"ended\n\r\n0\r\n\r\n"), "{}", String::from_utf8_lossy(&rest));
    assert!(daemon.child.wait().unwrap().success());
}

#[test]
fn a_daemon_that_is_restarted_under_load_listens_where_it_did_and_breaks_nothing_off() {
    let (upstream, home) = ready();
    let found = Door::Daemon;
    let opened = home.run_through(found, &["gateway", "open", "--json"]).ok().json();
    let address: SocketAddr = opened["address"].as_str().unwrap().parse().unwrap();
    let gateway = Gateway { address, token: home.mint(&["--capability", "openai/*"]) };
    gateway.ask("GET", "/v/openai/v1/models", b"").ok();
    let before = home.daemon().expect("a daemon");
    let is_over = std::sync::atomic::AtomicBool::new(false);
    let served = std::thread::scope(|scope| {
        let load = scope.spawn(|| {
            let mut served = 0;
            while !is_over.load(std::sync::atomic::Ordering::SeqCst) {
                let mut stream = connect(address);
                let bearer = format!("Bearer {}", gateway.token);
                let fields = [("authorization", bearer.as_str())];
                stream.write_all(&request(address, "GET", "/v/openai/v1/models", &fields, b"")).unwrap();
                whole(&read_to_end(&mut stream)).ok();
                served += 1;
            }
            served
        });
        for _ in 0..3 {
            home.run_through(found, &["restart"]).ok();
        }
        is_over.store(true, std::sync::atomic::Ordering::SeqCst);
        load.join().unwrap()
    });
    assert!(served > 0);
    assert_ne!(home.daemon(), Some(before));
    assert_eq!(home.run_through(found, &["gateway", "--json"]).ok().json(), opened);
    assert_eq!(upstream.take().len(), served + 1, "each was made once");
}
