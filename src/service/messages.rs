//! The messages of a WebSocket between client and daemon: each behind what it is, in one byte, and its length, in
//! four, big endian. A text is UTF-8; the end is a code in two bytes, 0 for none, and a reason. The daemon may say an
//! error in place of the end: the error object, as JSON.
//!
//! Never holds more than one message that is not whole yet, and no longer one than the broker takes.

use std::pin::Pin;

use bytes::{Buf as _, BufMut as _, Bytes, BytesMut};
use futures_core::Stream;
use futures_util::{StreamExt as _, stream};

use super::error::ServiceError;
use super::wire::WireError;
use crate::broker::{Close, MAX_MESSAGE, Message, MessageFault};

const TEXT: u8 = b't';
const BINARY: u8 = b'b';
const CLOSE: u8 = b'c';
const ERROR: u8 = b'e';
/// What stands before each message.
const HEAD: usize = 5;

/// A message as it goes over the socket.
#[must_use]
pub fn encode(message: &Message) -> Bytes {
    match message {
        Message::Text(text) => framed(TEXT, &[text.as_bytes()]),
        Message::Binary(bytes) => framed(BINARY, &[bytes]),
        Message::Close(Close { code, reason }) => {
            framed(CLOSE, &[&code.unwrap_or(0).to_be_bytes(), reason.as_bytes()])
        }
    }
}

/// Why there is no more, as it goes over the socket.
#[must_use]
pub fn encode_error(error: &ServiceError) -> Bytes {
    // Nothing in it could have no form; if it had none, it would be told as unreadable.
    framed(ERROR, &[&serde_json::to_vec(&WireError::full(error)).unwrap_or_default()])
}

fn framed(kind: u8, parts: &[&[u8]]) -> Bytes {
    let length: usize = parts.iter().map(|part| part.len()).sum();
    let mut framed = BytesMut::with_capacity(HEAD + length);
    framed.put_u8(kind);
    // Of one that is too long to be told so, the other side sees at its first bytes that it is too long.
    framed.put_u32(u32::try_from(length).unwrap_or(u32::MAX));
    parts.iter().for_each(|part| framed.extend_from_slice(part));
    framed.freeze()
}

/// Takes what comes first off the front of what has come; none while it is not there whole.
fn take(buffer: &mut BytesMut) -> Result<Option<(u8, Bytes)>, MessageFault> {
    let Some([kind, length @ ..]) = buffer.first_chunk::<HEAD>().copied() else { return Ok(None) };
    let length = u32::from_be_bytes(length) as usize;
    if length > MAX_MESSAGE {
        return Err(MessageFault::TooLong);
    }
    if buffer.len() < HEAD + length {
        buffer.reserve(HEAD + length - buffer.len());
        return Ok(None);
    }
    buffer.advance(HEAD);
    Ok(Some((kind, buffer.split_to(length).freeze())))
}

fn message(kind: u8, content: Bytes) -> Result<Message, MessageFault> {
    let text = |bytes: Bytes| {
        String::from_utf8(bytes.into()).map_err(|_| MessageFault::Malformed("its text is not UTF-8"))
    };
    match (kind, content.first_chunk::<2>().copied()) {
        (TEXT, _) => text(content).map(Message::Text),
        (BINARY, _) => Ok(Message::Binary(content)),
        (CLOSE, Some(code)) => {
            let code = Some(u16::from_be_bytes(code)).filter(|code| *code != 0);
            Ok(Message::Close(Close { code, reason: text(content.slice(2..))? }))
        }
        _ => Err(MessageFault::Malformed("it is of no known kind")),
    }
}

/// What a caller says in a stream of bytes, however it is cut; an error is the last item.
pub fn of_caller<S>(pieces: S) -> Messages<MessageFault>
where
    S: Stream<Item = Result<Bytes, MessageFault>> + Send + 'static,
{
    decoded(pieces, message, || MessageFault::BrokenOff)
}

/// The same of what the daemon says. `torn` is the error of a stream that ends within a message.
pub(in crate::service) fn of_daemon<S>(pieces: S, torn: fn() -> ServiceError) -> Messages<ServiceError>
where
    S: Stream<Item = Result<Bytes, ServiceError>> + Send + 'static,
{
    let read = move |kind, content: Bytes| match kind {
        ERROR => {
            Err(serde_json::from_slice::<WireError>(&content).map_or_else(|_| torn(), ServiceError::from))
        }
        _ => Ok(message(kind, content)?),
    };
    decoded(pieces, read, torn)
}

fn decoded<S, E>(
    pieces: S,
    read: impl Fn(u8, Bytes) -> Result<Message, E> + Send + 'static,
    torn: fn() -> E,
) -> Messages<E>
where
    S: Stream<Item = Result<Bytes, E>> + Send + 'static,
    E: From<MessageFault> + Send + 'static,
{
    let state = Some((Box::pin(pieces), BytesMut::new(), read));
    Box::pin(stream::unfold(state, move |state| async move {
        let (mut pieces, mut buffer, read) = state?;
        loop {
            let taken = take(&mut buffer)
                .map_err(E::from)
                .and_then(|taken| taken.map(|(kind, content)| read(kind, content)).transpose());
            match taken {
                Err(error) => return Some((Err(error), None)),
                Ok(Some(message)) => return Some((Ok(message), Some((pieces, buffer, read)))),
                Ok(None) => {}
            }
            match pieces.next().await {
                Some(Ok(piece)) => buffer.extend_from_slice(&piece),
                Some(Err(error)) => return Some((Err(error), None)),
                None if buffer.is_empty() => return None,
                None => return Some((Err(torn()), None)),
            }
        }
    }))
}

/// Messages as they come.
pub type Messages<E> = Pin<Box<dyn Stream<Item = Result<Message, E>> + Send>>;

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use crate::service::error::ErrorKind;

    use super::*;

    fn samples() -> Vec<Message> {
        vec![
            Message::Text(String::new()),
            Message::Text("é\n".to_owned()),
            Message::Binary(Bytes::from_static(b"\0\xff")),
            Message::Binary(vec![7; 70_000].into()),
            Message::Close(Close::default()),
            Message::Close(Close { code: Some(4000), reason: "done".to_owned() }),
        ]
    }

    fn collected(pieces: Vec<Bytes>) -> Vec<Result<Message, MessageFault>> {
        let pieces = stream::iter(pieces.into_iter().map(Ok));
        of_caller(pieces).collect().now_or_never().unwrap()
    }

    #[test]
    fn messages_arrive_in_pieces_of_any_size() {
        let sent: Vec<u8> = samples().iter().flat_map(encode).collect();
        for size in [1, 2, 5, 64, 100_000] {
            let pieces = sent.chunks(size).map(Bytes::copy_from_slice).collect();
            let came: Vec<_> = collected(pieces).into_iter().map(Result::unwrap).collect();
            assert_eq!(came, samples());
        }
    }

    #[test]
    fn nonsense_is_refused_and_ends_it() {
        let bytes = |bytes: &[u8]| vec![Bytes::copy_from_slice(bytes)];
        for (sent, fault) in [
            (&b"x\0\0\0\0"[..], MessageFault::Malformed("it is of no known kind")),
            (b"c\0\0\0\x01a", MessageFault::Malformed("it is of no known kind")),
            (b"t\0\0\0\x01\xff", MessageFault::Malformed("its text is not UTF-8")),
            (b"b\xff\xff\xff\xff", MessageFault::TooLong),
            (b"b\x01\0\0\x01", MessageFault::TooLong),
            (b"t\0\0\0\x02a", MessageFault::BrokenOff),
            (b"t\0", MessageFault::BrokenOff),
        ] {
            assert_eq!(collected(bytes(sent)), [Err(fault)], "{sent:?}");
        }
    }

    #[test]
    fn an_error_is_the_daemons_to_say() {
        let torn = || ServiceError::new(ErrorKind::VaultUnavailable, "torn");
        let error = ServiceError::new(ErrorKind::UpstreamTimeout, "late").reason("call.timeout").help("wait");
        let said = [encode(&Message::Text("a".to_owned())), encode_error(&error)].concat();
        let came = |said: &[u8]| -> Vec<_> {
            let pieces = stream::iter([Ok(Bytes::copy_from_slice(said))]);
            of_daemon(pieces, torn).collect().now_or_never().unwrap()
        };
        assert_eq!(came(&said), [Ok(Message::Text("a".to_owned())), Err(error)]);
        assert_eq!(came(b"e\0\0\0\x02{}"), [Err(torn())]);
        assert_eq!(collected(vec![said.into()])[1], Err(MessageFault::Malformed("it is of no known kind")));
    }

    #[test]
    fn the_longest_message_passes() {
        let longest = Message::Binary(vec![0; MAX_MESSAGE].into());
        assert_eq!(collected(vec![encode(&longest)]), [Ok(longest)]);
    }
}
