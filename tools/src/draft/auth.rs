//! How a drafted provider authenticates, with the secrets that this takes.

use clap::ValueEnum;

use super::shouted;
use crate::api::Scheme;
use crate::spec::{HeaderName, SecretName};

/// The kinds that can be asked for.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub enum AuthKind {
    Header,
    Query,
    Basic,
    Path,
}

/// The lines of `secrets:` and `auth:`.
pub struct AuthDraft {
    pub secrets: Vec<SecretDraft>,
    pub lines: Vec<String>,
    pub todo: Option<&'static str>,
}

pub struct SecretDraft {
    pub name: String,
    pub placeholder: &'static str,
    pub identifier: bool,
}

const EXPIRES: &str =
    "the description names OAuth 2 only: say here how a token is sent, and where one that lasts is had";
const UNKNOWN: &str = "the description does not say how requests are authenticated: look it up";
const HOW_BASIC: &str =
    "say which of the two is the key; many APIs take it as user name with an empty password";

impl AuthDraft {
    /// By what a person said: `name` is the header or parameter.
    pub fn asked(id: &str, kind: AuthKind, name: Option<&str>, secret: Option<&str>) -> Self {
        let key = || vec![key(id, secret)];
        match kind {
            AuthKind::Header => Self::header(key(), name.unwrap_or("authorization")),
            AuthKind::Query => Self::query(key(), name.unwrap_or("api_key")),
            AuthKind::Basic => Self::basic(id, secret),
            AuthKind::Path => Self {
                secrets: key(),
                lines: vec!["type: path".to_owned(), "segment: \"{{secret}}\"".to_owned()],
                todo: Some(
                    "the segment is inserted first; name the paths that it stands behind under `after:`",
                ),
            },
        }
    }

    /// By what a description says: a key that is sent as it is rather than OAuth.
    pub fn described(id: &str, schemes: &[Scheme], secret: Option<&str>) -> Self {
        let key = || vec![key(id, secret)];
        let bearer = || Self::header(key(), "authorization");
        let best = schemes.iter().min_by_key(|scheme| match scheme {
            Scheme::Bearer => 0,
            Scheme::Header(_) => 1,
            Scheme::Query(_) => 2,
            Scheme::Basic => 3,
            Scheme::OAuth => 4,
            Scheme::Other(_) => 5,
        });
        match best {
            Some(Scheme::Bearer) => bearer(),
            Some(Scheme::Header(name)) if HeaderName::parse(name).is_some() => Self::header(key(), name),
            Some(Scheme::Query(name)) if !name.is_empty() => Self::query(key(), name),
            Some(Scheme::Basic) => Self::basic(id, secret),
            Some(Scheme::OAuth) => Self { todo: Some(EXPIRES), ..bearer() },
            _ => Self { todo: Some(UNKNOWN), ..bearer() },
        }
    }

    fn header(secrets: Vec<SecretDraft>, name: &str) -> Self {
        let value = if name == "authorization" { "Bearer {{secret}}" } else { "{{secret}}" };
        let lines = vec!["type: header".to_owned(), format!("name: {name}"), format!("value: \"{value}\"")];
        Self { secrets, lines, todo: None }
    }

    fn query(secrets: Vec<SecretDraft>, name: &str) -> Self {
        let lines =
            vec!["type: query".to_owned(), format!("name: {name}"), "value: \"{{secret}}\"".to_owned()];
        Self { secrets, lines, todo: None }
    }

    fn basic(id: &str, secret: Option<&str>) -> Self {
        let user = SecretDraft {
            name: format!("{}_USERNAME", shouted(id)),
            placeholder: "username",
            identifier: true,
        };
        let lines = ["type: basic", "username: \"{{username}}\"", "password: \"{{secret}}\""];
        Self {
            secrets: vec![key(id, secret), user],
            lines: lines.map(str::to_owned).to_vec(),
            todo: Some(HOW_BASIC),
        }
    }
}

fn key(id: &str, secret: Option<&str>) -> SecretDraft {
    let name = secret.filter(|name| SecretName::parse(name).is_ok()).map(str::to_owned);
    SecretDraft {
        name: name.unwrap_or_else(|| format!("{}_API_KEY", shouted(id))),
        placeholder: "secret",
        identifier: false,
    }
}
