//! The unit tests of the tools' own pure modules, which need nothing of the rest.
#![allow(clippy::disallowed_methods, clippy::unwrap_used, reason = "tests prepare and look at the machine")]
#![allow(dead_code, unused_imports, reason = "only what has tests is run")]

#[path = "../src/administrative.rs"]
mod administrative;
#[path = "../src/answer.rs"]
mod answer;
#[path = "../src/api/mod.rs"]
mod api;
#[path = "../src/ask.rs"]
mod ask;
#[path = "../src/draft/mod.rs"]
mod draft;
#[path = "../src/error.rs"]
mod error;
#[path = "../src/files.rs"]
mod files;
#[path = "../../src/spec/mod.rs"]
mod spec;
