//! What can go wrong on the way to an upstream and back.
//!
//! Messages name the host, and a cause in words of ours. They must never hold the URL, a header, or the text of
//! a library's error, since keys stand in the first two and may stand in the third: causes are recognised by
//! type, and no error here has a source.

use std::error::Error;
use std::{fmt, io};

use http::HeaderName;
use hyper_util::client::legacy;
use rustls::{AlertDescription, CertificateError};
use thiserror::Error;

use super::connector::ConnectTimeout;
use super::{CallerBodyFault, UrlFault};
use crate::broker::guard::GuardError;
use crate::broker::identity::IdentityError;
use crate::broker::resolver::find_guard_error;

/// Why there is no answer, or no more of it.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum UpstreamError {
    #[error("{host} could not be reached: {fault}; check this machine's network, then try again")]
    Unreachable { host: String, fault: ConnectFault },
    #[error("{host} did not answer in time ({phase}); try again, or allow it more time")]
    Timeout { host: String, phase: Phase },
    #[error(
        "no trusted TLS connection to {host}: {fault}; nothing was sent; check the host and this machine's clock"
    )]
    Tls { host: String, fault: TlsFault },
    /// The host's addresses are out of reach, or it has none. Nothing was sent.
    #[error(transparent)]
    Guard(#[from] GuardError),
    #[error(
        "the URL of this request {fault}; nothing was sent; write the path as it should go out, percent-encoded"
    )]
    Url { fault: UrlFault },
    #[error("the header {name} is set by the broker alone; nothing was sent; leave it out of the request")]
    OwnHeader { name: HeaderName },
    #[error(
        "{host} is redirected by this test vault, and the request names a port; nothing was sent; \
         use the host without a port"
    )]
    RedirectedPort { host: String },
    #[error(
        "{host} answered in an encoding that was not asked for, so that its answer cannot be scrubbed; \
         nothing of it was passed on; report it to the provider"
    )]
    Encoding { host: String },
    #[error(
        "{host} sent a compressed answer that is damaged; what came is incomplete; \
         try again if the request can be repeated"
    )]
    Damaged { host: String },
    #[error(
        "{host} broke the rules of HTTP in the middle of its answer; what came is incomplete; \
         try again if the request can be repeated"
    )]
    Framing { host: String },
    #[error("the request to {host} was broken off: {fault}; send the whole body")]
    BodyFromCaller { host: String, fault: CallerBodyFault },
    #[error("{host} broke off its answer; what came is incomplete; try again if the request can be repeated")]
    Interrupted { host: String },
    #[error(
        "{host} closed the connection or did not answer in HTTP; try again if the request can be repeated"
    )]
    Protocol { host: String },
    #[error("{host} {fault}; the call was not carried out")]
    ClientCertificate { host: String, fault: CertificateFault },
    /// Nothing was sent.
    #[error(transparent)]
    Identity(#[from] IdentityError),
    #[error(
        "{host} answered the request for a WebSocket in a way that opens none; report it to the provider"
    )]
    Upgrade { host: String },
    #[error(transparent)]
    Client(#[from] ClientError),
}

/// Why there is no client to send with.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ClientError {
    #[error("{host:?} cannot be redirected; give a host name, in lower case and without a port")]
    RedirectedHost { host: String },
    #[error("the certificate authority for {host} is not a usable PEM certificate; give one that is")]
    CertificateAuthority { host: String },
    #[error("the extra certificate authorities are not usable PEM certificates; set others, or unset them")]
    ExtraAuthority,
    #[error("the egress proxy that is set cannot be used; set another, or unset it")]
    Proxy,
    #[error("the HTTPS client could not be set up; report this as a bug")]
    Build,
}

/// What an upstream kept us waiting for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Phase {
    Connect,
    FirstByte,
    Idle,
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Connect => "connecting",
            Self::FirstByte => "waiting for the first byte",
            Self::Idle => "waiting for more of the answer",
        })
    }
}

/// Why no connection was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ConnectFault {
    Refused,
    Reset,
    NoRoute,
    /// The proxy is not there, or does not connect to the host.
    EgressProxy,
    Other,
}

impl fmt::Display for ConnectFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Refused => "connection refused",
            Self::Reset => "connection reset",
            Self::NoRoute => "no route to it",
            Self::EgressProxy => "the egress proxy is not there or does not let it through",
            Self::Other => "connection failed",
        })
    }
}

/// Why a TLS connection is not trusted, or was not agreed on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TlsFault {
    UnknownIssuer,
    WrongName,
    Expired,
    NotYetValid,
    Revoked,
    OtherCertificate,
    Handshake,
}

impl fmt::Display for TlsFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::UnknownIssuer => "its certificate is from an unknown issuer",
            Self::WrongName => "its certificate is for another name",
            Self::Expired => "its certificate has expired",
            Self::NotYetValid => "its certificate is not valid yet",
            Self::Revoked => "its certificate was revoked",
            Self::OtherCertificate => "its certificate is not valid",
            Self::Handshake => "the handshake failed",
        })
    }
}

/// What an upstream says of the certificate that the connection showed, or did not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CertificateFault {
    Wanted,
    UnknownIssuer,
    Expired,
    Revoked,
    Refused,
}

impl fmt::Display for CertificateFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Wanted => {
                "asks for a client certificate and was shown none that it can use; the provider's file needs \
                 `type: mtls`, and the account a certificate of a kind that is asked for"
            }
            Self::UnknownIssuer => {
                "does not know who issued the client certificate; store it with the whole chain behind it, \
                 and check that it is for this service"
            }
            Self::Expired => {
                "says that the client certificate, or one in the chain behind it, has expired; \
                 rotate it to a new one"
            }
            Self::Revoked => "says that the client certificate was revoked; rotate it to a new one",
            Self::Refused => "does not take the client certificate; check that it is for this service",
        })
    }
}

impl CertificateFault {
    /// None where `error` is about something else.
    fn of(error: &rustls::Error) -> Option<Self> {
        use AlertDescription as A;
        let rustls::Error::AlertReceived(alert) = error else { return None };
        Some(match alert {
            A::CertificateRequired | A::NoCertificate => Self::Wanted,
            A::UnknownCA => Self::UnknownIssuer,
            A::CertificateExpired => Self::Expired,
            A::CertificateRevoked => Self::Revoked,
            A::BadCertificate | A::UnsupportedCertificate | A::CertificateUnknown | A::AccessDenied => {
                Self::Refused
            }
            // A signature in the chain, or the key's own, is not what it should be (RFC 8446, section 6.2).
            A::DecryptError => Self::Refused,
            _ => return None,
        })
    }
}

impl UpstreamError {
    /// What `error` means, where it came before the head of an answer.
    pub(super) fn from_send(host: &str, error: &legacy::Error) -> Self {
        let host = host.to_owned();
        if let Some(guard) = find_guard_error(error) {
            return Self::Guard(guard.clone());
        }
        if let Some(fault) = find(error).copied() {
            return Self::BodyFromCaller { host, fault };
        }
        if let Some(tls) = find(error) {
            return match CertificateFault::of(tls) {
                Some(fault) => Self::ClientCertificate { host, fault },
                None => Self::Tls { host, fault: TlsFault::from(tls) },
            };
        }
        if find::<ConnectTimeout>(error).is_some() {
            return Self::Timeout { host, phase: Phase::Connect };
        }
        if error.is_connect() {
            let fault = find::<io::Error>(error).map_or(ConnectFault::Other, ConnectFault::from);
            return Self::Unreachable { host, fault };
        }
        Self::Protocol { host }
    }

    /// What `error` means, where it came in the middle of an answer: from the connection, or from the decoder.
    pub(super) fn from_body(host: &str, error: &io::Error) -> Self {
        let host = host.to_owned();
        if let Some(fault) = find(error).copied() {
            return Self::BodyFromCaller { host, fault };
        }
        let is_decoders = find::<hyper::Error>(error).is_none();
        match find::<io::Error>(error).map(io::Error::kind) {
            Some(io::ErrorKind::UnexpectedEof) => Self::Interrupted { host },
            _ if is_decoders => Self::Damaged { host },
            // The reader of chunks says with these that what came is none.
            Some(io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput) => Self::Framing { host },
            _ => Self::Interrupted { host },
        }
    }

    /// The same, where the connection would have gone through the egress proxy: what failed was the proxy's.
    pub(super) fn through_proxy(self) -> Self {
        match self {
            Self::Unreachable { host, .. } => Self::Unreachable { host, fault: ConnectFault::EgressProxy },
            other => other,
        }
    }
}

/// How far a request had come when it failed, as far as that can be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Extent {
    /// There was nobody to send it to.
    NotConnected,
    /// The connection went away; what was sent may have been read.
    Lost,
    Other,
}

impl Extent {
    pub(super) fn of(error: &legacy::Error) -> Self {
        use io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset, NotConnected, UnexpectedEof};
        let kind = find::<io::Error>(error).map(io::Error::kind);
        let named = find_guard_error(error).is_some() || find::<rustls::Error>(error).is_some();
        if named || find::<ConnectTimeout>(error).is_some() {
            return Self::Other;
        }
        if error.is_connect() {
            let closed = matches!(kind, Some(io::ErrorKind::ConnectionRefused | ConnectionReset));
            return if closed { Self::NotConnected } else { Self::Other };
        }
        let cut =
            |error: &hyper::Error| error.is_incomplete_message() || error.is_canceled() || error.is_closed();
        let gone = [BrokenPipe, ConnectionAborted, ConnectionReset, NotConnected, UnexpectedEof];
        let is_lost = kind.is_some_and(|kind| gone.contains(&kind)) || find(error).is_some_and(cut);
        if is_lost { Self::Lost } else { Self::Other }
    }
}

impl From<&io::Error> for ConnectFault {
    fn from(error: &io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::ConnectionRefused => Self::Refused,
            io::ErrorKind::ConnectionReset | io::ErrorKind::ConnectionAborted | io::ErrorKind::BrokenPipe => {
                Self::Reset
            }
            io::ErrorKind::HostUnreachable | io::ErrorKind::NetworkUnreachable => Self::NoRoute,
            _ => Self::Other,
        }
    }
}

impl From<&rustls::Error> for TlsFault {
    fn from(error: &rustls::Error) -> Self {
        use CertificateError as E;
        match error {
            rustls::Error::InvalidCertificate(certificate) => match certificate {
                E::UnknownIssuer => Self::UnknownIssuer,
                E::NotValidForName | E::NotValidForNameContext { .. } => Self::WrongName,
                E::Expired | E::ExpiredContext { .. } => Self::Expired,
                E::NotValidYet | E::NotValidYetContext { .. } => Self::NotYetValid,
                E::Revoked => Self::Revoked,
                _ => Self::OtherCertificate,
            },
            _ => Self::Handshake,
        }
    }
}

/// The innermost cause of `error` of this type. Looks inside an `io::Error` too, which hides what it wraps from
/// [`Error::source`].
fn find<'a, T: Error + 'static>(error: &'a (dyn Error + 'static)) -> Option<&'a T> {
    let inside =
        error.downcast_ref().and_then(io::Error::get_ref).map(|inner| inner as &(dyn Error + 'static));
    inside.and_then(find).or_else(|| error.source().and_then(find)).or_else(|| error.downcast_ref())
}
