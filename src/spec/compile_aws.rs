//! From `aws-sigv4` as written to the scheme as meant.

use super::auth::{Auth, AwsRules, AwsSigV4};
use super::auth_document::AwsDocument;
use super::code::Code;
use super::compile::{Compiler, text};
use super::diagnostic::Place;
use super::document::ProviderDocument;
use super::template::Template;

impl Compiler {
    pub(super) fn aws(
        &mut self,
        place: &Place,
        aws: &AwsDocument,
        provider: &ProviderDocument,
    ) -> Option<Auth> {
        self.in_scope(&place.key("service"), "a service's signing name", &aws.service);
        match &aws.region {
            Some(region) => self.in_scope(&place.key("region"), "a region", region),
            None => self.region_of_hosts(provider),
        }
        let access_key_id = self.template(place.key("access_key_id"), &aws.access_key_id);
        let secret_access_key = self.template(place.key("secret_access_key"), &aws.secret_access_key);
        let session_token = self.optional(place, "session_token", &aws.session_token);
        let (access_key_id, session_token) = (access_key_id?, session_token?);
        let sent = [("access_key_id", Some(&access_key_id)), ("session_token", session_token.as_ref())];
        for (key, template) in sent {
            let sent = template.into_iter().flat_map(Template::placeholders);
            self.not_sent(&place.key(key), &aws.secret_access_key, sent);
        }
        Some(Auth::AwsSigV4(Box::new(AwsSigV4 {
            service: text(&aws.service),
            rules: rules(&aws.service),
            region: aws.region.as_deref().map(text),
            access_key_id,
            secret_access_key: secret_access_key?,
            session_token,
        })))
    }

    /// Names that stand between slashes in what is signed.
    fn in_scope(&mut self, place: &Place, what: &str, name: &str) {
        let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        if name.is_empty() || !name.bytes().all(plain) {
            let message = format!("{what} is lower-case letters, digits and `-`");
            self.report(Code::Malformed, place.clone(), message);
        }
    }

    /// Without a region of its own, each host must have a label that stands for it.
    fn region_of_hosts(&mut self, provider: &ProviderDocument) {
        for (place, host) in provider.places() {
            if !host.contains('*') {
                let message = format!("`{host}` has no `*` that stands for the region");
                let help = "name the `region` under `auth`, or write `*` where hosts have it";
                self.advise(Code::WrongValue, place, message, help);
            }
        }
    }
}

fn rules(service: &str) -> AwsRules {
    match service {
        "s3" | "s3-object-lambda" | "s3-outposts" => AwsRules::S3,
        _ => AwsRules::General,
    }
}
