//! An upstream's answer as a tool's result: text as it is, pictures as pictures, other bytes as a blob, and never more
//! of it than an agent can be given.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures_util::StreamExt as _;
use http::HeaderMap;
use http::header::{CONTENT_TYPE, LOCATION, RETRY_AFTER};
use rmcp::model::{CallToolResult, ContentBlock, ResourceContents};
use serde_json::value::Value;

use super::failure;
use crate::service::{Reply, ServiceError};

/// How much of an answer is passed on.
const LONGEST: usize = 1024 * 1024;

/// What came of a body.
struct Read {
    bytes: Vec<u8>,
    /// Whether there was more than is passed on.
    is_cut: bool,
    broke_off: Option<ServiceError>,
}

/// Reads the answer to the call of `capability`.
pub(super) async fn result(capability: &str, reply: Reply) -> CallToolResult {
    let Reply { status, headers, body } = reply;
    let read = read(body).await;
    let block = block(capability, &headers, &read);
    if let Some(error) = &read.broke_off {
        return failure::result(error, (!read.bytes.is_empty()).then_some(block));
    }
    let note = note(status, &headers, &read);
    let content: Vec<_> =
        note.map(ContentBlock::text).into_iter().chain((!read.bytes.is_empty()).then_some(block)).collect();
    if status < 400 {
        return CallToolResult::success(content);
    }
    let mut result = CallToolResult::error(content);
    result.structured_content = Some(serde_json::json!({ "status": status, "body": as_value(&read) }));
    result
}

async fn read(mut body: std::pin::Pin<Box<dyn futures_core::Stream<Item = Piece> + Send>>) -> Read {
    let mut read = Read { bytes: Vec::new(), is_cut: false, broke_off: None };
    while let Some(piece) = body.next().await {
        match piece {
            Ok(piece) => {
                let room = LONGEST - read.bytes.len();
                read.bytes.extend_from_slice(&piece[..piece.len().min(room)]);
                if piece.len() > room {
                    read.is_cut = true;
                    break;
                }
            }
            Err(error) => {
                read.broke_off = Some(error);
                break;
            }
        }
    }
    read
}

type Piece = Result<bytes::Bytes, ServiceError>;

/// What an agent has to know beside the body; nothing where that speaks for itself.
fn note(status: u16, headers: &HeaderMap, read: &Read) -> Option<String> {
    let is_plain = (200..300).contains(&status) && !read.bytes.is_empty();
    let mut facts = if is_plain { Vec::new() } else { vec![format!("the upstream answered {status}")] };
    for (name, label) in [(LOCATION, "location"), (RETRY_AFTER, "retry-after")] {
        let value = headers.get(&name).and_then(|value| value.to_str().ok()).filter(|_| !is_plain);
        facts.extend(value.map(|value| format!("{label}: {value}")));
    }
    if read.bytes.is_empty() {
        facts.push("no content".to_owned());
    }
    if read.is_cut {
        facts.push(format!("cut: only the first {LONGEST} bytes of the answer are here"));
    }
    (!facts.is_empty()).then(|| facts.join("; "))
}

fn block(capability: &str, headers: &HeaderMap, read: &Read) -> ContentBlock {
    if let Some(text) = text(read) {
        return ContentBlock::text(text);
    }
    let kind = media_type(headers);
    if read.is_cut {
        return ContentBlock::text(format!(
            "more than {LONGEST} bytes of {kind}, which is no text: left out"
        ));
    }
    let data = STANDARD.encode(&read.bytes);
    if kind.starts_with("image/") {
        return ContentBlock::image(data, kind);
    }
    let uri = format!("aivault:///{capability}");
    ContentBlock::resource(ResourceContents::blob(data, uri).with_mime_type(kind))
}

/// The body where it is text; a character that was cut through is left out.
fn text(read: &Read) -> Option<&str> {
    match std::str::from_utf8(&read.bytes) {
        Ok(text) => Some(text),
        Err(error) if read.is_cut && error.error_len().is_none() => {
            std::str::from_utf8(&read.bytes[..error.valid_up_to()]).ok()
        }
        Err(_) => None,
    }
}

fn media_type(headers: &HeaderMap) -> String {
    let said = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let kind = said.and_then(|said| said.split(';').next()).map(|kind| kind.trim().to_ascii_lowercase());
    kind.filter(|kind| kind.contains('/')).unwrap_or_else(|| "application/octet-stream".to_owned())
}

fn as_value(read: &Read) -> Value {
    let Some(text) = text(read) else { return Value::Null };
    serde_json::from_str(text).unwrap_or_else(|_| text.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::service::ErrorKind;
    use bytes::Bytes;
    use futures_util::{FutureExt as _, stream};

    fn answered(status: u16, fields: &[(&'static str, &str)], pieces: Vec<Piece>) -> Value {
        let headers = fields.iter().map(|(name, value)| {
            (http::HeaderName::from_static(name), http::HeaderValue::from_str(value).unwrap())
        });
        let reply = Reply { status, headers: headers.collect(), body: Box::pin(stream::iter(pieces)) };
        serde_json::to_value(result("a/b", reply).now_or_never().unwrap()).unwrap()
    }

    fn piece(bytes: impl Into<Bytes>) -> Vec<Piece> {
        vec![Ok(bytes.into())]
    }

    #[test]
    fn text_comes_as_it_is() {
        let result = answered(200, &[("content-type", "application/json")], piece(r#"{"z":1.50}"#));
        assert_eq!(result["content"][0]["text"], r#"{"z":1.50}"#);
        assert_eq!((&result["isError"], result["content"].as_array().unwrap().len()), (&false.into(), 1));
        let nothing = answered(204, &[], Vec::new());
        assert_eq!(nothing["content"][0]["text"], "the upstream answered 204; no content");
    }

    #[test]
    fn an_upstreams_error_is_one_with_status_and_body() {
        let result = answered(429, &[("retry-after", "3")], piece(r#"{"error":"slow down"}"#));
        assert_eq!(result["isError"], true);
        assert_eq!(result["content"][0]["text"], "the upstream answered 429; retry-after: 3");
        assert_eq!(result["content"][1]["text"], r#"{"error":"slow down"}"#);
        assert_eq!(result["structuredContent"]["status"], 429);
        assert_eq!(result["structuredContent"]["body"]["error"], "slow down");
    }

    #[test]
    fn bytes_come_in_base64() {
        let result = answered(200, &[("content-type", "audio/mpeg")], piece(&b"\xff\x00"[..]));
        let resource = &result["content"][0]["resource"];
        assert_eq!((&resource["blob"], &resource["mimeType"]), (&"/wA=".into(), &"audio/mpeg".into()));
        let image = answered(200, &[("content-type", "image/png; q=1")], piece(&b"\x89PNG"[..]));
        assert_eq!(image["content"][0]["mimeType"], "image/png");
    }

    #[test]
    fn what_is_too_long_is_cut_between_characters() {
        let long = "é".repeat(LONGEST);
        let result = answered(200, &[], vec![Ok("a".into()), Ok(long.into())]);
        assert!(result["content"][0]["text"].as_str().unwrap().starts_with("cut: only the first 1048576"));
        assert_eq!(result["content"][1]["text"].as_str().unwrap().len(), LONGEST - 1);
        let bytes = answered(200, &[("content-type", "audio/mpeg")], piece(vec![0xff; LONGEST + 1]));
        assert!(bytes["content"][1]["text"].as_str().unwrap().contains("of audio/mpeg"));
        let whole = answered(200, &[], piece("a".repeat(LONGEST)));
        assert_eq!(whole["content"].as_array().unwrap().len(), 1);
    }

    #[test]
    fn what_breaks_off_is_an_error_behind_what_came() {
        let error = ServiceError::new(ErrorKind::UpstreamUnreachable, "gone").reason("upstream.broken");
        let result = answered(200, &[], vec![Ok("half".into()), Err(error)]);
        assert_eq!((&result["isError"], &result["content"][0]["text"]), (&true.into(), &"half".into()));
        assert_eq!(result["structuredContent"]["reason"], "upstream.broken");
    }
}
