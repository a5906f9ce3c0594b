//! D1, in the messages of a WebSocket: an upstream that gives back what it was sent, in text and in bytes, in one frame
//! and in many.

use std::sync::Mutex;

use crate::case::{Case, Findings, Name, call, names as names_of};
use crate::d_echoes::{SPELLINGS, Spell, leaks};
use crate::stage::{Stage, Way};
use crate::support::websocket::{self, fragments, frame};
use crate::support::{Answer, secrets};

const TEXT: u8 = 1;
const BINARY: u8 = 2;
const MORE: u8 = 0;
const CLOSE: u8 = 8;
const PING: u8 = 9;

type Frames = fn(&[u8]) -> Vec<u8>;

/// How a text is put into frames.
const FRAMINGS: &[(&str, Frames)] = &[
    ("in a text", |text| frame(true, TEXT, text)),
    ("in bytes", |text| frame(true, BINARY, text)),
    ("a byte a frame", |text| fragments(TEXT, text, 1)),
    ("seven bytes a frame", |text| fragments(BINARY, text, 7)),
    ("in halves", |text| fragments(TEXT, text, text.len().div_ceil(2))),
    ("with empty frames between", |text| {
        let (half, rest) = text.split_at(text.len() / 2);
        [frame(false, TEXT, half), frame(false, MORE, b""), frame(true, MORE, rest)].concat()
    }),
    ("with pings between", |text| {
        let (half, rest) = text.split_at(text.len() / 2);
        [frame(false, BINARY, half), frame(true, PING, b"sk-proj-"), frame(true, MORE, rest)].concat()
    }),
    ("in a ping", |text| frame(true, PING, &text[..text.len().min(125)])),
    ("in the reason of the end", |text| {
        frame(true, CLOSE, &[&4001_u16.to_be_bytes()[..], &text[..text.len().min(123)]].concat())
    }),
    ("behind the end", |text| {
        [frame(true, CLOSE, &1000_u16.to_be_bytes()), frame(true, TEXT, text)].concat()
    }),
];

#[derive(Clone)]
struct Echo {
    spell: Spell,
    frames: Frames,
}

fn cases() -> Vec<Case<Echo>> {
    let in_text: Frames = |text| frame(true, TEXT, text);
    let as_it_is: Spell = str::to_owned;
    let spellings = SPELLINGS.iter().map(|(name, spell)| {
        Case::new("D1", format!("in a message, {name}"), Echo { spell: *spell, frames: in_text })
    });
    let framings = FRAMINGS.iter().map(|(name, frames)| {
        Case::new("D1", format!("a WebSocket, {name}"), Echo { spell: as_it_is, frames: *frames })
    });
    spellings.chain(framings).collect()
}

pub fn names() -> Vec<Name> {
    names_of(&cases())
}

#[test]
fn an_echo_of_the_key_does_not_come_back_in_messages() {
    let stage = Stage::new();
    let mut findings = Findings::default();
    let call = call("openai/chat-completions", "GET", "/v1/chat/completions");
    for case in cases() {
        for way in Way::WEBSOCKETS {
            let (line, talk) = websocket::line();
            let talk = Mutex::new(Some(talk));
            stage.upstream.answers(move |request| {
                Answer::websocket(request, talk.lock().unwrap().take().expect("one request"))
            });
            let Echo { spell, frames } = case.attack;
            line.text("before");
            line.raw(frames(spell(secrets::OPENAI).as_bytes()));
            line.close(1000, "");
            let shown = stage.send_to_see(way, &call);
            findings.hold(!leaks(&shown) && shown.contains("before"), &case.name(), || {
                format!("{way:?} {shown}")
            });
            let received = stage.upstream.take_one();
            findings.hold(received.header("authorization").ends_with(secrets::OPENAI), &case.name(), || {
                "the key was not sent".to_owned()
            });
        }
    }
    findings.end();
}
