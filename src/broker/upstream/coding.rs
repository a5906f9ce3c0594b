//! What an answer's body is wrapped in: which codings are taken, and the one that is taken off here.
//!
//! Only what was asked for is taken: a body that is still encoded would reach the caller unscrubbed. The headers are
//! judged as they came, and nothing before this takes a coding off, nor the header that told of it.

use std::future::ready;
use std::io;

use async_compression::tokio::bufread::GzipDecoder;
use bytes::Bytes;
use futures_core::Stream;
use futures_util::future::Either;
use futures_util::stream::{self, StreamExt as _, TryStreamExt as _};
use http::HeaderMap;
use http::header::{CONTENT_ENCODING, TRANSFER_ENCODING};
use tokio_util::io::{ReaderStream, StreamReader};

/// How much is decoded at a time: all the memory that a body takes, however far it expands.
const PIECE: usize = 16 * 1024;

/// How a body is encoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Coding {
    Identity,
    Gzip,
}

impl Coding {
    /// The coding of the body that comes with `headers`; `None` where it is not one that was asked for.
    pub(super) fn of(headers: &HeaderMap) -> Option<Self> {
        let lines = |name| headers.get_all(name).iter().map(|line| line.as_bytes().to_ascii_lowercase());
        // The HTTP library undoes `chunked`, and leaves what else is named with it.
        if !lines(TRANSFER_ENCODING).eq([b"chunked"]) && headers.contains_key(TRANSFER_ENCODING) {
            return None;
        }
        let mut codings = lines(CONTENT_ENCODING);
        match (codings.next().as_deref(), codings.next()) {
            (None | Some(b"identity"), None) => Some(Self::Identity),
            (Some(b"gzip"), None) => Some(Self::Gzip),
            _ => None,
        }
    }
}

/// What `pieces` hold, where they are gzip (RFC 1952): all its members, one after the other. No bytes at all are taken
/// for an empty body, which some servers announce like any other.
pub(super) fn gunzip(
    pieces: impl Stream<Item = io::Result<Bytes>> + Send + 'static,
) -> impl Stream<Item = io::Result<Bytes>> + Send {
    let mut pieces = Box::pin(pieces.try_filter(|piece| ready(!piece.is_empty())).peekable());
    let begun = async move {
        if pieces.as_mut().peek().await.is_none() {
            return Either::Left(stream::empty());
        }
        let mut decoder = GzipDecoder::new(StreamReader::new(pieces));
        decoder.multiple_members(true);
        Either::Right(ReaderStream::with_capacity(decoder, PIECE))
    };
    stream::once(begun).flatten()
}
