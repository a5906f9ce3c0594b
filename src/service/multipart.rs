//! What a client uploads: a file, or a form of fields and files (`multipart/form-data`,
//! RFC 7578), as a body whose length is known before its first byte is sent.
//!
//! The client opens every file before anything leaves, so a daemon never sees a path, and
//! a missing file is found while nothing has happened yet. Files are read as they are sent.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

use bytes::Bytes;
use futures_util::stream;
use thiserror::Error;

use super::{CallerBodyFault, RequestBody};
use crate::platform::entropy::{self, EntropyError};
use crate::platform::files::{FileError, open_regular};

/// How much of a file is read at once.
const CHUNK: usize = 64 * 1024;

/// Why a form or file cannot be sent.
#[derive(Debug, Error)]
pub enum UploadError {
    #[error(transparent)]
    Open(#[from] FileError),
    #[error("the {what} {text:?} has a control character, which would break the form apart")]
    ControlCharacter { what: &'static str, text: String },
    #[error(transparent)]
    Entropy(#[from] EntropyError),
}

impl UploadError {
    /// What the person at the shell can do next.
    #[must_use]
    pub fn help(&self) -> Option<String> {
        match self {
            Self::Open(error) => Some(error.help()),
            Self::ControlCharacter { .. } => Some("use a name without line breaks and the like".to_owned()),
            Self::Entropy(_) => None,
        }
    }
}

/// A file that stands open, to be sent as long as it was when it was opened.
pub struct Upload {
    file: File,
    length: u64,
}

impl Upload {
    /// # Errors
    /// When `path` is missing, may not be read, or is no regular file.
    pub fn open(path: &Path) -> Result<Self, UploadError> {
        let (file, length) = open_regular(path)?;
        Ok(Self { file, length })
    }

    /// The file alone as a body.
    #[must_use]
    pub fn into_body(self) -> RequestBody {
        let length = self.length;
        body(vec![Piece::File(self)], length)
    }
}

/// A form that is being filled in.
pub struct Form {
    boundary: String,
    pieces: Vec<Piece>,
    length: u64,
}

/// A stretch of a body.
enum Piece {
    Bytes(Bytes),
    File(Upload),
}

impl Form {
    /// An empty form, with a boundary that nobody can foresee: 128 random bits.
    ///
    /// # Errors
    /// When the system gives no random bytes.
    pub fn new() -> Result<Self, UploadError> {
        let random = u128::from_ne_bytes(entropy::bytes()?);
        Ok(Self { boundary: format!("{random:032x}"), pieces: Vec::new(), length: 0 })
    }

    /// Adds a field with a text.
    ///
    /// # Errors
    /// When the name has control characters.
    pub fn field(&mut self, name: &str, value: &str) -> Result<(), UploadError> {
        let name = quoted("field name", name)?;
        let head = format!("--{}\r\nContent-Disposition: form-data; name={name}\r\n\r\n", self.boundary);
        self.push(Piece::Bytes(Bytes::from(format!("{head}{value}\r\n"))));
        Ok(())
    }

    /// Adds a file, whose type is told from its name.
    ///
    /// # Errors
    /// When the file cannot be opened, or a name has control characters.
    pub fn file(&mut self, name: &str, path: &Path) -> Result<(), UploadError> {
        let upload = Upload::open(path)?;
        let name = quoted("field name", name)?;
        let file_name = path.file_name().unwrap_or_default().to_string_lossy();
        let file_name = quoted("file name", &file_name)?;
        let head = format!(
            "--{}\r\nContent-Disposition: form-data; name={name}; filename={file_name}\r\nContent-Type: {}\r\n\r\n",
            self.boundary,
            media_type(path),
        );
        self.push(Piece::Bytes(Bytes::from(head)));
        self.push(Piece::File(upload));
        self.push(Piece::Bytes(Bytes::from_static(b"\r\n")));
        Ok(())
    }

    /// Adds a file whose content is at hand; its type is told from its name unless it is said.
    ///
    /// # Errors
    /// When a name or the type has control characters.
    pub fn bytes(
        &mut self,
        name: &str,
        file_name: &str,
        content_type: Option<&str>,
        content: Bytes,
    ) -> Result<(), UploadError> {
        let content_type = content_type.unwrap_or_else(|| media_type(Path::new(file_name)));
        if content_type.chars().any(char::is_control) {
            let text = content_type.to_owned();
            return Err(UploadError::ControlCharacter { what: "content type", text });
        }
        let (name, file_name) = (quoted("field name", name)?, quoted("file name", file_name)?);
        let head = format!(
            "--{}\r\nContent-Disposition: form-data; name={name}; filename={file_name}\r\nContent-Type: {content_type}\r\n\r\n",
            self.boundary,
        );
        self.push(Piece::Bytes(Bytes::from(head)));
        self.push(Piece::Bytes(content));
        self.push(Piece::Bytes(Bytes::from_static(b"\r\n")));
        Ok(())
    }

    /// The value of the request's `content-type` header.
    #[must_use]
    pub fn content_type(&self) -> String {
        format!("multipart/form-data; boundary={}", self.boundary)
    }

    /// The finished form as a body.
    #[must_use]
    pub fn into_body(mut self) -> RequestBody {
        let end = format!("--{}--\r\n", self.boundary);
        self.push(Piece::Bytes(Bytes::from(end)));
        body(self.pieces, self.length)
    }

    fn push(&mut self, piece: Piece) {
        self.length += match &piece {
            Piece::Bytes(bytes) => bytes.len() as u64,
            Piece::File(upload) => upload.length,
        };
        self.pieces.push(piece);
    }
}

/// A name within quotes, as browsers write it (HTML Standard, "multipart form data").
fn quoted(what: &'static str, name: &str) -> Result<String, UploadError> {
    if name.chars().any(char::is_control) {
        return Err(UploadError::ControlCharacter { what, text: name.to_owned() });
    }
    Ok(format!("\"{}\"", name.replace('"', "%22")))
}

/// The media type that a file's name suggests; some upstreams refuse a file without its own.
fn media_type(path: &Path) -> &'static str {
    let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
    match extension.to_ascii_lowercase().as_str() {
        "csv" => "text/csv",
        "flac" => "audio/flac",
        "gif" => "image/gif",
        "htm" | "html" => "text/html",
        "jpeg" | "jpg" => "image/jpeg",
        "json" => "application/json",
        "jsonl" => "application/jsonl",
        "m4a" => "audio/mp4",
        "md" => "text/markdown",
        "mov" => "video/quicktime",
        "mp3" | "mpga" => "audio/mpeg",
        "mp4" => "video/mp4",
        "oga" | "ogg" | "opus" => "audio/ogg",
        "pdf" => "application/pdf",
        "png" => "image/png",
        "svg" => "image/svg+xml",
        "txt" => "text/plain",
        "wav" => "audio/wav",
        "webm" => "video/webm",
        "webp" => "image/webp",
        "xml" => "application/xml",
        "zip" => "application/zip",
        _ => "application/octet-stream",
    }
}

fn body(pieces: Vec<Piece>, length: u64) -> RequestBody {
    if length == 0 {
        return RequestBody::Empty;
    }
    let chunks = pieces.into_iter().flat_map(Chunks::of);
    RequestBody::Stream { stream: Box::pin(stream::iter(chunks)), length: Some(length) }
}

/// What is left of a piece, in chunks; exactly as many bytes as were announced, or a fault.
enum Chunks {
    Bytes(Option<Bytes>),
    File(Upload),
}

impl Chunks {
    fn of(piece: Piece) -> Self {
        match piece {
            Piece::Bytes(bytes) => Self::Bytes(Some(bytes)),
            Piece::File(upload) => Self::File(upload),
        }
    }
}

impl Iterator for Chunks {
    type Item = Result<Bytes, CallerBodyFault>;

    fn next(&mut self) -> Option<Self::Item> {
        match self {
            Self::Bytes(bytes) => bytes.take().map(Ok),
            Self::File(upload) if upload.length == 0 => None,
            Self::File(upload) => Some(next_of_file(upload)),
        }
    }
}

fn next_of_file(upload: &mut Upload) -> Result<Bytes, CallerBodyFault> {
    let wanted = usize::try_from(upload.length).map_or(CHUNK, |left| left.min(CHUNK));
    let mut buffer = vec![0; wanted];
    match read_some(&mut upload.file, &mut buffer) {
        Ok(0) => Err(CallerBodyFault::TooShort),
        Ok(count) => {
            upload.length -= count as u64;
            buffer.truncate(count);
            Ok(Bytes::from(buffer))
        }
        Err(_) => Err(CallerBodyFault::BrokenOff),
    }
    .inspect_err(|_| upload.length = 0)
}

fn read_some(file: &mut File, buffer: &mut [u8]) -> io::Result<usize> {
    loop {
        match file.read(buffer) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            done => return done,
        }
    }
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "tests change files while they are sent")]
mod tests {
    use std::fs;

    use futures_util::{FutureExt as _, StreamExt as _};
    use proptest::prelude::*;

    use super::*;

    /// All that a body yields, with the length it announced.
    fn collect(body: RequestBody) -> (Result<Vec<u8>, CallerBodyFault>, u64) {
        let RequestBody::Stream { stream, length } = body else { return (Ok(Vec::new()), 0) };
        let chunks = stream.collect::<Vec<_>>().now_or_never().unwrap();
        let bytes = chunks.into_iter().collect::<Result<Vec<Bytes>, _>>().map(|all| all.concat());
        (bytes, length.unwrap())
    }

    #[test]
    fn a_form_is_written_as_rfc_7578_says() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a \"b\".png");
        fs::write(&path, b"\x89PNG\r\n").unwrap();
        let mut form = Form::new().unwrap();
        form.boundary = "B".to_owned();
        form.field("model", "gpt").unwrap();
        form.file("image", &path).unwrap();
        assert_eq!(form.content_type(), "multipart/form-data; boundary=B");
        let (bytes, length) = collect(form.into_body());
        let expected: &[u8] = b"--B\r\nContent-Disposition: form-data; name=\"model\"\r\n\r\ngpt\r\n\
            --B\r\nContent-Disposition: form-data; name=\"image\"; filename=\"a %22b%22.png\"\r\n\
            Content-Type: image/png\r\n\r\n\x89PNG\r\n\r\n--B--\r\n";
        assert_eq!(bytes.unwrap(), expected);
        assert_eq!(length, expected.len() as u64);
    }

    #[test]
    fn a_name_cannot_smuggle_a_header_into_its_part() {
        let mut form = Form::new().unwrap();
        for name in ["a\r\nauthorization: x", "a\nb", "a\0"] {
            assert!(matches!(form.field(name, "v"), Err(UploadError::ControlCharacter { .. })), "{name:?}");
        }
    }

    #[test]
    fn what_is_not_a_readable_file_is_refused_before_anything_is_sent() {
        let folder = tempfile::tempdir().unwrap();
        let mut form = Form::new().unwrap();
        for path in [folder.path(), Path::new("/dev/zero"), &folder.path().join("none")] {
            let error = form.file("f", path).unwrap_err();
            assert!(error.to_string().contains(path.to_str().unwrap()), "{error}");
        }
        assert_eq!(form.length, 0);
    }

    #[test]
    fn a_file_that_changes_underway_keeps_its_announced_length_or_fails() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("f");
        fs::write(&path, b"12345678").unwrap();
        let grown = Upload::open(&path).unwrap();
        fs::write(&path, b"123456789").unwrap();
        assert_eq!(collect(grown.into_body()), (Ok(b"12345678".to_vec()), 8));
        let shrunk = Upload::open(&path).unwrap();
        fs::write(&path, b"123").unwrap();
        assert_eq!(collect(shrunk.into_body()), (Err(CallerBodyFault::TooShort), 9));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn the_announced_length_is_what_is_sent(
            fields in proptest::collection::vec(("[^\\p{Cc}]{0,12}", ".{0,40}"), 0..4),
            size in 0usize..200_000,
        ) {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("data.bin");
            fs::write(&path, vec![7; size]).unwrap();
            let mut form = Form::new().unwrap();
            for (name, value) in &fields {
                form.field(name, value).unwrap();
            }
            form.file("file", &path).unwrap();
            let boundary = form.boundary.clone();
            let (bytes, length) = collect(form.into_body());
            let bytes = bytes.unwrap();
            prop_assert_eq!(bytes.len() as u64, length);
            let text = String::from_utf8_lossy(&bytes);
            prop_assert_eq!(text.matches(&boundary).count(), fields.len() + 2);
        }
    }
}
