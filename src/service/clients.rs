//! What a program needs to find in its environment, so that its clients come to the gateway.
//!
//! Names alone: the token and the address are put in by whoever starts the program.

use serde::{Deserialize, Serialize};

use crate::spec::{CredentialName, ProviderId, Scope};

/// Which capabilities a program is to be started for: the bounds of a token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClientsRequest {
    /// Capabilities, or patterns such as `openai/*`.
    pub capabilities: Vec<String>,
    pub credential: Option<CredentialName>,
    pub scope: Scope,
}

/// The providers that are ready for it, and the variables that hold keys.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClientsView {
    pub ready: Vec<ReadyView>,
    /// Under what names keys are known, of these providers and of all others.
    pub keys: Vec<String>,
}

/// A provider of which something is ready.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReadyView {
    pub provider: ProviderId,
    /// What its own API is called in paths of the gateway.
    pub account: String,
    /// How its official clients are pointed there, where that is known.
    pub client: Option<ClientView>,
}

/// What official clients read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClientView {
    pub base_url_env: Option<String>,
    pub base_path: String,
    /// The variables of its keys.
    pub keys: Vec<String>,
    /// Others that some of its clients read.
    pub other_keys: Vec<String>,
    /// What stands before a token.
    pub token_prefix: String,
}
