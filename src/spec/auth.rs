//! How secrets authenticate requests, as meant: one variant a scheme. It holds no secret.

use super::auth_document::{JwtAlgorithm, KeyFormat, OAuthGrant};
use super::header::HeaderName;
use super::host::Host;
use super::model::List;
use super::packed::{packed_enum, packed_struct};
use super::template::Template;
use super::text::Text;

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
    OAuth(Box<OAuth>),
    AwsSigV4(Box<AwsSigV4>),
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
    /// None where the last `*` of the host stands for it.
    pub region: Option<Text>,
    pub access_key_id: Template,
    pub secret_access_key: Template,
    pub session_token: Option<Template>,
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
            Self::OAuth(_) => "oauth2",
            Self::AwsSigV4(_) => "aws-sigv4",
            Self::JwtBearer(_) => "jwt-bearer",
            Self::GithubApp(_) => "github-app",
            Self::Nothing => "mtls",
        }
    }

    /// Whether the broker can carry it out.
    #[must_use]
    pub fn is_supported(&self) -> bool {
        !matches!(self, Self::AwsSigV4(_))
    }

    /// Hosts that it sends something to besides those of capabilities.
    #[must_use]
    pub fn hosts(&self) -> Vec<&Host> {
        match self {
            Self::OAuth(oauth) => oauth.endpoints().map(|endpoint| &endpoint.host).collect(),
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
            Self::OAuth(oauth) => oauth.templates(),
            Self::AwsSigV4(aws) => {
                let keys = [&aws.access_key_id, &aws.secret_access_key];
                keys.into_iter().chain(&aws.session_token).collect()
            }
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
    /// Where what is stored may be sent, besides the hosts of capabilities.
    fn endpoints(&self) -> impl Iterator<Item = &Endpoint> {
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
    4 => OAuth(oauth),
    5 => AwsSigV4(aws),
    6 => JwtBearer(jwt),
    7 => GithubApp(app),
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
packed_struct!(AwsSigV4 { service, region, access_key_id, secret_access_key, session_token });
packed_struct!(JwtBearer { token_endpoint, key, key_format, algorithm, issuer, subject, scopes });
packed_struct!(GithubApp { host, app_id, installation_id, private_key });
packed_enum!(OAuthGrant { 0 => RefreshToken, 1 => ClientCredentials, 2 => AccountCredentials });
packed_enum!(Client { 0 => Body(secret), 1 => Basic(secret), 2 => Key { key, algorithm, id }, 3 => Public });
packed_enum!(KeyFormat { 0 => Pem, 1 => GoogleJson });
packed_enum!(JwtAlgorithm { 0 => Rs256, 1 => Es256, 2 => EdDsa });
