//! A WebSocket of an upstream, between its caller and it: opened by a call that was judged as `GET`, then messages
//! both ways until one side ends it.
//!
//! Nothing of the caller's goes out before the upstream has accepted the upgrade, and nothing but messages after it.
//! What comes is scrubbed message by message, each put together from its frames; no compression is negotiated. All
//! moves only as the reader asks for more: no more than a message each way is held. Pings are answered, and sent, so
//! that an upstream that is gone is noticed and one that is quiet is not cut off.
//!
//! What it cannot see: a secret that an upstream cuts into several messages.

mod error;
mod message;
mod uplink;

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_core::Stream;
use futures_util::StreamExt as _;
use futures_util::stream::{self, SplitStream};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message as Frame;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Role, WebSocketConfig};

use super::BrokerError;
use super::deadline::Deadline;
use super::ending::Ending;
use super::redact::Redactor;
use super::reply::Reply;
use super::scrub::{Needles, Scrubber};
use super::tally::Tally;
use super::upstream::{Patience, Phase, Upgraded, UpgradedStream, UpstreamError};

use crate::policy::{Call, Denial, Reason};
use crate::spec::Method;

pub use error::ConversationError;
pub use message::{CallerMessages, Close, MAX_MESSAGE, Message, MessageFault};

use message::MAX_FRAME;

/// How long the upstream may take to go once both sides have said that they end.
const LEAVE: Duration = Duration::from_secs(2);
/// How often a sign of life is asked for; more often where the upstream may keep silent for less than twice that.
const BEAT: Duration = Duration::from_secs(30);
/// How much is read at a time.
const BUFFER: usize = 16 * 1024;

/// What comes of asking for a WebSocket.
pub enum Opened {
    Conversation(Conversation),
    /// The upstream opened none, and answered this instead.
    Answer(Box<Reply>),
}

/// What the upstream says, scrubbed; ends with its [`Message::Close`] or an error. What the caller says goes out
/// while this is polled. Its end, or its being dropped, is written to the audit log.
pub type Conversation = Pin<Box<dyn Stream<Item = Result<Message, BrokerError>> + Send>>;

/// What every message goes through, and what is told of it.
pub(super) struct Watch {
    pub(super) needles: Needles,
    pub(super) redactor: Option<Redactor>,
    pub(super) tally: Option<Tally>,
    pub(super) ending: Ending,
    pub(super) deadline: Deadline,
}

/// Begins the conversation over a connection that was upgraded.
pub(super) async fn converse(upgraded: Upgraded, from: CallerMessages, watch: Watch) -> Conversation {
    let Upgraded { host, stream } = upgraded;
    let config = WebSocketConfig::default()
        .read_buffer_size(BUFFER)
        .write_buffer_size(0)
        .max_frame_size(Some(MAX_FRAME))
        .max_message_size(Some(MAX_MESSAGE));
    let socket = WebSocketStream::from_raw_socket(stream, Role::Client, Some(config)).await;
    let (to, downlink) = socket.split();
    let Watch { needles, redactor, tally, mut ending, deadline } = watch;
    ending.answered(http::StatusCode::SWITCHING_PROTOCOLS.as_u16());
    let Patience { idle, .. } = deadline.patience();
    let uplink = Box::pin(uplink::carry(to, from, BEAT.min(idle / 2)));
    let wire = Wire { host, uplink: Some(uplink), downlink, idle };
    let cleaner = Cleaner { needles: Arc::new(needles), redactor, tally };
    let talk = Talk { wire, cleaner, ending, deadline };
    Box::pin(stream::unfold(Some(talk), async |talk| {
        let mut talk = talk?;
        let next = talk.next().await;
        let goes_on = matches!(next, Ok(Message::Text(_) | Message::Binary(_)));
        Some((next, goes_on.then_some(talk)))
    }))
}

/// Makes of a call the `GET` that it is judged and sent as.
///
/// # Errors
/// A denial where it says that it is anything else.
pub(super) fn as_get(call: &mut Call) -> Result<(), Denial> {
    let get = Method::Get.as_str();
    if call.has_body {
        let denial = Denial::new(Reason::BodyRequired, "a WebSocket is asked for without a body");
        return Err(denial.help("send it as messages, once the WebSocket is open"));
    }
    if call.method.get_or_insert_with(|| get.to_owned()) == get {
        return Ok(());
    }
    Err(Denial::new(Reason::CapabilityMethod, "a WebSocket is asked for with GET")
        .help("leave the method out"))
}

struct Talk {
    wire: Wire,
    cleaner: Cleaner,
    ending: Ending,
    deadline: Deadline,
}

impl Talk {
    async fn next(&mut self) -> Result<Message, BrokerError> {
        let received = match self.deadline.hold(self.wire.next()).await {
            Ok(received) => received,
            Err(limit) => Err(BrokerError::OutOfTime { limit, sent: true }),
        };
        match received.and_then(|message| self.cleaner.clean(message)) {
            Ok(message) => {
                if matches!(message, Message::Close(_)) {
                    self.cleaner.end();
                    self.ending.write(None);
                }
                Ok(message)
            }
            Err(error) => Err(self.ending.failed(error)),
        }
    }
}

type Uplink = Pin<Box<dyn Future<Output = Result<(), MessageFault>> + Send>>;

/// The connection, both ways.
struct Wire {
    host: String,
    /// `None` once the caller's side is done.
    uplink: Option<Uplink>,
    downlink: SplitStream<WebSocketStream<UpgradedStream>>,
    idle: Duration,
}

impl Wire {
    /// The next message of the upstream; the caller's go out meanwhile.
    async fn next(&mut self) -> Result<Message, BrokerError> {
        loop {
            let received = tokio::select! {
                sent = uplinked(&mut self.uplink) => {
                    self.uplink = None;
                    sent.map_err(ConversationError::from)?;
                    continue;
                }
                received = tokio::time::timeout(self.idle, self.downlink.next()) => received,
            };
            let host = || self.host.clone();
            let silent = |_| UpstreamError::Timeout { host: host(), phase: Phase::Idle };
            match received.map_err(silent)? {
                Some(Ok(Frame::Text(text))) => return Ok(Message::Text(text.as_str().to_owned())),
                Some(Ok(Frame::Binary(bytes))) => return Ok(Message::Binary(bytes)),
                Some(Ok(Frame::Close(frame))) => return Ok(Message::Close(self.leave(frame).await)),
                // Pings are answered below; either is a sign of life.
                Some(Ok(Frame::Ping(_) | Frame::Pong(_) | Frame::Frame(_))) => {}
                Some(Err(error)) => return Err(ConversationError::of(&self.host, &error).into()),
                None => return Err(ConversationError::Interrupted { host: host() }.into()),
            }
        }
    }

    /// Says that we end too, and lets the upstream be the first to go (RFC 6455, section 7.1.1).
    async fn leave(&mut self, frame: Option<CloseFrame>) -> Close {
        self.uplink = None;
        let gone = async { while let Some(Ok(_)) = self.downlink.next().await {} };
        let _ = tokio::time::timeout(LEAVE, gone).await;
        frame.map_or_else(Close::default, |frame| Close {
            code: Some(frame.code.into()),
            reason: frame.reason.as_str().to_owned(),
        })
    }
}

/// How the caller's side ended; never, once that is known.
async fn uplinked(uplink: &mut Option<Uplink>) -> Result<(), MessageFault> {
    match uplink {
        Some(uplink) => uplink.await,
        None => std::future::pending().await,
    }
}

struct Cleaner {
    needles: Arc<Needles>,
    redactor: Option<Redactor>,
    tally: Option<Tally>,
}

impl Cleaner {
    fn clean(&mut self, message: Message) -> Result<Message, BrokerError> {
        Ok(match message {
            Message::Text(text) => Message::Text(into_text(self.content(Bytes::from(text))?)),
            Message::Binary(bytes) => Message::Binary(self.content(bytes)?),
            // A reason is no document that could be looked into.
            Message::Close(close) if self.redactor.as_ref().is_some_and(Redactor::changes) => {
                Message::Close(Close { reason: String::new(), ..close })
            }
            Message::Close(Close { code, reason }) => {
                Message::Close(Close { code, reason: into_text(self.scrub(Bytes::from(reason))) })
            }
        })
    }

    /// As with any answer: what it cost is read first, then it is scrubbed, then redacted.
    fn content(&mut self, content: Bytes) -> Result<Bytes, BrokerError> {
        self.tally.iter_mut().for_each(|tally| tally.see(&content));
        let scrubbed = self.scrub(content);
        Ok(match &mut self.redactor {
            Some(redactor) => redactor.push(scrubbed)?,
            None => scrubbed,
        })
    }

    /// A message is whole: nothing of it is held back.
    fn scrub(&self, content: Bytes) -> Bytes {
        let mut scrubber = Scrubber::new(Arc::clone(&self.needles));
        let passed = scrubber.push(content);
        let last = scrubber.finish();
        match (passed.is_empty(), last.is_empty()) {
            (_, true) => passed,
            (true, _) => last,
            _ => [passed, last].concat().into(),
        }
    }

    fn end(&mut self) {
        self.tally.iter_mut().for_each(Tally::end);
    }
}

/// Text that a mark may have cut a character of.
fn into_text(bytes: Bytes) -> String {
    let whole = String::from_utf8(bytes.into());
    whole.unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
}
