//! Values that look like a secret (P015): found in the text itself, so that one in a comment or in
//! a file that does not compile is found too, and covered before anything of the file is shown.

use regex_lite::Regex;

use crate::spec::{Code, Diagnostic, Finding, Place, Source};
use crate::suite::known::Known;

/// Shorter texts are no keys.
const MIN_LENGTH: usize = 20;
/// Bits a character; words of a language have less, base64 of random bytes about five.
const MIN_ENTROPY: f64 = 3.6;

/// What the secrets of providers look like.
pub(super) struct Patterns(Vec<(String, Regex)>);

/// A file without its secrets, and where they stood.
pub(super) struct Hidden {
    pub(super) source: Source,
    pub(super) diagnostics: Vec<Diagnostic>,
}

impl Patterns {
    pub(super) fn of(known: &Known<'_>) -> Self {
        let claims = known.providers().iter().flat_map(|provider| provider.secrets.iter());
        let secret = claims.filter(|claim| !claim.identifier);
        let compiled = secret.filter_map(|claim| {
            let pattern = claim.pattern.as_ref().filter(|pattern| says_enough(pattern))?;
            Some((claim.name.to_string(), Regex::new(pattern).ok()?))
        });
        Self(compiled.collect())
    }

    /// Writes `x` over whatever looks like a secret.
    pub(super) fn hide(&self, source: Source) -> Hidden {
        let mut found = Vec::new();
        for (offset, token) in tokens(&source.text) {
            found.extend(self.why(token).map(|why| (offset, token.len(), why)));
        }
        let mut text = source.text.into_bytes();
        for (offset, length, _) in &found {
            text[*offset..offset + length].fill(b'x');
        }
        // Only whole tokens of ASCII were written over, with ASCII.
        let source = Source { text: String::from_utf8_lossy(&text).into_owned(), ..source };
        let diagnostic = |(offset, _, why)| Diagnostic::at(finding(why), &source, offset);
        let diagnostics = found.into_iter().map(diagnostic).collect();
        Hidden { source, diagnostics }
    }

    fn why(&self, token: &str) -> Option<String> {
        if token.len() < MIN_LENGTH {
            return None;
        }
        let named = self.0.iter().find(|(_, pattern)| pattern.is_match(token));
        match named {
            Some((name, _)) => Some(format!("this looks like a value of `{name}`")),
            None => {
                is_random(token).then(|| "this looks like a secret: long and without a pattern".to_owned())
            }
        }
    }
}

fn finding(why: String) -> Finding {
    let help = "policies are read by many: name what is meant otherwise, and rotate the secret if it is one";
    Finding::new(Code::SecretLike, Place::root(), why).help(help)
}

/// A pattern that begins with characters of its own; `[0-9a-f]{32}` fits too much to accuse by.
fn says_enough(pattern: &str) -> bool {
    let body = pattern.trim_start_matches(['^', '(']);
    body.bytes().take_while(u8::is_ascii_alphanumeric).count() >= 2
}

/// Runs of the characters that keys are written in, each with its offset.
fn tokens(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '+' | '=' | '.' | '~');
    text.split(move |c| !is_part(c)).map(|token| (token.as_ptr().addr() - text.as_ptr().addr(), token))
}

/// Capitals, small letters and digits in no order, as in base64; or many digits of hexadecimal.
fn is_random(token: &str) -> bool {
    let has = |test: fn(&u8) -> bool| token.bytes().any(|byte| test(&byte));
    let mixed = has(u8::is_ascii_uppercase) && has(u8::is_ascii_lowercase) && has(u8::is_ascii_digit);
    let hexadecimal = token.len() >= 32
        && token.bytes().all(|byte| byte.is_ascii_hexdigit())
        && has(u8::is_ascii_digit)
        && has(u8::is_ascii_alphabetic);
    hexadecimal || mixed && entropy(token) >= MIN_ENTROPY
}

/// Shannon's, in bits a character.
fn entropy(token: &str) -> f64 {
    let mut counts = [0_u32; 256];
    token.bytes().for_each(|byte| counts[usize::from(byte)] += 1);
    let length = f64::from(u32::try_from(token.len()).unwrap_or(u32::MAX));
    let share = |count: u32| f64::from(count) / length;
    counts.into_iter().filter(|count| *count > 0).map(|count| -share(count) * share(count).log2()).sum()
}
