//! Why there is no listener, and what to do about it.

use std::net::SocketAddr;
use std::path::PathBuf;

use thiserror::Error;

use crate::platform::files::FileError;

/// Why callers cannot be listened for.
#[derive(Debug, Error)]
pub enum GatewayError {
    #[error("{0:?} is no address to listen on")]
    Malformed(String),
    #[error("{0:?} is not a credential's name")]
    Credential(String),
    #[error("{0} can be reached from other machines, which would send their tokens in the clear")]
    NotLoopback(SocketAddr),
    #[error("what listens beyond this machine needs {0}")]
    Lacking(&'static str),
    #[error("{0:?} is no name of a host")]
    Name(String),
    #[error("{address} cannot be listened on: {cause}")]
    Bind { address: SocketAddr, cause: std::io::Error },
    #[error("a listener that the daemon before had cannot be gone on with: {0}")]
    Handed(std::io::Error),
    #[error(transparent)]
    File(#[from] FileError),
    #[error("{path:?} holds no {what} in PEM form")]
    Pem { path: PathBuf, what: &'static str },
    #[error("the certificate and its key cannot be used: {0}")]
    Tls(#[from] rustls::Error),
}

impl GatewayError {
    /// What the person at the shell can do next.
    #[must_use]
    pub fn help(&self) -> String {
        match self {
            Self::Malformed(_) => {
                "write it as 127.0.0.1:PORT or [::1]:PORT, port 0 for any that is free, and =CREDENTIAL behind it for \
                 a listener of one credential's own"
                    .to_owned()
            }
            Self::Credential(_) => "see what there is: aivault credential list".to_owned(),
            Self::NotLoopback(_) => "listen on 127.0.0.1 or [::1]; if others are meant to reach it, say so with \
                 --allow-remote --tls-cert FILE --tls-key FILE"
                .to_owned(),
            Self::Lacking(_) => "give --allow-remote, --tls-cert FILE and --tls-key FILE together".to_owned(),
            Self::Name(_) => "write it as clients do, without a scheme or port".to_owned(),
            Self::Bind { .. } => "choose another port, or port 0 for any that is free".to_owned(),
            Self::Handed(_) => "end that daemon, and start this one anew".to_owned(),
            Self::File(error) => error.help(),
            Self::Pem { .. } | Self::Tls(_) => {
                "give the certificate's chain and its private key, each as a file in PEM form".to_owned()
            }
        }
    }
}
