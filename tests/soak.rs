//! A thousand callers at once, for as long as `AIVAULT_SOAK_SECONDS` says (ten seconds unless it does): each gets its own
//! answer and nothing else, and the daemon takes no more of the machine at the end than it did once it was warm.
#![allow(clippy::disallowed_methods, clippy::unwrap_used, reason = "tests prepare and look at the machine")]

mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use aivault::platform::descriptors;
use support::http::Reader;
use support::machine::Usage;
use support::{Answer, Door, Home, Upstream, secrets, wait};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpStream, UnixStream};

const CALLERS: usize = 1_000;
const SECONDS: &str = "AIVAULT_SOAK_SECONDS";
const TARGET: &str = "/v/openai/v1/chat/completions";
/// How many requests go over one connection.
const KEPT: u64 = 50;

trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Stream for T {}

/// Where a caller comes in.
#[derive(Clone)]
struct Place {
    address: std::net::SocketAddr,
    token: String,
    socket: std::path::PathBuf,
}

#[derive(Default)]
struct Counts {
    answered: AtomicU64,
    is_over: AtomicBool,
}

impl Place {
    /// Half of them by the one door, and half by the other.
    async fn connect(&self, number: usize) -> Box<dyn Stream> {
        if number.is_multiple_of(2) {
            return Box::new(TcpStream::connect(self.address).await.unwrap());
        }
        loop {
            match UnixStream::connect(&self.socket).await {
                Ok(stream) => return Box::new(stream),
                // Too many wait there at this instant; a client that does not block comes again.
                Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {
                    tokio::time::sleep(Duration::from_millis(5)).await;
                }
                Err(error) => panic!("{number}: {error}"),
            }
        }
    }

    fn request(&self, number: usize, body: &str, is_last: bool) -> String {
        let token = if number.is_multiple_of(2) {
            format!("authorization: Bearer {}\r\n", self.token)
        } else {
            String::new()
        };
        let connection = if is_last { "close" } else { "keep-alive" };
        format!(
            "POST {TARGET} HTTP/1.1\r\nhost: {}\r\n{token}connection: {connection}\r\n\
             content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            self.address,
            body.len()
        )
    }
}

/// Calls until it is over; what it says is its own, and so must be what it hears.
async fn call_on(place: Place, number: usize, counts: Arc<Counts>) {
    for turn in 0_u64.. {
        if counts.is_over.load(Ordering::Relaxed) {
            return;
        }
        let mut reader = Reader::new(place.connect(number).await);
        for kept in 1..=KEPT {
            let is_last = kept == KEPT || counts.is_over.load(Ordering::Relaxed);
            let padding = "x".repeat(number * 7 % 2_000);
            let body = format!(
                "{{\"caller\":{number},\"turn\":{turn},\"request\":{kept},\"padding\":\"{padding}\"}}"
            );
            reader.stream.write_all(place.request(number, &body, is_last).as_bytes()).await.unwrap();
            let head = reader.head().await.unwrap().unwrap_or_else(|| panic!("{number} got no answer"));
            let answer = reader.body(&head).await.unwrap();
            assert!(head.first_line.starts_with("HTTP/1.1 200"), "{number}: {head:?}");
            assert_eq!(String::from_utf8_lossy(&answer), body, "{number} got another's answer");
            counts.answered.fetch_add(1, Ordering::Relaxed);
            if is_last {
                break;
            }
        }
    }
}

#[test]
fn a_thousand_callers_lose_nothing_and_leave_nothing() {
    descriptors::allow_many(u64::MAX - 1);
    let seconds = std::env::var(SECONDS).map_or(10, |seconds| seconds.parse().unwrap());
    let upstream = Upstream::serving(&["api.openai.com"]);
    upstream.answers(|received| Answer::text(received.body.clone()));
    let home = Home::with_openai(Door::Daemon, &upstream, secrets::OPENAI);
    let gateway = home.gateway("openai/*");
    let daemon = home.daemon().expect("a daemon");
    let place = Place { address: gateway.address, token: gateway.token, socket: home.socket() };
    let idle = Usage::of(daemon);
    let counts = Arc::new(Counts::default());

    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let begun = Instant::now();
    let callers: Vec<_> = (0..CALLERS)
        .map(|number| runtime.spawn(call_on(place.clone(), number, Arc::clone(&counts))))
        .collect();
    // Warm is who has answered each of them, and again.
    let mut received = 0;
    let warm_after = u64::try_from(CALLERS).unwrap() * 2;
    wait::until("it is warm", || {
        received += upstream.take().len();
        (counts.answered.load(Ordering::Relaxed) >= warm_after).then_some(())
    });
    let warm = Usage::of(daemon);
    let mut most = warm;
    while begun.elapsed() < Duration::from_secs(seconds) {
        std::thread::sleep(Duration::from_millis(250));
        received += upstream.take().len();
        let now = Usage::of(daemon);
        most.megabytes = most.megabytes.max(now.megabytes);
        most.threads = most.threads.max(now.threads);
    }
    let last = Usage::of(daemon);
    counts.is_over.store(true, Ordering::Relaxed);
    runtime.block_on(async {
        for caller in callers {
            caller.await.unwrap();
        }
    });
    let answered = counts.answered.load(Ordering::Relaxed);
    received += upstream.take().len();
    println!(
        "{CALLERS} callers, {:.0} s: {answered} answers; idle {idle:?}, warm {warm:?}, most {most:?}, last {last:?}",
        begun.elapsed().as_secs_f64()
    );
    assert_eq!(u64::try_from(received).unwrap(), answered, "each was made once");
    // Memory that grows with requests would show: there are hundreds for each caller.
    assert!(last.megabytes <= warm.megabytes + 40, "{warm:?} {last:?}");
    assert!(most.threads <= idle.threads + 40, "{idle:?} {most:?}");
    // Connections to the upstream are kept for a while, for as long as it keeps them too.
    drop(upstream);
    let back =
        wait::within(wait::LIMIT, || (Usage::of(daemon).descriptors <= idle.descriptors + 4).then_some(()));
    assert!(back.is_some(), "{idle:?} {:?}", Usage::of(daemon));
    assert_eq!(home.daemon(), Some(daemon), "it is still the same one");
    let verified = home.run(&["audit", "verify"]).ok();
    println!("{}; afterwards {:?}", verified.text().trim_end(), Usage::of(daemon));
}
