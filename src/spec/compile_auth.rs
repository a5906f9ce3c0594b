//! From a provider's auth as written to the scheme as meant.

use super::auth_document::{AuthDocument, ClientAuth, OAuthDocument, OAuthGrant};
use super::code::Code;
use super::compile::{Compiler, list, text};
use super::diagnostic::Place;
use super::header::{HeaderName, Reserved, reserved};
use super::model::Auth;
use super::path::PathPattern;
use super::template::Template;
use super::text::Text;

impl Compiler {
    fn template(&mut self, place: Place, value: &str) -> Option<Template> {
        self.parsed(place, Template::parse(value))
    }

    pub(super) fn auth(&mut self, place: &Place, document: &AuthDocument) -> Option<Auth> {
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
            AuthDocument::AwsSigv4 { service, access_key_id, secret_access_key, session_token, .. } => {
                self.name_of_service(&place.key("service"), service);
                let keys = [("access_key_id", access_key_id), ("secret_access_key", secret_access_key)];
                let token = session_token.as_ref().map(|token| ("session_token", token));
                self.described(place, "aws-sigv4", keys.into_iter().chain(token))
            }
            AuthDocument::JwtBearer { token_endpoint, key, issuer, subject, .. } => {
                self.endpoint(&place.key("token_endpoint"), token_endpoint);
                let names = [("issuer", issuer), ("subject", subject)];
                let names = names.into_iter().filter_map(|(name, text)| Some((name, text.as_ref()?)));
                self.described(place, "jwt-bearer", [("key", key)].into_iter().chain(names))
            }
            AuthDocument::GithubApp { app_id, installation_id, private_key } => {
                let all =
                    [("app_id", app_id), ("installation_id", installation_id), ("private_key", private_key)];
                self.described(place, "github-app", all.into_iter())
            }
        }
    }

    /// The scheme's own header: framing and routing headers cannot carry a secret.
    fn auth_header(&mut self, place: Place, name: &str) -> Option<HeaderName> {
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
        self.endpoint(&place.key("token_endpoint"), &oauth.token_endpoint);
        let others =
            [("authorize_endpoint", &oauth.authorize_endpoint), ("device_endpoint", &oauth.device_endpoint)];
        for (key, endpoint) in others {
            endpoint.iter().for_each(|endpoint| self.endpoint(&place.key(key), endpoint));
        }
        if (oauth.grant == OAuthGrant::RefreshToken) != oauth.refresh_token.is_some() {
            let message = "`refresh_token` goes with the grant `refresh_token`, and with no other";
            self.report(Code::WrongValue, place.key("refresh_token"), message);
        }
        if (oauth.client_auth == ClientAuth::None) != oauth.client_secret.is_none() {
            let message = "a public client has no `client_secret`, and every other has one";
            self.report(Code::WrongValue, place.key("client_secret"), message);
        }
        let optional = [("client_secret", &oauth.client_secret), ("refresh_token", &oauth.refresh_token)];
        let optional = optional.into_iter().filter_map(|(name, text)| Some((name, text.as_ref()?)));
        let endpoint =
            Some(("token_endpoint", &oauth.token_endpoint)).filter(|(_, text)| text.contains("{{"));
        let parameters = oauth
            .parameters
            .iter()
            .filter(|(_, text)| text.contains("{{"))
            .map(|(name, text)| (name.as_str(), text));
        let all =
            [("client_id", &oauth.client_id)].into_iter().chain(optional).chain(endpoint).chain(parameters);
        self.described(place, "oauth2", all)
    }

    /// A scheme that is checked and shown, and that the broker cannot carry out yet.
    fn described<'d>(
        &mut self,
        place: &Place,
        scheme: &'static str,
        templates: impl Iterator<Item = (&'d str, &'d String)>,
    ) -> Option<Auth> {
        let templates: Option<Vec<Template>> =
            templates.map(|(key, value)| self.template(place.key(key), value)).collect();
        Some(Auth::Described { scheme: text(scheme), templates: list(templates?) })
    }

    /// The address that tokens are fetched from: `https`, a host, and no user, port or fragment.
    fn endpoint(&mut self, place: &Place, address: &str) {
        self.link(place, address);
        let host =
            address.strip_prefix("https://").and_then(|rest| rest.split('/').next()).unwrap_or_default();
        if host.contains(['@', ':', '?', '#']) || address.contains('#') {
            self.report(
                Code::Malformed,
                place.clone(),
                "write `https://host/path`, without user, port or fragment",
            );
        }
    }

    fn name_of_service(&mut self, place: &Place, name: &str) {
        if name.is_empty()
            || !name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
        {
            self.report(
                Code::Malformed,
                place.clone(),
                "a service's signing name is lower-case letters, digits and `-`",
            );
        }
    }
}
