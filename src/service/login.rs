//! The words of logging in: what is asked of the service and what it answers.

use serde::{Deserialize, Serialize};

use super::outcome::SecretView;
use crate::spec::{ProviderId, Scope};
use crate::vault::SecretInput;

/// One step of logging in to a provider, for the accounts of one scope.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LoginRequest {
    pub provider: ProviderId,
    pub scope: Scope,
    pub step: LoginStep,
}

#[derive(Serialize, Deserialize)]
#[serde(tag = "step", rename_all = "kebab-case", deny_unknown_fields)]
pub enum LoginStep {
    /// Where does a person consent?
    Consent {
        redirect: String,
        scopes: Option<Vec<String>>,
        /// Whether the code is to be exchanged here, so that PKCE protects it.
        exchanged_here: bool,
    },
    /// The person did; here is the code.
    Code { code: SecretInput, verifier: SecretInput, redirect: String },
    /// How is a device without a browser let in?
    Device { scopes: Option<Vec<String>> },
    /// Has the person let it in?
    Poll { code: SecretInput },
}

/// What became of a step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "step", rename_all = "kebab-case", deny_unknown_fields)]
pub enum LoginView {
    Consent {
        url: String,
        /// What comes back with the code.
        state: String,
        /// What goes with it to be exchanged; it protects one login and no account.
        verifier: Option<String>,
    },
    Device {
        /// What the person types, and where.
        user_code: String,
        url: String,
        url_with_code: Option<String>,
        /// What is asked with whether the person did; it protects one login and no account.
        device_code: String,
        interval_s: u64,
        expires_s: u64,
    },
    Waiting {
        slower: bool,
    },
    Done {
        secret: SecretView,
        /// The account that calls can be made as now, and how many capabilities it has.
        credential: Option<String>,
    },
}
