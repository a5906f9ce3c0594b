//! The declarative language: documents as written, the model as meant, and the way
//! from the one to the other.
//!
//! build.rs and the tools compile this very folder, so it imports nothing of the
//! crate. Pure: text in, values and findings out. What only they need (the JSON
//! Schema) is left out of the shipped binary, which is built with `cfg(shipped)`.

pub mod age;
pub mod auth;
pub mod auth_document;
mod claimed;
pub mod code;
pub mod compile;
mod compile_auth;
mod compile_aws;
mod compile_hmac;
mod compile_mtls;
mod compile_ways;
pub mod diagnostic;
pub mod document;
pub mod header;
pub mod hmac;
pub mod hmac_document;
pub mod host;
pub mod lint;
mod lint_auth;
mod lookalike;
pub mod method;
pub mod model;
pub mod mtls;
pub mod name;
pub mod packed;
mod packed_model;
pub mod path;
pub mod policy;
pub mod policy_test;
pub mod position;
pub mod read;
pub mod refusal;
pub mod scope;
pub mod sdk;
#[cfg(any(test, not(shipped)))]
pub mod shape;
pub mod suggest;
pub mod target;
pub mod template;
pub mod text;
pub mod ttl;
pub mod way;
pub mod way_document;

pub use age::{Age, AgeError, Moment};
pub use auth::{Auth, Endpoint};
pub use code::{Code, Severity};
pub use compile::{Checked, compile_provider};
pub use diagnostic::{Diagnostic, Finding, Place, Source};
pub use header::HeaderName;
pub use host::{Host, HostError, HostPattern};
pub use method::{Method, MethodSet};
pub use model::{Capability, DefaultHeader, Example, Grant, List, Payload, Provider, Risk, SecretClaim};
pub use mtls::ClientCertificate;
pub use name::{
    CapabilityId, CredentialName, NameError, PolicyId, ProviderId, RuleId, ScopeId, SecretName, TokenName,
    WayName,
};
pub use path::{PathPattern, Segment};
pub use refusal::ErrorShape;
pub use scope::Scope;
pub use sdk::Sdk;
pub use target::{Target, TargetError};
pub use template::{Part, Template};
pub use text::Text;
pub use ttl::{Ttl, TtlError};
pub use way::{Alternative, AuthWay};
