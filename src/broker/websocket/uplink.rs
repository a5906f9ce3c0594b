//! The way to the upstream: what the caller sends, and a sign of life now and then, one after the other, so that no
//! more than one message of a caller is held.

use std::time::Duration;

use bytes::Bytes;
use futures_util::stream::SplitSink;
use futures_util::{SinkExt as _, StreamExt as _};
use tokio::time::{Instant, MissedTickBehavior, interval_at};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message as Frame;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;

use super::message::{CallerMessages, Message, MessageFault};
use crate::broker::upstream::UpgradedStream;

/// Sends all that the caller has; ends when the upstream takes no more, or the caller wants to close.
pub(super) async fn carry(
    mut to: SplitSink<WebSocketStream<UpgradedStream>, Frame>,
    from: CallerMessages,
    beat: Duration,
) -> Result<(), MessageFault> {
    let mut from = from.fuse();
    let mut beats = interval_at(Instant::now() + beat, beat);
    beats.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        let frame = tokio::select! {
            Some(message) = from.next() => frame(message?)?,
            _ = beats.tick() => Frame::Ping(Bytes::new()),
        };
        let is_last = frame.is_close();
        // What came of a connection that takes nothing more is for whoever reads from it to see.
        if to.send(frame).await.is_err() || is_last {
            return Ok(());
        }
    }
}

fn frame(message: Message) -> Result<Frame, MessageFault> {
    let is_too_long = match &message {
        Message::Text(text) => text.len() > super::MAX_MESSAGE,
        Message::Binary(bytes) => bytes.len() > super::MAX_MESSAGE,
        Message::Close(_) => false,
    };
    if is_too_long {
        return Err(MessageFault::TooLong);
    }
    Ok(match message {
        Message::Text(text) => Frame::Text(text.into()),
        Message::Binary(bytes) => Frame::Binary(bytes),
        // A caller that is done says no more than that.
        Message::Close(_) => {
            Frame::Close(Some(CloseFrame { code: CloseCode::Normal, reason: String::new().into() }))
        }
    })
}
