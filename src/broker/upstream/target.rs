//! The URL of a request, taken only where the URL libraries on the way would not spell it otherwise.
//!
//! Pure. The path that was judged and signed must be the path that is sent. Libraries repair what they are given
//! (dot segments, backslashes, tabs, upper case, default ports): here a text that any of them would change is
//! refused.

use std::fmt;

use http::Uri;
use url::Url;

use super::UpstreamError;

/// A URL that goes out as it was written. Holds secrets: no `Debug`.
pub(super) struct Target {
    pub(super) uri: Uri,
    /// As in the URL: a name, an IPv4 address, or an IPv6 address in brackets.
    pub(super) host: String,
}

impl Target {
    pub(super) fn parse(text: &str) -> Result<Self, UpstreamError> {
        parse(text).map_err(|fault| UpstreamError::Url { fault })
    }
}

/// What is wrong with a URL.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum UrlFault {
    /// Not absolute, without a host, or longer than a request line may be (64 KiB).
    Invalid,
    NotHttps,
    /// A user name or password stands in it.
    UserInfo,
    Fragment,
    /// A URL library would spell it otherwise.
    Respelled,
}

impl fmt::Display for UrlFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Invalid => "is not an absolute URL that HTTP can carry",
            Self::NotHttps => "is not https",
            Self::UserInfo => "holds a user name or password",
            Self::Fragment => "holds a fragment",
            Self::Respelled => "would be respelled on its way out",
        })
    }
}

fn parse(text: &str) -> Result<Target, UrlFault> {
    let url = Url::parse(text).map_err(|_| UrlFault::Invalid)?;
    if url.scheme() != "https" {
        return Err(UrlFault::NotHttps);
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(UrlFault::UserInfo);
    }
    if url.fragment().is_some() {
        return Err(UrlFault::Fragment);
    }
    if url.as_str() != text {
        return Err(UrlFault::Respelled);
    }
    let uri: Uri = text.parse().map_err(|_| UrlFault::Invalid)?;
    if !ends_in_request_line(text, &uri) {
        return Err(UrlFault::Respelled);
    }
    let host = url.host_str().ok_or(UrlFault::Invalid)?.to_owned();
    Ok(Target { uri, host })
}

/// True where the request line that is made of `uri` is the end of `text`, from the path on.
fn ends_in_request_line(text: &str, uri: &Uri) -> bool {
    let (Some(authority), Some(path)) = (uri.authority(), uri.path_and_query()) else { return false };
    text.strip_prefix("https://").and_then(|rest| rest.strip_prefix(authority.as_str()))
        == Some(path.as_str())
}

/// True where `host` stands in a URL as it is written.
pub(super) fn is_canonical_host(host: &str) -> bool {
    parse(&format!("https://{host}/")).is_ok_and(|target| target.host == host)
}

#[cfg(test)]
mod tests {
    use super::{UrlFault, is_canonical_host, parse};

    #[test]
    fn urls_in_their_one_spelling_are_taken_as_they_stand() {
        for text in [
            "https://api.example.com/",
            "https://api.example.com/?",
            "https://api.example.com/v1/files?",
            "https://api.example.com/v1/files/?a=1&b=%20+%2F",
            "https://api.example.com/v1/models/gemini:generateContent",
            "https://api.example.com/a%2Fb/%5C/%00/%e2%82%ac/;p=1/(x)/~u/!$&'*+,=@",
            "https://api.example.com/a//b/",
            "https://api.example.com/a?path=../../b&x=[1]",
            "https://api.example.com:8443/v1",
            "https://xn--bcher-kva.example/",
            "https://8.8.8.8/",
            "https://[2606:4700:4700::1111]/",
        ] {
            let target = parse(text).unwrap_or_else(|fault| panic!("{text} {fault}"));
            assert_eq!(target.uri.to_string(), text);
        }
    }

    #[test]
    fn urls_that_a_library_would_change_are_refused() {
        for text in [
            "https://api.example.com",
            "https://api.example.com?x",
            "https://API.example.com/",
            "HTTPS://api.example.com/",
            "https:/api.example.com/",
            "https:\\\\api.example.com/",
            "https://api.example.com:443/",
            "https://api.example.com:/",
            "https://api.example.com:08443/",
            "https://@api.example.com/",
            "https://api%2Eexample.com/",
            "https://bücher.example/",
            "https://ａpi.example.com/",
            "https://2130706433/",
            "https://0x7f.1/",
            "https://0177.0.0.1/",
            "https://127.1/",
            "https://[::ffff:7f00:0001]/",
            "https://[0:0:0:0:0:0:0:1]/",
            "https://api.example.com/a/../b",
            "https://api.example.com/a/./b",
            "https://api.example.com/a/%2e%2e/b",
            "https://api.example.com/a/%2E./b",
            "https://api.example.com/a\\b",
            "https://api.example.com/a b",
            "https://api.example.com/a\tb",
            "https://api.example.com/a\r\nb",
            "https://api.example.com/a\0b",
            "https://api.example.com/é",
            "https://api.example.com/a?q=é",
            "https://api.example.com/a?q=\"x\"",
            "https://api.example.com/{a}",
            " https://api.example.com/",
            "https://api.example.com/ ",
        ] {
            assert_eq!(parse(text).err(), Some(UrlFault::Respelled), "{text:?}");
        }
    }

    #[test]
    fn other_faults_are_named() {
        for (text, fault) in [
            ("", UrlFault::Invalid),
            ("/v1/files", UrlFault::Invalid),
            ("//api.example.com/", UrlFault::Invalid),
            ("https:///", UrlFault::Invalid),
            ("https://[fe80::1%25eth0]/", UrlFault::Invalid),
            ("http://api.example.com/", UrlFault::NotHttps),
            ("ftp://api.example.com/", UrlFault::NotHttps),
            ("data:text/plain,x", UrlFault::NotHttps),
            ("https://user@api.example.com/", UrlFault::UserInfo),
            ("https://:pass@api.example.com/", UrlFault::UserInfo),
            ("https://api.example.com@evil.example/", UrlFault::UserInfo),
            ("https://api.example.com/#", UrlFault::Fragment),
            ("https://api.example.com/a#b", UrlFault::Fragment),
        ] {
            assert_eq!(parse(text).err(), Some(fault), "{text:?}");
        }
    }

    #[test]
    fn a_url_that_no_request_line_can_carry_is_invalid() {
        let text = format!("https://api.example.com/{}", "a".repeat(1 << 16));
        assert_eq!(parse(&text).err(), Some(UrlFault::Invalid));
    }

    #[test]
    fn hosts_of_redirects_have_one_spelling() {
        assert!(is_canonical_host("api.example.com"));
        for host in ["", "API.example.com", "api.example.com:1", "u@api.example.com", "a/b", "a?b", "a b"] {
            assert!(!is_canonical_host(host), "{host:?}");
        }
    }
}
