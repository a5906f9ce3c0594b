//! Reading what a client sends into memory: for so long, and so much at once.
//!
//! A body that streams on to an upstream is not read here and takes the time it needs.

use std::time::Duration;

use axum::body::Body;
use futures_util::TryFutureExt as _;
use zeroize::Zeroizing;

use crate::service::{self, ErrorKind, ServiceError, Unread, wire};

/// How long a client may take over what must be there whole before anything is done.
const PATIENCE: Duration = Duration::from_secs(10);
/// How many bytes of commands are in memory at once, over all connections.
const ROOM: usize = 4 * wire::MAX_COMMAND;

/// What all commands together may take up.
#[derive(Clone)]
pub(super) struct Room(service::Room);

/// A command's bytes, cleared when dropped.
type Whole = service::Whole<Zeroizing<Vec<u8>>>;

impl Room {
    pub(super) fn new() -> Self {
        Self(service::Room::new(wire::MAX_COMMAND, ROOM))
    }

    /// The whole of a command's body. Whoever finds no room waits for it, but no longer than for
    /// the client.
    pub(super) async fn read(&self, body: Body) -> Result<Whole, ServiceError> {
        let reading = self.0.read(body.into_data_stream());
        in_time(reading.map_err(unread), late_command).await
    }
}

fn unread(why: Unread) -> ServiceError {
    match why {
        Unread::BrokenOff => invalid("the command was not sent to its end"),
        Unread::TooLong => invalid(&format!("a command has at most {} bytes", wire::MAX_COMMAND)),
    }
}

/// What `reading` reads, if it is there in time; else the error of what is late.
pub(super) async fn in_time<T, E>(
    reading: impl Future<Output = Result<T, E>>,
    late: impl FnOnce() -> E,
) -> Result<T, E> {
    tokio::time::timeout(PATIENCE, reading).await.map_err(|_| late())?
}

/// The error of a command that is late.
fn late_command() -> ServiceError {
    invalid("the command did not arrive whole within 10 s")
}

fn invalid(message: &str) -> ServiceError {
    ServiceError::new(ErrorKind::InvalidRequest, message)
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

    fn endless_after(first: Body) -> Body {
        Body::from_stream(first.into_data_stream().chain(stream::pending()))
    }

    #[tokio::test(start_paused = true)]
    async fn a_command_that_does_not_end_is_given_up() {
        let error = Room::new().read(endless_after(pieces(1))).await.err().unwrap();
        assert!(error.message.contains("within 10 s"), "{error}");
    }

    #[tokio::test]
    async fn a_command_has_its_bound() {
        assert_eq!(Room::new().read(pieces(16)).await.ok().unwrap().bytes.len(), wire::MAX_COMMAND);
        assert!(Room::new().read(pieces(17)).await.is_err());
    }

    #[tokio::test(start_paused = true)]
    async fn all_commands_together_have_theirs_and_give_it_back() {
        let room = Room::new();
        let mut held = Vec::new();
        for _ in 0..4 {
            held.push(room.read(pieces(16)).await.ok().unwrap());
        }
        assert!(room.read(pieces(1)).await.is_err(), "there is no room");
        held.pop();
        assert!(room.read(pieces(16)).await.is_ok());
        assert!(room.read(pieces(16)).await.is_ok(), "and it was given back");
    }
}
