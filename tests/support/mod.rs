//! What the end-to-end tests share: a home with a vault of its own, an upstream that
//! remembers what reached it, and the daemon's socket as a client sees it.
//!
//! Nothing here decides whether the product is right; it runs the built programs and
//! gives back what they did. Every wait is bounded.
#![allow(dead_code, unused_imports, reason = "each file of tests uses its own part of this")]

pub mod accounts;
pub mod audit;
pub mod certificates;
pub mod clients;
pub mod done;
pub mod gateway;
pub mod gzip;
pub mod home;
pub mod http;
pub mod impostor;
pub mod issuer;
pub mod login;
pub mod machine;
pub mod mcp;
pub mod processes;
pub mod proxy;
pub mod random;
pub mod secrets;
pub mod signer;
pub mod sigv4;
pub mod socket;
pub mod upstream;
pub mod wait;
pub mod websocket;

pub use clients::{Client, Clients};
pub use done::Done;
pub use home::{Door, Home};
pub use upstream::{Answer, Received, Upstream};
