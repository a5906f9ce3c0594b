//! aivault: a local encrypted vault and a policy-enforced capability broker.
//!
//! Code that nobody trusts names a capability and gives a method, a path and a body;
//! the broker decides by policy, injects the secret on the wire, and returns a
//! sanitised answer. The arrows point one way:
//!
//! | module | may import |
//! | --- | --- |
//! | `spec`, `platform` | nothing of the crate |
//! | `registry`, `policy` | `spec` |
//! | `plan` | `spec`, `policy` |
//! | `suite` | `spec`, `policy`, `plan` |
//! | `settings`, `vault` | `spec`, `platform` |
//! | `audit` | `spec`, `policy`, `platform` |
//! | `meter` | `spec`, `platform` |
//! | `broker` | `spec`, `policy`, `plan`, `vault`, `audit`, `meter`, `platform` |
//! | `service` | all of the above, `registry`, `settings` |
//! | `cli`, `daemon`, `http`, `mcp` | `spec`, `service`, `settings`, `platform` |
//!
//! `tests/arrows.rs` holds the code against this table.

pub mod audit;
pub mod broker;
pub mod cli;
pub mod daemon;
pub mod http;
pub mod mcp;
pub mod meter;
pub mod plan;
pub mod platform;
pub mod policy;
pub mod registry;
pub mod service;
pub mod settings;
pub mod spec;
pub mod suite;
pub mod vault;
