//! The address that a browser brings the code to: on this machine, and nowhere else (RFC 8252,
//! section 7.3).

use http::Uri;

use crate::cli::error::CliError;

/// A loopback address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::cli) struct Redirect {
    /// `127.0.0.1`, or `localhost` where that is what is registered.
    pub(super) host: String,
    /// 0: one that is free.
    pub(super) port: u16,
    pub(super) path: String,
}

impl Redirect {
    pub(super) fn at(port: Option<u16>) -> Self {
        Self { host: "127.0.0.1".to_owned(), port: port.unwrap_or(0), path: "/callback".to_owned() }
    }

    pub(super) fn parse(url: &str) -> Result<Self, CliError> {
        let wrong = || {
            CliError::with_help(
                format!("`{}` is no address of this machine", url.escape_debug()),
                "write it as http://127.0.0.1:PORT/PATH or http://localhost:PORT/PATH",
            )
        };
        let uri: Uri = url.parse().map_err(|_| wrong())?;
        let host = uri.host().filter(|host| ["127.0.0.1", "localhost"].contains(host));
        let port = uri.port_u16().filter(|port| *port > 0);
        let parts = (uri.scheme_str() == Some("http") && uri.query().is_none()).then_some((host, port));
        let Some((Some(host), Some(port))) = parts else { return Err(wrong()) };
        let redirect = Self { host: host.to_owned(), port, path: uri.path().to_owned() };
        // It has to be, letter for letter, what is registered.
        if redirect.url() == url { Ok(redirect) } else { Err(wrong()) }
    }

    pub(super) fn url(&self) -> String {
        format!("http://{}:{}{}", self.host, self.port, self.path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_redirect_stays_on_this_machine() {
        for good in ["http://127.0.0.1:8765/callback", "http://localhost:1/", "http://localhost:8765/a/b"] {
            assert_eq!(Redirect::parse(good).ok().unwrap().url(), good);
        }
        for bad in [
            "https://127.0.0.1:8765/callback",
            "http://127.0.0.1/callback",
            "http://127.0.0.1:0/callback",
            "http://example.com:80/",
            "http://localhost.example.com:80/",
            "http://user@localhost:80/",
            "http://localhost:80",
            "http://localhost:80/?a=b",
            "http://0.0.0.0:80/",
            "localhost:80/",
            "",
        ] {
            assert!(Redirect::parse(bad).is_err(), "{bad}");
        }
    }
}
