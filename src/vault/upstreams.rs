//! Redirects to local addresses, which only a test vault can have.

use super::change::Vault;
use super::error::VaultError;
use super::model::Upstream;
use super::store::Kind;

const MAX_HOST: usize = 253;
const MAX_CA: usize = 64 * 1024;

impl Vault {
    /// Sends what is meant for a host to a local address instead; replaces an earlier redirect.
    ///
    /// # Errors
    /// [`VaultError::NotATestVault`]; [`VaultError::Invalid`] when the address is not a loopback
    /// one, the host not lower-case DNS, or the certificate no PEM.
    pub fn set_upstream(&mut self, upstream: Upstream) -> Result<(), VaultError> {
        self.refuse_real_vault(&upstream.host)?;
        check(&upstream)?;
        self.change(|draft| draft.put_upstream(upstream.clone()))
    }

    /// # Errors
    /// [`VaultError::UpstreamNotFound`] when none is set for the host.
    pub fn remove_upstream(&mut self, host: &str) -> Result<(), VaultError> {
        self.refuse_real_vault(host)?;
        self.change(|draft| {
            let name = draft.unlocked().upstream_id(host).record_name();
            if draft.delete(name) {
                Ok(())
            } else {
                Err(VaultError::UpstreamNotFound { host: host.to_owned() })
            }
        })
    }

    /// All redirects. One that is damaged is an error: what it should have kept local would
    /// otherwise go out.
    ///
    /// # Errors
    /// [`VaultError::Tampered`], or [`VaultError::NotATestVault`] when a real vault holds any.
    pub fn upstreams(&mut self) -> Result<Vec<Upstream>, VaultError> {
        self.refresh()?;
        if let Some(record) = self.index().damaged_of(Kind::Upstream).next() {
            return Err(VaultError::Tampered { record: record.clone() });
        }
        let upstreams = self.index().upstreams();
        if let Some(upstream) = upstreams.values().next() {
            self.refuse_real_vault(&upstream.host)?;
        }
        Ok(upstreams.values().cloned().collect())
    }

    fn refuse_real_vault(&self, host: &str) -> Result<(), VaultError> {
        if self.is_test() { Ok(()) } else { Err(VaultError::NotATestVault { host: host.to_owned() }) }
    }
}

fn check(upstream: &Upstream) -> Result<(), VaultError> {
    let invalid = |what, rule| Err(VaultError::Invalid { what, rule });
    if !is_host(&upstream.host) {
        return invalid("host", "use a DNS name in lower case, without port");
    }
    if !upstream.addr.ip().is_loopback() || upstream.addr.port() == 0 {
        return invalid("address", "use a loopback address with a port, like 127.0.0.1:8443");
    }
    let is_certificate = upstream.ca_pem.contains("-----BEGIN CERTIFICATE-----");
    if !is_certificate || upstream.ca_pem.contains("PRIVATE KEY") || upstream.ca_pem.len() > MAX_CA {
        return invalid("certificate", "give the PEM of a CA certificate, without its key, at most 64 KiB");
    }
    Ok(())
}

fn is_host(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(plain)
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    text.len() <= MAX_HOST && text.split('.').all(is_label)
}
