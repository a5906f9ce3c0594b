//! From `hmac` as written to the scheme as meant.

use super::auth::Auth;
use super::code::Code;
use super::compile::{Compiler, list};
use super::diagnostic::Place;
use super::document::ProviderDocument;
use super::header::HeaderName;
use super::hmac::{Computed, Hmac, Message, RecipeError, Value, is_computed};
use super::hmac_document::HmacDocument;
use super::suggest;
use super::text::Text;

impl Compiler {
    pub(super) fn hmac(
        &mut self,
        place: &Place,
        hmac: &HmacDocument,
        provider: &ProviderDocument,
    ) -> Option<Auth> {
        self.names_of_secrets(provider);
        let key = self.template(place.key("key"), &hmac.key);
        if key.as_ref().is_some_and(|key| key.placeholders().next().is_none()) {
            self.report(Code::Placeholder, place.key("key"), "a key without a secret signs nothing");
        }
        let message = self.message(&place.key("message"), &hmac.message);
        let headers = self.signed_headers(&place.key("headers"), hmac);
        let query = self.signed_query(&place.key("query"), hmac);
        let (headers, query) = (headers?, query?);
        let mut values = headers.iter().map(|(_, value)| value).chain(query.iter().map(|(_, value)| value));
        if !values.any(Value::is_signed) {
            let help = "write it into one of `headers` or `query`, such as `x-signature: \"{{signature}}\"`";
            self.advise(Code::Placeholder, place.clone(), "`{{signature}}` is not sent anywhere", help);
        }
        Some(Auth::Hmac(Box::new(Hmac {
            key: key?,
            key_encoding: hmac.key_encoding,
            algorithm: hmac.algorithm,
            encoding: hmac.encoding,
            message: message?,
            headers: list(headers),
            query: list(query),
        })))
    }

    /// A secret that has the name of something computed could not be written.
    fn names_of_secrets(&mut self, provider: &ProviderDocument) {
        for (name, secret) in provider.secrets.iter().filter(|(_, secret)| is_computed(&secret.r#as)) {
            let message = format!("`{{{{{}}}}}` is what the scheme computes", secret.r#as);
            let place = Place::root().key("secrets").key(name).key("as");
            self.advise(Code::Placeholder, place, message, "call the secret otherwise, such as `secret`");
        }
    }

    fn message(&mut self, place: &Place, written: &str) -> Option<Message> {
        let message = self.recipe(place, Message::parse(written))?;
        if !message.varies() {
            let text = "a message without a part of the request is signed once for all of them";
            self.report(Code::WrongValue, place.clone(), text);
        }
        Some(message)
    }

    fn value(&mut self, place: &Place, written: &str, key: &str) -> Option<Value> {
        let value = self.recipe(place, Value::parse(written))?;
        self.not_sent(place, key, value.placeholders());
        if value.holds_body() {
            let help = "send its hash: `{{request.body_sha256}}`";
            self.advise(Code::WrongValue, place.clone(), "a body cannot stand in a header or a query", help);
        }
        Some(value)
    }

    /// A key that is sent beside what it signs protects nothing.
    pub(super) fn not_sent<'a>(&mut self, place: &Place, key: &str, sent: impl Iterator<Item = &'a str>) {
        for placeholder in sent.filter(|name| key.contains(&format!("{{{{{name}}}}}"))) {
            let message = format!("`{{{{{placeholder}}}}}` is the key, which signs and is never sent");
            self.report(Code::Placeholder, place.clone(), message);
        }
    }

    fn signed_headers(&mut self, place: &Place, hmac: &HmacDocument) -> Option<Vec<(HeaderName, Value)>> {
        let mut all = Vec::new();
        for (name, written) in &hmac.headers {
            let header = self.auth_header(place.name(name), name);
            let value = self.value(&place.key(name), written, &hmac.key);
            all.push((header, value));
        }
        all.into_iter().map(|(name, value)| Some((name?, value?))).collect()
    }

    /// Those that hold the signature stand last, whatever they are called.
    fn signed_query(&mut self, place: &Place, hmac: &HmacDocument) -> Option<Vec<(Text, Value)>> {
        let mut all = Vec::new();
        for (name, written) in &hmac.query {
            let parameter = self.query_name(place.name(name), name);
            let value = self.value(&place.key(name), written, &hmac.key);
            all.push((parameter, value));
        }
        let mut all: Vec<_> =
            all.into_iter().map(|(name, value)| Some((name?, value?))).collect::<Option<_>>()?;
        all.sort_by_key(|(_, value): &(Text, Value)| value.is_signed());
        Some(all)
    }

    fn recipe<T>(&mut self, place: &Place, parsed: Result<T, RecipeError>) -> Option<T> {
        match parsed {
            Ok(recipe) => Some(recipe),
            Err(RecipeError::Unknown(name)) => {
                let known = Computed::ALL.map(Computed::as_str);
                let help = match suggest::nearest(&name, known) {
                    Some(near) => format!("did you mean `{{{{{near}}}}}`?"),
                    None => format!("what is computed is `{}`", known.join("`, `")),
                };
                self.advise(Code::Placeholder, place.clone(), RecipeError::Unknown(name).to_string(), help);
                None
            }
            Err(error) => self.parsed(place.clone(), Err(error)),
        }
    }
}
