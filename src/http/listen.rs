//! Where to listen, as an operator says it. Nothing but loopback, unless that is said three times over.

use std::net::SocketAddr;
use std::path::PathBuf;

use super::error::GatewayError;
use crate::spec::CredentialName;

/// One listener that is wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    pub address: SocketAddr,
    /// The one credential that it is for.
    pub credential: Option<CredentialName>,
}

/// What is said of listeners that other machines can reach.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Remote {
    pub allowed: bool,
    pub certificate: Option<PathBuf>,
    pub key: Option<PathBuf>,
    /// What clients call this host.
    pub names: Vec<String>,
}

impl Wanted {
    /// Reads `ADDRESS:PORT` or `ADDRESS:PORT=CREDENTIAL`.
    ///
    /// # Errors
    /// When it is neither. A name such as `localhost` is none: what it resolves to is for others to say.
    pub fn parse(text: &str) -> Result<Self, GatewayError> {
        let (address, credential) = match text.split_once('=') {
            Some((address, credential)) => (address, Some(credential)),
            None => (text, None),
        };
        let parsed = address.parse().map_err(|_| GatewayError::Malformed(text.to_owned()))?;
        let named =
            |name: &str| CredentialName::parse(name).map_err(|_| GatewayError::Credential(name.to_owned()));
        Ok(Self { address: parsed, credential: credential.map(named).transpose()? })
    }

    /// Whether only this machine can reach it.
    #[must_use]
    pub fn is_local(&self) -> bool {
        self.address.ip().is_loopback()
    }
}

impl Remote {
    /// The files of certificate and key.
    ///
    /// # Errors
    /// When others may not reach listeners, or a file is not named.
    pub(super) fn files(&self, address: SocketAddr) -> Result<(&PathBuf, &PathBuf), GatewayError> {
        if !self.allowed {
            return Err(GatewayError::NotLoopback(address));
        }
        let certificate = self.certificate.as_ref().ok_or(GatewayError::Lacking("--tls-cert"))?;
        Ok((certificate, self.key.as_ref().ok_or(GatewayError::Lacking("--tls-key"))?))
    }

    /// The names, each as a `Host` field has it.
    ///
    /// # Errors
    /// When one is not a host's name.
    pub(super) fn host_names(&self) -> Result<Vec<String>, GatewayError> {
        let is_plain = |name: &&String| {
            !name.is_empty()
                && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.'))
        };
        match self.names.iter().find(|name| !is_plain(name)) {
            Some(bad) => Err(GatewayError::Name(bad.clone())),
            None => Ok(self.names.iter().map(|name| name.to_ascii_lowercase()).collect()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_perhaps_with_a_credential() {
        let one = Wanted::parse("127.0.0.1:0").unwrap();
        assert!(one.is_local() && one.credential.is_none());
        let one = Wanted::parse("[::1]:8080=work-openai").unwrap();
        assert!(one.is_local() && one.address.port() == 8080);
        assert_eq!(one.credential.unwrap().as_str(), "work-openai");
        assert!(!Wanted::parse("0.0.0.0:1").unwrap().is_local());
        assert!(!Wanted::parse("[::]:1").unwrap().is_local());
        for bad in
            ["localhost:80", "127.0.0.1", "8080", ":8080", "127.1:80", "127.0.0.1:80=", "127.0.0.1:80=A b"]
        {
            assert!(Wanted::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn beyond_loopback_everything_must_be_said() {
        let address = "0.0.0.0:1".parse().unwrap();
        let mut remote = Remote { certificate: Some("c".into()), key: Some("k".into()), ..Remote::default() };
        assert!(matches!(remote.files(address), Err(GatewayError::NotLoopback(_))));
        remote.allowed = true;
        assert!(remote.files(address).is_ok());
        remote.key = None;
        assert!(matches!(remote.files(address), Err(GatewayError::Lacking("--tls-key"))));
        remote.names = vec!["Broker.example".to_owned()];
        assert_eq!(remote.host_names().unwrap(), ["broker.example"]);
        remote.names.push("a/b".to_owned());
        assert!(remote.host_names().is_err());
    }
}
