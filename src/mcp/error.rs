//! Why no client could be served.

use std::io;

use thiserror::Error;

use crate::service::{ErrorKind, ServiceError};

/// What ended the conversation with a client before its time.
#[derive(Debug, Error)]
pub enum McpError {
    #[error("could not start the network runtime: {0}")]
    Runtime(#[from] io::Error),
    #[error("the client did not begin with `initialize`")]
    NoHandshake,
    #[error("the conversation with the client broke down")]
    Broken,
    #[error(transparent)]
    Service(#[from] ServiceError),
}

impl From<McpError> for ServiceError {
    fn from(error: McpError) -> Self {
        let kind = match error {
            McpError::Service(error) => return error,
            McpError::NoHandshake => ErrorKind::InvalidRequest,
            McpError::Runtime(_) | McpError::Broken => ErrorKind::Conflict,
        };
        let help = "an agent's program starts `aivault mcp`, and speaks the Model Context Protocol with it";
        Self::new(kind, error.to_string()).help(help)
    }
}
