//! Where clients put the key that they were given, which is a token here: found and taken out, wherever it stands.
//!
//! Pure. The first place that holds what may be a token says who is calling; every place that holds the same is
//! emptied. What else looks like a credential stays, for policy to refuse: it is none of the broker's, and would
//! reach the upstream beside the real one.

use base64::Engine as _;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use percent_encoding::percent_decode_str;

use crate::spec::auth::Auth;
use crate::spec::header::{carries_credential, same_header};
use crate::spec::{Part, Provider, Template, Text};

/// What of a token says which it is: its last characters, behind whatever shape a client insists on.
const TAIL: usize = 64;
const BASIC: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);
/// A session's, not a client's.
const NOT_OURS: &[&str] = &["cookie", "cookie2", "set-cookie", "set-cookie2"];

/// The head of a request, without what belongs to its connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Head {
    pub(super) method: String,
    /// Path and query.
    pub(super) target: String,
    pub(super) headers: Vec<(String, String)>,
}

impl Head {
    /// Takes the token out, wherever `provider`'s clients put it.
    pub(super) fn take_token(&mut self, provider: Option<&Provider>) -> Option<String> {
        let in_headers = self.headers.iter().filter(|(name, _)| self.may_show(name, provider));
        let mut shown: Vec<String> = in_headers.flat_map(|(_, value)| forms(value)).collect();
        shown.extend(self.parameters(provider).map(|(_, value)| value));
        shown.extend(path_token(&self.target, provider).map(|found| found.token));
        let token = shown.into_iter().find(|text| tail(text).is_some())?;
        self.remove(&token, provider);
        Some(token)
    }

    /// Whether what tells the token still stands anywhere, once it was taken out.
    pub(super) fn still_holds(&self, token: &str) -> bool {
        let Some(token) = tail(token) else { return false };
        let target = percent_decode_str(&self.target).decode_utf8_lossy();
        target.contains(token) || self.headers.iter().any(|(_, value)| value.contains(token))
    }

    /// Whether a header may say who is calling. One that is there twice says nothing.
    fn may_show(&self, name: &str, provider: Option<&Provider>) -> bool {
        let is_own = |provider: &Provider| provider.own_headers().any(|own| same_header(own, name));
        let alike = self.headers.iter().filter(|(other, _)| same_header(other, name)).count();
        let is_ours = !NOT_OURS.iter().any(|other| same_header(other, name));
        alike == 1 && is_ours && (carries_credential(name) || provider.is_some_and(is_own))
    }

    /// The query's parameters that may carry a credential, as they stand there, with their decoded values.
    fn parameters(&self, provider: Option<&Provider>) -> impl Iterator<Item = (&str, String)> {
        let query = self.target.split_once('?').map_or("", |(_, query)| query);
        query.split('&').filter_map(move |pair| {
            let (name, value) = pair.split_once('=')?;
            let name = percent_decode_str(name).decode_utf8().ok()?;
            let is_own = |provider: &Provider| {
                let named = provider.owned_parameters.iter().map(AsRef::as_ref);
                provider.own_parameters().chain(named).any(|own| own == name)
            };
            let may_show = name == "key" || provider.is_some_and(is_own);
            may_show.then(|| (pair, percent_decode_str(value).decode_utf8_lossy().into_owned()))
        })
    }

    fn remove(&mut self, token: &str, provider: Option<&Provider>) {
        let token = tail(token);
        let is_it = |text: &str| tail(text).is_some() && tail(text) == token;
        let holding: Vec<String> = self
            .headers
            .iter()
            .filter(|(name, value)| {
                self.may_show(name, provider) && forms(value).iter().any(|one| is_it(one))
            })
            .map(|(name, _)| name.clone())
            .collect();
        self.headers.retain(|(name, _)| !holding.contains(name));
        let pairs: Vec<String> = self
            .parameters(provider)
            .filter(|(_, value)| is_it(value))
            .map(|(pair, _)| pair.to_owned())
            .collect();
        if !pairs.is_empty() {
            self.target = without_pairs(&self.target, &pairs);
        }
        if let Some(found) = path_token(&self.target, provider).filter(|found| is_it(&found.token)) {
            self.target = found.rest;
        }
    }
}

/// What of a text may be a token's own characters.
pub(super) fn tail(text: &str) -> Option<&str> {
    let tail = text.get(text.len().checked_sub(TAIL)?..)?;
    tail.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_')).then_some(tail)
}

/// What a header's value may show: itself, or what stands behind a scheme; of Basic (RFC 7617) the password and the
/// user.
fn forms(value: &str) -> Vec<String> {
    match value.split_once(' ') {
        None => vec![value.to_owned()],
        Some((scheme, encoded)) if scheme.eq_ignore_ascii_case("basic") => {
            let Some(pair) =
                BASIC.decode(encoded.trim()).ok().and_then(|bytes| String::from_utf8(bytes).ok())
            else {
                return Vec::new();
            };
            match pair.split_once(':') {
                Some((user, password)) => vec![password.to_owned(), user.to_owned()],
                None => vec![pair],
            }
        }
        Some((_, rest)) => vec![rest.trim_start().to_owned()],
    }
}

fn without_pairs(target: &str, pairs: &[String]) -> String {
    let Some((path, query)) = target.split_once('?') else { return target.to_owned() };
    let kept: Vec<&str> = query.split('&').filter(|pair| !pairs.iter().any(|gone| gone == pair)).collect();
    if kept.is_empty() { path.to_owned() } else { format!("{path}?{}", kept.join("&")) }
}

/// A token in a segment of the path.
struct Found {
    token: String,
    /// The target without the segment.
    rest: String,
}

/// The token of a path, where the provider's key stands in one.
fn path_token(target: &str, provider: Option<&Provider>) -> Option<Found> {
    let Auth::Path { segment, after } = &provider?.auth else { return None };
    let mut prefixes = std::iter::once("").chain(after.iter().map(Text::as_str));
    prefixes.find_map(|prefix| token_behind(target, prefix, segment))
}

fn token_behind(target: &str, prefix: &str, template: &Template) -> Option<Found> {
    let behind = target.strip_prefix(prefix)?.strip_prefix('/')?;
    let end = behind.find(['/', '?']).unwrap_or(behind.len());
    let (segment, rest) = behind.split_at(end);
    let literal = |part: Option<&Part>| match part {
        Some(Part::Literal(text)) => text.to_string(),
        _ => String::new(),
    };
    let before = literal(template.parts().first());
    let last = template.parts().last().filter(|_| template.parts().len() > 1);
    let inner = segment.strip_prefix(before.as_str())?.strip_suffix(literal(last).as_str())?;
    let token = percent_decode_str(inner).decode_utf8().ok()?.into_owned();
    tail(&token)?;
    let rest = if rest.starts_with('/') || !prefix.is_empty() { rest.to_owned() } else { format!("/{rest}") };
    Some(Found { token, rest: format!("{prefix}{rest}") })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::{Source, compile_provider};

    fn token(letter: char) -> String {
        format!("aiv_{}", letter.to_string().repeat(TAIL))
    }

    fn head(target: &str, headers: &[(&str, &str)]) -> Head {
        let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Head { method: "GET".to_owned(), target: target.to_owned(), headers }
    }

    fn provider(auth: &str) -> Provider {
        let text = format!(
            "provider: acme\nname: Acme\ncategory: other\ndocs: https://acme.example/\n\
             secrets: {{ ACME_KEY: {{ as: secret }} }}\nhosts: [api.acme.example]\nauth: {auth}\n\
             owned_parameters: [token]\ncapabilities:\n  all:\n    summary: x\n    \
             allow: [{{ methods: [GET], paths: [/v1/x] }}]\n    example: {{ method: GET, path: /v1/x }}\n    \
             examples: {{ deny: [GET /v1/y] }}\n"
        );
        let checked = compile_provider(Source { name: "acme.yaml".to_owned(), text });
        checked.provider.unwrap_or_else(|| panic!("{:?}", checked.diagnostics))
    }

    #[test]
    fn a_token_is_found_and_gone_wherever_a_client_puts_it() {
        let token = token('a');
        let basic = |pair: String| format!("Basic {}", BASIC.encode(pair));
        for (name, value) in [
            ("authorization", format!("Bearer {token}")),
            ("authorization", format!("token {token}")),
            ("authorization", format!("Bot {token}")),
            ("authorization", format!("DeepL-Auth-Key {token}")),
            ("authorization", token.clone()),
            ("authorization", basic(format!("AC123:{token}"))),
            ("authorization", basic(format!("{token}:"))),
            ("x-api-key", token.clone()),
            ("xi-api-key", token.clone()),
            ("x-goog-api-key", token.clone()),
            ("api-key", token.clone()),
        ] {
            let mut one = head("/v1/x?a=b", &[("accept", "*/*"), (name, &value)]);
            assert_eq!(one.take_token(None).as_deref(), Some(token.as_str()), "{name}: {value}");
            assert_eq!(one, head("/v1/x?a=b", &[("accept", "*/*")]));
        }
    }

    #[test]
    fn a_token_of_another_shape_is_one_by_its_end() {
        let shaped = format!("ghp_{}", "b".repeat(TAIL));
        let mut one = head("/", &[("authorization", &format!("token {shaped}"))]);
        assert_eq!(one.take_token(None).as_deref(), Some(shaped.as_str()));
        for short in ["sk-short", "", &"b".repeat(TAIL - 1), &format!("{}=", "b".repeat(TAIL))] {
            let mut one = head("/", &[("x-api-key", short)]);
            assert_eq!(one.take_token(None), None, "{short}");
            assert_eq!(one.headers.len(), 1);
        }
    }

    #[test]
    fn a_token_in_a_second_place_is_seen() {
        let token = token('g');
        let bearer = format!("Bearer {token}");
        let mut plain = head("/v1/x?a=b", &[("authorization", &bearer)]);
        assert!(plain.take_token(None).is_some() && !plain.still_holds(&token));
        let encoded = token.replace('g', "%67");
        for (target, name, value) in [
            (format!("/v1/{token}"), "accept", "*/*"),
            (format!("/v1/x?access_token={encoded}"), "accept", "*/*"),
            ("/v1/x".to_owned(), "user-agent", bearer.as_str()),
        ] {
            let mut one = head(&target, &[("authorization", &bearer), (name, value)]);
            assert!(one.take_token(None).is_some() && one.still_holds(&token), "{target} {name}");
        }
    }

    #[test]
    fn parameters_and_own_headers_are_the_providers() {
        let token = token('c');
        let by_header = provider("{ type: header, name: acme-auth, value: '{{secret}}' }");
        let mut one = head("/v1/x", &[("acme-auth", &token)]);
        assert_eq!(one.clone().take_token(None), None);
        assert!(one.take_token(Some(&by_header)).is_some() && one.headers.is_empty());
        let mut one = head(&format!("/v1/x?token={token}&a=1"), &[]);
        assert!(one.take_token(Some(&by_header)).is_some());
        assert_eq!(one.target, "/v1/x?a=1");
        let mut one = head(&format!("/v1/x?key={token}"), &[]);
        assert!(one.take_token(None).is_some());
        assert_eq!(one.target, "/v1/x");
    }

    #[test]
    fn a_path_holds_it_as_the_provider_does() {
        let by_path = provider("{ type: path, segment: 'bot{{secret}}', after: [/file] }");
        let token = format!("123456:{}", "d".repeat(TAIL));
        for (target, rest) in [
            (format!("/bot{token}/getMe?a=b"), "/getMe?a=b"),
            (format!("/bot{}/getMe", token.replace(':', "%3A")), "/getMe"),
            (format!("/file/bot{token}/photos/1.jpg"), "/file/photos/1.jpg"),
        ] {
            let mut one = head(&target, &[]);
            assert_eq!(one.take_token(Some(&by_path)).as_deref(), Some(token.as_str()), "{target}");
            assert_eq!(one.target, rest);
        }
        assert_eq!(head(&format!("/x/bot{token}/getMe"), &[]).take_token(Some(&by_path)), None);
        assert_eq!(head(&format!("/bot{token}/getMe"), &[]).take_token(None), None);
    }

    #[test]
    fn what_holds_another_credential_stays_for_policy() {
        let (ours, other) = (token('e'), token('f'));
        let bearer = format!("Bearer {ours}");
        let mut one = head("/", &[("authorization", &bearer), ("x-api-key", &other), ("cookie", &ours)]);
        assert_eq!(one.take_token(None), Some(ours.clone()));
        assert_eq!(one, head("/", &[("x-api-key", &other), ("cookie", &ours)]));
        let mut one = head("/", &[("authorization", &bearer), ("x-api-key", &ours)]);
        assert!(one.take_token(None).is_some() && one.headers.is_empty(), "the same twice goes twice");
        let twice = [("authorization", bearer.as_str()), ("Authorization", &bearer)];
        assert_eq!(head("/", &twice).take_token(None), None);
    }
}
