//! HTTP/1.1 as bytes: heads are kept as they came, since what a URL library makes of
//! them is just what the tests must not depend on.

use std::io;

use bytes::{Buf as _, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt as _};

/// The largest head that is read.
const MAX_HEAD: usize = 1024 * 1024;

/// The first line and the fields of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    pub first_line: String,
    pub fields: Vec<(String, String)>,
}

impl Head {
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(bytes).ok()?;
        let mut lines = text.trim_end_matches("\r\n").split("\r\n");
        let first_line = lines.next()?.to_owned();
        let field =
            |line: &str| line.split_once(':').map(|(name, value)| (name.to_owned(), value.trim().to_owned()));
        Some(Self { first_line, fields: lines.map(field).collect::<Option<_>>()? })
    }

    /// All values of a field, in order.
    pub fn all(&self, name: &str) -> Vec<&str> {
        let of = self.fields.iter().filter(|(field, _)| field.eq_ignore_ascii_case(name));
        of.map(|(_, value)| value.as_str()).collect()
    }

    pub fn has(&self, name: &str) -> bool {
        !self.all(name).is_empty()
    }
}

/// Reads messages off a connection.
pub struct Reader<S> {
    pub stream: S,
    buffer: BytesMut,
}

impl<S: AsyncRead + Unpin> Reader<S> {
    pub fn new(stream: S) -> Self {
        Self { stream, buffer: BytesMut::new() }
    }

    /// The next head; none when the other end is done.
    pub async fn head(&mut self) -> io::Result<Option<Head>> {
        loop {
            if let Some(end) = self.buffer.windows(4).position(|window| window == b"\r\n\r\n") {
                let bytes = self.buffer.split_to(end + 4);
                return Head::parse(&bytes).map(Some).ok_or_else(|| io::Error::other("no HTTP head"));
            }
            if self.buffer.len() > MAX_HEAD || self.stream.read_buf(&mut self.buffer).await? == 0 {
                return Ok(None);
            }
        }
    }

    /// The body that the head announces.
    pub async fn body(&mut self, head: &Head) -> io::Result<Vec<u8>> {
        if head.all("transfer-encoding") == ["chunked"] {
            return self.chunked().await;
        }
        let length = head.all("content-length").first().map_or(Ok(0), |length| length.parse());
        self.exactly(length.map_err(io::Error::other)?).await
    }

    /// Reads the body that the head announces with a length, and tells of each piece instead of keeping it.
    pub async fn skip_body(&mut self, head: &Head, mut read: impl FnMut(u64)) -> io::Result<()> {
        let length = head.all("content-length").first().map_or(Ok(0), |length| length.parse::<u64>());
        let mut left = length.map_err(io::Error::other)?;
        while left > 0 {
            if self.buffer.is_empty() {
                self.more().await?;
            }
            let some = left.min(self.buffer.len() as u64);
            self.buffer.advance(usize::try_from(some).map_err(io::Error::other)?);
            left -= some;
            read(some);
        }
        Ok(())
    }

    async fn chunked(&mut self) -> io::Result<Vec<u8>> {
        let mut body = Vec::new();
        loop {
            let line = self.line().await?;
            let size = usize::from_str_radix(line.trim(), 16).map_err(io::Error::other)?;
            body.extend(self.exactly(size).await?);
            self.line().await?;
            if size == 0 {
                return Ok(body);
            }
        }
    }

    async fn line(&mut self) -> io::Result<String> {
        loop {
            if let Some(end) = self.buffer.windows(2).position(|window| window == b"\r\n") {
                let line = self.buffer.split_to(end + 2);
                return String::from_utf8(line[..end].to_vec()).map_err(io::Error::other);
            }
            self.more().await?;
        }
    }

    async fn exactly(&mut self, length: usize) -> io::Result<Vec<u8>> {
        self.buffer.reserve(length.saturating_sub(self.buffer.len()));
        while self.buffer.len() < length {
            self.more().await?;
        }
        Ok(self.buffer.split_to(length).to_vec())
    }

    async fn more(&mut self) -> io::Result<()> {
        match self.stream.read_buf(&mut self.buffer).await? {
            0 => Err(io::ErrorKind::UnexpectedEof.into()),
            _ => Ok(()),
        }
    }
}
