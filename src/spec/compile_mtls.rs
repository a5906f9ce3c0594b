//! From a provider's auth as written to what its requests and its connections show, as meant.

use super::auth::Auth;
use super::auth_document::{AuthDocument, CertificateFormat, MtlsDocument};
use super::code::Code;
use super::compile::Compiler;
use super::diagnostic::Place;
use super::document::ProviderDocument;
use super::mtls::ClientCertificate;

/// Files are stored as they are; text around one would make it another.
const WHOLE: &str = "a file or passphrase is stored as it is";

impl Compiler {
    /// The scheme of requests, and the certificate of the connections that carry them. Apart from each other,
    /// so that what a scheme keeps from callers does not depend on a certificate beside it.
    pub(super) fn authentication(
        &mut self,
        place: &Place,
        document: &AuthDocument,
        provider: &ProviderDocument,
    ) -> Option<(Auth, Option<ClientCertificate>)> {
        let AuthDocument::Mtls(mtls) = document else {
            return Some((self.auth(place, document, provider)?, None));
        };
        let certificate = self.client_certificate(place, mtls);
        let scheme = match &mtls.with {
            Some(with) => self.auth(&place.key("with"), with, provider),
            None => Some(Auth::Nothing),
        };
        Some((scheme?, Some(certificate?)))
    }

    /// Where a scheme of requests stands, and `mtls` is written.
    pub(super) fn no_scheme_of_requests(&mut self, place: &Place) {
        let message = "a client certificate stands beside another scheme, and not beside a second one";
        self.report(Code::WrongValue, place.key("type"), message);
    }

    fn client_certificate(&mut self, place: &Place, mtls: &MtlsDocument) -> Option<ClientCertificate> {
        if mtls.format == CertificateFormat::Pkcs12 && mtls.private_key.is_some() {
            let message = "a PKCS#12 file holds its key: leave this out";
            self.report(Code::WrongValue, place.key("private_key"), message);
        }
        let parts = [
            ("certificate", Some(&mtls.certificate)),
            ("private_key", mtls.private_key.as_ref()),
            ("passphrase", mtls.passphrase.as_ref()),
        ];
        for (key, value) in parts {
            self.one_placeholder(&place.key(key), value.map(String::as_str), WHOLE);
        }
        let certificate = self.template(place.key("certificate"), &mtls.certificate);
        let private_key = self.optional(place, "private_key", &mtls.private_key);
        let passphrase = self.optional(place, "passphrase", &mtls.passphrase);
        Some(ClientCertificate {
            format: mtls.format,
            certificate: certificate?,
            private_key: private_key?,
            passphrase: passphrase?,
        })
    }
}
