//! What a token endpoint answered: an access token, or why there is none.
//!
//! Nothing of an answer but an error's code is ever shown. An answer that is not exactly what the
//! specification says (RFC 6749, section 5) is none: 200 with an error, HTML, another type of token.

use http::StatusCode;
use serde::Deserialize;
use zeroize::Zeroizing;

use super::error::TokenError;
use crate::spec::Host;
use crate::vault::SecretInput;

/// What is taken for how long a token lasts where its answer does not say.
const USUAL_SECONDS: u64 = 3600;
/// No token is kept for longer, whatever its answer says.
const MOST_SECONDS: u64 = 24 * 3600;

/// A token as it was answered.
pub(super) struct Granted {
    pub(super) token: SecretInput,
    /// A refresh token in the place of the one that was sent.
    pub(super) refresh: Option<SecretInput>,
    pub(super) seconds: u64,
}

#[derive(Deserialize)]
struct Answer {
    #[serde(default)]
    access_token: Option<Zeroizing<String>>,
    /// GitHub's name for it.
    #[serde(default)]
    token: Option<Zeroizing<String>>,
    #[serde(default)]
    token_type: Option<String>,
    #[serde(default)]
    expires_in: Option<Seconds>,
    #[serde(default)]
    refresh_token: Option<Zeroizing<String>>,
    #[serde(default)]
    error: Option<ErrorCode>,
}

/// Some servers write numbers as texts.
#[derive(Deserialize)]
#[serde(untagged)]
enum Seconds {
    Number(f64),
    Text(String),
}

/// Some servers answer an object in its place.
#[derive(Deserialize)]
#[serde(untagged)]
enum ErrorCode {
    Text(String),
    Other(serde::de::IgnoredAny),
}

/// The token in an answer of `host`.
pub(super) fn read(host: &Host, status: StatusCode, body: &[u8]) -> Result<Granted, TokenError> {
    let malformed = |what| TokenError::Answer { host: host.clone(), what };
    let parsed: Result<Answer, _> = serde_json::from_slice(body);
    if !status.is_success() {
        return Err(refused(host, status, body));
    }
    let answer = parsed.map_err(|_| malformed("it is no JSON of that form"))?;
    if let Some(error) = answer.error {
        return Err(TokenError::Refused { host: host.clone(), status, code: code(error) });
    }
    if answer.token_type.as_deref().is_some_and(|kind| !kind.eq_ignore_ascii_case("bearer")) {
        return Err(malformed("its token is of another type than bearer"));
    }
    let token = answer.access_token.or(answer.token);
    let token = token.ok_or_else(|| malformed("it has no token"))?;
    let token = bearer(&token).ok_or_else(|| malformed("its token cannot stand in a header"))?;
    let refresh = answer.refresh_token.filter(|text| !text.is_empty());
    let refresh = refresh.map(|text| SecretInput::new(text.as_bytes().to_vec())).transpose()?;
    Ok(Granted { token, refresh, seconds: seconds(answer.expires_in.as_ref()) })
}

/// The refusal that an answer of `host` is.
pub(super) fn refused(host: &Host, status: StatusCode, body: &[u8]) -> TokenError {
    let parsed: Result<Answer, _> = serde_json::from_slice(body);
    let code = parsed.ok().and_then(|answer| answer.error).and_then(code);
    TokenError::Refused { host: host.clone(), status, code }
}

/// A token of the characters that RFC 6750, section 2.1, has for one, and of those that real ones
/// have besides: what is printable and no space.
fn bearer(text: &str) -> Option<SecretInput> {
    let fits = text.len() <= 16 * 1024 && text.bytes().all(|byte| byte.is_ascii_graphic());
    fits.then(|| SecretInput::new(text.as_bytes().to_vec()).ok()).flatten()
}

/// Whole seconds, from 0 (it serves one call) to a day.
fn seconds(said: Option<&Seconds>) -> u64 {
    let number = match said {
        None => return USUAL_SECONDS,
        Some(Seconds::Number(number)) => *number,
        Some(Seconds::Text(text)) => text.parse().unwrap_or(0.0),
    };
    // A number that is none, or negative, comes out as 0.
    (number as u64).min(MOST_SECONDS)
}

/// The code of an error, if it is spelled as one: no answer gets to write what it likes.
fn code(error: ErrorCode) -> Option<String> {
    let ErrorCode::Text(text) = error else { return None };
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
    ((1..=64).contains(&text.len()) && text.bytes().all(plain)).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(status: u16, body: &str) -> Result<Granted, TokenError> {
        super::read(
            &Host::parse("auth.example.com").unwrap(),
            StatusCode::from_u16(status).unwrap(),
            body.as_bytes(),
        )
    }

    #[test]
    fn a_token_comes_with_its_time() {
        for (body, seconds) in [
            (r#"{"access_token":"at","token_type":"Bearer","expires_in":600}"#, 600),
            (r#"{"access_token":"at","token_type":"bearer","expires_in":"600"}"#, 600),
            (r#"{"access_token":"at","expires_in":600.9}"#, 600),
            (r#"{"access_token":"at"}"#, USUAL_SECONDS),
            (r#"{"token":"at","expires_at":"2030-01-01T00:00:00Z"}"#, USUAL_SECONDS),
            (r#"{"access_token":"at","expires_in":-5}"#, 0),
            (r#"{"access_token":"at","expires_in":"soon"}"#, 0),
            (r#"{"access_token":"at","expires_in":1e300}"#, MOST_SECONDS),
        ] {
            let granted = read(200, body).ok().unwrap();
            assert_eq!(granted.seconds, seconds, "{body}");
            assert!(granted.refresh.is_none());
        }
        let body = r#"{"access_token":"at","refresh_token":"rt-2","scope":"a"}"#;
        assert!(read(200, body).ok().unwrap().refresh.unwrap().matches(|text| text == "rt-2"));
        assert!(read(200, r#"{"access_token":"at","refresh_token":""}"#).ok().unwrap().refresh.is_none());
    }

    #[test]
    fn what_is_no_token_is_refused_without_being_quoted() {
        for (status, body, message) in [
            (
                400,
                r#"{"error":"invalid_grant","error_description":"rt-1"}"#,
                "answered 400 Bad Request (invalid_grant)",
            ),
            (400, r#"{"error":{"message":"rt-1"}}"#, "answered 400 Bad Request"),
            (401, r#"{"error":"rt 1\u001b"}"#, "answered 401 Unauthorized"),
            (500, "<html>rt-1</html>", "answered 500 Internal Server Error"),
            (302, "", "answered 302 Found"),
            (200, r#"{"error":"bad_refresh_token"}"#, "answered 200 OK (bad_refresh_token)"),
            (200, "<html>rt-1</html>", "no JSON"),
            (200, r#"{"access_token":"a","access_token":"b"}"#, "no JSON"),
            (200, "{}", "it has no token"),
            (200, r#"{"access_token":""}"#, "cannot stand in a header"),
            (200, r#"{"access_token":"a\r\nx: y"}"#, "cannot stand in a header"),
            (200, r#"{"access_token":"at","token_type":"mac"}"#, "another type"),
        ] {
            let error = read(status, body).err().unwrap().to_string();
            assert!(error.contains(message), "{error}");
            assert!(!error.contains("rt-1") && !error.contains('\u{1b}'), "{error}");
        }
    }
}
