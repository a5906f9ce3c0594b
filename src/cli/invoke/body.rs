//! The body of a call, from whichever flag gives it.

use std::ffi::OsString;
use std::io;
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::path::{Path, PathBuf};

use bytes::Bytes;

use super::request::{self, WrittenRequest};
use crate::cli::arguments::BodyArguments;
use crate::cli::error::CliError;
use crate::cli::{input, json};
use crate::platform::files;
use crate::service::RequestBody;
use crate::service::multipart::{Form, Upload};

/// The longest body that is taken from standard input, and the longest written request.
const PIPED_MAX: usize = 64 * input::MIB;
const JSON_TYPE: &str = "application/json";
const BYTES_TYPE: &str = "application/octet-stream";

/// What the flags say about the request's content.
#[derive(Default)]
pub(super) struct Content {
    pub(super) body: RequestBody,
    /// What to announce it as, unless the caller does.
    pub(super) content_type: Option<String>,
    /// What `--request` says beside the body.
    pub(super) request: WrittenRequest,
}

/// Reads or opens what is named; the parser has seen to it that there is one source at most.
pub(super) fn read(arguments: BodyArguments) -> Result<Content, CliError> {
    let BodyArguments { body, body_file_path, request, request_file, fields, files } = arguments;
    if let Some(text) = body {
        return Ok(of_text(text));
    }
    if let Some(path) = body_file_path {
        return of_file(&path);
    }
    if let Some(text) = request {
        return of_request(text.as_bytes());
    }
    if let Some(path) = request_file {
        return of_request(&read_request(&path)?);
    }
    if fields.is_empty() && files.is_empty() { Ok(Content::default()) } else { of_form(&fields, files) }
}

fn of_text(text: String) -> Content {
    let content_type = json::is_json(text.as_bytes()).then(|| JSON_TYPE.to_owned());
    Content { body: of_bytes(text.into_bytes()), content_type, ..Content::default() }
}

fn of_bytes(bytes: Vec<u8>) -> RequestBody {
    if bytes.is_empty() { RequestBody::Empty } else { RequestBody::Bytes(Bytes::from(bytes)) }
}

fn of_file(path: &Path) -> Result<Content, CliError> {
    if is_stdin(path) {
        let bytes = input::bounded(io::stdin().lock(), PIPED_MAX)?;
        let is_json = json::is_json(&bytes);
        let content_type = if is_json { JSON_TYPE } else { BYTES_TYPE };
        return Ok(announced(of_bytes(bytes), content_type));
    }
    let content_type =
        if path.extension().is_some_and(|e| e.eq_ignore_ascii_case("json")) { JSON_TYPE } else { BYTES_TYPE };
    Ok(announced(Upload::open(path)?.into_body(), content_type))
}

/// An empty body has no type to announce.
fn announced(body: RequestBody, content_type: &str) -> Content {
    let content_type = (!matches!(body, RequestBody::Empty)).then(|| content_type.to_owned());
    Content { body, content_type, ..Content::default() }
}

fn read_request(path: &Path) -> Result<Vec<u8>, CliError> {
    if is_stdin(path) {
        return input::bounded(io::stdin().lock(), PIPED_MAX);
    }
    Ok(files::read_bounded(path, PIPED_MAX)?)
}

fn of_request(text: &[u8]) -> Result<Content, CliError> {
    let (request, body) = request::parse(text)?;
    let content = match body {
        None => Content::default(),
        Some(request::Body::Text(text)) => of_text(text),
        Some(request::Body::Json(text)) => announced(of_bytes(text.into_bytes()), JSON_TYPE),
    };
    Ok(Content { request, ..content })
}

fn of_form(fields: &[String], files: Vec<OsString>) -> Result<Content, CliError> {
    let mut form = Form::new()?;
    for (i, text) in fields.iter().enumerate() {
        let (name, value) = text.split_once('=').ok_or_else(|| malformed("field", i + 1, "NAME=VALUE"))?;
        form.field(name, value)?;
    }
    for (i, text) in files.into_iter().enumerate() {
        let (name, path) = name_and_path(text).ok_or_else(|| malformed("file", i + 1, "NAME=PATH"))?;
        form.file(&name, &path)?;
    }
    let content_type = Some(form.content_type());
    Ok(Content { body: form.into_body(), content_type, ..Content::default() })
}

fn name_and_path(text: OsString) -> Option<(String, PathBuf)> {
    let mut bytes = text.into_vec();
    let equals = bytes.iter().position(|byte| *byte == b'=')?;
    let path = bytes.split_off(equals + 1);
    bytes.truncate(equals);
    Some((String::from_utf8(bytes).ok()?, PathBuf::from(OsString::from_vec(path))))
}

fn malformed(what: &str, number: usize, shape: &str) -> CliError {
    CliError::with_help(
        format!("multipart {what} {number} has no `=`"),
        format!("write it as --multipart-{what} {shape}"),
    )
}

fn is_stdin(path: &Path) -> bool {
    path.as_os_str().as_bytes() == b"-"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_files_name_tells_its_type() {
        let folder = tempfile::tempdir().unwrap();
        for (name, expected) in [("a.json", JSON_TYPE), ("a.JSON", JSON_TYPE), ("a.jsonl", BYTES_TYPE)] {
            let path = folder.path().join(name);
            files::write_private_new(&path, b"{}").unwrap();
            let content = of_file(&path).unwrap();
            assert_eq!(content.content_type.as_deref(), Some(expected), "{name}");
            assert!(matches!(content.body, RequestBody::Stream { length: Some(2), .. }));
        }
    }

    #[test]
    fn a_missing_file_is_told_by_name_before_anything_is_sent() {
        let error = of_file(Path::new("/nowhere/at all")).err().unwrap().into_service_error();
        assert!(error.message.contains("/nowhere/at all"), "{}", error.message);
        assert_eq!(error.kind.exit_code(), 2);
        assert!(of_form(&[], vec!["f=/nowhere".into()]).is_err());
    }

    #[test]
    fn what_is_empty_is_no_body() {
        assert!(matches!(of_text(String::new()).body, RequestBody::Empty));
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("empty.json");
        files::write_private_new(&path, b"").unwrap();
        let content = of_file(&path).unwrap();
        assert!(matches!(content.body, RequestBody::Empty) && content.content_type.is_none());
    }

    #[test]
    fn a_part_needs_a_name_and_something_behind_it() {
        for bad in ["nothing", ""] {
            assert!(of_form(&[bad.to_owned()], Vec::new()).is_err(), "{bad:?}");
            assert!(of_form(&[], vec![bad.into()]).is_err(), "{bad:?}");
        }
    }
}
