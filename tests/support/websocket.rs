//! The upstream's side of a WebSocket, in the hands of a test: it says what the test says, byte for byte where that is
//! wanted, and remembers what it heard.

use std::io;
use std::sync::mpsc as heard;
use std::time::Duration;

use bytes::Bytes;
use futures_util::{SinkExt as _, StreamExt as _};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt as _};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Role};

pub use tokio_tungstenite::tungstenite::Message;

use super::upstream::Received;
use super::wait::LIMIT;

/// What the server is told to do.
pub enum Said {
    Message(Message),
    /// Below the protocol: whatever bytes these are.
    Raw(Bytes),
}

/// The test's end of a WebSocket. The connection is cut when it is dropped.
pub struct Line {
    said: UnboundedSender<Said>,
    heard: heard::Receiver<Message>,
}

/// The server's end.
pub enum Talk {
    Line {
        said: UnboundedReceiver<Said>,
        heard: heard::Sender<Message>,
    },
    /// Says what it hears.
    Echo,
}

pub fn line() -> (Line, Talk) {
    let (said, saying) = unbounded_channel();
    let (hears, heard) = heard::channel();
    (Line { said, heard }, Talk::Line { said: saying, heard: hears })
}

impl Line {
    pub fn text(&self, text: &str) {
        self.say(Message::text(text));
    }

    pub fn say(&self, message: Message) {
        self.said.send(Said::Message(message)).unwrap();
    }

    pub fn raw(&self, bytes: impl Into<Bytes>) {
        self.said.send(Said::Raw(bytes.into())).unwrap();
    }

    pub fn close(&self, code: u16, reason: &str) {
        let frame = CloseFrame { code: CloseCode::from(code), reason: reason.to_owned().into() };
        self.say(Message::Close(Some(frame)));
    }

    /// The next thing that was heard.
    #[track_caller]
    pub fn hears(&self) -> Message {
        self.heard.recv_timeout(LIMIT).expect("a message")
    }

    /// What was heard, if anything is soon.
    pub fn hears_soon(&self) -> Option<Message> {
        self.heard.recv_timeout(Duration::from_millis(200)).ok()
    }

    /// Waits until the client is gone; gives what else was heard.
    #[track_caller]
    pub fn ends(&self) -> Vec<Message> {
        let mut rest = Vec::new();
        loop {
            match self.heard.recv_timeout(LIMIT) {
                Ok(message) => rest.push(message),
                Err(heard::RecvTimeoutError::Disconnected) => return rest,
                Err(heard::RecvTimeoutError::Timeout) => panic!("the client stays"),
            }
        }
    }
}

/// One frame as a server sends it: unmasked.
pub fn frame(is_last: bool, opcode: u8, content: &[u8]) -> Vec<u8> {
    let mut frame = vec![u8::from(is_last) << 7 | opcode];
    match content.len() {
        length @ 0..=125 => frame.push(length as u8),
        length @ 126..=0xffff => frame.extend([126].into_iter().chain((length as u16).to_be_bytes())),
        length => frame.extend([127].into_iter().chain((length as u64).to_be_bytes())),
    }
    frame.extend_from_slice(content);
    frame
}

/// A message in frames of so many bytes each.
pub fn fragments(opcode: u8, content: &[u8], size: usize) -> Vec<u8> {
    let pieces = content.chunks(size.max(1));
    let last = pieces.len() - 1;
    pieces
        .enumerate()
        .flat_map(|(i, piece)| frame(i == last, if i == 0 { opcode } else { 0 }, piece))
        .collect()
}

/// The head that accepts `request`.
pub fn accepts(request: &Received) -> Vec<(String, String)> {
    let key = derive_accept_key(request.header("sec-websocket-key").as_bytes());
    [("upgrade", "websocket"), ("connection", "Upgrade"), ("sec-websocket-accept", &key)]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into()
}

/// Talks over a connection that was upgraded, until one side is gone.
pub async fn talk(stream: &mut (impl AsyncRead + AsyncWrite + Unpin), talk: Talk) -> io::Result<()> {
    let mut socket = WebSocketStream::from_raw_socket(stream, Role::Server, None).await;
    match talk {
        Talk::Echo => {
            while let Some(Ok(message)) = socket.next().await {
                if matches!(message, Message::Text(_) | Message::Binary(_)) {
                    socket.send(message).await.map_err(io::Error::other)?;
                }
            }
        }
        Talk::Line { mut said, heard } => loop {
            tokio::select! {
                said = said.recv() => match said {
                    Some(Said::Message(message)) => socket.send(message).await.map_err(io::Error::other)?,
                    Some(Said::Raw(bytes)) => {
                        socket.get_mut().write_all(&bytes).await?;
                        socket.get_mut().flush().await?;
                    }
                    None => break,
                },
                message = socket.next() => match message {
                    Some(Ok(message)) => drop(heard.send(message)),
                    _ => break,
                },
            }
        },
    }
    Err(io::ErrorKind::UnexpectedEof.into())
}
