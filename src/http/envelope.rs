//! `POST /aivault/proxy`: a call as one JSON document. What it does not know it refuses, a `url` first of all.

use std::fmt;

use axum::body::Body;
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::Request;
use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::door::House;
use super::router::{Known, own_head};
use super::{held, passthrough, refusal};
use crate::service::multipart::{Form, UploadError};
use crate::service::wire::Malformed;
use crate::service::{Call, Caller, RequestBody, ServiceError};
use crate::spec::{CredentialName, Scope};

const JSON: &str = "application/json";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Envelope {
    capability: String,
    #[serde(default)]
    credential: Option<CredentialName>,
    request: Written,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Written {
    #[serde(default)]
    method: Option<String>,
    #[serde(default)]
    path: Option<String>,
    #[serde(default)]
    headers: Pairs,
    /// A text stands for itself, anything else for its JSON as it is written.
    #[serde(default, deserialize_with = "even_null")]
    body: Option<Box<RawValue>>,
    #[serde(default)]
    multipart: Option<Pairs>,
    #[serde(default)]
    multipart_files: Option<Vec<FilePart>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct FilePart {
    name: String,
    filename: String,
    #[serde(default, alias = "content-type")]
    content_type: Option<String>,
    /// In base64.
    data: String,
}

/// `{"name": "value"}`, or `[["name", "value"]]` where a name is there twice.
#[derive(Debug, Default, PartialEq, Eq)]
struct Pairs(Vec<(String, String)>);

impl<'de> Deserialize<'de> for Pairs {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(PairsVisitor)
    }
}

struct PairsVisitor;

impl<'de> Visitor<'de> for PairsVisitor {
    type Value = Pairs;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object of strings, or a list of pairs of strings")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Pairs, A::Error> {
        let mut pairs = Vec::new();
        while let Some(pair) = map.next_entry()? {
            pairs.push(pair);
        }
        Ok(Pairs(pairs))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Pairs, A::Error> {
        let mut pairs = Vec::new();
        while let Some(pair) = list.next_element()? {
            pairs.push(pair);
        }
        Ok(Pairs(pairs))
    }
}

/// `null` is JSON that can be sent.
fn even_null<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Box<RawValue>>, D::Error> {
    Box::<RawValue>::deserialize(deserializer).map(Some)
}

pub(super) async fn serve(house: &House, known: &Known, request: Request<Body>) -> Response {
    match attempt(house, known, request).await {
        Ok(response) => response,
        Err(error) => refusal::plain(&error),
    }
}

async fn attempt(house: &House, known: &Known, request: Request<Body>) -> Result<Response, ServiceError> {
    let local = &house.local;
    let caller = known.caller(local, &mut own_head(&request, false)?, None)?;
    let whole = house.room.read(request.into_body()).await?;
    let (call, body) =
        parsed(&whole.bytes, &caller).map_err(|malformed| local.refuse_malformed(&caller, malformed))?;
    drop(whole);
    let reply = held::hold(local, &caller, local.invoke(&caller, call, body, None)).await?;
    Ok(passthrough::answer(house, &caller, reply))
}

fn parsed(bytes: &[u8], caller: &Caller) -> Result<(Call, RequestBody), Malformed> {
    let envelope: Envelope = serde_json::from_slice(bytes).map_err(|error| not_an_envelope(bytes, &error))?;
    let Envelope { capability, credential, request } = envelope;
    let Written { method, path, headers: Pairs(mut headers), body, multipart, multipart_files } = request;
    let content = match (body, multipart, multipart_files) {
        (None, None, None) => Content { body: RequestBody::Empty, kind: None },
        (Some(body), None, None) => of_json(&body),
        (None, fields, files) => {
            of_form(fields.unwrap_or_default(), files.unwrap_or_default()).map_err(|error| Malformed {
                message: error.to_string(),
                ..Malformed::new("its form cannot be sent")
            })?
        }
        _ => return Err(Malformed::new("the request has two kinds of body")),
    };
    let is_said = headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("content-type"));
    headers.extend(content.kind.filter(|_| !is_said).map(|kind| ("content-type".to_owned(), kind)));
    let bounds = caller.bounds();
    let call = Call {
        capability,
        credential: credential.or_else(|| bounds.and_then(|bounds| bounds.credential()).cloned()),
        scope: bounds.map_or(Scope::Global, |bounds| bounds.scope().clone()),
        method,
        path,
        headers,
        has_body: !matches!(content.body, RequestBody::Empty),
    };
    Ok((call, content.body))
}

struct Content {
    body: RequestBody,
    /// What it is announced as, unless the caller says.
    kind: Option<String>,
}

fn of_json(body: &RawValue) -> Content {
    let Ok(text) = serde_json::from_str::<String>(body.get()) else {
        let body = Bytes::copy_from_slice(body.get().as_bytes());
        return Content { body: RequestBody::Bytes(body), kind: Some(JSON.to_owned()) };
    };
    if text.is_empty() {
        return Content { body: RequestBody::Empty, kind: None };
    }
    let kind = serde_json::from_str::<&RawValue>(&text).is_ok().then(|| JSON.to_owned());
    Content { body: RequestBody::Bytes(text.into()), kind }
}

fn of_form(fields: Pairs, files: Vec<FilePart>) -> Result<Content, FormError> {
    let mut form = Form::new()?;
    for (name, value) in fields.0 {
        form.field(&name, &value)?;
    }
    for FilePart { name, filename, content_type, data } in files {
        let data = STANDARD.decode(data).map_err(|_| FormError::Base64(name.clone()))?;
        form.bytes(&name, &filename, content_type.as_deref(), data.into())?;
    }
    let kind = Some(form.content_type());
    Ok(Content { body: form.into_body(), kind })
}

#[derive(Debug, thiserror::Error)]
enum FormError {
    #[error(transparent)]
    Upload(#[from] UploadError),
    #[error("the data of {0:?} is not base64")]
    Base64(String),
}

/// The log is told what was called, if that can be read, and nothing else.
fn not_an_envelope(bytes: &[u8], error: &serde_json::Error) -> Malformed {
    #[derive(Deserialize)]
    struct Named {
        capability: String,
    }
    let what = if error.is_data() { "the envelope has a field that it cannot have" } else { "it is no JSON" };
    let capability = serde_json::from_slice::<Named>(bytes).ok().map(|named| named.capability);
    Malformed { message: format!("this is no envelope: {error}"), capability, ..Malformed::new(what) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Result<(Call, RequestBody), Malformed> {
        parsed(json.as_bytes(), &Caller::process(0, None))
    }

    fn with(request: &str) -> Result<(Call, RequestBody), Malformed> {
        read(&format!(r#"{{"capability":"openai/models","request":{request}}}"#))
    }

    fn sent(request: &str) -> (String, Vec<(String, String)>) {
        let (call, body) = with(request).unwrap();
        (String::from_utf8(body.bytes().unwrap().to_vec()).unwrap(), call.headers)
    }

    #[test]
    fn a_body_is_sent_as_it_is_written() {
        let json = || vec![("content-type".to_owned(), JSON.to_owned())];
        assert_eq!(sent(r#"{"body":{"z":1.50, "a":[]}}"#), (r#"{"z":1.50, "a":[]}"#.to_owned(), json()));
        assert_eq!(sent(r#"{"body":null}"#), ("null".to_owned(), json()));
        assert_eq!(sent(r#"{"body":"a=b"}"#), ("a=b".to_owned(), Vec::new()));
        assert_eq!(sent(r#"{"body":"{\"a\":1}"}"#), (r#"{"a":1}"#.to_owned(), json()));
        let said = vec![("Content-Type".to_owned(), "text/x".to_owned())];
        assert_eq!(sent(r#"{"headers":{"Content-Type":"text/x"},"body":{}}"#), ("{}".to_owned(), said));
        assert!(!with("{}").unwrap().0.has_body);
    }

    #[test]
    fn what_it_does_not_know_is_refused() {
        for bad in [
            r#"{"url":"https://evil.example/"}"#,
            r#"{"path":"/a","path":"/b"}"#,
            r#"{"body":{},"multipart":{"a":"b"}}"#,
            r#"{"body":{},"multipartFiles":[]}"#,
            r#"{"multipart":{"a":1}}"#,
            r#"{"multipartFiles":[{"name":"f","filename":"a","data":"no base64!"}]}"#,
            r#"{"multipartFiles":[{"name":"f\r\n","filename":"a","data":""}]}"#,
            r#"{"multipartFiles":[{"name":"f","filename":"a","contentType":"a\r\nb: c","data":""}]}"#,
            r#"{"headers":{"a":1}}"#,
            r#"{"headers":[["a"]]}"#,
            r#"{"method":1}"#,
        ] {
            assert!(with(bad).is_err(), "{bad}");
        }
        for bad in
            ["", "[]", r#"{"capability":"a/b"}"#, r#"{"capability":"a/b","request":{},"scope":"global"}"#]
        {
            assert!(read(bad).is_err(), "{bad}");
        }
        let malformed = with(r#"{"url":"https://evil.example/"}"#).err().unwrap();
        assert_eq!(malformed.capability.as_deref(), Some("openai/models"));
        assert!(!malformed.what.contains("url"));
    }

    #[test]
    fn a_form_has_fields_and_files() {
        let (call, body) = with(
            r#"{"multipart":[["a","1"],["a","2"]],"multipartFiles":[{"name":"f","filename":"a.txt","contentType":"text/plain","data":"aGk="}]}"#,
        )
        .unwrap();
        assert!(call.headers[0].1.starts_with("multipart/form-data; boundary="));
        assert!(call.has_body && body.length().is_some_and(|length| length > 100));
    }
}
