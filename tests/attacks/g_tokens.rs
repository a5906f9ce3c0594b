//! G7: tokens that are guessed, have ended, or are used where they do not hold: refused with their reason, and nothing
//! reaches the upstream; what was under way with one that is revoked ends soon, whether anybody reads or not.

use std::io::Write as _;
use std::sync::Mutex;
use std::time::Duration;

use bytes::Bytes;
use serde_json::json;

use crate::case::{Case, Findings, Name, names as names_of};
use crate::g_doors::{House, Way, Wire, read_to_end};
use crate::g_gone::read_until;
use crate::support::gateway::{Gateway, exchange, request, whole};
use crate::support::websocket;
use crate::support::{Answer, wait};

/// Soon, on a machine that may be busy; an answer that nobody takes would else be waited with for five minutes.
const SOON: Duration = Duration::from_secs(20);

/// What is presented in the place of a token that holds.
#[derive(Clone)]
enum Bad {
    Text(fn(&str) -> String),
    /// One that was minted so, and is used for chat completions.
    Minted(&'static [&'static str]),
    Expired,
    Revoked,
}

const OTHER_CREDENTIAL: Bad = Bad::Minted(&["--capability", "*", "--credential", "slack"]);

fn bad() -> Vec<Case<(Bad, &'static str)>> {
    let one = |spelling: &str, bad, reason| Case::new("G7", spelling, (bad, reason));
    let text = |spelling: &str, of: fn(&str) -> String, reason| one(spelling, Bad::Text(of), reason);
    vec![
        text("none", |_| String::new(), "token.missing"),
        text("a guess", |_| format!("aiv_{}", "A".repeat(64)), "token.unknown"),
        text("its first letter changed", |own| changed(own, 4), "token.unknown"),
        text("its last letter changed", |own| changed(own, own.len() - 1), "token.unknown"),
        text(
            "the half that finds it alone",
            |own| format!("{}{}", &own[..36], "A".repeat(32)),
            "token.unknown",
        ),
        text(
            "the half that proves it alone",
            |own| format!("aiv_{}{}", "A".repeat(32), &own[36..]),
            "token.unknown",
        ),
        text("in upper case", |own| own.to_ascii_uppercase(), "token.unknown"),
        text("cut by one", |own| own[..own.len() - 1].to_owned(), "token.unknown"),
        text("with a blank in it", |own| format!("{} {}", &own[..40], &own[40..]), "token.missing"),
        one("one that has expired", Bad::Expired, "token.expired"),
        one("one that was revoked", Bad::Revoked, "token.unknown"),
        one("one for another capability", Bad::Minted(&["--capability", "openai/models"]), "token.scope"),
        one("one for another provider", Bad::Minted(&["--capability", "slack/*"]), "token.scope"),
        one("one for another credential", OTHER_CREDENTIAL, "token.scope"),
    ]
}

fn changed(token: &str, at: usize) -> String {
    let other = if token.as_bytes()[at] == b'A' { "B" } else { "A" };
    format!("{}{other}{}", &token[..at], &token[at + 1..])
}

/// What goes on while the token is revoked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum UnderWay {
    Waiting,
    Download,
    /// By one who takes nothing any more.
    UnreadDownload,
    Upload,
    Conversation,
    /// By one who takes nothing any more.
    UnreadConversation,
}

fn under_way() -> Vec<Case<(UnderWay, Way)>> {
    let one = |what, way| Case::new("G7", format!("revoked: {what:?} through {way:?}"), (what, way));
    let both = |what| Way::BY_TOKEN.map(|way| one(what, way));
    [both(UnderWay::Waiting), both(UnderWay::Download), both(UnderWay::UnreadDownload)]
        .concat()
        .into_iter()
        .chain(
            [UnderWay::Upload, UnderWay::Conversation, UnderWay::UnreadConversation]
                .map(|what| one(what, Way::Passthrough)),
        )
        .collect()
}

/// Things that a caller says of a token's bounds.
fn elsewhere() -> Vec<Case<()>> {
    [
        "another scope in an envelope",
        "another host",
        "a listener of another credential",
        "an operator's command",
    ]
    .map(|spelling| Case::new("G7", format!("replayed: {spelling}"), ()))
    .into()
}

pub fn names() -> Vec<Name> {
    [names_of(&bad()), names_of(&under_way()), names_of(&elsewhere())].concat()
}

#[test]
fn what_is_no_token_that_holds_is_refused() {
    let mut house = House::new();
    let own = house.gateway.token.clone();
    let mut findings = Findings::default();
    for case in bad() {
        let (bad, reason) = &case.attack;
        house.gateway.token = match bad {
            Bad::Text(of) => of(&own),
            Bad::Minted(bounds) => house.home().mint(bounds),
            Bad::Expired => {
                let token = house.home().mint(&["--capability", "*", "--ttl", "1s"]);
                std::thread::sleep(Duration::from_millis(1_100));
                token
            }
            Bad::Revoked => {
                let token = house.home().mint(&["--capability", "*", "--name", "gone"]);
                house.home().run(&["token", "revoke", "gone"]).ok();
                token
            }
        };
        for way in Way::BY_TOKEN {
            let heard = house.ask(way, b"{}");
            // Where the call names no credential, the token's is meant, which is not one of this provider's.
            let is_missing =
                matches!(bad, Bad::Minted([.., "slack"])) && heard.reason() == Some("credential.missing");
            let is_refused =
                matches!(heard.status, 401 | 403) && heard.reason() == Some(*reason) || is_missing;
            findings.hold(is_refused, &case.name(), || {
                format!("{way:?} {} {:?} {}", heard.status, heard.reason(), heard.text())
            });
            let is_told = own.len() > 40 && heard.text().contains(&own[36..]);
            findings.hold(!is_told, &case.name(), || "it is told what would hold".to_owned());
        }
        let reached = house.upstream().take();
        findings.hold(reached.is_empty(), &case.name(), || format!("{reached:?}"));
    }
    findings.end();
    house.gateway.token = own;
    for way in Way::BY_TOKEN {
        house.ask(way, b"{}").ok();
    }
}

#[test]
fn what_is_under_way_ends_with_its_token() {
    let house = House::new();
    let mut findings = Findings::default();
    for case in under_way() {
        let (what, way) = case.attack;
        let mut house =
            Borrowed { house: &house, token: house.home().mint(&["--capability", "*", "--name", "mid"]) };
        let (ended, mut stream) = house.begun(what, way);
        house.house.home().run(&["token", "revoke", "mid"]).ok();
        let gone = wait::within(SOON, || (house.house.upstream().ended() > ended).then_some(()));
        findings.hold(gone.is_some(), &case.name(), || "the upstream's connection stays".to_owned());
        // And the caller's own: its place is given back even where it reads nothing.
        let given_up = wait::within(SOON, || house.is_given_up().then_some(()));
        findings.hold(given_up.is_some(), &case.name(), || "the caller's connection stays".to_owned());
        let rest = read_to_end(&mut *stream);
        findings.hold(!rest.ends_with(b"0\r\n\r\n"), &case.name(), || "it is taken for whole".to_owned());
        house.house.upstream().take();
    }
    findings.end();
}

/// The house, entered with another token.
struct Borrowed<'a> {
    house: &'a House,
    token: String,
}

impl Borrowed<'_> {
    fn request(&self, bytes: Vec<u8>) -> Vec<u8> {
        let text = String::from_utf8(bytes).unwrap();
        text.replace(&self.house.gateway.token, &self.token).into_bytes()
    }

    /// Whether the daemon has no connection open at the listener: it is the test's only one.
    fn is_given_up(&self) -> bool {
        let port = format!(":{:04X}", self.house.gateway.address.port());
        let table = std::fs::read_to_string("/proc/net/tcp").unwrap();
        // State 01 is an established connection; the daemon's side has the port as its own.
        !table.lines().skip(1).any(|line| {
            let mut words = line.split_whitespace().skip(1);
            let (own, _, state) = (words.next().unwrap(), words.next(), words.next());
            own.ends_with(&port) && state == Some("01")
        })
    }

    fn begun(&mut self, what: UnderWay, way: Way) -> (usize, Box<dyn Wire>) {
        let upstream = self.house.upstream();
        let mut stream = self.house.connect(way.entry());
        match what {
            UnderWay::Waiting => {
                upstream.answers(|_| Answer::silence());
                let ended = upstream.ended();
                stream.write_all(&self.request(self.house.request(way, b"{}"))).unwrap();
                wait::until("the request is there", || (!upstream.take().is_empty()).then_some(()));
                (ended, stream)
            }
            UnderWay::Download => {
                let (feed, answer) = Answer::fed();
                let answer = Mutex::new(Some(answer));
                upstream.answers(move |_| answer.lock().unwrap().take().expect("one request"));
                let ended = upstream.ended();
                stream.write_all(&self.request(self.house.request(way, b"{}"))).unwrap();
                feed.send(Bytes::from("begun\n")).unwrap();
                read_until(&mut *stream, b"begun");
                std::mem::forget(feed);
                (ended, stream)
            }
            UnderWay::UnreadDownload => {
                upstream.answers(|_| Answer::long(1 << 30));
                let ended = upstream.ended();
                stream.write_all(&self.request(self.house.request(way, b"{}"))).unwrap();
                read_until(&mut *stream, b"....");
                (ended, stream)
            }
            UnderWay::Upload => {
                let before = upstream.forgotten();
                upstream.forgets_bodies();
                let ended = upstream.ended();
                stream.write_all(&self.request(self.house.begun(way, &[b'x'; 500_000], 1_000_000))).unwrap();
                wait::until("half of it is there", || {
                    (upstream.forgotten() >= before + 400_000).then_some(())
                });
                (ended, stream)
            }
            UnderWay::Conversation | UnderWay::UnreadConversation => {
                let (line, talk) = websocket::line();
                let talk = Mutex::new(Some(talk));
                upstream
                    .answers(move |request| Answer::websocket(request, talk.lock().unwrap().take().unwrap()));
                let ended = upstream.ended();
                stream.write_all(&self.request(self.house.upgrade().into_bytes())).unwrap();
                line.text("said");
                read_until(&mut *stream, b"said");
                if what == UnderWay::UnreadConversation {
                    // More than the system takes for one who does not read.
                    (0..64).for_each(|_| line.say(websocket::Message::binary(vec![7; 1 << 20])));
                }
                std::mem::forget(line);
                (ended, stream)
            }
        }
    }
}

#[test]
fn a_token_is_of_no_use_elsewhere() {
    let house = House::new();
    let home = house.home();
    let token = home.mint(&["--capability", "openai/*", "--credential", "openai"]);
    let bearer = format!("Bearer {token}");
    let fields = [("authorization", bearer.as_str())];
    let gateway = Gateway { address: house.gateway.address, token: token.clone() };
    let body = json!({ "capability": "openai/models", "request": { "method": "GET", "path": "/v1/models" } });

    let mut scoped = body.clone();
    scoped["scope"] = json!({ "scope": "workspace", "workspace": "w" });
    assert_eq!(gateway.envelope(&scoped).status, 400);
    let other_host = [fields[0], ("host", "api.openai.com")];
    let heard = gateway.send("GET", "/v/openai/v1/models", &other_host, b"");
    assert_eq!((heard.status, heard.reason()), (403, Some("host.not_allowed")));
    let other = home.listener(&["--credential", "slack"]);
    let heard = whole(&exchange(other, &request(other, "GET", "/api/auth.test", &fields, b"")));
    assert_eq!((heard.status, heard.reason()), (403, Some("token.scope")));
    let heard = gateway.send("POST", "/command", &fields, br#"{"command":"token-list"}"#);
    assert_eq!(heard.status, 404);
    assert!(house.upstream().take().is_empty());
    gateway.envelope(&body).ok();
    assert_eq!(house.upstream().take_one().target, "/v1/models");
}
