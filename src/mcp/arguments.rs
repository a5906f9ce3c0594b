//! A tool's arguments, and the call that they come to. What they do not know they refuse; what a header, path or body
//! says is not judged here.

use bytes::Bytes;
use rmcp::model::JsonObject;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::value::Value;

use super::form::{self, FilePart};
use super::query::Query;
use crate::service::{Call, ErrorKind, RequestBody, ServiceError, TimeLimit};
use crate::spec::{CredentialName, Scope};

const JSON: &str = "application/json";

/// Those of `list_capabilities`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ListArguments {
    #[serde(default)]
    pub(super) query: Option<String>,
    #[serde(default)]
    pub(super) provider: Option<String>,
    #[serde(default)]
    pub(super) limit: Option<usize>,
}

/// Those of `describe_capability`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct DescribeArguments {
    pub(super) capability: String,
}

/// Those of `invoke`. Agents write `null` where they mean nothing.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct InvokeArguments {
    pub(super) capability: String,
    #[serde(default)]
    method: Option<String>,
    #[serde(default)]
    path: Option<String>,
    #[serde(default)]
    query: Option<Query>,
    #[serde(default)]
    headers: Option<Pairs>,
    #[serde(default)]
    body: Option<Value>,
    #[serde(default)]
    multipart: Option<Pairs>,
    #[serde(default, rename = "multipartFiles")]
    multipart_files: Option<Vec<FilePart>>,
    #[serde(default)]
    credential: Option<CredentialName>,
    #[serde(default)]
    timeout_ms: Option<u64>,
}

/// `{"name": "value"}`, or `[["name", "value"]]` where a name is there twice.
#[derive(Deserialize)]
#[serde(untagged)]
enum Pairs {
    Object(serde_json::Map<String, Value>),
    Pairs(Vec<(String, String)>),
}

/// All it takes to make a call.
pub(super) struct Wanted {
    pub(super) call: Call,
    pub(super) body: RequestBody,
    pub(super) limit: Option<TimeLimit>,
}

/// Reads the arguments of a tool.
pub(super) fn read<T: DeserializeOwned>(arguments: Option<JsonObject>) -> Result<T, ServiceError> {
    serde_json::from_value(Value::Object(arguments.unwrap_or_default()))
        .map_err(|error| wrong(format!("these arguments cannot be: {error}")))
}

fn wrong(message: impl Into<String>) -> ServiceError {
    ServiceError::new(ErrorKind::InvalidRequest, message)
        .reason("mcp.arguments")
        .help("see the tool's input schema")
}

impl InvokeArguments {
    /// Whether the path has to be known for its query to be put behind it.
    pub(super) fn lacks_path(&self) -> bool {
        self.path.is_none() && self.query.as_ref().is_some_and(|query| !query.is_empty())
    }

    /// The call; `default_path` is the capability's, where that matters.
    pub(super) fn into_wanted(
        self,
        scope: Scope,
        default_path: Option<String>,
    ) -> Result<Wanted, ServiceError> {
        let query = self.query.unwrap_or_default();
        let path = self.path.or(default_path);
        if path.is_none() && !query.is_empty() {
            return Err(wrong("a query needs a path to stand behind, and this capability has more than one"));
        }
        let mut headers = self.headers.map_or(Ok(Vec::new()), |headers| headers.into_pairs("header"))?;
        let (body, kind) = match (self.body, self.multipart, self.multipart_files) {
            (None, None, None) => (RequestBody::Empty, None),
            (Some(body), None, None) => content(body),
            (None, fields, files) => {
                let fields = fields.map_or(Ok(Vec::new()), |fields| fields.into_pairs("field"))?;
                let made = form::body(fields, files.unwrap_or_default());
                let (body, kind) =
                    made.map_err(|error| wrong(format!("this form cannot be sent: {error}")))?;
                (body, Some(kind))
            }
            _ => return Err(wrong("the call has two kinds of body")),
        };
        let is_said = headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("content-type"));
        headers.extend(kind.filter(|_| !is_said).map(|kind| ("content-type".to_owned(), kind)));
        let limit = match self.timeout_ms {
            None => None,
            Some(ms) => Some(
                TimeLimit::of_ms(ms).ok_or_else(|| wrong("`timeout_ms` is between 1 and 86400000, a day"))?,
            ),
        };
        let call = Call {
            capability: self.capability,
            credential: self.credential,
            scope,
            method: self.method,
            path: path.map(|path| query.behind(&path)),
            headers,
            has_body: !matches!(body, RequestBody::Empty),
        };
        Ok(Wanted { call, body, limit })
    }
}

impl Pairs {
    /// `what` is what they are of.
    fn into_pairs(self, what: &str) -> Result<Vec<(String, String)>, ServiceError> {
        match self {
            Self::Pairs(pairs) => Ok(pairs),
            Self::Object(fields) => fields.into_iter().map(|(name, value)| pair(what, name, value)).collect(),
        }
    }
}

fn pair(what: &str, name: String, value: Value) -> Result<(String, String), ServiceError> {
    match value {
        Value::String(text) => Ok((name, text)),
        Value::Number(number) => Ok((name, number.to_string())),
        _ => Err(wrong(format!("the {what} `{name}` is not a text"))),
    }
}

/// A text stands for itself, anything else for its JSON.
fn content(body: Value) -> (RequestBody, Option<String>) {
    let text = match body {
        Value::String(text) if text.is_empty() => return (RequestBody::Empty, None),
        Value::String(text) => {
            let is_json = serde_json::from_str::<serde::de::IgnoredAny>(&text).is_ok();
            return (RequestBody::Bytes(Bytes::from(text)), is_json.then(|| JSON.to_owned()));
        }
        other => other.to_string(),
    };
    (RequestBody::Bytes(Bytes::from(text)), Some(JSON.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted(json: &str) -> Result<Wanted, ServiceError> {
        let arguments: InvokeArguments = read(serde_json::from_str(json).ok())?;
        arguments.into_wanted(Scope::Global, None)
    }

    fn body(json: &str) -> (String, Vec<(String, String)>) {
        let made = wanted(&format!(r#"{{"capability":"a/b","body":{json}}}"#)).unwrap();
        let RequestBody::Bytes(bytes) = made.body else { panic!("no bytes") };
        (String::from_utf8(bytes.to_vec()).unwrap(), made.call.headers)
    }

    #[test]
    fn a_text_stands_for_itself_and_anything_else_for_its_json() {
        let json = || vec![("content-type".to_owned(), JSON.to_owned())];
        assert_eq!(body(r#"{"z":1,"a":[]}"#), (r#"{"z":1,"a":[]}"#.to_owned(), json()));
        assert_eq!(body(r#""a=b""#), ("a=b".to_owned(), Vec::new()));
        assert_eq!(body(r#""{\"n\": 1.50}""#), (r#"{"n": 1.50}"#.to_owned(), json()));
    }

    #[test]
    fn null_is_nothing_said() {
        let made = wanted(
            r#"{"capability":"a/b","method":null,"path":null,"query":null,"headers":null,"body":null,"credential":null,"timeout_ms":null}"#,
        )
        .unwrap();
        assert!(!made.call.has_body && made.call.headers.is_empty() && made.call.path.is_none());
    }

    #[test]
    fn headers_are_pairs_and_the_callers_type_stays() {
        let made = wanted(r#"{"capability":"a/b","headers":[["a","1"],["a","2"]]}"#).unwrap();
        assert_eq!(made.call.headers.len(), 2);
        let made =
            wanted(r#"{"capability":"a/b","headers":{"Content-Type":"text/x","n":1},"body":{}}"#).unwrap();
        let pairs = [("Content-Type", "text/x"), ("n", "1")].map(|(a, b)| (a.to_owned(), b.to_owned()));
        assert_eq!(made.call.headers, pairs);
    }

    #[test]
    fn a_form_has_fields_and_files() {
        let made = wanted(
            r#"{"capability":"a/b","multipart":{"n":2},"multipartFiles":[{"name":"f","filename":"a.txt","contentType":"text/plain","data":"aGk="}]}"#,
        )
        .unwrap();
        assert!(made.call.headers[0].1.starts_with("multipart/form-data; boundary="));
        assert!(made.call.has_body && made.body.length().is_some_and(|length| length > 100));
    }

    #[test]
    fn what_it_does_not_know_is_refused() {
        for bad in [
            "{}",
            r#"{"capability":"a/b","url":"https://evil.example/"}"#,
            r#"{"capability":"a/b","headers":{"a":[]}}"#,
            r#"{"capability":"a/b","headers":[["a"]]}"#,
            r#"{"capability":"a/b","method":1}"#,
            r#"{"capability":"a/b","timeout_ms":0}"#,
            r#"{"capability":"a/b","timeout_ms":86400001}"#,
            r#"{"capability":"a/b","credential":"A B"}"#,
            r#"{"capability":"a/b","query":{"a":"b"}}"#,
            r#"{"capability":"a/b","body":{},"multipart":{"a":"b"}}"#,
            r#"{"capability":"a/b","multipart":{"a":{}}}"#,
            r#"{"capability":"a/b","multipartFiles":[{"name":"f","filename":"a","data":"no base64!"}]}"#,
            r#"{"capability":"a/b","multipartFiles":[{"name":"f","path":"/etc/passwd"}]}"#,
            r#"{"capability":"a/b","multipartFiles":[{"name":"f\r\n","filename":"a","data":""}]}"#,
        ] {
            let error = wanted(bad).err().unwrap();
            assert_eq!(
                (error.kind, error.reason.as_deref()),
                (ErrorKind::InvalidRequest, Some("mcp.arguments"))
            );
        }
    }
}
