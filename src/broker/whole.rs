//! A body that is waited for as a whole, up to a bound; one that cannot be had whole stays as it
//! would have been sent.

use bytes::{Bytes, BytesMut};
use futures_util::{StreamExt as _, stream};

use super::upstream::{CallerBodyFault, CallerStream, RequestBody};

/// A body as far as it could be had.
pub(super) enum Gathered {
    Whole(Bytes),
    Part {
        why: Lack,
        /// Its length, as far as that is known.
        length: u64,
        /// All of it, as it would have been sent unread.
        body: RequestBody,
    },
}

/// Why there is no more of a body.
pub(super) enum Lack {
    TooLarge,
    Broken(CallerBodyFault),
    /// What is sent comes in messages of a WebSocket, once that is open.
    Messages,
}

/// Waits for a body of at most `most` bytes.
pub(super) async fn gather(body: RequestBody, most: u64) -> Gathered {
    if let Some(length) = body.length().filter(|length| *length > most) {
        return Gathered::Part { why: Lack::TooLarge, length, body };
    }
    match body {
        RequestBody::Empty => Gathered::Whole(Bytes::new()),
        RequestBody::Bytes(bytes) => Gathered::Whole(bytes),
        RequestBody::Stream { stream, length } => of_stream(stream, length, most).await,
        RequestBody::Messages => Gathered::Part { why: Lack::Messages, length: 0, body },
    }
}

/// What is to be sent of a body that was had whole.
pub(super) fn sent(bytes: Bytes) -> RequestBody {
    if bytes.is_empty() { RequestBody::Empty } else { RequestBody::Bytes(bytes) }
}

async fn of_stream(mut stream: CallerStream, announced: Option<u64>, most: u64) -> Gathered {
    let mut begun = BytesMut::new();
    let mut fault = None;
    while begun.len() as u64 <= most {
        match stream.next().await {
            Some(Ok(piece)) => begun.extend_from_slice(&piece),
            Some(Err(broken)) => {
                fault = Some(broken);
                break;
            }
            None => break,
        }
    }
    let length = begun.len() as u64;
    let why = match fault.or(unlike(announced, length)) {
        _ if length > most => Lack::TooLarge,
        Some(fault) => Lack::Broken(fault),
        None => return Gathered::Whole(begun.freeze()),
    };
    let first = [Ok(begun.freeze())].into_iter().chain(fault.map(Err));
    let stream: CallerStream = Box::pin(stream::iter(first).chain(stream));
    Gathered::Part { why, length, body: RequestBody::Stream { stream, length: announced } }
}

fn unlike(announced: Option<u64>, length: u64) -> Option<CallerBodyFault> {
    match announced?.cmp(&length) {
        std::cmp::Ordering::Greater => Some(CallerBodyFault::TooShort),
        std::cmp::Ordering::Less => Some(CallerBodyFault::TooLong),
        std::cmp::Ordering::Equal => None,
    }
}
