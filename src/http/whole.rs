//! Reading what a caller sends into memory: for so long, and so much at once, over all connections.
//!
//! A body that streams on to an upstream is not read here and takes the time it needs.

use std::time::Duration;

use axum::body::Body;

use crate::service::{self, ErrorKind, ServiceError, Unread, Whole};

/// The longest envelope, or message of an agent.
pub(super) const LONGEST: usize = 32 * 1024 * 1024;
/// How long a caller may take to send one.
const PATIENCE: Duration = Duration::from_secs(30);
/// How many bytes of those are in memory at once.
const ROOM: usize = 4 * LONGEST;

/// What all of them together may take up.
#[derive(Clone)]
pub(super) struct Room(service::Room);

impl Room {
    pub(super) fn new() -> Self {
        Self(service::Room::new(LONGEST, ROOM))
    }

    pub(super) async fn read(&self, body: Body) -> Result<Whole<Vec<u8>>, ServiceError> {
        let read = tokio::time::timeout(PATIENCE, self.0.read(body.into_data_stream())).await;
        read.map_err(|_| invalid("the message did not arrive whole within 30 s"))?.map_err(unread)
    }
}

fn unread(why: Unread) -> ServiceError {
    invalid(match why {
        Unread::BrokenOff => "the message was not sent to its end",
        Unread::TooLong => "a message has at most 32 MiB; send larger bodies by passthrough",
    })
}

pub(super) fn invalid(message: &str) -> ServiceError {
    ServiceError::new(ErrorKind::InvalidRequest, message).reason("request.malformed")
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use futures_util::{StreamExt as _, stream};

    use super::*;

    fn pieces(count: usize) -> Body {
        let piece = Bytes::from(vec![b'x'; 1 << 20]);
        Body::from_stream(stream::iter((0..count).map(move |_| Ok::<_, std::io::Error>(piece.clone()))))
    }

    #[tokio::test(start_paused = true)]
    async fn an_envelope_has_its_bounds() {
        let room = Room::new();
        assert_eq!(room.read(pieces(32)).await.ok().unwrap().bytes.len(), LONGEST);
        assert!(room.read(pieces(33)).await.is_err());
        let endless = Body::from_stream(pieces(1).into_data_stream().chain(stream::pending()));
        assert!(room.read(endless).await.is_err());
        let held: Vec<_> = futures_util::future::join_all((0..4).map(|_| room.read(pieces(32)))).await;
        assert!(held.iter().all(Result::is_ok) && room.read(pieces(1)).await.is_err(), "there is no room");
        drop(held);
        assert!(room.read(pieces(1)).await.is_ok(), "and it was given back");
    }
}
