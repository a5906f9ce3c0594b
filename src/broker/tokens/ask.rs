//! How an access token is asked for: the one request that each scheme makes.
//!
//! Pure: secrets, time and what is random come in, a request goes out. It holds secrets and is
//! neither printed nor logged.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, USER_AGENT};
use http::{HeaderMap, HeaderName, HeaderValue};
use percent_encoding::percent_encode;
use zeroize::Zeroizing;

use super::assertion::{self, Claims, GoogleKey, KeyFault};
use super::error::TokenError;
use crate::broker::auth::{AuthError, Secrets, UNRESERVED, fill, fill_encoded};
use crate::spec::auth::{Client, GithubApp, JwtBearer, OAuth};
use crate::spec::auth_document::{JwtAlgorithm, KeyFormat, OAuthGrant};
use crate::spec::{Auth, Endpoint, Host, Template};

/// How long an assertion is good for, in seconds; GitHub takes ten minutes at most.
const ASSERTION_SECONDS: u64 = 300;
/// How far the other side's clock may be behind, in seconds.
const CLOCK_SKEW: u64 = 60;
const JWT_BEARER: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";
const CLIENT_ASSERTION: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// A `POST` for a token.
pub(super) struct Ask {
    pub(super) url: Zeroizing<String>,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

/// What a request for a token is made of besides the provider's word.
pub(super) struct Given<'a> {
    pub(super) secrets: &'a Secrets,
    pub(super) now_ms: u64,
    /// Never used twice.
    pub(super) nonce: &'a str,
}

/// The host that `auth` fetches tokens from; none where it fetches none.
pub(super) fn host(auth: &Auth) -> Option<&Host> {
    match auth {
        Auth::OAuth2(oauth) => Some(&oauth.token_endpoint.host),
        Auth::JwtBearer(jwt) => Some(&jwt.token_endpoint.host),
        Auth::GithubApp(app) => Some(&app.host),
        _ => None,
    }
}

/// The placeholder whose secret an answer may replace.
pub(super) fn replaceable(auth: &Auth) -> Option<&str> {
    match auth {
        Auth::OAuth2(oauth) => oauth.refresh_token.as_ref()?.placeholders().next(),
        _ => None,
    }
}

/// The request for a token.
pub(super) fn compose(auth: &Auth, given: &Given<'_>) -> Result<Ask, TokenError> {
    match auth {
        Auth::OAuth2(oauth) => given.oauth(oauth),
        Auth::JwtBearer(jwt) => given.jwt_bearer(jwt),
        Auth::GithubApp(app) => given.github_app(app),
        other => Err(AuthError::NotYet(other.scheme().to_owned()).into()),
    }
}

impl Given<'_> {
    fn oauth(&self, oauth: &OAuth) -> Result<Ask, TokenError> {
        let url = self.url(&oauth.token_endpoint)?;
        let mut form = Form::default();
        let mut headers = headers();
        match oauth.grant {
            OAuthGrant::RefreshToken => form.push("grant_type", b"refresh_token"),
            OAuthGrant::ClientCredentials => form.push("grant_type", b"client_credentials"),
            OAuthGrant::AccountCredentials => form.push("grant_type", b"account_credentials"),
        }
        if let Some(token) = &oauth.refresh_token {
            form.push("refresh_token", &fill(token, self.secrets)?);
        } else if !oauth.scopes.is_empty() {
            // A refreshed token keeps the scopes that were consented to.
            form.push("scope", oauth.scopes.join(" ").as_bytes());
        }
        self.client(oauth, &url, &mut form, &mut headers)?;
        for (name, value) in oauth.parameters.iter() {
            form.push(name, &fill(value, self.secrets)?);
        }
        Ok(form.ask(url, headers))
    }

    /// Shows who the client is, in the form or in a header.
    pub(super) fn client(
        &self,
        oauth: &OAuth,
        url: &str,
        form: &mut Form,
        headers: &mut HeaderMap,
    ) -> Result<(), TokenError> {
        let id = fill(&oauth.client_id, self.secrets)?;
        match &oauth.client {
            Client::Basic(secret) => {
                let secret = fill(secret, self.secrets)?;
                let pair = Zeroizing::new([&*escaped(&id), ":", &escaped(&secret)].concat());
                let value =
                    Zeroizing::new(["Basic ", &Zeroizing::new(STANDARD.encode(pair.as_bytes()))].concat());
                sensitive(headers, AUTHORIZATION, value.as_bytes())?;
                return Ok(());
            }
            Client::Body(secret) => form.push("client_secret", &fill(secret, self.secrets)?),
            Client::Key { key, algorithm, id: key_id } => {
                let name = text(&id, "client_id")?;
                let claims = Claims { sub: Some(name), jti: Some(self.nonce), ..self.claims(name, url) };
                let pem = fill(key, self.secrets)?;
                let signed = assertion::sign(&claims, &pem, key_id.as_deref(), *algorithm);
                form.push("client_assertion_type", CLIENT_ASSERTION.as_bytes());
                form.push("client_assertion", signed.map_err(|fault| unusable(key, fault))?.as_bytes());
            }
            Client::Public => {}
        }
        form.push("client_id", &id);
        Ok(())
    }

    fn jwt_bearer(&self, jwt: &JwtBearer) -> Result<Ask, TokenError> {
        let url = self.url(&jwt.token_endpoint)?;
        let stored = fill(&jwt.key, self.secrets)?;
        let google = match jwt.key_format {
            KeyFormat::Pem => None,
            KeyFormat::GoogleJson => {
                let parsed = GoogleKey::parse(&stored);
                Some(parsed.ok_or_else(|| unusable(&jwt.key, KeyFault::NoServiceAccount))?)
            }
        };
        let issuer = match (&jwt.issuer, &google) {
            (Some(issuer), _) => self.text(issuer)?,
            (None, Some(google)) => google.client_email.clone(),
            (None, None) => return Err(unusable(&jwt.key, KeyFault::Nobodys)),
        };
        let subject = jwt.subject.as_ref().map(|subject| self.text(subject)).transpose()?;
        let scope = (!jwt.scopes.is_empty()).then(|| jwt.scopes.join(" "));
        let claims =
            Claims { sub: subject.as_deref(), scope: scope.as_deref(), ..self.claims(&issuer, &url) };
        let (pem, key_id) = match &google {
            Some(google) => (google.private_key.as_bytes(), google.private_key_id.as_deref()),
            None => (stored.as_slice(), None),
        };
        let signed = assertion::sign(&claims, pem, key_id, jwt.algorithm);
        let mut form = Form::default();
        form.push("grant_type", JWT_BEARER.as_bytes());
        form.push("assertion", signed.map_err(|fault| unusable(&jwt.key, fault))?.as_bytes());
        Ok(form.ask(url, headers()))
    }

    /// As <https://docs.github.com/en/apps/creating-github-apps/authenticating-with-a-github-app> has it.
    fn github_app(&self, app: &GithubApp) -> Result<Ask, TokenError> {
        let installation = fill_encoded(&app.installation_id, self.secrets, UNRESERVED)?;
        let url = format!("https://{}/app/installations/{}/access_tokens", app.host, installation.as_str());
        let issuer = self.text(&app.app_id)?;
        let claims = Claims { aud: None, ..self.claims(&issuer, "") };
        let pem = fill(&app.private_key, self.secrets)?;
        let signed = assertion::sign(&claims, &pem, None, JwtAlgorithm::Rs256);
        let signed = signed.map_err(|fault| unusable(&app.private_key, fault))?;
        let mut headers = headers();
        headers.insert(ACCEPT, HeaderValue::from_static("application/vnd.github+json"));
        sensitive(&mut headers, AUTHORIZATION, Zeroizing::new(["Bearer ", &signed].concat()).as_bytes())?;
        Ok(Ask { url: Zeroizing::new(url), headers, body: Bytes::new() })
    }

    fn claims<'a>(&self, issuer: &'a str, audience: &'a str) -> Claims<'a> {
        let iat = (self.now_ms / 1000).saturating_sub(CLOCK_SKEW);
        Claims {
            iss: issuer,
            sub: None,
            aud: Some(audience),
            scope: None,
            jti: None,
            iat,
            exp: iat + CLOCK_SKEW + ASSERTION_SECONDS,
        }
    }

    pub(super) fn url(&self, endpoint: &Endpoint) -> Result<Zeroizing<String>, AuthError> {
        let path = fill_encoded(&endpoint.path, self.secrets, UNRESERVED)?;
        Ok(Zeroizing::new(["https://", endpoint.host.as_str(), &path].concat()))
    }

    fn text(&self, template: &Template) -> Result<String, TokenError> {
        let filled = fill(template, self.secrets)?;
        let name = template.placeholders().next().unwrap_or_default();
        text(&filled, name).map(str::to_owned)
    }
}

fn text<'a>(value: &'a [u8], name: &str) -> Result<&'a str, TokenError> {
    str::from_utf8(value)
        .map_err(|_| TokenError::Key { placeholder: name.to_owned(), fault: KeyFault::NoText })
}

fn unusable(key: &Template, fault: KeyFault) -> TokenError {
    let placeholder = key.placeholders().next().unwrap_or_default().to_owned();
    TokenError::Key { placeholder, fault }
}

pub(super) fn headers() -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
    headers.insert(USER_AGENT, HeaderValue::from_static("aivault"));
    headers
}

fn sensitive(headers: &mut HeaderMap, name: HeaderName, value: &[u8]) -> Result<(), AuthError> {
    let mut field = HeaderValue::from_bytes(value).map_err(|_| AuthError::NotForHeader(name.to_string()))?;
    field.set_sensitive(true);
    headers.insert(name, field);
    Ok(())
}

fn escaped(value: &[u8]) -> Zeroizing<String> {
    Zeroizing::new(percent_encode(value, UNRESERVED).to_string())
}

/// A body of `application/x-www-form-urlencoded`.
#[derive(Default)]
pub(super) struct Form(Zeroizing<String>);

impl Form {
    pub(super) fn push(&mut self, name: &str, value: &[u8]) {
        let joint = if self.0.is_empty() { "" } else { "&" };
        // Made whole at once: no earlier copy is left behind by growing.
        self.0 = Zeroizing::new([self.0.as_str(), joint, name, "=", &escaped(value)].concat());
    }

    pub(super) fn ask(self, url: Zeroizing<String>, mut headers: HeaderMap) -> Ask {
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/x-www-form-urlencoded"));
        Ask { url, headers, body: Bytes::from_owner(Cleared(self.0)) }
    }
}

/// Bytes that are cleared when the last of those who send them is done.
struct Cleared(Zeroizing<String>);

impl AsRef<[u8]> for Cleared {
    fn as_ref(&self) -> &[u8] {
        self.0.as_bytes()
    }
}
