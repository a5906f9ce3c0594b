//! Where operations go: host and base path of a server's address.

use super::document::{Document, Server};

/// A server as it is used: the host where it is known, and the path.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Place {
    pub host: Option<String>,
    pub base: String,
}

/// All servers that a document names for its operations.
pub fn all(document: &Document) -> Vec<Place> {
    if document.host.is_some() || document.base_path.is_some() {
        let base = document.base_path.clone().unwrap_or_default();
        return vec![Place { host: document.host.as_deref().and_then(plain_host), base }];
    }
    document.servers.iter().flatten().map(place).collect()
}

/// One server, with its variables at their defaults.
pub fn place(server: &Server) -> Place {
    let mut url = server.url.clone();
    for (name, variable) in server.variables.iter().flatten() {
        if let Some(default) = variable.default.as_ref().and_then(|default| default.text()) {
            url = url.replace(&format!("{{{name}}}"), &default);
        }
    }
    of_url(&url)
}

pub fn of_url(url: &str) -> Place {
    let Some((_, rest)) = url.split_once("://").or_else(|| url.split_once("//")) else {
        return Place { host: None, base: url.to_owned() };
    };
    let (host, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let path = path.split(['?', '#']).next().unwrap_or_default();
    Place { host: plain_host(host), base: path.to_owned() }
}

/// A host without its port, unless it has variables.
fn plain_host(host: &str) -> Option<String> {
    let host = host.rsplit('@').next()?.split(':').next()?;
    (!host.is_empty() && !host.contains(['{', '}'])).then(|| host.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_a_host_and_a_path() {
        for (url, host, base) in [
            ("https://api.acme.example/v1", Some("api.acme.example"), "/v1"),
            ("https://API.acme.example:443", Some("api.acme.example"), ""),
            ("https://{tenant}.acme.example/v1/", None, "/v1/"),
            ("/api/v3", None, "/api/v3"),
            ("//acme.example/x?y", Some("acme.example"), "/x"),
        ] {
            assert_eq!(of_url(url), Place { host: host.map(str::to_owned), base: base.to_owned() }, "{url}");
        }
    }
}
