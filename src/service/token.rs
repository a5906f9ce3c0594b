//! Callers' access tokens as operators ask for them and see them.

use serde::{Deserialize, Serialize};

use crate::platform::mark::ProcessMark;
use crate::spec::{CredentialName, Scope, TokenName, Ttl};
use crate::vault::TokenText;

/// A token to be minted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MintRequest {
    pub name: Option<TokenName>,
    /// Capabilities, or patterns such as `openai/*`.
    pub capabilities: Vec<String>,
    /// The only credential that it covers.
    pub credential: Option<CredentialName>,
    /// The scope that its calls are made in.
    pub scope: Scope,
    pub ttl: Ttl,
    /// The process that it ends with, if with any.
    #[serde(default)]
    pub lives_with: Option<ProcessMark>,
}

/// Which tokens are to be revoked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum TokenSelector {
    /// By name, by id, or by the first 8 digits of the id.
    Called(String),
    All,
}

/// A token without its text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenView {
    pub id: String,
    pub name: Option<TokenName>,
    /// What policies and the audit log call whoever presents it.
    pub caller: String,
    pub capabilities: Vec<String>,
    pub credential: Option<CredentialName>,
    #[serde(flatten)]
    pub scope: Scope,
    pub created_ms: u64,
    pub expires_ms: u64,
    /// The process that it ends with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pid: Option<u32>,
    /// Whether its time is over, or its process has ended.
    pub ended: bool,
}

/// A token, once, with its text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MintedView {
    pub token: TokenText,
    #[serde(flatten)]
    pub view: TokenView,
}

/// A token that is worth nothing any more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RevokedView {
    pub id: String,
    pub name: Option<TokenName>,
}
