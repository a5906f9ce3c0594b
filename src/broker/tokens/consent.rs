//! What a person's consent takes: the address where it is given, and what it is exchanged for.
//!
//! The authorization code grant with PKCE (RFC 6749, section 4.1; RFC 7636), and the device grant
//! (RFC 8628). Pure, as `ask`.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::StatusCode;
use percent_encoding::utf8_percent_encode;
use serde::Deserialize;
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use super::ask::{Ask, Form, Given, headers};
use super::error::TokenError;
use crate::broker::auth::{Secrets, UNRESERVED, fill, fill_encoded};
use crate::spec::auth::OAuth;
use crate::spec::{Endpoint, Host};

const DEVICE_CODE: &str = "urn:ietf:params:oauth:grant-type:device_code";
/// How long a device waits between two questions where nobody says (RFC 8628, section 3.2).
const USUAL_INTERVAL: u64 = 5;

/// What a person is asked to consent to.
pub struct Consent<'a> {
    pub redirect: &'a str,
    pub state: &'a str,
    /// None for those who exchange the code by other means.
    pub verifier: Option<&'a str>,
    /// None: those of the provider's file.
    pub scopes: Option<&'a [String]>,
}

/// What a refresh token is given for.
pub enum Proof<'a> {
    Code { code: &'a [u8], verifier: &'a [u8], redirect: &'a str },
    Device { code: &'a [u8] },
}

/// How a person lets a device in.
#[derive(Deserialize)]
pub struct DeviceCode {
    pub device_code: Zeroizing<String>,
    pub user_code: String,
    #[serde(alias = "verification_url")]
    pub verification_uri: String,
    #[serde(default)]
    pub verification_uri_complete: Option<String>,
    pub expires_in: u64,
    #[serde(default = "usual_interval")]
    pub interval: u64,
}

const fn usual_interval() -> u64 {
    USUAL_INTERVAL
}

/// The address where a person consents.
pub(super) fn url(
    oauth: &OAuth,
    endpoint: &Endpoint,
    secrets: &Secrets,
    consent: &Consent<'_>,
) -> Result<String, TokenError> {
    let path = fill_encoded(&endpoint.path, secrets, UNRESERVED)?;
    let id = fill(&oauth.client_id, secrets)?;
    let id = String::from_utf8_lossy(&id);
    let scope = match consent.scopes {
        Some(scopes) => scopes.join(" "),
        None => oauth.scopes.join(" "),
    };
    let challenge = consent.verifier.map(|verifier| URL_SAFE_NO_PAD.encode(Sha256::digest(verifier)));
    let mut url = format!("https://{}{}", endpoint.host, path.as_str());
    let mut joint = if path.contains('?') { '&' } else { '?' };
    let parameters = [
        ("response_type", Some("code")),
        ("client_id", Some(&*id)),
        ("redirect_uri", Some(consent.redirect)),
        ("scope", Some(scope.as_str()).filter(|scope| !scope.is_empty())),
        ("state", Some(consent.state)),
        ("code_challenge", challenge.as_deref()),
        ("code_challenge_method", challenge.as_ref().map(|_| "S256")),
    ];
    for (name, value) in parameters.into_iter().filter_map(|(name, value)| Some((name, value?))) {
        url.push(joint);
        url.push_str(name);
        url.push('=');
        url.extend(utf8_percent_encode(value, UNRESERVED));
        joint = '&';
    }
    Ok(url)
}

impl Given<'_> {
    /// Exchanges a proof of consent for tokens.
    pub(super) fn exchange(&self, oauth: &OAuth, proof: &Proof<'_>) -> Result<Ask, TokenError> {
        let url = self.url(&oauth.token_endpoint)?;
        let (mut form, mut headers) = (Form::default(), headers());
        match proof {
            Proof::Code { code, verifier, redirect } => {
                form.push("grant_type", b"authorization_code");
                form.push("code", code);
                form.push("redirect_uri", redirect.as_bytes());
                form.push("code_verifier", verifier);
            }
            Proof::Device { code } => {
                form.push("grant_type", DEVICE_CODE.as_bytes());
                form.push("device_code", code);
            }
        }
        self.client(oauth, &url, &mut form, &mut headers)?;
        Ok(form.ask(url, headers))
    }

    /// Asks to let a device in.
    pub(super) fn device(
        &self,
        oauth: &OAuth,
        endpoint: &Endpoint,
        scopes: Option<&[String]>,
    ) -> Result<Ask, TokenError> {
        let mut form = Form::default();
        form.push("client_id", &fill(&oauth.client_id, self.secrets)?);
        let scope = scopes.map_or_else(|| oauth.scopes.join(" "), |scopes| scopes.join(" "));
        if !scope.is_empty() {
            form.push("scope", scope.as_bytes());
        }
        Ok(form.ask(self.url(endpoint)?, headers()))
    }
}

/// The answer to a device that asks to be let in.
pub(super) fn device_code(host: &Host, status: StatusCode, body: &[u8]) -> Result<DeviceCode, TokenError> {
    let malformed = |what| TokenError::Answer { host: host.clone(), what };
    if !status.is_success() {
        return Err(super::answer::refused(host, status, body));
    }
    let code: DeviceCode =
        serde_json::from_slice(body).map_err(|_| malformed("it is no JSON of that form"))?;
    let shown = [Some(&code.verification_uri), code.verification_uri_complete.as_ref()];
    if shown.into_iter().flatten().any(|url| !url.starts_with("https://")) {
        return Err(malformed("it sends people to an address without TLS"));
    }
    Ok(code)
}
