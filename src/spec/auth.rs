//! How secrets authenticate requests, as meant: one variant a scheme. It holds no secret.

use super::auth_document::{JwtAlgorithm, KeyFormat, OAuthGrant};
use super::header::HeaderName;
use super::hmac::{Hmac, Value};
use super::host::Host;
use super::model::List;
use super::packed::{packed_enum, packed_struct};
use super::template::Template;
use super::text::Text;

/// What a signature of AWS is sent with, and what of it could come from a caller instead.
const AWS_HEADERS: &[&str] = &["x-amz-content-sha256", "x-amz-date", "x-amz-security-token"];
const BEARER_PARAMETERS: &[&str] = &["access_token"];
const AWS_PARAMETERS: &[&str] = &[
    "X-Amz-Algorithm",
    "X-Amz-Content-Sha256",
    "X-Amz-Credential",
    "X-Amz-Date",
    "X-Amz-Expires",
    "X-Amz-Security-Token",
    "X-Amz-Signature",
    "X-Amz-SignedHeaders",
];

/// How a secret authenticates a request.
#[derive(Debug, Clone, PartialEq)]
pub enum Auth {
    Headers(List<(HeaderName, Template)>),
    Query(List<(Text, Template)>),
    /// A path segment that is inserted first, or behind one of `after`.
    Path {
        segment: Template,
        after: List<Text>,
    },
    Basic {
        username: Template,
        password: Template,
    },
    OAuth2(Box<OAuth>),
    AwsSigV4(Box<AwsSigV4>),
    Hmac(Box<Hmac>),
    JwtBearer(Box<JwtBearer>),
    GithubApp(Box<GithubApp>),
    /// Nothing in the request: the client certificate of its connection is all.
    Nothing,
}

/// An address that a provider's file fixes: `https`, at the usual port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    pub host: Host,
    /// From the first slash on.
    pub path: Template,
}

/// OAuth 2.0 (RFC 6749): an access token is fetched with what is stored, and sent as a bearer token.
#[derive(Debug, Clone, PartialEq)]
pub struct OAuth {
    pub grant: OAuthGrant,
    pub token_endpoint: Endpoint,
    /// Where a person consents.
    pub authorize_endpoint: Option<Endpoint>,
    /// Where a device without a browser asks (RFC 8628).
    pub device_endpoint: Option<Endpoint>,
    pub client_id: Template,
    pub client: Client,
    /// Of the grant `refresh_token`: one placeholder, since an answer may replace its value.
    pub refresh_token: Option<Template>,
    pub scopes: List<Text>,
    /// Further parameters of each request for a token.
    pub parameters: List<(Text, Template)>,
}

/// How a client shows who it is.
#[derive(Debug, Clone, PartialEq)]
pub enum Client {
    /// Its secret stands in the body.
    Body(Template),
    /// HTTP Basic, as RFC 6749, section 2.3.1, has it.
    Basic(Template),
    /// A signed assertion (RFC 7523, section 2.2).
    Key { key: Template, algorithm: JwtAlgorithm, id: Option<Text> },
    /// It says its name, and has nothing to show.
    Public,
}

impl Client {
    fn template(&self) -> Option<&Template> {
        match self {
            Self::Body(secret) | Self::Basic(secret) | Self::Key { key: secret, .. } => Some(secret),
            Self::Public => None,
        }
    }
}

/// AWS Signature Version 4.
#[derive(Debug, Clone, PartialEq)]
pub struct AwsSigV4 {
    pub service: Text,
    pub rules: AwsRules,
    /// None where the last `*` of the host stands for it.
    pub region: Option<Text>,
    pub access_key_id: Template,
    pub secret_access_key: Template,
    pub session_token: Option<Template>,
}

/// What a service of AWS makes of a request before it is signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AwsRules {
    /// The path is escaped once more, and the body's hash is signed.
    General,
    /// S3's own: the path is taken as keys are, and a body goes unsigned over TLS, so that it streams.
    S3,
}

/// A signed assertion that is exchanged for an access token (RFC 7523).
#[derive(Debug, Clone, PartialEq)]
pub struct JwtBearer {
    pub token_endpoint: Endpoint,
    pub key: Template,
    pub key_format: KeyFormat,
    pub algorithm: JwtAlgorithm,
    /// None where the key's JSON says it.
    pub issuer: Option<Template>,
    pub subject: Option<Template>,
    pub scopes: List<Text>,
}

/// An installation of a GitHub App.
#[derive(Debug, Clone, PartialEq)]
pub struct GithubApp {
    /// Where tokens come from.
    pub host: Host,
    pub app_id: Template,
    pub installation_id: Template,
    pub private_key: Template,
}

/// What a scheme sets, by name: to a template, to a value that may be signed, or to what it makes itself.
type Owned<'a, N> = (&'a [(N, Template)], &'a [(N, Value)], &'a [&'a str]);

impl Auth {
    /// The scheme's name in provider files.
    #[must_use]
    pub fn scheme(&self) -> &str {
        match self {
            Self::Headers(list) if list.len() == 1 => "header",
            Self::Headers(_) => "multi-header",
            Self::Query(list) if list.len() == 1 => "query",
            Self::Query(_) => "multi-query",
            Self::Path { .. } => "path",
            Self::Basic { .. } => "basic",
            Self::OAuth2(_) => "oauth2",
            Self::AwsSigV4(_) => "aws-sigv4",
            Self::Hmac(_) => "hmac",
            Self::JwtBearer(_) => "jwt-bearer",
            Self::GithubApp(_) => "github-app",
            Self::Nothing => "mtls",
        }
    }

    /// Whether the broker can carry it out.
    #[must_use]
    pub fn is_supported(&self) -> bool {
        // Without a wildcard: a new scheme says here when it is there.
        match self {
            Self::Headers(_) | Self::Query(_) | Self::Path { .. } | Self::Basic { .. } | Self::Nothing => {
                true
            }
            Self::OAuth2(_) | Self::AwsSigV4(_) | Self::Hmac(_) | Self::JwtBearer(_) | Self::GithubApp(_) => {
                true
            }
        }
    }

    /// The headers that the scheme sets, beside those that no caller may set anyway.
    pub fn own_headers(&self) -> impl Iterator<Item = &str> {
        let (plain, signed, fixed): Owned<'_, HeaderName> = match self {
            Self::Headers(list) => (list, &[], &[]),
            Self::Hmac(hmac) => (&[], &hmac.headers, &[]),
            Self::AwsSigV4(_) => (&[], &[], AWS_HEADERS),
            _ => (&[], &[], &[]),
        };
        let named = plain.iter().map(|(name, _)| name).chain(signed.iter().map(|(name, _)| name));
        named.map(HeaderName::as_str).chain(fixed.iter().copied())
    }

    /// The parameters that the scheme sets, or takes in a header's place.
    pub fn own_parameters(&self) -> impl Iterator<Item = &str> {
        let (plain, signed, fixed): Owned<'_, Text> = match self {
            Self::Query(list) => (list, &[], &[]),
            Self::Hmac(hmac) => (&[], &hmac.query, &[]),
            Self::AwsSigV4(_) => (&[], &[], AWS_PARAMETERS),
            // RFC 6750, section 2.3, has tokens there too.
            Self::OAuth2(_) | Self::JwtBearer(_) | Self::GithubApp(_) => (&[], &[], BEARER_PARAMETERS),
            _ => (&[], &[], &[]),
        };
        let named = plain.iter().map(|(name, _)| name).chain(signed.iter().map(|(name, _)| name));
        named.map(Text::as_str).chain(fixed.iter().copied())
    }

    /// Whether a request can only be signed once its whole body is there.
    #[must_use]
    pub fn reads_body(&self) -> bool {
        match self {
            Self::AwsSigV4(aws) => aws.rules == AwsRules::General,
            Self::Hmac(hmac) => hmac.reads_body(),
            _ => false,
        }
    }

    /// The secrets that the scheme needs, by placeholder.
    #[must_use]
    pub fn placeholders(&self) -> Vec<&str> {
        match self {
            Self::Hmac(hmac) => hmac.placeholders().collect(),
            _ => self.templates().into_iter().flat_map(Template::placeholders).collect(),
        }
    }

    /// Of those, what a request can be signed without.
    #[must_use]
    pub fn optional_placeholders(&self) -> Vec<&str> {
        let Self::AwsSigV4(aws) = self else { return Vec::new() };
        let needed = [&aws.access_key_id, &aws.secret_access_key];
        let needed: Vec<&str> = needed.into_iter().flat_map(Template::placeholders).collect();
        let token = aws.session_token.iter().flat_map(Template::placeholders);
        token.filter(|name| !needed.contains(name)).collect()
    }

    /// Hosts that it sends something to besides those of capabilities.
    #[must_use]
    pub fn hosts(&self) -> Vec<&Host> {
        match self {
            Self::OAuth2(oauth) => oauth.endpoints().map(|endpoint| &endpoint.host).collect(),
            Self::JwtBearer(jwt) => vec![&jwt.token_endpoint.host],
            Self::GithubApp(app) => vec![&app.host],
            _ => Vec::new(),
        }
    }

    /// All templates of the scheme.
    #[must_use]
    pub fn templates(&self) -> Vec<&Template> {
        match self {
            Self::Headers(list) => list.iter().map(|(_, template)| template).collect(),
            Self::Query(list) => list.iter().map(|(_, template)| template).collect(),
            Self::Path { segment, .. } => vec![segment],
            Self::Basic { username, password } => vec![username, password],
            Self::OAuth2(oauth) => oauth.templates(),
            Self::AwsSigV4(aws) => {
                let keys = [&aws.access_key_id, &aws.secret_access_key];
                keys.into_iter().chain(&aws.session_token).collect()
            }
            Self::Hmac(hmac) => vec![&hmac.key],
            Self::JwtBearer(jwt) => {
                let fixed = [&jwt.key].into_iter().chain(&jwt.issuer).chain(&jwt.subject);
                fixed.chain([&jwt.token_endpoint.path]).collect()
            }
            Self::GithubApp(app) => vec![&app.app_id, &app.installation_id, &app.private_key],
            Self::Nothing => Vec::new(),
        }
    }
}

impl OAuth {
    /// The placeholder of the refresh token, where a person's consent fills it.
    #[must_use]
    pub fn consented(&self) -> Option<&str> {
        self.authorize_endpoint.as_ref().or(self.device_endpoint.as_ref())?;
        self.refresh_token.as_ref()?.placeholders().next()
    }

    /// Where what is stored may be sent, besides the hosts of capabilities.
    pub fn endpoints(&self) -> impl Iterator<Item = &Endpoint> {
        let others = [&self.authorize_endpoint, &self.device_endpoint];
        std::iter::once(&self.token_endpoint).chain(others.into_iter().flatten())
    }

    fn templates(&self) -> Vec<&Template> {
        let endpoints = self.endpoints().map(|endpoint| Some(&endpoint.path));
        let client = [Some(&self.client_id), self.client.template(), self.refresh_token.as_ref()];
        let parameters = self.parameters.iter().map(|(_, template)| Some(template));
        client.into_iter().chain(endpoints).chain(parameters).flatten().collect()
    }
}

packed_enum!(Auth {
    0 => Headers(list),
    1 => Query(list),
    2 => Path { segment, after },
    3 => Basic { username, password },
    4 => OAuth2(oauth),
    5 => AwsSigV4(aws),
    6 => JwtBearer(jwt),
    7 => GithubApp(app),
    8 => Hmac(hmac),
    9 => Nothing,
});
packed_struct!(Endpoint { host, path });
packed_struct!(OAuth {
    grant,
    token_endpoint,
    authorize_endpoint,
    device_endpoint,
    client_id,
    client,
    refresh_token,
    scopes,
    parameters,
});
packed_struct!(AwsSigV4 { service, rules, region, access_key_id, secret_access_key, session_token });
packed_struct!(JwtBearer { token_endpoint, key, key_format, algorithm, issuer, subject, scopes });
packed_struct!(GithubApp { host, app_id, installation_id, private_key });
packed_enum!(AwsRules { 0 => General, 1 => S3 });
packed_enum!(OAuthGrant { 0 => RefreshToken, 1 => ClientCredentials, 2 => AccountCredentials });
packed_enum!(Client { 0 => Body(secret), 1 => Basic(secret), 2 => Key { key, algorithm, id }, 3 => Public });
packed_enum!(KeyFormat { 0 => Pem, 1 => GoogleJson });
packed_enum!(JwtAlgorithm { 0 => Rs256, 1 => Es256, 2 => EdDsa });
