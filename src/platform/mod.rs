//! The one door to the operating system: files, locks, memory, clock, entropy, processes, peers, terminals.
//!
//! Every other module asks here, so that what touches the machine can be read in one place, and so
//! that a lint can forbid it everywhere else. It must never decide anything for the product, read
//! the environment (that is `settings`), or import another module of the crate.
#![expect(
    clippy::disallowed_methods,
    reason = "this module is where the calls that are banned elsewhere live"
)]

pub mod append;
pub mod child;
pub mod clock;
pub mod commands;
pub mod descriptors;
pub mod entropy;
pub mod files;
pub mod foreground;
pub mod handing;
pub mod lineage;
pub mod lock;
pub mod mark;
pub mod memory;
pub mod output;
pub mod peer;
pub mod process;
pub mod ready;
mod stat;
pub mod temporary;
pub mod terminal;
pub mod users;
pub mod workers;
