//! The same tools over streamable HTTP, for callers of a daemon's gateway: each message is a request of its own, and
//! is served for the caller whose token came with it.
//!
//! The gateway has said by then who that is and that no web page asks, and has read the whole message. What the
//! protocol says of sessions is optional; ours let a client call off what runs, and hold no answers (see `sessions`).
//! There is nothing that a server says unasked, so that `GET` opens no stream.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use futures_util::StreamExt as _;
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, header};
use http_body_util::Full;
use rmcp::transport::streamable_http_server::session::never::NeverSessionManager;
use rmcp::transport::{StreamableHttpServerConfig, StreamableHttpService};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::behind::Behind;
use super::catalogue::Catalogue;
use super::server::Server;
use super::sessions::{Running, Sessions};
use crate::service::{Caller, ErrorKind, Local, ServiceError};
use crate::spec::Scope;
use crate::spec::policy::Glob;

const SESSION: &str = "mcp-session-id";
/// How often a client that waits is told that somebody is there.
const KEEP_ALIVE: Duration = Duration::from_secs(15);
/// More globs than anybody writes.
const MOST_GLOBS: usize = 64;

/// Serves agents over HTTP.
pub struct Agents {
    local: Arc<Local>,
    sessions: Arc<Sessions>,
}

/// What of a message says what becomes of its session.
#[derive(Deserialize)]
struct Peek<'a> {
    #[serde(borrow, default)]
    id: Option<&'a RawValue>,
    #[serde(default)]
    method: Option<String>,
    #[serde(borrow, default)]
    params: Option<PeekParams<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PeekParams<'a> {
    #[serde(borrow, default)]
    request_id: Option<&'a RawValue>,
}

/// What a message does to its session.
enum Deed {
    Begin,
    CallOff(String),
    Run(String),
    None,
}

impl Agents {
    #[must_use]
    pub fn new(local: Arc<Local>) -> Self {
        Self { local, sessions: Arc::default() }
    }

    /// Answers one message of a caller with a token. The head of `request` has what the protocol defines, and no
    /// token.
    ///
    /// # Errors
    /// What is no message at all, or belongs to no session of this caller's. A call that is refused is no such error:
    /// its tool's result says so.
    pub async fn serve(
        &self,
        caller: Caller,
        request: Request<Bytes>,
    ) -> Result<Response<Body>, ServiceError> {
        let session = session_id(request.headers())?;
        if let Some(id) = &session {
            self.sessions.touch(id, &caller)?;
        }
        match (request.method(), session) {
            (&Method::POST, session) => self.post(caller, session, request).await,
            (&Method::DELETE, Some(id)) => {
                self.sessions.end(&id, &caller)?;
                Ok(empty(StatusCode::NO_CONTENT))
            }
            (&Method::DELETE, None) => Err(invalid("this ends a session, and names none")),
            _ => {
                let mut response = empty(StatusCode::METHOD_NOT_ALLOWED);
                response.headers_mut().insert(header::ALLOW, HeaderValue::from_static("POST, DELETE"));
                Ok(response)
            }
        }
    }

    async fn post(
        &self,
        caller: Caller,
        session: Option<String>,
        request: Request<Bytes>,
    ) -> Result<Response<Body>, ServiceError> {
        let expose = exposed(request.uri().query().unwrap_or_default())?;
        let deed = deed(request.body());
        let server = || StatelessServer { local: Arc::clone(&self.local), caller: caller.clone(), expose };
        let (parts, body) = request.into_parts();
        let request = Request::from_parts(parts, Full::new(body));
        match (deed, session) {
            (Deed::Begin, None) => {
                let id = self.sessions.begin(&caller, |one| self.local.still_holds(one))?;
                let mut response = server().answer(request).await;
                match HeaderValue::from_str(&id) {
                    Ok(value) if response.status().is_success() => {
                        response.headers_mut().insert(SESSION, value);
                    }
                    // What was no beginning after all leaves nothing behind.
                    _ => self.sessions.end(&id, &caller)?,
                }
                Ok(response)
            }
            (Deed::Run(of), Some(id)) => match self.sessions.run(&id, &of) {
                Some(running) => Ok(answered_while(running, server().answer(request)).await),
                None => Ok(server().answer(request).await),
            },
            (deed, session) => {
                if let (Deed::CallOff(request), Some(id)) = (&deed, &session) {
                    self.sessions.call_off(id, request);
                }
                Ok(server().answer(request).await)
            }
        }
    }
}

/// What serves one message.
struct StatelessServer {
    local: Arc<Local>,
    caller: Caller,
    expose: Vec<Glob>,
}

impl StatelessServer {
    async fn answer(self, request: Request<Full<Bytes>>) -> Response<Body> {
        let config = StreamableHttpServerConfig::default()
            .with_legacy_session_mode(false)
            .with_sse_keep_alive(Some(KEEP_ALIVE))
            // Both are the gateway's to look at, and it has: it knows its own names, and reads no more than it has room for.
            .disable_allowed_hosts()
            .with_max_request_body_bytes(usize::MAX);
        let make = move || Ok::<_, io::Error>(self.server());
        let service = StreamableHttpService::new(make, Arc::new(NeverSessionManager::default()), config);
        service.handle(request).await.map(Body::new)
    }

    fn server(&self) -> Server {
        let scope = self.caller.bounds().map_or(Scope::Global, |bounds| bounds.scope().clone());
        let behind = Behind::Caller(Arc::clone(&self.local), self.caller.clone());
        let catalogue = Catalogue::new(behind.clone(), scope.clone(), self.expose.clone());
        Server::new(behind, catalogue, scope)
    }
}

/// The answer to a request; it ends where that is called off, and so does the call behind it.
async fn answered_while(running: Running, answer: impl Future<Output = Response<Body>>) -> Response<Body> {
    let response = tokio::select! {
        response = answer => response,
        // To what is called off nobody reads an answer.
        () = running.is_called_off() => return empty(StatusCode::ACCEPTED),
    };
    let (parts, body) = response.into_parts();
    let called_off = Box::pin(async move { running.is_called_off().await });
    Response::from_parts(parts, Body::from_stream(body.into_data_stream().take_until(called_off)))
}

/// What a message is; one that is none does nothing here, and is refused by the protocol.
fn deed(message: &[u8]) -> Deed {
    let Ok(Peek { id, method, params }) = serde_json::from_slice(message) else { return Deed::None };
    let text = |id: &RawValue| id.get().to_owned();
    match (method.as_deref(), id) {
        (Some("initialize"), Some(_)) => Deed::Begin,
        (Some("notifications/cancelled"), None) => {
            params.and_then(|params| params.request_id).map(text).map_or(Deed::None, Deed::CallOff)
        }
        (Some(_), Some(id)) => Deed::Run(text(id)),
        _ => Deed::None,
    }
}

fn session_id(headers: &HeaderMap) -> Result<Option<String>, ServiceError> {
    let mut all = headers.get_all(SESSION).iter();
    match (all.next(), all.next()) {
        (None, _) => Ok(None),
        (Some(id), None) => Ok(Some(String::from_utf8_lossy(id.as_bytes()).into_owned())),
        (Some(_), Some(_)) => Err(invalid("the session is named twice")),
    }
}

/// The capabilities that are to be tools of their own: `expose=GLOB`, as often as it takes.
fn exposed(query: &str) -> Result<Vec<Glob>, ServiceError> {
    let glob = |(name, value): (_, std::borrow::Cow<'_, str>)| match (AsRef::<str>::as_ref(&name), value) {
        ("expose", value) => Glob::parse(&value).map_err(|error| invalid(&format!("`expose`: {error}"))),
        _ => Err(invalid("the one parameter here is `expose`")),
    };
    let pairs = form_urlencoded::parse(query.as_bytes());
    let globs: Vec<Glob> = pairs.take(MOST_GLOBS + 1).map(glob).collect::<Result<_, _>>()?;
    if globs.len() > MOST_GLOBS {
        return Err(invalid(&format!("`expose` is there more than {MOST_GLOBS} times")));
    }
    Ok(globs)
}

fn empty(status: StatusCode) -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    response
}

fn invalid(message: &str) -> ServiceError {
    ServiceError::new(ErrorKind::InvalidRequest, message).reason("request.malformed")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_says_what_becomes_of_its_session() {
        assert!(matches!(deed(br#"{"id":0,"method":"initialize","params":{"requestId":1}}"#), Deed::Begin));
        let cancelled = br#"{"method":"notifications/cancelled","params":{"requestId":"7"}}"#;
        assert!(matches!(deed(cancelled), Deed::CallOff(id) if id == "\"7\""));
        assert!(matches!(deed(br#"{"method":"tools/call","id": 7}"#), Deed::Run(id) if id == "7"));
        for other in [
            br#"{"method":"notifications/initialized"}"#.as_slice(),
            br#"{"method":"initialize"}"#,
            br#"{"method":"notifications/cancelled","params":{}}"#,
            br#"{"id":1,"result":{}}"#,
            b"[]",
            b"",
            b"\xff",
        ] {
            assert!(matches!(deed(other), Deed::None), "{}", String::from_utf8_lossy(other));
        }
    }

    #[test]
    fn tools_are_exposed_by_the_query() {
        let globs = exposed("expose=openai/*&expose=github%2Frepos").unwrap();
        assert!(globs[0].matches("openai/models") && globs[1].matches("github/repos"));
        assert!(exposed("").unwrap().is_empty());
        for bad in ["expose=", "expose=[", "token=x", "expose", &"expose=a&".repeat(MOST_GLOBS + 1)] {
            assert_eq!(exposed(bad).err().map(|error| error.kind), Some(ErrorKind::InvalidRequest), "{bad}");
        }
    }

    #[test]
    fn a_session_is_named_once() {
        let mut headers = HeaderMap::new();
        assert_eq!(session_id(&headers).unwrap(), None);
        headers.append(SESSION, HeaderValue::from_static("a"));
        assert_eq!(session_id(&headers).unwrap().as_deref(), Some("a"));
        headers.append(SESSION, HeaderValue::from_static("a"));
        assert!(session_id(&headers).is_err());
    }
}
