//! What an API's own description says that it can do: OpenAPI 3.0 and 3.1, Swagger 2,
//! and plain lists of `METHOD /path`.
//!
//! Only what is needed to compare it with a provider file is read, and only from
//! local files.

mod document;
mod list;
mod pointer;
mod read;
mod route;
mod server;
pub mod words;

pub use read::{Choice, read};
pub use route::{Piece, Reach, Route};

use crate::spec::Method;

/// One request that an API understands.
#[derive(Debug, Clone)]
pub struct Operation {
    pub method: Method,
    /// Where it goes, when the description says so without variables.
    pub host: Option<String>,
    pub route: Route,
    /// The route once for each combination of the values that its parameters may have.
    pub spelled: Vec<Route>,
    pub tags: Vec<String>,
    pub id: String,
    pub summary: String,
    /// A JSON body is sent with it.
    pub takes_json: bool,
}

/// How an API wants to be authenticated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scheme {
    Header(String),
    Query(String),
    Basic,
    Bearer,
    OAuth,
    Other(String),
}

/// A whole description.
#[derive(Debug, Clone)]
pub struct Description {
    pub title: String,
    pub docs: Option<String>,
    /// The path that operations stand below.
    pub base: String,
    pub schemes: Vec<Scheme>,
    pub operations: Vec<Operation>,
}
