//! G3: a caller that goes away takes its request at the upstream with it, whenever that is and by whichever door it came;
//! the end is on record.

use std::io::Write as _;
use std::sync::Mutex;
use std::time::Duration;

use bytes::Bytes;

use crate::case::{Case, Findings, Name, names as names_of};
use crate::g_doors::{House, Way, Wire};
use crate::support::websocket;
use crate::support::{Answer, wait};

/// At once, on a machine that may be busy.
const SOON: Duration = Duration::from_secs(6);

/// When the caller goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Point {
    BeforeTheAnswer,
    InTheAnswer,
    InTheUpload,
    InTheConversation,
}

fn cases() -> Vec<Case<(Way, Point)>> {
    let one = |point, way| Case::new("G3", format!("{point:?} through {way:?}"), (way, point));
    let waits = Way::ALL.map(|way| one(Point::BeforeTheAnswer, way));
    let reads = Way::ALL.map(|way| one(Point::InTheAnswer, way));
    let sends = Way::STREAMING.map(|way| one(Point::InTheUpload, way));
    let talks = [one(Point::InTheConversation, Way::Passthrough)];
    waits.into_iter().chain(reads).chain(sends).chain(talks).collect()
}

pub fn names() -> Vec<Name> {
    names_of(&cases())
}

#[test]
fn whoever_goes_away_takes_the_request_along() {
    let house = House::new();
    let mut findings = Findings::default();
    for case in cases() {
        let (way, point) = case.attack;
        let last = house.stage.last_event();
        let (ended, stream) = begun(&house, way, point);
        drop(stream);
        let gone = wait::within(SOON, || (house.upstream().ended() > ended).then_some(()));
        findings.hold(gone.is_some(), &case.name(), || "the upstream's connection stays".to_owned());
        let recorded = wait::within(SOON, || {
            let fits = |one: &crate::support::audit::Entry| one.seq > last && one.is("response", "failed");
            house.home().events().into_iter().any(|one| fits(&one)).then_some(())
        });
        findings.hold(recorded.is_some(), &case.name(), || format!("{:?}", house.home().events().first()));
        house.upstream().take();
    }
    findings.end();
}

/// A connection on which that point is reached, and how many of the upstream's had ended before.
fn begun(house: &House, way: Way, point: Point) -> (usize, Box<dyn Wire>) {
    let mut stream = house.connect(way.entry());
    let upstream = house.upstream();
    match point {
        Point::BeforeTheAnswer => {
            upstream.answers(|_| Answer::silence());
            let ended = upstream.ended();
            stream.write_all(&house.request(way, b"{}")).unwrap();
            wait::until("the request is there", || (!upstream.take().is_empty()).then_some(()));
            (ended, stream)
        }
        Point::InTheAnswer => {
            let (feed, answer) = Answer::fed();
            let answer = Mutex::new(Some(answer));
            upstream.answers(move |_| answer.lock().unwrap().take().expect("one request"));
            let ended = upstream.ended();
            stream.write_all(&house.request(way, b"{}")).unwrap();
            feed.send(Bytes::from("begun\n")).unwrap();
            read_until(&mut *stream, b"begun");
            // The test's end stays open: it is not the upstream that ends.
            std::mem::forget(feed);
            (ended, stream)
        }
        Point::InTheUpload => {
            let before = upstream.forgotten();
            upstream.forgets_bodies();
            let ended = upstream.ended();
            stream.write_all(&house.begun(way, &[b'x'; 500_000], 1_000_000)).unwrap();
            wait::until("half of it is there", || (upstream.forgotten() >= before + 400_000).then_some(()));
            (ended, stream)
        }
        Point::InTheConversation => {
            let (line, talk) = websocket::line();
            let talk = Mutex::new(Some(talk));
            upstream.answers(move |request| Answer::websocket(request, talk.lock().unwrap().take().unwrap()));
            let ended = upstream.ended();
            stream.write_all(house.upgrade().as_bytes()).unwrap();
            line.text("said");
            read_until(&mut *stream, b"said");
            std::mem::forget(line);
            (ended, stream)
        }
    }
}

pub fn read_until(stream: &mut dyn Wire, what: &[u8]) -> Vec<u8> {
    let (mut read, mut buffer) = (Vec::new(), [0; 1024]);
    while memchr::memmem::find(&read, what).is_none() {
        match stream.read(&mut buffer) {
            Ok(some @ 1..) => read.extend_from_slice(&buffer[..some]),
            end => panic!("{end:?} behind {}", String::from_utf8_lossy(&read)),
        }
    }
    read
}
