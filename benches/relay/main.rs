//! What the broker costs a call: the same request sent directly over a warm TLS connection, through the
//! daemon's socket with the audit log on, and through nginx, which injects the same header. All in one
//! run on one machine, so that the ratios mean something.
//!
//! Goals: one caller's median at most 0.15 ms above direct; with 16 callers half of nginx's requests a
//! second and 60 µs of CPU a request; with 64 a p99 of 10 ms; 20 MiB at its peak; no more connections
//! than callers and a few; a stream's first byte 1 ms later; 50 MiB in twice the direct time.
//!
//! `cargo bench --bench relay`, with Debian's nginx-light for the comparison.
#![allow(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "a bench prepares and looks at the machine"
)]

mod door;
mod nginx;
mod process;
mod timing;
mod upstream;

#[path = "../../tests/support/mod.rs"]
mod support;

use std::time::Duration;

use aivault::service::Call;
use support::socket::call;
use support::{Door as Way, Home, secrets};
use tokio::runtime::Runtime;

use door::Door;
use nginx::Nginx;
use process::Usage;
use timing::{Summary, ratio};
use upstream::Server;

const HOST: &str = "api.openai.com";
const MIB: usize = 1 << 20;
const LARGE: usize = 50 * MIB;

/// Everything that a request can go through.
struct Course {
    runtime: Runtime,
    server: Server,
    home: Home,
    daemon: u32,
    nginx: Option<Nginx>,
}

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let server = runtime.block_on(Server::start(HOST));
    let home = Home::test(Way::Daemon);
    home.send_address_to(HOST, server.address, &server.ca_pem);
    home.store("OPENAI_API_KEY", secrets::OPENAI);
    home.run(&["invoke", "openai/models", "--method", "GET", "--path", "/v1/models"]).ok();
    let daemon = home.daemon().expect("a daemon runs");
    let nginx = Nginx::start(&home.path("nginx"), &server, secrets::OPENAI);
    if nginx.is_none() {
        println!("nginx is not installed: no comparison with it");
    }
    let course = Course { runtime, server, home, daemon, nginx };
    course.latency();
    course.throughput();
    course.tail();
    course.first_bytes();
    course.large_bodies();
    println!("peak memory of the daemon: {:.1} MiB", Usage::of(course.daemon).peak_mib);
    course.many_secrets();
    println!("peak memory with 10,000 secrets: {:.1} MiB", Usage::of(course.daemon).peak_mib);
}

impl Course {
    /// The doors, by name.
    fn doors(&self) -> Vec<(&'static str, Door)> {
        let direct = Door::direct(&self.server, HOST, secrets::OPENAI);
        let nginx = self.nginx.as_ref().map(|nginx| Door::nginx(&nginx.socket, HOST));
        let all = [Some(direct), Some(Door::daemon(&self.home.socket())), nginx];
        all.into_iter().flatten().map(|door| (door.name(), door)).collect()
    }

    fn models() -> Call {
        call("openai/models", "GET", "/v1/models")
    }

    /// One caller, the doors by turns.
    fn latency(&self) {
        const CALLS: usize = 3_000;
        let all = self.runtime.block_on(async {
            let mut open = Vec::new();
            for (name, door) in self.doors() {
                open.push((name, door.connect().await, door.request(&Self::models(), &[]), Vec::new()));
            }
            for number in 0..CALLS + 200 {
                for (_, connection, request, times) in &mut open {
                    let took = connection.exchange(request).await;
                    if number >= 200 {
                        times.push(took);
                    }
                }
            }
            open.into_iter().map(|(name, _, _, times)| (name, Summary::of(times))).collect::<Vec<_>>()
        });
        let direct = all[0].1;
        println!("one caller, {CALLS} calls each, by turns:");
        for (name, summary) in &all {
            let added = summary.median.as_secs_f64() - direct.median.as_secs_f64();
            println!(
                "  {name:8} median {:7.3} ms   added {:7.3} ms   p99 {:7.3} ms",
                summary.median_ms(),
                added * 1e3,
                summary.p99_ms()
            );
        }
    }

    /// Sixteen callers.
    fn throughput(&self) {
        println!("16 callers, 4 s each:");
        let connections = self.server.accepted();
        for (name, door) in self.doors() {
            let pid = match name {
                "aivault" => Some(self.daemon),
                "nginx" => self.nginx.as_ref().map(Nginx::worker),
                _ => None,
            };
            let before = pid.map(Usage::of);
            let summary = self.load(&door, 16, Duration::from_secs(4));
            let cpu = before.zip(pid).map(|(before, pid)| Usage::of(pid).cpu_since(&before));
            let cpu = cpu.map(|cpu| {
                format!("   CPU {:.0} µs a request", cpu.as_secs_f64() * 1e6 / summary.count as f64)
            });
            println!("  {name:8} {:8.0} requests/s{}", summary.count as f64 / 4.0, cpu.unwrap_or_default());
        }
        println!("  new connections to the upstream: {}", self.server.accepted() - connections);
    }

    /// Sixty-four callers.
    fn tail(&self) {
        println!("64 callers, 4 s each:");
        for (name, door) in self.doors() {
            let summary = self.load(&door, 64, Duration::from_secs(4));
            println!("  {name:8} median {:7.3} ms   p99 {:7.3} ms", summary.median_ms(), summary.p99_ms());
        }
    }

    fn load(&self, door: &Door, callers: usize, time: Duration) -> Summary {
        self.runtime.block_on(async {
            let mut tasks = Vec::new();
            for _ in 0..callers {
                let (mut connection, request) = (door.connect().await, door.request(&Self::models(), &[]));
                tasks.push(tokio::spawn(async move {
                    let (begun, mut times) = (tokio::time::Instant::now(), Vec::new());
                    while begun.elapsed() < time {
                        times.push(connection.exchange(&request).await);
                    }
                    times
                }));
            }
            let mut all = Vec::new();
            for task in tasks {
                all.extend(task.await.unwrap());
            }
            Summary::of(all)
        })
    }

    /// Until the first piece of a stream of events.
    fn first_bytes(&self) {
        println!("first byte of a stream of events, 300 calls each:");
        let events =
            Call { has_body: true, ..call("openai/chat-completions", "POST", "/v1/chat/completions") };
        for (name, door) in self.doors() {
            let summary = self.runtime.block_on(async {
                let (mut connection, request) = (door.connect().await, door.request(&events, b"{}"));
                let mut times = Vec::new();
                for _ in 0..300 {
                    times.push(connection.first_byte(&request).await);
                }
                Summary::of(times)
            });
            println!("  {name:8} median {:7.3} ms", summary.median_ms());
        }
    }

    /// Fifty MiB each way.
    fn large_bodies(&self) {
        let down = call("openai/files", "GET", "/v1/files/file-1/content");
        let up = Call { has_body: true, ..call("openai/files", "POST", "/v1/files") };
        let body = vec![b'x'; LARGE];
        for (what, call, body) in [("down", down, &[][..]), ("up", up, &body)] {
            println!("50 MiB {what}, the best of 5:");
            let mut direct = None;
            for (name, door) in self.doors() {
                let before = Usage::of(self.daemon);
                let best = self.runtime.block_on(async {
                    let (mut connection, request) = (door.connect().await, door.request(&call, body));
                    let mut times = Vec::new();
                    for _ in 0..5 {
                        times.push(connection.exchange(&request).await);
                    }
                    times.into_iter().min().unwrap()
                });
                let grown = Usage::of(self.daemon).peak_mib - before.peak_mib;
                let memory =
                    if name == "aivault" { format!("   {grown:.1} MiB more memory") } else { String::new() };
                let direct = *direct.get_or_insert(best);
                println!(
                    "  {name:8} {:7.1} ms   {:.2} times{memory}",
                    best.as_secs_f64() * 1e3,
                    ratio(best, direct)
                );
            }
        }
    }

    /// Whether a request costs more beside ten thousand secrets.
    fn many_secrets(&self) {
        println!("CPU of the daemon, one caller, 4 s:");
        let door = Door::daemon(&self.home.socket());
        for secrets in [1, 10_000] {
            if secrets > 1 {
                self.store_many(secrets);
            }
            // The first call takes in what others stored.
            self.home.run(&["invoke", "openai/models", "--method", "GET", "--path", "/v1/models"]).ok();
            let before = Usage::of(self.daemon);
            let summary = self.load(&door, 1, Duration::from_secs(4));
            let cpu = Usage::of(self.daemon).cpu_since(&before).as_secs_f64() * 1e6 / summary.count as f64;
            println!("  {secrets:6} secrets  {cpu:6.1} µs a request   median {:7.3} ms", summary.median_ms());
        }
    }

    fn store_many(&self, count: usize) {
        for batch in (0..count).collect::<Vec<_>>().chunks(1_000) {
            let mut words = vec!["secrets".to_owned(), "import".to_owned()];
            for number in batch {
                words.extend(["--entry".to_owned(), format!("MADE_UP_{number}=value-{number}")]);
            }
            self.home.run(&words).ok();
        }
    }
}
