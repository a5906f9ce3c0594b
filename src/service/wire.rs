//! The words between client and daemon: HTTP/1.1 over a unix socket.
//!
//! Never the vault's key: it goes down a pipe to a daemon that is just being started.
//!
//! `POST /command` (operators' socket) carries a `Command` as JSON. `POST /invoke`
//! (callers' socket) carries a `Call` as JSON behind its length in four bytes, big
//! endian, and then the body as it streams. An upstream's answer comes back as it is,
//! marked as such, with a trailer when it broke off; anything else is an error object.
//!
//! `POST /websocket` carries a `Call` in the same way and then the caller's messages, framed as `messages` has it, for
//! as long as there are any. Once the upstream has opened the WebSocket, its messages come back in the same frames,
//! marked as a conversation; an upstream that opens none has its answer come back as from `POST /invoke`.

use bytes::{Buf, Bytes, BytesMut};
use serde::{Deserialize, Serialize};

use super::error::{ErrorKind, ServiceError};
use super::gateway::ListenerView;
use super::shared::SharedView;
use crate::policy::Call;

pub const COMMAND: &str = "/command";
pub const INVOKE: &str = "/invoke";
pub const WEBSOCKET: &str = "/websocket";
pub const HEALTH: &str = "/healthz";
/// What was counted, for a scraper; on the operators' socket alone.
pub const METRICS: &str = "/metrics";
/// Has the daemon finish what it has begun and make room for another.
pub const RETIRE: &str = "/retire";

/// The daemon's flag: the vault's key, and nothing else, comes on its standard input.
pub const KEY_ON_STDIN: &str = "--key-on-stdin";
/// The daemon's flag: where callers over TCP are served, as `ListenerView::wanted` writes it.
pub const LISTEN: &str = "--listen";

/// The daemon's flag: it takes the place of the one that runs, and its listeners with it.
pub const TAKE_OVER: &str = "--take-over";
/// The daemon's flag, beside the key: which operator's session is open from the start, as
/// `OperatorGrant` writes it.
pub const OPERATOR_SESSION: &str = "--operator-session";
/// The daemon's flag: callers of other users are served too, at a socket of this path, or at the
/// usual one where none is named.
pub const SHARED: &str = "--shared";
/// The daemon's flag: the group of such callers.
pub const CALLERS_GROUP: &str = "--callers-group";

/// Says whose answer this is: `upstream`, `conversation`, `service` or `error`.
pub const ORIGIN: &str = "aivault-origin";
pub const FROM_UPSTREAM: &str = "upstream";
pub const FROM_CONVERSATION: &str = "conversation";
pub const FROM_SERVICE: &str = "service";
pub const FROM_ERROR: &str = "error";
/// The trailer behind an upstream's answer that broke off: the error object. Without it, an
/// answer that is not whole was broken off by the daemon.
pub const BROKE_OFF: &str = "aivault-broke-off";
/// The length of a call's body, where the client knows it.
pub const LENGTH_HEADER: &str = "aivault-body-length";
/// How many milliseconds the whole call may take, where the client says so.
pub const TIMEOUT_HEADER: &str = "aivault-timeout-ms";
/// The id of the vault that the client means, where it has one.
pub const VAULT_HEADER: &str = "aivault-vault";
/// The version of these words and of the registry that they speak of; both sides send it.
pub const VERSION_HEADER: &str = "aivault-wire";
pub const VERSION: &str = concat!("7-", env!("AIVAULT_REGISTRY"));

/// The longest call, without its body: what `Call::abridged` leaves, were each of its bytes to
/// take six in JSON.
pub const MAX_CALL: usize = 1024 * 1024;
/// The longest command: some of the largest secrets.
pub const MAX_COMMAND: usize = 16 * 1024 * 1024;

/// Refuses what was said in the words of another version, before anything of it is done.
///
/// # Errors
/// When `said` is not this version.
pub fn refuse_other_version(said: &str) -> Result<(), ServiceError> {
    if said == VERSION {
        return Ok(());
    }
    let message =
        concat!("this daemon is of another version, ", env!("CARGO_PKG_VERSION"), "; nothing was done");
    Err(ServiceError::new(ErrorKind::Conflict, message)
        .reason(OTHER_VERSION)
        .help("use the `aivault` that stands beside its program, or have it replaced: aivault restart"))
}

/// The reason code of what was meant for a daemon of another version.
pub const OTHER_VERSION: &str = "daemon.other_version";

/// What `GET /healthz` says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Health {
    pub version: String,
    pub pid: u32,
    pub unlocked: bool,
    /// The id of the vault that is served.
    #[serde(default)]
    pub vault: Option<String>,
    /// Where callers find it on TCP.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub listeners: Vec<ListenerView>,
    /// Where callers of other users find it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shared: Option<SharedView>,
    /// How many bytes hold keys and values that the system did not lock.
    #[serde(default)]
    pub unlocked_memory: usize,
}

/// An error as it stands in JSON, on the socket and with `--json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WireError {
    pub error: String,
    pub reason: Option<String>,
    pub message: String,
    pub help: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after_s: Option<u64>,
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
        let ServiceError { kind, reason, message, help, retry_after_s } = error.clone();
        Self { error: kind.code().to_owned(), reason, message, help, retry_after_s, kind: None }
    }
}

impl From<WireError> for ServiceError {
    fn from(error: WireError) -> Self {
        let kind = error.kind.unwrap_or(ErrorKind::InvalidRequest);
        let WireError { reason, message, help, retry_after_s, .. } = error;
        Self { kind, reason, message, help, retry_after_s }
    }
}

/// The head of an invocation: the call behind its length. Of what is over the limits of policy
/// only as much is sent as it takes to be refused for that.
///
/// # Errors
/// When the call has no JSON form.
pub fn encode_call(call: &Call) -> Result<Bytes, ServiceError> {
    let json = serde_json::to_vec(&call.abridged()).map_err(|error| no_form(&error.to_string()))?;
    let length = u32::try_from(json.len()).map_err(|error| no_form(&error.to_string()))?;
    let mut head = BytesMut::with_capacity(4 + json.len());
    head.extend_from_slice(&length.to_be_bytes());
    head.extend_from_slice(&json);
    Ok(head.freeze())
}

fn no_form(why: &str) -> ServiceError {
    ServiceError::new(ErrorKind::InvalidRequest, format!("the call cannot be sent: {why}"))
}

/// What came as a call and is none.
#[derive(Debug, PartialEq, Eq)]
pub struct Malformed {
    /// For whoever sent it: may repeat what was sent.
    pub message: String,
    /// For the log: repeats nothing.
    pub what: &'static str,
    /// The capability that it names, if that much can be read.
    pub capability: Option<String>,
}

impl Malformed {
    #[must_use]
    pub fn new(what: &'static str) -> Self {
        Self { message: what.to_owned(), what, capability: None }
    }

    fn json(json: &[u8], error: &serde_json::Error) -> Self {
        #[derive(Deserialize)]
        struct Named {
            capability: String,
        }
        let what = if error.is_data() { "the call has a field that it cannot have" } else { "it is no JSON" };
        let named = serde_json::from_slice::<Named>(json).ok();
        let capability = named.map(|named| named.capability);
        Self { message: format!("this is no call: {error}"), what, capability }
    }
}

/// Takes a call off the front of what has come; none while it is not there whole.
///
/// # Errors
/// When the call is too long or is not one.
pub fn decode_call(buffer: &mut BytesMut) -> Result<Option<Call>, Malformed> {
    let Some(length) = buffer.first_chunk::<4>() else { return Ok(None) };
    let length = u32::from_be_bytes(*length) as usize;
    if length > MAX_CALL {
        return Err(Malformed::new("a call without its body has at most 1 MiB"));
    }
    if buffer.len() < 4 + length {
        return Ok(None);
    }
    buffer.advance(4);
    let json = buffer.split_to(length);
    serde_json::from_slice(&json).map(Some).map_err(|error| Malformed::json(&json, &error))
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

    #[test]
    fn the_log_is_told_what_was_called_and_nothing_else() {
        let json = br#"{"capability":"openai/models","host":"evil.example"}"#;
        let length = u32::try_from(json.len()).unwrap().to_be_bytes();
        let malformed = decode_call(&mut BytesMut::from(&[&length[..], json].concat()[..])).unwrap_err();
        assert_eq!(malformed.capability.as_deref(), Some("openai/models"));
        assert!(malformed.message.contains("host") && !malformed.what.contains("host"));
    }

    #[test]
    fn the_largest_call_that_is_left_can_be_sent() {
        let huge = "\0".repeat(1_000_000);
        let headers = vec![(huge.clone(), huge.clone()); 200];
        let (capability, method, path) = (huge.clone(), Some(huge.clone()), Some(huge));
        let sent = encode_call(&Call { capability, method, path, headers, ..call() }).unwrap();
        assert!(sent.len() <= MAX_CALL + 4, "{}", sent.len());
        assert!(decode_call(&mut BytesMut::from(&sent[..])).unwrap().is_some());
    }
}
