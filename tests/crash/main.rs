//! The crash harness: the vault's work is cut short at every write, sync, truncation and deletion of
//! its database, and by every system call of the program. Whatever is left opens, and holds exactly
//! a state between the last change that was acknowledged and the first that was not.
//!
//! `vfs` stands between SQLite and the disk and writes down what passes; `disk` says what of that a
//! power cut leaves; `workload` is what is done, and a model of what must then be there.
#![allow(clippy::disallowed_methods, clippy::unwrap_used, reason = "tests prepare and look at the machine")]

#[path = "../support/mod.rs"]
mod support;

mod disk;
mod failing;
mod killed;
mod power;
mod vfs;
mod workload;
