//! Keeping web pages out, before anything else is looked at.
//!
//! A page in a browser can send requests to loopback, and with a name of its own that resolves there (DNS rebinding) it
//! even reads the answers. Browsers say whose page it is, and which name they took for us; both must be ours. No answer
//! allows a page to read it.

use http::{HeaderMap, HeaderName, Uri};

use super::door::Door;
use super::whole::invalid;
use crate::service::{ErrorKind, ServiceError};

/// What browsers say, and nobody else.
const OF_BROWSERS: [HeaderName; 2] = [http::header::ORIGIN, HeaderName::from_static("sec-fetch-site")];

/// # Errors
/// When a web page may be behind the request, or it was meant for another host.
pub(super) fn check(door: &Door, uri: &Uri, headers: &HeaderMap) -> Result<(), ServiceError> {
    if uri.scheme().is_some() || uri.authority().is_some() {
        return Err(invalid("a request names a path here, not a whole URL"));
    }
    let mut hosts = headers.get_all(http::header::HOST).iter();
    let (Some(host), None) = (hosts.next(), hosts.next()) else {
        return Err(invalid("a request names its host once"));
    };
    if !host.to_str().is_ok_and(|host| is_us(door, host)) {
        return Err(refused("host.not_allowed", "this listener goes by another name"));
    }
    if OF_BROWSERS.iter().any(|name| headers.contains_key(name)) {
        return Err(refused("origin.not_allowed", "web pages are not served"));
    }
    Ok(())
}

fn refused(reason: &str, message: &str) -> ServiceError {
    ServiceError::new(ErrorKind::PolicyViolation, message)
        .reason(reason)
        .help("use the address that `aivault gateway status` shows, from a program")
}

fn is_us(door: &Door, host: &str) -> bool {
    let port = door.address.port();
    let (name, said) = match host.rsplit_once(':') {
        Some((name, said)) if !said.ends_with(']') => (name, said.parse().ok()),
        _ => (host, Some(if door.tls.is_some() { 443 } else { 80 })),
    };
    let is_name = |ours: &str| ours.eq_ignore_ascii_case(name);
    let address = match door.address.ip() {
        std::net::IpAddr::V4(ip) => ip.to_string(),
        std::net::IpAddr::V6(ip) => format!("[{ip}]"),
    };
    let is_loopback = ["127.0.0.1", "[::1]", "localhost"].iter().any(|ours| is_name(ours));
    said == Some(port) && (is_loopback || is_name(&address) || door.names.iter().any(|ours| is_name(ours)))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use http::HeaderValue;

    use super::*;
    use crate::http::door::House;
    use crate::service::{KeySources, Local};
    use crate::settings::Places;

    fn door() -> Door {
        let nowhere = || "/nowhere".into();
        let places = Places {
            vault: nowhere(),
            key_file: nowhere(),
            audit: nowhere(),
            socket: nowhere(),
            given: None,
            socket_given: false,
        };
        Door {
            address: "127.0.0.1:4000".parse().unwrap(),
            names: vec!["broker.example".to_owned()],
            credential: None,
            tls: None,
            house: House::of(Arc::new(Local::shared(places, KeySources::default()))),
        }
    }

    fn verdict(fields: &[(&'static str, &'static str)]) -> Option<String> {
        let headers: HeaderMap = fields
            .iter()
            .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)))
            .collect();
        let checked = check(&door(), &Uri::from_static("/v/openai"), &headers);
        checked.err().map(|error| error.reason.unwrap_or_default())
    }

    #[test]
    fn our_own_names_are_served() {
        for host in
            ["127.0.0.1:4000", "localhost:4000", "LocalHost:4000", "[::1]:4000", "broker.example:4000"]
        {
            assert_eq!(verdict(&[("host", host)]), None, "{host}");
        }
    }

    #[test]
    fn other_names_are_not() {
        for host in [
            "evil.example:4000",
            "evil.example",
            "127.0.0.1",
            "127.0.0.1:4001",
            "localhost.evil.example:4000",
            "127.0.0.1:4000@evil.example",
            "127.0.0.2:4000",
            "127.1:4000",
            "2130706433:4000",
            "[::1]",
            "",
            ":4000",
            "localhost.:4000",
        ] {
            assert_eq!(verdict(&[("host", host)]).as_deref(), Some("host.not_allowed"), "{host}");
        }
        let twice = [("host", "127.0.0.1:4000"), ("host", "127.0.0.1:4000")];
        assert!(verdict(&[]).is_some());
        let mut headers = HeaderMap::new();
        for (name, value) in twice {
            headers.append(HeaderName::from_static(name), HeaderValue::from_static(value));
        }
        assert!(check(&door(), &Uri::from_static("/"), &headers).is_err());
        assert!(check(&door(), &Uri::from_static("http://127.0.0.1:4000/"), &headers).is_err());
    }

    #[test]
    fn pages_are_not() {
        for (name, value) in [
            ("origin", "https://evil.example"),
            ("origin", "null"),
            ("origin", "http://127.0.0.1:4000"),
            ("sec-fetch-site", "cross-site"),
            ("sec-fetch-site", "none"),
        ] {
            let fields = [("host", "127.0.0.1:4000"), (name, value)];
            assert_eq!(verdict(&fields).as_deref(), Some("origin.not_allowed"), "{name}: {value}");
        }
        // Clients of Node say that, and say it to everybody.
        assert_eq!(verdict(&[("host", "127.0.0.1:4000"), ("sec-fetch-mode", "cors")]), None);
    }
}
