//! WebSockets (RFC 6455) of callers: `GET /aivault/ws?capability=…&path=…`, and an upgrade in passthrough.
//!
//! We are the server of the caller's connection and the broker is a client of the upstream's: messages pass between
//! the two, whole and bounded. Nothing is switched before the upstream has.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::response::Response;
use futures_util::stream::{self, SplitSink, SplitStream};
use futures_util::{SinkExt as _, Stream, StreamExt as _};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, StatusCode, header};
use hyper::upgrade::{OnUpgrade, Upgraded};
use hyper_util::rt::TokioIo;
use tokio::sync::mpsc;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message as Frame;
use tokio_tungstenite::tungstenite::error::Error as WireError;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Role, WebSocketConfig};

use super::credential::Head;
use super::door::House;
use super::framing::Switch;
use super::router::{Known, own_head};
use super::serve::Place;
use super::whole::invalid;
use super::{headers, held, passthrough, refusal};
use crate::service::{
    Call, Caller, CallerMessages, Close, LocalOpened, MAX_MESSAGE, Message, MessageFault, ServiceError,
};
use crate::spec::{CredentialName, Scope};

/// The longest frame that a caller may send: 4 MiB.
const MAX_FRAME: usize = 4 * 1024 * 1024;
const BUFFER: usize = 16 * 1024;
/// How long the connection may take to switch, and a side to go once the other has ended.
const LINGER: Duration = Duration::from_secs(10);
/// How long whoever has lost its token may take to hear so.
const LAST_WORD: Duration = Duration::from_secs(1);
/// More of a reason does not fit into a frame that closes.
const LONGEST_REASON: usize = 120;

type Socket = WebSocketStream<TokioIo<Upgraded>>;

/// Whether a request asks for a WebSocket.
pub(super) fn is_asked(request: &Request<Body>) -> bool {
    let all = request.headers();
    request.method() == Method::GET
        && headers::lists(all, &header::UPGRADE, "websocket")
        && headers::lists(all, &header::CONNECTION, "upgrade")
}

/// Serves `/aivault/ws`.
pub(super) async fn serve(house: &House, known: &Known, request: Request<Body>) -> Response {
    let opened = async {
        let mut head = own_head(&request, true)?;
        let caller = known.caller(&house.local, &mut head, None)?;
        if !is_asked(&request) {
            return Err(invalid("this path opens WebSockets, and the request asks for none"));
        }
        let call = call(request.uri().query().unwrap_or_default(), head, &caller)?;
        open(house, &caller, call, request).await
    };
    opened.await.unwrap_or_else(|error| refusal::plain(&error))
}

/// The call in the query's parameters, each of them known and there once.
fn call(query: &str, head: Head, caller: &Caller) -> Result<Call, ServiceError> {
    let (mut capability, mut path, mut credential) = (None, None, None);
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        let place = match name.as_ref() {
            "capability" => &mut capability,
            "path" => &mut path,
            "credential" => &mut credential,
            _ => return Err(invalid("the parameters are capability, path and credential")),
        };
        if place.replace(value.into_owned()).is_some() {
            return Err(invalid("a parameter is there twice"));
        }
    }
    let named =
        |name: String| CredentialName::parse(&name).map_err(|_| invalid("that is no credential's name"));
    let bounds = caller.bounds();
    let credential: Option<CredentialName> = credential.map(named).transpose()?;
    Ok(Call {
        capability: capability.ok_or_else(|| invalid("the parameter `capability` is missing"))?,
        credential: credential.or_else(|| bounds.and_then(|bounds| bounds.credential()).cloned()),
        scope: bounds.map_or(Scope::Global, |bounds| bounds.scope().clone()),
        method: None,
        path,
        headers: head.headers,
        has_body: false,
    })
}

/// Opens the WebSocket of a call that came with `request`.
pub(super) async fn open(
    house: &House,
    caller: &Caller,
    call: Call,
    mut request: Request<Body>,
) -> Result<Response, ServiceError> {
    let accept = accept(request.headers())?;
    let Some(switch) = request.extensions().get::<Switch>().cloned() else {
        return Err(invalid("this connection opens no WebSocket"));
    };
    // The connection's share of the room is given back when the conversation ends.
    let place = request.extensions().get::<Place>().cloned();
    let counted = house.talks.begin(caller)?;
    let upgrade = hyper::upgrade::on(&mut request);
    let (to, mut heard) = mpsc::channel(1);
    let messages: CallerMessages = Box::pin(stream::poll_fn(move |cx| heard.poll_recv(cx)));
    let opening = house.local.open_websocket(caller, call, messages, None);
    match held::hold(&house.local, caller, opening).await? {
        LocalOpened::Answer(reply) => Ok(passthrough::answer(house, caller, *reply)),
        LocalOpened::Conversation(said) => {
            switch.throw();
            let said = said.map(|message| message.map_err(ServiceError::from));
            let lost = held::lost(Arc::clone(&house.local), caller.clone());
            house.talks.tasks.spawn(async move {
                talk(upgrade, said, to, lost).await;
                drop((place, counted));
            });
            Ok(switched(&accept))
        }
    }
}

/// What the opening is answered with (RFC 6455, section 4.2.2).
fn accept(all: &HeaderMap) -> Result<HeaderValue, ServiceError> {
    let only = |name: HeaderName| {
        let mut values = all.get_all(name).iter();
        values.next().filter(|_| values.next().is_none()).map(HeaderValue::as_bytes)
    };
    if only(header::SEC_WEBSOCKET_VERSION) != Some(b"13") {
        return Err(invalid("the WebSocket is of a version other than 13"));
    }
    let key = only(header::SEC_WEBSOCKET_KEY).filter(|key| key.len() == 24);
    let accept = key.map(derive_accept_key).and_then(|accept| HeaderValue::try_from(accept).ok());
    accept.ok_or_else(|| invalid("the WebSocket's key is missing, or is none"))
}

fn switched(accept: &HeaderValue) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let headers = response.headers_mut();
    headers.insert(header::CONNECTION, HeaderValue::from_static("Upgrade"));
    headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
    headers.insert(header::SEC_WEBSOCKET_ACCEPT, accept.clone());
    response
}

/// Carries messages until either side ends, or the token is lost.
async fn talk(
    upgrade: OnUpgrade,
    said: impl Stream<Item = Result<Message, ServiceError>> + Send,
    to: mpsc::Sender<Result<Message, MessageFault>>,
    lost: impl Future<Output = ()>,
) {
    let Ok(Ok(upgraded)) = tokio::time::timeout(LINGER, upgrade).await else { return };
    let config = WebSocketConfig::default()
        .read_buffer_size(BUFFER)
        .write_buffer_size(0)
        .max_frame_size(Some(MAX_FRAME))
        .max_message_size(Some(MAX_MESSAGE));
    let socket = WebSocketStream::from_raw_socket(TokioIo::new(upgraded), Role::Server, Some(config)).await;
    let (mut down, up) = socket.split();
    let (last, patience) = tokio::select! {
        last = tell(&mut down, said) => (last, LINGER),
        fault = hear(up, to) => (fault, LINGER),
        () = lost => (Some(closing(CloseCode::Policy, "the token no longer holds")), LAST_WORD),
    };
    if let Some(last) = last {
        let ended = async {
            let _ = down.send(Frame::Close(Some(last))).await;
            let _ = down.close().await;
        };
        let _ = tokio::time::timeout(patience, ended).await;
    }
}

/// Tells the caller what the upstream says; gives the last word, unless the caller is gone.
async fn tell(
    down: &mut SplitSink<Socket, Frame>,
    said: impl Stream<Item = Result<Message, ServiceError>> + Send,
) -> Option<CloseFrame> {
    let mut said = std::pin::pin!(said);
    loop {
        let frame = match said.next().await {
            Some(Ok(Message::Text(text))) => Frame::Text(text.into()),
            Some(Ok(Message::Binary(bytes))) => Frame::Binary(bytes),
            Some(Ok(Message::Close(Close { code, reason }))) => {
                let code = code.map_or(CloseCode::Normal, CloseCode::from);
                return Some(closing(code, &reason));
            }
            Some(Err(error)) => return Some(closing(CloseCode::Error, &error.message)),
            None => return Some(closing(CloseCode::Normal, "")),
        };
        down.send(frame).await.ok()?;
    }
}

/// Hears the caller out; gives the last word where the caller breaks the rules, and nothing where it is gone. One
/// that wants to close waits for the upstream to.
async fn hear(
    mut up: SplitStream<Socket>,
    to: mpsc::Sender<Result<Message, MessageFault>>,
) -> Option<CloseFrame> {
    while let Some(frame) = up.next().await {
        let message = match frame {
            Ok(Frame::Text(text)) => Message::Text(text.as_str().to_owned()),
            Ok(Frame::Binary(bytes)) => Message::Binary(bytes),
            Ok(Frame::Close(_)) => {
                let _ = to.send(Ok(Message::Close(Close::default()))).await;
                tokio::time::sleep(LINGER).await;
                return Some(closing(CloseCode::Normal, ""));
            }
            Ok(Frame::Ping(_) | Frame::Pong(_) | Frame::Frame(_)) => continue,
            Err(WireError::Capacity(_)) => return Some(closing(CloseCode::Size, "a message is too long")),
            Err(WireError::Io(_) | WireError::ConnectionClosed | WireError::AlreadyClosed) => return None,
            Err(_) => return Some(closing(CloseCode::Protocol, "that is no frame")),
        };
        // Nobody listens once the upstream has ended; its last word is on its way down.
        if to.send(Ok(message)).await.is_err() {
            tokio::time::sleep(LINGER).await;
            return None;
        }
    }
    None
}

fn closing(code: CloseCode, reason: &str) -> CloseFrame {
    let mut end = reason.len().min(LONGEST_REASON);
    while !reason.is_char_boundary(end) {
        end -= 1;
    }
    // Some codes say that there was none, and must not be sent (RFC 6455, section 7.4.1).
    let code = if code.is_allowed() { code } else { CloseCode::Normal };
    CloseFrame { code, reason: reason[..end].to_owned().into() }
}
