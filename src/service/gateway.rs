//! The gateway as every surface speaks of it: where callers without this program find the broker, and what they may
//! ask it for.
//!
//! Who has the listeners is a surface, which offers itself here; this decides nothing.

use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::error::ServiceError;
use crate::spec::{CapabilityId, CredentialName, ProviderId, Risk};

/// What has listeners for callers on TCP.
pub trait Gateway: Send + Sync {
    /// A listener on loopback, for all credentials or for one alone: the one that is there, or a new one.
    ///
    /// # Errors
    /// When none can be opened.
    fn open(&self, credential: Option<&CredentialName>) -> Result<ListenerView, ServiceError>;

    /// All that are open.
    fn listeners(&self) -> Vec<ListenerView>;

    /// All that are open, for the daemon that comes next.
    fn to_hand_on(&self) -> Vec<HandedListener>;
}

/// A listener that goes from one daemon to the next, which nobody who connects notices.
pub struct HandedListener {
    pub socket: TcpListener,
    pub record: ListenerRecord,
}

/// What its address does not tell of a listener.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ListenerRecord {
    /// The one credential that it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credential: Option<CredentialName>,
    /// Where other machines can reach it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remote: Option<RemoteRecord>,
}

/// What a listener needs that other machines can reach. The files are read anew.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RemoteRecord {
    pub certificate: PathBuf,
    pub key: PathBuf,
    pub names: Vec<String>,
}

/// A listener that is open.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListenerView {
    pub address: SocketAddr,
    /// What a client is told; without a slash at its end.
    pub url: String,
    /// The one credential that it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credential: Option<CredentialName>,
    #[serde(default)]
    pub tls: bool,
}

impl ListenerView {
    /// As the daemon's arguments have it.
    #[must_use]
    pub fn wanted(&self) -> String {
        match &self.credential {
            Some(credential) => format!("{}={credential}", self.address),
            None => self.address.to_string(),
        }
    }
}

/// A capability that a caller may use now.
#[derive(Debug, Clone, Serialize)]
pub struct OfferView {
    pub capability: CapabilityId,
    pub provider: ProviderId,
    pub summary: String,
    pub risk: Risk,
    pub allow: Vec<super::outcome::GrantView>,
    /// The accounts that can serve it.
    pub credentials: Vec<CredentialName>,
    /// Where its provider's own API stands here: the paths of `allow` go behind it.
    pub passthrough: String,
    /// What `POST /aivault/proxy` takes.
    pub example: EnvelopeView,
}

/// An envelope, as one is written.
#[derive(Debug, Clone, Serialize)]
pub struct EnvelopeView {
    pub capability: CapabilityId,
    pub request: EnvelopeRequestView,
}

#[derive(Debug, Clone, Serialize)]
pub struct EnvelopeRequestView {
    pub method: String,
    pub path: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub headers: Vec<(String, String)>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub body: Option<Box<RawValue>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub multipart: Vec<(String, String)>,
    #[serde(rename = "multipartFiles", skip_serializing_if = "Vec::is_empty")]
    pub multipart_files: Vec<FileView>,
}

/// A file of an example: its name, whose content is the caller's.
#[derive(Debug, Clone, Serialize)]
pub struct FileView {
    pub name: String,
    pub filename: String,
    pub data: String,
}
