//! Forms of several parts (`multipart/form-data`, RFC 7578), in the plain spelling that clients
//! send: anything that two readers could take apart differently is refused.

use super::MediaType;
use crate::policy::denial::{Denial, Reason};

/// More parts than this are refused.
const MAX_PARTS: usize = 200;

/// Name and value of each part in their order; of a file, its name stands for its bytes.
///
/// # Errors
/// A denial when the body is not a plain sequence of such parts.
pub(super) fn read(media: &MediaType, bytes: &[u8]) -> Result<Vec<(String, String)>, Denial> {
    parts(media, bytes).ok_or_else(|| {
        Denial::new(Reason::BodyNotForm, "the body is not multipart/form-data that reads in one way only")
    })
}

fn parts(media: &MediaType, bytes: &[u8]) -> Option<Vec<(String, String)>> {
    let delimiter = format!("\r\n--{}", media.boundary()?).into_bytes();
    // The first delimiter has no line before it: what stands there is ignored by some, so nothing may.
    let mut rest = bytes.strip_prefix(&delimiter[2..])?;
    let mut fields = Vec::new();
    loop {
        if let Some(end) = rest.strip_prefix(b"--") {
            return (end.is_empty() || end == b"\r\n").then_some(fields);
        }
        let body = rest.strip_prefix(b"\r\n")?;
        let end = memchr::memmem::find(body, &delimiter)?;
        fields.push(part(&body[..end])?);
        if fields.len() > MAX_PARTS {
            return None;
        }
        rest = &body[end + delimiter.len()..];
    }
}

fn part(bytes: &[u8]) -> Option<(String, String)> {
    let split = memchr::memmem::find(bytes, b"\r\n\r\n")?;
    let head = std::str::from_utf8(&bytes[..split]).ok()?;
    let mut disposition = None;
    for line in head.split("\r\n") {
        let (name, value) = line.split_once(':')?;
        match name.to_ascii_lowercase().as_str() {
            "content-disposition" if disposition.is_none() => disposition = Some(value.trim()),
            "content-type" | "content-length" => {}
            // A repeated header, an encoding of the part, or one that nobody needs here.
            _ => return None,
        }
    }
    let (name, file) = names(disposition?)?;
    match file {
        Some(file) => Some((name, file)),
        None => Some((name, std::str::from_utf8(&bytes[split + 4..]).ok()?.to_owned())),
    }
}

/// `form-data; name="…"`, and `; filename="…"` of a file, both in quotes and without escapes.
fn names(disposition: &str) -> Option<(String, Option<String>)> {
    let rest = disposition.strip_prefix("form-data; name=\"")?;
    let (name, rest) = rest.split_once('"')?;
    let file = match rest {
        "" => None,
        rest => Some(rest.strip_prefix("; filename=\"")?.strip_suffix('"')?),
    };
    let plain = |text: &str| !text.contains(['"', '\\']) && !text.chars().any(char::is_control);
    let fine = plain(name) && file.is_none_or(plain) && !name.is_empty();
    fine.then(|| (name.to_owned(), file.map(str::to_owned)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(body: &str) -> Option<Vec<(String, String)>> {
        let media = MediaType::parse("multipart/form-data; boundary=B").unwrap();
        read(&media, body.as_bytes()).ok()
    }

    #[test]
    fn parts_have_names_and_values() {
        let body = "--B\r\nContent-Disposition: form-data; name=\"model\"\r\n\r\nwhisper\r\n\
            --B\r\ncontent-disposition: form-data; name=\"file\"; filename=\"a.mp3\"\r\nContent-Type: audio/mpeg\r\n\r\n\u{1}\r\n--B--\r\n";
        let field = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        assert_eq!(fields(body), Some(vec![field("model", "whisper"), field("file", "a.mp3")]));
    }

    #[test]
    fn another_reading_is_a_refusal() {
        let part = |head: &str| format!("--B\r\n{head}\r\n\r\nx\r\n--B--\r\n");
        assert!(fields(&part("content-disposition: form-data; name=\"a\"")).is_some());
        for head in [
            "content-disposition: form-data; name=a",
            "content-disposition: form-data; name=\"a\\\"b\"",
            "content-disposition: form-data; name=\"a\"; name=\"b\"",
            "content-disposition: form-data; name=\"a\"; filename*=UTF-8''x",
            "content-disposition: form-data; name=\"a\"\r\ncontent-disposition: form-data; name=\"b\"",
            "content-disposition: form-data; name=\"a\"\r\ncontent-transfer-encoding: base64",
            "content-disposition: form-data; name=\"\"",
            "content-type: text/plain",
        ] {
            assert!(fields(&part(head)).is_none(), "{head}");
        }
        for body in ["", "--B", "preamble\r\n--B--", "--B\nx", "--B\r\n\r\nx", "--B--epilogue"] {
            assert!(fields(body).is_none(), "{body:?}");
        }
    }
}
