//! Tools for those who work on aivault's data: never shipped, and independent of
//! the root package, whose build would fail on the very files that they mend.
#![expect(clippy::disallowed_methods, reason = "a contributor's tool reads and writes the files it is given")]

mod administrative;
mod api;
mod check;
mod coverage;
mod error;
mod files;
mod schema;
#[allow(dead_code, unused_imports, reason = "the tools need the checking half of the language only")]
#[path = "../../src/spec/mod.rs"]
mod spec;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Works on aivault's provider files and what is generated from them.
#[derive(Parser)]
#[command(name = "cargo tools", bin_name = "cargo tools")]
struct Arguments {
    #[command(subcommand)]
    tool: Tool,
}

#[derive(Subcommand)]
enum Tool {
    /// Check provider files and say all that is wrong with them.
    Check {
        /// The files; all of `providers/` when none is named.
        files: Vec<PathBuf>,
    },
    /// Say which operations of an API no capability covers, and which patterns match none.
    Coverage(coverage::Arguments),
    /// Write `schema/*.schema.json` anew from the types.
    Schema {
        /// Write nothing, and fail when one is stale.
        #[arg(long)]
        check: bool,
    },
}

fn main() -> ExitCode {
    let outcome = match Arguments::parse().tool {
        Tool::Check { files } => check::check(files),
        Tool::Coverage(arguments) => coverage::coverage(&arguments),
        Tool::Schema { check } => schema::schema(check),
    };
    match outcome {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}
