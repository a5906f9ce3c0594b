//! `aws-sigv4`: AWS Signature Version 4, in headers.
//!
//! The secret access key signs and is never sent. Path and query go out as they were judged; what is
//! signed is how the service reads them. A body goes unsigned to S3 alone, which takes that over TLS,
//! so that uploads stream; every other service gets its hash.

use std::borrow::Cow;
use std::time::{Duration, UNIX_EPOCH};

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{
    PayloadChecksumKind, PercentEncodingMode, SignableBody, SignableRequest, SigningInstructions,
    SigningSettings, UriPathNormalizationMode, sign,
};
use aws_sigv4::sign::v4;
use percent_encoding::{AsciiSet, percent_decode_str, percent_encode};
use zeroize::Zeroizing;

use super::path::UNRESERVED;
use super::template::fill;
use super::{AuthError, Draft, Given, Secrets};
use crate::plan::Plan;
use crate::spec::auth::{AwsRules, AwsSigV4};
use crate::spec::{HostPattern, Template};

/// A path as S3 escapes keys.
const KEY: &AsciiSet = &UNRESERVED.remove(b'/');

pub(super) fn apply(
    draft: &mut Draft,
    plan: &Plan<'_>,
    aws: &AwsSigV4,
    secrets: &Secrets,
    given: &Given<'_>,
) -> Result<(), AuthError> {
    let request = Signable {
        method: plan.method().as_str(),
        url: format!("https://{}{}", plan.host(), as_read(&draft.target, aws.rules)),
        headers: signed_headers(draft)?,
        body: match aws.rules {
            AwsRules::S3 => SignableBody::UnsignedPayload,
            AwsRules::General => SignableBody::Bytes(given.whole_body()?),
        },
    };
    let scope = Scope { region: region(plan, aws)?, service: &aws.service, now_ms: given.now_ms };
    let (instructions, signature) = request.sign(&keys(aws, secrets)?, &scope, settings(aws.rules))?;
    for header in instructions.into_parts().0 {
        draft.set_header(header.name(), header.value().as_bytes(), true)?;
    }
    draft.injected.push(signature);
    Ok(())
}

/// What of a request is signed.
struct Signable<'a> {
    method: &'a str,
    url: String,
    headers: Vec<(String, String)>,
    body: SignableBody<'a>,
}

/// What a signature is good for.
struct Scope<'a> {
    region: &'a str,
    service: &'a str,
    now_ms: u64,
}

impl Signable<'_> {
    /// The headers to be set, and the signature that is in one of them.
    fn sign(
        self,
        keys: &Credentials,
        scope: &Scope<'_>,
        settings: SigningSettings,
    ) -> Result<(SigningInstructions, Zeroizing<Vec<u8>>), AuthError> {
        let identity = keys.clone().into();
        let parameters = v4::SigningParams::builder()
            .identity(&identity)
            .region(scope.region)
            .name(scope.service)
            .time(UNIX_EPOCH + Duration::from_millis(scope.now_ms))
            .settings(settings)
            .build()
            .map_err(|_| AuthError::Unsigned)?
            .into();
        let headers = self.headers.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let request = SignableRequest::new(self.method, self.url.as_str(), headers, self.body)
            .map_err(|_| AuthError::Unsigned)?;
        let (instructions, signature) =
            sign(request, &parameters).map_err(|_| AuthError::Unsigned)?.into_parts();
        Ok((instructions, Zeroizing::new(signature.into_bytes())))
    }
}

fn settings(rules: AwsRules) -> SigningSettings {
    let mut settings = SigningSettings::default();
    // Some services refuse requests without it, and all of them take it.
    settings.payload_checksum_kind = PayloadChecksumKind::XAmzSha256;
    if rules == AwsRules::S3 {
        settings.percent_encoding_mode = PercentEncodingMode::Single;
        settings.uri_path_normalization_mode = UriPathNormalizationMode::Disabled;
    }
    settings
}

/// The target as the service reads it before it checks the signature. S3 takes the path for a key,
/// which it escapes anew: a byte has one spelling there, whichever of two it was sent in.
fn as_read(target: &str, rules: AwsRules) -> Cow<'_, str> {
    let AwsRules::S3 = rules else { return Cow::Borrowed(target) };
    let (path, query) = target.split_at(target.find('?').unwrap_or(target.len()));
    let key: Cow<'_, [u8]> = percent_decode_str(path).into();
    Cow::Owned(format!("{}{query}", percent_encode(&key, KEY)))
}

/// `content-type`, and all that AWS reads; `host` comes with the URL.
fn signed_headers(draft: &Draft) -> Result<Vec<(String, String)>, AuthError> {
    let signed = draft.headers.iter().filter(|(name, _)| {
        let name = name.as_str();
        name == "content-type" || name.starts_with("x-amz-")
    });
    let text = |(name, value): (&http::HeaderName, &http::HeaderValue)| {
        let value = value.to_str().map_err(|_| AuthError::Header(name.to_string()))?;
        Ok((name.to_string(), value.to_owned()))
    };
    signed.map(text).collect()
}

fn region<'a>(plan: &'a Plan<'_>, aws: &'a AwsSigV4) -> Result<&'a str, AuthError> {
    let host = plan.host().as_str();
    let of_host = |pattern: &HostPattern| pattern.last_starred(host);
    let region = aws.region.as_deref().or_else(|| plan.capability().hosts().find_map(of_host));
    region.ok_or_else(|| AuthError::NoRegion(host.to_owned()))
}

fn keys(aws: &AwsSigV4, secrets: &Secrets) -> Result<Credentials, AuthError> {
    let id = text(&aws.access_key_id, secrets, "access_key_id")?;
    let key = text(&aws.secret_access_key, secrets, "secret_access_key")?;
    // An account that has none was not given it for a session.
    let is_there = |token: &&Template| token.placeholders().all(|name| secrets.contains_key(name));
    let token = aws.session_token.as_ref().filter(is_there);
    let token = token.map(|token| text(token, secrets, "session_token")).transpose()?;
    Ok(Credentials::new(id, key, token, None, "aivault"))
}

/// Keys of AWS are printable ASCII. The signer wipes them when it is done.
fn text(template: &Template, secrets: &Secrets, what: &'static str) -> Result<String, AuthError> {
    let filled = fill(template, secrets)?;
    let text = str::from_utf8(&filled).ok().filter(|text| text.bytes().all(|byte| byte.is_ascii_graphic()));
    text.map(str::to_owned).ok_or(AuthError::NotAKey(what))
}

#[cfg(test)]
mod suite;
#[cfg(test)]
mod tests;
