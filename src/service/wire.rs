//! The words between client and daemon: HTTP/1.1 over a unix socket.
//!
//! `POST /command` (operators' socket) carries a `Command` as JSON. `POST /invoke`
//! (callers' socket) carries a `Call` as JSON behind its length in four bytes, big
//! endian, and then the body as it streams. An upstream's answer comes back as it is,
//! marked as such; anything else is an error object.

use bytes::{Buf, Bytes, BytesMut};
use serde::{Deserialize, Serialize};

use super::error::{ErrorKind, ServiceError};
use crate::policy::Call;

pub const COMMAND: &str = "/command";
pub const INVOKE: &str = "/invoke";
pub const HEALTH: &str = "/healthz";

/// Says whose answer this is: `upstream`, `service` or `error`.
pub const ORIGIN: &str = "aivault-origin";
pub const FROM_UPSTREAM: &str = "upstream";
pub const FROM_SERVICE: &str = "service";
pub const FROM_ERROR: &str = "error";
/// The length of a call's body, where the client knows it.
pub const LENGTH_HEADER: &str = "aivault-body-length";
/// The id of the vault that the client means, where it has one.
pub const VAULT_HEADER: &str = "aivault-vault";
/// The version of these words; both sides send it.
pub const VERSION_HEADER: &str = "aivault-wire";
pub const VERSION: &str = "1";

/// The longest call, without its body.
pub const MAX_CALL: usize = 256 * 1024;
/// The longest command: some of the largest secrets.
pub const MAX_COMMAND: usize = 16 * 1024 * 1024;

/// What `GET /healthz` says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Health {
    pub version: String,
    pub pid: u32,
    pub unlocked: bool,
    /// The id of the vault that is served.
    #[serde(default)]
    pub vault: Option<String>,
}

/// An error as it stands in JSON, on the socket and with `--json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WireError {
    pub error: String,
    pub reason: Option<String>,
    pub message: String,
    pub help: Option<String>,
    /// The kind, which is finer than its code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<ErrorKind>,
}

impl WireError {
    /// As the daemon sends it.
    #[must_use]
    pub fn full(error: &ServiceError) -> Self {
        Self { kind: Some(error.kind), ..Self::shown(error) }
    }

    /// As people and scripts see it.
    #[must_use]
    pub fn shown(error: &ServiceError) -> Self {
        let ServiceError { kind, reason, message, help } = error.clone();
        Self { error: kind.code().to_owned(), reason, message, help, kind: None }
    }
}

impl From<WireError> for ServiceError {
    fn from(error: WireError) -> Self {
        let kind = error.kind.unwrap_or(ErrorKind::InvalidRequest);
        Self { kind, reason: error.reason, message: error.message, help: error.help }
    }
}

/// The head of an invocation: the call behind its length.
///
/// # Errors
/// When the call is longer than `MAX_CALL`.
pub fn encode_call(call: &Call) -> Result<Bytes, ServiceError> {
    let json =
        serde_json::to_vec(call).map_err(|error| invalid(format!("the call has no JSON form: {error}")))?;
    let length = u32::try_from(json.len()).ok().filter(|_| json.len() <= MAX_CALL);
    let length =
        length.ok_or_else(|| invalid(format!("a call without its body has at most {MAX_CALL} bytes")))?;
    let mut head = BytesMut::with_capacity(4 + json.len());
    head.extend_from_slice(&length.to_be_bytes());
    head.extend_from_slice(&json);
    Ok(head.freeze())
}

/// Takes a call off the front of what has come; none while it is not there whole.
///
/// # Errors
/// When the call is too long or is not one.
pub fn decode_call(buffer: &mut BytesMut) -> Result<Option<Call>, ServiceError> {
    let Some(length) = buffer.first_chunk::<4>() else { return Ok(None) };
    let length = u32::from_be_bytes(*length) as usize;
    if length > MAX_CALL {
        return Err(invalid(format!("a call without its body has at most {MAX_CALL} bytes")));
    }
    if buffer.len() < 4 + length {
        return Ok(None);
    }
    buffer.advance(4);
    let json = buffer.split_to(length);
    serde_json::from_slice(&json).map(Some).map_err(|error| invalid(format!("this is no call: {error}")))
}

fn invalid(message: String) -> ServiceError {
    ServiceError::new(ErrorKind::InvalidRequest, message)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::Scope;

    fn call() -> Call {
        Call {
            capability: "openai/models".to_owned(),
            credential: None,
            scope: Scope::Global,
            method: Some("GET".to_owned()),
            path: None,
            headers: vec![("a".to_owned(), "b".to_owned())],
            has_body: true,
        }
    }

    #[test]
    fn a_call_arrives_in_pieces_of_any_size() {
        let sent = encode_call(&call()).unwrap();
        for size in [1, 3, 4, 5, 64, 4096] {
            let mut buffer = BytesMut::new();
            let mut found = None;
            for piece in [&sent[..], b"body"].concat().chunks(size) {
                buffer.extend_from_slice(piece);
                if found.is_none() {
                    found = decode_call(&mut buffer).unwrap();
                }
            }
            assert_eq!(found.unwrap(), call());
            assert_eq!(&buffer[..], b"body");
        }
    }

    #[test]
    fn nonsense_is_refused() {
        for bytes in [&[0xff, 0xff, 0xff, 0xff][..], &[0, 0, 0, 2, b'{', b'}'], &[0, 0, 0, 1, b'x']] {
            assert!(decode_call(&mut BytesMut::from(bytes)).is_err());
        }
    }
}
