//! From a provider's auth as written to the scheme as meant.

use super::auth::{Auth, Client, Endpoint, GithubApp, JwtBearer, OAuth};
use super::auth_document::{
    AuthDocument, ClientAuth, GithubAppDocument, JwtDocument, OAuthDocument, OAuthGrant,
};
use super::code::Code;
use super::compile::{Compiler, list, text};
use super::diagnostic::Place;
use super::document::ProviderDocument;
use super::header::{HeaderName, Reserved, reserved};
use super::host::Host;
use super::path::PathPattern;
use super::template::{Template, is_placeholder};
use super::text::Text;

impl Compiler {
    pub(super) fn template(&mut self, place: Place, value: &str) -> Option<Template> {
        self.parsed(place, Template::parse(value))
    }

    pub(super) fn auth(
        &mut self,
        place: &Place,
        document: &AuthDocument,
        provider: &ProviderDocument,
    ) -> Option<Auth> {
        match document {
            AuthDocument::Header { name, value } => {
                let name = self.auth_header(place.key("name"), name);
                let value = self.template(place.key("value"), value);
                Some(Auth::Headers(list(vec![(name?, value?)])))
            }
            AuthDocument::MultiHeader { headers } => {
                let place = place.key("headers");
                let mut all = Vec::new();
                for (name, value) in headers {
                    let parsed = self.auth_header(place.name(name), name);
                    all.push((parsed?, self.template(place.key(name), value)?));
                }
                Some(Auth::Headers(list(all)))
            }
            AuthDocument::Query { name, value } => {
                let name = self.query_name(place.key("name"), name);
                let value = self.template(place.key("value"), value);
                Some(Auth::Query(list(vec![(name?, value?)])))
            }
            AuthDocument::MultiQuery { query } => {
                let place = place.key("query");
                let mut all = Vec::new();
                for (name, value) in query {
                    let parsed = self.query_name(place.name(name), name);
                    all.push((parsed?, self.template(place.key(name), value)?));
                }
                Some(Auth::Query(list(all)))
            }
            AuthDocument::Basic { username, password } => {
                let username = self.template(place.key("username"), username);
                let password = self.template(place.key("password"), password);
                Some(Auth::Basic { username: username?, password: password? })
            }
            AuthDocument::Path { segment, after } => self.path_auth(place, segment, after),
            AuthDocument::Oauth2(oauth) => self.oauth(place, oauth),
            AuthDocument::AwsSigv4(aws) => self.aws(place, aws, provider),
            AuthDocument::Hmac(hmac) => self.hmac(place, hmac, provider),
            AuthDocument::JwtBearer(jwt) => self.jwt(place, jwt),
            AuthDocument::GithubApp(app) => self.github_app(place, app),
            AuthDocument::Mtls(_) => {
                self.no_scheme_of_requests(place);
                None
            }
        }
    }

    /// The scheme's own header: framing and routing headers cannot carry a secret.
    pub(super) fn auth_header(&mut self, place: Place, name: &str) -> Option<HeaderName> {
        if matches!(reserved(name), Some(Reserved::Connection | Reserved::Routing)) {
            self.report(Code::ReservedHeader, place, format!("`{name}` cannot carry a secret"));
            return None;
        }
        self.header_name(place, name)
    }

    pub(super) fn query_name(&mut self, place: Place, name: &str) -> Option<Text> {
        if !name.is_empty()
            && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.' | b'$'))
        {
            return Some(text(name));
        }
        self.report(
            Code::Malformed,
            place,
            "a parameter's name is letters, digits, `_`, `-`, `.` and `$` here",
        );
        None
    }

    fn path_auth(&mut self, place: &Place, segment: &str, after: &[String]) -> Option<Auth> {
        for (index, prefix) in after.iter().enumerate() {
            let pattern = self.parsed(place.key("after").index(index), PathPattern::parse(prefix));
            if pattern.is_some_and(|pattern| !pattern.is_exact()) {
                self.report(
                    Code::Malformed,
                    place.key("after").index(index),
                    "this must be a path without wildcards",
                );
            }
        }
        let template = self.template(place.key("segment"), segment)?;
        if segment.contains('/') {
            self.report(Code::Malformed, place.key("segment"), "one segment, without a slash");
        }
        Some(Auth::Path { segment: template, after: after.iter().map(|prefix| text(prefix)).collect() })
    }

    fn oauth(&mut self, place: &Place, oauth: &OAuthDocument) -> Option<Auth> {
        let token_endpoint = self.endpoint(&place.key("token_endpoint"), &oauth.token_endpoint);
        let mut further = |key, address: &Option<String>| match address {
            Some(address) => self.endpoint(&place.key(key), address).map(Some),
            None => Some(None),
        };
        let authorize_endpoint = further("authorize_endpoint", &oauth.authorize_endpoint);
        let device_endpoint = further("device_endpoint", &oauth.device_endpoint);
        if (oauth.grant == OAuthGrant::RefreshToken) != oauth.refresh_token.is_some() {
            let message = "`refresh_token` goes with the grant `refresh_token`, and with no other";
            self.report(Code::WrongValue, place.key("refresh_token"), message);
        }
        let client = self.client(place, oauth);
        let why = "an answer may replace its value";
        self.one_placeholder(&place.key("refresh_token"), oauth.refresh_token.as_deref(), why);
        let parameters = oauth.parameters.iter().map(|(name, value)| {
            Some((text(name), self.template(place.key("parameters").key(name), value)?))
        });
        let parameters = parameters.collect::<Option<Vec<_>>>();
        let client_id = self.template(place.key("client_id"), &oauth.client_id);
        Some(Auth::OAuth2(Box::new(OAuth {
            grant: oauth.grant,
            token_endpoint: token_endpoint?,
            authorize_endpoint: authorize_endpoint?,
            device_endpoint: device_endpoint?,
            client_id: client_id?,
            client: client?,
            refresh_token: self.optional(place, "refresh_token", &oauth.refresh_token)?,
            scopes: oauth.scopes.iter().map(|scope| text(scope)).collect(),
            parameters: list(parameters?),
        })))
    }

    fn client(&mut self, place: &Place, oauth: &OAuthDocument) -> Option<Client> {
        let (wanted, unwanted) = match oauth.client_auth {
            ClientAuth::Body | ClientAuth::Basic => (Some("client_secret"), "client_key"),
            ClientAuth::PrivateKeyJwt => (Some("client_key"), "client_secret"),
            ClientAuth::None => (None, "client_secret"),
        };
        let written = [("client_secret", &oauth.client_secret), ("client_key", &oauth.client_key)];
        for (key, _) in written.iter().filter(|(key, value)| value.is_some() != (wanted == Some(*key))) {
            let message = match wanted {
                Some(wanted) => format!("this `client_auth` goes with `{wanted}`, and not with `{unwanted}`"),
                None => "a public client has neither `client_secret` nor `client_key`".to_owned(),
            };
            self.report(Code::WrongValue, place.key(key), message);
        }
        let secret = self.optional(place, "client_secret", &oauth.client_secret)?;
        let key = self.optional(place, "client_key", &oauth.client_key)?;
        Some(match oauth.client_auth {
            ClientAuth::Body => Client::Body(secret?),
            ClientAuth::Basic => Client::Basic(secret?),
            ClientAuth::PrivateKeyJwt => Client::Key {
                key: key?,
                algorithm: oauth.client_key_algorithm,
                id: oauth.client_key_id.as_deref().map(text),
            },
            ClientAuth::None => Client::Public,
        })
    }

    fn jwt(&mut self, place: &Place, jwt: &JwtDocument) -> Option<Auth> {
        let token_endpoint = self.endpoint(&place.key("token_endpoint"), &jwt.token_endpoint);
        Some(Auth::JwtBearer(Box::new(JwtBearer {
            token_endpoint: token_endpoint?,
            key: self.template(place.key("key"), &jwt.key)?,
            key_format: jwt.key_format,
            algorithm: jwt.algorithm,
            issuer: self.optional(place, "issuer", &jwt.issuer)?,
            subject: self.optional(place, "subject", &jwt.subject)?,
            scopes: jwt.scopes.iter().map(|scope| text(scope)).collect(),
        })))
    }

    fn github_app(&mut self, place: &Place, app: &GithubAppDocument) -> Option<Auth> {
        let host = app.host.as_deref().unwrap_or("api.github.com");
        let host = self.parsed(place.key("host"), Host::parse(host));
        Some(Auth::GithubApp(Box::new(GithubApp {
            host: host?,
            app_id: self.template(place.key("app_id"), &app.app_id)?,
            installation_id: self.template(place.key("installation_id"), &app.installation_id)?,
            private_key: self.template(place.key("private_key"), &app.private_key)?,
        })))
    }

    /// What may be left out; none where it is there and malformed.
    pub(super) fn optional(
        &mut self,
        place: &Place,
        key: &str,
        value: &Option<String>,
    ) -> Option<Option<Template>> {
        match value {
            Some(value) => self.template(place.key(key), value).map(Some),
            None => Some(None),
        }
    }

    /// A secret as it stands, and no text around one.
    pub(super) fn one_placeholder(&mut self, place: &Place, value: Option<&str>, why: &str) {
        let whole = |value: &str| {
            value.strip_prefix("{{").and_then(|rest| rest.strip_suffix("}}")).is_some_and(is_placeholder)
        };
        if value.is_some_and(|value| !whole(value)) {
            self.report(Code::WrongValue, place.clone(), format!("this is one placeholder alone: {why}"));
        }
    }

    /// An address of the provider's own: `https`, a host that is written out, and no user, port or
    /// fragment. What is stored stands in its path or query at most.
    fn endpoint(&mut self, place: &Place, address: &str) -> Option<Endpoint> {
        let parts = address.strip_prefix("https://").and_then(|rest| Some(rest.split_at(rest.find('/')?)));
        let parsed = parts.and_then(|(host, path)| Some((Host::parse(host).ok()?, path)));
        let Some((host, path)) = parsed.filter(|(_, path)| !path.contains('#')) else {
            let message =
                "write `https://host/path`, without user, port or fragment, and with the host written out";
            self.report(Code::Malformed, place.clone(), message);
            return None;
        };
        Some(Endpoint { host, path: self.template(place.clone(), path)? })
    }
}
