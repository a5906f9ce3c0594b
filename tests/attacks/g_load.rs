//! G1: connections that say nothing, little, slowly or too much, a thousand at a time: others are served meanwhile, and
//! what it costs in memory, threads and open files is bounded and given back.

use std::io::Write as _;

use crate::case::{Case, Name, make_each, names as names_of};
use crate::g_doors::{Entry, House, Way, Wire, read_to_end};
use crate::g_gone::read_until;
use crate::support::gateway::Gateway;
use crate::support::machine::Usage;
use crate::support::websocket::Talk;
use crate::support::{Answer, wait};

const MANY: usize = 1_000;
/// More than there are places at the sockets.
const TOO_MANY: usize = 1_300;

fn cases() -> Vec<Case<fn()>> {
    let one = |spelling: &str, attack: fn()| Case::new("G1", spelling, attack);
    vec![
        one("1,000 idle at the callers' socket", || crowd(Entry::Callers, MANY, |_| Vec::new())),
        one("1,000 idle at the operators' socket", || crowd(Entry::Operators, MANY, |_| Vec::new())),
        one("1,000 idle on loopback", || crowd(Entry::Loopback, MANY, |_| Vec::new())),
        one("more idle at the callers' socket than it has places", || {
            crowd(Entry::Callers, TOO_MANY, |_| Vec::new());
        }),
        one("more idle at the operators' socket than it has places", || {
            crowd(Entry::Operators, TOO_MANY, |_| Vec::new());
        }),
        one("1,000 heads that are not ended, at the callers' socket", || {
            crowd(Entry::Callers, MANY, |_| b"POST /invoke HTTP/1.1\r\nhost: a".to_vec());
        }),
        one("1,000 heads that are not ended, on loopback", || {
            crowd(Entry::Loopback, MANY, |_| b"POST /aivault/proxy HTTP/1.1\r\nhost: a".to_vec());
        }),
        one("1,000 calls that are not ended, at the callers' socket", || {
            crowd(Entry::Callers, MANY, |house| house.head("/invoke", 1 << 20, "").into_bytes());
        }),
        one("1,000 commands that are not ended", || {
            crowd(Entry::Operators, MANY, |house| house.head("/command", 1 << 20, "").into_bytes());
        }),
        one("1,000 envelopes that are not ended, at the callers' socket", || {
            crowd(Entry::Callers, MANY, |house| house.head("/aivault/proxy", 1 << 20, "").into_bytes());
        }),
        one("1,000 envelopes that are not ended, on loopback", || {
            crowd(Entry::Loopback, MANY, |house| house.head("/aivault/proxy", 1 << 20, "").into_bytes());
        }),
        one("uploads that stop, on loopback", || {
            crowd(Entry::Loopback, 200, |house| house.begun(Way::Passthrough, b"{", 1 << 20));
        }),
        one("answers that nobody reads, through the socket", || readers(Way::Socket)),
        one("answers that nobody reads, through an envelope", || readers(Way::Envelope)),
        one("answers that nobody reads, through passthrough", || readers(Way::Passthrough)),
        one("more WebSockets than one token may have", talks),
        one("a frame of 1 GiB, at every door", frames),
        one("JSON a million deep, at every door", depth),
    ]
}

pub fn names() -> Vec<Name> {
    names_of(&cases())
}

#[test]
fn whoever_takes_a_place_and_gives_nothing_takes_little_and_stops_nobody() {
    make_each(cases());
}

/// What an attack may take more than there was.
#[track_caller]
fn assert_bounded(before: Usage, most: Usage) {
    assert!(most.megabytes < before.megabytes + 200, "{before:?} {most:?}");
    assert!(most.threads < before.threads + 80, "{before:?} {most:?}");
}

#[track_caller]
fn assert_given_back(house: &House, before: Usage) {
    // A connection to the upstream may be kept.
    let back =
        wait::within(wait::LIMIT, || (house.usage().descriptors <= before.descriptors + 10).then_some(()));
    assert!(back.is_some(), "{before:?} {:?}", house.usage());
}

/// Somebody connects as often as that, says `said`, and waits.
fn crowd(entry: Entry, count: usize, said: fn(&House) -> Vec<u8>) {
    let house = House::new();
    let before = house.usage();
    let said = said(&house);
    let crowd: Vec<Box<dyn Wire>> = (0..count)
        .map(|_| {
            let mut stream = house.connect(entry);
            // One that was sent away meanwhile says nothing.
            let _ = stream.write_all(&said);
            stream
        })
        .collect();
    // Through each door, while they wait.
    for way in [Way::Socket, Way::Envelope, Way::Passthrough] {
        house.ask(way, b"{}").ok();
    }
    house.home().listener(&[]);
    assert_eq!(house.upstream().take().len(), 3);
    assert_bounded(before, house.usage());
    drop(crowd);
    assert_given_back(&house, before);
}

/// Each asks for 64 MiB and takes nothing of it.
fn readers(way: Way) {
    let house = House::new();
    house.upstream().answers(|_| Answer::long(64 << 20));
    let before = house.usage();
    let readers: Vec<Box<dyn Wire>> = (0..60)
        .map(|_| {
            let mut stream = house.connect(way.entry());
            stream.write_all(&house.request(way, b"{}")).unwrap();
            stream
        })
        .collect();
    let mut asked = 0;
    wait::until("each has its answer begun", || {
        asked += house.upstream().take().len();
        (asked >= readers.len()).then_some(())
    });
    let mut most = house.usage();
    for _ in 0..20 {
        most.megabytes = most.megabytes.max(house.usage().megabytes);
    }
    assert_bounded(before, most);
    // The system itself takes megabytes for each of them, which are scrubbed first.
    let open = ["gateway", "open"];
    wait::until("an operator is served", || (house.home().run(&open).code == Some(0)).then_some(()));
    drop(readers);
    assert_given_back(&house, before);
}

/// Opens one after the other, and says nothing on any.
fn talks() {
    const MOST: usize = 64;
    let house = House::new();
    house.upstream().answers(|request| Answer::websocket(request, Talk::Echo));
    let open = || {
        let mut stream = house.connect(Entry::Loopback);
        stream.write_all(house.upgrade().as_bytes()).unwrap();
        let head = read_until(&mut *stream, b"\r\n\r\n");
        (String::from_utf8_lossy(&head).into_owned(), stream)
    };
    let mut all: Vec<_> = (0..MOST).map(|_| open()).collect();
    assert!(
        all.iter().all(|(head, _)| head.starts_with("HTTP/1.1 101")),
        "{:?}",
        all.last().map(|one| &one.0)
    );
    let (head, _) = open();
    assert!(head.starts_with("HTTP/1.1 429") && head.contains("websocket.too_many"), "{head}");
    // Other things are done with the same token, and with another the same.
    let other = Gateway { address: house.gateway.address, token: house.home().mint(&["--capability", "*"]) };
    let mut stream = house.connect(Entry::Loopback);
    let asked = house.upgrade().replace(&house.gateway.token, &other.token);
    stream.write_all(asked.as_bytes()).unwrap();
    assert!(read_until(&mut *stream, b"\r\n\r\n").starts_with(b"HTTP/1.1 101"));
    house.home().listener(&[]);
    // One that ends makes room.
    all.pop();
    wait::until("there is room again", || open().0.starts_with("HTTP/1.1 101").then_some(()));
}

/// Announces 1 GiB, and sends what it can of it.
fn frames() {
    let house = House::new();
    let before = house.usage();
    let huge = 1 << 30;
    let framed = |length: u32| length.to_be_bytes().to_vec();
    for (entry, head, first) in [
        (Entry::Callers, house.head("/invoke", huge, ""), framed(1 << 30)),
        (Entry::Callers, house.head("/websocket", huge, ""), framed(u32::MAX)),
        (Entry::Callers, house.head("/aivault/proxy", huge, ""), b"{".to_vec()),
        (Entry::Operators, house.head("/command", huge, ""), b"{".to_vec()),
        (Entry::Loopback, house.head("/aivault/proxy", huge, ""), b"{".to_vec()),
        (Entry::Loopback, house.head("/command", huge, ""), b"{".to_vec()),
    ] {
        let mut stream = house.connect(entry);
        stream.write_all(&[head.as_bytes(), &first].concat()).unwrap();
        let piece = vec![b' '; 1 << 20];
        let mut most = before;
        // Whoever refuses closes: the rest is not taken.
        let sent = (0..1024)
            .take_while(|_| {
                most.megabytes = most.megabytes.max(house.usage().megabytes);
                stream.write_all(&piece).is_ok()
            })
            .count();
        assert!(sent < 200, "{head}: {sent} MiB were taken");
        assert_bounded(before, most);
        let answer = read_to_end(&mut *stream);
        assert!(
            answer.is_empty() || answer.starts_with(b"HTTP/1.1 4"),
            "{}",
            String::from_utf8_lossy(&answer)
        );
    }
    assert!(house.upstream().take().is_empty());
    house.stage.reaches();
}

/// What no reader may follow to its ground.
fn depth() {
    let house = House::new();
    let before = house.usage();
    let (deep, end) = ("[".repeat(400_000), "]".repeat(400_000));
    let deep = format!("{deep}{end}");
    let call = format!(r#"{{"capability":"openai/models","headers":{deep}}}"#);
    let framed = [&u32::try_from(call.len()).unwrap().to_be_bytes()[..], call.as_bytes()].concat();
    let envelope =
        format!(r#"{{"capability":"openai/models","request":{{"method":"GET","headers":{deep}}}}}"#);
    let command = format!(r#"{{"command":"secret-list","scope":{deep}}}"#);
    for (entry, path, body) in [
        (Entry::Callers, "/invoke", framed),
        (Entry::Callers, "/aivault/proxy", envelope.clone().into_bytes()),
        (Entry::Operators, "/command", command.into_bytes()),
        (Entry::Loopback, "/aivault/proxy", envelope.into_bytes()),
    ] {
        let head = house.head(path, body.len(), "");
        let answer = house.exchange(entry, &[head.as_bytes(), &body].concat());
        assert!(answer.starts_with(b"HTTP/1.1 4"), "{path}: {}", String::from_utf8_lossy(&answer));
    }
    assert!(house.upstream().take().is_empty());
    assert_bounded(before, house.usage());
    // What is for the upstream is not for us to read, however deep it is.
    let body = deep.as_bytes();
    house.ask(Way::Passthrough, body).ok();
    assert_eq!(house.upstream().take_one().body, body);
    assert_eq!(house.home().daemon(), Some(house.daemon), "it is still the same one");
}
