//! C5: the environment of whoever calls, also of the one whose call starts the daemon.

use std::fs;
use std::net::TcpListener;
use std::os::unix::process::CommandExt as _;

use crate::case::{Case, Findings, Name, names as names_of};
use crate::support::{Answer, Done, Door, Home, Upstream, processes, secrets, wait};

/// `PROXY` stands for an address at which the attacker listens, `TRAP` for a file or folder of his.
const VARIABLES: &[(&str, &str)] = &[
    ("HTTP_PROXY", "http://PROXY"),
    ("http_proxy", "http://PROXY"),
    ("HTTPS_PROXY", "http://PROXY"),
    ("https_proxy", "http://PROXY"),
    ("ALL_PROXY", "socks5://PROXY"),
    ("all_proxy", "socks5h://PROXY"),
    ("FTP_PROXY", "http://PROXY"),
    ("NO_PROXY", ""),
    ("CGI_HTTP_PROXY", "http://PROXY"),
    ("REQUEST_METHOD", "GET"),
    ("SSL_CERT_FILE", "TRAP/impostor.pem"),
    ("SSL_CERT_DIR", "TRAP"),
    ("CURL_CA_BUNDLE", "TRAP/impostor.pem"),
    ("REQUESTS_CA_BUNDLE", "TRAP/impostor.pem"),
    ("SSLKEYLOGFILE", "TRAP/keys"),
    ("RES_OPTIONS", "nameserver:PROXY"),
    ("LOCALDOMAIN", "evil.example"),
    ("HOSTALIASES", "TRAP/hosts"),
    ("RESOLV_HOST_CONF", "TRAP/hosts"),
    ("RESOLV_ADD_TRIM_DOMAINS", "com"),
    ("GETCONF_DIR", "TRAP"),
    ("GCONV_PATH", "TRAP"),
    ("LOCPATH", "TRAP"),
    ("MALLOC_TRACE", "TRAP/malloc"),
    ("LD_LIBRARY_PATH", "TRAP"),
    ("PATH", "TRAP"),
    ("HOME", "TRAP"),
    ("TMPDIR", "TRAP"),
    ("XDG_CONFIG_HOME", "TRAP"),
    ("XDG_RUNTIME_DIR", "TRAP"),
    ("SQLITE_TMPDIR", "TRAP"),
    ("RUST_LOG", "trace"),
    ("RUST_BACKTRACE", "full"),
    ("OPENAI_BASE_URL", "https://PROXY"),
    ("OPENAI_API_BASE", "https://PROXY"),
    ("OPENAI_API_KEY", "sk-an-attackers-own-0123456789"),
    ("AIVAULT_UPSTREAM", "https://PROXY"),
    ("AIVAULT_UPSTREAM_URL", "https://PROXY"),
    ("AIVAULT_BASE_URL", "https://PROXY"),
    ("AIVAULT_PROXY", "http://PROXY"),
    ("AIVAULT_CA", "TRAP/impostor.pem"),
    ("AIVAULT_CA_FILE", "TRAP/impostor.pem"),
    ("AIVAULT_INSECURE", "1"),
    ("AIVAULT_ALLOW_HTTP", "1"),
    ("AIVAULT_ALLOW_PRIVATE", "1"),
    ("AIVAULT_DEV", "1"),
    ("AIVAULT_DEBUG", "1"),
    ("AIVAULT_TRACE", "1"),
    ("AIVAULT_TEST", "1"),
    ("AIVAULT_AUDIT", "off"),
    ("AIVAULT_AUDIT_DISABLE", "1"),
    ("AIVAULT_AUDIT_DIR", "TRAP"),
    ("AIVAULT_POLICY", "off"),
    ("AIVAULT_POLICIES", "TRAP"),
    ("AIVAULT_PROVIDERS", "TRAP"),
    ("AIVAULT_REGISTRY", "TRAP/registry.json"),
    ("AIVAULT_CONFIG", "TRAP/config.json"),
    ("AIVAULT_SCOPE", "workspace:w"),
    ("AIVAULT_KEY", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="),
];

/// What the loader reads before the program does; what is traced shows who inherited it.
const LOADER: &[(&str, &str)] = &[("LD_DEBUG", "files"), ("LD_DEBUG_OUTPUT", "TRAP/loader")];

fn cases() -> Vec<Case<(&'static str, &'static str)>> {
    VARIABLES
        .iter()
        .map(|(name, value)| Case::new("C5", format!("{name}={value}"), (*name, *value)))
        .collect()
}

/// All of them at once, where the call starts the daemon.
fn started() -> Vec<Case<(&'static str, &'static str)>> {
    let loader = LOADER
        .iter()
        .map(|(name, value)| Case::new("C5", format!("{name}={value} at the start"), (*name, *value)));
    loader.collect()
}

pub fn names() -> Vec<Name> {
    [names_of(&cases()), names_of(&started())].concat()
}

struct Trap {
    proxy: TcpListener,
    home: Home,
    upstream: Upstream,
}

impl Trap {
    fn new(door: Door) -> Self {
        let proxy = TcpListener::bind("127.0.0.1:0").unwrap();
        proxy.set_nonblocking(true).unwrap();
        let upstream = Upstream::serving(&["api.openai.com"]);
        upstream.answers(|received| Answer::text(received.headers_as_text()));
        let home = Home::with_openai(door, &upstream, secrets::OPENAI);
        let trap = home.path("trap");
        fs::create_dir(&trap).unwrap();
        fs::write(trap.join("impostor.pem"), &Upstream::unbound(&["api.openai.com"]).ca_pem).unwrap();
        fs::write(trap.join("hosts"), format!("api.openai.com {}\n", proxy.local_addr().unwrap())).unwrap();
        Self { proxy, home, upstream }
    }

    fn value(&self, text: &str) -> String {
        let trap = self.home.path("trap");
        let proxy = self.proxy.local_addr().unwrap().to_string();
        text.replace("TRAP", trap.to_str().unwrap()).replace("PROXY", &proxy)
    }

    /// Makes the call; gives what did not hold.
    fn call(&self, variables: &[(&str, &str)]) -> Option<String> {
        let words = ["invoke", "openai/chat-completions", "--body", "{}"];
        let mut command = self.home.command(self.home.door, &words);
        command.envs(variables.iter().map(|(name, value)| (*name, self.value(value))));
        let done = Done::of(&mut command, b"");
        let received = self.upstream.take();
        let fine = done.code == Some(0)
            && done.text().contains("authorization: Bearer [redacted]")
            && done.stderr.is_empty()
            && received.len() == 1
            && received[0].header("authorization") == format!("Bearer {}", secrets::OPENAI)
            && self.proxy.accept().is_err();
        (!fine).then(|| format!("{:?} {}{} {received:?}", done.code, done.text(), done.errors()))
    }

    /// What lies in the trap beside the bait.
    fn caught(&self) -> Vec<String> {
        let entries = fs::read_dir(self.home.path("trap")).unwrap();
        let names = entries.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned());
        names.filter(|name| name != "impostor.pem" && name != "hosts").collect()
    }
}

#[test]
fn no_variable_changes_where_a_call_goes() {
    let trap = Trap::new(Door::InProcess);
    let mut findings = Findings::default();
    for case in cases() {
        let wrong = trap.call(&[case.attack]);
        findings.hold(wrong.is_none(), &case.name(), || wrong.clone().unwrap_or_default());
        let caught = trap.caught();
        findings.hold(caught.is_empty(), &case.name(), || format!("{caught:?}"));
    }
    findings.end();
    trap.home.run(&["audit", "verify"]).ok();
    let allowed = trap.home.events().iter().filter(|entry| entry.is("invoke", "allowed")).count();
    assert_eq!(allowed, cases().len(), "each is on record");
}

#[test]
fn a_daemon_that_a_call_starts_inherits_nothing_of_it() {
    let trap = Trap::new(Door::Daemon);
    let variables: Vec<_> = cases().iter().chain(&started()).map(|case| case.attack).collect();
    // What a client takes for the key of this very vault is his own business.
    let variables: Vec<_> = variables.into_iter().filter(|(name, _)| *name != "AIVAULT_KEY").collect();
    assert_eq!(trap.call(&variables), None);
    let daemon = trap.home.daemon().expect("a daemon");
    let loaded = trap.caught();
    assert!(!loaded.is_empty(), "the client itself was traced");
    assert!(!loaded.contains(&format!("loader.{daemon}")), "the daemon was traced: {loaded:?}");
    let others: Vec<_> = loaded.iter().filter(|name| !name.starts_with("loader.")).collect();
    assert!(others.is_empty(), "{others:?}");
    // Nor does one that calls later change it.
    assert_eq!(trap.call(&cases().iter().map(|case| case.attack).collect::<Vec<_>>()), None);
    assert_eq!(trap.home.daemon(), Some(daemon));
}

/// A folder to work in that is gone, or is the attacker's, changes nothing either.
#[test]
fn neither_does_the_folder_it_is_called_in() {
    let trap = Trap::new(Door::Daemon);
    let folder = trap.home.path("gone");
    fs::create_dir(&folder).unwrap();
    for name in [".env", "aivault.yaml", ".aivault", "providers"] {
        fs::write(folder.join(name), "AIVAULT_UPSTREAM=https://evil.example\n").unwrap();
    }
    let words = ["invoke", "openai/chat-completions", "--body", "{}"];
    let mut command = trap.home.command(Door::Daemon, &words);
    Done::of(command.current_dir(&folder), b"").ok();
    trap.upstream.take_one();
    let pid = trap.home.daemon().expect("a daemon");
    let at = fs::read_link(format!("/proc/{pid}/cwd")).ok();
    assert_ne!(at, Some(folder.clone()), "the daemon keeps nobody's folder");
    processes::kill(pid);
    wait::until("the daemon is gone", || (!processes::is_alive(pid)).then_some(()));
    let mut command = trap.home.command(Door::Daemon, &words);
    command.current_dir(&folder).arg0("aivault; sh");
    Done::of(&mut command, b"").ok();
    trap.upstream.take_one();
}
