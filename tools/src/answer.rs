//! What may be said of a new provider, by flag or on a terminal: each answer is checked before
//! anything is written, and one that cannot stand is met with what was probably meant.

use clap::ValueEnum as _;

use crate::draft::{AuthKind, kebab, shouted};
use crate::error::ToolError;
use crate::spec::compile::Checked;
use crate::spec::header::{Reserved, reserved};
use crate::spec::{HeaderName, HostPattern, PathPattern, ProviderId, SecretName, suggest};

/// What flags say of any provider.
pub struct Said<'a> {
    pub host: Option<&'a String>,
    pub name: Option<&'a String>,
    pub category: Option<&'a String>,
    pub docs: Option<&'a String>,
    pub secret: Option<&'a String>,
}

impl Said<'_> {
    /// Whether all of it can stand in a provider file, before anything is asked or read.
    pub fn check(&self, others: &[Checked]) -> Result<(), ToolError> {
        self.host.map(|said| host(said)).transpose()?;
        self.name.map(|said| name(said)).transpose()?;
        self.category.map(|said| category(said)).transpose()?;
        self.docs.map(|said| docs(said)).transpose()?;
        self.secret.map(|said| secret(said, others)).transpose()?;
        Ok(())
    }
}

pub fn id(said: &str) -> Result<ProviderId, ToolError> {
    ProviderId::parse(said).map_err(|error| ToolError::Id(error.to_string() + &hint(meant(kebab(said)))))
}

/// The DNS name alone.
pub fn host(said: &str) -> Result<String, ToolError> {
    match HostPattern::parse(said) {
        Ok(_) => Ok(said.to_owned()),
        Err(error) => Err(refused("--host", error, meant(host_of(said)))),
    }
}

/// The host within an address, if there is one.
fn host_of(said: &str) -> String {
    let lower = said.to_lowercase();
    let rest = lower.split_once("://").map_or(&*lower, |(_, rest)| rest);
    let host = rest.split(['/', ':', '?', '#']).next().unwrap_or_default().trim_end_matches('.');
    if HostPattern::parse(host).is_ok() { host.to_owned() } else { String::new() }
}

pub fn auth(said: &str) -> Result<AuthKind, ToolError> {
    const KINDS: [&str; 4] = ["header", "query", "basic", "path"];
    AuthKind::from_str(said, true).map_err(|_| {
        let why = format!("`{}` is none of {}", said.escape_debug(), KINDS.join(", "));
        refused("--auth", why, meant(suggest::nearest(said, KINDS).unwrap_or_default().to_owned()))
    })
}

/// A header that can carry a key, in lower case.
pub fn header(said: &str) -> Result<String, ToolError> {
    let name = said.to_lowercase();
    let shown = said.escape_debug();
    if HeaderName::parse(&name).is_none() {
        let why = format!("`{shown}` cannot be the header: its name is letters, digits and `-`");
        return Err(refused("--header", why, None));
    }
    match reserved(&name) {
        Some(Reserved::Connection | Reserved::Routing) => {
            Err(refused("--header", format!("`{shown}` cannot carry a secret"), None))
        }
        _ => Ok(name),
    }
}

pub fn parameter(said: &str) -> Result<String, ToolError> {
    let fit = |byte: u8| byte.is_ascii_alphanumeric() || b"_-.$".contains(&byte);
    if !said.is_empty() && said.bytes().all(fit) {
        return Ok(said.to_owned());
    }
    let why = format!(
        "`{}` cannot be the parameter: use letters, digits, `_`, `-`, `.` and `$`",
        said.escape_debug()
    );
    Err(refused("--parameter", why, None))
}

/// A secret's name that none of `others` claims.
pub fn secret(said: &str, others: &[Checked]) -> Result<String, ToolError> {
    let name = SecretName::parse(said).map_err(|error| {
        let guess = shouted(&kebab(said));
        refused("--secret", error, meant(guess).filter(|guess| SecretName::parse(guess).is_ok()))
    })?;
    let documents = others.iter().filter_map(|other| other.document.as_ref());
    match documents.into_iter().find(|theirs| theirs.secrets.contains_key(name.as_str())) {
        Some(theirs) => {
            let why = format!(
                "`{name}` is claimed by `{}` already: a secret belongs to one provider",
                theirs.provider
            );
            Err(refused("--secret", why, None))
        }
        None => Ok(said.to_owned()),
    }
}

pub fn name(said: &str) -> Result<String, ToolError> {
    line("--name", said)
}

pub fn category(said: &str) -> Result<String, ToolError> {
    line("--category", said)
}

fn line(flag: &'static str, said: &str) -> Result<String, ToolError> {
    if is_line(said) {
        return Ok(said.to_owned());
    }
    Err(refused(flag, "this must be one line of 1 to 100 characters", None))
}

pub fn docs(said: &str) -> Result<String, ToolError> {
    if is_link(said) {
        return Ok(said.to_owned());
    }
    let bare = said.strip_prefix("http://").unwrap_or(said);
    let guess = format!("https://{bare}");
    let guess = meant(guess).filter(|guess| is_link(guess) && host(&host_of(bare)).is_ok());
    let why = format!("`{}` is not a link that starts with `https://`", said.escape_debug());
    Err(refused("--docs", why, guess))
}

/// One path, to be widened in the file.
pub fn path(said: &str) -> Result<PathPattern, ToolError> {
    let shown = said.escape_debug();
    let pattern = PathPattern::parse(said)
        .map_err(|error| refused("--path", format!("`{shown}` cannot be the path: {error}"), None))?;
    if pattern.is_exact() {
        return Ok(pattern);
    }
    Err(refused("--path", format!("`{shown}`: name one path here, and widen the grant in the file"), None))
}

/// One line of text that is safe to print.
pub fn is_line(text: &str) -> bool {
    !text.trim().is_empty() && text.chars().count() <= 100 && !text.chars().any(char::is_control)
}

pub fn is_link(text: &str) -> bool {
    text.starts_with("https://") && text.bytes().all(|byte| byte.is_ascii_graphic())
}

fn meant(guess: String) -> Option<String> {
    (!guess.is_empty()).then_some(guess)
}

fn refused(flag: &'static str, why: impl ToString, meant: Option<String>) -> ToolError {
    ToolError::Answer { flag, why: why.to_string() + &hint(meant) }
}

fn hint(meant: Option<String>) -> String {
    meant.map(|guess| format!("; did you mean `{guess}`?")).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told<T>(outcome: Result<T, ToolError>) -> String {
        outcome.err().map(|error| error.to_string()).unwrap_or_default()
    }

    #[test]
    fn what_was_probably_meant_is_named() {
        for (told, meant) in [
            (told(id("Acme Cloud")), "acme-cloud"),
            (told(host("HTTPS://API.Acme.com:443/v1")), "api.acme.com"),
            (told(host("api.acme.com.")), "api.acme.com"),
            (told(auth("headr")), "header"),
            (told(secret("acme_api-key", &[])), "ACME_API_KEY"),
            (told(docs("http://acme.com/docs")), "https://acme.com/docs"),
            (told(docs("acme.com")), "https://acme.com"),
        ] {
            assert!(told.ends_with(&format!("; did you mean `{meant}`?")), "{told}");
        }
        for told in
            [told(host("localhost")), told(auth("zebra")), told(secret("", &[])), told(docs("see below"))]
        {
            assert!(!told.is_empty() && !told.contains("did you mean"), "{told}");
        }
    }

    #[test]
    fn what_can_stand_is_taken() {
        assert_eq!(auth("Header").ok(), Some(AuthKind::Header));
        assert_eq!(header("X-Api-Key").ok().as_deref(), Some("x-api-key"));
        assert_eq!(host("*.acme.com").ok().as_deref(), Some("*.acme.com"));
        for told in [told(header("host")), told(parameter("a b")), told(name(" ")), told(category("a\nb"))] {
            assert!(!told.is_empty());
        }
    }
}
